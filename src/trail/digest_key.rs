//! Keys of digest files.

use super::folder::{is_region, is_trail_name};
use super::{AccountFolder, ChainId, ChainKind, Day, Time};

/// The key of a digest file, in all its parts.
///
/// `[prefix/]AWSLogs/[o-ORGID/]ACCOUNT/CloudTrail-Digest/SOURCE_REGION/YYYY/MM/DD/`
/// `ACCOUNT_CloudTrail-Digest_SOURCE_REGION_TRAIL_HOME_REGION_YYYYMMDDTHHMMSSZ[_backfill].json.gz`
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DigestKey {
    /// The account's folder.
    pub folder: AccountFolder,
    /// The chain it says it belongs to.
    pub chain: ChainId,
    /// The end of its hour.
    pub end: Time,
}

/// The part of a digest's key that follows its day's folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DigestName {
    /// The chain it says it belongs to.
    pub chain: ChainId,
    /// The end of its hour.
    pub end: Time,
}

impl DigestName {
    /// Parses a file name. Trail names may hold `_`, so it is split from both ends by what is known.
    pub fn parse(name: &str) -> Option<DigestName> {
        let stem = name.strip_suffix(".json.gz")?;
        let (stem, kind) = match stem.strip_suffix("_backfill") {
            Some(stem) => (stem, ChainKind::Backfill),
            None => (stem, ChainKind::Standard),
        };
        let (stem, end) = stem.rsplit_once('_')?;
        let (stem, home_region) = stem.rsplit_once('_')?;
        let (account_id, stem) = stem.split_once("_CloudTrail-Digest_")?;
        let (region, trail) = stem.split_once('_')?;
        let valid = super::is_account_id(account_id)
            && is_region(region)
            && is_region(home_region)
            && is_trail_name(trail)
            && end.len() == 16;
        if !valid {
            return None;
        }
        let chain = ChainId {
            account_id: account_id.to_owned(),
            region: region.to_owned(),
            trail: trail.to_owned(),
            home_region: home_region.to_owned(),
            kind,
        };
        Some(DigestName { chain, end: Time::parse_compact(end)? })
    }
}

impl DigestKey {
    /// Parses a whole key; folders and file name must tell the same story.
    pub fn parse(key: &str) -> Option<DigestKey> {
        let (folder, rest) = AccountFolder::split(key, "CloudTrail-Digest")?;
        let (region, rest) = rest.split_once('/')?;
        let (day, name) = rest.split_at_checked(11)?;
        let DigestName { chain, end } = DigestName::parse(name)?;
        let agrees =
            folder.account == chain.account_id && region == chain.region && Day::parse_folder(day)? == end.day();
        agrees.then_some(DigestKey { folder, chain, end })
    }

    /// Writes the key.
    pub fn key(&self) -> String {
        let chain = &self.chain;
        let backfill = if chain.kind == ChainKind::Backfill { "_backfill" } else { "" };
        format!(
            "{}CloudTrail-Digest/{region}/{}{}_CloudTrail-Digest_{region}_{}_{}_{}{backfill}.json.gz",
            self.folder.path(),
            self.end.day().folder(),
            chain.account_id,
            chain.trail,
            chain.home_region,
            self.end.compact_seconds(),
            region = chain.region,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GENUINE: &str = "AWSLogs/327878933619/CloudTrail-Digest/ap-northeast-1/2023/10/15/327878933619_CloudTrail-Digest_ap-northeast-1_llm-guard-trail_us-west-2_20231015T230404Z.json.gz";

    #[test]
    fn genuine_key_parses_and_prints_the_same() {
        let key = DigestKey::parse(GENUINE).unwrap();
        assert_eq!(key.chain.trail, "llm-guard-trail");
        assert_eq!(key.chain.home_region, "us-west-2");
        assert_eq!(key.chain.kind, ChainKind::Standard);
        assert_eq!(key.key(), GENUINE);
    }

    #[test]
    fn awkward_trail_names() {
        for trail in ["a_b", "x_us-east-1_y", "___", "CloudTrail-Digest_z", "t_backfill", "a.b-c_d"] {
            let key = GENUINE.replace("llm-guard-trail", trail);
            let parsed = DigestKey::parse(&key).unwrap();
            assert_eq!(parsed.chain.trail, trail);
            assert_eq!(parsed.key(), key);
        }
        let backfill = GENUINE.replace("Z.json", "Z_backfill.json");
        assert_eq!(DigestKey::parse(&backfill).unwrap().chain.kind, ChainKind::Backfill);
        assert_eq!(DigestKey::parse(&backfill).unwrap().key(), backfill);
    }

    #[test]
    fn plausible_but_false_names_are_refused() {
        let wrong = [
            GENUINE.replace("/2023/10/15/", "/2023/10/16/"),
            GENUINE.replace("/327878933619/", "/327878933618/"),
            GENUINE.replace("CloudTrail-Digest/ap-northeast-1", "CloudTrail-Digest/ap-northeast-2"),
            GENUINE.replace(".json.gz", ".json"),
            GENUINE.replace("20231015T230404Z", "20231015T2304Z"),
            GENUINE.replace("20231015T230404Z", "20231015T246404Z"),
            GENUINE.replace("llm-guard-trail", "llm guard"),
            format!("{GENUINE}.bak"),
            GENUINE.replace("AWSLogs/", "AWSLog/"),
        ];
        for key in wrong {
            assert_eq!(DigestKey::parse(&key), None, "{key}");
        }
    }
}
