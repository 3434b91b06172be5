//! Keys of log files.

use super::folder::is_region;
use super::{AccountFolder, Day, Time};

/// The key of a log file, in all its parts.
///
/// `[prefix/]AWSLogs/[o-ORGID/]ACCOUNT/CloudTrail/REGION/YYYY/MM/DD/ACCOUNT_CloudTrail_REGION_YYYYMMDDTHHmmZ_16chars.json.gz`
///
/// It does not name the trail: trails that share a bucket share the folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogKey {
    /// The account's folder.
    pub folder: AccountFolder,
    /// The region.
    pub region: String,
    /// What the file name tells besides.
    pub name: LogName,
}

/// What a log file's name tells besides its folder. It is small and exact, so sets of millions fit in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogName {
    /// The minute, rounded up by CloudTrail: it can be later than the delivery.
    pub minute: Time,
    /// The 16 characters that make the name unique.
    pub unique: [u8; 16],
}

impl LogName {
    /// Parses a file name that lies in the folder of `account`, `region` and `day`.
    pub fn parse(name: &str, account: &str, region: &str, day: Day) -> Option<LogName> {
        let rest = name.strip_prefix(account)?.strip_prefix("_CloudTrail_")?.strip_prefix(region)?.strip_prefix('_')?;
        let (minute, unique) = rest.strip_suffix(".json.gz")?.split_once('_')?;
        let unique: [u8; 16] = unique.as_bytes().try_into().ok()?;
        if minute.len() != 14 || !unique.iter().all(u8::is_ascii_alphanumeric) {
            return None;
        }
        let minute = Time::parse_compact(minute).filter(|time| time.day() == day)?;
        Some(LogName { minute, unique })
    }
}

impl LogKey {
    /// Parses a whole key; folders and file name must tell the same story.
    pub fn parse(key: &str) -> Option<LogKey> {
        let (folder, rest) = AccountFolder::split(key, "CloudTrail")?;
        let (region, rest) = rest.split_once('/')?;
        let (day, name) = rest.split_at_checked(11)?;
        let name = LogName::parse(name, &folder.account, region, Day::parse_folder(day)?)?;
        is_region(region).then(|| LogKey { folder, region: region.to_owned(), name })
    }

    /// Writes the key.
    pub fn key(&self) -> String {
        let unique = String::from_utf8_lossy(&self.name.unique);
        let minute = self.name.minute;
        format!(
            "{}CloudTrail/{region}/{}{}_CloudTrail_{region}_{}_{unique}.json.gz",
            self.folder.path(),
            minute.day().folder(),
            self.folder.account,
            minute.compact_minutes(),
            region = self.region,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GENUINE: &str = "AWSLogs/327878933619/CloudTrail/ap-northeast-1/2023/10/15/327878933619_CloudTrail_ap-northeast-1_20231015T2205Z_iRIoDMA9l9Q4kmFy.json.gz";

    #[test]
    fn genuine_key_parses_and_prints_the_same() {
        let key = LogKey::parse(GENUINE).unwrap();
        assert_eq!(key.name.minute.to_string(), "2023-10-15T22:05:00Z");
        assert_eq!(&key.name.unique, b"iRIoDMA9l9Q4kmFy");
        assert_eq!(key.key(), GENUINE);
    }

    #[test]
    fn other_names_are_refused() {
        for key in [
            GENUINE.replace("iRIoDMA9l9Q4kmFy", "iRIoDMA9l9Q4kmF"),
            GENUINE.replace("iRIoDMA9l9Q4kmFy", "iRIoDMA9l9Q4km/y"),
            GENUINE.replace("T2205Z", "T220500Z"),
            GENUINE.replace("20231015T", "20231016T"),
            GENUINE.replace("/CloudTrail/", "/CloudTrail-Insight/"),
            GENUINE.replace(".json.gz", ".json"),
        ] {
            assert_eq!(LogKey::parse(&key), None, "{key}");
        }
    }
}
