//! ASFF, the AWS Security Finding Format: a JSON array of findings, as `BatchImportFindings` of Security Hub takes them.
//!
//! One finding for each chain, whose compliance status is what the chain comes to, and one for each violation and each
//! thing unproven. Ids are the same from run to run, so that a later import updates what an earlier one made. A monitor imports
//! a finding by itself when it opens, and again when it is resolved.

mod fit;
mod setup;

use std::collections::BTreeMap;
use std::io;

use fit::{fit, fit_id};
use serde::Serialize;

use super::aspect::{counts, line, waivers};
use super::json::json_value;
use super::place::Place;
use super::uid;
use crate::controls::{Control, mapping};
use crate::finding::{Code, Finding, Severity};
use crate::report::{OneChain, Report, Told, Verdict};
use crate::trail::Time;

pub use self::setup::asff_doctor;

/// Writes the findings: chains first, then what was found, both in the report's order.
pub fn asff(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    let by_chain = report.by_chain();
    let of_chains = by_chain.chains.iter().map(|one| of_chain(report, one, &by_chain.of_none));
    let mut findings: Vec<Asff> = of_chains.collect();
    let found = report.findings.iter().zip(uid::findings(report));
    // A note changes no verdict, and every finding that is imported wants somebody to look at it.
    let found = found.filter(|(finding, _)| finding.severity != Severity::Note);
    findings.extend(
        found.map(|(finding, uid)| of_finding(&Setting::of(report, Place::of(report, finding)), finding, &uid)),
    );
    findings.extend(report.setup.iter().flat_map(|setup| setup::findings(setup)));
    json_value(&findings, out)
}

/// One finding by itself: active while it is there, and archived when it is there no more.
pub fn asff_told(told: &Told<'_>) -> serde_json::Value {
    let region = told.finding.chain.as_ref().map_or(told.region, |chain| &chain.region);
    let setting = Setting {
        place: Place::new(told.account_id, region, told.region),
        version: env!("CARGO_PKG_VERSION"),
        source: told.source,
        created_at: told.since,
        updated_at: told.at,
    };
    let (status, record_state) = match told.finding.severity {
        _ if !told.open => ("PASSED", "ARCHIVED"),
        Severity::Violation => ("FAILED", "ACTIVE"),
        Severity::Unproven => ("WARNING", "ACTIVE"),
        Severity::Note => ("NOT_AVAILABLE", "ACTIVE"),
    };
    let made = Asff {
        compliance: Some(Compliance {
            status,
            related_requirements: Vec::new(),
            status_reasons: vec![reason(told.finding.code)],
        }),
        record_state,
        ..of_finding(&setting, told.finding, told.id)
    };
    serde_json::to_value(made).expect("names and texts have a form in JSON")
}

/// Who tells of it, where, and when.
struct Setting<'a> {
    place: Place,
    version: &'a str,
    source: &'a str,
    created_at: Time,
    updated_at: Time,
}

impl Setting<'_> {
    fn of(report: &Report, place: Place) -> Setting<'_> {
        Setting {
            place,
            version: &report.tool.version,
            source: &report.request.source,
            created_at: report.request.as_of,
            updated_at: report.request.as_of,
        }
    }
}

