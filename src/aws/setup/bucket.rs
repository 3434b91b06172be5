//! A bucket: where it lies, whose it is, who may do what in it, and what becomes of what is in it.

use std::error::Error;
use std::fmt::Debug;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use futures::future;

use super::asking::{Asker, Refused, Said, absent, ask, ask_in_any_way, kept, kept_policy, not_asked, nothing_said};
use super::{account_block, bucket_words as words};
use crate::doctor::{BucketFacts, Fact, Unseen};
use crate::trail::is_region;

/// What it takes to see a bucket at all.
const HEAD: &str = "s3:ListBucket";

/// A bucket, and where its questions go.
struct Bucket<'a> {
    asker: &'a Asker<'a>,
    client: Client,
    name: &'a str,
    /// Whose it must be, if whoever asks says so.
    owner: Option<String>,
}

/// What came of a question.
struct Heard<T> {
    action: &'static str,
    fact: Fact<T>,
    /// Whether S3 answered that there is no such bucket.
    gone: bool,
}

/// What came of `HEAD`, which has no body, and therefore cannot tell an absent bucket from a gateway's 404.
struct Head {
    /// Where the bucket lies: S3 tells whoever asks, also in the answer that refuses.
    region: Option<String>,
    /// Whether it was an answer to what was asked.
    granted: bool,
}

/// Asks a bucket: the operation, the permission that it takes, the code of S3 for that there is none, and what to make of the
/// answer.
macro_rules! ask_bucket {
    ($bucket:expr, $operation:ident, $action:literal, $none:literal, $read:expr) => {
        Box::pin(heard($bucket, $action, $none, $read, || {
            let request = $bucket.client.$operation().bucket($bucket.name);
            request.set_expected_bucket_owner($bucket.owner.clone()).send()
        }))
    };
}

/// All that is to be seen of a bucket, and whether it is shown to be the caller's own account's: else why that account's Block
/// Public Access says nothing of it.
pub(super) async fn facts(
    asker: &Asker<'_>,
    account: &str,
    name: &str,
    near: &str,
) -> (BucketFacts, Result<(), Unseen>) {
    let (head, own) = head(asker, account, name, near).await;
    let region = head.as_ref().ok().and_then(|head| head.region.clone());
    let bucket = Bucket {
        asker,
        client: asker.access.s3(region.as_deref().unwrap_or(near)),
        name,
        owner: asker.access.options().expected_bucket_owner.clone(),
    };
    (bucket.facts(head).await, own)
}

