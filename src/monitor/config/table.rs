//! A table of the file, read key by key: whatever is wrong is noted with its place, and reading goes on.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::{Range, RangeInclusive};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::{ConfigError, ConfigErrors};
use super::keys::Section;

/// What was found to be wrong so far.
pub(super) struct Problems<'t> {
    text: &'t str,
    noted: RefCell<Vec<(usize, String)>>,
}

/// One table.
pub(super) struct Table<'a, 't> {
    section: Section,
    /// Where its header stands.
    pub(super) at: usize,
    entries: Option<&'a DeTable<'t>>,
    problems: &'a Problems<'t>,
    asked: RefCell<BTreeSet<&'static str>>,
}

impl<'t> Problems<'t> {
    pub(super) fn of(text: &'t str) -> Problems<'t> {
        Problems { text, noted: RefCell::default() }
    }

    /// Notes what is wrong at a byte of the text.
    pub(super) fn note(&self, at: usize, problem: impl Into<String>) {
        self.noted.borrow_mut().push((at, problem.into()));
    }

    pub(super) fn are_there(&self) -> bool {
        !self.noted.borrow().is_empty()
    }

    /// All of them, from the top of the file down.
    pub(super) fn told(self) -> ConfigErrors {
        let mut noted = self.noted.into_inner();
        noted.sort();
        if let Some((at, _)) = noted.get(TOLD_AT_ONCE).cloned() {
            let more = noted.len() - TOLD_AT_ONCE;
            noted.truncate(TOLD_AT_ONCE);
            noted.push((at, format!("this and what follows are {more} more things; set right the others first")));
        }
        let line = |at: usize| self.text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1;
        ConfigErrors(noted.into_iter().map(|(at, problem)| ConfigError { line: line(at), problem }).collect())
    }
}

impl<'a, 't> Table<'a, 't> {
    /// The whole file.
    pub(super) fn top(entries: &'a DeTable<'t>, problems: &'a Problems<'t>) -> Table<'a, 't> {
        Table::new(Section::Top, 0, Some(entries), problems)
    }

    fn new(section: Section, at: usize, entries: Option<&'a DeTable<'t>>, problems: &'a Problems<'t>) -> Table<'a, 't> {
        Table { section, at, entries, problems, asked: RefCell::default() }
    }

    /// Notes the keys that nobody knows. Everything must have been read by now.
    pub(super) fn finish(self) {
        let known = self.section.keys();
        debug_assert!(known.iter().all(|key| self.asked.borrow().contains(key)), "{:?}: {known:?}", self.section);
        for (key, _) in self.entries.into_iter().flatten() {
            if !known.contains(&key.get_ref().as_ref()) {
                self.problems.note(key.span().start, self.section.unknown(&shortened(key.get_ref())));
            }
        }
    }

    /// Notes what is wrong with a key, or with the table where it is missing.
    pub(super) fn note(&self, key: &str, problem: impl Into<String>) {
        let at = self.entry(key).map_or(self.at, |(at, _)| at.start);
        self.problems.note(at, problem);
    }

    // -- Values --

    /// What `parse` makes of a string. `write` is what to write instead.
    pub(super) fn parsed<T>(&self, key: &'static str, write: &str, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
        let (at, value) = self.value(key)?;
        let parsed = value.as_str().and_then(parse);
        if parsed.is_none() {
            self.problems.note(at.start, format!("`{key}` is {}; write {write}", shown(value)));
        }
        parsed
    }

    /// The same of a key that must be there.
    pub(super) fn required<T>(&self, key: &'static str, write: &str, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
        if self.value(key).is_none() {
            self.problems.note(self.at, format!("{} has no `{key}`; write {write}", self.section.shown()));
        }
        self.parsed(key, write, parse)
    }

    /// The same of a list of strings.
    pub(super) fn list<T>(&self, key: &'static str, write: &str, parse: impl Fn(&str) -> Option<T>) -> Vec<T> {
        let Some((at, value)) = self.value(key) else { return Vec::new() };
        let Some(items) = value.as_array() else {
            self.problems.note(at.start, format!("`{key}` is {}, and no list; write {write}", shown(value)));
            return Vec::new();
        };
        let mut list = Vec::new();
        for item in items {
            match item.get_ref().as_str().and_then(&parse) {
                Some(parsed) => list.push(parsed),
                None => {
                    let text = format!("`{key}` has {} in it; write {write}", shown(item.get_ref()));
                    self.problems.note(item.span().start, text);
                }
            }
        }
        list
    }

