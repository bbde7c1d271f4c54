//! `porta user roles`, `claims` and `2fa`.

use serde_json::{Value, json};

use crate::support::operated::{Operated, on_both_stores};

const KIM: [&str; 3] = ["kim@harbor.test", "--org", "harbor"];

/// A command about Kim, who is a planner.
fn about<'a>(words: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    [&["user"], words, &KIM, more].concat()
}

fn slugs(roles: &Value) -> Vec<&str> {
    roles.as_array().unwrap().iter().map(|role| role["roleSlug"].as_str().unwrap()).collect()
}

fn roles_are_given_and_taken(world: &Operated) {
    world.signed_in();
    let roles = world.json(&about(&["roles", "list"], &[]));
    assert_eq!(slugs(&roles), ["planner"]);
    assert_eq!((&roles[0]["roleName"], &roles[0]["assignedAt"]), (&"Planner".into(), &"<time>".into()));
    world.refused(1, &about(&["roles", "remove"], &["--role", "dock:planner"]), "add --force");
    let none = world.json(&about(&["roles", "remove"], &["--role", "dock:planner", "--force"]));
    assert_eq!(none, json!([]));
    let listed = world.succeed(&about(&["roles", "list"], &[]));
    assert!(listed.stderr.contains("there are no roles to show"), "{}", listed.stderr);
    assert_eq!(slugs(&world.json(&about(&["roles", "assign"], &["--role", "dock:planner"]))), ["planner"]);
    let id = world.succeed(&about(&["roles", "list"], &["--json"])).json()[0]["roleId"]
        .as_str()
        .unwrap()
        .to_owned();
    world.succeed(&about(&["roles", "remove"], &["--role-ids", &id, "--force"]));
    assert_eq!(slugs(&world.json(&about(&["roles", "assign"], &["--role-ids", &id]))), ["planner"]);
    world.refused(
        1,
        &about(&["roles", "assign"], &["--role", "dock:captain"]),
        "Role not found: dock:captain",
    );
    world.refused(
        1,
        &about(&["roles", "assign"], &["--role", "berths:captain"]),
        "Application not found: berths",
    );
    world.refused(1, &about(&["roles", "assign"], &["--role", "captain"]), "APPLICATION:NAME");
    world.refused(1, &about(&["roles", "assign"], &[]), "--role");
}

const NAMESAKE: &str = r#"
version: "1.0"
organizations:
  - name: Marina
    slug: marina
    applications:
      - name: Dock
        slug: dock
        roles:
          - { name: Planner, slug: planner }
        claim_definitions:
          - { name: Terminal, slug: terminal, claim_type: string }
"#;

/// `--org` says whose application is meant.
fn applications_of_one_slug_are_told_apart(world: &Operated) {
    world.signed_in();
    world.installation.write("namesake.yaml", NAMESAKE);
    world.succeed(&["provision", "-f", "namesake.yaml"]);
    world.installation.write("claims.yaml", CLAIMS);
    world.succeed(&["provision", "-f", "claims.yaml"]);
    world.refused(1, &["app", "show", "dock"], "Several organizations have an application `dock`");
    world.succeed(&about(&["roles", "remove"], &["--role", "dock:planner", "--force"]));
    assert_eq!(slugs(&world.json(&about(&["roles", "assign"], &["--role", "dock:planner"]))), ["planner"]);
    let claim = ["--app", "dock", "--claim", "terminal"];
    world.succeed(&about(&["claims", "set"], &[&claim[..], &["--value", "T4"]].concat()));
    assert_eq!(world.json(&about(&["claims", "get"], &claim))["value"], "T4");
    assert_eq!(world.json(&about(&["claims", "list"], &["--app", "dock"])).as_array().unwrap().len(), 1);
    let client = ["client", "create", "--app", "dock", "--grant-types", "client_credentials"];
    world.refused(3, &client, "several organizations");
    for owner in ["harbor", "marina"] {
        world.succeed(&[&client[..], &["--org", owner, "--name", owner]].concat());
        let listed = world.json(&["client", "list", "--app", "dock", "--org", owner]);
        assert!(listed["data"].as_array().unwrap().iter().any(|one| one["clientName"] == owner), "{listed}");
    }
}

