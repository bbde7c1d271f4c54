//! Somebody at a terminal: a real pseudo-terminal, which `script` makes. What is typed is typed when a question is there,
//! as people do; and nothing is typed for as long as the test waits.

use std::io::{Read as _, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use super::CommandOutput;

/// The longest that a test waits for a question, or for the end of a command.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) const CTRL_C: &str = "\u{3}";
/// At the beginning of a line: the end of the input.
pub(crate) const CTRL_D: &str = "\u{4}";

pub(crate) struct Terminal {
    child: Child,
    keyboard: ChildStdin,
    screen: Receiver<Vec<u8>>,
    shown: Vec<u8>,
    /// Bytes of `shown` that a test has waited for.
    seen: usize,
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Terminal {
    /// Runs a command in a terminal.
    pub(crate) fn start(inner: &Command) -> Self {
        Self::run(inner, &words(inner))
    }

    /// The same; when the command has ended, the settings of the terminal are shown.
    pub(crate) fn start_and_show_settings(inner: &Command) -> Self {
        // The shell gets Ctrl-C, too: with a handler it goes on, and what it runs has none.
        Self::run(inner, &format!("trap : INT; {}; code=$?; stty -a; exit $code", words(inner)))
    }

    fn run(inner: &Command, script: &str) -> Self {
        let mut terminal = Command::new("/usr/bin/script");
        terminal
            .args(["--quiet", "--return", "--echo", "always", "--command", script, "/dev/null"])
            .env_clear()
            .envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))))
            .env("SHELL", "/bin/sh")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        if let Some(directory) = inner.get_current_dir() {
            terminal.current_dir(directory);
        }
        let mut child = terminal.spawn().unwrap();
        let keyboard = child.stdin.take().unwrap();
        let mut output = child.stdout.take().unwrap();
        let (sender, screen) = channel();
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(read) = output.read(&mut bytes)
                && read > 0
                && sender.send(bytes[..read].to_vec()).is_ok()
            {}
        });
        Self { child, keyboard, screen, shown: Vec::new(), seen: 0 }
    }

    /// Waits until these words are there, after those that were waited for before.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, words: &str) -> &mut Self {
        let until = Instant::now() + PATIENCE;
        loop {
            let unseen = &self.shown[self.seen..];
            if let Some(at) = unseen.windows(words.len()).position(|window| window == words.as_bytes()) {
                self.seen += at + words.len();
                return self;
            }
            let left = until.saturating_duration_since(Instant::now());
            match self.screen.recv_timeout(left) {
                Ok(bytes) => self.shown.extend(bytes),
                Err(why) => unreachable!("no {words:?} ({why}): {}", self.text()),
            }
        }
    }

    pub(crate) fn press(&mut self, keys: &str) -> &mut Self {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
        self.keyboard.flush().unwrap();
        self
    }

    /// Types a line.
    pub(crate) fn type_line(&mut self, line: &str) -> &mut Self {
        self.press(&format!("{line}\n"))
    }

    /// Waits for the end of the command; standard error is with standard output on the screen.
    #[track_caller]
    pub(crate) fn end(mut self) -> CommandOutput {
        let until = Instant::now() + PATIENCE;
        loop {
            match self.screen.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(bytes) => self.shown.extend(bytes),
                // The screen is closed.
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => unreachable!("it does not end: {}", self.text()),
            }
        }
        let code = self.child.wait().unwrap().code().unwrap();
        CommandOutput { code, stdout: self.text(), stderr: String::new() }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.shown).into_owned()
    }
}

fn words(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| format!("'{}'", word.to_str().unwrap())).collect::<Vec<_>>().join(" ")
}
