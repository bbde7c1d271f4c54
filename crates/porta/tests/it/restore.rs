//! `porta restore`: a copy takes the place of a store, which stays beside it.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::support::server::Server;
use crate::support::{CommandOutput, Installation, WORLD};

/// An installation with an organization, and a copy of it in `copy`.
fn backed_up() -> Installation {
    let installation = Installation::new();
    let file = installation.write("world.yaml", WORLD);
    installation.succeed(&["provision", "-f", file.to_str().unwrap(), "--direct", "--create"]);
    installation.succeed(&["backup", "copy"]);
    installation
}

fn status(installation: &Installation) -> String {
    let shown = installation.succeed(&["org", "show", "harbor", "--direct", "--json"]).json();
    shown["status"].as_str().unwrap().to_owned()
}

fn suspend(installation: &Installation) {
    installation.succeed(&["org", "suspend", "harbor", "--force", "--direct"]);
}

fn assert_refused(outcome: &CommandOutput, words: &str) {
    assert_eq!(outcome.code, 1, "{}{}", outcome.stdout, outcome.stderr);
    assert!(outcome.stderr.contains(words), "{words}: {}", outcome.stderr);
    assert!(!outcome.stderr.contains("os error"), "{}", outcome.stderr);
}

/// Names in the data directory that begin so.
fn names(installation: &Installation, beginning: &str) -> Vec<String> {
    let all = std::fs::read_dir(installation.path(".porta")).unwrap();
    let names = all.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with(beginning)).collect()
}

#[test]
fn a_copy_takes_the_place_of_the_store_which_is_kept() {
    let installation = backed_up();
    suspend(&installation);
    let planned = installation.succeed(&["restore", "copy", "--dry-run", "--json"]).json();
    assert_eq!((&planned["dryRun"], &planned["replacesSecrets"]), (&true.into(), &false.into()), "{planned}");
    assert_eq!(status(&installation), "suspended", "a dry run changes nothing");
    assert_eq!(names(&installation, ".porta.sqlite"), Vec::<String>::new(), "and leaves nothing");

    assert_refused(&installation.run(&["restore", "copy"]), "add --force");
    assert_eq!(status(&installation), "suspended");

    let told = installation.succeed(&["restore", "copy", "--force", "--json"]).json();
    assert_eq!(told["pendingMigrations"], serde_json::json!([]), "{told}");
    assert_eq!(status(&installation), "active", "as it was at the backup");
    let kept = told["keptAs"].as_str().unwrap().to_owned();
    assert!(kept.contains("porta.sqlite.replaced-20"), "{kept}");
    let store = installation.path(".porta/porta.sqlite");
    assert_eq!(std::fs::metadata(&store).unwrap().permissions().mode() & 0o777, 0o600);
    // What was replaced can be put back, by its file alone.
    let alone = installation.succeed(&["restore", &kept, "--force"]);
    assert!(alone.stderr.contains("no keys came with the copy"), "{}", alone.stderr);
    assert_eq!(status(&installation), "suspended");
    assert_eq!(names(&installation, ".porta.sqlite"), Vec::<String>::new());
}

#[test]
fn a_copy_fills_an_empty_machine_with_its_keys() {
    let installation = backed_up();
    let keys = |environment: &[(&str, &str)]| {
        installation.run_with(&["keys", "list", "--json", "--direct"], environment).json()
    };
    let before = keys(&[]);
    let elsewhere = [("PORTA_DATA_DIR", "new/data")];
    let restored = installation.run_with(&["restore", "copy", "--json"], &elsewhere);
    assert_eq!(restored.code, 0, "nothing is replaced, so nothing is asked: {}", restored.stderr);
    let restored = restored.json();
    assert_eq!((&restored["keptAs"], &restored["replacesSecrets"]), (&serde_json::Value::Null, &true.into()));
    assert_eq!(keys(&elsewhere), before, "the same keys, and they open");
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&installation.path("new/data")), 0o700);
    assert_eq!(mode(&installation.path("new/data/secrets.env")), 0o600);
}

#[test]
fn what_is_no_whole_store_is_refused() {
    let installation = backed_up();
    suspend(&installation);
    let restore = |copy: &str| installation.run(&["restore", copy, "--force"]);
    assert_refused(&restore("nowhere"), "nowhere: ");
    std::fs::create_dir(installation.path("empty")).unwrap();
    assert_refused(&restore("empty"), "there is no database at empty/porta.sqlite");
    installation.write("garbage", &"no database ".repeat(1000));
    assert_refused(&restore("garbage"), "it is no SQLite database");
    let whole = std::fs::read(installation.path("copy/porta.sqlite")).unwrap();
    std::fs::write(installation.path("cut"), &whole[..whole.len() / 2]).unwrap();
    assert_refused(&restore("cut"), "cut ");
    assert_refused(&restore(".porta"), "is the store itself");
    std::os::unix::fs::symlink(installation.path(".porta/porta.sqlite"), installation.path("link")).unwrap();
    assert_refused(&restore("link"), "is the store itself");
    let postgres = [("DATABASE_URL", "postgres://porta:hunter2@127.0.0.1:9/porta")];
    let refused = installation.run_with(&["restore", "copy", "--force"], &postgres);
    assert_refused(&refused, "pg_restore");
    assert!(!refused.stderr.contains("hunter2"), "{}", refused.stderr);
    assert_eq!(status(&installation), "suspended", "the store is as it was");
    assert_eq!(names(&installation, "porta.sqlite.replaced"), Vec::<String>::new());
    assert_eq!(names(&installation, ".porta.sqlite"), Vec::<String>::new());
}

#[test]
fn a_restore_that_was_cut_off_is_run_again() {
    let installation = backed_up();
    suspend(&installation);
    installation.write(".porta/.porta.sqlite.restored.1", "of a process that was killed");
    let secrets = installation.path(".porta/secrets.env");
    std::fs::remove_file(&secrets).unwrap();
    std::fs::create_dir(&secrets).unwrap();
    assert_refused(&installation.run(&["restore", "copy", "--force"]), "run the command again");
    std::fs::remove_dir(&secrets).unwrap();
    installation.succeed(&["restore", "copy", "--force"]);
    assert_eq!(status(&installation), "active");
    assert_eq!(names(&installation, ".porta.sqlite"), Vec::<String>::new(), "nor what was left before");
}

#[test]
fn nothing_is_replaced_under_a_server() {
    let installation = Installation::new();
    let (server, _) = Server::start(&installation, &[]);
    installation.succeed(&["backup", "copy"]);
    for arguments in [&["restore", "copy", "--force"][..], &["restore", "copy", "--dry-run"]] {
        assert_refused(&installation.run(arguments), "another porta serves");
    }
    let elsewhere = [("PORTA_DATA_DIR", "other")];
    let live = installation.run_with(&["restore", ".porta", "--force"], &elsewhere);
    assert_refused(&live, "porta backup makes a copy");
    assert!(!installation.path("other").exists());
    assert_eq!(server.stop(), Some(0));
    installation.write(".porta/short-lived.snapshot", "sessions of later");
    installation.succeed(&["restore", "copy", "--force"]);
    assert!(!installation.path(".porta/short-lived.snapshot").exists(), "it fits the store of before");
    assert_eq!(names(&installation, "short-lived.snapshot.replaced-").len(), 1);
    let (server, _) = Server::start(&installation, &[]);
    assert_eq!(server.stop(), Some(0));
}
