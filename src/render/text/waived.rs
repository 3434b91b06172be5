//! Findings that someone has accepted: apart from the others, with who, why and until when.

use std::io;

use super::findings::some;
use super::page::{Page, Role, counted};
use crate::finding::Finding;
use crate::render::groups::by_code;
use crate::report::{AppliedWaiver, Report, thousands};

pub(super) fn waived(report: &Report, page: &mut Page<'_>) -> io::Result<()> {
    if !report.waivers.is_empty() {
        page.heading(
            Role::Heading,
            &format!("Waivers ({}): findings accepted in advance", thousands(report.waivers.len() as u64)),
        )?;
    }
    for waiver in &report.waivers {
        page.blank()?;
        one(waiver, page)?;
    }
    let found: Vec<&Finding> = report.findings.iter().filter(|finding| finding.waived).collect();
    if found.is_empty() {
        return Ok(());
    }
    page.heading(
        Role::Doubtful,
        &format!("Waived ({}): found all the same; these change no verdict", thousands(found.len() as u64)),
    )?;
    for (code, group) in by_code(&found) {
        page.blank()?;
        page.line(&format!("  {code} ({}), {}", thousands(group.len() as u64), code.severity()))?;
        page.prose("  ", code.sentence())?;
        some(&group, page)?;
    }
    Ok(())
}

fn one(waiver: &AppliedWaiver, page: &mut Page<'_>) -> io::Result<()> {
    let parts = waiver.narrowed_to();
    let (first, rest) = parts.split_first().map_or(("anything", &[][..]), |(first, rest)| (first, rest));
    page.line(&format!("  {} for {}", waiver.code, page.name(first)))?;
    if !rest.is_empty() {
        let only = page.sentence(&rest.join(", "));
        page.prose("    only     ", &only)?;
    }
    let applied = match waiver.expired {
        true => "has expired, so it was not applied".to_owned(),
        false => counted(usize::try_from(waiver.findings).unwrap_or(usize::MAX), "finding"),
    };
    let (who, why) = (page.sentence(&waiver.who), page.sentence(&waiver.reason));
    page.line(&format!("    applied  {applied}"))?;
    page.prose("    who      ", &who)?;
    page.prose("    why      ", &why)?;
    page.line(&format!("    until    {}", waiver.until))
}
