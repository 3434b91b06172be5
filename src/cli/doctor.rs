//! `trailseal doctor`: whether trails are set up so that their log files can be trusted.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::access::AccessArgs;
use super::output::{LookArgs, write_whole};
use super::progress::Waiting;
use super::{Failure, evidence, say};
use crate::audit::AuditRequest;
use crate::aws::{Access, SetupRequest, event_history, setup};
use crate::doctor::{
    Examination, Gap, History, Setup, TemplateKind, TemplateNames, Unseen, examine, partition_of, template,
};
use crate::render;
use crate::report::{Report, thousands};
use crate::trail::{Time, TrailArn};

/// Check whether trails are set up so that their log files can be trusted, and explain why they are not
///
/// It only reads, and needs the permissions of docs/iam/doctor.json; a check whose permission is missing is unknown, and never passed.
/// Exit status: 0 everything checked is as it should be, 1 something is not, 2 nothing could be looked at, 3 something could not
/// be seen.
#[derive(Debug, clap::Args)]
pub(super) struct DoctorArgs {
    /// The trail; without it, all trails of the account
    #[arg(value_name = "TRAIL-ARN", value_parser = TrailArn::from_str)]
    trail: Option<TrailArn>,

    /// All trails of the account, as without a TRAIL-ARN
    #[arg(long, conflicts_with = "trail")]
    all: bool,

    /// Explain what this audit could not prove: a report saved with `--format json` or `--report json=FILE`
    #[arg(long, value_name = "REPORT.json")]
    explain: Option<PathBuf>,

    /// For how many days log files are to be kept (PCI DSS asks for a year)
    #[arg(long, value_name = "DAYS", default_value_t = 365, value_parser = clap::value_parser!(u32).range(1..=36_500))]
    retention_days: u32,

    /// Do not ask the event history who stopped or changed a trail, its bucket or its key
    #[arg(long)]
    no_history: bool,

    /// The region to begin in, where neither environment nor profile names one; of a template, the trail's
    #[arg(long, value_name = "REGION")]
    region: Option<String>,

    /// Take this for the present: RFC 3339, a date, or a span back
    #[arg(long, value_name = "TIME", hide = true)]
    now: Option<String>,

    /// What goes to standard output
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: DoctorFormat,

    /// Write it to a file too; may be repeated
    #[arg(long, value_name = "FORMAT=PATH")]
    report: Vec<DoctorFile>,

    #[command(flatten)]
    look: LookArgs,

    #[command(flatten)]
    template: TemplateArgs,

    #[command(flatten)]
    access: AccessArgs,
}

/// A trail set up as the checks want it.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "A trail set up as the checks want it")]
struct TemplateArgs {
    /// Print it, and ask nothing of AWS
    #[arg(long, value_name = "FORM", conflicts_with_all = ["trail", "all", "explain"], requires_all = ["bucket", "account_id", "region"])]
    template: Option<TemplateForm>,

    /// The trail's name
    #[arg(long, value_name = "NAME", default_value = "audit", requires = "template")]
    trail_name: String,

    /// The bucket's name
    #[arg(long, value_name = "NAME", requires = "template")]
    bucket: Option<String>,

    /// The account
    #[arg(long, value_name = "ID", requires = "template")]
    account_id: Option<String>,

    /// The organization, where its accounts are to be recorded too
    #[arg(long, value_name = "ID", requires = "template")]
    organization_id: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum TemplateForm {
    Terraform,
    #[value(name = "cloudformation")]
    CloudFormation,
}

/// The forms an examination can take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum DoctorFormat {
    /// For people
    Text,
    /// For programs: schema trailseal.doctor/1
    Json,
    /// One page for a browser or for paper; it loads nothing and runs nothing
    Html,
    /// For security data lakes: OCSF events, one a line
    Ocsf,
    /// For AWS Security Hub: findings in its format, ASFF
    Asff,
}

#[derive(Clone, Debug)]
struct DoctorFile {
    format: DoctorFormat,
    path: PathBuf,
}

pub(super) fn run(args: &DoctorArgs, out: &mut dyn Write) -> Result<u8, Failure> {
    if let Some(form) = args.template.template {
        say::text(out, &args.printed(form)?)?;
        return Ok(0);
    }
    let now = evidence::now();
    let now = args.now.as_deref().map_or(Ok(now), |text| Time::parse_requested(text, now)).map_err(Failure::told)?;
    let gaps = args.explain.as_deref().map_or(Ok(Gaps::default()), gaps_of)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let waiting = Waiting::new(args.look.shows_progress());
    let examination = runtime.block_on(async {
        waiting.says(ASKING);
        let region = args.trail.as_ref().map(|arn| arn.home_region.clone()).or(args.region.clone());
        let access = args.access.open(region, AT_ONCE).await?;
        let asked = SetupRequest { trail: args.trail.clone(), as_of: now, retention_days: args.retention_days };
        let seen = setup(&access, &asked).await.map_err(Failure::told)?;
        Ok::<_, Failure>(explained(&access, &seen, &gaps, !args.no_history, &waiting).await)
    })?;
    drop(waiting);
    for file in &args.report {
        let written = write_whole(&file.path, |out| file.format.write(&examination, &args.look, out));
        written.map_err(|error| {
            Failure::told(format!(
                "{} could not be written: {error}; free space or name another file",
                file.path.display()
            ))
        })?;
    }
    args.format.write(&examination, &args.look, out)?;
    Ok(examination.exit_status())
}

