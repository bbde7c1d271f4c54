//! `porta provision` on embedded storage that it makes itself.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;

use crate::support::{Installation, WORLD};
use serde_json::Value;

#[test]
fn provisioning_shows_secrets_once() {
    let installation = Installation::new();
    let file = installation.write("world.yaml", WORLD);
    let file = file.to_str().unwrap();
    let first = installation.succeed(&["provision", "-f", file, "--direct", "--create", "--json"]);
    assert!(first.stderr.starts_with("database: "), "{}", first.stderr);
    let first = first.json();
    let secret = first["credentials"][1]["secretPlaintext"].as_str().unwrap().to_owned();
    assert_eq!(secret.len(), 64);
    assert_eq!(first["credentials"][0]["clientId"], "dock-web");
    let again = installation.succeed(&["provision", "-f", file, "--direct", "--create"]);
    assert!(again.stdout.contains("0 created, 0 updated"), "{}", again.stdout);
    assert!(!again.stdout.contains(&secret));
    assert!(installation.notices().iter().any(|l| l.contains("\"organization\"") && l.contains("harbor")));
}

#[test]
fn provisioning_reads_standard_input() {
    let installation = Installation::new();
    let mut child = installation
        .command(&["provision", "-f", "/dev/stdin", "--direct", "--create", "--dry-run"], &[])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(WORLD.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(stdout.contains("Dry run: nothing was applied."), "{stdout}");
    assert!(
        installation.succeed(&["keys", "list", "--direct", "--json"]).json().as_array().unwrap().is_empty()
    );
}

#[test]
fn refused_files_answer_3_with_one_line_per_problem() {
    let installation = Installation::new();
    let file = installation.write("bad.yaml", "version: \"1.0\"\norganizations:\n  - nam: Harbor\n");
    let outcome = installation.run(&["provision", "-f", file.to_str().unwrap(), "--direct", "--create"]);
    assert_eq!(outcome.code, 3);
    assert!(outcome.stderr.contains("organizations[0].nam: unknown field"), "{}", outcome.stderr);
    let text = WORLD.replace("kim@harbor.test", "kim").replace("https://a.example/cb", "http://a.example/#");
    let file = installation.write("refused.yaml", &text);
    let outcome = installation.run(&["provision", "-f", file.to_str().unwrap(), "--direct", "--create"]);
    assert_eq!(outcome.code, 3);
    assert!(outcome.stderr.contains("organizations[0].applications[0].clients[0].redirect_uris: "));
    assert!(outcome.stderr.contains("organizations[0].users[0].email: "));
    assert!(outcome.stderr.contains("nothing was applied"));
    let outcome = installation.run(&[
        "provision",
        "-f",
        file.to_str().unwrap(),
        "--direct",
        "--create",
        "--keep-going",
    ]);
    assert_eq!(outcome.code, 4, "{}{}", outcome.stdout, outcome.stderr);
    for (name, problem) in [("missing.yaml", "cannot be read"), ("world.toml", ".yaml, .yml or .json")] {
        let outcome = installation.run(&["provision", "-f", name, "--direct", "--create"]);
        assert_eq!(outcome.code, 1);
        assert!(outcome.stderr.contains(problem), "{}", outcome.stderr);
    }
}

#[test]
fn secrets_come_from_the_environment() {
    let installation = Installation::new();
    let text = WORLD.replace(
        "grant_types: [client_credentials]",
        "grant_types: [client_credentials], secret: { value: \"${FEED_SECRET}\" }",
    );
    let file = installation.write("world.yaml", &text);
    let arguments = ["provision", "-f", file.to_str().unwrap(), "--direct", "--create"];
    let outcome = installation.run(&arguments);
    assert_eq!(outcome.code, 3);
    assert!(outcome.stderr.contains("secret.value: environment variable FEED_SECRET is not set"));
    let outcome = installation.run_with(&arguments, &[("FEED_SECRET", "a-secret-of-the-feed")]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert!(!outcome.stdout.contains("a-secret-of-the-feed"));
}

#[test]
fn credentials_go_to_a_file_that_only_its_owner_reads() {
    let installation = Installation::new();
    let file = installation.write("world.yaml", WORLD);
    let out = installation.path("credentials.json");
    let arguments = [
        "provision",
        "-f",
        file.to_str().unwrap(),
        "--direct",
        "--create",
        "--credentials-out",
        out.to_str().unwrap(),
    ];
    let outcome = installation.succeed(&arguments);
    let text = std::fs::read_to_string(&out).unwrap();
    let entries: Value = serde_json::from_str(&text).unwrap();
    let secret = entries[1]["secretPlaintext"].as_str().unwrap();
    assert!(!outcome.stdout.contains(secret));
    assert_eq!(std::fs::metadata(&out).unwrap().permissions().mode() & 0o777, 0o600);
    installation.succeed(&arguments);
    assert_eq!(std::fs::read_to_string(&out).unwrap(), text, "a second run keeps what is there");
    std::fs::write(&out, format!("\u{feff}{text}")).unwrap();
    installation.succeed(&arguments);
    assert_eq!(std::fs::read_to_string(&out).unwrap(), text, "an editor put a byte order mark before it");
    std::fs::write(&out, "notes of mine").unwrap();
    let outcome = installation.run(&arguments);
    assert_eq!(outcome.code, 1);
    assert_eq!(std::fs::read_to_string(&out).unwrap(), "notes of mine");
    let left: Vec<_> = std::fs::read_dir(installation.directory.path())
        .unwrap()
        .map(|e| e.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|name| name.starts_with(".credentials"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}
