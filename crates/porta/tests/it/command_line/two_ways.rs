//! Commands do the same at a server and with `--direct` (decision 0050).

use crate::support::Installation;
use crate::support::operated::{Operated, on_both_stores, redacted};

const COMMANDS: &[&[&str]] = &[
    &["org", "list"],
    &["org", "show", "harbor"],
    &["org", "show", "nobody"],
    &["org", "branding", "harbor"],
    &["org", "suspend", "porta-admin", "--force"],
    &["org", "create", "--name", "X", "--slug", "Not A Slug"],
    &["org", "update", "harbor", "--login-methods", "telepathy"],
    &["org", "destroy", "harbor", "--dry-run"],
    &["user", "list", "--org", "harbor"],
    &["user", "show", "kim@harbor.test", "--org", "harbor"],
    &["user", "show", "nobody@harbor.test", "--org", "harbor"],
    &["user", "roles", "list", "kim@harbor.test", "--org", "harbor"],
    &["user", "unlock", "kim@harbor.test", "--org", "harbor"],
    &["user", "create", "--org", "harbor", "--email", "kim@harbor.test"],
    &["mail", "list", "--org", "harbor"],
    &["mail", "list", "--org", "nobody"],
    &["mail", "retry", "00000000-0000-7000-8000-000000000000"],
];

/// Standard error without the line that names the database, and without the id of the request.
fn told(stderr: &str) -> Vec<&str> {
    let is_told = |line: &&str| !line.starts_with("database: ") && !line.contains("request id");
    stderr.lines().filter(is_told).collect()
}

fn both_ways_answer_alike(world: &Operated) {
    world.signed_in();
    for command in COMMANDS {
        let [at_server, direct] =
            [&["--json"][..], &["--json", "--direct"]].map(|more| world.run(&[*command, more].concat()));
        assert_eq!(at_server.code, direct.code, "{command:?}: {}{}", at_server.stderr, direct.stderr);
        assert_eq!(told(&at_server.stderr), told(&direct.stderr), "{command:?}");
        assert!(direct.stderr.starts_with("database: "), "{}", direct.stderr);
        let json = |text: &str| serde_json::from_str(text).ok().map(redacted);
        assert_eq!(json(&at_server.stdout), json(&direct.stdout), "{command:?}");
        assert_eq!(at_server.code == 0, json(&at_server.stdout).is_some(), "{command:?}");
    }
}

fn the_audit_log_tells_who_acted(world: &Operated) {
    world.signed_in();
    world.succeed(&["org", "suspend", "harbor", "--force", "--direct", "--reason", "by hand"]);
    world.succeed(&["org", "activate", "harbor"]);
    let history = world.succeed(&["org", "history", "harbor", "--event", "org.", "--json"]).json();
    assert_eq!(history[0]["eventType"], "org.activated");
    assert!(history[0]["actorId"].is_string(), "the operator: {history}");
    assert!(history[1]["actorId"].is_null(), "somebody at a shell: {history}");
    let server = world.succeed(&["org", "show", "harbor", "--json"]).json();
    assert_eq!(server["status"], "active");
}

on_both_stores!(both_ways_answer_alike, the_audit_log_tells_who_acted);

/// A wrong directory must not look like an empty installation.
#[test]
fn a_direct_command_creates_no_database() {
    let installation = Installation::new();
    for command in [&["org", "list", "--direct"][..], &["mail", "list", "--org", "harbor", "--direct"]] {
        let outcome = installation.run(command);
        assert_eq!(outcome.code, 1, "{command:?}");
        assert!(outcome.stderr.contains("there is no database at"), "{}", outcome.stderr);
    }
    assert!(!installation.path(".porta").exists());
}

/// The variables of the server come before those of the shell, which may be of another installation.
#[test]
fn direct_commands_read_the_environment_of_the_server() {
    let installation = Installation::new();
    installation.write("server.env", "PORTA_DATA_DIR=there\n# comment\nARGON2_MEMORY_KIB=8192\n");
    let shell = [("PORTA_DATA_DIR", "elsewhere")];
    let run = |arguments: &[&str]| installation.run_with(arguments, &shell);
    assert_eq!(run(&["migrate", "up", "--env-file", "server.env"]).code, 0);
    assert!(installation.path("there/porta.sqlite").exists() && !installation.path("elsewhere").exists());
    let list = run(&["org", "list", "--direct", "--env-file", "server.env", "--json"]);
    assert_eq!(list.code, 0, "{}", list.stderr);
    assert!(list.stderr.contains("there/porta.sqlite"), "{}", list.stderr);
    assert_eq!(run(&["backup", "copy", "--env-file", "server.env"]).code, 0);
    assert_eq!(run(&["health", "--direct", "--env-file", "server.env"]).code, 0);

    let refused = run(&["org", "list", "--env-file", "server.env"]);
    assert!(refused.code == 1 && refused.stderr.contains("--env-file needs --direct"), "{}", refused.stderr);
    let missing = run(&["org", "list", "--direct", "--env-file", "nowhere.env"]);
    assert!(missing.code == 1 && missing.stderr.contains("nowhere.env"), "{}", missing.stderr);
    let elsewhere = run(&["org", "list", "--direct"]);
    assert!(
        elsewhere.code == 1 && elsewhere.stderr.contains("elsewhere/porta.sqlite"),
        "{}",
        elsewhere.stderr
    );
}
