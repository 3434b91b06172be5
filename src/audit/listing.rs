//! Listings that end, whatever the store says.

use futures::StreamExt;
use futures::stream::{self, BoxStream};

use crate::limits::Limits;
use crate::store::{KeyRange, ListError, ObjectInfo, ObjectStore, StoreError};

/// The objects below a prefix, page by page, up to the limit; what lies beyond could not be listed.
pub(super) fn list<'a>(
    store: &'a dyn ObjectStore,
    prefix: &'a str,
    range: KeyRange,
    limits: &Limits,
) -> BoxStream<'a, Result<Vec<ObjectInfo>, ListError>> {
    let most = limits.listed;
    let pages = store.list(prefix, range);
    stream::unfold((pages, 0), move |(mut pages, listed)| async move {
        // The page that goes beyond was the last one.
        if listed > most {
            return None;
        }
        let page = pages.next().await?;
        let listed = listed + page.as_ref().map_or(1, |objects| objects.len() as u64 + 1);
        if listed <= most {
            return Some((page, (pages, listed)));
        }
        let error = StoreError::OverLimit(usize::try_from(most).unwrap_or(usize::MAX));
        Some((Err(ListError { prefix: prefix.to_owned(), error }), (pages, listed)))
    })
    .boxed()
}
