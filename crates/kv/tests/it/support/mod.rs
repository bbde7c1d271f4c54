//! Redis servers started by a test, which it can stop and restart.

#![expect(clippy::unwrap_used, reason = "helpers of tests, which clippy takes for other code")]

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::process::{Child, Command};

pub(crate) struct Server {
    pub(crate) port: u16,
    arguments: Vec<String>,
    /// A replica stores what its primary sends.
    directory: TempDir,
    process: Option<Child>,
}

impl Server {
    pub(crate) async fn start(arguments: &[&str]) -> Self {
        Self::with(free_port(), arguments.iter().map(|text| (*text).to_owned()).collect()).await
    }

    /// Starts a server that accepts TLS only.
    pub(crate) async fn start_tls(certificates: &Path) -> Self {
        let file = |name: &str| certificates.join(name).to_str().unwrap().to_owned();
        let port = free_port();
        let arguments = ["--tls-port", &port.to_string(), "--port", "0", "--tls-auth-clients", "no"]
            .into_iter()
            .chain(["--tls-cert-file", &file("server.pem"), "--tls-key-file", &file("server.key")])
            .map(str::to_owned)
            .collect();
        Self::with(port, arguments).await
    }

    async fn with(port: u16, arguments: Vec<String>) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut server = Self { port, arguments, directory, process: None };
        server.restart().await;
        server
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub(crate) async fn restart(&mut self) {
        // Later arguments win, so `--port 0` of the TLS server replaces this one.
        let process = Command::new("redis-server")
            .args(["--port", &self.port.to_string(), "--bind", "127.0.0.1"])
            .args(["--save", "", "--appendonly", "no", "--loglevel", "warning"])
            .args(&self.arguments)
            .current_dir(self.directory.path())
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("redis-server is installed");
        self.process = Some(process);
        let deadline = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_err() {
            assert!(Instant::now() < deadline, "redis-server does not listen");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub(crate) async fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().await.unwrap();
        }
    }

    /// Sends a signal: `STOP` leaves connections open but unanswered, `CONT` resumes.
    pub(crate) async fn signal(&self, name: &str) {
        let id = self.process.as_ref().and_then(Child::id).unwrap().to_string();
        let status = Command::new("kill").args(["-s", name, &id]).status().await.unwrap();
        assert!(status.success());
    }

    /// Sends a command directly, without the store.
    pub(crate) async fn ask(&self, words: &[&str]) -> redis::Value {
        ask(&self.url(), words).await
    }

    /// Like [`Self::ask`], with a password.
    pub(crate) async fn ask_as(&self, password: &str, words: &[&str]) -> redis::Value {
        ask(&format!("redis://:{password}@127.0.0.1:{}", self.port), words).await
    }
}

async fn ask(url: &str, words: &[&str]) -> redis::Value {
    let client = redis::Client::open(url).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let mut command = redis::cmd(words[0]);
    command.arg(&words[1..]).query_async(&mut connection).await.unwrap()
}

/// A Redis Sentinel.
pub(crate) struct Sentinel {
    pub(crate) port: u16,
    _process: Child,
    _directory: tempfile::TempDir,
}

impl Sentinel {
    /// Starts a sentinel with `lines` appended to its configuration.
    pub(crate) async fn start(name: &str, primary: u16, lines: &[&str]) -> Self {
        let port = free_port();
        let directory = tempfile::tempdir().unwrap();
        // The sentinel rewrites this file with its state.
        let file = directory.path().join("sentinel.conf");
        let own = directory.path().display();
        let text = format!(
            "port {port}\nbind 127.0.0.1\ndir {own}\nloglevel warning\n\
             sentinel monitor {name} 127.0.0.1 {primary} 1\n\
             sentinel down-after-milliseconds {name} 500\n\
             sentinel failover-timeout {name} 3000\n{}\n",
            lines.join("\n")
        );
        std::fs::write(&file, text).unwrap();
        let process = Command::new("redis-server")
            .arg(&file)
            .arg("--sentinel")
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("redis-server is installed");
        let deadline = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            assert!(Instant::now() < deadline, "the sentinel does not listen");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Self { port, _process: process, _directory: directory }
    }

