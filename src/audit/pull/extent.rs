//! Which time of which source a copy is of, and whether another pull fits into it. Pure: what is there, and what is asked.

use crate::store::dir::{Extent, PullRecord};

/// Why a pull does not fit into a directory.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misfit {
    /// The directory has the copy of another source.
    #[error("it holds a copy of {there}, and not of {asked}; name another directory")]
    Source {
        /// What it is a copy of.
        there: String,
        /// What was asked to be copied.
        asked: String,
    },
    /// The copy is restricted otherwise.
    #[error("its copy is of {there}, and now {asked} was asked for; ask for the same, or name another directory")]
    Selection {
        /// What it is restricted to.
        there: String,
        /// What was asked for.
        asked: String,
    },
    /// Between the copy's time and the one asked for there would be a gap.
    #[error(
        "its copy is {there}, and what was asked for is {asked}: a copy has no gaps; ask for a time that meets it, or name another directory"
    )]
    Gap {
        /// The copy's time.
        there: String,
        /// The time asked for.
        asked: String,
    },
    /// An earlier pull was interrupted, and this one would leave its time as it is.
    #[error(
        "an earlier pull into it was interrupted, which was {there}; run that again first, or name another directory"
    )]
    Interrupted {
        /// The time of the earlier one.
        there: String,
    },
}

/// What is to be pulled, now that it is known what is there: an interrupted pull is brought to its end with it.
pub(super) fn plan(there: Option<&PullRecord>, asked: PullRecord) -> Result<PullRecord, Misfit> {
    let Some(there) = there else { return Ok(asked) };
    let source = |of: &PullRecord| match &of.bucket {
        Some(bucket) if !of.source.contains(bucket.as_str()) => format!("{} (bucket {bucket})", of.source),
        _ => of.source.clone(),
    };
    if (&there.source, &there.bucket) != (&asked.source, &asked.bucket) {
        return Err(Misfit::Source { there: source(there), asked: source(&asked) });
    }
    let selection = |of: &PullRecord| {
        let only = if of.only.is_empty() { "everything".to_owned() } else { of.only.join(", ") };
        format!("{only} with {} log files", of.log_files)
    };
    if (&there.only, &there.log_files) != (&asked.only, &asked.log_files) {
        return Err(Misfit::Selection { there: selection(there), asked: selection(&asked) });
    }
    let earlier = if there.complete { Some(there.extent) } else { there.earlier };
    let extent = match (there.complete, meets(there.extent, asked.extent)) {
        (true, _) => asked.extent,
        (false, true) => union(there.extent, asked.extent),
        (false, false) => return Err(Misfit::Interrupted { there: told(there.extent) }),
    };
    match earlier.filter(|earlier| !meets(*earlier, extent)) {
        Some(earlier) => Err(Misfit::Gap { there: told(earlier), asked: told(extent) }),
        None => Ok(PullRecord { extent, earlier, ..asked }),
    }
}

/// What a copy is of, now that a pull of `extent` into it came to its end.
pub(super) fn completed(pull: PullRecord, extent: Extent) -> PullRecord {
    let extent = pull.earlier.map_or(extent, |earlier| union(earlier, extent));
    PullRecord { extent, earlier: None, complete: true, ..pull }
}

/// Whether two times overlap or touch.
fn meets(a: Extent, b: Extent) -> bool {
    let begins_by = |of: Extent, end| of.start.is_none_or(|start| start <= end);
    begins_by(a, b.end) && begins_by(b, a.end)
}

fn union(a: Extent, b: Extent) -> Extent {
    let later = if (a.end, a.newest) > (b.end, b.newest) { a } else { b };
    // None is the earliest start of all, and sorts first.
    Extent { start: a.start.min(b.start), ..later }
}

fn told(extent: Extent) -> String {
    match extent.start {
        Some(start) => format!("from {start} to {}", extent.end),
        None => format!("of everything to {}", extent.end),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trail::Time;

    fn extent(start: Option<i64>, end: i64) -> Extent {
        Extent { start: start.map(Time::from_unix), end: Time::from_unix(end), newest: false }
    }

    fn record(extent: Extent, complete: bool) -> PullRecord {
        PullRecord {
            source: "s3://logs".into(),
            bucket: Some("logs".into()),
            extent,
            earlier: None,
            only: vec![],
            log_files: "all".into(),
            complete,
        }
    }

    #[test]
    fn a_complete_copy_grows_by_what_meets_it() {
        let there = record(extent(Some(100), 200), true);
        for (asked, of) in [
            (extent(Some(200), 300), extent(Some(100), 300)),
            (extent(None, 150), extent(None, 200)),
            (extent(Some(120), 150), extent(Some(100), 200)),
        ] {
            let pull = plan(Some(&there), record(asked, false)).unwrap();
            assert_eq!((pull.extent, pull.earlier), (asked, Some(there.extent)), "no more is pulled than was asked");
            assert_eq!(completed(pull, asked).extent, of);
        }
        for asked in [extent(Some(201), 300), extent(Some(0), 99)] {
            assert!(matches!(plan(Some(&there), record(asked, false)), Err(Misfit::Gap { .. })));
        }
    }

    #[test]
    fn an_interrupted_pull_is_brought_to_its_end() {
        let there = PullRecord { earlier: Some(extent(None, 100)), ..record(extent(Some(90), 200), false) };
        // A span back from now has moved since.
        let pull = plan(Some(&there), record(extent(Some(95), 210), false)).unwrap();
        assert_eq!(pull.extent, extent(Some(90), 210));
        let whole = completed(pull, extent(Some(90), 205));
        assert_eq!((whole.extent, whole.complete, whole.earlier), (extent(None, 205), true, None));
        let apart = plan(Some(&there), record(extent(Some(300), 400), false));
        assert!(matches!(apart, Err(Misfit::Interrupted { .. })));
    }

    #[test]
    fn another_source_or_selection_does_not_fit() {
        let there = record(extent(None, 200), true);
        let asked = record(extent(None, 300), false);
        let refused = |asked: PullRecord| plan(Some(&there), asked).unwrap_err().to_string();
        assert!(refused(PullRecord { source: "s3://other".into(), ..asked.clone() }).contains("copy of s3://logs"));
        assert!(refused(PullRecord { bucket: None, ..asked.clone() }).contains("name another directory"));
        assert!(refused(PullRecord { only: vec!["region x".into()], ..asked.clone() }).contains("region x"));
        assert!(refused(PullRecord { log_files: "none".into(), ..asked.clone() }).contains("none log files"));
        assert!(plan(None, asked).is_ok());
    }

    #[test]
    fn whose_end_is_the_later_says_what_it_is() {
        let newest = Extent { newest: true, ..extent(None, 300) };
        assert!(union(newest, extent(Some(0), 200)).newest);
        assert!(!union(newest, extent(Some(0), 400)).newest);
    }
}
