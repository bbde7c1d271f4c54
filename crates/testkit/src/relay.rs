//! Test servers that receive mail (`relay/relay.py`) and traces (`relay/collector.py`), and certificates of an
//! untrusted authority.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use porta_trust::{Certificates, Roots};
use serde_json::{Value, json};
use tokio::sync::mpsc;

pub struct Relay {
    pub port: u16,
    child: Child,
    events: mpsc::UnboundedReceiver<Value>,
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn python() -> PathBuf {
    let python = std::env::var_os("TEST_SMTP_PYTHON").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.test/python/bin/python"),
        PathBuf::from,
    );
    assert!(
        python.exists(),
        "{} is not there. Tests below `smtp` need a Python with aiosmtpd: run scripts/setup.sh, which \
         needs python3-venv, or name one in TEST_SMTP_PYTHON; leave them out with `cargo test -- --skip smtp::`",
        python.display()
    );
    python
}

impl Relay {
    /// Starts a mail relay; `relay.py` describes the options.
    pub async fn start(options: Value) -> Self {
        Self::run(python(), "relay.py", options).await
    }

    /// Starts a trace collector; see `collector.py`.
    pub async fn collector(authority: &CertificateAuthority) -> Self {
        Self::run(PathBuf::from("python3"), "collector.py", authority.relay("implicit")).await
    }

    async fn run(python: PathBuf, script: &str, options: Value) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("relay").join(script);
        let mut child = Command::new(python)
            .arg(script)
            .arg(options.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            // Each refused TLS handshake prints a traceback.
            .stderr(Stdio::null())
            .spawn()
            .expect("the relay starts");
        let lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let (sender, events) = mpsc::unbounded_channel();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                sender.send(serde_json::from_str(&line).expect("the relay tells JSON")).ok();
            }
        });
        let mut relay = Self { port: 0, child, events };
        let listening = relay.event("listening").await;
        relay.port =
            listening["port"].as_u64().and_then(|p| u16::try_from(p).ok()).expect("the relay tells its port");
        relay
    }

    /// Waits for the next event, which must have this name.
    pub async fn event(&mut self, name: &str) -> Value {
        let event = tokio::time::timeout(Duration::from_secs(20), self.events.recv()).await;
        let event = event.expect("the relay tells something in time").expect("the relay runs");
        assert_eq!(event["event"], name, "{event}");
        event
    }

    /// Stops the server and returns the events that were not read.
    pub async fn stop(mut self) -> Vec<Value> {
        self.child.kill().expect("the relay is our child");
        self.child.wait().expect("the relay is our child");
        let mut rest = Vec::new();
        while let Some(event) = self.events.recv().await {
            rest.push(event);
        }
        rest
    }
}

/// A throw-away certificate authority and a certificate for `localhost` that it signed.
pub struct CertificateAuthority {
    directory: tempfile::TempDir,
}

impl CertificateAuthority {
    pub fn make() -> Self {
        let authority = Self { directory: tempfile::tempdir().expect("a temporary directory can be made") };
        let at = |name: &str| authority.path(name);
        std::fs::write(at("leaf.ext"), "subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n")
            .expect("it can be written to");
        let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
        for command in [
            format!(
                "req -x509 {key} -days 1 -subj /CN=throw-away -keyout {} -out {}",
                at("ca.key"),
                at("ca.pem")
            ),
            format!("req {key} -subj /CN=localhost -keyout {} -out {}", at("leaf.key"), at("leaf.csr")),
            format!(
                "x509 -req -in {} -CA {} -CAkey {} -CAcreateserial -days 1 -extfile {} -out {}",
                at("leaf.csr"),
                at("ca.pem"),
                at("ca.key"),
                at("leaf.ext"),
                at("leaf.pem")
            ),
        ] {
            let made = Command::new("openssl").args(command.split(' ')).output().expect("openssl runs");
            assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        }
        authority
    }

    fn path(&self, name: &str) -> String {
        self.directory.path().join(name).to_str().expect("its name is text").to_owned()
    }

    /// PEM file of the authority's certificate.
    pub fn file(&self) -> String {
        self.path("ca.pem")
    }

    /// Trusts only this authority.
    pub fn roots(&self) -> Roots {
        let found = Certificates::of_file(Path::new(&self.file())).expect("the authority was made");
        Roots::only(found.certificates)
    }

    /// Options for a relay that uses this certificate with TLS mode `tls`.
    pub fn relay(&self, tls: &str) -> Value {
        json!({"tls": tls, "cert": self.path("leaf.pem"), "key": self.path("leaf.key")})
    }
}
