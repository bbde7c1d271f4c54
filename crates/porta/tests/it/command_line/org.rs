//! `porta org`: every command, with `--json` and refusals.

use serde_json::{Value, json};

use crate::support::operated::{Operated, on_both_stores, redacted};

fn acme(change: &[(&str, Value)]) -> Value {
    let mut acme = json!({
        "id": "<id>", "name": "Acme", "slug": "acme", "status": "active", "isSuperAdmin": false,
        "brandingLogoUrl": null, "brandingFaviconUrl": null, "brandingPrimaryColor": null,
        "brandingCompanyName": null, "brandingCustomCss": null, "defaultLocale": "en",
        "twoFactorPolicy": "optional", "defaultLoginMethods": ["password", "magic_link"],
        "createdAt": "<time>", "updatedAt": "<time>", "counts": null,
    });
    for (name, value) in change {
        acme[*name] = value.clone();
    }
    acme
}

fn organizations_are_created_shown_and_changed(world: &Operated) {
    world.signed_in();
    assert_eq!(world.json(&["org", "create", "--name", "Acme"]), acme(&[]));
    assert_eq!(world.json(&["org", "show", "acme"]), acme(&[]));
    let id = world.succeed(&["org", "show", "acme", "--json"]).json()["id"].as_str().unwrap().to_owned();
    assert_eq!(world.json(&["org", "show", &id]), acme(&[]));
    let table = world.succeed(&["org", "show", "acme"]).stdout;
    assert!(table.contains(&id) && table.contains("Default Login Methods") && table.contains('—'), "{table}");

    let list = world.json(&["org", "list", "--search", "acm"]);
    assert_eq!(list, json!({ "data": [acme(&[])], "total": 1, "page": 1, "pageSize": 20 }));
    let empty = world.json(&["org", "list", "--status", "archived"]);
    assert_eq!(empty, json!({ "data": [], "total": 0, "page": 1, "pageSize": 20 }));
    let nothing = world.succeed(&["org", "list", "--status", "archived"]);
    assert!(nothing.stderr.contains("there are no organizations to show"), "{}", nothing.stderr);
    let pages = world.succeed(&["org", "list", "--page-size", "2"]).stdout;
    assert!(pages.contains("3 organizations, page 1 of 2"), "{pages}");
    let second = world.json(&["org", "list", "--page-size", "2", "--page", "2"]);
    assert_eq!((second["data"].as_array().unwrap().len(), &second["page"]), (1, &2.into()));

    let updated = world.json(&[
        "org",
        "update",
        "acme",
        "--name",
        "Acme Ltd",
        "--default-locale",
        "de",
        "--login-methods",
        "password",
    ]);
    let change = [
        ("name", json!("Acme Ltd")),
        ("defaultLocale", json!("de")),
        ("defaultLoginMethods", json!(["password"])),
    ];
    assert_eq!(updated, acme(&change));
    let more = world.succeed(&[
        "org",
        "create",
        "--name",
        "Beta",
        "--slug",
        "b-1",
        "--locale",
        "fr",
        "--login-methods",
        "magic_link",
    ]);
    assert!(more.stdout.contains("organization b-1 is created"), "{}", more.stdout);
    assert_eq!(world.succeed(&["org", "update", "b-1", "--name", "B", "--quiet"]).stdout, "");

    world.refused(1, &["org", "create", "--name", "Again", "--slug", "acme"], "already");
    world.refused(3, &["org", "create", "--name", "X", "--slug", "Not A Slug"], "slug: ");
    world.refused(3, &["org", "update", "acme", "--login-methods", "telepathy"], "ogin");
    world.refused(1, &["org", "update", "acme"], "--name");
    world.refused(1, &["org", "show", "nobody"], "Organization not found: nobody");
    world.refused(3, &["org", "list", "--status", "asleep"], "status");
    world.refused(1, &["org", "list", "--page", "0"], "--page");
    world.refused(1, &["org", "lst"], "similar subcommand exists: 'list'");
    world.refused(1, &["orgs", "list"], "'org'");
}

