//! Trail ARNs.

use std::fmt;
use std::str::FromStr;

use super::folder::{is_account_id, is_region, is_trail_name};

/// `arn:PARTITION:cloudtrail:HOME_REGION:ACCOUNT:trail/NAME`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrailArn {
    /// `aws`, `aws-us-gov`, `aws-cn` and their like.
    pub partition: String,
    /// The region in which the trail was created.
    pub home_region: String,
    /// The account that owns the trail; for an organization trail, the management account.
    pub account_id: String,
    /// The trail's name.
    pub trail: String,
}

/// Why a text is no trail ARN.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "`{0}` is no trail ARN; it looks like arn:aws:cloudtrail:us-east-1:111122223333:trail/NAME (`aws cloudtrail describe-trails` prints it)"
)]
pub struct ArnError(String);

impl fmt::Display for TrailArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let TrailArn { partition, home_region, account_id, trail } = self;
        write!(f, "arn:{partition}:cloudtrail:{home_region}:{account_id}:trail/{trail}")
    }
}

impl FromStr for TrailArn {
    type Err = ArnError;

    fn from_str(text: &str) -> Result<TrailArn, ArnError> {
        let wrong = || ArnError(text.to_owned());
        let parts: Vec<&str> = text.split(':').collect();
        let [arn, partition, service, home_region, account_id, resource] = parts[..] else {
            return Err(wrong());
        };
        let trail = resource.strip_prefix("trail/").ok_or_else(wrong)?;
        let valid = arn == "arn"
            && (partition == "aws" || partition.starts_with("aws-"))
            && service == "cloudtrail"
            && is_region(home_region)
            && is_account_id(account_id)
            && is_trail_name(trail);
        if !valid {
            return Err(wrong());
        }
        Ok(TrailArn {
            partition: partition.to_owned(),
            home_region: home_region.to_owned(),
            account_id: account_id.to_owned(),
            trail: trail.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_every_partition_and_refuses_the_rest() {
        let arn: TrailArn = "arn:aws-us-gov:cloudtrail:us-gov-west-1:111122223333:trail/my_trail.1-x".parse().unwrap();
        assert_eq!(arn.trail, "my_trail.1-x");
        assert_eq!(arn.to_string(), "arn:aws-us-gov:cloudtrail:us-gov-west-1:111122223333:trail/my_trail.1-x");
        for bad in [
            "",
            "arn:aws:s3:::bucket",
            "arn:aws:cloudtrail:us-east-1:111122223333:my-trail",
            "arn:aws:cloudtrail:us-east-1:1111:trail/my-trail",
            "arn:aws:cloudtrail:nowhere:111122223333:trail/my-trail",
            "arn:aws:cloudtrail:us-east-1:111122223333:trail/my-trail:x",
        ] {
            assert!(bad.parse::<TrailArn>().is_err(), "{bad}");
        }
    }
}
