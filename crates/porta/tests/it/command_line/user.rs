//! `porta user`: accounts, with `--json` and refusals.

use serde_json::{Value, json};

use crate::support::operated::{Operated, on_both_stores, redacted};

const EVE: &str = "eve@harbor.test";

fn eve(change: &[(&str, Value)]) -> Value {
    let mut eve = json!({
        "id": "<id>", "organizationId": "<id>", "email": EVE, "emailVerified": false, "hasPassword": false,
        "passwordChangedAt": null, "passwordChangeRequired": false, "givenName": "Eve", "familyName": "van Berg", "middleName": null,
        "nickname": null, "preferredUsername": null, "profileUrl": null, "pictureUrl": null, "websiteUrl": null,
        "gender": null, "birthdate": null, "zoneinfo": null, "locale": null, "phoneNumber": null,
        "phoneNumberVerified": false, "addressStreet": null, "addressLocality": null, "addressRegion": null,
        "addressPostalCode": null, "addressCountry": null, "twoFactorEnabled": false, "twoFactorMethod": null,
        "status": "active", "lockedAt": null, "lockedReason": null, "lastLoginAt": null, "loginCount": 0,
        "failedLoginCount": 0, "lastFailedLoginAt": null, "createdAt": "<time>", "updatedAt": "<time>",
    });
    for (name, value) in change {
        eve[*name] = value.clone();
    }
    eve
}

/// A command about Eve.
fn about<'a>(words: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    [&["user"], words, &[EVE, "--org", "harbor"], more].concat()
}

fn created(world: &Operated) {
    world.signed_in();
    let create = ["user", "create", "--org", "harbor", "--email", EVE, "--name", "Eve van Berg"];
    assert_eq!(world.json(&create), eve(&[]));
}

fn users_are_created_shown_and_changed(world: &Operated) {
    created(world);
    assert_eq!(world.json(&about(&["show"], &[])), eve(&[]));
    let id = world.succeed(&about(&["show"], &["--json"])).json()["id"].as_str().unwrap().to_owned();
    assert_eq!(world.json(&["user", "show", &id, "--org", "harbor"]), eve(&[]));
    assert_eq!(world.json(&["user", "show", "EVE@Harbor.test", "--org", "harbor"]), eve(&[]));
    let list = world.json(&["user", "list", "--org", "harbor", "--search", "eve"]);
    assert_eq!(list, json!({ "data": [eve(&[])], "total": 1, "page": 1, "pageSize": 20 }));
    let table = world.succeed(&["user", "list", "--org", "harbor"]).stdout;
    assert!(table.contains("Eve van Berg") && table.contains("2 users"), "{table}");
    assert_eq!(world.json(&["user", "list", "--org", "harbor", "--status", "locked"])["data"], json!([]));

    let changed =
        world.json(&about(&["update"], &["--given-name", "Eva", "--family-name", "", "--locale", "de"]));
    let change = [("givenName", json!("Eva")), ("familyName", json!(null)), ("locale", json!("de"))];
    assert_eq!(changed, eve(&change));
    let changed = world.json(&about(&["update"], &["--name", "Eve van Berg", "--locale", ""]));
    assert_eq!(changed, eve(&[]));
    assert_eq!(world.json(&about(&["verify-email"], &[])), eve(&[("emailVerified", json!(true))]));
    let moved = world.json(&["user", "update", EVE, "--org", "harbor", "--email", "eva@harbor.test"]);
    assert_eq!(moved, eve(&[("email", json!("eva@harbor.test"))]), "a new address is not verified");

    let idn = "eve@xn--bcher-kva.example";
    world.succeed(&["user", "create", "--org", "harbor", "--email", idn]);
    let spelled = ["user", "show", "EVE@b\u{fc}cher.example", "--org", "harbor"];
    assert_eq!(world.json(&spelled)["email"], idn, "one mailbox, however it is spelled");

    world.refused(1, &["user", "create", "--org", "harbor", "--email", "kim@harbor.test"], "lready");
    world.refused(3, &["user", "create", "--org", "harbor", "--email", "kim"], "email: ");
    world.refused(1, &["user", "create", "--org", "nobody", "--email", EVE], "Organization not found");
    world.refused(1, &["user", "show", EVE, "--org", "harbor"], "User not found: eve@harbor.test");
    world.refused(1, &["user", "show", &id, "--org", "porta-admin"], "User not found");
    world.refused(1, &["user", "update", &id, "--org", "harbor"], "--email");
    world.refused(1, &["user", "show", &id], "--org");
    world.refused(1, &["user", "create", "--org", "harbor", "--email", EVE, "--password", "x"], "--password");
    world.refused(1, &["user", "doubles"], "--direct");
}

