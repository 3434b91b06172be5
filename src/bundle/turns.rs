//! Whose turn it is: what comes in any order is handed on in the order in which it was told of.

use std::collections::{BTreeMap, HashMap};

/// Turns, each told of once, by a key.
pub(super) struct Turns<T> {
    /// Those that nobody has taken.
    open: HashMap<String, Turn>,
    begun: Turn,
    next: Turn,
    /// What came before its turn; none where nothing did.
    came: BTreeMap<Turn, Option<T>>,
}

/// The number of a turn.
pub(super) type Turn = u64;

impl<T> Default for Turns<T> {
    fn default() -> Turns<T> {
        Turns { open: HashMap::new(), begun: 0, next: 0, came: BTreeMap::new() }
    }
}

impl<T> Turns<T> {
    /// The turn of this key comes after all that were told of before.
    pub(super) fn tell(&mut self, key: &str) {
        if let Some(skipped) = self.open.insert(key.to_owned(), self.begun) {
            self.came.insert(skipped, None);
        }
        self.begun += 1;
    }

    /// The turn of a key, which nobody else can take then.
    pub(super) fn take(&mut self, key: &str) -> Option<Turn> {
        self.open.remove(key)
    }

    /// Whoever took it has nothing to bring, and another may.
    pub(super) fn leave(&mut self, turn: Turn, key: &str) {
        self.open.insert(key.to_owned(), turn);
    }

    /// Whoever took it brings this. It comes back where nobody waits for it any more.
    pub(super) fn bring(&mut self, turn: Turn, what: T) -> Option<T> {
        if turn < self.next {
            return Some(what);
        }
        self.came.insert(turn, Some(what));
        None
    }

    /// Nobody asks for it any more: it is waited for only if it is on its way.
    pub(super) fn over(&mut self, key: &str) {
        if let Some(turn) = self.open.remove(key) {
            self.came.insert(turn, None);
        }
    }

    /// Nothing is on its way any more.
    pub(super) fn end(&mut self) {
        for turn in self.next..self.begun {
            self.came.entry(turn).or_insert(None);
        }
        self.open.clear();
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
        let turn = turns.take(key).unwrap();
        assert_eq!(turns.bring(turn, what), None);
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
        assert!(turns.take("a").is_none() && turns.take("e").is_none(), "a turn is taken once, and told of before");
        turns.end();
        turns.tell("e");
        bring(&mut turns, "e", 5);
        assert_eq!(all(&mut turns), [5], "d is not waited for");
        assert_eq!(turns.bring(3, 4), Some(4), "it comes too late");
    }

    #[test]
    fn nothing_is_waited_for_that_nobody_asks_for_but_what_is_on_its_way() {
        let mut turns = told(&["a", "b", "c", "d", "d"]);
        let on_its_way = turns.take("b").unwrap();
        bring(&mut turns, "c", 3);
        ["a", "b", "e"].iter().for_each(|key| turns.over(key));
        assert_eq!(turns.next(), None, "b is on its way");
        assert_eq!(turns.bring(on_its_way, 2), None);
        bring(&mut turns, "d", 4);
        assert_eq!(all(&mut turns), [2, 3, 4]);
    }

    #[test]
    fn a_turn_that_broke_off_is_taken_again_unless_it_is_over() {
        let mut turns = told(&["a", "b", "c"]);
        for key in ["a", "b", "c"] {
            let turn = turns.take(key).unwrap();
            turns.leave(turn, key);
        }
        turns.over("b");
        assert!(turns.take("b").is_none());
        bring(&mut turns, "c", 3);
        bring(&mut turns, "a", 1);
        assert_eq!(all(&mut turns), [1, 3]);
    }
}