/// What `verify` and `bundle` take, so that one report holds both.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "How the trails are set up")]
pub(super) struct SetupArgs {
    /// Check that too, as `doctor` does, of the trail or of all of the account, and explain what could not be proven; it changes no verdict
    #[arg(long)]
    with_doctor: bool,

    /// For how many days log files are to be kept
    #[arg(long, value_name = "DAYS", default_value_t = 365, requires = "with_doctor", value_parser = clap::value_parser!(u32).range(1..=36_500))]
    retention_days: u32,
}

/// What was seen before the audit began, if it was asked for.
pub(super) struct SetupSeen {
    seen: Option<(Access, Setup)>,
    shows_progress: bool,
}

impl SetupArgs {
    /// That it was not asked for where nothing is audited that it could stand beside.
    pub(super) fn must_not_be(&self, what: &str) -> Result<(), Failure> {
        match self.with_doctor {
            true => Err(Failure::told(format!("{what}: leave out --with-doctor, or run `trailseal doctor` by itself"))),
            false => Ok(()),
        }
    }

    /// Looks at how the trails are set up, so that a run that may not ends before it begins.
    pub(super) async fn begin(
        &self,
        access: &AccessArgs,
        request: &AuditRequest,
        shows_progress: bool,
    ) -> Result<SetupSeen, Failure> {
        if !self.with_doctor {
            return Ok(SetupSeen { seen: None, shows_progress });
        }
        let waiting = Waiting::new(shows_progress);
        waiting.says(ASKING);
        let trail = request.select.trail_arn.clone();
        let region = trail.as_ref().map(|arn| arn.home_region.clone()).or(request.select.regions.first().cloned());
        let access = access.open(region, AT_ONCE).await?;
        let asked = SetupRequest { trail, as_of: request.as_of, retention_days: self.retention_days };
        let seen = setup(&access, &asked).await.map_err(Failure::told)?;
        Ok(SetupSeen { seen: Some((access, seen)), shows_progress })
    }
}

impl SetupSeen {
    /// Checks it, and explains what the audit could not prove.
    pub(super) async fn end(self, report: &mut Report) {
        let Some((access, seen)) = self.seen else { return };
        // Who ended the run early does not wait for that.
        let with_history = !report.is_partial();
        let waiting = Waiting::new(self.shows_progress);
        report.setup = Some(Box::new(explained(&access, &seen, &gaps(report), with_history, &waiting).await));
    }
}

/// Checks what was seen, and explains it.
async fn explained(access: &Access, seen: &Setup, gaps: &Gaps, with_history: bool, waiting: &Waiting) -> Examination {
    let mut history = History::default();
    if with_history {
        waiting.says("asking who changed what: the event history takes two questions a second in a region");
        let (regions, unknown) = regions(seen, &gaps.named);
        history = event_history(access, &regions, None, seen.as_of).await;
        history.unasked.extend(unknown.into_iter().map(|region| (region, not_of_the_account())));
    }
    let mut examination = examine(seen).explained(seen, &gaps.named, &history);
    if gaps.beyond > 0 {
        let beyond = thousands(gaps.beyond);
        examination.not_looked_at.push(format!("who made {beyond} more holes of the audit: {MOST_GAPS} are explained"));
    }
    examination
}

/// Where what changes a trail, its bucket or its key is recorded; and regions that only the evidence names, which anyone can have
/// written: nobody is asked there.
fn regions(seen: &Setup, gaps: &[Gap]) -> (Vec<String>, Vec<String>) {
    let mut regions: BTreeSet<String> = seen.trails.iter().map(|trail| trail.home_region.clone()).collect();
    regions.extend(seen.buckets.values().filter_map(|bucket| bucket.region.clone().ok()));
    regions.extend(seen.regions.iter().flatten().filter(|of| gaps.iter().any(|gap| gap.home_region == **of)).cloned());
    let unknown: BTreeSet<&String> =
        gaps.iter().map(|gap| &gap.home_region).filter(|of| !regions.contains(*of)).collect();
    let unknown = unknown.into_iter().cloned().collect();
    (regions.into_iter().collect(), unknown)
}

fn not_of_the_account() -> Unseen {
    let why = "the account is not known to have that region, which the evidence names".to_owned();
    Unseen { action: "cloudtrail:LookupEvents".to_owned(), denied: false, why }
}

