//! A bundle that is looked at again: asked what it was made of, and held against its own manifest and report.

use std::collections::BTreeSet;
use std::io::Write;

use super::Failure;
use super::ask::AuditArgs;
use super::evidence::{Opened, REPORT_BYTES, now};
use crate::audit::{AuditRequest, Evidence, LogFiles};
use crate::bundle::{self, Bundle, Checked, HasItsPlace, IncludeLogs, Vouched};
use crate::finding::{Code, Finding, Severity};
use crate::limits::Limits;
use crate::render::{self, HtmlOptions};
use crate::report::{PublicKeyReport, Report, Waivers};
use crate::trail::Interval;

/// What is asked of a bundle, and what there is to hold the answer against.
pub(super) struct Unpacked {
    bundle: std::sync::Arc<Bundle>,
    vouched: Option<Result<Vouched, Box<Finding>>>,
    /// Whether it is asked the same as when it was made; no more is compared otherwise.
    replayed: bool,
    /// The waivers that were given, which the caller answers for.
    given: Waivers,
    /// Those in the bundle, which are no more to be trusted than it.
    packed: Option<(String, Waivers)>,
}

impl Unpacked {
    /// Asks the evidence in a bundle what was asked when it was made, unless something else is asked for by name. Where the
    /// source is no bundle, there is nothing to unpack.
    pub(super) fn ask(
        opened: &mut Opened,
        named: bool,
        args: &AuditArgs,
        request: &mut AuditRequest,
    ) -> Result<Option<Unpacked>, Failure> {
        let Some(bundle) = opened.bundle.clone() else { return Ok(None) };
        let replayed = !named && !args.names_something();
        if !replayed && request.select.named.is_empty() && bundle.holds_named_alone() {
            return Err(Failure::told(format!(
                "{} holds log files that were asked for by name and what proves them, and nothing else: leave out whatever \
                 asks for more than these, or ask the source that it was made of",
                bundle.archive.path().display()
            )));
        }
        let mut unpacked =
            Unpacked { vouched: opened.vouched.take(), replayed, given: Waivers::default(), packed: None, bundle };
        if replayed {
            opened.evidence = unpacked.replay(request)?;
        }
        Ok(Some(unpacked))
    }

    /// The bundle that one log file in it is looked at in; none where the source is no bundle.
    pub(super) fn of(opened: &mut Opened) -> Option<Unpacked> {
        let (bundle, vouched) = (opened.bundle.clone()?, opened.vouched.take());
        Some(Unpacked { bundle, vouched, replayed: false, given: Waivers::default(), packed: None })
    }

    fn replay(&mut self, request: &mut AuditRequest) -> Result<Evidence, Failure> {
        let bundle = &self.bundle;
        let wrong = |why: String| Failure::told(bundle.unreadable(why));
        bundle.request.ask(request).map_err(wrong)?;
        if self.lacks_logs() {
            request.log_files = LogFiles::Listing;
        }
        let text = bundle.waivers(&request.limits).map_err(Failure::told)?;
        let packed = text.map(|text| Waivers::parse(&text).map(|waivers| (text, waivers))).transpose();
        self.packed = packed.map_err(|error| wrong(error.to_string()))?;
        // What is accepted is decided when it is known what there is.
        self.given = std::mem::take(&mut request.waivers);
        Ok(self.bundle.replayed())
    }

    /// Adds to a report on the evidence what is found of the bundle that it lies in; what was added.
    pub(super) fn check(self, report: &mut Report) -> Vec<Finding> {
        let told = self.told_of_logs();
        let has_its_place = |key: &str| told.contains(key);
        let whole = self.replayed && !report.is_partial();
        let place: HasItsPlace<'_> = if whole { Some(&has_its_place) } else { None };
        let of_the_evidence = report.clone();
        let Checked { mut findings, files, skipped } = bundle::check_files(&self.bundle, place);
        report.checks.performed.push(format!("the {files} files of the bundle against its manifest"));
        // Where files are not those that were packed, nothing is made of them, and that is told.
        if findings.is_empty() {
            report.checks.performed.push("what is made of the evidence in the bundle, made again".to_owned());
        }
        report.checks.skipped.extend(skipped);
        findings.extend(self.signature(report));
        if self.replayed && !report.is_partial() {
            let (differ, not_read_again) = self.compare(of_the_evidence, report);
            findings.extend(differ);
            // Before waivers are applied: they were given for what is said in it.
            report.also(not_read_again);
        } else {
            let why = if self.replayed { "the run was interrupted" } else { "something else was asked for" };
            report.checks.skipped.push(format!("the report in the bundle against its evidence: {why}"));
        }
        if self.replayed {
            self.accept(report);
            findings.extend(asked_by_the_bundle(report));
        }
        report.also(findings.clone());
        findings
    }

