//! The parts of OSCAL's assessment-results model that are written, in the model's own names.

use serde::Serialize;

use super::markup::value;
use crate::trail::Time;

/// The namespace of our properties: names without one are OSCAL's own.
const NAMESPACE: &str = "urn:trailseal:oscal";

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Document {
    pub(super) assessment_results: AssessmentResults,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct AssessmentResults {
    pub(super) uuid: String,
    pub(super) metadata: Metadata,
    pub(super) import_ap: ImportAp,
    pub(super) results: [TestResult; 1],
    pub(super) back_matter: BackMatter,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Metadata {
    pub(super) title: &'static str,
    pub(super) last_modified: Time,
    pub(super) version: String,
    pub(super) oscal_version: &'static str,
    pub(super) props: Vec<Prop>,
}

/// A property: never blank, and on one line.
#[derive(Serialize)]
pub(super) struct Prop {
    name: &'static str,
    ns: &'static str,
    value: String,
}

impl Prop {
    pub(super) fn new(name: &'static str, text: &str) -> Prop {
        Prop { name, ns: NAMESPACE, value: value(text) }
    }
}

#[derive(Serialize)]
pub(super) struct ImportAp {
    pub(super) href: String,
}

#[derive(Serialize)]
pub(super) struct BackMatter {
    pub(super) resources: [Resource; 1],
}

#[derive(Serialize)]
pub(super) struct Resource {
    pub(super) uuid: String,
    pub(super) title: &'static str,
    pub(super) description: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct TestResult {
    pub(super) uuid: String,
    pub(super) title: &'static str,
    pub(super) description: String,
    pub(super) start: Time,
    pub(super) end: Time,
    pub(super) props: Vec<Prop>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) local_definitions: Option<LocalDefinitions>,
    pub(super) reviewed_controls: ReviewedControls,
    pub(super) observations: Vec<Observation>,
    pub(super) findings: Vec<ControlFinding>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct LocalDefinitions {
    pub(super) inventory_items: Vec<InventoryItem>,
}

#[derive(Serialize)]
pub(super) struct InventoryItem {
    pub(super) uuid: String,
    pub(super) description: String,
    pub(super) props: Vec<Prop>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct ReviewedControls {
    pub(super) control_selections: [ControlSelection; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct ControlSelection {
    pub(super) description: &'static str,
    pub(super) include_controls: Vec<Selected>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Selected {
    pub(super) control_id: String,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Observation {
    pub(super) uuid: String,
    pub(super) title: String,
    pub(super) description: String,
    pub(super) props: Vec<Prop>,
    pub(super) methods: [&'static str; 1],
    pub(super) types: [&'static str; 1],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) subjects: Vec<Subject>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) relevant_evidence: Vec<RelevantEvidence>,
    pub(super) collected: Time,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) remarks: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Subject {
    pub(super) subject_uuid: String,
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
}

#[derive(Serialize)]
pub(super) struct RelevantEvidence {
    pub(super) description: String,
    pub(super) props: Vec<Prop>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct ControlFinding {
    pub(super) uuid: String,
    pub(super) title: String,
    pub(super) description: String,
    pub(super) props: Vec<Prop>,
    pub(super) target: Target,
    pub(super) related_observations: Vec<Related>,
    pub(super) remarks: String,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Target {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) target_id: String,
    pub(super) status: Status,
}

#[derive(Serialize)]
pub(super) struct Status {
    pub(super) state: &'static str,
    pub(super) reason: &'static str,
    pub(super) remarks: &'static str,
}

#[derive(Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Related {
    pub(super) observation_uuid: String,
}
