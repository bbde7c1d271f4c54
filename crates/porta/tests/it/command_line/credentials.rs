//! The credentials file: who may read it, and how tokens are replaced in it.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Stdio;

use serde_json::Value;

use crate::support::operated::{Operated, on_both_stores, output_of};

fn token(stored: &Value, name: &str) -> String {
    let current = stored["current"].as_str().unwrap();
    stored["profiles"][current][name].as_str().unwrap().to_owned()
}

fn only_the_owner_reads_the_credentials(world: &Operated) {
    world.signed_in();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&world.credentials()), 0o600);
    assert_eq!(mode(world.credentials().parent().unwrap()), 0o700);
    std::fs::set_permissions(world.credentials(), std::fs::Permissions::from_mode(0o644)).unwrap();
    world.refused(1, &["doctor"], "failed: credentials");
    world.refused(1, &["org", "list"], "others may read");
    std::fs::set_permissions(world.credentials(), std::fs::Permissions::from_mode(0o600)).unwrap();
    world.succeed(&["org", "list"]);
    std::fs::write(world.credentials(), "{").unwrap();
    world.refused(1, &["org", "list"], "damaged in line 1");
}

fn credentials_may_be_in_another_directory(world: &Operated) {
    world.signed_in();
    let directory = world.credentials().parent().unwrap().to_str().unwrap().to_owned();
    let elsewhere = [("HOME", ""), ("PORTA_CREDENTIALS_DIR", directory.as_str())];
    assert_eq!(world.run_with(&["org", "list"], &elsewhere).code, 0);
    let nowhere = world.run_with(&["org", "list"], &[("HOME", "")]);
    assert!(nowhere.code == 1 && nowhere.stderr.contains("PORTA_CREDENTIALS_DIR"), "{}", nowhere.stderr);
    // A container with a read-only root.
    let unwritable = world.run_with(
        &["login", "--server", &world.url(), "--no-browser"],
        &[("PORTA_CREDENTIALS_DIR", "/proc/nothing")],
    );
    assert_eq!(unwritable.code, 1);
    assert!(unwritable.stderr.contains("PORTA_CREDENTIALS_DIR names another"), "{}", unwritable.stderr);
}

/// The reference forgets rotated refresh tokens, and the second command after an hour ends the sign-in.
fn an_ended_token_is_replaced_and_saved(world: &Operated) {
    world.signed_in();
    for _ in 0..3 {
        let before = world.stored();
        world.change_stored("expiresAt", "2020-01-01T00:00:00Z");
        world.succeed(&["org", "list"]);
        let after = world.stored();
        for name in ["accessToken", "refreshToken"] {
            assert_ne!(token(&before, name), token(&after, name), "{name}");
        }
        assert!(token(&after, "expiresAt").as_str() > "2025", "{after}");
        assert_eq!(world.json(&["whoami"])["expired"], false);
    }
    assert_eq!(std::fs::metadata(world.credentials()).unwrap().permissions().mode() & 0o777, 0o600);
}

fn a_refused_token_is_replaced_once(world: &Operated) {
    world.signed_in();
    let refresh_token = token(&world.stored(), "refreshToken");
    world.change_stored("accessToken", "porta_at_nobody");
    world.succeed(&["org", "list"]);
    assert_ne!(token(&world.stored(), "refreshToken"), refresh_token);
    world.change_stored("accessToken", "porta_at_nobody");
    world.change_stored("refreshToken", "porta_rt_nobody");
    world.refused(2, &["org", "list"], "porta login --profile");
}

/// Two uses of one refresh token would end the sign-in as stolen.
fn commands_that_run_at_once_replace_a_token_once(world: &Operated) {
    world.signed_in();
    world.change_stored("expiresAt", "2020-01-01T00:00:00Z");
    let begun: Vec<_> = (0..6)
        .map(|_| {
            let mut command = world.command(&["org", "list", "--json"], &[]);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    for outcome in begun.into_iter().map(output_of) {
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    }
    let after = token(&world.stored(), "refreshToken");
    world.succeed(&["org", "list"]);
    assert_eq!(token(&world.stored(), "refreshToken"), after, "it was not replaced again");
    world.change_stored("expiresAt", "2020-01-01T00:00:00Z");
    world.succeed(&["org", "list"]);
}

/// A token goes to the server that issued it and to no other.
fn a_token_is_not_sent_to_another_server(world: &Operated) {
    world.signed_in();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let other = format!("http://{}", listener.local_addr().unwrap());
    world.refused(2, &["org", "list", "--server", &other], "not signed in to");
    let profile = world.stored()["current"].as_str().unwrap().to_owned();
    world.refused(1, &["org", "list", "--server", &other, "--profile", &profile], "is for");
    let by_variable = world.run_with(&["org", "list"], &[("PORTA_SERVER", &other)]);
    assert_eq!(by_variable.code, 2, "{}", by_variable.stderr);
    assert!(listener.accept().is_err(), "nobody connected");
}

on_both_stores!(
    only_the_owner_reads_the_credentials,
    credentials_may_be_in_another_directory,
    an_ended_token_is_replaced_and_saved,
    a_refused_token_is_replaced_once,
    commands_that_run_at_once_replace_a_token_once,
    a_token_is_not_sent_to_another_server,
);
