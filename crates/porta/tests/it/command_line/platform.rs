//! `porta keys`, `config`, `audit`, `sessions`, `stats`, `bulk` and `exports` at a server.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::json;

use crate::support::operated::{EMAIL, Operated, on_both_stores};

fn keys_are_listed_generated_rotated_and_revoked(world: &Operated) {
    world.signed_in();
    let list = ["keys", "list", "--org", "harbor", "--json"];
    let before = world.succeed(&list).json();
    let active = before.as_array().unwrap().iter().find(|key| key["status"] == "active").unwrap();
    assert_eq!((&active["organization"], &active["isActive"]), (&"harbor".into(), &true.into()));
    assert!(!before.to_string().contains("private"));
    let table = world.succeed(&["keys", "list", "--org", "harbor"]).stdout;
    let row = table.lines().find(|line| line.contains(active["kid"].as_str().unwrap())).unwrap();
    assert!(row.contains("active") && !row.contains("retired"), "{table}");
    let all = world.succeed(&["keys", "list", "--json"]).json();
    assert!(all.as_array().unwrap().iter().any(|key| key["organization"] == "porta-admin"));
    let rotate = ["keys", "rotate", "--org", "harbor", "--alg", active["algorithm"].as_str().unwrap()];
    world.refused(1, &rotate, "add --force");
    let rotated = world.succeed(&[&rotate[..], &["--now", "--force", "--json"]].concat()).json();
    assert_eq!((&rotated[0]["retired"], rotated.as_array().unwrap().len()), (&active["kid"], 1));
    world.refused(1, &[&rotate[..], &["--force"]].concat(), "not known to every verifier before");
    let leaked = rotated[0]["active"].as_str().unwrap();
    world.refused(1, &["keys", "revoke", leaked, "--org", "harbor"], "add --force");
    let revoked = world.json(&["keys", "revoke", leaked, "--org", "harbor", "--force"]);
    assert_eq!((&revoked["kid"], &revoked["status"]), (&leaked.into(), &"revoked".into()));
    assert_eq!(world.json(&["keys", "generate", "--org", "harbor", "--alg", "EdDSA"])["algorithm"], "EdDSA");
    world.refused(1, &["keys", "revoke", "nobody", "--org", "harbor", "--force"], "not found");
    world.refused(1, &["keys", "list", "--org", "nobody"], "Organization not found");
    world.refused(1, &["keys", "reseal"], "--direct");
}

fn settings_are_read_and_changed(world: &Operated) {
    world.signed_in();
    let get = ["config", "get", "access_token_ttl"];
    assert_eq!(world.json(&get)["value"], 3600);
    let set = world.json(&["config", "set", "access_token_ttl", "20m"]);
    assert_eq!((&set["value"], &set["source"]), (&1200.into(), &"platform".into()));
    let own = world.json(&["config", "set", "access_token_ttl", "5m", "--org", "harbor"]);
    assert_eq!((&own["value"], &own["source"]), (&300.into(), &"organization".into()));
    assert!(world.succeed(&["config", "list"]).stdout.contains("20m"));
    assert_eq!(world.json(&["config", "unset", "access_token_ttl", "--org", "harbor"])["value"], 1200);
    let again = world.succeed(&["config", "unset", "access_token_ttl", "--org", "harbor"]);
    assert!(again.stdout.contains("not set, as it was"), "{}", again.stdout);
    world.refused(3, &["config", "set", "access_token_ttl", "soon"], "");
    world.refused(1, &["config", "get", "weather"], "not found");
}

fn what_happened_can_be_read(world: &Operated) {
    world.signed_in();
    world.succeed(&["org", "suspend", "harbor", "--force"]);
    let rows = world.json(&["audit", "list", "--org", "harbor", "--event", "org.suspended"]);
    assert_eq!((&rows[0]["eventType"], &rows[0]["actorLabel"]), (&"org.suspended".into(), &EMAIL.into()));
    assert_eq!(world.json(&["audit", "list", "--limit", "1"]).as_array().unwrap().len(), 1);
    for (limit, is_cut) in [("1", true), ("500", false)] {
        let listed = world.succeed(&["audit", "list", "--limit", limit]);
        assert_eq!(listed.stderr.contains("there are older ones"), is_cut, "{limit}: {}", listed.stderr);
    }
    let event = ["audit", "list", "--event", "org.suspended"];
    assert_eq!(world.json(&[&event[..], &["--since", "1h"]].concat()).as_array().unwrap().len(), 1);
    assert_eq!(world.json(&[&event[..], &["--until", "1h"]].concat()).as_array().unwrap().len(), 0);
    let kim = world.json(&[
        "audit",
        "list",
        "--org",
        "harbor",
        "--user",
        "kim@harbor.test",
        "--since",
        "2020-01-01",
    ]);
    assert!(kim.is_array());
    world.refused(3, &["audit", "list", "--user", "kim@harbor.test"], "--org");
    world.refused(3, &["audit", "list", "--since", "yesterday"], "since");
    world.refused(1, &["audit", "list", "--limit", "501"], "--limit");
    let counted = world.json(&["audit", "cleanup", "--dry-run", "--retention-days", "30"]);
    assert_eq!(counted, json!({ "dryRun": true, "retentionDays": 30, "entriesFound": 0, "deleted": 0 }));
    world.refused(1, &["audit", "cleanup"], "add --force");
    assert_eq!(world.json(&["audit", "cleanup", "--retention-days", "30", "--force"])["dryRun"], false);
}

