//! OCSF, the Open Cybersecurity Schema Framework: JSON lines, a Compliance Finding for the report and for each chain,
//! and a Detection Finding for each violation.
//!
//! Lines, for that is what collectors take (Vector, Fluent Bit, Firehose, OpenSearch and what fills a Security Lake); the
//! class of each is in `class_uid`, by which a lake keeps them apart.

mod event;
mod setup;

use std::io;

use event::{
    Analytic, Check, Cloud, Compliance, ComplianceEvent, DetectionEvent, Event, Evidence, FindingInfo, Metadata,
    Product, Remediation, Resource, Severity as Level, Status,
};

use super::aspect::{Aspect, counts, line, not_checked, waivers};
use super::json::json_line;
use super::place::Place;
use super::uid;
use crate::controls::mapping;
use crate::finding::{Finding, Severity};
use crate::report::{ByChain, ChainReport, OneChain, Report, ToolReport, Verdict};
use crate::trail::{Interval, Time};

/// The version of the schema.
const VERSION: &str = "1.5.0";

/// The classes of events that are written.
const COMPLIANCE_FINDING: (u32, &str) = (2003, "Compliance Finding");
const DETECTION_FINDING: (u32, &str) = (2004, "Detection Finding");

/// The most reasons told in one event, and the most that was not checked; how many more there are is told too.
const MOST_DETAILS: usize = 100;

/// Writes the events, one a line: the report as a whole, for silence must not be taken for a clean result; then chains, then
/// violations, both in the report's order.
pub fn ocsf(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    let by_chain = report.by_chain();
    json_line(&of_report(report, &by_chain), out)?;
    for one in &by_chain.chains {
        json_line(&of_chain(report, one, &by_chain.of_none), out)?;
    }
    for (finding, uid) in report.findings.iter().zip(uid::findings(report)) {
        if finding.severity == Severity::Violation {
            json_line(&detection_finding(report, finding, uid), out)?;
        }
    }
    report.setup.as_deref().map_or(Ok(()), |setup| ocsf_doctor(setup, out))
}

pub use self::setup::ocsf_doctor;

/// Who says so, and as of when.
#[derive(Clone, Copy)]
struct Teller<'a> {
    schema: &'a str,
    tool: &'a ToolReport,
    as_of: Time,
}

impl<'a> Teller<'a> {
    fn of(report: &'a Report) -> Teller<'a> {
        Teller { schema: &report.schema, tool: &report.tool, as_of: report.request.as_of }
    }
}

/// What is evaluated: the report as a whole, or a chain.
struct Evaluated<'a> {
    uid: String,
    rule: &'static str,
    name: String,
    headline: String,
    verdict: Verdict,
    narrowed: bool,
    place: Place,
    /// Those that are told of here.
    findings: Vec<&'a Finding>,
    /// How many more count, that are told of with the report as a whole.
    elsewhere: usize,
    /// What was not checked, told with the report as a whole.
    /// What was not checked, and what was accepted.
    beside: Vec<String>,
    checks: Vec<Check>,
    resource: Resource,
}

fn of_report<'a>(report: &'a Report, by_chain: &ByChain<'a>) -> ComplianceEvent<'a> {
    let request = &report.request;
    let first = report.chains.first();
    let named = |asked: &[String], found: Option<&String>| asked.first().or(found).cloned().unwrap_or_default();
    let account = named(&request.accounts, first.map(|chain| &chain.account_id));
    let region = named(&request.regions, first.map(|chain| &chain.region));
    let home_region = first.map(|chain| chain.home_region.as_str()).unwrap_or_default();
    let place = Place::new(&account, &region, home_region);
    let uid = uid::uuid(&["report", &request.source]);
    compliance_finding(
        report,
        Evaluated {
            rule: "trailseal.report",
            name: "all that was asked for".to_owned(),
            headline: report.headline(),
            verdict: report.verdict,
            narrowed: report.is_narrowed(),
            // What is in a chain is told with the chain.
            findings: [&by_chain.of_none[..], &by_chain.elsewhere].concat(),
            elsewhere: 0,
            beside: not_checked(report).chain(waivers(report)).collect(),
            checks: Vec::new(),
            resource: Resource {
                uid: uid.clone(),
                name: request.source.clone(),
                kind: "CloudTrail evidence",
                namespace: None,
                region: place.region.clone(),
                cloud_partition: place.partition(),
            },
            place,
            uid,
        },
    )
}

