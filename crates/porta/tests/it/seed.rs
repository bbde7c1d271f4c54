//! `porta seed run`: what migrations wrote is there again after somebody deleted it.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use std::process::Command;

use serde_json::json;

use crate::support::Installation;

/// Deletes the organization of the administrators, as nothing of Porta would.
fn delete_tenant(installation: &Installation) {
    let script = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); \
                  c.execute(\"DELETE FROM organizations WHERE slug = 'porta-admin'\"); c.commit()";
    let file = installation.path(".porta/porta.sqlite");
    let done = Command::new("python3").args(["-c", script]).arg(file).status().unwrap();
    assert!(done.success());
}

#[test]
fn the_organization_of_the_administrators_comes_back() {
    let installation = Installation::new();
    let missing = installation.run(&["seed", "run"]);
    assert!(missing.code == 1 && missing.stderr.contains("there is no database at"), "{}", missing.stderr);
    assert!(!installation.path(".porta").exists());
    installation.succeed(&["migrate", "up"]);
    let there = installation.succeed(&["seed", "run", "--json"]).json();
    assert_eq!(there, json!({ "created": false, "organization": "porta-admin" }));

    delete_tenant(&installation);
    let init = installation.run(&["init"]);
    assert!(init.code == 1 && init.stderr.contains("porta seed run"), "{}", init.stderr);
    let planned = installation.succeed(&["seed", "run", "--dry-run", "--json"]).json();
    assert_eq!(planned, json!({ "dryRun": true, "created": true, "organization": "porta-admin" }));
    let unasked = installation.run(&["seed", "run"]);
    assert!(unasked.code == 1 && unasked.stderr.contains("add --force"), "{}", unasked.stderr);
    let production = [("NODE_ENV", "production")];
    let unasked = installation.run_with(&["seed", "run"], &production);
    assert!(unasked.code == 1 && unasked.stderr.contains("production database"), "{}", unasked.stderr);

    installation.write("server.env", "PORTA_DATA_DIR=.porta\n");
    installation.succeed(&["seed", "run", "--force", "--env-file", "server.env"]);
    let again = installation.succeed(&["seed", "run"]);
    assert!(again.stdout.contains("nothing was missing"), "{}", again.stdout);
    let shown = installation.succeed(&["org", "show", "porta-admin", "--direct", "--json"]).json();
    assert_eq!((&shown["isSuperAdmin"], &shown["status"]), (&true.into(), &"active".into()));
    // The rest of the way: nobody answers here, but there is something to initialize.
    assert_eq!(installation.run(&["init"]).code, 3);
}
