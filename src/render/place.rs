//! To which account and region of AWS something belongs, as AWS's own forms of findings want it.

use crate::finding::Finding;
use crate::report::Report;
use crate::trail::{DigestKey, LogKey};

/// An account, the region that something happened in, and the region that its trail is at home in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) account: String,
    pub(super) region: String,
    pub(super) home_region: String,
}

/// What stands for an account where nothing says which: no account has this number.
pub(super) const NO_ACCOUNT: &str = "000000000000";

/// What stands for a region where nothing says which.
const ANY_REGION: &str = "us-east-1";

impl Place {
    /// Whatever a saved report says, an account comes out as twelve digits and a region as the name of one: consumers
    /// make ARNs of them.
    pub(super) fn new(account: &str, region: &str, home_region: &str) -> Place {
        let account_like = account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit());
        let region = if region_like(region) { region } else { ANY_REGION };
        Place {
            account: if account_like { account } else { NO_ACCOUNT }.to_owned(),
            region: region.to_owned(),
            home_region: if region_like(home_region) { home_region } else { region }.to_owned(),
        }
    }

    /// Where a finding belongs: where its chain does, else where the object's name says, else where the report begins.
    pub(super) fn of(report: &Report, finding: &Finding) -> Place {
        if let Some(chain) = &finding.chain {
            return Place::new(&chain.account_id, &chain.region, &chain.home_region);
        }
        let key = finding.subject.as_ref().map(|at| at.key.as_str()).unwrap_or_default();
        if let Some(digest) = DigestKey::parse(key) {
            return Place::new(&digest.chain.account_id, &digest.chain.region, &digest.chain.home_region);
        }
        let of_log = LogKey::parse(key).map(|log| (log.folder.account, log.region));
        let (account, region) = of_log.unwrap_or_else(|| {
            let chain = report.chains.first();
            let account = report.request.accounts.first().or(chain.map(|chain| &chain.account_id));
            let region = report.request.regions.first().or(chain.map(|chain| &chain.region));
            (account.cloned().unwrap_or_default(), region.cloned().unwrap_or_default())
        });
        // An object is in the trail that records there, as far as the report knows one.
        let chain = report.chains.iter().find(|chain| chain.account_id == account && chain.region == region);
        Place::new(&account, &region, chain.map(|chain| chain.home_region.as_str()).unwrap_or_default())
    }

    /// The partition that the regions are in.
    pub(super) fn partition(&self) -> &'static str {
        match self.home_region.as_str() {
            region if region.starts_with("cn-") => "aws-cn",
            region if region.starts_with("us-gov-") => "aws-us-gov",
            _ => "aws",
        }
    }
}

fn region_like(region: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=16).contains(&region.len()) && region.bytes().all(plain)
}