impl Bucket<'_> {
    async fn facts(&self, head: Fact<Head>) -> BucketFacts {
        let access_block = ask_bucket!(
            self,
            get_public_access_block,
            "s3:GetBucketPublicAccessBlock",
            "NoSuchPublicAccessBlockConfiguration",
            words::access_block
        );
        let public = ask_bucket!(
            self,
            get_bucket_policy_status,
            "s3:GetBucketPolicyStatus",
            "NoSuchBucketPolicy",
            words::public
        );
        let policy = ask_bucket!(self, get_bucket_policy, "s3:GetBucketPolicy", "NoSuchBucketPolicy", words::policy);
        let grants = ask_bucket!(self, get_bucket_acl, "s3:GetBucketAcl", "", words::grants);
        let ownership = ask_bucket!(
            self,
            get_bucket_ownership_controls,
            "s3:GetBucketOwnershipControls",
            "OwnershipControlsNotFoundError",
            words::ownership
        );
        let versioning = ask_bucket!(self, get_bucket_versioning, "s3:GetBucketVersioning", "", words::versioning);
        let object_lock = ask_bucket!(
            self,
            get_object_lock_configuration,
            "s3:GetBucketObjectLockConfiguration",
            "ObjectLockConfigurationNotFoundError",
            words::object_lock
        );
        let lifecycle = ask_bucket!(
            self,
            get_bucket_lifecycle_configuration,
            "s3:GetLifecycleConfiguration",
            "NoSuchLifecycleConfiguration",
            words::lifecycle
        );
        let access_log = ask_bucket!(self, get_bucket_logging, "s3:GetBucketLogging", "", words::access_log);
        let encryption = ask_bucket!(
            self,
            get_bucket_encryption,
            "s3:GetEncryptionConfiguration",
            "ServerSideEncryptionConfigurationNotFoundError",
            words::encryption
        );
        let replicas = ask_bucket!(
            self,
            get_bucket_replication,
            "s3:GetReplicationConfiguration",
            "ReplicationConfigurationNotFoundError",
            words::replicas
        );
        let who = future::join5(access_block, public, policy, grants, ownership);
        let what = future::join5(versioning, object_lock, lifecycle, access_log, encryption);
        let ((access_block, public, policy, grants, ownership), what, replicas) =
            future::join3(who, what, replicas).await;
        let (versioning, object_lock, lifecycle, access_log, encryption) = what;
        let policy =
            policy.and_then(|policy| policy.map(|policy| kept_policy("s3:GetBucketPolicy", policy)).transpose());
        let said = [
            access_block.said(),
            public.said(),
            policy.said(),
            grants.said(),
            ownership.said(),
            versioning.said(),
            object_lock.said(),
            lifecycle.said(),
            access_log.said(),
            encryption.said(),
            replicas.said(),
        ];
        let exists = exists(&head, &said);
        let there = exists != Ok(false);
        let region =
            if there { head.and_then(|head| head.region.ok_or_else(|| nothing_said(HEAD))) } else { Err(absent(HEAD)) };
        BucketFacts {
            name: self.name.to_owned(),
            exists,
            region,
            access_block: access_block.fact(there),
            // Whoever asked for it fills these in.
            own: Err(not_asked(HEAD)),
            account_access_block: Err(not_asked(account_block::ACTION)),
            public: public.fact(there),
            policy: policy.fact(there),
            grants: grants.fact(there),
            ownership: ownership.fact(there),
            versioning: versioning.fact(there),
            object_lock: object_lock.fact(there),
            lifecycle: lifecycle.fact(there),
            access_log: access_log.fact(there),
            encryption: encryption.fact(there),
            replicas: replicas.fact(there),
        }
    }
}

/// Whether a bucket is there. One that answered anything is; that it is not, S3 itself must say.
fn exists(head: &Fact<Head>, said: &[Option<bool>]) -> Fact<bool> {
    match head {
        _ if said.contains(&Some(true)) => Ok(true),
        _ if said.contains(&Some(false)) => Ok(false),
        Ok(Head { region: Some(_), .. }) => Ok(true),
        Ok(_) => Err(nothing_said(HEAD)),
        Err(unseen) => Err(unseen.clone()),
    }
}

impl<T> Heard<T> {
    /// Whether the bucket is there, if this tells.
    fn said(&self) -> Option<bool> {
        if self.fact.is_ok() { Some(true) } else { self.gone.then_some(false) }
    }

    fn and_then(self, look: impl FnOnce(T) -> Fact<T>) -> Heard<T> {
        Heard { fact: self.fact.and_then(look), ..self }
    }

    fn fact(self, there: bool) -> Fact<T> {
        if there { self.fact } else { Err(absent(self.action)) }
    }
}

/// Asks a bucket one thing. What S3 calls `none` is the default.
async fn heard<T, A, E, F>(
    bucket: &Bucket<'_>,
    action: &'static str,
    none: &str,
    read: impl FnOnce(A) -> Option<T>,
    once: impl FnMut() -> F,
) -> Heard<T>
where
    T: Debug + Default,
    E: ProvideErrorMetadata + Error + 'static,
    F: Future<Output = Result<A, SdkError<E, HttpResponse>>>,
{
    let (fact, gone) = match ask(&bucket.asker.s3, action, once).await {
        Ok(answer) => (read(answer).ok_or_else(|| nothing_said(action)).and_then(|read| kept(action, read)), false),
        Err(refused) if !none.is_empty() && refused.code == none => (Ok(T::default()), false),
        Err(refused) => (Err(refused.unseen), refused.code == "NoSuchBucket"),
    };
    Heard { action, fact, gone }
}

