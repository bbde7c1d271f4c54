//! A real PgBouncer in transaction mode: two transactions of one client may run in two sessions.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use url::Url;

pub struct PgBouncer {
    port: u16,
    child: Child,
    _directory: tempfile::TempDir,
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn program() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // Debian installs it where only root's PATH looks.
    let places = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    places.map(|place| place.join("pgbouncer")).find(|program| program.exists()).expect(
        "pgbouncer is not there. Tests with `pooler` in their name need it: run scripts/setup.sh, or \
         `sudo apt-get install pgbouncer`; leave them out with `cargo test -- --skip pooler`",
    )
}

impl PgBouncer {
    /// Starts it in front of the server of `url`, with `sessions` server connections per database.
    pub async fn before(url: &str, sessions: u32) -> Self {
        let url = Url::parse(url).expect("TEST_DATABASE_URL is a URL");
        let host = url.host_str().expect("it names a host").trim_matches(['[', ']']);
        let server = format!(
            "host={host} port={} user={} password={}",
            url.port().unwrap_or(5432),
            url.username(),
            url.password().unwrap_or_default()
        );
        let directory = tempfile::tempdir().expect("a temporary directory can be made");
        // PgBouncer refuses to run as root.
        let is_root = std::fs::metadata(directory.path()).is_ok_and(|made| made.uid() == 0);
        let user = if is_root { "user = nobody\n" } else { "" };
        let port = free_port();
        // Round-robin, so that a test notices if it depends on state left in a session.
        let text = format!(
            "[databases]\n* = {server}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
             unix_socket_dir =\nauth_type = any\npool_mode = transaction\ndefault_pool_size = {sessions}\n\
             max_client_conn = 1000\nserver_round_robin = 1\nserver_tls_sslmode = disable\n{user}"
        );
        let file = directory.path().join("pgbouncer.ini");
        std::fs::write(&file, text).expect("it can be written to");
        let child = Command::new(program())
            .arg("-q")
            .arg(file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .expect("pgbouncer starts");
        let mut pooler = Self { port, child, _directory: directory };
        let deadline = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            let ended = pooler.child.try_wait().expect("it is our child");
            assert!(ended.is_none() && Instant::now() < deadline, "pgbouncer does not listen: {ended:?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        pooler
    }

    /// URL of the same database through this pooler.
    pub fn through(&self, url: &str) -> String {
        let mut url = Url::parse(url).expect("TEST_DATABASE_URL is a URL");
        url.set_host(Some("127.0.0.1")).expect("a URL of a database has a host");
        url.set_port(Some(self.port)).expect("a URL of a database has a port");
        url.set_query(Some("sslmode=disable"));
        url.into()
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
    listener.local_addr().expect("it has an address").port()
}
