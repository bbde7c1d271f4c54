//! Output for the operator: results on standard output, everything else on standard error.

use std::fmt::Display;
use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

/// Prints a line of the result. Ignores a closed pipe (`| head`).
pub(crate) fn line(text: impl Display) {
    drop(writeln!(io::stdout().lock(), "{text}"));
}

/// Prints JSON, indented by two spaces.
pub(crate) fn json(value: &serde_json::Value) {
    line(format_args!("{value:#}"));
}

pub(crate) fn done(text: impl Display) {
    line(format_args!("✅ {text}"));
}

pub(crate) fn warning(text: impl Display) {
    drop(writeln!(io::stderr().lock(), "⚠️  {text}"));
}

pub(crate) fn error(text: impl Display) {
    drop(writeln!(io::stderr().lock(), "❌ {text}"));
}

/// Prints a table with borders; values are never truncated, so that ids can be copied.
pub(crate) fn table(headers: &[&str], rows: &[Vec<String>]) {
    for text in table_lines(headers, rows) {
        line(text);
    }
}

fn table_lines(headers: &[&str], rows: &[Vec<String>]) -> Vec<String> {
    let width = |text: &str| text.chars().count();
    let mut widths: Vec<usize> = headers.iter().map(|h| width(h)).collect();
    for row in rows {
        for (cell, column) in row.iter().zip(&mut widths) {
            *column = (*column).max(width(cell));
        }
    }
    let rule = |left: &str, middle: &str, right: &str| {
        let parts: Vec<String> = widths.iter().map(|w| "─".repeat(w + 2)).collect();
        format!("{left}{}{right}", parts.join(middle))
    };
    let cells = |row: &[&str]| {
        let padded: Vec<String> = row
            .iter()
            .zip(&widths)
            .map(|(cell, w)| format!(" {cell}{} ", " ".repeat(w - width(cell))))
            .collect();
        format!("│{}│", padded.join("│"))
    };
    let mut lines = vec![rule("┌", "┬", "┐"), cells(headers), rule("├", "┼", "┤")];
    lines.extend(rows.iter().map(|row| cells(&row.iter().map(String::as_str).collect::<Vec<_>>())));
    lines.push(rule("└", "┴", "┘"));
    lines
}

/// A dash for a missing value.
pub(crate) fn or_dash(value: Option<impl Display>) -> String {
    value.map_or_else(|| "—".to_owned(), |v| v.to_string())
}

/// Asks on standard error; `None` when standard input is no terminal.
pub(crate) fn confirm(question: &str) -> Option<bool> {
    if !io::stdin().is_terminal() {
        return None;
    }
    let mut stderr = io::stderr().lock();
    drop(write!(stderr, "{question} [y/N] "));
    drop(stderr.flush());
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).ok()?;
    Some(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

#[cfg(test)]
mod tests {
    use super::table_lines;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let lines = table_lines(&["Id", "Name"], &[vec!["1".into(), "Ünïque".into()]]);
        assert_eq!(lines[3], "│ 1  │ Ünïque │");
        assert!(lines.iter().all(|l| l.chars().count() == lines[0].chars().count()));
    }
}