    /// A whole number.
    pub(super) fn number(&self, key: &'static str, range: RangeInclusive<u64>) -> Option<u64> {
        let (at, value) = self.value(key)?;
        let number = value.as_integer().and_then(|number| u64::from_str_radix(number.as_str(), number.radix()).ok());
        let number = number.filter(|number| range.contains(number));
        if number.is_none() {
            let (least, most) = range.into_inner();
            let write = if most == u64::MAX {
                format!("a whole number, {least} or more")
            } else {
                format!("a whole number from {least} to {most}")
            };
            self.problems.note(at.start, format!("`{key}` is {}; write {write}", shown(value)));
        }
        number
    }

    /// Yes or no.
    pub(super) fn flag(&self, key: &'static str) -> Option<bool> {
        let (at, value) = self.value(key)?;
        let flag = value.as_bool();
        if flag.is_none() {
            self.problems.note(at.start, format!("`{key}` is {}; write true or false, without quotes", shown(value)));
        }
        flag
    }

    /// How many items it has, if it is a list.
    pub(super) fn items(&self, key: &'static str) -> Option<usize> {
        self.value(key).and_then(|(_, value)| value.as_array()).map(|items| items.len())
    }

    /// Whether something is there that is no list, or one with something in it.
    pub(super) fn is_filled(&self, key: &'static str) -> bool {
        self.value(key).is_some_and(|(_, value)| value.as_array().is_none_or(|items| !items.is_empty()))
    }

    // -- Tables --

    /// A table in it: an empty one where it is missing.
    pub(super) fn table(&self, key: &'static str, section: Section) -> Table<'a, 't> {
        let Some((at, value)) = self.value(key) else { return Table::new(section, self.at, None, self.problems) };
        if !value.is_table() {
            self.problems.note(at.start, format!("`{key}` is {}; write it as a table", shown(value)));
        }
        Table::new(section, at.start, value.as_table(), self.problems)
    }

    /// The tables below each `[[key]]`.
    pub(super) fn tables(&self, key: &'static str, section: Section) -> Vec<Table<'a, 't>> {
        let each = |(item, entries): (&Spanned<DeValue<'t>>, _)| {
            Table::new(section, item.span().start, Some(entries), self.problems)
        };
        self.raw_tables(key).into_iter().map(each).collect()
    }

    /// The same, as they are.
    pub(super) fn raw_tables(&self, key: &'static str) -> Vec<(&'a Spanned<DeValue<'t>>, &'a DeTable<'t>)> {
        let Some((at, value)) = self.value(key) else { return Vec::new() };
        let items = value.as_array().map(|items| items.iter().collect::<Vec<_>>()).unwrap_or_default();
        let tables: Vec<_> = items.iter().filter_map(|item| Some((*item, item.get_ref().as_table()?))).collect();
        if !value.is_array() || tables.len() < items.len() {
            self.problems.note(at.start, format!("`{key}` is not written as tables; write [[{key}]] above each"));
        }
        tables
    }

    // -- How --

    fn value(&self, key: &'static str) -> Option<(Range<usize>, &'a DeValue<'t>)> {
        debug_assert!(self.section.keys().contains(&key), "{key} is not listed");
        self.asked.borrow_mut().insert(key);
        self.entry(key)
    }

    /// Where the key stands, and what it is.
    fn entry(&self, key: &str) -> Option<(Range<usize>, &'a DeValue<'t>)> {
        let (key, value) = self.entries?.iter().find(|(name, _)| name.get_ref().as_ref() == key)?;
        Some((key.span(), value.get_ref()))
    }
}

/// A value as it may be told of: what kind it is, or what it says.
fn shown(value: &DeValue<'_>) -> String {
    match value {
        // A password in it is nothing for whoever reads what the monitor says.
        DeValue::String(text) if text.contains("://") && text.contains('@') => "a URL with a password in it".to_owned(),
        DeValue::String(text) => format!("\"{}\"", shortened(text)),
        DeValue::Integer(number) => format!("the number {}", shortened(&number.to_string())),
        DeValue::Float(number) => format!("the number {}", shortened(&number.to_string())),
        DeValue::Boolean(flag) => flag.to_string(),
        DeValue::Datetime(_) => "a date without quotes".to_owned(),
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    }
}

/// Enough of a text to know it again.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(TOLD) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

/// Problems that are told at once. Stops: a file of another kind filling the terminal, and a count of lines for each byte.
const TOLD_AT_ONCE: usize = 50;

/// Characters of a value that are told.
const TOLD: usize = 100;
