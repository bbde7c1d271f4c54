//! What is printed where.

use crate::support::Installation;
use crate::support::operated::{Operated, on_both_stores};

fn output_in_a_file_has_no_colours_and_times_are_local(world: &Operated) {
    world.signed_in();
    let shown = world.succeed(&["org", "show", "harbor", "--json"]).json();
    let created = shown["createdAt"].as_str().unwrap();
    assert!(created.ends_with('Z'), "{created}");
    // POSIX: five hours east of Greenwich, without summer time.
    let table = world.run_with(&["org", "show", "harbor"], &[("TZ", "XXX-5")]);
    assert!(!table.stdout.contains('\u{1b}'), "{}", table.stdout);
    let greenwich = world.run_with(&["org", "show", "harbor"], &[("TZ", "UTC0")]);
    assert!(greenwich.stdout.contains(&created[..10]), "{}", greenwich.stdout);
    assert_ne!(table.stdout, greenwich.stdout);
    let quiet = world.succeed(&["org", "suspend", "harbor", "--force", "--quiet"]);
    assert_eq!((quiet.stdout.as_str(), quiet.stderr.as_str()), ("", ""));
}

fn a_refusal_names_the_request(world: &Operated) {
    world.signed_in();
    let outcome = world.run(&["org", "show", "nobody"]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (1, ""));
    let id = outcome.stderr.split("request id ").nth(1).unwrap().trim().to_owned();
    assert!(id.len() >= 16, "{id}");
    // The server's log has it.
    assert!(!world.server.lines(&id, 1).is_empty());
}

on_both_stores!(output_in_a_file_has_no_colours_and_times_are_local, a_refusal_names_the_request);

#[test]
fn words_that_are_nearly_commands_are_proposed() {
    let installation = Installation::new();
    for (arguments, proposed) in [
        (&["usr", "list"][..], "'user'"),
        (&["user", "lst"], "'list'"),
        (&["org", "list", "--pag", "1"], "'--page'"),
        (&["user", "2fa", "stats"], "'status'"),
    ] {
        let outcome = installation.run(arguments);
        assert_eq!(outcome.code, 1, "{arguments:?}");
        assert!(outcome.stderr.contains(proposed), "{arguments:?}: {}", outcome.stderr);
    }
}
