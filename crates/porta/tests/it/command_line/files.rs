//! Configuration as code at a server: `porta provision`, `plan`, `apply`, `export` and `drift`.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::json;

use crate::support::operated::{Operated, on_both_stores};

const QUAY: &str = r#"
version: "1.0"
allow_passwords: true
organizations:
  - name: Quay
    applications:
      - name: Crane
        roles: [{ name: Driver }]
        clients:
          - client_name: Lift
            client_type: confidential
            grant_types: [client_credentials]
            id_token_signed_response_alg: ES256
            secret: { label: lift, expires_in: 30d }
    users:
      - { email: lee@quay.test, password: "${LEE}", roles: [{ app: crane, role: driver }] }
"#;

const LEE: (&str, &str) = ("LEE", "tall-Lantern-boats-42");

fn a_file_is_provisioned_at_a_server(world: &Operated) {
    world.signed_in();
    world.installation.write("quay.yaml", QUAY);
    world.refused(
        3,
        &["provision", "-f", "quay.yaml"],
        "quay.yaml:16:43: organizations[0].users[0].password: ",
    );
    let weak = world.run_with(&["provision", "-f", "quay.yaml"], &[("LEE", "password123")]);
    assert_eq!(weak.code, 3, "{}", weak.stdout);
    assert!(weak.stderr.contains("quay.yaml:16:43: organizations[0].users[0].password: "), "{}", weak.stderr);
    let dry = world.run_with(&["provision", "--file", "quay.yaml", "--dry-run", "--json"], &[LEE]);
    assert_eq!((&dry.json()["mode"], &dry.json()["applied"]), (&"dry-run".into(), &false.into()));
    world.refused(1, &["org", "show", "quay"], "not found");

    let out = ["provision", "-f", "quay.yaml", "--credentials-out", "secrets.json", "--json"];
    let applied = world.run_with(&out, &[LEE]);
    assert_eq!(applied.code, 0, "{}", applied.stderr);
    assert_eq!(applied.json()["applied"], true);
    assert!(!applied.stdout.contains("secretPlaintext") && !applied.stdout.contains(LEE.1));
    let file = world.installation.path("secrets.json");
    let secrets: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    assert_eq!((&secrets[0]["clientName"], &secrets[0]["secretLabel"]), (&"Lift".into(), &"lift".into()));
    assert_eq!(secrets[0]["secretPlaintext"].as_str().map(str::len), Some(64));
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let lee = world.succeed(&["user", "show", "lee@quay.test", "--org", "quay", "--json"]).json();
    assert_eq!(lee["hasPassword"], true, "the server got its hash");
    let again = world.run_with(&["provision", "-f", "quay.yaml", "--mode", "merge"], &[LEE]);
    assert!(again.stdout.contains("0 created, 0 updated"), "{}", again.stdout);
    assert!(!again.stdout.contains("Different"), "{}", again.stdout);
    world.succeed(&["org", "update", "quay", "--name", "Renamed"]);
    let other = world.run_with(&["provision", "-f", "quay.yaml", "--json"], &[LEE]).json();
    assert_eq!(other["different"][0]["changes"], json!(["name"]), "what differs is told, and stays");
    assert_eq!(other["updated"], json!([]));
}

fn the_good_part_of_a_file_is_kept_if_somebody_says_so(world: &Operated) {
    world.signed_in();
    let text = "version: \"1.0\"\norganizations:\n  - name: Quay\n  - {name: X, slug: Not A Slug}\n";
    world.installation.write("half.yaml", text);
    world.refused(3, &["provision", "-f", "half.yaml"], "half.yaml:4:");
    world.refused(3, &["apply", "-f", "half.yaml"], "nothing was applied");
    world.refused(1, &["org", "show", "quay"], "not found");
    let kept = world.run(&["provision", "-f", "half.yaml", "--keep-going", "--json"]);
    assert_eq!(kept.code, 4, "{}{}", kept.stdout, kept.stderr);
    let answer = kept.json();
    assert_eq!((&answer["applied"], &answer["created"][0]["slug"]), (&true.into(), &"quay".into()));
    assert!(answer["errors"][0]["path"].as_str().unwrap().starts_with("organizations[1]"), "{answer}");
    world.succeed(&["org", "show", "quay"]);
}

