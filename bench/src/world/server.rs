//! The measured process: pinned to its own core, stopped by process id.

use std::fs::OpenOptions;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

use crate::client::{Connection, Site};

/// Polling interval while the server starts; the resolution of the start-up time.
const ASKING: Duration = Duration::from_micros(500);
const STARTING: Duration = Duration::from_secs(30);
const STOPPING: Duration = Duration::from_secs(20);

/// The executable and the core it is pinned to.
#[derive(Debug, Clone)]
pub(crate) struct Binary {
    pub(crate) path: PathBuf,
    pub(crate) core: usize,
    /// Where the log goes; nowhere by default, so that no disk is measured.
    pub(crate) log: Option<PathBuf>,
}

impl Binary {
    /// `taskset` sets the affinity and then execs the program: the process id stays the same.
    fn command(&self, arguments: &[&str], environment: &[(String, String)]) -> Command {
        let mut command = Command::new("taskset");
        command.arg("-c").arg(self.core.to_string()).arg(&self.path).args(arguments);
        command.env_clear().envs(environment.iter().cloned()).stdin(Stdio::null());
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.current_dir(std::env::temp_dir());
        command
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, arguments: &[&str], environment: &[(String, String)]) -> Result<()> {
        let output = self.command(arguments, environment).output().context("starting taskset")?;
        ensure!(
            output.status.success(),
            "porta {} ended with {}\n{}{}",
            arguments.join(" "),
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
        );
        Ok(())
    }

    fn sink(&self) -> Result<Stdio> {
        let Some(path) = &self.log else { return Ok(Stdio::null()) };
        let file = OpenOptions::new().create(true).append(true).open(path);
        Ok(file.with_context(|| format!("opening {}", path.display()))?.into())
    }
}

/// A running `porta serve`.
pub(crate) struct Server(Child);

impl Server {
    /// Starts the server; returns the time until its first 200 on /health.
    pub(crate) async fn start(
        binary: &Binary,
        environment: &[(String, String)],
        site: &Site,
    ) -> Result<(Self, Duration)> {
        let mut command = binary.command(&["serve"], environment);
        command.stdout(binary.sink()?).stderr(binary.sink()?);
        let started = Instant::now();
        let mut server = Self(command.spawn().context("starting the server")?);
        let request = site.get("/health", &[]);
        loop {
            if let Ok(mut connection) = Connection::open(site).await
                && connection.exchange(&request).await.is_ok_and(|response| response.status == 200)
            {
                return Ok((server, started.elapsed()));
            }
            if let Some(status) = server.0.try_wait()? {
                bail!("the server ended with {status}; name a file with --server-log to see why");
            }
            ensure!(started.elapsed() < STARTING, "the server did not become healthy");
            tokio::time::sleep(ASKING).await;
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.0.id()
    }

    /// Stops the server and waits until it has exited.
    pub(crate) fn stop(mut self) -> Result<()> {
        let pid = self.0.id().to_string();
        ensure!(
            Command::new("kill").args(["-TERM", &pid]).status()?.success(),
            "the server could not be asked"
        );
        let asked = Instant::now();
        loop {
            if let Some(status) = self.0.try_wait()? {
                ensure!(status.success(), "the server ended with {status}");
                return Ok(());
            }
            ensure!(asked.elapsed() < STOPPING, "the server did not stop");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Server {
    /// Kills a server that still runs after an error; a failure to kill it cannot be handled here.
    fn drop(&mut self) {
        if matches!(self.0.try_wait(), Ok(None)) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }
}
