//! Links mailed by commands use the base URL of the database's servers, or none are sent.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use crate::support::server::{KEY, Server};
use crate::support::{CommandOutput, Installation, WORLD};

const ID: (&str, &str) = ("ISSUER_BASE_URL", "https://id.harbor.test");
const NEW: (&str, &str) = ("ISSUER_BASE_URL", "https://new.harbor.test");

/// Runs a command with the installation's key and `environment`.
fn run(installation: &Installation, arguments: &[&str], environment: &[(&str, &str)]) -> CommandOutput {
    let key = KEY.repeat(32);
    let mut all = vec![("SIGNING_KEY_ENCRYPTION_KEY", key.as_str())];
    all.extend(environment);
    installation.run_with(arguments, &all)
}

fn provisioned() -> Installation {
    let installation = Installation::new();
    let file = installation.write("world.yaml", WORLD);
    let outcome =
        run(&installation, &["provision", "-f", file.to_str().unwrap(), "--direct", "--create"], &[]);
    assert_eq!(outcome.code, 0, "{}{}", outcome.stdout, outcome.stderr);
    installation
}

fn invite(installation: &Installation, environment: &[(&str, &str)]) -> CommandOutput {
    run(installation, &["user", "invite", "eve@harbor.test", "--org", "harbor", "--direct"], environment)
}

/// The number of messages in the outbox, sent or not.
fn emails(installation: &Installation) -> usize {
    let listed = run(installation, &["mail", "list", "--org", "harbor", "--direct", "--json"], &[]);
    listed.json()["data"].as_array().unwrap().len()
}

#[track_caller]
fn is_refused(outcome: &CommandOutput, words: &[&str]) {
    assert_eq!(outcome.code, 1, "{}{}", outcome.stdout, outcome.stderr);
    for word in words {
        assert!(outcome.stderr.contains(word), "{word}: {}", outcome.stderr);
    }
}

#[test]
fn an_invitation_leads_to_where_the_server_is() {
    let installation = provisioned();
    let (server, _) = Server::start(&installation, &[ID]);
    let remedy = "ISSUER_BASE_URL=https://id.harbor.test";
    is_refused(&invite(&installation, &[]), &["http://localhost:3000", remedy]);
    is_refused(&invite(&installation, &[("PORT", "4711")]), &["http://localhost:4711", remedy]);
    is_refused(&invite(&installation, &[("ISSUER_BASE_URL", "http://id.harbor.test")]), &[remedy]);
    is_refused(&invite(&installation, &[NEW]), &["https://new.harbor.test", remedy]);
    assert_eq!(emails(&installation), 0, "nobody was written to");
    for same in [ID, ("ISSUER_BASE_URL", "https://ID.harbor.test:443")] {
        let invited = invite(&installation, &[same]);
        assert_eq!(invited.code, 0, "{}", invited.stderr);
    }
    assert_eq!(emails(&installation), 2);
    assert_eq!(server.stop(), Some(0));
    is_refused(&invite(&installation, &[]), &[remedy]);
}

#[test]
fn a_server_with_another_address_is_where_links_lead_from_then_on() {
    let installation = provisioned();
    let (server, _) = Server::start(&installation, &[ID]);
    assert_eq!(server.stop(), Some(0));
    is_refused(&invite(&installation, &[NEW]), &["start the server with it first"]);
    let (server, _) = Server::start(&installation, &[NEW]);
    is_refused(&invite(&installation, &[ID]), &["ISSUER_BASE_URL=https://new.harbor.test"]);
    let invited = invite(&installation, &[NEW]);
    assert_eq!(invited.code, 0, "{}", invited.stderr);
    drop(server);
}

/// Before a server ran, only the environment defines the base URL.
#[test]
fn before_a_server_was_started_nothing_is_remembered() {
    let installation = provisioned();
    for environment in [&[][..], &[ID], &[NEW]] {
        let invited = invite(&installation, environment);
        assert_eq!(invited.code, 0, "{}", invited.stderr);
    }
}