/// What is waited for first.
const ASKING: &str = "asking how the trails are set up";

/// What an audit could not prove.
#[derive(Default)]
struct Gaps {
    named: Vec<Gap>,
    /// How many more there are.
    beyond: u64,
}

fn gaps(report: &Report) -> Gaps {
    let holes: usize = report.chains.iter().map(|chain| chain.holes.len()).sum();
    let named = report.chains.iter();
    let named: Vec<Gap> = named
        .flat_map(|chain| {
            chain.holes.iter().map(|hole| Gap {
                account_id: chain.account_id.clone(),
                region: chain.region.clone(),
                trail: chain.trail.clone(),
                home_region: chain.home_region.clone(),
                interval: crate::trail::Interval::new(hole.start, hole.end),
                reason: hole.reason,
            })
        })
        .take(MOST_GAPS)
        .collect();
    let beyond = (holes - named.len()) as u64;
    Gaps { named, beyond }
}

fn gaps_of(path: &Path) -> Result<Gaps, Failure> {
    let wrong = |error: &dyn std::fmt::Display| Failure::told(format!("{}: {error}", path.display()));
    let bytes = evidence::read_report(path)
        .map_err(|error| wrong(&format!("it cannot be read ({error}); check its name and permissions")))?;
    Ok(gaps(&Report::parse(&bytes).map_err(|error| wrong(&error))?))
}

impl DoctorArgs {
    fn printed(&self, form: TemplateForm) -> Result<String, Failure> {
        let given = |value: &Option<String>| value.clone().unwrap_or_default();
        let names = TemplateNames {
            trail: self.template.trail_name.clone(),
            bucket: given(&self.template.bucket),
            account_id: given(&self.template.account_id),
            region: given(&self.region),
            partition: partition_of(&given(&self.region)).to_owned(),
            retention_days: self.retention_days,
            organization_id: self.template.organization_id.clone(),
        };
        let kind = match form {
            TemplateForm::Terraform => TemplateKind::Terraform,
            TemplateForm::CloudFormation => TemplateKind::Cloudformation,
        };
        template(kind, &names).map_err(Failure::told)
    }
}

impl DoctorFormat {
    fn write(self, examination: &Examination, look: &LookArgs, out: &mut dyn Write) -> std::io::Result<()> {
        match self {
            DoctorFormat::Text => look.write_examination(examination, out),
            DoctorFormat::Json => render::json_value(examination, out),
            DoctorFormat::Html => render::doctor_page(examination, out),
            DoctorFormat::Ocsf => render::ocsf_doctor(examination, out),
            DoctorFormat::Asff => render::asff_doctor(examination, out),
        }
    }
}

impl FromStr for DoctorFile {
    type Err = String;

    fn from_str(text: &str) -> Result<DoctorFile, String> {
        let (format, path) = text.split_once('=').ok_or("write FORMAT=PATH, such as json=doctor.json")?;
        let format = <DoctorFormat as clap::ValueEnum>::from_str(format, false)?;
        if path.is_empty() {
            return Err("the path after = is missing".to_owned());
        }
        Ok(DoctorFile { format, path: PathBuf::from(path) })
    }
}

/// Requests under way at once: a bucket has a dozen settings.
const AT_ONCE: usize = 32;

/// So many holes are explained.
const MOST_GAPS: usize = 100;

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::finding::Reason;
    use crate::trail::Interval;

    fn seen(regions: &[&str]) -> Setup {
        let at = Time::from_unix(1_768_100_700);
        Setup {
            account_id: "111122223333".to_owned(),
            partition: "aws".to_owned(),
            as_of: at,
            regions: Ok(regions.iter().map(|region| (*region).to_owned()).collect()),
            manages_organization: Ok(false),
            organization_id: None,
            only: None,
            trails: Vec::new(),
            unasked_regions: Vec::new(),
            buckets: BTreeMap::new(),
            retention_days: 365,
        }
    }

    fn gap(home_region: &str) -> Gap {
        let text = str::to_owned;
        let interval = Interval::new(Time::from_unix(0), Time::from_unix(3_600));
        let (account_id, region) = (text("111122223333"), text(home_region));
        Gap {
            account_id,
            region,
            trail: text("t"),
            home_region: text(home_region),
            interval,
            reason: Reason::DigestLost,
        }
    }

    #[test]
    fn regions_that_the_evidence_alone_names_are_not_asked_and_are_told() {
        let gaps = [gap("eu-west-1"), gap("xx-planted-1")];
        let (asked, unknown) = regions(&seen(&["us-east-1", "eu-west-1"]), &gaps);
        assert_eq!((asked, unknown), (vec!["eu-west-1".to_owned()], vec!["xx-planted-1".to_owned()]));
        let mut denied = seen(&[]);
        denied.regions = Err(not_of_the_account());
        assert_eq!(regions(&denied, &gaps).0, Vec::<String>::new());
    }
}
