//! Who and what acts in one account and region: the same names come back event after event, as in life.

use super::super::random::Random;

/// The people, roles and resources of one account and region.
pub(in crate::simulate) struct Cast {
    pub(super) account: String,
    pub(super) region: String,
    pub(super) trail: String,
    pub(super) users: Vec<User>,
    pub(super) people: Vec<Role>,
    pub(super) workloads: Vec<Role>,
    pub(super) pipelines: Vec<Role>,
    pub(super) root_key: String,
    pub(super) offices: Vec<String>,
    pub(super) buckets: Vec<String>,
    pub(super) functions: Vec<String>,
    pub(super) tables: Vec<String>,
    pub(super) instances: Vec<String>,
    pub(super) images: Vec<String>,
    pub(super) networks: Vec<Network>,
    pub(super) kms_keys: Vec<String>,
    pub(super) log_groups: Vec<String>,
    pub(super) queues: Vec<String>,
    pub(super) secrets: Vec<String>,
    pub(super) parameters: Vec<String>,
    pub(super) databases: Vec<String>,
    pub(super) clusters: Vec<String>,
}

pub(super) struct User {
    pub(super) name: String,
    /// `AIDA…`
    pub(super) id: String,
    /// `AKIA…`
    pub(super) access_key: String,
}

pub(super) struct Role {
    pub(super) name: String,
    /// `AROA…`
    pub(super) id: String,
    /// The session's name, as the kind of role has it: an instance, a person, a build.
    pub(super) session: String,
    pub(super) address: String,
    pub(super) agent: &'static str,
}

pub(super) struct Network {
    pub(super) vpc: String,
    pub(super) subnet: String,
    pub(super) group: String,
    pub(super) endpoint: String,
}

impl Cast {
    /// Who is in an account follows from the account alone, what is in a region from both.
    pub(in crate::simulate) fn new(seed: u64, account: &str, region: &str, trail: &str) -> Cast {
        let mut global = Random::derived(seed, &["cast", account]);
        let mut local = Random::derived(seed, &["cast", account, region]);
        let instances: Vec<String> = (0..12).map(|_| hex_id("i-", &mut local)).collect();
        let functions: Vec<String> = FUNCTIONS.iter().map(|&name| name.to_owned()).collect();
        let team = *global.pick(&["acme", "northwind", "contoso", "initech", "globex", "umbrella"]);
        let person = |name: &&str| Role {
            name: format!(
                "AWSReservedSSO_{}_{}",
                if name.len().is_multiple_of(2) { "PowerUserAccess" } else { "ReadOnlyAccess" },
                "8c2f4e6a91b0d7f3"
            ),
            session: format!("{name}@{team}.example"),
            ..Role::new("", "", &mut global, OFFICE, PERSON_AGENTS)
        };
        let people = PEOPLE[3..].iter().map(person).collect();
        let users = PEOPLE[..3].iter().map(|name| User {
            name: (*name).to_owned(),
            id: base32_id("AIDA", &mut global),
            access_key: base32_id("AKIA", &mut global),
        });
        let users = users.collect();
        let pipelines = ["github-actions-deploy", "terraform-apply"]
            .map(|name| Role::new(name, "GitHubActions", &mut global, PUBLIC, PIPELINE_AGENTS))
            .into();
        let mut workloads: Vec<Role> = instances
            .iter()
            .enumerate()
            .map(|(i, id)| {
                Role::new(["web-server", "batch-worker", "eks-node"][i % 3], id, &mut local, PUBLIC, SDK_AGENTS)
            })
            .collect();
        workloads.extend(functions.iter().map(|f| Role::new(&format!("{f}-role"), f, &mut local, PUBLIC, SDK_AGENTS)));
        Cast {
            account: account.to_owned(),
            region: region.to_owned(),
            trail: trail.to_owned(),
            users,
            people,
            workloads,
            pipelines,
            root_key: base32_id("ASIA", &mut global),
            offices: (0..3).map(|_| address(&mut global, OFFICE)).collect(),
            buckets: ["assets", "data-lake", "backups", "artifacts", "uploads"]
                .map(|name| format!("{team}-{name}-{account}-{region}"))
                .into(),
            functions,
            tables: ["orders", "sessions", "inventory", "audit-events"].map(str::to_owned).into(),
            images: (0..3).map(|_| hex_id("ami-", &mut local)).collect(),
            networks: (0..3)
                .map(|_| Network {
                    vpc: hex_id("vpc-", &mut local),
                    subnet: hex_id("subnet-", &mut local),
                    group: hex_id("sg-", &mut local),
                    endpoint: hex_id("vpce-", &mut local),
                })
                .collect(),
            kms_keys: (0..4).map(|_| local.text(36, |random, out, _| random.push_uuid(out))).collect(),
            log_groups: ["/aws/lambda/order-processor", "/aws/eks/prod/cluster", "/ecs/checkout", "app"]
                .map(str::to_owned)
                .into(),
            queues: ["orders", "orders-dlq", "emails"].map(str::to_owned).into(),
            secrets: ["prod/db/password", "prod/stripe/api-key", "ci/registry"]
                .map(|name| format!("{name}-{}", local.text(6, Random::push_alphanumeric)))
                .into(),
            parameters: ["/prod/app/config", "/prod/db/host", "/shared/feature-flags"].map(str::to_owned).into(),
            databases: ["orders-prod", "reporting"].map(str::to_owned).into(),
            clusters: ["prod", "staging"].map(str::to_owned).into(),
            instances,
        }
    }
}