fn organizations_stop_and_start(world: &Operated) {
    world.signed_in();
    world.succeed(&["org", "create", "--name", "Acme"]);
    for (stop, start, status, doing) in
        [("suspend", "activate", "suspended", "Suspend"), ("archive", "restore", "archived", "Archive")]
    {
        let planned = world.json(&["org", stop, "acme", "--dry-run"]);
        let expected =
            json!({ "dryRun": true, "id": "<id>", "slug": "acme", "from": "active", "to": status });
        assert_eq!(planned, expected);
        world.refused(1, &["org", stop, "acme"], "add --force");
        assert_eq!(world.json(&["org", "show", "acme"])["status"], "active", "{doing}");
        assert_eq!(world.json(&["org", stop, "acme", "--force"]), acme(&[("status", json!(status))]));
        world.refused(3, &["org", stop, "acme", "--force"], "already");
        assert_eq!(world.json(&["org", start, "acme"]), acme(&[]));
        world.refused(3, &["org", start, "acme"], "from status: active");
        world.refused(3, &["org", stop, "porta-admin", "--force"], "Super-admin organization");
        world.refused(1, &["org", start, "nobody"], "Organization not found");
    }
    world.succeed(&["org", "suspend", "acme", "--force", "--reason", "did not pay"]);
    let history = world.json(&["org", "history", "acme", "--event", "org.", "--limit", "2"]);
    let history = history.as_array().unwrap();
    assert_eq!(history.len(), 2);
    assert_eq!((&history[0]["eventType"], &history[0]["actorId"]), (&"org.suspended".into(), &"<id>".into()));
    assert!(history[0]["metadata"].to_string().contains("did not pay"), "{history:?}");
    let table = world.succeed(&["org", "history", "acme"]).stdout;
    assert!(table.contains("org.suspended") && table.contains("events"), "{table}");
}

fn branding_is_shown_and_changed(world: &Operated) {
    world.signed_in();
    let logo = world
        .installation
        .write("logo.svg", "<svg xmlns=\"http://www.w3.org/2000/svg\"><path d=\"M0 0\"/></svg>");
    let logo = logo.to_str().unwrap();
    let blank = json!({
        "logoUrl": null, "faviconUrl": null, "primaryColor": null, "companyName": null, "customCss": null, "assets": [],
    });
    assert_eq!(world.json(&["org", "branding", "harbor"]), blank);
    let branded = world.json(&[
        "org",
        "branding",
        "harbor",
        "--primary-color",
        "#0B6E4F",
        "--company-name",
        "Harbor",
        "--logo-file",
        logo,
    ]);
    assert_eq!((&branded["primaryColor"], &branded["companyName"]), (&"#0B6E4F".into(), &"Harbor".into()));
    assert_eq!(branded["assets"][0]["assetType"], "logo");
    let again = world.succeed(&["org", "branding", "harbor", "--logo-file", logo]);
    assert!(again.stdout.contains("is that already"), "{}", again.stdout);
    let cleared = world.json(&[
        "org",
        "branding",
        "harbor",
        "--primary-color",
        "",
        "--company-name",
        "",
        "--remove-logo",
    ]);
    assert_eq!(cleared, blank);
    world.refused(3, &["org", "branding", "harbor", "--primary-color", "green"], "primaryColor");
    world.refused(1, &["org", "branding", "harbor", "--logo-file", "gone.png"], "cannot be read");
    world.refused(
        1,
        &["org", "branding", "harbor", "--logo-file", "world.yaml"],
        "PNG, JPEG, WebP, ICO or SVG",
    );
    world.refused(1, &["org", "branding", "nobody", "--company-name", "X"], "Organization not found");

    let policy = world.json(&["org", "2fa-policy", "harbor"]);
    assert_eq!(policy["twoFactorPolicy"], "optional");
    let policy = world.json(&["org", "2fa-policy", "harbor", "required_any"]);
    assert_eq!(policy["twoFactorPolicy"], "required_any");
    world.refused(3, &["org", "2fa-policy", "harbor", "sometimes"], "olicy");
}

/// The preview of the reference was a deletion that failed by accident.
fn an_organization_is_destroyed_only_when_it_is_meant(world: &Operated) {
    world.signed_in();
    world.succeed(&["org", "create", "--name", "Acme"]);
    let counts = json!({
        "applications": 0, "clients": 0, "users": 0, "roles": 0, "permissions": 0, "claim_definitions": 0,
    });
    let planned = world.json(&["org", "destroy", "acme", "--dry-run"]);
    let expected =
        json!({ "dryRun": true, "deleted": false, "organization": acme(&[]), "cascadeCounts": counts });
    assert_eq!(planned, expected);
    world.refused(1, &["org", "destroy", "acme"], "add --force");
    assert_eq!(world.json(&["org", "show", "acme"]), acme(&[]), "it is still there");
    let done = world.succeed(&["org", "destroy", "acme", "--force", "--json"]).json();
    assert_eq!((&done["deleted"], &redacted(done["organization"].clone())), (&true.into(), &acme(&[])));
    world.refused(1, &["org", "show", "acme"], "Organization not found");
    let admin = world.run(&["org", "destroy", "porta-admin", "--force"]);
    assert_ne!(admin.code, 0, "{}", admin.stdout);
    world.succeed(&["org", "show", "porta-admin"]);
}

on_both_stores!(
    organizations_are_created_shown_and_changed,
    organizations_stop_and_start,
    branding_is_shown_and_changed,
    an_organization_is_destroyed_only_when_it_is_meant,
);
