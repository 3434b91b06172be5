//! OCSF, the Open Cybersecurity Schema Framework: JSON lines, a Compliance Finding for each chain and a Detection Finding
//! for each violation.
//!
//! Lines, for that is what collectors take (Vector, Fluent Bit, Firehose, OpenSearch and what fills a Security Lake); the
//! class of each is in `class_uid`, by which a lake keeps them apart.

mod event;

use std::io;

use event::{
    Analytic, Check, Cloud, Compliance, ComplianceEvent, DetectionEvent, Event, Evidence, FindingInfo, Metadata, Owner,
    Product, Remediation, Resource, Severity as Level, Status,
};

use super::aspect::{Aspect, counts, line};
use super::json::json_line;
use super::place::{Place, partition};
use super::uid;
use crate::controls::mapping;
use crate::finding::{Finding, Severity};
use crate::report::{OneChain, Report, Verdict};
use crate::trail::{Interval, Time};

/// The version of the schema.
const VERSION: &str = "1.5.0";

/// The most reasons told in one event; how many more there are is told too.
const MOST_DETAILS: usize = 100;

/// Writes the events, one a line: chains first, then violations, both in the report's order.
pub fn ocsf(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    let by_chain = report.by_chain();
    for one in &by_chain.chains {
        json_line(&compliance_finding(report, one, &by_chain.of_none), out)?;
    }
    for (finding, uid) in report.findings.iter().zip(uid::findings(report)) {
        if finding.severity == Severity::Violation {
            json_line(&detection_finding(report, finding, uid), out)?;
        }
    }
    Ok(())
}

fn compliance_finding<'a>(report: &'a Report, one: &OneChain<'a>, of_none: &[&Finding]) -> ComplianceEvent<'a> {
    let OneChain { chain, id, verdict, .. } = one;
    let uid = uid::chain(id);
    let place = Place::new(&chain.account_id, &chain.region, &chain.home_region);
    let severity = match verdict {
        Verdict::Intact => Level::INFORMATIONAL,
        Verdict::Inconclusive => Level::MEDIUM,
        Verdict::NotIntact => Level::HIGH,
    };
    let title = format!("CloudTrail log file integrity of {id}: {verdict}");
    let desc = format!("The chain of digest files and the log files that they list, checked for {}.", report.period());
    ComplianceEvent {
        event: Event {
            message: title.clone(),
            status_detail: Some(report.headline()),
            ..event(report, 2003, "Compliance Finding", severity, &place, uid.clone(), Some(report.period()))
        },
        finding_info: finding_info(report, uid.clone(), title, desc, "trailseal.chain"),
        compliance: compliance(one, of_none),
        resources: vec![Resource {
            uid,
            name: chain.trail.clone(),
            kind: "AWS CloudTrail trail",
            namespace: Some(format!("{}/{}/{}", chain.account_id, chain.region, chain.kind)),
            region: place.home_region.clone(),
            cloud_partition: partition(&place.home_region),
            owner: Owner::account(&place.account),
        }],
    }
}

fn compliance(one: &OneChain<'_>, of_none: &[&Finding]) -> Compliance {
    let controls = &mapping().controls;
    let mut standards: Vec<String> =
        controls.iter().map(|control| format!("{} {}", control.framework, control.framework_version)).collect();
    standards.dedup();
    let status = match one.verdict {
        Verdict::Intact => Status::PASS,
        Verdict::Inconclusive => Status::WARNING,
        Verdict::NotIntact => Status::FAIL,
    };
    let concerned = || one.findings.iter().chain(of_none).copied().filter(|finding| counts(finding));
    let mut status_details: Vec<String> = concerned().map(line).take(MOST_DETAILS).collect();
    let more = concerned().skip(MOST_DETAILS).count();
    if more > 0 {
        status_details.push(format!("{more} more are in the report"));
    }
    let check = |aspect: Aspect| {
        let worst = concerned().filter(|f| Aspect::of(f.code) == aspect).map(|f| f.severity).min();
        let status = match worst {
            Some(Severity::Violation) => Status::FAIL,
            Some(_) => Status::WARNING,
            None => Status::PASS,
        };
        Check {
            uid: aspect.name().replace(' ', "-"),
            name: aspect.name(),
            desc: aspect.counts(one.chain),
            status: status.name,
            status_id: status.id,
        }
    };
    Compliance {
        control: "CloudTrail log file integrity",
        desc: format!(
            "Evidence for the controls named, by the mapping {}; each has parts that it does not show.",
            mapping().version
        ),
        standards,
        requirements: controls.iter().map(|control| format!("{} {}", control.framework, control.id)).collect(),
        checks: Aspect::ALL.map(check).into(),
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
        owner: Owner::account(&place.account),
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
            ..event(report, 2004, "Detection Finding", Level::HIGH, &place, uid, finding.interval)
        },
        finding_info: info,
        is_alert: !finding.waived,
        confidence_id: 3,
        confidence: "High",
        evidences: vec![Evidence { name: finding.code.name(), data: finding }],
        remediation: Remediation { desc: finding.code.next_step() },
        resources: object.into_iter().collect(),
    }
}

fn event<'a>(
    report: &'a Report,
    class_uid: u32,
    class_name: &'static str,
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
        time: millis(report.request.as_of),
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
            uid,
            log_name: &report.schema,
            profiles: ["cloud"],
            product: Product { name: &report.tool.name, vendor_name: &report.tool.name, version: &report.tool.version },
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
        data_sources: ["AWS CloudTrail digest files", "AWS CloudTrail log files"],
        analytic: Analytic { uid: rule, name: rule, type_id: 1, kind: "Rule" },
    }
}

fn millis(time: Time) -> i64 {
    time.unix() * 1_000
}
