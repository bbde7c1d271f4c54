//! `porta keys reseal`, as an operator runs it.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use serde_json::{Value, json};

use crate::support::server::Server;
use crate::support::{CommandOutput, Installation, WORLD};

const OLD: &str = "6f2d8a41c97b3e05d1846af29bc07e53";
const NEW: &str = "b83e5017fa9c42d66e0d91c58f24a7b3";
const FACTOR: &str = "27c4e9015bd8f36a40e1729d8ca5fb03";

/// A key of twice these 32 hex digits.
fn key(half: &str) -> String {
    half.repeat(2)
}

fn run(installation: &Installation, signing: &str, arguments: &[&str]) -> CommandOutput {
    let factor = key(FACTOR);
    let environment =
        [("SIGNING_KEY_ENCRYPTION_KEY", signing), ("TWO_FACTOR_ENCRYPTION_KEY", factor.as_str())];
    installation.run_with(arguments, &environment)
}

fn reseal(installation: &Installation, signing: &str, more: &[&str]) -> CommandOutput {
    run(installation, signing, &[&["keys", "reseal", "--direct"][..], more].concat())
}

fn provisioned() -> Installation {
    let installation = Installation::new();
    let file = installation.write("world.yaml", WORLD);
    let outcome =
        run(&installation, &key(OLD), &["provision", "-f", file.to_str().unwrap(), "--direct", "--create"]);
    assert_eq!(outcome.code, 0, "{}{}", outcome.stdout, outcome.stderr);
    installation
}

/// Counts of signing keys: resealed, current, and not opened.
fn signing_keys(report: &Value) -> (u64, u64, usize) {
    let kind = &report["kinds"][0];
    assert_eq!(kind["kind"], "signing_key");
    let closed = kind["notOpened"].as_array().unwrap().len();
    (kind["resealed"].as_u64().unwrap(), kind["current"].as_u64().unwrap(), closed)
}

#[test]
fn an_old_key_goes_after_everything_was_sealed_anew() {
    let installation = provisioned();
    let both = format!("{},{}", key(NEW), key(OLD));
    let dry_run = reseal(&installation, &both, &["--dry-run", "--json"]);
    assert_eq!((dry_run.code, &dry_run.json()["dryRun"]), (0, &json!(true)), "{}", dry_run.stderr);
    assert_eq!(signing_keys(&dry_run.json()), (2, 0, 0));
    let older = &dry_run.json()["olderKeys"][0];
    assert_eq!(
        (&older["place"], &older["mayGo"], &older["neededBy"]["signingKeys"]),
        (&json!(2), &json!(false), &json!(2))
    );
    let (server, _) = Server::start(
        &installation,
        &[("SIGNING_KEY_ENCRYPTION_KEY", &both), ("TWO_FACTOR_ENCRYPTION_KEY", &key(FACTOR))],
    );
    let done = reseal(&installation, &both, &[]);
    assert_eq!(done.code, 0, "{}", done.stderr);
    assert!(done.stdout.contains("│ signing keys   │ 2        │"), "{}", done.stdout);
    assert!(
        done.stdout.contains("key 2 of SIGNING_KEY_ENCRYPTION_KEY: nothing that is stored needs it"),
        "{}",
        done.stdout
    );
    assert!(done.stdout.contains("Take it out 24 hours after"), "{}", done.stdout);
    assert_eq!(server.stop(), Some(0));
    let again = reseal(&installation, &key(NEW), &["--json"]);
    assert_eq!((again.code, signing_keys(&again.json())), (0, (0, 2, 0)));
    assert_eq!(again.json()["olderKeys"], json!([]));
    let (server, _) = Server::start(
        &installation,
        &[("SIGNING_KEY_ENCRYPTION_KEY", &key(NEW)), ("TWO_FACTOR_ENCRYPTION_KEY", &key(FACTOR))],
    );
    let health = run(&installation, &key(NEW), &["keys", "list", "--direct", "--json"]);
    assert_eq!(health.json().as_array().unwrap().len(), 2);
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn what_cannot_be_opened_is_named_and_the_command_fails() {
    let installation = provisioned();
    for arguments in [&["--dry-run"][..], &[]] {
        let outcome = reseal(&installation, &key(NEW), arguments);
        assert_eq!(outcome.code, 4, "{}", outcome.stdout);
        let named = outcome.stderr.lines().filter(|line| {
            line.contains("signing key ") && line.contains("which this process does not have")
        });
        assert_eq!(named.count(), 2, "{}", outcome.stderr);
        assert!(outcome.stderr.contains("2 values could not be opened; they were left as they are"));
        assert!(!format!("{}{}", outcome.stdout, outcome.stderr).contains(&key(NEW)));
    }
    let outcome = reseal(&installation, &key(NEW), &["--json"]);
    assert_eq!((outcome.code, signing_keys(&outcome.json())), (4, (0, 0, 2)));
    let outcome = reseal(&installation, &key(OLD), &["--json"]);
    assert_eq!((outcome.code, signing_keys(&outcome.json())), (0, (0, 2, 0)), "nothing was lost");
}

#[test]
fn keys_that_cannot_be_used_change_nothing() {
    let installation = provisioned();
    let twice = format!("{},{}", key(OLD), key(OLD));
    let empty = format!("{},", key(NEW));
    for (signing, complaint) in
        [(&twice, "keys 1 and 2 are the same"), (&empty, "key 2 of the list is empty")]
    {
        let outcome = reseal(&installation, signing, &[]);
        assert_eq!(outcome.code, 1);
        assert!(
            outcome.stderr.contains(&format!("SIGNING_KEY_ENCRYPTION_KEY: {complaint}")),
            "{}",
            outcome.stderr
        );
    }
    let outcome = run(&installation, &key(OLD), &["keys", "reseal"]);
    assert!(outcome.code == 1 && outcome.stderr.contains("--direct"), "{}", outcome.stderr);
    // The command generates no keys: they could not open anything.
    let nothing = Installation::new().run(&["keys", "reseal", "--direct"]);
    assert_eq!(nothing.code, 1);
    assert_eq!(nothing.stderr.matches("it is not set").count(), 2, "{}", nothing.stderr);
}

/// Keys that embedded storage generated are replaced in its secrets file.
#[test]
fn a_generated_key_is_replaced_in_its_file() {
    let installation = Installation::new();
    let file = installation.write("world.yaml", WORLD);
    installation.succeed(&["provision", "-f", file.to_str().unwrap(), "--direct", "--create"]);
    let secrets = installation.path(".porta/secrets.env");
    let before = std::fs::read_to_string(&secrets).unwrap();
    let name = "SIGNING_KEY_ENCRYPTION_KEY=";
    std::fs::write(&secrets, before.replace(name, &format!("{name}{},", key(NEW)))).unwrap();
    let done = installation.succeed(&["keys", "reseal", "--direct", "--json"]);
    assert_eq!(signing_keys(&done.json()), (2, 0, 0));
    let only: String = before
        .lines()
        .map(
            |line| if line.starts_with(name) { format!("{name}{}\n", key(NEW)) } else { format!("{line}\n") },
        )
        .collect();
    std::fs::write(&secrets, only).unwrap();
    assert_eq!(
        signing_keys(&installation.succeed(&["keys", "reseal", "--direct", "--json"]).json()),
        (0, 2, 0)
    );
}
