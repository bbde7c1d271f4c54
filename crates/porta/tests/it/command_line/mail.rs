//! `porta mail`: what waits to be sent, with `--json` and refusals.

use crate::support::operated::{Operated, on_both_stores};

const EVE: &str = "eve@harbor.test";
const NOBODY: &str = "00000000-0000-7000-8000-000000000000";

/// The only email of the organization: an invitation, written with no relay in reach of the server.
fn invited(world: &Operated) -> String {
    world.signed_in();
    world.succeed(&["user", "invite", EVE, "--org", "harbor"]);
    let list = world.succeed(&["mail", "list", "--org", "harbor", "--json"]).json();
    assert_eq!((&list["total"], &list["data"][0]["template"]), (&1.into(), &"invitation".into()), "{list}");
    list["data"][0]["id"].as_str().unwrap().to_owned()
}

fn emails_are_listed_and_withdrawn(world: &Operated) {
    let id = invited(world);
    let shown = world.json(&["mail", "show", &id]);
    assert_eq!((&shown["userEmail"], &shown["kind"]), (&EVE.into(), &"mail".into()));
    let table = world.succeed(&["mail", "list", "--kind", "mail", "--page", "1", "--page-size", "5"]).stdout;
    assert!(table.contains("invitation") && table.contains("1 emails"), "{table}");
    let none = world.json(&["mail", "list", "--org", "harbor", "--status", "delivered"]);
    assert_eq!(none["total"], 0);

    world.refused(1, &["mail", "withdraw", &id], "add --force");
    let withdrawn = world.json(&["mail", "withdraw", &id, "--force"]);
    assert_eq!((&withdrawn["status"], &withdrawn["retryableUntil"]), (&"given_up".into(), &().into()));
    world.refused(3, &["mail", "withdraw", &id, "--force"], "cannot be sent any more");
    world.refused(3, &["mail", "retry", &id], "cannot be sent any more");
}

fn emails_that_are_not_there_are_not_found(world: &Operated) {
    world.signed_in();
    for command in ["show", "retry"] {
        world.refused(1, &["mail", command, NOBODY], "not found");
        world.refused(1, &["mail", command, "x"], "<ID>");
    }
    world.refused(1, &["mail", "withdraw", NOBODY, "--force"], "not found");
    world.refused(1, &["mail", "list", "--org", "nobody"], "Organization not found");
    world.refused(3, &["mail", "list", "--status", "lost"], "status");
    world.refused(3, &["mail", "list", "--kind", "parcel"], "kind");
    world.refused(1, &["mail", "list", "--page-size", "101"], "--page-size");
}

on_both_stores!(emails_are_listed_and_withdrawn, emails_that_are_not_there_are_not_found);