fn passwords_come_from_standard_input(world: &Operated) {
    world.signed_in();
    let create = ["user", "create", "--org", "harbor", "--email", EVE, "--password-stdin", "--json"];
    let weak = world.typed(&create, "short\n");
    assert_eq!(weak.code, 3, "{}", weak.stderr);
    let made = world.typed(&create, "a-Quay-of-lanterns-7\n");
    assert_eq!(made.code, 0, "{}", made.stderr);
    assert_eq!(redacted(made.json())["hasPassword"], true);
    let set = about(&["set-password"], &["--password-stdin", "--json"]);
    let weak = world.typed(&set, "password\n");
    assert!(weak.code == 3 && weak.stderr.contains("password: "), "{}", weak.stderr);
    let temporary = world.typed(&set, "another-Quay-of-lanterns-8\n");
    assert_eq!(temporary.json()["passwordChangeRequired"], true, "{}", temporary.stderr);
    let permanent = about(&["set-password"], &["--password-stdin", "--permanent", "--json"]);
    let permanent = world.typed(&permanent, "a-third-Quay-of-lanterns-9\n");
    assert_eq!(permanent.json()["passwordChangeRequired"], false, "{}", permanent.stderr);
    world.refused(3, &about(&["set-password"], &[]), "no terminal to ask");
    world.refused(1, &about(&["clear-password"], &[]), "add --force");
    assert_eq!(world.json(&about(&["clear-password"], &["--force"]))["hasPassword"], false);
}

fn users_stop_and_start(world: &Operated) {
    created(world);
    for (stop, more, start, status) in [
        ("deactivate", &[][..], "reactivate", "inactive"),
        ("suspend", &["--reason", "a holiday"], "unsuspend", "suspended"),
        ("lock", &["--reason", "a theft"], "unlock", "locked"),
        ("suspend", &[], "activate", "suspended"),
        ("lock", &["--reason", "a theft"], "activate", "locked"),
        ("deactivate", &[], "activate", "inactive"),
    ] {
        world.refused(1, &about(&[stop], more), "add --force");
        let stopped = world.json(&about(&[stop], &[more, &["--force"]].concat()));
        assert_eq!((&stopped["status"], &stopped["email"]), (&status.into(), &EVE.into()));
        world.refused(3, &about(&[stop], &[more, &["--force"]].concat()), "from status");
        assert_eq!(world.json(&about(&[start], &[]))["status"], "active");
        world.refused(3, &about(&[start], &[]), "from status: active");
    }
    world.refused(1, &about(&["lock"], &["--force"]), "--reason");
    world.refused(
        1,
        &["user", "suspend", "nobody@harbor.test", "--org", "harbor", "--force"],
        "User not found",
    );
    let history = world.json(&about(&["history"], &["--event", "user.", "--limit", "1"]));
    assert_eq!(history.as_array().unwrap().len(), 1, "{history}");
    let admin = ["user", "suspend", "ana@admin.test", "--org", "porta-admin", "--force"];
    assert_ne!(world.run(&admin).code, 0, "the first administrator stays");
}

fn users_are_invited_exported_and_purged(world: &Operated) {
    world.signed_in();
    let invite = ["user", "invite", EVE, "--org", "harbor", "--role", "dock:planner", "--name", "Eve Berg"];
    let sent = world.json(&invite);
    assert_eq!(
        (&sent["email"], &sent["created"], &sent["invitationSent"]),
        (&EVE.into(), &true.into(), &true.into())
    );
    assert_eq!(world.json(&about(&["show"], &[]))["status"], "inactive");
    let by_option = world.json(&["user", "invite", "--email", EVE, "--org", "harbor"]);
    assert_eq!(by_option["created"], false);
    world.refused(
        1,
        &["user", "invite", EVE, "--org", "harbor", "--role", "dock:captain"],
        "Role not found: dock:captain",
    );
    world.refused(
        1,
        &["user", "invite", EVE, "--org", "harbor", "--claim", "dock:rank=1"],
        "Claim not found: dock:rank",
    );
    world.refused(1, &["user", "invite", EVE, "--org", "harbor", "--inviter", "Kim"], "--direct");
    world.refused(1, &["user", "invite", "--org", "harbor"], "EMAIL");
    world.refused(3, &["user", "invite", "eve", "--org", "harbor"], "email: ");

    let export = redacted(world.succeed(&about(&["export"], &[])).json());
    assert_eq!((&export["user"]["email"], &export["organization"]["slug"]), (&EVE.into(), &"harbor".into()));
    world.refused(1, &about(&["purge"], &[]), "add --force");
    let purged = world.json(&about(&["purge"], &["--confirm"]));
    assert_eq!((&purged["userId"], &purged["deletedRoles"]), (&"<id>".into(), &0.into()));
    assert!(!purged["anonymizedEmail"].to_string().contains("eve"), "{purged}");
    world.refused(1, &about(&["show"], &[]), "User not found");
}

on_both_stores!(
    users_are_created_shown_and_changed,
    passwords_come_from_standard_input,
    users_stop_and_start,
    users_are_invited_exported_and_purged,
);
