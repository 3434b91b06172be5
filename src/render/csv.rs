//! CSV for spreadsheets (RFC 4180): one row for each object that was checked.
//!
//! What it shows is not in the report, which would grow with the bucket: rows are written one by one, as they come.
//!
//! A name in a bucket is chosen by whoever may write to it, and a spreadsheet calculates what begins like a formula. So
//! nothing does; and it is all ASCII, for a spreadsheet takes a file for what its own country writes.

use std::borrow::Cow;
use std::io;

use super::escape::{LONGEST_NAME, LONGEST_SENTENCE, ascii, bounded};
use crate::finding::Code;
use crate::report::CheckedObject;
use crate::trail::{ChainId, Time};

/// Writes rows, in the order in which it is given them.
pub struct CsvTable<'a>(csv::Writer<&'a mut dyn io::Write>);

impl<'a> CsvTable<'a> {
    /// Begins with the names of the columns.
    pub fn new(out: &'a mut dyn io::Write) -> io::Result<CsvTable<'a>> {
        let mut table = CsvTable(csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out));
        table.0.write_record(CSV_COLUMNS)?;
        Ok(table)
    }

    /// One row.
    pub fn row(&mut self, object: &CheckedObject) -> io::Result<()> {
        let chain = object.chain.as_ref();
        let kind = chain.map(|chain| chain.kind.to_string());
        let time = |time: Time| Cow::Owned(time.to_string());
        let of_chain = |field: fn(&ChainId) -> &String| name(chain.map(|chain| field(chain).as_str()));
        let fields: [Cow<'_, str>; CSV_COLUMNS.len()] = [
            object.kind.name().into(),
            object.status.name().into(),
            of_chain(|chain| &chain.account_id),
            of_chain(|chain| &chain.region),
            of_chain(|chain| &chain.trail),
            of_chain(|chain| &chain.home_region),
            kind.unwrap_or_default().into(),
            name(Some(&object.at.bucket)),
            name(Some(&object.at.key)),
            object.interval.map(|interval| time(interval.start)).unwrap_or_default(),
            object.interval.map(|interval| time(interval.end)).unwrap_or_default(),
            name(object.recorded.as_deref()),
            name(object.computed.as_deref()),
            object.bytes.map(|bytes| bytes.to_string()).unwrap_or_default().into(),
            codes(&object.codes).into(),
            codes(&object.waived).into(),
            name(object.recorded_by.as_deref()),
            cell(bounded(&object.message, LONGEST_SENTENCE)),
        ];
        Ok(self.0.write_record(fields.iter().map(|field| field.as_bytes()))?)
    }

    /// Sees to it that all of it is written.
    pub fn finish(mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// The columns.
pub const CSV_COLUMNS: [&str; 18] = [
    "kind",
    "status",
    "account_id",
    "region",
    "trail",
    "home_region",
    "chain_kind",
    "bucket",
    "key",
    "start",
    "end",
    "recorded_sha256",
    "computed_sha256",
    "bytes",
    "codes",
    "waived",
    "recorded_by",
    "message",
];

/// What is there, as a cell.
fn name(text: Option<&str>) -> Cow<'_, str> {
    cell(bounded(text.unwrap_or_default(), LONGEST_NAME))
}

fn codes(codes: &[Code]) -> String {
    codes.iter().map(|code| code.name()).collect::<Vec<_>>().join(";")
}

/// The text so that no spreadsheet calculates it. Where the comma is the decimal point, a semicolon parts cells, and what
/// comes after one begins a cell: outside of prose it is escaped.
fn cell(text: Cow<'_, str>) -> Cow<'_, str> {
    let formula = text.starts_with(['=', '+', '-', '@']);
    // So are nearly all of them, and they are many.
    if !formula && text.bytes().all(|byte| matches!(byte, b' '..=b'~') && !matches!(byte, b';' | b'\\')) {
        return text;
    }
    let shown = ascii(&text);
    let mut safe = String::from(if formula { "'" } else { "" });
    let mut rest = shown.chars();
    while let Some(c) = rest.next() {
        if c == ';' && !begins_a_clause(rest.as_str()) {
            safe.extend(c.escape_unicode());
        } else {
            safe.push(c);
        }
    }
    Cow::Owned(safe)
}

/// Whether this goes on as a sentence does after a semicolon.
fn begins_a_clause(rest: &str) -> bool {
    rest.strip_prefix(' ').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphabetic()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{ObjectKind, ObjectStatus};
    use crate::trail::{ChainKind, ObjectLocation};

    #[test]
    fn no_cell_is_calculated() {
        for (text, shown) in [
            ("AWSLogs/111122223333/a-b=c+d@e.json.gz", "AWSLogs/111122223333/a-b=c+d@e.json.gz"),
            ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@SUM(1)", "'@SUM(1)"),
            ("\t=1", "\\u{9}=1"),
            ("\r=1", "\\u{d}=1"),
            ("\n=1", "\\u{a}=1"),
            ("\u{ff1d}1", "\\u{ff1d}1"),
            ("'=1", "'=1"),
            ("a;=1", "a\\u{3b}=1"),
            ("a; =1", "a\\u{3b} =1"),
            ("a;\"=1\"", "a\\u{3b}\"=1\""),
            ("gone; the digest names it;", "gone; the digest names it\\u{3b}"),
            ("\u{e9}\u{1b}[2J\\", "\\u{e9}\\u{1b}[2J\\\\"),
        ] {
            assert_eq!(cell(text.into()), shown, "{text}");
        }
    }

    #[test]
    fn what_is_written_is_read_back_by_the_rules_of_rfc_4180() {
        let chain = ChainId {
            account_id: "111122223333".into(),
            region: "us-east-1".into(),
            trail: "a,\"b\"".into(),
            home_region: "-".into(),
            kind: ChainKind::Backfill,
        };
        let at = ObjectLocation::new("b", "=k\r\n\"x\",'y'");
        let object = CheckedObject {
            chain: Some(chain),
            codes: vec![Code::LogMissing, Code::LogListedTwice],
            bytes: Some(7),
            ..CheckedObject::new(ObjectKind::LogFile, ObjectStatus::NotChecked, at)
        };
        let mut out = Vec::new();
        let mut table = CsvTable::new(&mut out).unwrap();
        table.row(&object).unwrap();
        table.finish().unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!((text.matches("\r\n").count(), text.lines().count()), (2, 2), "{text}");
        let mut reader = csv::ReaderBuilder::new().from_reader(text.as_bytes());
        assert_eq!(reader.headers().unwrap(), CSV_COLUMNS.to_vec());
        let row = reader.records().next().unwrap().unwrap();
        let named = |column: &str| row.get(CSV_COLUMNS.iter().position(|name| *name == column).unwrap()).unwrap();
        for (column, value) in [
            ("kind", "log file"),
            ("status", "not-checked"),
            ("trail", "a,\"b\""),
            ("home_region", "'-"),
            ("chain_kind", "backfill"),
            ("key", "'=k\\u{d}\\u{a}\"x\",'y'"),
            ("bytes", "7"),
            ("codes", "log-missing;log-listed-twice"),
            ("start", ""),
        ] {
            assert_eq!(named(column), value, "{column}");
        }
    }
}
