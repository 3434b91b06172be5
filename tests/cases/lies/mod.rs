//! The lies, by theme.

mod backfills;
mod chains;
mod digests;
mod forged;
mod keys;
mod late;
mod layouts;
mod links;
mod logs;
mod named;
mod planted;
mod requests;
mod strays;

use super::table::Lie;

/// Every lie.
pub(crate) fn all() -> impl Iterator<Item = &'static Lie> {
    let themes: [&'static [Lie]; 13] = [
        logs::LIES,
        late::LIES,
        planted::LIES,
        digests::LIES,
        forged::LIES,
        links::LIES,
        chains::LIES,
        backfills::LIES,
        keys::LIES,
        strays::LIES,
        layouts::LIES,
        requests::LIES,
        named::LIES,
    ];
    themes.into_iter().flatten()
}
