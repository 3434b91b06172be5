//! What CloudTrail says of a trail, in the words of `doctor`.

use aws_sdk_cloudtrail::operation::get_event_selectors::GetEventSelectorsOutput;
use aws_sdk_cloudtrail::operation::get_trail_status::GetTrailStatusOutput;
use aws_sdk_cloudtrail::primitives::DateTime;
use aws_sdk_cloudtrail::types::{self, AdvancedFieldSelector, Trail};

use super::asking::not_asked;
use crate::doctor::{
    AdvancedSelector, BasicSelector, DataResources, FieldSelector, Selectors, TrailFacts, TrailStatus,
};
use crate::trail::{Time, TrailArn};

/// A trail as `DescribeTrails` tells of it; none if that names no trail, or no bucket.
pub(super) fn described(trail: Trail) -> Option<TrailFacts> {
    let arn: TrailArn = trail.trail_arn?.parse().ok()?;
    let bucket = trail.s3_bucket_name.filter(|bucket| !bucket.is_empty())?;
    let prefix = trail.s3_key_prefix.unwrap_or_default();
    let prefix = prefix.trim_matches('/');
    // The name alone stands in the older field.
    let named = |name: String| {
        let whole = name.starts_with("arn:");
        let TrailArn { partition, home_region, account_id, .. } = &arn;
        if whole { name } else { format!("arn:{partition}:sns:{home_region}:{account_id}:{name}") }
    };
    #[allow(deprecated, reason = "answers without the newer field are older than it")]
    let topic = said(trail.sns_topic_arn).or_else(|| said(trail.sns_topic_name).map(named));
    Some(TrailFacts {
        arn: arn.to_string(),
        name: arn.trail.clone(),
        account_id: arn.account_id.clone(),
        home_region: arn.home_region.clone(),
        bucket,
        prefix: if prefix.is_empty() { String::new() } else { format!("{prefix}/") },
        multi_region: trail.is_multi_region_trail.unwrap_or_default(),
        organization: trail.is_organization_trail.unwrap_or_default(),
        global_events: trail.include_global_service_events.unwrap_or_default(),
        validation: trail.log_file_validation_enabled.unwrap_or_default(),
        kms_key: said(trail.kms_key_id),
        key: None,
        log_group: said(trail.cloud_watch_logs_log_group_arn),
        topic,
        topic_facts: None,
        status: Err(not_asked("cloudtrail:GetTrailStatus")),
        selectors: Err(not_asked("cloudtrail:GetEventSelectors")),
        insights: Err(not_asked("cloudtrail:GetInsightSelectors")),
    })
}

/// How a trail is doing; none where that does not even say whether it records.
pub(super) fn status(told: GetTrailStatusOutput) -> Option<TrailStatus> {
    Some(TrailStatus {
        logging: told.is_logging?,
        started: time(told.start_logging_time),
        stopped: time(told.stop_logging_time),
        log_delivered: time(told.latest_delivery_time),
        log_error: said(told.latest_delivery_error),
        digest_delivered: time(told.latest_digest_delivery_time),
        digest_error: said(told.latest_digest_delivery_error),
        log_group_delivered: time(told.latest_cloud_watch_logs_delivery_time),
        log_group_error: said(told.latest_cloud_watch_logs_delivery_error),
        topic_told: time(told.latest_notification_time),
        topic_error: said(told.latest_notification_error),
    })
}

/// What a trail records.
pub(super) fn selectors(told: GetEventSelectorsOutput) -> Selectors {
    Selectors {
        basic: told.event_selectors.unwrap_or_default().into_iter().map(basic).collect(),
        advanced: told.advanced_event_selectors.unwrap_or_default().into_iter().map(advanced).collect(),
    }
}

fn basic(selector: types::EventSelector) -> BasicSelector {
    let resources = |resource: types::DataResource| DataResources {
        kind: resource.r#type.unwrap_or_default(),
        arns: resource.values.unwrap_or_default(),
    };
    // What is not said is what AWS documents as what holds then.
    BasicSelector {
        read_write: selector.read_write_type.map_or_else(|| "All".to_owned(), |kind| kind.as_str().to_owned()),
        management: selector.include_management_events.unwrap_or(true),
        excluded_sources: selector.exclude_management_event_sources.unwrap_or_default(),
        data: selector.data_resources.unwrap_or_default().into_iter().map(resources).collect(),
    }
}

fn advanced(selector: types::AdvancedEventSelector) -> AdvancedSelector {
    AdvancedSelector {
        name: selector.name.unwrap_or_default(),
        fields: selector.field_selectors.into_iter().map(field).collect(),
    }
}

fn field(selector: AdvancedFieldSelector) -> FieldSelector {
    let conditions = [
        ("Equals", selector.equals),
        ("StartsWith", selector.starts_with),
        ("EndsWith", selector.ends_with),
        ("NotEquals", selector.not_equals),
        ("NotStartsWith", selector.not_starts_with),
        ("NotEndsWith", selector.not_ends_with),
    ];
    let said = conditions.into_iter().filter_map(|(name, values)| {
        let values = values.filter(|values| !values.is_empty())?;
        Some((name.to_owned(), values))
    });
    FieldSelector { field: selector.field, conditions: said.collect() }
}

fn said(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

fn time(time: Option<DateTime>) -> Option<Time> {
    time.map(|time| Time::from_unix(time.secs()))
}