const CLAIMS: &str = r#"
version: "1.0"
organizations:
  - name: Harbor
    slug: harbor
    applications:
      - name: Dock
        slug: dock
        claim_definitions:
          - { name: Terminal, slug: terminal, claim_type: string }
          - { name: Rank, slug: rank, claim_type: number }
"#;

fn claims_are_set_and_taken(world: &Operated) {
    world.signed_in();
    let file = world.installation.write("claims.yaml", CLAIMS);
    world.succeed(&["provision", "-f", file.to_str().unwrap(), "--direct"]);
    let of = |claim: &'static str| ["--app", "dock", "--claim", claim];
    world.refused(1, &about(&["claims", "get"], &of("terminal")), "has no terminal");
    let set = world.json(&about(&["claims", "set"], &[&of("terminal")[..], &["--value", "T4"]].concat()));
    let entry = json!({
        "claimDefinitionId": "<id>", "applicationId": "<id>", "claimName": "terminal", "claimSlug": "terminal",
        "value": "T4", "updatedAt": "<time>",
    });
    assert_eq!(set, entry);
    assert_eq!(world.json(&about(&["claims", "get"], &of("terminal"))), entry);
    let rank = world.json(&about(&["claims", "set"], &[&of("rank")[..], &["--value", "7"]].concat()));
    assert_eq!(rank["value"], 7, "it is a number");
    assert_eq!(world.json(&about(&["claims", "list"], &[])).as_array().unwrap().len(), 2);
    for (app, count) in [("dock", 2), ("porta-admin", 0)] {
        let listed = world.json(&about(&["claims", "list"], &["--app", app]));
        assert_eq!(listed.as_array().unwrap().len(), count, "{app}");
    }
    world.refused(1, &about(&["claims", "list"], &["--app", "berths"]), "Application not found: berths");
    let wrong = about(&["claims", "set"], &[&of("rank")[..], &["--value", "high"]].concat());
    world.refused(3, &wrong, "value");
    world.refused(1, &about(&["claims", "get"], &of("weather")), "Claim not found: dock:weather");
    world.refused(1, &about(&["claims", "delete"], &of("rank")), "add --force");
    let gone = world.json(&about(&["claims", "delete"], &[&of("rank")[..], &["--force"]].concat()));
    assert_eq!(gone, json!({ "deleted": true, "userId": "<id>", "claimDefinitionId": "<id>" }));
    world.refused(1, &about(&["claims", "get"], &of("rank")), "has no rank");
}

fn second_factors_are_shown_and_only_removed_where_there_are_any(world: &Operated) {
    world.signed_in();
    let status = json!({
        "userId": "<id>", "email": "kim@harbor.test", "enabled": false, "method": null, "totpConfigured": false,
        "recoveryCodesRemaining": 0,
    });
    for more in [&[][..], &["--direct"]] {
        assert_eq!(world.json(&about(&["2fa", "status"], more)), status, "{more:?}");
        for command in [&["2fa", "disable"][..], &["2fa", "reset"], &["2fa", "recovery-codes", "regenerate"]]
        {
            world.refused(1, &about(command, more), "add --force");
            world.refused(3, &about(command, &[more, &["--force"]].concat()), "not enabled");
        }
    }
    let table = world.succeed(&about(&["2fa", "status"], &[])).stdout;
    assert!(table.contains("2FA Enabled") && table.contains('—'), "{table}");
}

on_both_stores!(
    roles_are_given_and_taken,
    applications_of_one_slug_are_told_apart,
    claims_are_set_and_taken,
    second_factors_are_shown_and_only_removed_where_there_are_any,
);
