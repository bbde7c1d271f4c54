//! `porta provision` on embedded storage that it makes itself.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;

use crate::support::{CommandOutput, Installation, WORLD};
use porta_core::Slug;
use porta_store::Store as _;
use porta_store_sql::{DatabaseOptions, Target};
use porta_testkit::database;
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

/// Somebody else may have written the file: a reference must not fill the memory, and no message quotes what it leads to.
#[test]
fn secrets_come_from_files_of_a_reasonable_length() {
    let installation = Installation::new();
    installation.write("feed", "a-secret-of-the-feed\n");
    installation.write("long", &"long".repeat(20_000));
    for (path, code, words) in [
        ("/dev/zero", 3, "longer than 64 KiB"),
        ("long", 3, "secret.value: the file of the secret is longer than 64 KiB"),
        (".", 3, "cannot be read"),
        ("nowhere", 3, "cannot be read: No such file"),
        ("feed", 0, ""),
    ] {
        let secret = format!("grant_types: [client_credentials], secret: {{ value: \"file:{path}\" }}");
        let text = WORLD.replace("grant_types: [client_credentials]", &secret);
        let file = installation.write("world.yaml", &text);
        let outcome = installation.run(&["provision", "-f", file.to_str().unwrap(), "--direct", "--create"]);
        assert_eq!(outcome.code, code, "{path}: {}{}", outcome.stdout, outcome.stderr);
        assert!(outcome.stderr.contains(words), "{path}: {}", outcome.stderr);
        assert!(!outcome.stderr.contains("longlong"), "{path}");
        assert!(!outcome.stdout.contains("a-secret-of-the-feed"), "{path}");
    }
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

/// Runs a command whose standard output cannot be written to.
fn into_full(installation: &Installation, arguments: &[&str]) -> CommandOutput {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut command = installation.command(arguments, &[]);
    let output = command.stdout(full).stderr(Stdio::piped()).spawn().unwrap().wait_with_output().unwrap();
    CommandOutput {
        code: output.status.code().unwrap(),
        stdout: String::new(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A full disk takes the result away, not the knowledge that there is one.
#[test]
fn secrets_that_cannot_be_printed_are_told_of() {
    let half = WORLD.replace("kim@harbor.test", "kim");
    let wrong = "organizations[0].users[0].email: ";
    for (text, options, words) in [
        (WORLD, &[][..], " created, 0 updated, 0 errors"),
        (WORLD, &["--json"], " created, 0 updated, 0 errors"),
        (half.as_str(), &["--keep-going"], wrong),
        (half.as_str(), &["--keep-going", "--json"], wrong),
    ] {
        let installation = Installation::new();
        installation.write("world.yaml", text);
        let provision = ["provision", "-f", "world.yaml", "--direct", "--create"];
        let outcome = into_full(&installation, &[&provision[..], options].concat());
        assert_eq!(outcome.code, 1, "{options:?}: {}", outcome.stderr);
        let told = ["cannot be written to standard output", "the file was applied", words];
        for words in told {
            assert!(outcome.stderr.contains(words), "{options:?} {words}: {}", outcome.stderr);
        }
        let (_, rest) = outcome.stderr.split_once("the new secret of Feed").unwrap();
        let (_, id) = rest.split_once("porta client secret generate ").unwrap();
        let generate = ["client", "secret", "generate", id.lines().next().unwrap(), "--direct", "--json"];
        assert_eq!(installation.succeed(&generate).json()["plaintext"].as_str().unwrap().len(), 64);
    }
    let installation = Installation::new();
    installation.write("world.yaml", WORLD);
    let provision =
        ["provision", "-f", "world.yaml", "--direct", "--create", "--credentials-out", "kept.json"];
    let outcome = into_full(&installation, &provision);
    assert!(outcome.code == 1 && !outcome.stderr.contains("secret generate"), "{}", outcome.stderr);
    let kept = std::fs::read_to_string(installation.path("kept.json")).unwrap();
    assert!(kept.contains("secretPlaintext"), "{kept}");
}

/// `--env-file` is read before a password is hashed.
#[tokio::test(flavor = "multi_thread")]
async fn passwords_are_hashed_as_the_named_server_hashes_them() {
    let installation = Installation::new();
    installation.write("world.yaml", WORLD);
    installation.write("server.env", "ARGON2_MEMORY_KIB=16384\n");
    let provision = ["provision", "-f", "world.yaml", "--direct", "--create", "--env-file", "server.env"];
    tokio::task::block_in_place(|| installation.succeed(&provision));
    let target = Target::Sqlite(installation.path(".porta/porta.sqlite"));
    let database = database::connect(&DatabaseOptions::new(target)).await.unwrap();
    let mut all = database.repositories();
    let harbor = all.organizations().by_slug(&Slug::parse("harbor").unwrap()).await.unwrap().unwrap();
    let kim = all.users(harbor.id).by_email("kim@harbor.test").await.unwrap().unwrap();
    let hash = kim.password_hash.unwrap();
    assert!(hash.as_str().contains("m=16384"), "{}", hash.as_str());
}
