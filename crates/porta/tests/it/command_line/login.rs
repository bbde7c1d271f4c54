//! Signing in and out.

use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;

use serde_json::json;

use crate::support::operated::{EMAIL, Operated, PASSWORD, on_both_stores, output_of};
use crate::support::visitor::{self, Visitor};

fn an_operator_signs_in_by_browser_and_out(world: &Operated) {
    world.refused(1, &["whoami"], "nobody is signed in");
    world.refused(1, &["org", "list"], "porta login --server URL");
    world.refused(2, &["org", "list", "--server", &world.url()], "not signed in to");
    let outcome = world.login(&[]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert!(
        outcome.stdout.contains(&format!("{EMAIL} is signed in to {}", world.url())),
        "{}",
        outcome.stdout
    );
    let me = world.json(&["whoami"]);
    assert_eq!(
        (&me["email"], &me["name"], &me["expired"]),
        (&EMAIL.into(), &"Ana Berg".into(), &false.into())
    );
    assert_eq!((&me["orgSlug"], &me["server"]), (&"porta-admin".into(), &world.url().into()));
    assert_eq!((&me["sub"], &me["expiresAt"]), (&"<id>".into(), &"<time>".into()));
    assert_eq!(world.json(&["org", "list"])["total"], 2);

    let stored = std::fs::read_to_string(world.credentials()).unwrap();
    assert!(!outcome.stdout.contains("porta_") && !outcome.stderr.contains("porta_"), "no token is shown");
    let out = world.json(&["logout"]);
    assert_eq!(out["signedOut"], true);
    assert!(!world.credentials().exists());
    assert_eq!(world.json(&["logout"]), json!({ "signedOut": false }));
    // Whoever kept a copy has tokens that do not work.
    std::fs::write(world.credentials(), stored).unwrap();
    std::fs::set_permissions(world.credentials(), std::fs::Permissions::from_mode(0o600)).unwrap();
    world.refused(2, &["org", "list"], "porta login");
}

fn an_answer_to_another_sign_in_is_refused(world: &Operated) {
    let (child, _stderr, url) = world.begin_login(&[]);
    let callback = Visitor::new(&world.server.port).sign_in(&url, EMAIL, PASSWORD);
    let forged = callback.replace("state=", "state=x");
    assert!(visitor::open(&forged).body.contains("Not signed in"));
    let outcome = output_of(child);
    assert_eq!(outcome.code, 1);
    assert!(!world.credentials().exists());
}

fn an_operator_without_a_browser_pastes_the_address(world: &Operated) {
    let (mut child, _stderr, url) = world.begin_login(&["--no-browser", "--profile", "headless"]);
    let callback = Visitor::new(&world.server.port).sign_in(&url, EMAIL, PASSWORD);
    assert!(callback.starts_with("http://127.0.0.1:11111/callback?"), "{callback}");
    writeln!(child.stdin.take().unwrap(), "{callback}").unwrap();
    let outcome = output_of(child);
    assert_eq!(outcome.code, 0, "{}", outcome.stdout);
    assert_eq!(world.json(&["whoami", "--profile", "headless"])["profile"], "headless");
    world.refused(2, &["whoami", "--profile", "nobody"], "no sign-in called nobody");

    for (pasted, words) in
        [("", "no address"), ("nonsense", "no address"), (callback.as_str(), "another sign-in")]
    {
        let (mut child, mut stderr, _) = world.begin_login(&["--no-browser"]);
        writeln!(child.stdin.take().unwrap(), "{pasted}").unwrap();
        assert_eq!(output_of(child).code, 1, "{pasted}");
        let mut said = String::new();
        stderr.read_to_string(&mut said).unwrap();
        assert!(said.contains(words), "{pasted}: {said}");
    }
}

fn a_server_that_is_no_porta_is_named(world: &Operated) {
    world.refused(1, &["login", "--server", "http://127.0.0.1:9"], "http://127.0.0.1:9 does not answer");
    world.refused(1, &["login", "--server", "nonsense"], "https://host");
    let named = world.run_with(&["login"], &[("PORTA_SERVER", "http://127.0.0.1:9")]);
    assert!(named.code == 1 && named.stderr.contains("http://127.0.0.1:9 does not"), "{}", named.stderr);
    let elsewhere = ["login", "--server", &world.url(), "--issuer", "https://other.example/x"];
    world.refused(1, &elsewhere, "not at https://other.example/x");
    world.refused(1, &["login", "--client-credentials", "--server", &world.url()], "PORTA_CLIENT_ID");
    let wrong = [("PORTA_CLIENT_ID", "nobody"), ("PORTA_CLIENT_SECRET", "nothing")];
    let outcome = world.run_with(&["login", "--client-credentials", "--server", &world.url()], &wrong);
    assert_eq!(outcome.code, 2, "{}", outcome.stderr);
    let both = [("PORTA_CLIENT_ID", "a"), ("PORTA_CLIENT_SECRET", "b"), ("PORTA_CLIENT_SECRET_FILE", "c")];
    let outcome = world.run_with(&["login", "--client-credentials", "--server", &world.url()], &both);
    assert!(outcome.code == 1 && outcome.stderr.contains("not both"), "{}", outcome.stderr);
}

fn doctor_and_version_tell_what_is_wrong(world: &Operated) {
    let url = world.url();
    let before = world.run(&["doctor", "--json", "--server", &url]);
    assert_eq!(before.code, 0, "nothing failed: {}", before.stdout);
    world.signed_in();
    let checks = world.succeed(&["doctor", "--json"]).json();
    let checks = checks.as_array().unwrap();
    let names: Vec<&str> = checks.iter().map(|check| check["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["program", "credentials", "sign-in", "health", "admin"]);
    assert!(checks.iter().all(|check| check["status"] == "pass"), "{checks:?}");
    let version = world.json(&["version"]);
    assert_eq!((&version["server"], &version["serverUrl"]), (&"reachable".into(), &url.as_str().into()));
    world.refused(1, &["doctor", "--server", "http://127.0.0.1:9"], "failed: health, admin");
    let version = world.json(&["version", "--server", "http://127.0.0.1:9"]);
    assert_eq!(version["server"], "unreachable");
    let nowhere = [("HOME", "/nonexistent")];
    let version = world.run_with(&["version", "--json"], &nowhere).json();
    assert_eq!((&version["server"], &version["serverUrl"]), (&"not configured".into(), &json!(null)));
}

on_both_stores!(
    an_operator_signs_in_by_browser_and_out,
    an_answer_to_another_sign_in_is_refused,
    an_operator_without_a_browser_pastes_the_address,
    a_server_that_is_no_porta_is_named,
    doctor_and_version_tell_what_is_wrong,
);
