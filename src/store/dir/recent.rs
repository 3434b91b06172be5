//! What was used last, by the key of its folder: a few folders are looked at at once, again and again.

use std::collections::HashMap;
use std::sync::Arc;

/// As many as there is room for, by key.
pub(super) struct Recent<T> {
    known: HashMap<String, Used<T>>,
    uses: u64,
    most: usize,
}

struct Used<T> {
    last: u64,
    what: Arc<T>,
}

impl<T> Recent<T> {
    pub(super) fn with_room_for(most: usize) -> Recent<T> {
        Recent { known: HashMap::new(), uses: 0, most }
    }

    pub(super) fn get(&mut self, key: &str) -> Option<Arc<T>> {
        let known = self.known.get_mut(key)?;
        self.uses += 1;
        known.last = self.uses;
        Some(Arc::clone(&known.what))
    }

    /// Adds one, in the place of the one that was not used for longest.
    pub(super) fn add(&mut self, key: &str, what: T) -> Arc<T> {
        if self.known.len() >= self.most
            && let Some(oldest) = self.known.iter().min_by_key(|(_, used)| used.last).map(|(key, _)| key.clone())
        {
            self.known.remove(&oldest);
        }
        self.uses += 1;
        let what = Arc::new(what);
        self.known.insert(key.to_owned(), Used { last: self.uses, what: Arc::clone(&what) });
        what
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_used_for_longest_goes() {
        let mut recent = Recent::with_room_for(2);
        recent.add("a", 1);
        recent.add("b", 2);
        assert_eq!(recent.get("a").as_deref(), Some(&1));
        recent.add("c", 3);
        assert_eq!(
            (recent.get("b"), recent.get("a").as_deref(), recent.get("c").as_deref()),
            (None, Some(&1), Some(&3))
        );
        assert_eq!(recent.known.len(), 2);
    }
}
