//! `porta app`: applications, modules, roles, permissions and claims.

use serde_json::json;

use crate::support::operated::{Operated, on_both_stores};

fn applications_are_created_changed_stopped_and_started(world: &Operated) {
    world.signed_in();
    let planner = |status: &str, description: Option<&str>| {
        json!({
            "id": "<id>", "organizationId": "<id>", "name": "Planner", "slug": "planner", "description": description,
            "status": status, "createdAt": "<time>", "updatedAt": "<time>", "counts": null,
        })
    };
    let made =
        world.json(&["app", "create", "--name", "Planner", "--org", "harbor", "--description", "Plans"]);
    assert_eq!(made, planner("active", Some("Plans")));
    assert_eq!(world.json(&["app", "show", "planner"]), planner("active", Some("Plans")));
    let list = world.json(&["app", "list", "--search", "plan", "--org", "harbor"]);
    assert_eq!((&list["total"], &list["data"][0]), (&1.into(), &planner("active", Some("Plans"))));
    assert_eq!(world.json(&["app", "update", "planner", "--description", ""]), planner("active", None));
    for (stop, start, status) in [("deactivate", "activate", "inactive"), ("archive", "restore", "archived")]
    {
        world.refused(1, &["app", stop, "planner"], "add --force");
        assert_eq!(world.json(&["app", stop, "planner", "--force"]), planner(status, None));
        world.refused(3, &["app", stop, "planner", "--force"], "");
        assert_eq!(world.json(&["app", start, "planner"])["status"], "active", "{start}");
    }
    assert!(!world.json(&["app", "history", "planner", "--event", "app."]).as_array().unwrap().is_empty());
    world.refused(1, &["app", "show", "nobody"], "Application not found: nobody");
    world.refused(1, &["app", "create", "--name", "X", "--slug", "dock", "--org", "harbor"], "already");
    world.refused(3, &["app", "list", "--status", "asleep"], "status");
    world.refused(1, &["app", "update", "planner"], "--name");
}

fn modules_are_added_and_retired(world: &Operated) {
    world.signed_in();
    let added = world.json(&["app", "module", "add", "dock", "--name", "Berths"]);
    assert_eq!((&added["slug"], &added["isActive"]), (&"berths".into(), &true.into()));
    let changed = world.json(&["app", "module", "update", "dock", "berths", "--name", "Piers"]);
    assert_eq!(changed["name"], "Piers");
    world.refused(1, &["app", "module", "deactivate", "dock", "berths"], "add --force");
    let retired = world.json(&["app", "module", "remove", "dock", "berths", "--force"]);
    assert_eq!(retired["status"], "inactive");
    assert_eq!(world.json(&["app", "module", "list", "dock"]).as_array().unwrap().len(), 1);
    world.refused(
        1,
        &["app", "module", "update", "dock", "nobody", "--name", "X"],
        "Module not found: dock:nobody",
    );
}

fn roles_have_permissions(world: &Operated) {
    world.signed_in();
    let read = ["app", "permission", "create", "dock", "--name", "See berths", "--slug", "dock:berths:read"];
    assert_eq!(world.json(&read)["slug"], "dock:berths:read");
    world.refused(1, &read, "lready");
    world.refused(3, &["app", "permission", "create", "dock", "--name", "x", "--slug", "x"], "");
    let changed =
        world.json(&["app", "permission", "update", "dock", "dock:berths:read", "--description", "all"]);
    assert_eq!(changed["description"], "all");
    assert_eq!(world.json(&["app", "permission", "show", "dock", "dock:berths:read"])["description"], "all");

    let role = world.json(&["app", "role", "create", "dock", "--name", "Pilot"]);
    assert_eq!((&role["slug"], &role["id"]), (&"pilot".into(), &"<id>".into()));
    let given = world.json(&[
        "app",
        "role",
        "assign-permissions",
        "dock",
        "pilot",
        "--permission",
        "dock:berths:read",
    ]);
    assert_eq!(given[0]["slug"], "dock:berths:read");
    assert_eq!(world.json(&["app", "role", "permissions", "dock", "pilot"]), given);
    world.refused(3, &["app", "permission", "delete", "dock", "dock:berths:read", "--force"], "");
    let remove = ["app", "role", "remove-permissions", "dock", "pilot", "--permission", "dock:berths:read"];
    world.refused(1, &remove, "add --force");
    assert_eq!(world.json(&[&remove[..], &["--force"]].concat()), json!([]));
    assert_eq!(
        world.json(&["app", "permission", "delete", "dock", "dock:berths:read", "--force"])["deleted"],
        true
    );

    assert_eq!(
        world.json(&["app", "role", "update", "dock", "pilot", "--name", "Harbor pilot"])["name"],
        "Harbor pilot"
    );
    // Kim is a planner.
    world.refused(3, &["app", "role", "delete", "dock", "planner", "--force"], "");
    world.refused(1, &["app", "role", "delete", "dock", "planner", "--in-use"], "add --force");
    let gone = world.json(&["app", "role", "delete", "dock", "planner", "--in-use", "--force"]);
    assert_eq!(gone, json!({ "deleted": true, "id": "<id>", "slug": "planner" }));
    world.refused(1, &["app", "role", "show", "dock", "planner"], "Role not found: dock:planner");
    assert_eq!(world.json(&["app", "role", "list", "dock"]).as_array().unwrap().len(), 1);
}

fn claims_are_defined(world: &Operated) {
    world.signed_in();
    let create =
        ["app", "claim", "create", "dock", "--name", "terminal", "--type", "string", "--in-id-token", "true"];
    let made = world.json(&create);
    assert_eq!((&made["claimName"], &made["includeInIdToken"]), (&"terminal".into(), &true.into()));
    let bare = ["app", "claim", "create", "dock", "--name", "berth", "--type", "number", "--in-id-token"];
    assert_eq!(world.json(&bare)["includeInIdToken"], true, "true needs no word");
    assert_eq!(world.json(&["app", "claim", "delete", "dock", "berth", "--force"])["deleted"], true);
    world.refused(
        1,
        &["app", "claim", "create", "dock", "--name", "x", "--type", "date"],
        "string, number, boolean or json",
    );
    let changed = world.json(&[
        "app",
        "claim",
        "update",
        "dock",
        "terminal",
        "--in-userinfo",
        "false",
        "--label",
        "Terminal",
    ]);
    assert_eq!((&changed["includeInUserinfo"], &changed["name"]), (&false.into(), &"Terminal".into()));
    assert_eq!(world.json(&["app", "claim", "show", "dock", "terminal"]), changed);
    assert_eq!(world.json(&["app", "claim", "list", "dock"]), json!([changed]));
    world.refused(1, &["app", "claim", "delete", "dock", "terminal"], "add --force");
    assert_eq!(world.json(&["app", "claim", "archive", "dock", "terminal", "--force"])["deleted"], true);
    world.refused(1, &["app", "claim", "show", "dock", "terminal"], "Claim not found: dock:terminal");
}

on_both_stores!(
    applications_are_created_changed_stopped_and_started,
    modules_are_added_and_retired,
    roles_have_permissions,
    claims_are_defined,
);