impl Role {
    fn new(name: &str, session: &str, random: &mut Random, network: &[&str], agents: &'static [&'static str]) -> Role {
        Role {
            name: name.to_owned(),
            id: base32_id("AROA", random),
            session: session.to_owned(),
            address: address(random, network),
            agent: agents[random.index(agents.len())],
        }
    }
}

fn base32_id(prefix: &str, random: &mut Random) -> String {
    format!("{prefix}{}", random.text(17 - usize::from(prefix.ends_with("IA")), Random::push_base32))
}

fn hex_id(prefix: &str, random: &mut Random) -> String {
    format!("{prefix}0{}", random.text(16, Random::push_hex))
}

fn address(random: &mut Random, network: &[&str]) -> String {
    format!("{}{}", random.pick(network), random.between(2, 250))
}

const PEOPLE: [&str; 8] =
    ["svc-backup", "monitoring", "legacy-etl", "maria.keller", "john.doe", "aiko.tanaka", "s.okafor", "lena.novak"];
const FUNCTIONS: [&str; 5] =
    ["order-processor", "image-resizer", "nightly-report", "webhook-receiver", "auth-callback"];
/// Networks set aside for documentation (RFC 5737): nobody real is accused by a simulated event.
const OFFICE: &[&str] = &["203.0.113.", "198.51.100."];
const PUBLIC: &[&str] = &["192.0.2.", "198.51.100."];
const PERSON_AGENTS: &[&str] = &[
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:133.0) Gecko/20100101 Firefox/133.0",
    "aws-cli/2.22.7 md/awscrt#0.23.4 ua/2.0 os/macos#24.1.0 md/arch#arm64 lang/python#3.12.6 md/pyimpl#CPython cfg/retry-mode#standard md/installer#exe md/command#cli",
];
const PIPELINE_AGENTS: &[&str] = &[
    "APN/1.0 HashiCorp/1.0 Terraform/1.10.2 (+https://www.terraform.io) terraform-provider-aws/5.81.0 (+https://registry.terraform.io/providers/hashicorp/aws) aws-sdk-go-v2/1.32.6 ua/2.1 os/linux lang/go#1.23.3 md/GOOS#linux md/GOARCH#amd64",
    "aws-cli/2.22.12 md/awscrt#0.23.4 ua/2.0 os/linux#6.8.0-1017-azure md/arch#x86_64 lang/python#3.12.6 md/pyimpl#CPython cfg/retry-mode#standard md/installer#exe md/distrib#ubuntu.24",
];
const SDK_AGENTS: &[&str] = &[
    "Boto3/1.35.80 md/Botocore#1.35.80 ua/2.0 os/linux#5.10.230-223.885.amzn2.x86_64 md/arch#x86_64 lang/python#3.12.7 md/pyimpl#CPython exec-env/AWS_Lambda_python3.12 cfg/retry-mode#legacy",
    "aws-sdk-go-v2/1.32.6 ua/2.1 os/linux lang/go#1.23.4 md/GOOS#linux md/GOARCH#arm64 api/s3#1.71.0 m/E,Z,e",
    "aws-sdk-java/2.29.29 md/io#async md/http#NettyNio ua/2.1 os/Linux#6.1.115-126.197.amzn2023.x86_64 lang/java#21.0.5 md/OpenJDK_64-Bit_Server_VM#21.0.5+11-LTS md/vendor#Amazon.com_Inc. m/D,N",
    "aws-sdk-js/3.709.0 ua/2.1 os/linux#5.10.228-239.884.amzn2.x86_64 lang/js md/nodejs#20.18.1 api/dynamodb#3.709.0 exec-env/AWS_Lambda_nodejs20.x m/E,T,e",
    "aws-sdk-rust/1.3.3 ua/2.1 api/sqs/1.50.0 os/linux lang/rust/1.83.0",
];
