//! Block Public Access of a whole account. S3 Control is asked without its part of the SDK.

use aws_smithy_xml::decode::{Document, try_data};

use super::super::post::{Caller, Service};
use super::asking::{Asker, call, nothing_said};
use crate::doctor::{AccessBlock, Fact};

/// What it takes to ask.
pub(super) const ACTION: &str = "s3:GetAccountPublicAccessBlock";

/// That of the caller's own account; none where nobody has set it.
pub(super) async fn facts(asker: &Asker<'_>, account: &str) -> Fact<Option<AccessBlock>> {
    let access = asker.access;
    let caller = Caller::new(access.clone(), Service::S3Control, access.region(), access.patience());
    let caller = caller.of_account(account);
    let headers = [("x-amz-account-id", account)];
    match call(&asker.s3, ACTION, &caller, ("GET", PATH), &headers, "").await {
        Ok(answer) => access_block(&answer).map(Some).ok_or_else(|| nothing_said(ACTION)),
        Err(refused) if refused.code == "NoSuchPublicAccessBlockConfiguration" => Ok(None),
        Err(refused) => Err(refused.unseen),
    }
}

/// What the answer says; none where that is no answer of S3. What it does not say is not set.
fn access_block(answer: &str) -> Option<AccessBlock> {
    // The reader ends where something is broken, and says nothing.
    if !answer.trim_end().ends_with("</PublicAccessBlockConfiguration>") {
        return None;
    }
    let mut document = Document::new(answer);
    let mut root = document.root_element().ok()?;
    let mut block = AccessBlock::default();
    while let Some(mut setting) = root.next_tag() {
        let place = match setting.start_el().local() {
            "BlockPublicAcls" => &mut block.block_public_acls,
            "IgnorePublicAcls" => &mut block.ignore_public_acls,
            "BlockPublicPolicy" => &mut block.block_public_policy,
            "RestrictPublicBuckets" => &mut block.restrict_public_buckets,
            _ => continue,
        };
        *place = try_data(&mut setting).ok()?.eq_ignore_ascii_case("true");
    }
    Some(block)
}

const PATH: &str = "/v20180820/configuration/publicAccessBlock";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_settings_are_read_out_of_the_answer() {
        let answer = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
            <PublicAccessBlockConfiguration xmlns=\"http://awss3control.amazonaws.com/doc/2018-08-20/\">\
            <BlockPublicAcls>true</BlockPublicAcls><IgnorePublicAcls>false</IgnorePublicAcls>\
            <BlockPublicPolicy>true</BlockPublicPolicy></PublicAccessBlockConfiguration>";
        let block = AccessBlock { block_public_acls: true, block_public_policy: true, ..AccessBlock::default() };
        assert_eq!(access_block(answer), Some(block));
        assert_eq!(access_block(&answer[..answer.len() - 5]), None);
        assert_eq!(access_block("<html></html>"), None);
    }
}
