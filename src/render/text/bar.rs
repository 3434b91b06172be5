//! The cells of a chain as glyphs.

use super::page::{Page, Role};
use crate::render::timeline::Cell;

/// The widest bar.
pub(super) const WIDEST: usize = 48;

/// The narrowest bar.
pub(super) const NARROWEST: usize = 16;

/// The bar as it is printed; cells alike and next to each other share their colour codes.
pub(super) fn bar(cells: &[Cell], page: &Page<'_>) -> String {
    let runs = cells.chunk_by(|a, b| a == b);
    runs.map(|run| {
        let glyphs = glyph(run[0], page.options.ascii).to_string().repeat(run.len());
        match run[0] {
            Cell::Violation => page.paint(Role::Bad, &glyphs),
            Cell::Hole | Cell::Unproven => page.paint(Role::Doubtful, &glyphs),
            _ => glyphs,
        }
    })
    .collect()
}

/// What the glyphs say, once for all bars, in lines that fit the narrowest page.
pub(super) fn legend(ascii: bool) -> [String; 2] {
    let named = |cells: &[(Cell, &str)]| {
        let named: Vec<String> = cells.iter().map(|(cell, name)| format!("{} {name}", glyph(*cell, ascii))).collect();
        named.join("   ")
    };
    [
        named(&[(Cell::Proven, "proven"), (Cell::Hole, "hole, however short"), (Cell::Violation, "violation")]),
        named(&[(Cell::Part, "proven where due"), (Cell::Nothing, "nothing due"), (Cell::Unproven, "unproven")]),
    ]
}

fn glyph(cell: Cell, ascii: bool) -> char {
    match (cell, ascii) {
        (Cell::Nothing, false) => '·',
        (Cell::Nothing, true) => '.',
        (Cell::Part, false) => '▄',
        (Cell::Part, true) => '+',
        (Cell::Proven, false) => '█',
        (Cell::Proven, true) => '#',
        (Cell::Hole, false) => '░',
        (Cell::Hole, true) => '-',
        (Cell::Unproven, _) => '?',
        (Cell::Violation, _) => '!',
    }
}