fn of_chain<'a>(report: &'a Report, one: &OneChain<'a>, of_none: &[&'a Finding]) -> ComplianceEvent<'a> {
    let OneChain { chain, id, .. } = one;
    let uid = uid::chain(id);
    let place = Place::new(&chain.account_id, &chain.region, &chain.home_region);
    let findings = [&one.findings[..], of_none].concat();
    let check = |aspect| check(chain, aspect, &findings);
    compliance_finding(
        report,
        Evaluated {
            rule: "trailseal.chain",
            name: id.to_string(),
            headline: one.headline.clone(),
            verdict: one.verdict,
            narrowed: one.narrowed,
            checks: Aspect::ALL.map(check).into(),
            findings: one.findings.clone(),
            elsewhere: of_none.iter().filter(|finding| counts(finding)).count(),
            beside: Vec::new(),
            resource: Resource {
                uid: uid.clone(),
                name: chain.trail.clone(),
                kind: "AWS CloudTrail trail",
                namespace: Some(format!("{}/{}/{}", chain.account_id, chain.region, chain.kind)),
                region: place.home_region.clone(),
                cloud_partition: place.partition(),
            },
            place,
            uid,
        },
    )
}

fn check(chain: &ChainReport, aspect: Aspect, findings: &[&Finding]) -> Check {
    let concerned = findings.iter().filter(|finding| counts(finding) && Aspect::of(finding.code) == aspect);
    let status = match concerned.map(|finding| finding.severity).min() {
        Some(Severity::Violation) => Status::FAIL,
        Some(_) => Status::WARNING,
        None if aspect == Aspect::LogFiles && chain.log_files.not_checked > 0 => Status::WARNING,
        None => Status::PASS,
    };
    Check {
        uid: aspect.name().replace(' ', "-"),
        name: aspect.name(),
        desc: aspect.counts(chain),
        status: status.name,
        status_id: status.id,
    }
}

fn compliance_finding<'a>(report: &'a Report, of: Evaluated<'a>) -> ComplianceEvent<'a> {
    let (severity, status) = match of.verdict {
        // What was not asked for is not passed.
        Verdict::Intact if of.narrowed => (Level::INFORMATIONAL, Status::WARNING),
        Verdict::Intact => (Level::INFORMATIONAL, Status::PASS),
        Verdict::Inconclusive => (Level::MEDIUM, Status::WARNING),
        Verdict::NotIntact => (Level::HIGH, Status::FAIL),
    };
    let title = format!("CloudTrail log file integrity of {}: {}", of.name, of.headline);
    let desc = "The chain of digest files and the log files that they list, compared with what AWS signed.".to_owned();
    ComplianceEvent {
        event: Event {
            message: title.clone(),
            status_detail: Some(of.headline),
            ..event(Teller::of(report), COMPLIANCE_FINDING, severity, &of.place, of.uid.clone(), Some(report.period()))
        },
        finding_info: finding_info(report, of.uid, title, desc, of.rule),
        compliance: compliance(status, of.checks, status_details(&of.findings, of.elsewhere, of.beside)),
        resources: vec![of.resource],
        remediation: None,
    }
}

fn status_details(findings: &[&Finding], elsewhere: usize, beside: Vec<String>) -> Vec<String> {
    let counted: Vec<&Finding> = findings.iter().copied().filter(|finding| counts(finding)).collect();
    let mut details: Vec<String> = counted.iter().take(MOST_DETAILS).map(|finding| line(finding)).collect();
    if counted.len() > MOST_DETAILS {
        details.push(format!("{} more are in the report", counted.len() - MOST_DETAILS));
    }
    if elsewhere > 0 {
        details.push(format!("{elsewhere} findings of no chain count too, and are told of with the report as a whole"));
    }
    let more = beside.len().saturating_sub(MOST_DETAILS);
    details.extend(beside.into_iter().take(MOST_DETAILS));
    if more > 0 {
        details.push(format!("{more} more that was not checked, or was accepted, is in the report"));
    }
    details
}

