//! Options that no other test of the command line needs.

use serde_json::{Value, json};

use crate::support::operated::{EMAIL, Operated, on_both_stores};

fn id_of(value: &Value) -> String {
    value["id"].as_str().unwrap().to_owned()
}

fn lists_have_pages_and_histories_a_limit(world: &Operated) {
    world.signed_in();
    for list in [&["app", "list"][..], &["client", "list"], &["user", "list", "--org", "harbor"]] {
        let page = world.json(&[list, &["--page", "2", "--page-size", "1"]].concat());
        assert_eq!((&page["page"], &page["pageSize"]), (&2.into(), &1.into()), "{list:?}");
        world.refused(1, &[list, &["--page", "0"]].concat(), "--page");
    }
    assert_eq!(world.json(&["client", "list", "--status", "revoked"])["total"], 0);
    world.refused(3, &["client", "list", "--status", "lost"], "status");
    for history in [&["app", "history", "dock"][..], &["client", "history", "dock-web"]] {
        let rows = world.json(&[history, &["--limit", "1"]].concat());
        assert_eq!(rows.as_array().unwrap().len(), 1, "{history:?}: {rows}");
        let none = world.json(&[history, &["--event", "user."]].concat());
        assert_eq!(none, json!([]), "{history:?}");
    }
    let sessions = ["sessions", "list", "--org", "porta-admin", "--all", "--page", "1", "--page-size", "5"];
    assert_eq!(world.json(&sessions)["total"], 1);
    let ana = id_of(&world.succeed(&["user", "show", EMAIL, "--org", "porta-admin", "--json"]).json());
    assert_eq!(world.json(&["sessions", "list", "--user-id", &ana])["total"], 1);
    world.refused(1, &["sessions", "list", "--client", "nobody"], "not found");
}

fn rights_are_named_by_id_as_well(world: &Operated) {
    world.signed_in();
    let create = ["app", "permission", "create", "dock", "--name", "See", "--slug", "dock:berths:read"];
    let permission = id_of(&world.succeed(&[&create[..], &["--json"]].concat()).json());
    assert_eq!(world.json(&["app", "permission", "list", "dock"]).as_array().unwrap().len(), 1);
    let assign = ["app", "role", "assign-permissions", "dock", "planner", "--permission-ids", &permission];
    assert_eq!(world.json(&assign)[0]["slug"], "dock:berths:read");
    let remove = ["app", "role", "remove-permissions", "dock", "planner", "--permission-ids", &permission];
    assert_eq!(world.json(&[&remove[..], &["--force"]].concat()), json!([]));
    world.refused(1, &["app", "role", "assign-permissions", "dock", "planner"], "--permission");
    let claim = ["app", "claim", "create", "dock", "--name", "rank", "--type", "number"];
    let made = world.json(&[&claim[..], &["--in-access-token", "false"]].concat());
    assert_eq!(made["includeInAccessToken"], false);
    let changed = world.json(&["app", "claim", "update", "dock", "rank", "--in-access-token", "true"]);
    assert_eq!(changed["includeInAccessToken"], true);
}

fn clients_and_users_have_every_option(world: &Operated) {
    world.signed_in();
    let create = ["client", "create", "--app", "dock", "--name", "Phone", "--type", "confidential"];
    let more = [
        "--application-type",
        "web",
        "--redirect-uris",
        "https://phone.example/cb",
        "--cors-origins",
        "https://phone.example",
        "--secret-label",
        "first",
        "--json",
    ];
    let made = world.succeed(&[&create[..], &more].concat()).json();
    assert_eq!(
        (&made["applicationType"], &made["allowedOrigins"]),
        (&"web".into(), &json!(["https://phone.example"]))
    );
    let id = made["clientId"].as_str().unwrap();
    assert_eq!(world.json(&["client", "secret", "list", id])[0]["label"], "first");
    let updated = world.json(&["client", "update", id, "--cors-origins", "https://other.example"]);
    assert_eq!(updated["allowedOrigins"], json!(["https://other.example"]));
    world.refused(3, &["client", "update", id, "--cors-origins", "other"], "rigins");
    let created = ["user", "create", "--org", "harbor", "--email", "lee@harbor.test", "--passwordless"];
    let user = world.succeed(&[&created[..], &["--json"]].concat()).json();
    assert_eq!(user["hasPassword"], false);
    world.refused(1, &[&created[..], &["--password-stdin"]].concat(), "--password");
    let bulk =
        ["bulk", "execute", "--entity-type", "users", "--action", "lock", "--organization-id", "harbor"];
    let id = id_of(&user);
    let locked = world.json(&[&bulk[..], &["--ids", &id, "--reason", "a theft", "--force"]].concat());
    assert_eq!(locked["succeeded"], 1);
    let lee = world.json(&["user", "show", "lee@harbor.test", "--org", "harbor"]);
    assert_eq!((&lee["status"], &lee["lockedReason"]), (&"locked".into(), &"a theft".into()));
}

fn branding_is_addresses_and_style_sheets_as_well(world: &Operated) {
    world.signed_in();
    world.installation.write("brand.css", "h1 { color: red }");
    let addresses =
        ["--logo-url", "https://a.example/logo.png", "--favicon-url", "https://a.example/icon.png"];
    let branding = ["org", "branding", "harbor"];
    let branded = world.json(&[&branding[..], &addresses, &["--custom-css-file", "brand.css"]].concat());
    assert_eq!(
        (&branded["logoUrl"], &branded["faviconUrl"], &branded["customCss"]),
        (&addresses[1].into(), &addresses[3].into(), &"h1 { color: red }".into())
    );
    let cleared = world.json(&[&branding[..], &["--custom-css", "", "--remove-favicon"]].concat());
    assert_eq!(cleared["customCss"], Value::Null);
    world.refused(1, &[&branding[..], &["--custom-css-file", "gone.css"]].concat(), "cannot be read");
}

fn the_server_is_chosen_and_trusted_by_options(world: &Operated) {
    world.signed_in();
    let url = world.url();
    let any = world.run(&["org", "list", "--server", &url, "--insecure"]);
    assert!(any.code == 0 && any.stderr.contains("any certificate"), "{}", any.stderr);
    world.installation.write("no.pem", "nothing");
    world.refused(1, &["org", "list", "--ca-file", "no.pem"], "no certificates in PEM");
    world.refused(1, &["login", "--server", &url, "--client-id", "x", "--client-credentials"], "--client-id");
    let told = world.run(&["org", "list", "--direct", "--verbose"]);
    assert!(told.code == 0 && told.stderr.lines().count() > 1, "{}", told.stderr);
    assert!(!world.run(&["org", "show", "harbor", "--verbose", "--json"]).stdout.is_empty());
}

on_both_stores!(
    lists_have_pages_and_histories_a_limit,
    rights_are_named_by_id_as_well,
    clients_and_users_have_every_option,
    branding_is_addresses_and_style_sheets_as_well,
    the_server_is_chosen_and_trusted_by_options,
);