fn an_export_is_planned_applied_and_compared(world: &Operated) {
    world.signed_in();
    let text = world.succeed(&["export"]).stdout;
    assert!(text.contains("kim@harbor.test") && !text.contains("ana@admin.test"), "{text}");
    let told = world.json(&["export", "--org", "harbor", "--format", "yaml", "--output", "harbor.yaml"]);
    assert_eq!((&told["organizations"], &told["file"]), (&1.into(), &"harbor.yaml".into()));
    let file = world.installation.path("harbor.yaml");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let same = json!({ "differs": false, "missing": [], "different": [], "extra": [] });
    assert_eq!(world.json(&["drift", "-f", "harbor.yaml"]), same);
    world.succeed(&["plan", "-f", "harbor.yaml", "--exit-code"]);

    world.succeed(&["org", "update", "harbor", "--name", "Renamed"]);
    world.succeed(&["app", "role", "create", "dock", "--name", "Stowaway"]);
    let drift = world.run(&["drift", "--file", "harbor.yaml", "--json"]);
    assert_eq!(drift.code, 5, "{}", drift.stderr);
    let drift = drift.json();
    assert_eq!(drift["different"][0]["changes"], json!(["name"]));
    assert_eq!(drift["extra"], json!([{ "type": "role", "slug": "stowaway", "in": "harbor/dock" }]));
    let plan = world.run(&["plan", "--file", "harbor.yaml", "--exit-code", "--json"]);
    assert_eq!((plan.code, &plan.json()["applied"]), (5, &false.into()), "{}", plan.stderr);
    assert_eq!(world.run(&["plan", "-f", "harbor.yaml"]).code, 0);
    let dry = world.json(&["apply", "-f", "harbor.yaml", "--dry-run"]);
    assert_eq!(dry["updated"], plan.json()["updated"]);
    let applied = world.json(&["apply", "-f", "harbor.yaml", "--credentials-out", "none.json"]);
    assert_eq!((&applied["updated"], &applied["applied"]), (&plan.json()["updated"], &true.into()));
    assert_eq!(world.succeed(&["org", "show", "harbor", "--json"]).json()["name"], "Harbor");
    let drift = world.run(&["drift", "-f", "harbor.yaml"]);
    assert!(
        drift.code == 5 && drift.stdout.contains("0 missing, 0 different, 1 not in the file"),
        "{}",
        drift.stdout
    );

    let without = world.succeed(&["export", "--org", "harbor", "--no-users", "--json"]).json();
    assert_eq!(without["organizations"][0].get("users"), None);
    world.refused(1, &["export", "--org", "nobody"], "Organization not found: nobody");
    world.refused(1, &["export", "--format", "toml"], "--format");
    world.refused(1, &["export", "-o", "nowhere/x.yaml"], "cannot be written");
}

fn wrong_files_are_refused_whole_and_not_quoted(world: &Operated) {
    world.signed_in();
    std::fs::write(world.installation.path("bytes.yaml"), b"version: \xff\n").unwrap();
    std::fs::write(world.installation.path("large.yaml"), vec![b' '; 50 << 20]).unwrap();
    world.installation.write("key.yaml", "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG\n");
    world.installation.write(
        "wrong.yaml",
        "version: \"1.0\"\norganizations:\n  - nam: X\n    slug: 7\n  - {name: A, slug: a-a}\n  - {name: B, slug: a-a}\n",
    );
    world.installation.write("cycle.yaml", "version: \"1.0\"\norganizations: &a [*a]\n");
    for command in ["provision", "plan", "apply", "drift"] {
        for (file, words) in [
            ("bytes.yaml", "bytes.yaml:1:10: the file is not UTF-8"),
            ("large.yaml", "larger than 10 MiB"),
            ("cycle.yaml", "cycle.yaml:2:16: values are nested too deeply, or an alias stands in"),
        ] {
            world.refused(3, &[command, "-f", file], words);
        }
        // All of it in one run, in the order of the file.
        let wrong = world.run(&[command, "-f", "wrong.yaml"]);
        assert_eq!((wrong.code, wrong.stdout.as_str()), (3, ""), "{command}");
        let problems: Vec<&str> = wrong.stderr.lines().collect();
        let expected = [
            "❌ wrong.yaml:3:5: organizations[0].nam: unknown field; did you mean `name`?",
            "❌ wrong.yaml:3:5: organizations[0]: missing field `name`",
            "❌ wrong.yaml:4:11: organizations[0].slug: invalid type: found a number, expected a text: put it in quotes",
            "❌ wrong.yaml:6:21: organizations[2]: duplicate slug `a-a`: organizations[1] has it",
        ];
        assert_eq!(problems, expected, "{command}");
        let key = world.run(&[command, "-f", "key.yaml"]);
        assert!(key.code == 3 && !key.stderr.contains("MIIEv"), "{}", key.stderr);
        world.refused(1, &[command, "-f", "missing.yaml"], "cannot be read");
        world.refused(1, &[command, "-f", "world.toml"], ".yaml, .yml or .json");
        world.refused(1, &[command], "--file");
    }
    world.refused(1, &["provision", "-f", "wrong.yaml", "--create"], "--direct");
    assert_eq!(world.json(&["org", "list"])["total"], 2, "nothing was applied");
}

/// What only the server can know is refused as a whole as well, with its places.
fn what_the_server_refuses_is_told_with_its_places(world: &Operated) {
    world.signed_in();
    world.installation.write(
        "refused.yaml",
        "version: \"1.0\"\nconfig: { weather: 7 }\norganizations:\n  - name: Quay\n    slug: login\n  - name: Pier\n    \
         default_locale: de\n    applications:\n      - name: Crane\n        clients:\n          - client_name: Lift\n            \
         client_type: public\n            redirect_uris: [\"ftp://x\"]\n    users:\n      - { email: lee }\n",
    );
    for command in ["provision", "plan", "apply", "drift"] {
        let refused = world.run(&[command, "-f", "refused.yaml"]);
        assert_eq!(refused.code, 3, "{command}: {}", refused.stderr);
        for place in [
            "refused.yaml:2:20: config.weather: ",
            "refused.yaml:5:11: organizations[0].slug: ",
            "refused.yaml:13:28: organizations[1].applications[0].clients[0].redirect_uris",
            "refused.yaml:15:18: organizations[1].users[0].email: ",
        ] {
            assert!(refused.stderr.contains(place), "{command} {place}: {}", refused.stderr);
        }
    }
    assert_eq!(world.json(&["org", "list"])["total"], 2, "nothing was applied");
}

on_both_stores!(
    a_file_is_provisioned_at_a_server,
    the_good_part_of_a_file_is_kept_if_somebody_says_so,
    an_export_is_planned_applied_and_compared,
    wrong_files_are_refused_whole_and_not_quoted,
    what_the_server_refuses_is_told_with_its_places,
);
