//! The rows of CSV, held against the report of the same run: they are what its totals count, one by one, and they name what
//! its findings name.

use std::collections::BTreeMap;

use trailseal::finding::Severity;
use trailseal::render::CSV_COLUMNS;
use trailseal::report::Report;

/// One row, by the names of its columns.
type Row = BTreeMap<String, String>;

/// What is wrong with the rows of this report.
pub(crate) fn against(report: &Report, csv: &[u8]) -> Vec<String> {
    let rows = match rows(csv) {
        Ok(rows) => rows,
        Err(error) => return vec![format!("no CSV: {error}")],
    };
    let mut wrong = Vec::new();
    let (digests, logs) = (report.totals.digests, report.totals.log_files);
    for (kind, status, expected) in [
        ("digest file", "verified", digests.verified),
        ("digest file", "violated", digests.violated),
        ("digest file", "unproven", digests.unproven),
        ("digest file", "not-checked", 0),
        ("digest file", "note", 0),
        ("log file", "verified", logs.verified),
        ("log file", "violated", logs.violated),
        ("log file", "unproven", logs.unproven),
        ("log file", "not-checked", logs.not_checked),
        ("log file", "note", 0),
    ] {
        let found = rows.iter().filter(|row| row["kind"] == kind && row["status"] == status).count() as u64;
        if found != expected {
            wrong.push(format!("{found} rows of {status} {kind}s, and {expected} in the totals"));
        }
    }
    let hashed: u64 =
        rows.iter().filter(|row| row["kind"] == "log file").filter_map(|row| row["bytes"].parse::<u64>().ok()).sum();
    if hashed != report.totals.bytes_hashed {
        wrong.push(format!("{hashed} bytes in the rows, and {} in the totals", report.totals.bytes_hashed));
    }
    for finding in &report.findings {
        let Some(at) = &finding.subject else { continue };
        let code = finding.code.name();
        let names = |row: &&Row| {
            let of_it = is(&row["bucket"], &at.bucket) && is(&row["key"], &at.key);
            of_it && row["codes"].split(';').any(|of_row| of_row == code)
        };
        let Some(row) = rows.iter().find(names) else {
            wrong.push(format!("no row has {code} of {at}"));
            continue;
        };
        if row["waived"].split(';').any(|of_row| of_row == code) != finding.waived {
            wrong.push(format!("whether {code} of {at} is waived: {row:?}"));
        }
    }
    for row in &rows {
        wrong.extend(absurd(row).map(|why| format!("{why}: {row:?}")));
    }
    wrong
}

/// What cannot be true of a row by itself.
fn absurd(row: &Row) -> Option<&'static str> {
    let worst =
        row["codes"].split(';').filter_map(trailseal::finding::Code::from_name).map(|code| code.severity()).min();
    let matches = row["recorded_sha256"] == row["computed_sha256"] && !row["recorded_sha256"].is_empty();
    let listed = !row["recorded_by"].is_empty() && !row["recorded_sha256"].is_empty() && !row["account_id"].is_empty();
    match (row["kind"].as_str(), row["status"].as_str()) {
        ("log file", "verified") if !matches => Some("verified, and the hashes differ"),
        ("log file", _) if !listed => Some("who lists it is not told"),
        (_, "violated") if worst != Some(Severity::Violation) => Some("violated, and no code says so"),
        (_, "unproven") if worst != Some(Severity::Unproven) => Some("unproven, and the codes say otherwise"),
        (_, "violated" | "unproven" | "note" | "not-checked") if row["message"].is_empty() => Some("no word of why"),
        _ => None,
    }
}

/// Whether a cell shows this name. One that would be calculated, or that acts, is shown in another way.
fn is(cell: &str, name: &str) -> bool {
    let plain = name.chars().all(|c| c.is_ascii_graphic() && !matches!(c, '\\' | ';'))
        && !name.starts_with(['=', '+', '-', '@']);
    if plain { cell == name } else { cell.contains('\\') || cell.contains(name) }
}

fn rows(csv: &[u8]) -> Result<Vec<Row>, String> {
    let text = std::str::from_utf8(csv).map_err(|error| error.to_string())?;
    if text.matches('\n').count() != text.matches("\r\n").count() || !text.is_ascii() {
        return Err("a line that does not end in CRLF, or what is not ASCII".to_owned());
    }
    let mut reader = csv::Reader::from_reader(csv);
    if reader.headers().map_err(|error| error.to_string())? != CSV_COLUMNS.to_vec() {
        return Err(format!("columns {:?}", reader.headers()));
    }
    reader.deserialize().collect::<Result<_, _>>().map_err(|error: csv::Error| error.to_string())
}