fn of_chain(report: &Report, one: &OneChain<'_>, of_none: &[&Finding]) -> Asff {
    let OneChain { chain, id, verdict, .. } = one;
    let setting = Setting::of(report, Place::new(&chain.account_id, &chain.region, &chain.home_region));
    let place = &setting.place;
    let (label, status) = match verdict {
        // What was not asked for is not passed.
        Verdict::Intact if one.narrowed => ("INFORMATIONAL", "WARNING"),
        Verdict::Intact => ("INFORMATIONAL", "PASSED"),
        Verdict::Inconclusive => ("MEDIUM", "WARNING"),
        Verdict::NotIntact => ("HIGH", "FAILED"),
    };
    let uid = uid::chain(id);
    let controls = mapping();
    let requirement = |control: &Control| fit(&format!("{} {}", control.framework, control.id), 64);
    let mut product_fields = fields(&setting);
    product_fields.extend([
        ("trailseal/verdict".to_owned(), verdict.to_string()),
        ("trailseal/period".to_owned(), report.period().to_string()),
        ("trailseal/control-mapping".to_owned(), controls.version.clone()),
    ]);
    let skipped = &report.checks.skipped;
    if !skipped.is_empty() {
        let told = format!("{} in all: {}", skipped.len(), skipped.join("; "));
        product_fields.insert("trailseal/not-checked".to_owned(), fit(&told, 2_048));
    }
    let accepted: Vec<String> = waivers(report).collect();
    if !accepted.is_empty() {
        let told = format!("{} in all: {}", accepted.len(), accepted.join("; "));
        product_fields.insert("trailseal/waivers".to_owned(), fit(&told, 2_048));
    }
    if let Some(until) = chain.proven_until() {
        product_fields.insert("trailseal/proven-until".to_owned(), until.to_string());
    }
    Asff {
        types: ["Software and Configuration Checks/AWS Security Best Practices"],
        compliance: Some(Compliance {
            status,
            related_requirements: controls.controls.iter().map(requirement).take(MOST_REQUIREMENTS).collect(),
            status_reasons: reasons(one, of_none),
        }),
        product_fields,
        resources: vec![Resource {
            kind: "AwsCloudTrailTrail",
            // No ARN: whose trail it is, a digest file of an organization's trail does not say.
            id: fit_id(&format!("{}/{}/{}/{}", id.account_id, id.region, id.trail, id.kind), LONGEST_ID),
            partition: place.partition(),
            region: place.home_region.clone(),
            details: Details::AwsCloudTrailTrail(Trail {
                name: fit(&chain.trail, 128),
                home_region: place.home_region.clone(),
            }),
        }],
        ..base(
            &setting,
            &uid,
            "chain",
            Severities { label, original: verdict.to_string() },
            (
                format!("CloudTrail log files of {id}: {}", one.headline),
                format!("{}. The report as a whole: {}", one.headline, report.headline()),
            ),
        )
    }
}

/// Which codes the status is for, each once.
fn reasons(one: &OneChain<'_>, of_none: &[&Finding]) -> Vec<StatusReason> {
    let concerned = one.findings.iter().chain(of_none).filter(|finding| counts(finding));
    let mut codes: Vec<Code> = concerned.map(|finding| finding.code).collect();
    codes.sort();
    codes.dedup();
    let unread = StatusReason {
        reason_code: "LOG_FILES_NOT_CHECKED".to_owned(),
        description: "Log files were not read, because that was asked for or the run was interrupted.".to_owned(),
    };
    codes.into_iter().map(reason).take(MOST_REASONS - 1).chain(one.narrowed.then_some(unread)).collect()
}

fn reason(code: Code) -> StatusReason {
    StatusReason { reason_code: code.name().to_uppercase().replace('-', "_"), description: fit(code.sentence(), 2_048) }
}

fn of_finding(setting: &Setting<'_>, finding: &Finding, uid: &str) -> Asff {
    let place = &setting.place;
    let (label, kind) = match finding.severity {
        Severity::Violation => ("HIGH", "TTPs/Defense Evasion"),
        Severity::Unproven => ("MEDIUM", "Software and Configuration Checks/AWS Security Best Practices"),
        Severity::Note => ("INFORMATIONAL", "Software and Configuration Checks/AWS Security Best Practices"),
    };
    let mut product_fields = fields(setting);
    let parts = [
        ("trailseal/code", Some(finding.code.to_string())),
        ("trailseal/reason", finding.reason.map(|reason| reason.to_string())),
        ("trailseal/subject", finding.subject.as_ref().map(ToString::to_string)),
        ("trailseal/interval", finding.interval.map(|interval| interval.to_string())),
        ("trailseal/recorded", finding.recorded.clone()),
        ("trailseal/computed", finding.computed.clone()),
    ];
    let parts = parts.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    product_fields.extend(parts.map(|(name, value)| (name, fit(&value, 2_048))));
    let resource = match (&finding.subject, &finding.chain) {
        (Some(at), _) => {
            let arn = format!("arn:{}:s3:::{}/{}", place.partition(), at.bucket, at.key);
            other_or_object(fit_id(&arn, LONGEST_ID), "AwsS3Object", place, finding)
        }
        (None, Some(chain)) => {
            let id = format!("{}/{}/{}/{}", chain.account_id, chain.region, chain.trail, chain.kind);
            other_or_object(fit_id(&id, LONGEST_ID), "Other", place, finding)
        }
        (None, None) => other_or_object(fit_id(setting.source, LONGEST_ID), "Other", place, finding),
    };
    Asff {
        types: [kind],
        workflow: finding.waived.then_some(Workflow { status: "SUPPRESSED" }),
        remediation: Some(Remediation { recommendation: Recommendation { text: fit(finding.code.next_step(), 512) } }),
        product_fields,
        resources: vec![resource],
        ..base(
            setting,
            uid,
            finding.code.name(),
            Severities { label, original: finding.severity.to_string() },
            (finding.code.sentence().to_owned(), line(finding)),
        )
    }
}

