//! Asks for values at the terminal: questions on standard error, answers from standard input.

use std::fmt::Display;
use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::sync::{Mutex, PoisonError};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use secrecy::{ExposeSecret as _, SecretString};

use crate::failure::Failure;
use crate::output;

/// Settings of the terminal before typing was hidden. After Ctrl-C another thread restores them, while the one that
/// asks still waits for the answer.
static SHOWN: Mutex<Option<Termios>> = Mutex::new(None);

/// Reads a line without the blanks around it; `None` when standard input is no terminal.
pub(super) fn ask(question: &str) -> Option<String> {
    if !io::stdin().is_terminal() {
        return None;
    }
    write(format_args!("{}: ", output::plain(question)));
    read_line().ok().map(|line| line.trim().to_owned())
}

/// Asks for a yes; `None` when standard input is no terminal.
pub(crate) fn confirm(question: &str) -> Option<bool> {
    if !io::stdin().is_terminal() {
        return None;
    }
    write(format_args!("{} [y/N] ", output::plain(question)));
    let answer = read_line().ok()?;
    Some(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

/// Reads a line, from a terminal or not; `None` if there is none.
pub(super) fn line(question: &str) -> Option<String> {
    write(format_args!("{question}: "));
    read_line().ok().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty())
}

/// Reads a line while the terminal does not show what is typed; `None` when standard input is no terminal.
fn ask_hidden(question: &str) -> Option<SecretString> {
    let shown = tcgetattr(io::stdin()).ok()?;
    let mut hidden = shown.clone();
    hidden.local_modes.remove(LocalModes::ECHO);
    *SHOWN.lock().unwrap_or_else(PoisonError::into_inner) = Some(shown);
    tcsetattr(io::stdin(), OptionalActions::Drain, &hidden).ok()?;
    write(format_args!("{question}: "));
    let answer = read_line();
    show_typing();
    // The line break that was typed was not shown either.
    write("\n");
    answer.ok().map(|line| without_line_break(&line).into())
}

/// Makes typing visible again, if it is hidden.
pub(super) fn show_typing() {
    let shown = SHOWN.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(shown) = shown {
        // Without a terminal there is nothing to restore.
        let _ = tcsetattr(io::stdin(), OptionalActions::Drain, &shown);
    }
}

/// A new password: the first line of standard input, or typed twice.
pub(super) fn new_password(is_on_stdin: bool) -> Result<SecretString, Failure> {
    if is_on_stdin {
        return line_of_stdin().map_err(|e| Failure::general(format!("standard input cannot be read: {e}")));
    }
    let password = ask_hidden("Password")
        .ok_or_else(|| Failure::invalid("--password-stdin is missing, and there is no terminal to ask"))?;
    let again = ask_hidden("The same password again").unwrap_or_default();
    if again.expose_secret() == password.expose_secret() {
        return Ok(password);
    }
    Err(Failure::invalid("the two passwords differ"))
}

/// The first line of standard input.
fn line_of_stdin() -> io::Result<SecretString> {
    read_line().map(|line| without_line_break(&line).into())
}

fn without_line_break(line: &str) -> &str {
    line.trim_end_matches(['\n', '\r'])
}

fn write(text: impl Display) {
    let mut stderr = io::stderr().lock();
    drop(write!(stderr, "{text}"));
    drop(stderr.flush());
}

/// Another thread takes over the rest of the runtime meanwhile: it waits for Ctrl-C.
fn read_line() -> io::Result<String> {
    tokio::task::block_in_place(|| {
        let mut line = String::new();
        io::stdin().lock().read_line(&mut line)?;
        Ok(line)
    })
}
