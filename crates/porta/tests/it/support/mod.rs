//! Runs the executable as an operator does, in a temporary directory.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail by panicking")]

pub(crate) mod operated;
pub(crate) mod server;
pub(crate) mod terminal;
pub(crate) mod visitor;

use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

pub(crate) struct Installation {
    pub(crate) directory: tempfile::TempDir,
}

pub(crate) struct CommandOutput {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl CommandOutput {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("{e}: {}", self.stdout))
    }
}

impl Installation {
    pub(crate) fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn command(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_porta"));
        command
            .args(arguments)
            .current_dir(self.directory.path())
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("USER", "tester")
            .env("ARGON2_MEMORY_KIB", "8192")
            .envs(environment.iter().copied())
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn run_with(&self, arguments: &[&str], environment: &[(&str, &str)]) -> CommandOutput {
        let output = self.command(arguments, environment).output().unwrap();
        CommandOutput {
            code: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
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

    pub(crate) fn notices(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.path(".porta/notices")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }
}

pub(crate) const WORLD: &str = r#"
version: "1.0"
allow_passwords: true
organizations:
  - name: Harbor
    applications:
      - name: Dock
        roles: [{ name: Planner }]
        clients:
          - client_name: Web
            client_id: dock-web
            client_type: public
            redirect_uris: ["https://a.example/cb"]
            id_token_signed_response_alg: ES256
          - { client_name: Feed, client_type: confidential, grant_types: [client_credentials] }
    users:
      - { email: kim@harbor.test, password: lantern-Quay-41, roles: [{ app: dock, role: planner }] }
"#;