    /// Waits until it knows a replica of `name` that it could promote.
    pub(crate) async fn until_it_knows_a_replica(&self, name: &str) {
        let deadline = Instant::now() + Duration::from_secs(30);
        let url = format!("redis://127.0.0.1:{}", self.port);
        loop {
            match ask(&url, &["SENTINEL", "replicas", name]).await {
                redis::Value::Array(replicas) if !replicas.is_empty() => return,
                _ => assert!(Instant::now() < deadline, "the sentinel found no replica"),
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

/// Three primaries, and a replica of each.
pub(crate) struct Cluster {
    pub(crate) nodes: Vec<Server>,
    _directory: tempfile::TempDir,
}

impl Cluster {
    pub(crate) async fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut nodes = Vec::new();
        for number in 0..6 {
            let own = directory.path().join(number.to_string());
            std::fs::create_dir(&own).unwrap();
            let own = own.to_str().unwrap();
            // By default the bus port is the port plus 10,000, which may be in use.
            let bus = free_port().to_string();
            let arguments = ["--cluster-enabled", "yes", "--cluster-node-timeout", "1000", "--dir", own];
            // Replicas need not wait for each other before they synchronize.
            let rest = ["--cluster-port", &bus, "--repl-diskless-sync-delay", "0"];
            nodes.push(Server::start(&[&arguments[..], &rest[..]].concat()).await);
        }
        let addresses = nodes.iter().map(|node| format!("127.0.0.1:{}", node.port));
        let made = Command::new("redis-cli")
            .args(["--cluster", "create"])
            .args(addresses)
            .args(["--cluster-replicas", "1", "--cluster-yes"])
            .output()
            .await
            .expect("redis-cli is installed");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stdout));
        let cluster = Self { nodes, _directory: directory };
        for node in &cluster.nodes {
            let deadline = Instant::now() + Duration::from_secs(20);
            let is_up = async || {
                let replication = text(&node.ask(&["INFO", "replication"]).await);
                text(&node.ask(&["CLUSTER", "INFO"]).await).contains("cluster_state:ok")
                    && (replication.contains("connected_slaves:1")
                        || replication.contains("master_link_status:up"))
            };
            while !is_up().await {
                assert!(Instant::now() < deadline, "the cluster does not come up");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        cluster
    }

    /// The node that owns the slot of an instance.
    pub(crate) async fn owner(&mut self, instance: &str) -> &mut Server {
        let tag = format!("{{{instance}}}");
        for index in 0..self.nodes.len() {
            // Only the owner answers; the others redirect.
            let client = redis::Client::open(self.nodes[index].url()).unwrap();
            let Ok(mut connection) = client.get_multiplexed_async_connection().await else { continue };
            let found: redis::RedisResult<i64> =
                redis::cmd("EXISTS").arg(&tag).query_async(&mut connection).await;
            if found.is_ok() {
                return &mut self.nodes[index];
            }
        }
        unreachable!("some node owns every slot")
    }
}

pub(crate) fn text(value: &redis::Value) -> String {
    match value {
        redis::Value::BulkString(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        redis::Value::VerbatimString { text, .. } | redis::Value::SimpleString(text) => text.clone(),
        other => format!("{other:?}"),
    }
}

fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

/// An authority and a server certificate for `localhost` in `directory`.
pub(crate) async fn make_certificates(directory: &Path) {
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
    std::fs::write(directory.join("names"), "subjectAltName=DNS:localhost").unwrap();
    for arguments in [
        format!("req -x509 {key} -keyout ca.key -out ca.pem -subj /CN=test-authority -days 2"),
        format!("req {key} -keyout server.key -out server.csr -subj /CN=localhost"),
        "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out server.pem -days 2 -extfile names"
            .to_owned(),
    ] {
        let made = Command::new("openssl")
            .args(arguments.split(' '))
            .current_dir(directory)
            .output()
            .await
            .expect("openssl is installed");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    }
}
