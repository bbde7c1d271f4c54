//! Progress of long work: a line on standard error that is written over, if that is a terminal.

use std::fmt::Display;
use std::io::{self, IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Whether a line is there that must go before anything else is printed.
static IS_DRAWN: AtomicBool = AtomicBool::new(false);

/// Shows how far the work is.
pub(crate) fn progress(text: impl Display) {
    if is_shown() {
        IS_DRAWN.store(true, Ordering::Relaxed);
        write(format_args!("\r\u{1b}[K{} …", super::plain(&text.to_string())));
    }
}

/// Takes the line away, if there is one.
pub(crate) fn end_progress() {
    if IS_DRAWN.swap(false, Ordering::Relaxed) {
        write("\r\u{1b}[K");
    }
}

/// Counts the seconds of one long piece of work.
pub(crate) async fn while_waiting<F: IntoFuture>(what: &str, work: F) -> F::Output {
    let mut work = std::pin::pin!(work.into_future());
    if !is_shown() {
        return work.await;
    }
    let mut seconds = tokio::time::interval(Duration::from_secs(1));
    let mut passed = 0;
    loop {
        tokio::select! {
            done = &mut work => {
                end_progress();
                return done;
            }
            _ = seconds.tick() => {
                // Short work shows nothing.
                if passed > 1 {
                    progress(format_args!("{what}, {passed} s"));
                }
                passed += 1;
            }
        }
    }
}

fn is_shown() -> bool {
    let is_dumb = std::env::var_os("TERM").is_some_and(|value| value == "dumb");
    !super::is_quiet() && !is_dumb && io::stderr().is_terminal()
}

fn write(text: impl Display) {
    let mut stderr = io::stderr().lock();
    drop(write!(stderr, "{text}"));
    drop(stderr.flush());
}