fn other_or_object(id: String, kind: &'static str, place: &Place, finding: &Finding) -> Resource {
    let code = BTreeMap::from([("code".to_owned(), finding.code.to_string())]);
    Resource { kind, id, partition: place.partition(), region: place.region.clone(), details: Details::Other(code) }
}

fn fields(setting: &Setting<'_>) -> BTreeMap<String, String> {
    BTreeMap::from([
        ("trailseal/version".to_owned(), fit(setting.version, 2_048)),
        ("trailseal/source".to_owned(), fit(setting.source, 2_048)),
    ])
}

/// What every finding has; the rest is filled in by whoever makes it.
fn base(
    setting: &Setting<'_>,
    uid: &str,
    rule: &str,
    severity: Severities,
    (title, description): (String, String),
) -> Asff {
    let place @ Place { account, home_region, .. } = &setting.place;
    Asff {
        schema_version: "2018-10-08",
        id: format!("trailseal/{uid}"),
        product_arn: format!("arn:{}:securityhub:{home_region}:{account}:product/{account}/default", place.partition()),
        generator_id: format!("trailseal/{rule}"),
        aws_account_id: account.clone(),
        types: [""],
        created_at: setting.created_at,
        updated_at: setting.updated_at,
        severity,
        title: fit(&title, 256),
        description: fit(&description, 1_024),
        remediation: None,
        product_fields: BTreeMap::new(),
        resources: Vec::new(),
        compliance: None,
        workflow: None,
        record_state: "ACTIVE",
    }
}

/// The longest identifier of a resource.
const LONGEST_ID: usize = 512;

/// The most requirements that a control may be related to.
const MOST_REQUIREMENTS: usize = 32;

/// The most reasons for a status.
const MOST_REASONS: usize = 20;

// -- The form, in the names that it has -------------------------------------------------------------------------------

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Asff {
    schema_version: &'static str,
    id: String,
    product_arn: String,
    generator_id: String,
    aws_account_id: String,
    types: [&'static str; 1],
    created_at: Time,
    updated_at: Time,
    severity: Severities,
    title: String,
    description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    remediation: Option<Remediation>,
    product_fields: BTreeMap<String, String>,
    resources: Vec<Resource>,
    #[serde(skip_serializing_if = "Option::is_none")]
    compliance: Option<Compliance>,
    #[serde(skip_serializing_if = "Option::is_none")]
    workflow: Option<Workflow>,
    record_state: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Severities {
    label: &'static str,
    original: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Remediation {
    recommendation: Recommendation,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Recommendation {
    text: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Resource {
    #[serde(rename = "Type")]
    kind: &'static str,
    id: String,
    partition: &'static str,
    region: String,
    details: Details,
}

#[derive(Serialize)]
enum Details {
    AwsCloudTrailTrail(Trail),
    Other(BTreeMap<String, String>),
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Trail {
    name: String,
    home_region: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Compliance {
    status: &'static str,
    related_requirements: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    status_reasons: Vec<StatusReason>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct StatusReason {
    reason_code: String,
    description: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Workflow {
    status: &'static str,
}
