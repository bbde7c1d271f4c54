//! `porta backup`: a copy taken under concurrent writes, on which a server starts.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use std::os::unix::fs::PermissionsExt as _;

use crate::support::server::Server;
use crate::support::{Installation, WORLD};

fn mode(path: &std::path::Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_copy_taken_under_writes_is_whole_and_serves() {
    let installation = Installation::new();
    let file = installation.write("world.yaml", WORLD);
    installation.succeed(&["provision", "-f", file.to_str().unwrap(), "--direct", "--create"]);
    // Keep writing while the copy is taken.
    std::thread::scope(|scope| {
        let writing = scope.spawn(|| {
            for minutes in 1..=6 {
                installation.succeed(&["config", "set", "id_token_ttl", &format!("{minutes}m"), "--direct"]);
            }
        });
        let told = installation.succeed(&["backup", "copy", "--json"]).json();
        assert_eq!((&told["directory"], &told["hasSecrets"]), (&"copy".into(), &true.into()));
        writing.join().unwrap();
    });
    let copy = installation.path("copy");
    assert_eq!((mode(&copy), mode(&copy.join("porta.sqlite"))), (0o700, 0o600));
    assert_eq!(mode(&copy.join("secrets.env")), 0o600);

    let inside = [("PORTA_DATA_DIR", copy.to_str().unwrap())];
    let keys = |environment: &[(&str, &str)]| {
        let outcome = installation.run_with(&["keys", "list", "--json", "--direct"], environment);
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
        outcome.json()
    };
    assert_eq!(keys(&inside), keys(&[]), "the same keys, and they open");
    let secrets = std::fs::read_to_string(copy.join("secrets.env")).unwrap();
    let sealing = secrets.lines().find_map(|l| l.strip_prefix("SIGNING_KEY_ENCRYPTION_KEY=")).unwrap();
    let (server, _) = Server::start(&installation, &[inside[0], ("SIGNING_KEY_ENCRYPTION_KEY", sealing)]);
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn what_cannot_be_copied_is_refused_and_nothing_is_overwritten() {
    let installation = Installation::new();
    let nothing = installation.run(&["backup", "copy"]);
    assert_eq!(nothing.code, 1);
    assert!(nothing.stderr.contains("there is no database"), "{}", nothing.stderr);
    assert!(!installation.path("copy").exists() && !installation.path(".porta").exists());

    let applied = installation.succeed(&["migrate", "up", "--json"]).json();
    assert!(!applied.as_array().unwrap().is_empty(), "{applied}");
    let told = installation.succeed(&["backup", "first", "--json"]).json();
    assert_eq!((&told["directory"], told["bytes"].as_u64() > Some(0)), (&"first".into(), true), "{told}");
    std::fs::create_dir(installation.path("copy")).unwrap();
    installation.write("copy/porta.sqlite", "something else");
    assert_eq!(installation.run(&["backup", "copy"]).code, 1);
    assert_eq!(std::fs::read_to_string(installation.path("copy/porta.sqlite")).unwrap(), "something else");

    // A part of a store must not look like a backup, and the next attempt has the same name.
    std::fs::create_dir(installation.path(".porta/secrets.env")).unwrap();
    assert_eq!(installation.run(&["backup", "second"]).code, 1);
    assert!(!installation.path("second").exists());
    std::fs::remove_dir(installation.path(".porta/secrets.env")).unwrap();
    installation.succeed(&["backup", "second"]);

    let postgres = [("DATABASE_URL", "postgres://porta@127.0.0.1:9/porta")];
    let refused = installation.run_with(&["backup", "elsewhere"], &postgres);
    assert!(refused.stderr.contains("pg_dump"), "{}", refused.stderr);
    assert_eq!((refused.code, installation.path("elsewhere").exists()), (1, false));
}

#[test]
fn going_back_is_refused_and_a_plan_changes_nothing() {
    let installation = Installation::new();
    let down = installation.run(&["migrate", "down", "--force"]);
    assert_eq!(down.code, 1);
    assert!(down.stderr.contains("only go forward"), "{}", down.stderr);
    let down = installation.run(&["migrate", "down", "--count", "2"]);
    assert!(down.code == 1 && down.stderr.contains("none of 2 is undone"), "{}", down.stderr);
    let plan = installation.succeed(&["migrate", "plan", "--json"]).json();
    assert!(!plan["pending"].as_array().unwrap().is_empty(), "{plan}");
    assert_eq!(plan, installation.succeed(&["migrate", "up", "--dry-run", "--json"]).json());
    installation.succeed(&["migrate", "up"]);
    let plan = installation.succeed(&["migrate", "plan", "--json"]).json();
    assert_eq!(plan, serde_json::json!({"pending": [], "steps": []}));
}
