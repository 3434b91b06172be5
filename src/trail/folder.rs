//! The folders CloudTrail writes to, and the small grammars of their names.

use serde::{Deserialize, Serialize};

/// `[prefix/]AWSLogs/[o-ORGID/]ACCOUNT/`: the folder of one account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AccountFolder {
    /// What stands before `AWSLogs/`: empty, or with a slash at its end.
    pub prefix: String,
    /// The organization id, under an organization trail.
    pub organization: Option<String>,
    /// The account whose activity is recorded.
    pub account: String,
}

/// The digest and the log folder of one account and region.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RegionFolders {
    /// The account's folder.
    pub account: AccountFolder,
    /// The source region.
    pub region: String,
}

impl AccountFolder {
    /// `[prefix/]AWSLogs/[o-ORGID/]ACCOUNT/`.
    pub fn path(&self) -> String {
        let organization = self.organization.as_ref().map(|id| format!("{id}/")).unwrap_or_default();
        format!("{}AWSLogs/{organization}{}/", self.prefix, self.account)
    }

    /// Whether it lies below the folder of an account, where CloudTrail puts none: whoever may write there can call it anything.
    pub(crate) fn is_below_another(&self) -> bool {
        let is_account = |rest: &str| {
            let mut parts = rest.split('/');
            let first = parts.next().unwrap_or_default();
            is_account_id(first) || is_organization_id(first) && parts.next().is_some_and(is_account_id)
        };
        self.prefix.split("AWSLogs/").skip(1).any(is_account)
    }

    /// Splits a key into its account folder and the rest, where `service` (`CloudTrail` or `CloudTrail-Digest`) is the
    /// folder that follows the account.
    pub(crate) fn split<'k>(key: &'k str, service: &str) -> Option<(AccountFolder, &'k str)> {
        let (head, rest) = last_folder(key, service)?;
        let mut parts = head.rsplit('/');
        let account = parts.next().filter(|id| is_account_id(id))?;
        let mut folder = parts.next()?;
        let organization = is_organization_id(folder).then_some(folder);
        if organization.is_some() {
            folder = parts.next()?;
        }
        if folder != "AWSLogs" {
            return None;
        }
        let tail = "AWSLogs/".len() + organization.map_or(0, |id| id.len() + 1) + account.len();
        let folder = AccountFolder {
            prefix: head[..head.len() - tail].to_owned(),
            organization: organization.map(str::to_owned),
            account: account.to_owned(),
        };
        Some((folder, rest))
    }
}

/// What stands before and after the last folder of a name in a key. Every key that is met is asked for it, so nothing is
/// allocated for those that have none.
fn last_folder<'k>(key: &'k str, name: &str) -> Option<(&'k str, &'k str)> {
    let before = |end: usize| key[..end].strip_suffix(name)?.strip_suffix('/');
    key.rmatch_indices('/').find_map(|(end, slash)| Some((before(end)?, &key[end + slash.len()..])))
}

impl RegionFolders {
    /// `…/CloudTrail-Digest/REGION/`.
    pub fn digests(&self) -> String {
        format!("{}CloudTrail-Digest/{}/", self.account.path(), self.region)
    }

    /// `…/CloudTrail/REGION/`.
    pub fn logs(&self) -> String {
        format!("{}CloudTrail/{}/", self.account.path(), self.region)
    }
}

/// Twelve digits.
pub fn is_account_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

/// `o-` and 10 to 32 lowercase letters or digits (Organizations API reference, `Organization$Id`).
pub fn is_organization_id(text: &str) -> bool {
    text.strip_prefix("o-").is_some_and(|id| {
        (10..=32).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    })
}

/// Lowercase words and a number joined by dashes, such as `us-gov-west-1` or `eusc-de-east-1`.
pub fn is_region(text: &str) -> bool {
    let mut parts: Vec<&str> = text.split('-').collect();
    let number = parts.pop().unwrap_or_default();
    text.len() <= 32
        && parts.len() >= 2
        && (1..=2).contains(&number.len())
        && number.bytes().all(|b| b.is_ascii_digit())
        && parts.iter().all(|word| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase()))
}

/// 3 to 128 letters, digits, dots, dashes or underscores (CloudTrail user guide, "Naming requirements").
pub fn is_trail_name(text: &str) -> bool {
    (3..=128).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

/// 3 to 63 letters, digits, dots, dashes or underscores: today's names, and those of before 2018.
pub fn is_bucket_name(text: &str) -> bool {
    (3..=63).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grammars() {
        for good in ["us-east-1", "us-gov-west-1", "ap-southeast-4", "eusc-de-east-1", "us-isob-east-1"] {
            assert!(is_region(good), "{good}");
        }
        for bad in ["", "us-1", "us-east-", "US-east-1", "us-east-100", "us_east_1", "us-east-1/", "-east-1"] {
            assert!(!is_region(bad), "{bad}");
        }
        assert!(is_organization_id("o-exampleorgid"));
        assert!(!is_organization_id("o-SHORT"));
        assert!(is_account_id("111122223333") && !is_account_id("11112222333"));
        assert!(is_trail_name("a_b.c-d") && !is_trail_name("a/b") && !is_trail_name("ab"));
    }

    #[test]
    fn prefix_may_look_like_anything() {
        let key = "o-controltower/x/AWSLogs/o-exampleorgid/111122223333/CloudTrail/us-east-1/rest";
        let (folder, rest) = AccountFolder::split(key, "CloudTrail").unwrap();
        assert_eq!(folder.prefix, "o-controltower/x/");
        assert_eq!(folder.organization.as_deref(), Some("o-exampleorgid"));
        assert_eq!(rest, "us-east-1/rest");
        assert_eq!(format!("{}CloudTrail/{rest}", folder.path()), key);
        assert_eq!(AccountFolder::split("XAWSLogs/111122223333/CloudTrail/x", "CloudTrail"), None);
    }

    #[test]
    fn what_lies_below_the_folder_of_an_account_is_told_from_what_does_not() {
        let below = |prefix: &str| {
            let key = format!("{prefix}AWSLogs/111122223333/CloudTrail/us-east-1/rest");
            AccountFolder::split(&key, "CloudTrail").unwrap().0.is_below_another()
        };
        for prefix in
            ["", "logs/", "AWSLogs/", "AWSLogs/o-exampleorgid/", "111122223333/", "o-exampleorgid/111122223333/"]
        {
            assert!(!below(prefix), "{prefix}");
        }
        for within in
            ["AWSLogs/444455556666/", "x/AWSLogs/o-exampleorgid/444455556666/CloudTrail/us-east-1/2026/01/10/x/"]
        {
            assert!(below(within), "{within}");
        }
    }

    #[test]
    fn the_last_folder_of_a_name_counts() {
        for key in ["a/x/b/x/c", "/x/", "x/x/x", "a/xx/b", "a/x", "x/a", "", "/", "a/x//b", "a/x/x/é", "é/x/"] {
            assert_eq!(last_folder(key, "x"), key.rsplit_once("/x/"), "{key}");
        }
    }
}
