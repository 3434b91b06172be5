//! OSCAL, the Open Security Controls Assessment Language: an assessment-results document, for tools that gather evidence
//! control by control.
//!
//! An observation for each chain and for each finding; a finding for each control of which the report is direct evidence; an
//! observation for each control that it supports. Every UUID is of what it names, so that the same report gives the same
//! document, and tomorrow's speaks of the same things by the same names.

mod document;
mod markup;

use std::collections::BTreeSet;
use std::io;

use document::{
    AssessmentResults, BackMatter, ControlFinding, ControlSelection, Document, ImportAp, InventoryItem,
    LocalDefinitions, Metadata, Observation, Prop, Related, RelevantEvidence, Resource, ReviewedControls, Selected,
    Status, Subject, Target, TestResult,
};
use markup::{markup, token};

use super::aspect::{Aspect, counts, line, waivers};
use super::json::json_value;
use super::uid;
use crate::controls::{Control, Strength, mapping};
use crate::finding::Finding;
use crate::report::{ChainReport, OneChain, Report, Verdict};
use crate::trail::ChainId;

/// The version of the language.
const VERSION: &str = "1.2.0";

/// Writes the document.
pub fn oscal(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    let request = &report.request;
    // The same evidence looked at at another moment, or with another result, is another document.
    let [end, as_of] = [request.end, request.as_of].map(|time| time.to_string());
    let document = uid::uuid(&["document", &request.source, &end, &as_of, &report.headline()]);
    let plan = uid::uuid(&["plan"]);
    json_value(
        &Document {
            assessment_results: AssessmentResults {
                uuid: document.clone(),
                metadata: Metadata {
                    title: "CloudTrail log file integrity",
                    last_modified: request.as_of,
                    version: as_of,
                    oscal_version: VERSION,
                    props: vec![
                        Prop::new("tool", &report.tool.name),
                        Prop::new("tool-version", &report.tool.version),
                        Prop::new("report-schema", &report.schema),
                        Prop::new("control-mapping", &mapping().version),
                    ],
                },
                import_ap: ImportAp { href: format!("#{plan}") },
                results: [result(report, uid::uuid(&["result", &document]))],
                back_matter: BackMatter {
                    resources: [Resource {
                        uuid: plan,
                        title: "No assessment plan",
                        description: "The program follows no plan that is written in OSCAL: what it was asked for, and what it checked and did not, is in the properties of the result.",
                    }],
                },
            },
        },
        out,
    )
}

fn result(report: &Report, uuid: String) -> TestResult {
    let by_chain = report.by_chain();
    let chains: Vec<Observation> = by_chain.chains.iter().map(|one| of_chain(report, one)).collect();
    let known: BTreeSet<&ChainId> = by_chain.chains.iter().map(|one| &one.id).collect();
    let related = |observations: &[Observation]| -> Vec<Related> {
        observations.iter().map(|observation| Related { observation_uuid: observation.uuid.clone() }).collect()
    };
    let found: Vec<Observation> = report
        .findings
        .iter()
        .zip(uid::findings(report))
        .map(|(finding, uuid)| of_finding(report, finding, uuid, &known))
        .collect();
    let of_all = whole(report);
    let mut evidence = related(std::slice::from_ref(&of_all));
    evidence.extend(related(&chains));
    let counted = report.findings.iter().zip(&found).filter(|(finding, _)| counts(finding));
    evidence.extend(counted.map(|(_, observation)| Related { observation_uuid: observation.uuid.clone() }));
    let (direct, supporting): (Vec<&Control>, Vec<&Control>) =
        mapping().controls.iter().partition(|control| control.strength == Strength::Direct);
    let observations = [of_all].into_iter().chain(chains).chain(found);
    TestResult {
        uuid,
        title: "Integrity of CloudTrail log files",
        description: markup(&report.headline()),
        start: report.request.as_of,
        end: report.request.as_of,
        props: result_props(report),
        local_definitions: Some(LocalDefinitions { inventory_items: report.chains.iter().map(item).collect() })
            .filter(|local| !local.inventory_items.is_empty()),
        reviewed_controls: ReviewedControls {
            control_selections: [ControlSelection {
                description: "The controls of which the report is direct evidence. Identifiers of catalogs that OSCAL does not have are made of the framework's name and the control's.",
                include_controls: direct.iter().map(|control| Selected { control_id: control_id(control) }).collect(),
            }],
        },
        observations: observations.chain(supporting.iter().map(|control| of_support(report, control))).collect(),
        findings: direct.iter().map(|control| of_control(report, control, &evidence)).collect(),
    }
}

fn result_props(report: &Report) -> Vec<Prop> {
    let mut props = vec![
        Prop::new("verdict", &report.verdict.to_string()),
        Prop::new("source", &report.request.source),
        Prop::new("period-start", &report.period().start.to_string()),
        Prop::new("period-end", &report.period().end.to_string()),
        Prop::new("log-files", &report.request.log_files),
    ];
    props.extend(report.checks.performed.iter().map(|check| Prop::new("check-performed", check)));
    props.extend(report.checks.skipped.iter().map(|check| Prop::new("check-skipped", check)));
    props.extend(waivers(report).map(|waiver| Prop::new("waiver", &waiver)));
    props.extend(report.public_keys.iter().map(|key| Prop::new("public-key", &key.fingerprint)));
    props
}

fn item(chain: &ChainReport) -> InventoryItem {
    let id = chain.id();
    InventoryItem {
        uuid: uid::chain(&id),
        description: markup(&format!("The chain of CloudTrail digest files of {id}.")),
        props: vec![
            Prop::new("account-id", &chain.account_id),
            Prop::new("region", &chain.region),
            Prop::new("trail", &chain.trail),
            Prop::new("home-region", &chain.home_region),
            Prop::new("kind", &chain.kind.to_string()),
        ],
    }
}

