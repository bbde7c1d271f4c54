//! `porta client`, and a program that signs in as one.

use serde_json::json;

use crate::support::operated::{Operated, on_both_stores};

fn clients_are_created_changed_stopped_and_started(world: &Operated) {
    world.signed_in();
    let create = [
        "client",
        "create",
        "--app",
        "dock",
        "--org",
        "harbor",
        "--name",
        "Crane",
        "--type",
        "confidential",
        "--redirect-uris",
        "https://a.example/cb,https://b.example/cb",
        "--json",
    ];
    let made = world.succeed(&create).json();
    let id = made["clientId"].as_str().unwrap().to_owned();
    let secret = made["secret"]["plaintext"].as_str().unwrap().to_owned();
    assert_eq!((id.len(), secret.len()), (43, 64));
    let shown = world.json(&["client", "show", &id]);
    assert_eq!((&shown["clientName"], &shown["loginMethods"]), (&"Crane".into(), &json!(null)));
    assert_eq!(shown["redirectUris"], json!(["https://a.example/cb", "https://b.example/cb"]));
    assert!(!shown.to_string().contains(&secret));
    assert_eq!(world.json(&["client", "list", "--app", "dock", "--search", "Crane"])["total"], 1);
    let text = world.succeed(&[
        "client",
        "create",
        "--app",
        "dock",
        "--name",
        "Shown",
        "--grant-types",
        "client_credentials",
    ]);
    assert!(
        text.stdout.contains("Client secret  ") && text.stderr.contains("not shown again"),
        "{}",
        text.stdout
    );

    let updated = world.json(&["client", "update", &id, "--name", "Crane 2", "--login-methods", "password"]);
    assert_eq!((&updated["clientName"], &updated["loginMethods"]), (&"Crane 2".into(), &json!(["password"])));
    let methods = world.json(&["client", "login-methods", "clear", &id]);
    assert_eq!(methods["loginMethods"], json!(null));
    let methods = world.json(&["client", "login-methods", "set", &id, "--methods", "magic_link"]);
    assert_eq!(methods, json!({ "loginMethods": ["magic_link"], "effectiveLoginMethods": ["magic_link"] }));
    assert_eq!(world.json(&["client", "login-methods", "get", &id]), methods);

    for (stop, start, status) in [
        ("deactivate", "activate", "inactive"),
        ("suspend", "activate", "inactive"),
        ("revoke", "restore", "revoked"),
    ] {
        world.refused(1, &["client", stop, &id], "add --force");
        assert_eq!(world.json(&["client", stop, &id, "--force"])["status"], status);
        assert_eq!(world.json(&["client", start, &id])["status"], "active");
    }
    assert!(!world.json(&["client", "history", &id]).as_array().unwrap().is_empty());
    world.refused(1, &["client", "show", "nobody"], "Client not found: nobody");
    world.refused(3, &["client", "update", &id, "--redirect-uris", "ftp://x"], "redirectUris");
    world.refused(1, &["client", "update", &id], "--name");
    world.refused(
        1,
        &["client", "create", "--app", "nobody", "--redirect-uris", "https://a.example"],
        "Application not found",
    );
}

fn secrets_are_given_shown_once_and_revoked(world: &Operated) {
    world.signed_in();
    let made = world
        .succeed(&["client", "create", "--app", "dock", "--grant-types", "client_credentials", "--json"])
        .json();
    let id = made["clientId"].as_str().unwrap().to_owned();
    let generate =
        ["client", "secret", "generate", &id, "--label", "second", "--expires-in", "30d", "--json"];
    let second = world.succeed(&generate).json();
    assert_eq!((second["plaintext"].as_str().unwrap().len(), &second["label"]), (64, &"second".into()));
    assert!(second["expiresAt"].is_string());
    let listed = world.succeed(&["client", "secret", "list", &id, "--json"]).json();
    assert_eq!(listed.as_array().unwrap().len(), 2);
    assert!(!listed.to_string().contains(second["plaintext"].as_str().unwrap()));
    let secret = second["id"].as_str().unwrap();
    world.refused(1, &["client", "secret", "revoke", &id, secret], "add --force");
    assert_eq!(
        world.json(&["client", "secret", "revoke", &id, secret, "--force"]),
        json!({ "revoked": true, "id": "<id>" })
    );
    world.refused(1, &["client", "secret", "generate", &id, "--expires-in", "soon"], "30d, 12h");
    world.refused(1, &["client", "secret", "list", "nobody"], "Client not found");
}

/// For automation: no person, no browser, no secret in the credentials file.
fn a_program_signs_in_as_a_client(world: &Operated) {
    world.signed_in();
    let create = [
        "client",
        "create",
        "--app",
        "porta-admin",
        "--name",
        "Robot",
        "--grant-types",
        "client_credentials",
        "--scope",
        "admin:org:read",
        "--json",
    ];
    let made = world.succeed(&create).json();
    let (id, secret) = (made["clientId"].as_str().unwrap(), made["secret"]["plaintext"].as_str().unwrap());
    let file = world.installation.write("secret", &format!("{secret}\n"));
    let by_file = [("PORTA_CLIENT_ID", id), ("PORTA_CLIENT_SECRET_FILE", file.to_str().unwrap())];
    let by_value = [("PORTA_CLIENT_ID", id), ("PORTA_CLIENT_SECRET", secret)];
    for environment in [by_file, by_value] {
        let login =
            ["login", "--server", &world.url(), "--client-credentials", "--profile", "robot", "--json"];
        let outcome = world.run_with(&login, &environment);
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
        assert_eq!((&outcome.json()["clientId"], &outcome.json()["email"]), (&id.into(), &json!(null)));
    }
    let stored = std::fs::read_to_string(world.credentials()).unwrap();
    assert!(!stored.contains(secret), "the secret is not stored");
    let list = ["org", "list", "--profile", "robot"];
    world.succeed(&list);
    world.refused(
        2,
        &["org", "suspend", "harbor", "--force", "--profile", "robot"],
        "Insufficient permissions",
    );
    world.change_stored("expiresAt", "2020-01-01T00:00:00Z");
    world.refused(2, &list, "porta login --profile robot");
    assert_eq!(world.run_with(&list, &by_file).code, 0, "a new token while the secret is at hand");
    assert_eq!(world.json(&["logout", "--profile", "robot"])["signedOut"], true);
    // The operator's own sign-in is still there.
    world.succeed(&["org", "list"]);
}

on_both_stores!(
    clients_are_created_changed_stopped_and_started,
    secrets_are_given_shown_once_and_revoked,
    a_program_signs_in_as_a_client,
);
