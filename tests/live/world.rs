//! A trail in S3, the services around it, and the program run against them.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{LazyLock, mpsc};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;
use tokio::runtime::Runtime;
use trailseal::report::Report;
use trailseal::simulate::{
    DirectorySink, Keyring, MemorySink, Scenario, SimulatedObject, Sink, Summary, simulate_with,
};

use crate::aws_api::{Member, Organization, PublicKey, Trail};
use crate::credentials::{ACCESS_KEY, SECRET_KEY};
use crate::endpoint::Endpoint;
use crate::proxy::Proxy;

/// The region of the profile, and of the bucket unless a test says otherwise.
pub(crate) const REGION: &str = "us-east-1";

/// CloudTrail's keys, the same for every world: keys are slow to make.
static KEYS: LazyLock<Keyring> = LazyLock::new(|| Keyring::new(1, 480, true));

/// Everything that a run meets.
pub(crate) struct World {
    pub(crate) scenario: Scenario,
    pub(crate) summary: Summary,
    pub(crate) objects: BTreeMap<String, SimulatedObject>,
    pub(crate) endpoint: Endpoint,
    pub(crate) proxy: Proxy,
    pub(crate) scratch: TempDir,
    /// In place of the usual environment, or beside it.
    pub(crate) environment: BTreeMap<&'static str, String>,
    runtime: Option<Runtime>,
}

/// What a run came to.
pub(crate) struct Run {
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// One account and region, three hours, a few tiny log files: enough for nearly everything.
pub(crate) fn small() -> Scenario {
    Scenario {
        bucket: "live-trail".to_owned(),
        regions: vec![REGION.to_owned()],
        // From 2026-01-10T14:00:00Z on, when people are at work.
        start: trailseal::trail::Time::from_unix(1_768_053_600),
        hours: 3,
        log_files_per_hour: 3,
        events_per_log_file: 1,
        empty_hours: 0,
        late_log_files: 0,
        shared_keys: true,
        threads: 1,
        ..Scenario::default()
    }
}

impl World {
    /// The small trail.
    pub(crate) fn small() -> World {
        World::of(small())
    }

    pub(crate) fn of(scenario: Scenario) -> World {
        World::in_region(scenario, REGION)
    }

    /// A trail whose bucket is in this region.
    pub(crate) fn in_region(scenario: Scenario, region: &str) -> World {
        let own;
        let keyring = if scenario.shared_keys {
            &*KEYS
        } else {
            own = Keyring::new(2, scenario.key_rotation, false);
            &own
        };
        let sink = MemorySink::default();
        let summary = simulate_with(&scenario, keyring, &sink).expect("a possible scenario");
        let objects = sink.into_objects();
        let world = World::empty(scenario, summary, objects);
        world.endpoint.s3.create(&world.scenario.bucket, region);
        world.endpoint.s3.load(&world.scenario.bucket, world.objects.values());
        world.endpoint.api.state().cloudtrail.trails = world.trails();
        world
    }

    /// Services that know who is who, and hold no object.
    fn empty(scenario: Scenario, summary: Summary, objects: BTreeMap<String, SimulatedObject>) -> World {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime");
        let endpoint = Endpoint::start(&runtime);
        let proxy = Proxy::before(&runtime, endpoint.address);
        let accounts = scenario.account_ids();
        let mut state = endpoint.api.state();
        state.cloudtrail.keys = PublicKey::of(&summary.public_keys);
        state.sts.account.clone_from(&accounts[0]);
        state.account.enabled.clone_from(&scenario.regions);
        state.organization = scenario.organization.as_ref().map(|id| Organization {
            id: id.clone(),
            management_account: accounts[0].clone(),
            members: accounts
                .iter()
                .map(|id| Member { id: id.clone(), suspended: false, joined: 1_500_000_000 })
                .collect(),
            ..Organization::default()
        });
        drop(state);
        let scratch = tempfile::tempdir().expect("a folder");
        let environment = BTreeMap::new();
        World { scenario, summary, objects, endpoint, proxy, scratch, environment, runtime: Some(runtime) }
    }

    /// The runtime of the services.
    pub(crate) fn runtime(&self) -> &Runtime {
        self.runtime.as_ref().expect("a runtime")
    }

    pub(crate) fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.runtime().block_on(future)
    }

