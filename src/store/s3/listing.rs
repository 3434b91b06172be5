//! Listings, page by page. A page is the server's word: it must go forward, or the listing ends in an error.

use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;
use aws_sdk_s3::types::{EncodingType, Object};
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use percent_encoding::percent_decode_str;

use super::S3Store;
use crate::aws::{Refusal, refusal};
use crate::store::{Folder, KeyRange, ObjectInfo, StoreError};
use crate::trail::Time;

/// What to list.
pub(super) struct Listing<'a> {
    pub store: &'a S3Store,
    pub prefix: &'a str,
    pub delimiter: Option<&'static str>,
    pub range: KeyRange,
}

/// How far it has come.
#[derive(Default)]
struct Position {
    token: Option<String>,
    last: Option<String>,
    empty_pages: u32,
}

impl<'a> Listing<'a> {
    pub(super) fn pages(self) -> BoxStream<'a, Result<Folder, StoreError>> {
        let start = Position { last: self.range.after.clone(), ..Position::default() };
        stream::unfold(Some((self, start)), |listing| async {
            let (listing, position) = listing?;
            match listing.page(position).await {
                Ok((folder, next)) => Some((Ok(folder), next.map(|next| (listing, next)))),
                Err(error) => Some((Err(error), None)),
            }
        })
        .boxed()
    }

    async fn page(&self, mut position: Position) -> Result<(Folder, Option<Position>), StoreError> {
        let store = self.store;
        let asked = store.pace.ask(|| async {
            let request = store.client.list_objects_v2().bucket(&store.bucket).prefix(self.prefix);
            let request = request.set_delimiter(self.delimiter.map(str::to_owned));
            // XML cannot hold every character that a key can.
            let request = request.encoding_type(EncodingType::Url).set_continuation_token(position.token.clone());
            let request = request.set_start_after(self.range.after.clone().filter(|_| position.token.is_none()));
            let request = request.set_request_payer(store.payer()).set_expected_bucket_owner(store.owner());
            match request.send().await {
                Ok(answer) if is_whole(&answer) => Ok(answer),
                Ok(_) => Err(Refusal::Passing(StoreError::Unreachable("a part of the listing is missing".to_owned()))),
                Err(error) => Err(refusal(&error)),
            }
        });
        let (answer, _turn) = asked.await?;
        let more = answer.is_truncated.unwrap_or_default();
        let token = answer.next_continuation_token.clone();
        let mut folder = folder(answer);
        position.advance(self.prefix, &folder)?;
        let listed = folder.objects.len();
        folder.objects.retain(|object| self.range.has(&object.key));
        // What comes after the range was not asked for.
        if !more || folder.objects.len() < listed {
            return Ok((folder, None));
        }
        if token.is_none() || token == position.token || position.empty_pages > MOST_EMPTY_PAGES {
            return Err(StoreError::Unreachable(
                "the listing does not go on, and says that it is not at its end".to_owned(),
            ));
        }
        position.token = token;
        Ok((folder, Some(position)))
    }
}

impl Position {
    /// Holds a page against where the listing had come.
    fn advance(&mut self, prefix: &str, folder: &Folder) -> Result<(), StoreError> {
        let keys = || folder.objects.iter().map(|object| &object.key);
        let names = || keys().chain(&folder.folders);
        // A folder's name goes on after the prefix, up to the delimiter.
        let is_folder = |name: &&String| name.strip_prefix(prefix).is_some_and(|name| name.ends_with('/'));
        if names().any(|name| !name.starts_with(prefix)) || !folder.folders.iter().all(|name| is_folder(&name)) {
            return Err(StoreError::Unreachable("the listing holds what was not asked for".to_owned()));
        }
        let forward = keys().is_sorted() && folder.folders.is_sorted();
        if !forward || names().any(|name| self.last.as_ref().is_some_and(|last| name <= last)) {
            return Err(StoreError::Unreachable("the listing goes back".to_owned()));
        }
        match keys().next_back().into_iter().chain(folder.folders.last()).max() {
            Some(last) => (self.last, self.empty_pages) = (Some(last.clone()), 0),
            None => self.empty_pages += 1,
        }
        Ok(())
    }
}

