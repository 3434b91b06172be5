//! Whose turn it is: what comes in any order is handed on in the order in which it was told of.

use std::collections::{BTreeMap, HashMap};

/// Turns, each told of once, by a key.
pub(super) struct Turns<T> {
    /// Those that nothing has come for.
    open: HashMap<String, Open>,
    begun: u64,
    next: u64,
    /// What came before its turn; none where nothing will.
    came: BTreeMap<u64, Option<T>>,
}

/// A turn that may still bring something.
struct Open {
    number: u64,
    /// How many are bringing what it is for: the first is it, whoever that is.
    under_way: usize,
    /// Whether nobody asks any more.
    over: bool,
}

impl<T> Default for Turns<T> {
    fn default() -> Turns<T> {
        Turns { open: HashMap::new(), begun: 0, next: 0, came: BTreeMap::new() }
    }
}

impl<T> Turns<T> {
    /// The turn of this key comes after all that were told of before.
    pub(super) fn tell(&mut self, key: &str) {
        if !self.open.contains_key(key) {
            self.open.insert(key.to_owned(), Open { number: self.begun, under_way: 0, over: false });
            self.begun += 1;
        }
    }

    /// Somebody begins to bring it, and ends by [`bring`](Turns::bring) or [`leave`](Turns::leave); false where it has no turn,
    /// or none any more.
    pub(super) fn begin(&mut self, key: &str) -> bool {
        self.open.get_mut(key).map(|open| open.under_way += 1).is_some()
    }

    /// Whoever began to bring it has nothing to bring.
    pub(super) fn leave(&mut self, key: &str) {
        if let Some(open) = self.open.get_mut(key) {
            open.under_way -= 1;
            self.close_if_over(key);
        }
    }

    /// Whoever began to bring it brings this. It comes back where another one did before, or nobody waits any more.
    pub(super) fn bring(&mut self, key: &str, what: T) -> Option<T> {
        let Some(open) = self.open.remove(key) else { return Some(what) };
        self.came.insert(open.number, Some(what));
        None
    }

    /// Nobody asks for it any more: it is waited for only if it is on its way.
    pub(super) fn over(&mut self, key: &str) {
        if let Some(open) = self.open.get_mut(key) {
            open.over = true;
            self.close_if_over(key);
        }
    }

    fn close_if_over(&mut self, key: &str) {
        let is_over = self.open.get(key).is_some_and(|open| open.over && open.under_way == 0);
        if let Some(open) = is_over.then(|| self.open.remove(key)).flatten() {
            self.came.insert(open.number, None);
        }
    }

    /// Nothing is on its way any more.
    pub(super) fn end(&mut self) {
        self.came.extend(self.open.drain().map(|(_, open)| (open.number, None)));
    }

    /// What is handed on next, if its turn has come.
    pub(super) fn next(&mut self) -> Option<T> {
        while let Some(came) = self.came.remove(&self.next) {
            self.next += 1;
            if came.is_some() {
                return came;
            }
        }
        None
    }

    /// Whether this may come now, where no more than so many are to wait: the next one may in any case, for the others wait for
    /// it, and so may what has no turn.
    pub(super) fn may_come(&self, key: &str, most: usize) -> bool {
        self.came.len() < most || self.open.get(key).is_none_or(|open| open.number == self.next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(keys: &[&str]) -> Turns<u32> {
        let mut turns = Turns::default();
        keys.iter().for_each(|key| turns.tell(key));
        turns
    }

    fn bring(turns: &mut Turns<u32>, key: &str, what: u32) {
        assert!(turns.begin(key), "{key}");
        assert_eq!(turns.bring(key, what), None);
    }

    fn all(turns: &mut Turns<u32>) -> Vec<u32> {
        std::iter::from_fn(|| turns.next()).collect()
    }

    #[test]
    fn what_comes_in_any_order_is_handed_on_in_that_of_its_turns() {
        let mut turns = told(&["a", "b", "c", "d"]);
        for (key, what) in [("c", 3), ("b", 2)] {
            bring(&mut turns, key, what);
            assert_eq!(turns.next(), None, "{key}");
        }
        bring(&mut turns, "a", 1);
        assert_eq!(all(&mut turns), [1, 2, 3]);
        assert!(!turns.begin("a") && !turns.begin("e"), "its turn was, and has to be told of");
        turns.end();
        turns.tell("e");
        bring(&mut turns, "e", 5);
        assert_eq!(all(&mut turns), [5], "d is not waited for");
        assert_eq!(turns.bring("d", 4), Some(4), "it comes too late");
    }

    #[test]
    fn nothing_is_waited_for_that_nobody_asks_for_but_what_is_on_its_way() {
        let mut turns = told(&["a", "b", "c"]);
        assert!(turns.begin("b"));
        bring(&mut turns, "c", 3);
        ["a", "b", "e"].iter().for_each(|key| turns.over(key));
        assert_eq!(turns.next(), None, "b is on its way");
        assert_eq!(turns.bring("b", 2), None);
        assert_eq!(all(&mut turns), [2, 3]);
    }

    #[test]
    fn a_turn_is_there_for_whoever_brings_it_first_until_all_have_left_and_it_is_over() {
        let mut turns = told(&["a", "b", "c", "d"]);
        for key in ["a", "b", "c"] {
            assert!(turns.begin(key) && turns.begin(key));
            turns.leave(key);
        }
        assert_eq!((turns.bring("a", 1), turns.bring("a", 9)), (None, Some(9)), "the second is another's");
        turns.leave("b");
        turns.over("b");
        assert!(!turns.begin("b"));
        turns.over("c");
        assert_eq!(all(&mut turns), [1], "c is on its way");
        turns.leave("c");
        bring(&mut turns, "d", 4);
        assert_eq!(all(&mut turns), [4]);
    }

    #[test]
    fn where_many_wait_the_next_may_come_and_what_has_no_turn() {
        let mut turns = told(&["a", "b", "c", "d"]);
        bring(&mut turns, "b", 2);
        assert!(["a", "c", "d", "e"].iter().all(|key| turns.may_come(key, 2)));
        bring(&mut turns, "c", 3);
        assert_eq!(["a", "d", "e"].map(|key| turns.may_come(key, 2)), [true, false, true]);
        bring(&mut turns, "a", 1);
        assert_eq!(all(&mut turns), [1, 2, 3]);
        assert!(turns.may_come("d", 2));
    }
}
