//! `testdata/aws-cli-divergences.toml`: where the AWS CLI and `trailseal` differ, and where S3 and a directory do.

use std::collections::BTreeMap;
use std::fs;

use serde::Deserialize;

use super::aws::Says;
use super::case::{Case, testdata};

/// The file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Listed {
    /// The version of the AWS CLI.
    pub(crate) aws_cli: String,
    pub(crate) divergence: Vec<Divergence>,
    pub(crate) not_run: Vec<NotRun>,
    pub(crate) in_s3: Vec<InS3>,
}

/// A case of which the two say different things.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Divergence {
    pub(crate) case: String,
    pub(crate) theirs: Says,
    pub(crate) ours: Says,
    pub(crate) reason: String,
}

/// A case that there cannot be in S3.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NotRun {
    pub(crate) case: String,
    pub(crate) reason: String,
}

/// A case that is another one in S3 than in a directory.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct InS3 {
    pub(crate) case: String,
    pub(crate) verdict: String,
    pub(crate) expect: Vec<String>,
    pub(crate) notes: Vec<String>,
    reason: String,
}

impl Listed {
    pub(crate) fn read() -> Listed {
        let text = fs::read_to_string(testdata().join("aws-cli-divergences.toml")).unwrap();
        let listed: Listed = toml::from_str(&text).unwrap();
        let reasons = listed.divergence.iter().map(|one| (&one.case, &one.reason));
        let reasons = reasons.chain(listed.not_run.iter().map(|one| (&one.case, &one.reason)));
        let reasons: Vec<_> = reasons.chain(listed.in_s3.iter().map(|one| (&one.case, &one.reason))).collect();
        let known: Vec<String> = super::case::all().into_iter().map(|case| case.name).collect();
        for (case, reason) in reasons {
            assert!(known.contains(case), "there is no case {case}");
            assert!(reason.ends_with('.') && reason.len() > 20, "{case}: `{reason}` is no sentence");
        }
        listed
    }

    /// The cases that can be told of a bucket.
    pub(crate) fn runnable(&self) -> Vec<Case> {
        let not_run = |case: &Case| self.not_run.iter().any(|one| one.case == case.name);
        super::case::all().into_iter().filter(|case| !not_run(case)).collect()
    }

    /// What each disagreement was said to be: theirs, ours.
    pub(crate) fn divergences(&self) -> BTreeMap<String, (Says, Says)> {
        let divergences: BTreeMap<_, _> =
            self.divergence.iter().map(|one| (one.case.clone(), (one.theirs, one.ours))).collect();
        assert_eq!(divergences.len(), self.divergence.len(), "a case is listed twice");
        divergences
    }

    /// What is stated of a case in S3.
    pub(crate) fn in_s3(&self, case: &Case) -> Option<&InS3> {
        self.in_s3.iter().find(|one| one.case == case.name)
    }
}