/// Whether all came that the answer says it holds. The SDK takes what it finds in XML that was cut off for all there is,
/// and half a listing would hide the other half, or end in a name that is cut off. S3 counts keys and folders together,
/// others the keys alone.
fn is_whole(answer: &ListObjectsV2Output) -> bool {
    let (objects, folders) = (answer.contents(), answer.common_prefixes());
    let counted = answer.key_count.and_then(|count| usize::try_from(count).ok());
    let all_there = counted.is_some_and(|count| count == objects.len() + folders.len() || count == objects.len());
    let whole = |object: &Object| object.key.is_some() && object.size.is_some() && object.last_modified.is_some();
    let last_whole = objects.iter().all(whole) && folders.iter().all(|folder| folder.prefix.is_some());
    answer.is_truncated.is_some() && all_there && last_whole
}

fn folder(answer: ListObjectsV2Output) -> Folder {
    let encoded = answer.encoding_type == Some(EncodingType::Url);
    let folders = answer.common_prefixes.unwrap_or_default().into_iter().filter_map(|prefix| prefix.prefix);
    let objects = answer.contents.unwrap_or_default().into_iter();
    Folder {
        folders: folders.map(|name| decoded(name, encoded)).collect(),
        objects: objects.filter_map(|object| info(object, encoded)).collect(),
    }
}

fn info(object: Object, encoded: bool) -> Option<ObjectInfo> {
    Some(ObjectInfo {
        key: decoded(object.key?, encoded),
        size: object.size.and_then(|size| u64::try_from(size).ok()).unwrap_or_default(),
        last_modified: object.last_modified.map(|time| Time::from_unix(time.secs())),
        etag: object.e_tag.map(|tag| tag.trim_matches('"').to_owned()),
        storage_class: object.storage_class.map(|class| class.as_str().to_owned()),
        ..ObjectInfo::default()
    })
}

/// A name as S3 encodes it for a listing: percent signs, and `+` for a space. S3's keys are UTF-8; what is not can be
/// shown and is no name of CloudTrail's.
fn decoded(name: String, encoded: bool) -> String {
    if !encoded || !name.contains(['%', '+']) {
        return name;
    }
    percent_decode_str(&name.replace('+', " ")).decode_utf8_lossy().into_owned()
}

/// S3 can give pages without a key, where many versions were deleted. Stops: a listing of nothing that never ends.
const MOST_EMPTY_PAGES: u32 = 1_000;

#[cfg(test)]
mod tests {
    use aws_sdk_s3::primitives::DateTime;

    use super::*;

    fn page(folders: &[&str], keys: &[&str]) -> Folder {
        let object = |key: &&str| ObjectInfo { key: (*key).to_owned(), ..ObjectInfo::default() };
        Folder {
            folders: folders.iter().map(|name| (*name).to_owned()).collect(),
            objects: keys.iter().map(object).collect(),
        }
    }

    #[test]
    fn a_listing_must_go_forward_and_stay_below_its_prefix() {
        let mut position = Position::default();
        assert!(position.advance("a/", &page(&["a/b/"], &["a/1", "a/c"])).is_ok());
        for back in [page(&[], &["a/c"]), page(&["a/b/"], &[]), page(&[], &["a/e", "a/d"]), page(&[], &["b/1"])] {
            assert!(position.advance("a/", &back).is_err(), "{back:?}");
        }
        assert!(position.advance("a/", &page(&["a/d/"], &["a/e"])).is_ok());
    }

    #[test]
    fn half_a_listing_is_none() {
        let started = Object::builder().key("k");
        let object = || started.clone().size(1).last_modified(DateTime::from_secs(1)).build();
        let prefix = || aws_sdk_s3::types::CommonPrefix::builder().prefix("p/").build();
        let whole = ListObjectsV2Output::builder().is_truncated(false).contents(object()).common_prefixes(prefix());
        assert!(is_whole(&whole.clone().key_count(2).build()));
        assert!(is_whole(&whole.clone().key_count(1).build()), "keys alone");
        assert!(!is_whole(&whole.clone().key_count(3).build()));
        assert!(!is_whole(&whole.build()));
        assert!(!is_whole(&ListObjectsV2Output::builder().key_count(0).build()));
        let cut = ListObjectsV2Output::builder().is_truncated(false).contents(started.clone().build()).key_count(1);
        assert!(!is_whole(&cut.build()), "an entry that ends after its key");
    }

    #[test]
    fn names_are_decoded_where_the_answer_says_so() {
        for (name, key) in [("a%0Ab+c", "a\nb c"), ("a%2Bb", "a+b"), ("plain", "plain"), ("%ff", "\u{fffd}")] {
            assert_eq!(decoded(name.to_owned(), true), key);
        }
        assert_eq!(decoded("a%20b+c".to_owned(), false), "a%20b+c");
    }
}
