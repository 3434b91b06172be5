//! The topic that a trail tells of log files. SNS is asked without its part of the SDK.

use aws_smithy_xml::decode::{Document, try_data};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::super::post::{Caller, Service};
use super::asking::{Asker, call, kept_policy, nothing_said};
use crate::doctor::{Fact, TopicFacts};

const ACTION: &str = "sns:GetTopicAttributes";

/// Asks SNS for a topic, in the topic's own region.
pub(super) async fn facts(asker: &Asker<'_>, arn: &str, home_region: &str) -> Fact<TopicFacts> {
    let region = super::asking::region_in(arn).unwrap_or(home_region);
    let caller = Caller::new(asker.access.clone(), Service::Sns, region.to_owned(), asker.access.patience());
    let arn = utf8_percent_encode(arn, NON_ALPHANUMERIC);
    let form = format!("Action=GetTopicAttributes&Version=2010-03-31&TopicArn={arn}");
    let headers = [("content-type", "application/x-www-form-urlencoded; charset=utf-8")];
    match call(&asker.named, ACTION, &caller, ("POST", "/"), &headers, &form).await {
        Ok(answer) => {
            let policy = policy(&answer).ok_or_else(|| nothing_said(ACTION))?;
            let policy = policy.map(|policy| kept_policy(ACTION, policy)).transpose()?;
            Ok(TopicFacts { exists: true, policy })
        }
        Err(refused) if matches!(refused.code.as_str(), "NotFound" | "NotFoundException") => {
            Ok(TopicFacts { exists: false, policy: None })
        }
        Err(refused) => Err(refused.unseen),
    }
}

/// The attribute `Policy` of the answer, if there is one; none where that is no answer of SNS.
fn policy(answer: &str) -> Option<Option<String>> {
    // The reader ends where something is broken, and says nothing.
    if !answer.trim_end().ends_with("</GetTopicAttributesResponse>") {
        return None;
    }
    let mut document = Document::new(answer);
    while let Some(element) = document.next_start_element() {
        if element.matches("key") && try_data(&mut document.scoped_to(element)).ok()? == "Policy" {
            let value = document.next_start_element().filter(|element| element.matches("value"))?;
            return Some(Some(try_data(&mut document.scoped_to(value)).ok()?.into_owned()));
        }
    }
    Some(None)
}

#[cfg(test)]
mod tests {
    use super::policy;

    #[test]
    fn the_policy_is_read_out_of_the_answer() {
        let answer = "<GetTopicAttributesResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\">\
            <GetTopicAttributesResult><Attributes><entry><key>Owner</key><value>1</value></entry>\
            <entry><key>Policy</key><value>{&quot;Id&quot;:&quot;a &amp;lt; b&quot;}</value></entry></Attributes>\
            </GetTopicAttributesResult></GetTopicAttributesResponse>\n";
        assert_eq!(policy(answer), Some(Some("{\"Id\":\"a &lt; b\"}".to_owned())));
        assert_eq!(policy(&answer.replace("Policy", "Other")), Some(None));
        assert_eq!(policy("<html></html>"), None);
        assert_eq!(policy(&answer[..answer.len() - 10]), None);
    }
}
