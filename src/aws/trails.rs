//! What CloudTrail says of a trail: where it delivers, and of whom.

use super::Access;
use super::failure::refusal;
use crate::trail::TrailArn;

/// How a trail is set up, as far as an audit must know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrailSettings {
    /// The bucket that it delivers to.
    pub bucket: String,
    /// What stands before `AWSLogs/`: empty, or with a slash at its end.
    pub prefix: String,
    /// Whether it records every region.
    pub multi_region: bool,
    /// Whether it records every account of the organization.
    pub organization: bool,
    /// Whether digest files are written now.
    pub validation: bool,
}

/// Why a trail could not be looked up.
#[derive(Debug, thiserror::Error)]
pub enum TrailError {
    /// There is none.
    #[error(
        "CloudTrail knows no trail {0}; check the ARN with `aws cloudtrail describe-trails --region {1}`, or name its bucket with --s3-bucket"
    )]
    Unknown(String, String),
    /// It could not be asked.
    #[error(
        "the trail {0} could not be looked up: {1}; name its bucket with --s3-bucket, or grant cloudtrail:DescribeTrails"
    )]
    Unasked(String, String),
}

/// Looks a trail up in its home region.
pub async fn describe_trail(access: &Access, arn: &TrailArn) -> Result<TrailSettings, TrailError> {
    let (client, pace) = (access.cloudtrail(&arn.home_region), access.pace(1));
    let asked = pace.ask(|| async {
        let request = client.describe_trails().trail_name_list(arn.to_string()).include_shadow_trails(true);
        request.send().await.map_err(|error| refusal(&error))
    });
    let (answer, _) = asked.await.map_err(|error| TrailError::Unasked(arn.to_string(), error.to_string()))?;
    let found = answer
        .trail_list
        .unwrap_or_default()
        .into_iter()
        .find(|trail| trail.trail_arn.as_deref() == Some(&arn.to_string()));
    let trail = found.ok_or_else(|| TrailError::Unknown(arn.to_string(), arn.home_region.clone()))?;
    let bucket = trail.s3_bucket_name.filter(|bucket| !bucket.is_empty());
    let bucket = bucket.ok_or_else(|| TrailError::Unasked(arn.to_string(), "CloudTrail names no bucket".to_owned()))?;
    let prefix = trail.s3_key_prefix.unwrap_or_default();
    let prefix = prefix.trim_matches('/');
    Ok(TrailSettings {
        bucket,
        prefix: if prefix.is_empty() { String::new() } else { format!("{prefix}/") },
        multi_region: trail.is_multi_region_trail.unwrap_or_default(),
        organization: trail.is_organization_trail.unwrap_or_default(),
        validation: trail.log_file_validation_enabled.unwrap_or_default(),
    })
}