    fn signature(&self, report: &mut Report) -> Option<Finding> {
        match &self.vouched {
            Some(Ok(Vouched { by, since })) => {
                let since = match since {
                    None => "nobody was named to say when".to_owned(),
                    Some(since) => format!("time-stamped {since}"),
                };
                report.checks.performed.push(format!("the signature of the bundle, by {}; {since}", by.join(" and ")));
                None
            }
            Some(Err(finding)) => Some((**finding).clone()),
            None => {
                let why = match bundle::is_signed(&self.bundle.archive) {
                    true => "it is signed, and nobody was named with --signer",
                    false => "it is not signed",
                };
                report.checks.skipped.push(format!("who vouches for the bundle: {why}"));
                bundle::check_unnamed(&self.bundle.archive).err().map(|finding| *finding)
            }
        }
    }

    /// Applies the waivers that the caller answers for: those given, judged by the clock, for the bundle itself says as of when
    /// it is looked at; else those in the bundle, if a signer who was named vouches for it.
    fn accept(&self, report: &mut Report) {
        match &self.packed {
            _ if !self.given.is_empty() => report.waive(&self.given, now()),
            Some((_, packed)) if self.is_vouched() => report.waive(packed, report.request.as_of),
            Some(_) => report.checks.skipped.push(
                "the waivers in the bundle were not applied: whoever can alter it can add some; give your own with --waivers"
                    .to_owned(),
            ),
            None => {}
        }
    }

    /// The waiver file in the bundle, where what it accepts counts.
    pub(super) fn accepted(&self) -> Option<String> {
        self.packed.as_ref().filter(|_| self.is_vouched()).map(|(text, _)| text.clone())
    }

    fn is_vouched(&self) -> bool {
        self.vouched.as_ref().is_some_and(Result::is_ok)
    }

    /// What differs, and what the report in the bundle says of log files that were not read again.
    fn compare(&self, mut as_packed: Report, report: &mut Report) -> (Vec<Finding>, Vec<Finding>) {
        let unreadable = |why: String| {
            let about = format!("{} in the bundle is no report that can be read: {why}", bundle::REPORT);
            (vec![Finding::new(Code::BundleReportDiffers, about)], Vec::new())
        };
        let (text, packed) = match self.bundle.packed_report(REPORT_BYTES) {
            Err(why) => return unreadable(why),
            Ok(text) => match Report::parse(&text) {
                Err(error) => return unreadable(error.to_string()),
                Ok(packed) => (text, packed),
            },
        };
        as_packed.waive(self.packed.as_ref().map_or(&Waivers::default(), |(_, waivers)| waivers), report.request.as_of);
        let with_logs = !self.lacks_logs();
        report.checks.performed.push(match with_logs {
            true => "the report in the bundle against its evidence".to_owned(),
            false => "the report in the bundle against its digest files".to_owned(),
        });
        if !with_logs {
            let kept = if self.bundle.request.include_logs == IncludeLogs::None { "no" } else { "not all" };
            let why = format!("the report in the bundle against its log files: {kept} log files are in the bundle");
            report.checks.skipped.push(why);
        }
        if packed.tool != Report::tool() {
            let why = format!(
                "the words and the notes of the report in the bundle: trailseal {} made it",
                packed.tool.version
            );
            report.checks.skipped.push(why);
        }
        let differs = bundle::differences(&packed, &as_packed, with_logs);
        let page = self.compare_page(&packed, report);
        let differs = differs.into_iter().chain(self.compare_words(&packed, &text)).chain(page).collect();
        (differs, if with_logs { Vec::new() } else { said_of_logs(packed, report) })
    }

