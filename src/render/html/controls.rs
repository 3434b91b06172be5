//! Which controls the report can be shown for. The mapping is the same for every report of all that there is.

use super::page::Page;
use crate::controls::{Control, mapping};
use crate::report::Report;

pub(super) fn controls(report: &Report, page: &mut Page) {
    page.raw("<section aria-labelledby=\"controls\">\n<h2 id=\"controls\">Controls</h2>\n");
    // The sentences of the mapping are about all log files of a period.
    if report.is_narrowed() || report.totals.digests.verified == 0 {
        page.raw(
            "<p>None are listed: this report is of less than all digest and log files of its period, and controls ask for all \
             of them. A report that reads every log file (<code>--log-files all</code>, which is the default) lists what it \
             shows for which control of which framework.</p>\n</section>\n",
        );
        return;
    }
    let mapping = mapping();
    page.within(
        "<p>What a report like this one shows for controls of some frameworks, mapping ",
        &mapping.version,
        ". ",
    );
    page.raw(
        "<em>Direct</em>: it is evidence of what the control asks for, or of the part that is about detection. \
         <em>Supporting</em>: it is of use beside the evidence that the control takes. The mapping is the same for every \
         verdict: each sentence is about the accounts, regions, trails and time that were asked for, as far as nothing was left \
         unproven. What this report is of, and which verdict it came to, stands at its top.</p>\n",
    );
    let of_one =
        |a: &Control, b: &Control| (&a.framework, &a.framework_version) == (&b.framework, &b.framework_version);
    for (at, framework) in mapping.controls.chunk_by(of_one).enumerate() {
        let caption = format!("{} {}", framework[0].framework, framework[0].framework_version);
        let heads = ["Control", "Evidence", "What a report shows", "What it does not show"];
        page.table(&format!("framework{at}"), &caption, &heads, |page| {
            framework.iter().for_each(|control| row(control, page))
        });
    }
    page.raw("</section>\n");
}

fn row(control: &Control, page: &mut Page) {
    page.within("<tr class=\"control\"><th scope=\"row\"><strong>", &control.id, "</strong> ");
    page.within("", &control.title, "</th>");
    page.within("<td class=\"number\">", &control.strength.to_string(), "</td>");
    page.within("<td>", &control.shows, "</td>");
    page.within("<td>", &control.does_not_show, "</td></tr>\n");
}
