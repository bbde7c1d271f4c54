//! Questions, as a person at a terminal answers them.

use std::process::Stdio;

use crate::support::operated::{Operated, on_both_stores, output_of};
use crate::support::terminal::{CTRL_C, CTRL_D, Terminal};

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

fn a_password_is_typed_twice_and_not_shown(world: &Operated) {
    world.signed_in();
    let set = world.command(&["user", "set-password", "kim@harbor.test", "--org", "harbor"], &[]);
    for (again, code, words) in [
        ("a-Quay-of-lanterns-8", 3, "the two passwords differ"),
        ("a-Quay-of-lanterns-7", 0, "kim@harbor.test of harbor has a temporary password"),
    ] {
        let mut terminal = Terminal::start_and_show_settings(&set);
        terminal.wait_for("Password: ").type_line("a-Quay-of-lanterns-7");
        terminal.wait_for("again: ").type_line(again);
        let outcome = terminal.end();
        assert_eq!(outcome.code, code, "{}", outcome.stdout);
        assert!(outcome.stdout.contains(words), "{}", outcome.stdout);
        assert!(!outcome.stdout.contains("lanterns"), "{}", outcome.stdout);
        assert!(outcome.stdout.contains(" echo "), "{}", outcome.stdout);
    }
}

/// Ctrl-C at every kind of question: yes or no, a name, a password that is not shown.
fn an_interruption_changes_nothing(world: &Operated) {
    world.signed_in();
    for (command, question) in [
        (&SUSPEND[..], "[y/N] "),
        (&["org", "destroy", "harbor"], "Type harbor to delete it: "),
        (&["user", "set-password", "kim@harbor.test", "--org", "harbor"], "Password: "),
    ] {
        let mut terminal = Terminal::start_and_show_settings(&world.command(command, &[]));
        terminal.wait_for(question).press(CTRL_C);
        let interrupted = terminal.end();
        assert_eq!(interrupted.code, 130, "{command:?}: {}", interrupted.stdout);
        assert!(interrupted.stdout.contains("interrupted"), "{command:?}: {}", interrupted.stdout);
        assert!(interrupted.stdout.contains(" echo "), "{command:?}: {}", interrupted.stdout);
    }
    assert_eq!(status(world), "active");
    let kim = world.json(&["user", "show", "kim@harbor.test", "--org", "harbor"]);
    assert_eq!(kim["passwordChangeRequired"], false, "the password is the one from before");
}

/// Ctrl-D is not yes.
fn the_end_of_the_input_declines(world: &Operated) {
    world.signed_in();
    for (command, question) in
        [(&SUSPEND[..], "[y/N] "), (&["org", "destroy", "harbor"], "Type harbor to delete it: ")]
    {
        let mut terminal = Terminal::start(&world.command(command, &[]));
        terminal.wait_for(question).press(CTRL_D);
        let declined = terminal.end();
        assert_eq!(declined.code, 0, "{command:?}: {}", declined.stdout);
        assert!(declined.stdout.contains("declined"), "{command:?}: {}", declined.stdout);
    }
    assert_eq!(status(world), "active");
}

fn a_sign_in_can_be_given_up(world: &Operated) {
    let url = world.url();
    for (mode, question) in [
        (&["--no-browser"][..], "Paste the address that it shows: "),
        (&[], "open this address on this machine"),
    ] {
        let login = world.command(&[&["login", "--server", &url][..], mode].concat(), &[]);
        let mut terminal = Terminal::start(&login);
        terminal.wait_for(question).press(CTRL_C);
        let interrupted = terminal.end();
        assert_eq!(interrupted.code, 130, "{mode:?}: {}", interrupted.stdout);
    }
    let login = world.command(&["login", "--server", &url, "--no-browser"], &[]);
    let mut terminal = Terminal::start(&login);
    terminal.wait_for("Paste the address that it shows: ").press(CTRL_D);
    let ended = terminal.end();
    assert_eq!(ended.code, 1, "{}", ended.stdout);
    assert!(ended.stdout.contains("no address was pasted"), "{}", ended.stdout);
    assert!(!world.credentials().exists());
}

/// `timeout`, or a service that is stopped: what is half done is cleaned up, as after Ctrl-C.
fn being_told_to_end_is_an_interruption(world: &Operated) {
    let (mut child, _stderr, _) = world.begin_login(&["--no-browser"]);
    // Its end would be an answer.
    let input = child.stdin.take();
    let kill = format!("kill {}", child.id());
    assert!(std::process::Command::new("/bin/sh").args(["-c", &kill]).status().unwrap().success());
    assert_eq!(output_of(child).code, 130);
    drop(input);
    assert!(!world.credentials().exists());
}

/// A pipe that nobody writes to, as in a service.
fn nobody_is_waited_for_without_a_terminal(world: &Operated) {
    world.signed_in();
    for (arguments, code) in [
        (&SUSPEND[..], 1),
        (&["org", "destroy", "harbor"], 1),
        (&["user", "set-password", "kim@harbor.test", "--org", "harbor"], 3),
    ] {
        let mut command = world.command(arguments, &[]);
        let mut child = command.stdin(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let nobody = child.stdin.take();
        assert_eq!(child.wait().unwrap().code(), Some(code), "{arguments:?}");
        drop(nobody);
    }
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

/// A message is not written into the line that tells how far the work is.
fn progress_makes_room_for_messages(world: &Operated) {
    world.signed_in();
    let refused = world.at_terminal(&["export", "--org", "harbor", "--org", "nobody"], "");
    assert_eq!(refused.code, 1, "{}", refused.stdout);
    let shown = "organization 2 of 2 …\r\u{1b}[K❌ Organization not found: nobody";
    assert!(refused.stdout.contains(shown), "{:?}", refused.stdout);
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
    a_password_is_typed_twice_and_not_shown,
    an_interruption_changes_nothing,
    the_end_of_the_input_declines,
    a_sign_in_can_be_given_up,
    being_told_to_end_is_an_interruption,
    nobody_is_waited_for_without_a_terminal,
    progress_is_shown_at_a_terminal_only,
    progress_makes_room_for_messages,
    an_export_gives_the_terminal_no_orders,
);
