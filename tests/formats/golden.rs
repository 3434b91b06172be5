//! Every byte of small reports: whoever changes a form sees what its consumers will.
//!
//! `TRAILSEAL_BLESS=1 cargo test --test formats` writes the snapshots anew.

use trailseal::finding::{Code, Finding};
use trailseal::report::Report;

use crate::{FORMS, form, rendered, sample};

/// Nothing found at all.
pub(crate) fn nothing() -> Report {
    let finding = Finding::new(Code::NothingFound, "no digest file was found in s3://audit-logs");
    sample::conclude(sample::request(24), Vec::new(), vec![finding], "")
}

/// One chain, proven.
pub(crate) fn intact() -> Report {
    sample::conclude(sample::request(24), vec![sample::whole("111122223333", "us-east-1", 24)], Vec::new(), "")
}

#[test]
fn every_form_is_as_its_snapshot() {
    let everything = sample::everything();
    for form in ["ocsf", "asff", "junit", "oscal", "prometheus", "csv"] {
        sample::snapshot(&format!("everything.{form}"), &crate::form(form, &everything));
    }
    for form in ["ocsf", "asff", "junit"] {
        sample::snapshot(&format!("intact.{form}"), &crate::form(form, &intact()));
    }
    sample::snapshot("nothing.junit", &form("junit", &nothing()));
}

#[test]
fn a_report_that_is_read_back_renders_the_same() {
    for report in [sample::everything(), intact(), nothing()] {
        let saved = Report::parse(form("json", &report).as_bytes()).unwrap();
        for (name, render) in FORMS {
            assert_eq!(rendered(render, &report), rendered(render, &saved), "{name}");
        }
    }
}

#[test]
fn forms_tell_the_reports_verdict_and_counts() {
    for report in [sample::everything(), intact(), nothing()] {
        let verdict = report.verdict.to_string();
        assert!(form("prometheus", &report).contains(&format!("trailseal_verdict{{verdict=\"{verdict}\"}} 1\n")));
        for name in ["junit", "oscal"] {
            assert!(form(name, &report).contains(&verdict), "{name}");
        }
    }
    let numbers = form("prometheus", &sample::everything());
    let chain = "account_id=\"111122223333\",region=\"us-east-1\",trail=\"management\",home_region=\"us-east-1\",kind=\"standard\"";
    for line in [
        format!("trailseal_log_files{{{chain},state=\"verified\"}} 227\n"),
        format!("trailseal_log_files{{{chain},state=\"violated\"}} 1\n"),
        format!("trailseal_digests{{{chain},state=\"verified\"}} 23\n"),
        format!("trailseal_hole_seconds{{{chain},reason=\"digest-lost\"}} 3600\n"),
        format!("trailseal_proven_seconds{{{chain}}} 82800\n"),
        format!("trailseal_proven_until_timestamp_seconds{{{chain}}} {}\n", sample::hour(24).unix()),
        "trailseal_findings{code=\"log-unlisted\",severity=\"unproven\",waived=\"true\"} 1\n".to_owned(),
        "trailseal_findings{code=\"log-unlisted\",severity=\"unproven\",waived=\"false\"} 0\n".to_owned(),
    ] {
        assert!(numbers.contains(&line), "{line}{numbers}");
    }
}