fn compliance(status: Status, checks: Vec<Check>, status_details: Vec<String>) -> Compliance {
    let controls = &mapping().controls;
    let mut standards: Vec<String> =
        controls.iter().map(|control| format!("{} {}", control.framework, control.framework_version)).collect();
    standards.dedup();
    Compliance {
        control: "CloudTrail log file integrity".to_owned(),
        desc: format!(
            "Evidence for the controls named, by the mapping {}; each has parts that it does not show.",
            mapping().version
        ),
        standards,
        requirements: controls.iter().map(|control| format!("{} {}", control.framework, control.id)).collect(),
        checks,
        status: status.name,
        status_id: status.id,
        status_details,
    }
}

fn detection_finding<'a>(report: &'a Report, finding: &'a Finding, uid: String) -> DetectionEvent<'a> {
    let place = Place::of(report, finding);
    let (status, status_id) = if finding.waived { ("Suppressed", 3) } else { ("New", 1) };
    let object = finding.subject.as_ref().map(|at| Resource {
        uid: at.to_string(),
        name: at.key.clone(),
        kind: "AWS S3 object",
        namespace: Some(at.bucket.clone()).filter(|bucket| !bucket.is_empty()),
        region: place.region.clone(),
        cloud_partition: place.partition(),
    });
    let info = finding_info(
        report,
        uid.clone(),
        finding.code.sentence().to_owned(),
        finding.message.clone(),
        finding.code.name(),
    );
    DetectionEvent {
        event: Event {
            message: line(finding),
            status: Some(status),
            status_id: Some(status_id),
            status_code: Some(finding.code.name()),
            ..event(Teller::of(report), DETECTION_FINDING, Level::HIGH, &place, uid, finding.interval)
        },
        finding_info: info,
        is_alert: !finding.waived,
        confidence_id: 3,
        confidence: "High",
        evidences: vec![Evidence { name: finding.code.name(), data: finding }],
        remediation: Remediation { desc: finding.code.next_step().to_owned() },
        resources: object.into_iter().collect(),
    }
}

fn event<'a>(
    teller: Teller<'a>,
    (class_uid, class_name): (u32, &'static str),
    severity: Level,
    place: &Place,
    uid: String,
    interval: Option<Interval>,
) -> Event<'a> {
    Event {
        activity_id: 1,
        activity_name: "Create",
        category_uid: 2,
        category_name: "Findings",
        class_uid,
        class_name,
        type_uid: class_uid * 100 + 1,
        type_name: format!("{class_name}: Create"),
        time: millis(teller.as_of),
        start_time: interval.map(|interval| millis(interval.start)),
        end_time: interval.map(|interval| millis(interval.end)),
        severity_id: severity.id,
        severity: severity.name,
        message: String::new(),
        status: None,
        status_id: None,
        status_code: None,
        status_detail: None,
        metadata: Metadata {
            version: VERSION,
            // Of the event, and not of what it is about: tomorrow's is another.
            uid: uid::uuid(&["event", &uid, &teller.as_of.to_string()]),
            log_name: teller.schema,
            profiles: ["cloud"],
            product: Product { name: &teller.tool.name, vendor_name: &teller.tool.name, version: &teller.tool.version },
        },
        cloud: Cloud::aws(&place.account, &place.region),
    }
}

fn finding_info(report: &Report, uid: String, title: String, desc: String, rule: &'static str) -> FindingInfo {
    FindingInfo {
        uid,
        title,
        desc,
        created_time: millis(report.request.as_of),
        types: ["Log file integrity"],
        data_sources: &["AWS CloudTrail digest files", "AWS CloudTrail log files"],
        analytic: Analytic { uid: rule, name: rule, type_id: 1, kind: "Rule" },
    }
}

fn millis(time: Time) -> i64 {
    time.unix() * 1_000
}
