//! in-toto Statement v1: which files, by their SHA-256, something is said of.
//!
//! <https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md>

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::limits::{ENVELOPE_BYTES, NAME_BYTES, STATEMENT_SUBJECTS};

use super::json::{self, JsonError};

/// What every in-toto statement says that it is.
pub const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";

/// What kind of statement trailseal makes of a bundle. A name must be a URI; this project owns no domain that it could
/// claim one in, and `urn:uuid:` needs no registration. The fragment says in words what it is.
pub const PREDICATE_TYPE: &str = "urn:uuid:97ef697b-b480-46b1-af82-f8e81c76b2fc#trailseal-evidence-bundle-v1";

/// What is signed: files, and what is said of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    subjects: Vec<Subject>,
    predicate: Value,
}

/// A file that a statement is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// Its name in the bundle. Untrusted text: it is no path until somebody has checked that.
    pub name: String,
    /// SHA-256 of its bytes.
    pub sha256: [u8; 32],
}

/// Why there is no such statement.
#[derive(Debug, thiserror::Error)]
pub enum StatementError {
    /// Not JSON that means one thing.
    #[error("the statement cannot be read: {0}; obtain the envelope again from whoever signed it")]
    Json(#[from] JsonError),
    /// Another kind of statement, which the same key may well have signed.
    #[error(
        "it states something else than a bundle does: its {name} is `{found}`, and not `{expected}`; name the envelope of a bundle"
    )]
    Kind {
        /// Which field says so.
        name: &'static str,
        /// What it says.
        found: String,
        /// What it should say.
        expected: &'static str,
    },
    /// JSON, and no statement.
    #[error("it is no in-toto statement: {0}; obtain the envelope again from whoever signed it")]
    Shape(String),
}

impl Statement {
    /// A statement about files. They must be some, each named once.
    pub fn new(subjects: Vec<Subject>, predicate: Value) -> Result<Statement, StatementError> {
        if subjects.is_empty() || subjects.len() > STATEMENT_SUBJECTS {
            return Err(shape(format_args!("it is about {} files, not 1 to {STATEMENT_SUBJECTS}", subjects.len())));
        }
        let mut names = BTreeSet::new();
        for subject in &subjects {
            if subject.name.is_empty() || subject.name.len() > NAME_BYTES {
                return Err(shape(format_args!("the name of a file has {} bytes", subject.name.len())));
            }
            if !names.insert(subject.name.as_str()) {
                return Err(shape("it names a file twice"));
            }
        }
        if !json::is_shallow(&predicate, 1) {
            return Err(shape("its predicate is nested too deeply"));
        }
        Ok(Statement { subjects, predicate })
    }

    /// The files.
    pub fn subjects(&self) -> &[Subject] {
        &self.subjects
    }

    /// What is said of them.
    pub fn predicate(&self) -> &Value {
        &self.predicate
    }

    /// Writes it: the same statement, the same bytes.
    pub fn to_json(&self) -> Vec<u8> {
        let subject = |one: &Subject| json!({"name": one.name, "digest": {"sha256": hex::encode(one.sha256)}});
        let statement = json!({
            "_type": STATEMENT_TYPE,
            "subject": self.subjects.iter().map(subject).collect::<Vec<_>>(),
            "predicateType": PREDICATE_TYPE,
            "predicate": self.predicate,
        });
        statement.to_string().into_bytes()
    }

    /// Reads one. Fields that the specification does not name are passed over, as it demands.
    pub fn parse(bytes: &[u8]) -> Result<Statement, StatementError> {
        let mut value = json::parse(bytes, ENVELOPE_BYTES)?;
        let Some(statement) = value.as_object_mut() else { return Err(shape("it is no object")) };
        kind(statement, "_type", STATEMENT_TYPE)?;
        kind(statement, "predicateType", PREDICATE_TYPE)?;
        let predicate = statement.remove("predicate").unwrap_or(Value::Null);
        let subjects = statement.get("subject").and_then(Value::as_array);
        let subjects = subjects.ok_or_else(|| shape("it has no list `subject`"))?;
        let subjects = subjects.iter().map(subject).collect::<Result<_, _>>()?;
        Statement::new(subjects, predicate)
    }
}

fn kind(statement: &Map<String, Value>, name: &'static str, expected: &'static str) -> Result<(), StatementError> {
    let found = statement.get(name).and_then(Value::as_str);
    let found = found.ok_or_else(|| shape(format_args!("it has no text `{name}`")))?;
    if found == expected {
        return Ok(());
    }
    Err(StatementError::Kind { name, found: found.chars().take(200).collect(), expected })
}

fn subject(value: &Value) -> Result<Subject, StatementError> {
    let name = value.get("name").and_then(Value::as_str).ok_or_else(|| shape("a file has no name"))?;
    let hash = value.get("digest").and_then(|digest| digest.get("sha256")).and_then(Value::as_str).unwrap_or_default();
    let mut sha256 = [0; 32];
    // Lowercase alone, so that one hash has one spelling.
    if hash.bytes().any(|byte| byte.is_ascii_uppercase()) || hex::decode_to_slice(hash, &mut sha256).is_err() {
        return Err(shape("a file has no SHA-256 in lowercase hex"));
    }
    Ok(Subject { name: name.to_owned(), sha256 })
}

fn shape(what: impl ToString) -> StatementError {
    StatementError::Shape(what.to_string())
}
