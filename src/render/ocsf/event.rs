//! The parts of OCSF's events that are written: attributes in the schema's own names.

use serde::Serialize;

use crate::finding::Finding;

/// A Compliance Finding.
#[derive(Serialize)]
pub(super) struct ComplianceEvent<'a> {
    #[serde(flatten)]
    pub(super) event: Event<'a>,
    pub(super) finding_info: FindingInfo,
    pub(super) compliance: Compliance,
    pub(super) resources: Vec<Resource>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) remediation: Option<Remediation>,
}

/// A Detection Finding.
#[derive(Serialize)]
pub(super) struct DetectionEvent<'a> {
    #[serde(flatten)]
    pub(super) event: Event<'a>,
    pub(super) finding_info: FindingInfo,
    pub(super) is_alert: bool,
    pub(super) confidence_id: u32,
    pub(super) confidence: &'static str,
    pub(super) evidences: Vec<Evidence<'a>>,
    pub(super) remediation: Remediation,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) resources: Vec<Resource>,
}

/// What every event has.
#[derive(Serialize)]
pub(super) struct Event<'a> {
    pub(super) activity_id: u32,
    pub(super) activity_name: &'static str,
    pub(super) category_uid: u32,
    pub(super) category_name: &'static str,
    pub(super) class_uid: u32,
    pub(super) class_name: &'static str,
    pub(super) type_uid: u32,
    pub(super) type_name: String,
    pub(super) time: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) start_time: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) end_time: Option<i64>,
    pub(super) severity_id: u32,
    pub(super) severity: &'static str,
    pub(super) message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) status: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) status_id: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) status_code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) status_detail: Option<String>,
    pub(super) metadata: Metadata<'a>,
    pub(super) cloud: Cloud,
}

/// How bad it is, in both of the schema's spellings.
#[derive(Clone, Copy)]
pub(super) struct Severity {
    pub(super) id: u32,
    pub(super) name: &'static str,
}

impl Severity {
    pub(super) const INFORMATIONAL: Severity = Severity { id: 1, name: "Informational" };
    pub(super) const LOW: Severity = Severity { id: 2, name: "Low" };
    pub(super) const MEDIUM: Severity = Severity { id: 3, name: "Medium" };
    pub(super) const HIGH: Severity = Severity { id: 4, name: "High" };
    pub(super) const CRITICAL: Severity = Severity { id: 5, name: "Critical" };
}

/// What a check came to, in both spellings.
#[derive(Clone, Copy)]
pub(super) struct Status {
    pub(super) id: u32,
    pub(super) name: &'static str,
}

impl Status {
    pub(super) const PASS: Status = Status { id: 1, name: "Pass" };
    pub(super) const WARNING: Status = Status { id: 2, name: "Warning" };
    pub(super) const UNKNOWN: Status = Status { id: 0, name: "Unknown" };
    pub(super) const FAIL: Status = Status { id: 3, name: "Fail" };
}

#[derive(Serialize)]
pub(super) struct Metadata<'a> {
    pub(super) version: &'static str,
    pub(super) uid: String,
    pub(super) log_name: &'a str,
    pub(super) profiles: [&'static str; 1],
    pub(super) product: Product<'a>,
}

#[derive(Serialize)]
pub(super) struct Product<'a> {
    pub(super) name: &'a str,
    pub(super) vendor_name: &'a str,
    pub(super) version: &'a str,
}

#[derive(Serialize)]
pub(super) struct Cloud {
    provider: &'static str,
    account: Account,
    region: String,
}

#[derive(Serialize)]
struct Account {
    uid: String,
    name: String,
    #[serde(rename = "type")]
    kind: &'static str,
    type_id: u32,
}

impl Cloud {
    pub(super) fn aws(account: &str, region: &str) -> Cloud {
        Cloud { provider: "AWS", account: Account::aws(account), region: region.to_owned() }
    }
}

impl Account {
    fn aws(id: &str) -> Account {
        Account { uid: id.to_owned(), name: id.to_owned(), kind: "AWS Account", type_id: 10 }
    }
}

#[derive(Serialize)]
pub(super) struct FindingInfo {
    pub(super) uid: String,
    pub(super) title: String,
    pub(super) desc: String,
    pub(super) created_time: i64,
    pub(super) types: [&'static str; 1],
    pub(super) data_sources: &'static [&'static str],
    pub(super) analytic: Analytic,
}

#[derive(Serialize)]
pub(super) struct Analytic {
    pub(super) uid: &'static str,
    pub(super) name: &'static str,
    pub(super) type_id: u32,
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
}

#[derive(Serialize)]
pub(super) struct Compliance {
    pub(super) control: String,
    pub(super) desc: String,
    pub(super) standards: Vec<String>,
    pub(super) requirements: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) checks: Vec<Check>,
    pub(super) status: &'static str,
    pub(super) status_id: u32,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) status_details: Vec<String>,
}

#[derive(Serialize)]
pub(super) struct Check {
    pub(super) uid: String,
    pub(super) name: &'static str,
    pub(super) desc: String,
    pub(super) status: &'static str,
    pub(super) status_id: u32,
}

#[derive(Serialize)]
pub(super) struct Resource {
    pub(super) uid: String,
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) namespace: Option<String>,
    pub(super) region: String,
    pub(super) cloud_partition: &'static str,
}

/// What a detection stands on: the finding as the report has it, both sides of the comparison in it.
#[derive(Serialize)]
pub(super) struct Evidence<'a> {
    pub(super) name: &'static str,
    pub(super) data: &'a Finding,
}

#[derive(Serialize)]
pub(super) struct Remediation {
    pub(super) desc: String,
}
