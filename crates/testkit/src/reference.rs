//! Reference pages generated from code: compares the part of a page between two markers with what the code generates,
//! or rewrites it if `PORTA_WRITE_REFERENCE` is set. Reviews then show changes of the contract.

use std::fmt::Write as _;
use std::path::Path;

/// Compares the part of `docs/{page}` between the lines `<!-- {name}… -->` and `<!-- end of {name} -->`.
#[track_caller]
pub fn compare(page: &str, name: &str, expected: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(page);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("docs/{page}: {e}"));
    let (begin, end) = (format!("<!-- {name}"), format!("<!-- end of {name} -->"));
    let line = text.find(&begin).unwrap_or_else(|| panic!("docs/{page} has no {begin}"));
    let from = line + text[line..].find('\n').map_or(0, |length| length + 1);
    let to = from + text[from..].find(&end).unwrap_or_else(|| panic!("docs/{page} has no {end}"));
    if text[from..to] == *expected {
        return;
    }
    if std::env::var_os("PORTA_WRITE_REFERENCE").is_some() {
        let written = [&text[..from], expected, &text[to..]].concat();
        std::fs::write(&path, written).unwrap_or_else(|e| panic!("docs/{page}: {e}"));
        return;
    }
    panic!(
        "docs/{page} does not say what the code says about {name}; run the test again with PORTA_WRITE_REFERENCE=1.\n\
         It should be:\n{expected}"
    );
}

/// A Markdown table.
pub fn table(head: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut text = format!("| {} |\n|{}\n", head.join(" | "), "---|".repeat(head.len()));
    for row in rows {
        let cells: Vec<String> = row.iter().map(|cell| cell.replace('|', "\\|")).collect();
        // Writing to a string does not fail.
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    }
    text
}