/// Where a bucket lies, and whose it is: a bucket that must be the account's own, and is not, is asked for once more, for whoever
/// owns it.
async fn head(asker: &Asker<'_>, account: &str, name: &str, near: &str) -> (Fact<Head>, Result<(), Unseen>) {
    let unknown = |denied: bool, why: &str| Unseen { action: HEAD.to_owned(), denied, why: why.to_owned() };
    let required = asker.access.options().expected_bucket_owner.clone();
    let owner = Some(required.clone().unwrap_or_else(|| account.to_owned()));
    let mut first = ask_head(asker, name, near, owner.clone()).await;
    // Asked for in a region where it does not lie, S3 says where it does, and nothing of whose it is.
    let elsewhere = first.as_ref().ok().filter(|head| !head.granted).and_then(|head| head.region.clone());
    let near = match &elsewhere {
        Some(region) if region != near => {
            first = ask_head(asker, name, region, owner).await;
            region
        }
        _ => near,
    };
    if matches!(&first, Ok(head) if head.granted) {
        let own = required.is_none_or(|required| required == account);
        let other = || Err(unknown(false, "the bucket is another account's, and that one alone is told"));
        return (first.map_err(Refused::unseen), if own { Ok(()) } else { other() });
    }
    let second = if required.is_some() { first } else { ask_head(asker, name, near, None).await };
    let own = match &second {
        Ok(head) if head.granted => unknown(false, "the bucket is another account's, and that one alone is told"),
        Ok(_) => unknown(true, "nothing shows that the bucket is this account's"),
        Err(refused) => refused.unseen.clone(),
    };
    (second.map_err(Refused::unseen), Err(own))
}

async fn ask_head(asker: &Asker<'_>, name: &str, near: &str, owner: Option<String>) -> Result<Head, Refused> {
    let client = asker.access.s3(near);
    let region = |region: Option<&str>| region.filter(|region| is_region(region)).map(str::to_owned);
    ask_in_any_way(&asker.s3, HEAD, || async {
        let asked = client.head_bucket().bucket(name).set_expected_bucket_owner(owner.clone());
        let asked = Box::pin(asked.send()).await;
        let error = match asked {
            Ok(found) => return Ok(Head { region: region(found.bucket_region.as_deref()), granted: true }),
            Err(error) => error,
        };
        let answer = error.raw_response();
        let told = region(answer.and_then(|answer| answer.headers().get("x-amz-bucket-region")));
        match answer.map(|answer| answer.status().as_u16()) {
            // A redirect, too, and what is refused there.
            Some(300..=399 | 400 | 403) if told.is_some() => Ok(Head { region: told, granted: false }),
            _ => Err(Said::of(&error)),
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_s3_itself_can_say_that_a_bucket_is_absent() {
        let head = || Ok(Head { region: Some("eu-central-1".to_owned()), granted: false });
        let denied = || Err(Unseen { action: HEAD.to_owned(), denied: true, why: String::new() });
        assert_eq!(exists(&head(), &[None, None]), Ok(true));
        assert_eq!(exists(&head(), &[None, Some(false)]), Ok(false));
        assert_eq!(exists(&denied(), &[None, Some(false)]), Ok(false));
        assert_eq!(exists(&denied(), &[Some(true), Some(false)]), Ok(true));
        assert!(exists(&denied(), &[None, None]).is_err());
        // Whoever says yes to everything.
        assert!(exists(&Ok(Head { region: None, granted: true }), &[None, None]).is_err());
    }
}
