//! Holds `docs/report.schema.json` against the code: what can be said, and what is said. Whether every case is valid by it,
//! the consumers' own validator says (see `consumers`).

use serde_json::Value;
use trailseal::finding::{Code, Reason, Severity};
use trailseal::report::SCHEMA;

use crate::{form, sample};

fn schema() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/report.schema.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn names(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect()
}

#[test]
fn it_knows_every_code_severity_and_reason() {
    let schema = schema();
    let of = |name: &str| names(&schema["$defs"][name]["enum"]);
    assert_eq!(of("code"), Code::ALL.iter().map(|code| code.name()).collect::<Vec<_>>());
    assert_eq!(of("reason"), Reason::ALL.iter().map(|reason| reason.name()).collect::<Vec<_>>());
    let rules = schema["$defs"]["finding"]["allOf"].as_array().unwrap();
    for (severity, rule) in [Severity::Violation, Severity::Unproven, Severity::Note].iter().zip(rules) {
        let codes = Code::ALL.iter().filter(|code| code.severity() == *severity).map(|code| code.name());
        assert_eq!(names(&rule["if"]["properties"]["code"]["enum"]), codes.collect::<Vec<_>>());
        assert_eq!(rule["then"]["properties"]["severity"]["const"], severity.to_string());
    }
    assert_eq!(schema["$defs"]["last-line"]["properties"]["schema"]["const"], SCHEMA);
}

/// Follows a report and its schema together: every key that is written is known, and every key that is known is written.
#[test]
fn it_knows_every_key_and_no_other() {
    let schema = schema();
    let mut report = sample::everything();
    // Of everything there is, this alone is there only where less was asked for.
    report.request.named_log_files = vec!["a/key".to_owned()];
    report.request.s3_prefix = Some("a/".to_owned());
    report.request.delivered_to = Some("a-bucket".to_owned());
    let report: Value = serde_json::from_str(&form("json", &report)).unwrap();
    let mut top = report.as_object().unwrap().clone();
    let findings = top.remove("findings").unwrap();
    same_keys(&schema, &schema["$defs"]["last-line"], &Value::Object(top), "report");
    for finding in findings.as_array().unwrap() {
        same_keys(&schema, &schema["$defs"]["finding"], finding, "finding");
    }
    assert_eq!(names(&schema["required"]), ["findings"]);
}

pub(crate) fn same_keys(root: &Value, at: &Value, value: &Value, path: &str) {
    let at = referred(root, at);
    match value {
        Value::Null => {}
        Value::Array(items) => items.iter().for_each(|item| same_keys(root, &at["items"], item, path)),
        Value::Object(members) => {
            let at = if at["anyOf"].is_array() { &at["anyOf"][0] } else { at };
            let at = referred(root, at);
            let known = at["properties"].as_object().unwrap_or_else(|| panic!("{path} is no object there"));
            for (key, inner) in members {
                let of = known.get(key).unwrap_or_else(|| panic!("{path}.{key} is not in the schema"));
                same_keys(root, of, inner, &format!("{path}.{key}"));
            }
            for key in known.keys() {
                assert!(members.contains_key(key), "{path}.{key} is in the schema alone");
            }
        }
        _ => {}
    }
}

/// What a reference within the schema leads to; one to another schema leads nowhere here.
fn referred<'a>(root: &'a Value, at: &'a Value) -> &'a Value {
    match at["$ref"].as_str().and_then(|reference| reference.strip_prefix('#')) {
        Some(reference) => root.pointer(reference).unwrap(),
        None => at,
    }
}
