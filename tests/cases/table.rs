//! The form of a case: what is told of it, and the folder that holds it.

use std::fs;
use std::io;
use std::path::Path;

use serde::Deserialize;
use trailseal::simulate::{DirectorySink, PublicKeyList, Sink};

use super::stage::{End, Keys, Stage};

/// One lie, or one honest oddity that must not be taken for a lie.
pub(crate) struct Lie {
    /// The folder's name.
    pub(crate) name: &'static str,
    /// `intact`, `not-intact`, `inconclusive`, or `none` where the run cannot proceed.
    pub(crate) verdict: &'static str,
    /// The codes of the violations and of what is unproven.
    pub(crate) expect: &'static [&'static str],
    /// The codes of the notes.
    pub(crate) notes: &'static [&'static str],
    /// What the attacker did, and why the verdict is right.
    pub(crate) comment: &'static str,
    /// Makes the evidence.
    pub(crate) stage: fn() -> Stage,
}

/// `case.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct CaseFile {
    pub(crate) comment: String,
    pub(crate) verdict: String,
    pub(crate) expect: Vec<String>,
    #[serde(default)]
    pub(crate) notes: Vec<String>,
    #[serde(default)]
    pub(crate) arguments: Vec<String>,
    pub(crate) now: String,
    #[serde(default = "shared_keys")]
    pub(crate) public_keys: PublicKeysGiven,
    #[serde(default)]
    pub(crate) subjects: Vec<String>,
    pub(crate) holes: Option<Vec<HoleRow>>,
}

/// `public-keys` of `case.toml`.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum PublicKeysGiven {
    /// A file, from the case's folder.
    File(String),
    /// `false`: none.
    Given(bool),
}

/// One of `holes`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HoleRow {
    pub(crate) start: String,
    pub(crate) end: String,
    pub(crate) reason: String,
}

fn shared_keys() -> PublicKeysGiven {
    PublicKeysGiven::File(SHARED_KEYS.to_owned())
}

impl Lie {
    /// Writes the case's folder.
    pub(crate) fn write(&self, folder: &Path) -> io::Result<()> {
        let stage = (self.stage)();
        fs::create_dir_all(folder)?;
        fs::write(folder.join("case.toml"), self.case_toml(&stage))?;
        if let Keys::Own(name, keys) = &stage.keys {
            write_keys(&folder.join(name), keys)?;
        }
        for (name, bytes) in &stage.beside {
            fs::write(folder.join(name), bytes)?;
        }
        for (bucket, objects) in &stage.other_buckets {
            write_objects(&folder.join(bucket), bucket, objects.values(), &stage)?;
        }
        write_objects(&folder.join("evidence"), &stage.bucket, stage.objects.values(), &stage)
    }

    fn case_toml(&self, stage: &Stage) -> String {
        let mut toml = format!("comment = \"\"\"\n{}\"\"\"\n", wrapped(self.comment));
        toml += &format!("verdict = {}\nexpect = {}\n", quoted(self.verdict), list(self.expect));
        if !self.notes.is_empty() {
            toml += &format!("notes = {}\n", list(self.notes));
        }
        let mut arguments = stage.arguments.clone();
        let end = match stage.end {
            Some(End::NotGiven) => None,
            Some(End::At(end)) => Some(end),
            None => Some(stage.interval.end),
        };
        arguments.extend(end.into_iter().flat_map(|end| ["--end-time".to_owned(), end.to_string()]));
        toml += &format!("arguments = {}\n", list(&arguments));
        toml += &format!("now = {}\n", quoted(&stage.now.unwrap_or(stage.taken_at).to_string()));
        toml += &match stage.keys {
            Keys::Shared => String::new(),
            Keys::NotGiven => "public-keys = false\n".to_owned(),
            Keys::Own(name, _) | Keys::At(name) => format!("public-keys = {}\n", quoted(name)),
        };
        if !stage.subjects.is_empty() {
            toml += &format!("subjects = {}\n", list(&stage.subjects));
        }
        for hole in &stage.holes {
            let (start, end) = (hole.interval.start.to_string(), hole.interval.end.to_string());
            toml += &format!(
                "\n[[holes]]\nstart = {}\nend = {}\nreason = {}\n",
                quoted(&start),
                quoted(&end),
                quoted(hole.reason)
            );
        }
        toml
    }
}

fn write_objects<'o>(
    folder: &Path,
    bucket: &str,
    objects: impl Iterator<Item = &'o trailseal::simulate::SimulatedObject>,
    stage: &Stage,
) -> io::Result<()> {
    let sink = DirectorySink::create(folder)?;
    objects.cloned().try_for_each(|object| sink.put(object))?;
    sink.finish_with(bucket, stage.interval, stage.taken_at, &stage.keys_beside)?;
    match stage.keys {
        _ if stage.plain => fs::remove_dir_all(folder.join(".trailseal")),
        Keys::NotGiven | Keys::At(_) => Ok(()),
        // Nobody looks at them, and there are many cases.
        Keys::Shared | Keys::Own(..) => fs::remove_file(folder.join(".trailseal/public-keys.json")),
    }
}

/// Writes a `ListPublicKeys` response.
pub(crate) fn write_keys(path: &Path, keys: &PublicKeyList) -> io::Result<()> {
    fs::write(path, serde_json::to_string_pretty(keys)? + "\n")
}

fn wrapped(text: &str) -> String {
    let mut lines = String::new();
    let mut width = 0;
    for word in text.split_whitespace() {
        let gap = if lines.is_empty() {
            ""
        } else if width + word.len() > 118 {
            width = 0;
            "\n"
        } else {
            " "
        };
        lines += gap;
        lines += word;
        width += word.len() + 1;
    }
    lines + "\n"
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn list(texts: &[impl AsRef<str>]) -> String {
    let texts: Vec<String> = texts.iter().map(|text| quoted(text.as_ref())).collect();
    format!("[{}]", texts.join(", "))
}

/// The key file of most cases, from a case's folder.
pub(crate) const SHARED_KEYS: &str = "../public-keys.json";
