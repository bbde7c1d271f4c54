//! An installation with a server and an operator who is signed in to it by the command line.

use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use porta_store_sql::Target;
use porta_testkit::database::TestDatabase;
use serde_json::Value;

use super::server::{KEY, Server};
use super::visitor::{self, Visitor};
use super::{CommandOutput, Installation, WORLD};

pub(crate) const EMAIL: &str = "ana@admin.test";
pub(crate) const PASSWORD: &str = "lantern-Quay-41";

pub(crate) struct Operated {
    pub(crate) installation: Installation,
    pub(crate) server: Server,
    environment: Vec<(&'static str, String)>,
    _database: Option<TestDatabase>,
}

/// Runs tests that take an installation on both stores.
macro_rules! on_both_stores {
    ($($name:ident),+ $(,)?) => { $(
        mod $name {
            use crate::support::operated::Operated;

            #[tokio::test(flavor = "multi_thread")]
            async fn embedded() {
                tokio::task::block_in_place(|| super::$name(&Operated::embedded()));
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn postgres_redis() {
                let world = Operated::postgres().await;
                tokio::task::block_in_place(|| super::$name(&world));
            }
        }
    )+ };
}
pub(crate) use on_both_stores;

/// A database, and the variables that name it and a part of Redis that no other test has.
pub(crate) async fn postgres_and_redis(prefix: &str) -> (TestDatabase, Vec<(&'static str, String)>) {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let database = TestDatabase::postgres().await;
    let Target::Postgres(url) = &database.target else { unreachable!("a PostgreSQL database was asked for") };
    let redis = std::env::var("TEST_REDIS_URL").expect("run through scripts/with-services.sh");
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let environment = vec![
        ("NODE_ENV", "development".to_owned()),
        ("DATABASE_URL", url.clone()),
        ("REDIS_URL", redis),
        ("PORTA_INSTANCE", format!("{prefix}-{}-{number}", std::process::id())),
    ];
    (database, environment)
}

impl Operated {
    pub(crate) fn embedded() -> Self {
        Self::start(vec![("TWO_FACTOR_ENCRYPTION_KEY", "22".repeat(32))], None)
    }

    pub(crate) async fn postgres() -> Self {
        let (database, mut environment) = postgres_and_redis("cli").await;
        environment.extend([
            ("ISSUER_BASE_URL", "http://localhost:3000".to_owned()),
            ("COOKIE_KEYS", "a cookie key of this test alone".to_owned()),
            ("TWO_FACTOR_ENCRYPTION_KEY", "22".repeat(32)),
            ("SMTP_HOST", "127.0.0.1".to_owned()),
            ("SMTP_FROM", "id@example.com".to_owned()),
            ("HOST", "127.0.0.1".to_owned()),
        ]);
        tokio::task::block_in_place(|| Self::start(environment, Some(database)))
    }

    fn start(mut environment: Vec<(&'static str, String)>, database: Option<TestDatabase>) -> Self {
        let installation = Installation::new();
        environment.extend([
            ("SIGNING_KEY_ENCRYPTION_KEY", KEY.repeat(32)),
            ("HOME", installation.path("home").to_str().unwrap().to_owned()),
            ("BROWSER", "/bin/true".to_owned()),
            ("PORTA_CONTAINER", "0".to_owned()),
        ]);
        std::fs::create_dir(installation.path("home")).unwrap();
        let pairs: Vec<(&str, &str)> =
            environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let mut init = installation
            .command(
                &[
                    "init",
                    "--email",
                    EMAIL,
                    "--given-name",
                    "Ana",
                    "--family-name",
                    "Berg",
                    "--password-stdin",
                ],
                &pairs,
            )
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        writeln!(init.stdin.take().unwrap(), "{PASSWORD}").unwrap();
        assert!(init.wait().unwrap().success(), "porta init");
        let file = installation.write("world.yaml", WORLD);
        let provisioned =
            installation.run_with(&["provision", "-f", file.to_str().unwrap(), "--direct"], &pairs);
        assert_eq!(provisioned.code, 0, "{}", provisioned.stderr);
        let (server, _) = Server::start(&installation, &pairs);
        Self { installation, server, environment, _database: database }
    }

    /// The same, with the operator signed in.
    #[track_caller]
    pub(crate) fn signed_in(&self) -> &Self {
        let outcome = self.login(&[]);
        assert_eq!(outcome.code, 0, "{}{}", outcome.stdout, outcome.stderr);
        self
    }

    pub(crate) fn url(&self) -> String {
        format!("http://localhost:{}", self.server.port)
    }

    pub(crate) fn credentials(&self) -> PathBuf {
        self.installation.path("home/.porta/credentials.json")
    }

    /// Content of the credentials file.
    pub(crate) fn stored(&self) -> Value {
        serde_json::from_str(&std::fs::read_to_string(self.credentials()).unwrap()).unwrap()
    }

    /// Changes the only sign-in in the credentials file.
    pub(crate) fn change_stored(&self, field: &str, value: &str) {
        let mut all = self.stored();
        let name = all["current"].as_str().unwrap().to_owned();
        all["profiles"][name][field] = value.into();
        std::fs::write(self.credentials(), all.to_string()).unwrap();
        std::fs::set_permissions(self.credentials(), std::fs::Permissions::from_mode(0o600)).unwrap();
    }

    pub(crate) fn command(&self, arguments: &[&str], more: &[(&str, &str)]) -> std::process::Command {
        let mut all: Vec<(&str, &str)> =
            self.environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
        all.extend(more);
        self.installation.command(arguments, &all)
    }

    pub(crate) fn run_with(&self, arguments: &[&str], more: &[(&str, &str)]) -> CommandOutput {
        output_of(
            self.command(arguments, more).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap(),
        )
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> CommandOutput {
        self.run_with(arguments, &[])
    }

    #[track_caller]
    pub(crate) fn succeed(&self, arguments: &[&str]) -> CommandOutput {
        let outcome = self.run(arguments);
        assert_eq!(outcome.code, 0, "{arguments:?}\n{}{}", outcome.stdout, outcome.stderr);
        outcome
    }

    /// The result with `--json`, ids and times replaced.
    #[track_caller]
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        redacted(self.succeed(&[arguments, &["--json"]].concat()).json())
    }

    #[track_caller]
    pub(crate) fn refused(&self, code: i32, arguments: &[&str], words: &str) {
        let outcome = self.run(arguments);
        assert_eq!(outcome.code, code, "{arguments:?}\n{}{}", outcome.stdout, outcome.stderr);
        assert!(outcome.stderr.contains(words), "{arguments:?} {words}: {}", outcome.stderr);
        assert!(!outcome.stderr.contains("os error"), "{}", outcome.stderr);
    }

    /// Runs a command with text on its standard input.
    pub(crate) fn typed(&self, arguments: &[&str], text: &str) -> CommandOutput {
        let mut command = self.command(arguments, &[]);
        let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = pipes.spawn().unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).ok();
        output_of(child)
    }

    /// Runs a command in a terminal, where somebody types. Standard error is on standard output there.
    pub(crate) fn at_terminal(&self, arguments: &[&str], typed: &str) -> CommandOutput {
        let inner = self.command(arguments, &[]);
        let words = std::iter::once(inner.get_program()).chain(inner.get_args());
        let words = words.map(|word| format!("'{}'", word.to_str().unwrap()));
        let mut terminal = std::process::Command::new("/usr/bin/script");
        terminal
            .args(["--quiet", "--return", "--command", &words.collect::<Vec<_>>().join(" "), "/dev/null"])
            .current_dir(self.installation.directory.path())
            .env_clear()
            .envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = terminal.spawn().unwrap();
        child.stdin.take().unwrap().write_all(typed.as_bytes()).unwrap();
        output_of(child)
    }

    /// Begins `porta login`; returns the process and the address that it asks to open.
    pub(crate) fn begin_login(&self, more: &[&str]) -> (Child, BufReader<std::process::ChildStderr>, String) {
        let url = self.url();
        let arguments = [&["login", "--server", url.as_str()], more].concat();
        let mut command = self.command(&arguments, &[]);
        let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = pipes.spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let address = address_in(&mut stderr);
        (child, stderr, address)
    }

    /// Signs the operator in.
    pub(crate) fn login(&self, more: &[&str]) -> CommandOutput {
        let (child, mut stderr, url) = self.begin_login(more);
        let callback = Visitor::new(&self.server.port).sign_in(&url, EMAIL, PASSWORD);
        let page = visitor::open(&callback);
        assert_eq!(page.status, 200, "{}", page.body);
        let mut outcome = output_of(child);
        stderr.read_to_string(&mut outcome.stderr).unwrap();
        outcome
    }
}

fn address_in(stderr: &mut impl BufRead) -> String {
    let mut said = String::new();
    loop {
        let mut line = String::new();
        assert!(stderr.read_line(&mut line).unwrap() > 0, "no address: {said}");
        if line.starts_with("http") {
            return line.trim().to_owned();
        }
        said += &line;
    }
}

pub(crate) fn output_of(child: Child) -> CommandOutput {
    let output = child.wait_with_output().unwrap();
    CommandOutput {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Replaces ids and times, which differ from run to run.
pub(crate) fn redacted(value: Value) -> Value {
    match value {
        Value::String(text) if is_id(&text) => "<id>".into(),
        Value::String(text) if is_time(&text) => "<time>".into(),
        Value::Array(all) => all.into_iter().map(redacted).collect(),
        Value::Object(all) => all.into_iter().map(|(name, value)| (name, redacted(value))).collect(),
        other => other,
    }
}

fn is_id(text: &str) -> bool {
    text.len() == 36 && text.chars().all(|c| c == '-' || c.is_ascii_hexdigit())
}

fn is_time(text: &str) -> bool {
    text.len() >= 20 && text.ends_with('Z') && text.as_bytes()[10] == b'T' && text.starts_with("20")
}
