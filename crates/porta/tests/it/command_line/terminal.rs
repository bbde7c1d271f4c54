//! Questions, as a person at a terminal answers them.

use crate::support::operated::{Operated, on_both_stores};

const SUSPEND: [&str; 3] = ["org", "suspend", "harbor"];

fn status(world: &Operated) -> String {
    world.json(&["org", "show", "harbor"])["status"].as_str().unwrap().to_owned()
}

/// A declined question ends with 0; scripts tell it by what is printed.
fn a_question_is_answered_or_declined(world: &Operated) {
    world.signed_in();
    for answer in ["n\n", "\n", "maybe\n"] {
        let declined = world.at_terminal(&SUSPEND, answer);
        assert_eq!(declined.code, 0, "{}", declined.stdout);
        assert!(declined.stdout.contains("Suspend organization harbor") && declined.stdout.contains("[y/N]"));
        assert!(declined.stdout.contains("declined; nothing was changed"), "{}", declined.stdout);
        let declined = world.at_terminal(&[&SUSPEND[..], &["--json"]].concat(), answer);
        assert_eq!(declined.code, 0, "{}", declined.stdout);
        assert!(declined.stdout.contains("\"declined\": true"), "{}", declined.stdout);
        assert_eq!(status(world), "active");
    }
    let done = world.at_terminal(&SUSPEND, "y\n");
    assert_eq!(done.code, 0, "{}", done.stdout);
    assert_eq!(status(world), "suspended");
}

fn a_deletion_asks_for_the_name(world: &Operated) {
    world.signed_in();
    let destroy = ["org", "destroy", "harbor"];
    for typed in ["y\n", "\n", "harbour\n"] {
        let declined = world.at_terminal(&destroy, typed);
        assert_eq!(declined.code, 0, "{}", declined.stdout);
        assert!(declined.stdout.contains("1 users") && declined.stdout.contains("Type harbor to delete it"));
        assert!(declined.stdout.contains("declined"), "{}", declined.stdout);
    }
    world.succeed(&["org", "show", "harbor"]);
    assert_eq!(world.at_terminal(&destroy, "harbor\n").code, 0);
    world.refused(1, &["org", "show", "harbor"], "Organization not found");
}

fn a_password_is_typed_twice(world: &Operated) {
    world.signed_in();
    let set = ["user", "set-password", "kim@harbor.test", "--org", "harbor"];
    let differ = world.at_terminal(&set, "a-Quay-of-lanterns-7\na-Quay-of-lanterns-8\n");
    assert_eq!(differ.code, 3, "{}", differ.stdout);
    assert!(differ.stdout.contains("the two passwords differ"), "{}", differ.stdout);
    let done = world.at_terminal(&set, "a-Quay-of-lanterns-7\na-Quay-of-lanterns-7\n");
    assert_eq!(done.code, 0, "{}", done.stdout);
}

fn an_interruption_changes_nothing(world: &Operated) {
    world.signed_in();
    let interrupted = world.at_terminal(&SUSPEND, "\u{3}");
    assert_eq!(interrupted.code, 130, "{}", interrupted.stdout);
    assert_eq!(status(world), "active");
}

/// Programs that read standard error are not disturbed.
fn progress_is_shown_at_a_terminal_only(world: &Operated) {
    world.signed_in();
    let shown = world.at_terminal(&["export", "--org", "harbor"], "");
    assert_eq!(shown.code, 0, "{}", shown.stdout);
    assert!(shown.stdout.contains("organization 1 of 1"), "{}", shown.stdout);
    let quiet = world.at_terminal(&["export", "--org", "harbor", "--quiet"], "");
    assert!(!quiet.stdout.contains("organization 1 of 1"), "{}", quiet.stdout);
    let piped = world.succeed(&["export", "--org", "harbor"]);
    assert_eq!(piped.stderr, "");
}

/// A style sheet may have any character.
fn an_export_gives_the_terminal_no_orders(world: &Operated) {
    world.signed_in();
    world.succeed(&["org", "branding", "harbor", "--custom-css", "/* \u{202e} */"]);
    let export = ["export", "--org", "harbor", "--format", "json"];
    let shown = world.at_terminal(&export, "");
    assert!(shown.stdout.contains("\\u{202e}") && !shown.stdout.contains('\u{202e}'), "{}", shown.stdout);
    let piped = world.succeed(&export);
    assert!(piped.stdout.contains('\u{202e}'), "{}", piped.stdout);
}

on_both_stores!(
    a_question_is_answered_or_declined,
    a_deletion_asks_for_the_name,
    a_password_is_typed_twice,
    an_interruption_changes_nothing,
    progress_is_shown_at_a_terminal_only,
    an_export_gives_the_terminal_no_orders,
);