    /// What the evidence does not tell: that there is nothing else in the report, and what is told beside it in the bundle.
    fn compare_words(&self, packed: &Report, text: &[u8]) -> Option<Finding> {
        if packed.tool != Report::tool() {
            return None;
        }
        let mut again = Vec::new();
        let keys = self.bundle.keys(&Limits::default()).unwrap_or_default();
        let key_differs = |key: &PublicKeyReport| {
            let known = keys.get(&key.fingerprint).and_then(|known| known.validity);
            known.is_some_and(|valid| {
                Some(valid) != key.valid_from.zip(key.valid_to).map(|(from, to)| Interval::new(from, to))
            })
        };
        let why = match () {
            () if render::json(packed, &mut again).is_err() || again != text => {
                "it is not written as a report is, or there is something else in it"
            }
            () if packed.request.source != self.bundle.request.source => "its source is not that of the request",
            () if packed.public_keys.iter().any(key_differs) => "when its keys are valid is not what the keys say",
            () => return None,
        };
        let about = format!("{} in the bundle does not fit the bundle: {why}", bundle::REPORT);
        Some(Finding::new(Code::BundleReportDiffers, about))
    }

    /// The page is the one of the two that people read.
    fn compare_page(&self, packed: &Report, report: &mut Report) -> Option<Finding> {
        if packed.tool != Report::tool() {
            let why =
                format!("{} in the bundle against the report: trailseal {} made it", bundle::PAGE, packed.tool.version);
            report.checks.skipped.push(why);
            return None;
        }
        let differs = |why: &str| {
            let about = format!("{} in the bundle is not what {} says: {why}", bundle::PAGE, bundle::REPORT);
            Some(Finding::new(Code::BundleReportDiffers, about))
        };
        let mut expected = Vec::new();
        match self.bundle.packed_page(REPORT_BYTES) {
            Err(why) => differs(&why),
            Ok(_) if render::html(packed, &HtmlOptions::default(), &mut expected).and(expected.flush()).is_err() => {
                differs("it cannot be made again")
            }
            Ok(page) if page != expected => differs("it says something else"),
            Ok(_) => None,
        }
    }

    /// The log files that are in a bundle that lacks others, for the report in it has something to say of them. They are not
    /// asked for.
    fn told_of_logs(&self) -> BTreeSet<String> {
        let packed = self.lacks_logs().then(|| self.bundle.packed_report(REPORT_BYTES).ok()).flatten();
        let packed = packed.and_then(|text| Report::parse(&text).ok());
        let findings = packed.into_iter().flat_map(|packed| packed.findings);
        findings.filter_map(|finding| Some(finding.subject?.key)).collect()
    }

    /// Whether log files that were read when the bundle was made are not in it.
    fn lacks_logs(&self) -> bool {
        let request = &self.bundle.request;
        request.include_logs != IncludeLogs::All && request.log_files != LogFiles::None.to_string()
    }
}

/// What a report says of log files that this one does not, for they were not read. It is the bundle's own word, which nobody gives
/// to be believed for better than it is.
fn said_of_logs(packed: Report, now: &Report) -> Vec<Finding> {
    let known: BTreeSet<_> = now.findings.iter().map(|finding| (finding.code, finding.subject.as_ref())).collect();
    let of_log = |finding: &Finding| finding.code.name().starts_with("log-") && finding.severity != Severity::Note;
    let said = packed.findings.into_iter().filter(of_log);
    let said = said.filter(|finding| !known.contains(&(finding.code, finding.subject.as_ref())));
    let word = |finding: Finding| {
        let message = format!("so says the report in the bundle, and it was not read again: {}", finding.message);
        Finding { message, ..finding }
    };
    said.map(word).collect()
}

/// Whoever can alter the bundle can alter what it says was asked: of less, less is found.
fn asked_by_the_bundle(report: &mut Report) -> Option<Finding> {
    let named = !report.request.named_log_files.is_empty();
    let what = match report.request.log_files.as_str() {
        _ if named => "the log files",
        "all" => "accounts, regions, trails and time",
        // Whoever draws until a sample has nothing that was altered in it can name its seed.
        sample if sample.starts_with("sample:") => {
            "accounts, regions, trails and time, how large the sample is, and the seed that draws it"
        }
        _ => "accounts, regions, trails and time, and how many log files were to be read",
    };
    report
        .checks
        .skipped
        .push(format!("whether more should have been asked for: {what} are what the bundle itself says"));
    // Of log files asked for by name, no end says which.
    let told = named || report.findings.iter().any(|finding| finding.code == Code::EndFromEvidence);
    let about = format!("the time asked for is what the bundle says, up to {}", report.request.end);
    (!told).then(|| Finding::new(Code::EndFromEvidence, about).compared("not given", report.request.end.to_string()))
}