/// The report as a whole: it is there even where there is no chain and no finding.
fn whole(report: &Report) -> Observation {
    Observation {
        uuid: uid::uuid(&["whole", &report.request.source]),
        title: markup("The report as a whole"),
        description: markup(&report.headline()),
        props: vec![Prop::new("verdict", &report.verdict.to_string())],
        methods: ["TEST"],
        types: ["control-objective"],
        subjects: Vec::new(),
        relevant_evidence: Vec::new(),
        collected: report.request.as_of,
        remarks: None,
    }
}

fn of_chain(report: &Report, one: &OneChain<'_>) -> Observation {
    let OneChain { chain, id, verdict, .. } = one;
    let counts = Aspect::ALL.map(|aspect| format!("{}: {}", aspect.name(), aspect.counts(chain)));
    let mut props = vec![Prop::new("verdict", &verdict.to_string())];
    props.extend(chain.proven_until().map(|until| Prop::new("proven-until", &until.to_string())));
    let newest = chain.newest.iter().map(|newest| RelevantEvidence {
        description: markup(&format!("The newest verified digest file: {}", newest.key)),
        props: vec![Prop::new("key", &newest.key), Prop::new("signature", &newest.signature)],
    });
    Observation {
        uuid: uid::uuid(&["observation of chain", &uid::chain(id)]),
        title: markup(&format!("Chain {id}")),
        description: markup(&format!("{}. {}", one.headline, counts.join("; "))),
        props,
        methods: ["TEST"],
        types: ["control-objective"],
        subjects: vec![Subject { subject_uuid: uid::chain(id), kind: "inventory-item" }],
        relevant_evidence: newest.collect(),
        collected: report.request.as_of,
        remarks: None,
    }
}

fn of_finding(report: &Report, finding: &Finding, uuid: String, known: &BTreeSet<&ChainId>) -> Observation {
    let mut props = vec![
        Prop::new("code", finding.code.name()),
        Prop::new("severity", &finding.severity.to_string()),
        Prop::new("waived", &finding.waived.to_string()),
    ];
    let parts = [
        ("reason", finding.reason.map(|reason| reason.to_string())),
        ("subject", finding.subject.as_ref().map(ToString::to_string)),
        ("start", finding.interval.map(|interval| interval.start.to_string())),
        ("end", finding.interval.map(|interval| interval.end.to_string())),
        ("recorded", finding.recorded.clone()),
        ("computed", finding.computed.clone()),
    ];
    props.extend(parts.into_iter().filter_map(|(name, value)| Some(Prop::new(name, &value?))));
    // Only a chain that the document defines may be referred to.
    let chain = finding.chain.iter().filter(|id| known.contains(id));
    Observation {
        uuid,
        title: markup(finding.code.sentence()),
        description: markup(&line(finding)),
        props,
        methods: ["TEST"],
        types: ["finding"],
        subjects: chain.map(|id| Subject { subject_uuid: uid::chain(id), kind: "inventory-item" }).collect(),
        relevant_evidence: Vec::new(),
        collected: report.request.as_of,
        remarks: Some(markup(finding.code.next_step())),
    }
}

fn of_support(report: &Report, control: &Control) -> Observation {
    Observation {
        uuid: uid::uuid(&["supported control", &control.framework, &control.id, &report.request.source]),
        title: markup(&format!("{} {}: {}", control.framework, control.id, control.title)),
        description: markup(&control.shows),
        props: control_props(control, report.verdict),
        methods: ["TEST"],
        types: ["control-objective"],
        subjects: Vec::new(),
        relevant_evidence: Vec::new(),
        collected: report.request.as_of,
        remarks: Some(markup(&control.does_not_show)),
    }
}

fn of_control(report: &Report, control: &Control, evidence: &[Related]) -> ControlFinding {
    let (state, reason) = match report.verdict {
        // What was not asked for is not satisfied.
        Verdict::Intact if report.is_narrowed() => ("not-satisfied", "other"),
        Verdict::Intact => ("satisfied", "pass"),
        Verdict::NotIntact => ("not-satisfied", "fail"),
        // What could not be shown is not satisfied, and has not failed either.
        Verdict::Inconclusive => ("not-satisfied", "other"),
    };
    ControlFinding {
        uuid: uid::uuid(&["control", &control.framework, &control.id, &report.request.source]),
        title: markup(&format!("{} {}: {}", control.framework, control.id, control.title)),
        description: markup(&control.shows),
        props: control_props(control, report.verdict),
        target: Target {
            kind: "objective-id",
            target_id: control_id(control),
            status: Status {
                state,
                reason,
                remarks: "Whether the log files of the period are proven. Where tampering was detected, the detection has worked, and what it was to protect has not held: how the control stands is for the assessor to say.",
            },
        },
        related_observations: evidence.to_vec(),
        remarks: markup(&control.does_not_show),
    }
}

fn control_props(control: &Control, verdict: Verdict) -> Vec<Prop> {
    vec![
        Prop::new("framework", &control.framework),
        Prop::new("framework-version", &control.framework_version),
        Prop::new("control", &control.id),
        Prop::new("strength", &control.strength.to_string()),
        Prop::new("verdict", &verdict.to_string()),
    ]
}

/// NIST's catalog of SP 800-53 is written in OSCAL, and its identifiers are `au-9` and `au-9.3`. The others are made up.
fn control_id(control: &Control) -> String {
    if control.framework == "NIST SP 800-53" {
        return token(&control.id.to_lowercase().replace('(', ".").replace(')', ""));
    }
    token(&format!("{}-{}", control.framework, control.id).to_lowercase())
}