    fn trails(&self) -> Vec<Trail> {
        let scenario = &self.scenario;
        let trail = |name: &String| Trail {
            name: name.clone(),
            s3_bucket_name: scenario.bucket.clone(),
            s3_key_prefix: Some(scenario.prefix.clone()).filter(|prefix| !prefix.is_empty()),
            include_global_service_events: true,
            is_multi_region_trail: true,
            home_region: scenario.home_region.clone(),
            trail_arn: self.trail_arn(name),
            log_file_validation_enabled: true,
            has_custom_event_selectors: false,
            has_insight_selectors: false,
            is_organization_trail: scenario.organization.is_some(),
        };
        scenario.trails.iter().map(trail).collect()
    }

    /// The ARN of a trail of that name in the first account.
    pub(crate) fn trail_arn(&self, name: &str) -> String {
        let account = &self.scenario.account_ids()[0];
        format!("arn:aws:cloudtrail:{}:{account}:trail/{name}", self.scenario.home_region)
    }

    /// `s3://BUCKET`
    pub(crate) fn source(&self) -> String {
        format!("s3://{}", self.scenario.bucket)
    }

    /// The keys of the digest files, oldest first in each chain.
    pub(crate) fn digests(&self) -> Vec<String> {
        self.keys_with("/CloudTrail-Digest/")
    }

    /// The keys of the log files.
    pub(crate) fn logs(&self) -> Vec<String> {
        self.keys_with("/CloudTrail/")
    }

    fn keys_with(&self, part: &str) -> Vec<String> {
        self.objects.keys().filter(|key| key.contains(part)).cloned().collect()
    }

    /// Does something to the evidence, in the bucket and for copies of it.
    pub(crate) fn lie(&mut self, lie: impl FnOnce(&mut BTreeMap<String, SimulatedObject>)) {
        lie(&mut self.objects);
        self.endpoint.s3.empty(&self.scenario.bucket);
        self.endpoint.s3.load(&self.scenario.bucket, self.objects.values());
    }

    /// The evidence as a directory, and its keys as a file: the same without S3.
    pub(crate) fn on_disk(&self) -> (PathBuf, PathBuf) {
        let (directory, keys) = (self.scratch.path().join("copy"), self.scratch.path().join("keys.json"));
        let _ = fs::remove_dir_all(&directory);
        let sink = DirectorySink::create(&directory).expect("a new folder");
        self.objects.values().cloned().try_for_each(|object| sink.put(object)).expect("a writable folder");
        sink.finish(&self.scenario.bucket, &self.summary).expect("a writable folder");
        fs::write(&keys, serde_json::to_vec(&self.summary.public_keys).expect("JSON")).expect("a writable folder");
        (directory, keys)
    }

    /// The times that an audit of the whole trail asks for.
    pub(crate) fn times(&self) -> Vec<String> {
        let Summary { interval, taken_at, .. } = &self.summary;
        let times = [("--start-time", interval.start), ("--end-time", interval.end), ("--now", *taken_at)];
        times.iter().flat_map(|(name, time)| [(*name).to_owned(), time.to_string()]).collect()
    }

    /// `trailseal verify s3://BUCKET` over all of its time, and what else is said.
    pub(crate) fn verify(&self, more: &[&str]) -> Run {
        self.verify_source(Some(&self.source()), more)
    }

    /// The same of another source, or of none.
    pub(crate) fn verify_source(&self, source: Option<&str>, more: &[&str]) -> Run {
        let mut arguments = vec!["verify"];
        arguments.extend(source);
        let times = self.times();
        arguments.extend(times.iter().map(String::as_str));
        arguments.extend(["--format", "json"]);
        arguments.extend(more);
        // The text report is looked at for secrets, as everything is.
        let text = format!("text={}", self.scratch.path().join("report.txt").display());
        arguments.extend(["--report", &text]);
        self.run(&arguments)
    }

    /// `trailseal verify --dry-run` of the same, which knows no other report.
    pub(crate) fn dry_run(&self, more: &[&str]) -> Run {
        let (source, times) = (self.source(), self.times());
        let mut arguments = vec!["verify", &source, "--dry-run"];
        arguments.extend(times.iter().map(String::as_str));
        arguments.extend(more);
        self.run(&arguments)
    }

