//! A server process started by a test.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::Installation;

/// One byte in hex; 32 times it is the signing-key encryption key of these servers.
pub(crate) const KEY: &str = "11";

/// A running server that is killed when the test ends.
pub(crate) struct Server {
    child: Child,
    pub(crate) port: String,
    /// The log since the server is ready.
    log: Arc<Mutex<String>>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Server {
    /// Runs `porta serve`; returns the server and its log until it was ready.
    pub(crate) fn start(installation: &Installation, environment: &[(&str, &str)]) -> (Self, String) {
        Self::run(installation, "serve", environment)
    }

    pub(crate) fn run(
        installation: &Installation,
        command: &str,
        environment: &[(&str, &str)],
    ) -> (Self, String) {
        Self::run_until(installation, command, "porta is serving", environment)
    }

    pub(crate) fn run_until(
        installation: &Installation,
        command: &str,
        sign: &str,
        environment: &[(&str, &str)],
    ) -> (Self, String) {
        let key = KEY.repeat(32);
        let port = free_port();
        let mut all = vec![("SIGNING_KEY_ENCRYPTION_KEY", key.as_str()), ("PORT", &port)];
        all.extend(environment);
        let mut child = installation.command(&[command], &all).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut said = String::new();
        while !said.contains(sign) {
            let Some(Ok(line)) = lines.next() else { panic!("it does not serve: {said}") };
            said += &line;
            said.push('\n');
        }
        // Drain the log from now on, so that the pipe does not fill up.
        let log = Arc::<Mutex<String>>::default();
        let sink = Arc::clone(&log);
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let mut log = sink.lock().unwrap_or_else(PoisonError::into_inner);
                log.push_str(&line);
                log.push('\n');
            }
        });
        (Self { child, port, log }, said)
    }

    /// The log lines that contain `needle`; waits until there are `count`.
    pub(crate) fn lines(&self, needle: &str, count: usize) -> Vec<String> {
        let until = Instant::now() + Duration::from_secs(10);
        loop {
            let log = self.log.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let found: Vec<String> = log.lines().filter(|l| l.contains(needle)).map(str::to_owned).collect();
            if found.len() >= count {
                return found;
            }
            assert!(Instant::now() < until, "{count} lines with {needle} in:\n{log}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Sends SIGTERM.
    pub(crate) fn tell_to_stop(&self) {
        let id = self.child.id().to_string();
        std::process::Command::new("kill").args(["-TERM", &id]).status().unwrap();
    }

    /// Sends SIGTERM and returns the exit code.
    pub(crate) fn stop(mut self) -> Option<i32> {
        self.tell_to_stop();
        self.child.wait().unwrap().code()
    }
}

pub(crate) fn free_port() -> String {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string()
}
