//! Output for the operator: results on standard output, everything else on standard error.

mod moment;
mod plain;
mod progress;
mod table;

use std::fmt::{self, Display};
use std::io::{self, IsTerminal, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::termios::tcgetwinsize;

pub(crate) use moment::{local, local_or_dash, spelled};
pub(crate) use plain::plain;
pub(crate) use progress::{end_progress, progress, while_waiting};

/// Whether sentences about success are left out (`--quiet`). What the process prints is the process's matter, as its
/// standard output is.
static IS_QUIET: AtomicBool = AtomicBool::new(false);

pub(crate) fn be_quiet() {
    IS_QUIET.store(true, Ordering::Relaxed);
}

fn is_quiet() -> bool {
    IS_QUIET.load(Ordering::Relaxed)
}

/// Whether a part of the result could not be printed: a full disk must not look like success.
static IS_CUT: AtomicBool = AtomicBool::new(false);

/// Whether the whole result was printed, as far as somebody read it.
pub(crate) fn is_complete() -> bool {
    !IS_CUT.load(Ordering::Relaxed)
}

/// Prints a line of the result.
pub(crate) fn line(text: impl Display) {
    printed(format_args!("{}", plain(&text.to_string())));
}

/// A closed pipe (`| head`) is no failure.
fn printed(text: fmt::Arguments<'_>) {
    if let Err(error) = writeln!(io::stdout().lock(), "{text}")
        && error.kind() != io::ErrorKind::BrokenPipe
    {
        IS_CUT.store(true, Ordering::Relaxed);
    }
}

/// Prints bytes as they are. A closed pipe is no failure.
pub(crate) fn raw(bytes: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

/// Whether somebody sees at once what is printed.
pub(crate) fn is_seen() -> bool {
    io::stdout().is_terminal()
}

/// Prints a text of several lines.
pub(crate) fn text(text: &str) {
    printed(format_args!("{}", plain::plain_lines(&text.replace("\r\n", "\n"))));
}

/// Prints a line on standard error that is needed also with `--quiet`.
pub(crate) fn aside(text: impl Display) {
    end_progress();
    drop(writeln!(io::stderr().lock(), "{}", plain(&text.to_string())));
}

/// Prints JSON, indented by two spaces.
pub(crate) fn json(value: &serde_json::Value) {
    printed(format_args!("{}", plain::escaped_json(&format!("{value:#}"))));
}

pub(crate) fn done(text: impl Display) {
    if !is_quiet() {
        line(format_args!("✅ {text}"));
    }
}

/// Prints what is good to know, beside the result.
pub(crate) fn note(text: impl Display) {
    if !is_quiet() {
        aside(text);
    }
}

pub(crate) fn warning(text: impl Display) {
    aside(format_args!("⚠️  {text}"));
}

pub(crate) fn error(text: impl Display) {
    aside(format_args!("❌ {}", without_error_numbers(&text.to_string())));
}

/// Takes ` (os error 2)` out of a message: the words before it say the same.
fn without_error_numbers(text: &str) -> String {
    let mut rest = text;
    let mut kept = String::with_capacity(text.len());
    while let Some((before, after)) = rest.split_once(" (os error ") {
        kept.push_str(before);
        rest = after.split_once(')').map_or("", |(_, after)| after);
    }
    kept + rest
}

/// Prints a table with borders; values are never truncated, so that ids can be copied.
pub(crate) fn table(headers: &[&str], rows: &[Vec<String>]) {
    let is_bold = is_coloured(&io::stdout());
    let rows: Vec<Vec<String>> =
        rows.iter().map(|row| row.iter().map(|cell| plain::plain_lines(cell)).collect()).collect();
    for (n, text) in table::lines(headers, &rows, terminal_width()).into_iter().enumerate() {
        if is_bold && n == 1 && !rows.is_empty() && text.starts_with('│') {
            printed(format_args!("\u{1b}[1m{text}\u{1b}[0m"));
        } else {
            printed(format_args!("{text}"));
        }
    }
}

/// Whether a stream may be coloured: a terminal, and nobody minds (<https://no-color.org>).
pub(crate) fn is_coloured(stream: &impl IsTerminal) -> bool {
    let is_refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let is_dumb = std::env::var_os("TERM").is_some_and(|value| value == "dumb");
    stream.is_terminal() && !is_refused && !is_dumb
}

/// Columns of the terminal; `None` for files and pipes.
fn terminal_width() -> Option<usize> {
    if !io::stdout().is_terminal() {
        return None;
    }
    let size = tcgetwinsize(io::stdout()).ok()?;
    (size.ws_col > 0).then(|| usize::from(size.ws_col))
}

/// A dash for a missing value.
pub(crate) fn or_dash(value: Option<impl Display>) -> String {
    value.map_or_else(|| "—".to_owned(), |v| v.to_string())
}

#[cfg(test)]
mod tests {
    use super::without_error_numbers;

    #[test]
    fn numbers_of_the_operating_system_are_left_out() {
        for (given, shown) in [
            (
                "x cannot be read: No such file or directory (os error 2)",
                "x cannot be read: No such file or directory",
            ),
            ("a (os error 13): b (os error 2), c", "a: b, c"),
            ("nothing of the sort", "nothing of the sort"),
            ("cut (os error 1", "cut"),
        ] {
            assert_eq!(without_error_numbers(given), shown);
        }
    }
}