    /// Runs the program, and looks for secrets in whatever it said.
    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        let mut command = Command::new(env!("CARGO_BIN_EXE_trailseal"));
        command.args(arguments);
        let run = self.finish(command);
        let report = fs::read_to_string(self.scratch.path().join("report.txt")).unwrap_or_default();
        for (place, text) in [("stdout", &run.stdout), ("stderr", &run.stderr), ("the text report", &report)] {
            self.holds_no_secret(place, text);
        }
        run
    }

    /// Runs another program in the same environment.
    pub(crate) fn finish(&self, command: Command) -> Run {
        waited_for(self.start(command))
    }

    /// From now on, nothing that an earlier run asked for is met any more: of a run that has ended, requests may still be
    /// on their way.
    pub(crate) fn renew_proxy(&mut self) {
        let runtime = self.runtime.as_ref().expect("the world goes on");
        self.proxy = Proxy::before(runtime, self.endpoint.address);
    }

    /// Starts one.
    pub(crate) fn start(&self, mut command: Command) -> Child {
        let home = self.scratch.path();
        command.env_clear().current_dir(home).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        command.env("HOME", home);
        for (name, file) in [("AWS_CONFIG_FILE", "config"), ("AWS_SHARED_CREDENTIALS_FILE", "credentials")] {
            command.env(name, home.join(file));
        }
        let usual = [
            ("AWS_ACCESS_KEY_ID", ACCESS_KEY.to_owned()),
            ("AWS_SECRET_ACCESS_KEY", SECRET_KEY.to_owned()),
            ("AWS_REGION", REGION.to_owned()),
            ("AWS_DEFAULT_REGION", REGION.to_owned()),
            ("AWS_ENDPOINT_URL", format!("http://{}", self.proxy.address)),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
            // Whatever there is to be had of the SDK's own diagnostics must hold no secret either.
            ("RUST_LOG", "trace".to_owned()),
        ];
        command.envs(usual).envs(&self.environment);
        // What is set to nothing is not set.
        self.environment.iter().filter(|(_, value)| value.is_empty()).for_each(|(name, _)| {
            command.env_remove(name);
        });
        command.spawn().expect("a program")
    }

    fn holds_no_secret(&self, place: &str, text: &str) {
        let (secrets, signatures) = self.endpoint.credentials.secrets();
        for secret in secrets.iter().map(String::as_str).chain(["Authorization:", "AWS4-HMAC-SHA256"]) {
            assert!(!text.contains(secret), "{place} holds {secret}");
        }
        let lower = text.to_lowercase();
        for header in ["\"authorization\"", "authorization: ", "x-amz-security-token"] {
            assert!(!lower.contains(header), "{place} holds {header}");
        }
        let words = text.split(|c: char| !c.is_ascii_hexdigit()).filter(|word| word.len() == 64);
        words.for_each(|word| assert!(!signatures.contains(word), "{place} holds the signature {word}"));
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // Some connections wait for ever, as they were told.
        self.runtime.take().expect("a runtime").shutdown_background();
    }
}

impl Run {
    /// The report on standard output.
    pub(crate) fn report(&self) -> Report {
        let parsed = Report::parse(self.stdout.as_bytes());
        parsed.unwrap_or_else(|error| panic!("{error}; exit status {:?}: {}", self.status, self.stderr))
    }
}

/// The end of a program. One that hangs is killed, and fails the test.
pub(crate) fn waited_for(mut child: Child) -> Run {
    let (mut out, mut err) = (child.stdout.take().expect("a pipe"), child.stderr.take().expect("a pipe"));
    let (sender, receiver) = mpsc::channel();
    let errors = thread::spawn(move || {
        let mut text = String::new();
        err.read_to_string(&mut text).map(|_| text).expect("UTF-8")
    });
    thread::spawn(move || {
        let mut text = String::new();
        let _ = sender.send(out.read_to_string(&mut text).map(|_| text));
    });
    let Ok(stdout) = receiver.recv_timeout(HANGS_AFTER) else {
        child.kill().expect("a child");
        child.wait().expect("a child");
        panic!("it hangs; it said: {}", errors.join().unwrap_or_default());
    };
    let status = child.wait().expect("a child").code();
    Run { status, stdout: stdout.expect("UTF-8"), stderr: errors.join().expect("UTF-8") }
}

/// Far longer than anything here takes.
const HANGS_AFTER: Duration = Duration::from_secs(150);
