//! `porta org preview`: branding that is not saved.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;

use crate::support::operated::{Operated, on_both_stores};

const PREVIEW: [&str; 3] = ["org", "preview", "harbor"];

fn a_page_is_shown_with_branding_that_is_not_saved(world: &Operated) {
    world.signed_in();
    world.succeed(&["org", "branding", "harbor", "--company-name", "Saved Ltd"]);
    let saved = world.succeed(&PREVIEW).stdout;
    assert!(saved.contains("<html") && saved.contains("Saved Ltd"), "{saved}");
    world.installation.write("draft.css", "h1 { color: rgb(1, 2, 3) }");
    let look = [
        "--company-name",
        "Draft Ltd",
        "--primary-color",
        "#112233",
        "--logo-url",
        "https://cdn.example/draft.svg",
        "--favicon-url",
        "https://cdn.example/icon.svg",
        "--custom-css-file",
        "draft.css",
    ];
    let draft = world.succeed(&[&PREVIEW[..], &look].concat()).stdout;
    assert!(draft.contains("Draft Ltd") && draft.contains("https://cdn.example/draft.svg"), "{draft}");
    assert!(!draft.contains("Saved Ltd"), "{draft}");
    let blank = world.succeed(&[&PREVIEW[..], &["--company-name", ""]].concat()).stdout;
    assert!(blank.contains("Harbor") && !blank.contains("Saved Ltd"), "{blank}");

    let mail = ["--page", "invitation_mail", "--locale", "de", "--custom-css", ""];
    let told = world.succeed(&[&PREVIEW[..], &mail, &["--json"]].concat()).json();
    assert_eq!(told["page"], "invitation_mail");
    assert!(told["html"].as_str().unwrap().contains("Saved Ltd"), "{told}");
    let told = world.json(&[&PREVIEW[..], &mail, &["--output", "mail.html"]].concat());
    let file = world.installation.path("mail.html");
    let text = std::fs::read_to_string(&file).unwrap();
    assert_eq!((&told["file"], &told["bytes"]), (&"mail.html".into(), &text.len().into()));
    assert!(text.contains("Saved Ltd"), "{text}");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);

    let branding = world.json(&["org", "branding", "harbor"]);
    assert_eq!(
        (&branding["companyName"], &branding["primaryColor"], &branding["customCss"]),
        (&"Saved Ltd".into(), &Value::Null, &Value::Null),
        "nothing is saved"
    );
}

fn what_cannot_be_shown_is_refused(world: &Operated) {
    world.signed_in();
    for (wrong, code, words) in [
        (["--page", "cellar"], 3, "login_password"),
        (["--locale", "xx"], 3, "locale"),
        (["--primary-color", "green"], 3, "primaryColor"),
        (["--custom-css-file", "gone.css"], 1, "cannot be read"),
        (["--output", "nowhere/x.html"], 1, "cannot be written"),
    ] {
        world.refused(code, &[&PREVIEW[..], &wrong].concat(), words);
    }
    world.refused(1, &["org", "preview", "nobody"], "Organization not found");
    world.refused(3, &[&PREVIEW[..], &["--direct"]].concat(), "Only a running server can do this");
}

on_both_stores!(a_page_is_shown_with_branding_that_is_not_saved, what_cannot_be_shown_is_refused);