fn sessions_are_listed_and_ended(world: &Operated) {
    world.signed_in();
    let list = world.succeed(&["sessions", "list", "--org", "porta-admin", "--json"]).json();
    assert_eq!((&list["total"], &list["data"][0]["userEmail"]), (&1.into(), &EMAIL.into()));
    let session = list["data"][0]["sessionId"].as_str().unwrap().to_owned();
    world.refused(1, &["sessions", "revoke", &session], "add --force");
    world.refused(1, &["sessions", "revoke", "x"], "SESSION");
    world.refused(1, &["sessions", "revoke-user", EMAIL, "--org", "porta-admin"], "add --force");
    world.refused(3, &["sessions", "revoke-user", EMAIL, "--force"], "--org");
    let none = world.json(&["sessions", "revoke-user", "kim@harbor.test", "--org", "harbor", "--force"]);
    assert_eq!(none, json!({ "userId": "<id>", "revoked": 0 }));
    // The operator's own session: the command line is signed out with it.
    world.run(&["sessions", "revoke", &session, "--force"]);
    world.refused(2, &["org", "list"], "porta login");
}

fn numbers_and_files_are_complete(world: &Operated) {
    world.signed_in();
    let statistics = world.json(&["stats", "show"]);
    assert_eq!(
        (&statistics["organizations"]["total"], &statistics["systemHealth"]["database"]),
        (&2.into(), &true.into())
    );
    assert!(world.succeed(&["stats", "show"]).stdout.contains("Sign-ins, 24 hours"));

    let users = world.succeed(&["exports", "download", "--entity-type", "users", "--org", "harbor"]).stdout;
    assert!(users.contains("kim@harbor.test"), "{users}");
    let file = world.installation.path("users.csv");
    let download = [
        "exports",
        "download",
        "--entity-type",
        "users",
        "--org",
        "harbor",
        "--format",
        "csv",
        "-o",
        "users.csv",
    ];
    let told = world.json(&download);
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains("kim@harbor.test") && text.len() as u64 == told["bytes"], "{told} {text}");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    for (kind, more) in [
        ("organizations", &[][..]),
        ("applications", &[]),
        ("clients", &["--org", "harbor"]),
        ("audit", &["--org", "harbor"]),
        ("roles", &["--app", "dock"]),
        ("permissions", &["--app", "dock"]),
        ("claims", &["--app", "dock"]),
    ] {
        let export = [&["exports", "download", "--entity-type", kind][..], more].concat();
        world.succeed(&export);
        world.succeed(&[&export[..], &["--direct"]].concat());
    }
    world.refused(3, &["exports", "download", "--entity-type", "users"], "--org");
    world.refused(3, &["exports", "download", "--entity-type", "roles"], "--app");
    world.refused(1, &["exports", "download", "--entity-type", "keys"], "--entity-type");
    let all = ["exports", "download", "--entity-type", "organizations"];
    world.refused(3, &[&all[..], &["--org", "harbor"]].concat(), "--org means nothing");
    world.refused(3, &[&download[..], &["--app", "dock"]].concat(), "--app means nothing");
    let printed = world.succeed(&[&all[..], &["-o", "-"]].concat());
    assert!(printed.stdout.contains("porta-admin"), "{}", printed.stdout);
    assert!(!world.installation.path("-").exists());
}

fn many_are_changed_at_once(world: &Operated) {
    world.signed_in();
    let id = world.succeed(&["org", "show", "harbor", "--json"]).json()["id"].as_str().unwrap().to_owned();
    let suspend = ["bulk", "execute", "--entity-type", "organizations", "--action", "suspend", "--ids", &id];
    world.refused(1, &suspend, "add --force");
    let answer = world.json(&[&suspend[..], &["--force"]].concat());
    assert_eq!((&answer["succeeded"], &answer["results"][0]["newStatus"]), (&1.into(), &"suspended".into()));
    let again = world.run(&[&suspend[..], &["--force"]].concat());
    assert_eq!(again.code, 4, "{}{}", again.stdout, again.stderr);
    assert!(again.stdout.contains("0 done, 1 failed"), "{}", again.stdout);
    let lock =
        ["bulk", "execute", "--entity-type", "organizations", "--action", "lock", "--ids", &id, "--force"];
    world.refused(3, &lock, "activate, suspend or archive");
    world.refused(
        1,
        &["bulk", "execute", "--entity-type", "users", "--action", "lock", "--ids", &id],
        "--organization-id",
    );
}

on_both_stores!(
    keys_are_listed_generated_rotated_and_revoked,
    settings_are_read_and_changed,
    what_happened_can_be_read,
    sessions_are_listed_and_ended,
    numbers_and_files_are_complete,
    many_are_changed_at_once,
);
