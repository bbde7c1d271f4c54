//! `porta init` at a terminal, where somebody is asked, and without one.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use std::process::Stdio;

use crate::support::Installation;
use crate::support::terminal::{CTRL_C, CTRL_D, Terminal};

const PASSWORD: &str = "lantern-Quay-41";

/// What is asked, and what Ana answers.
const QUESTIONS: [(&str, &str); 5] = [
    ("Email address: ", "ana@admin.test"),
    ("Given name: ", "Ana"),
    ("Family name: ", "Berg"),
    ("Password: ", PASSWORD),
    ("The same password again: ", PASSWORD),
];

fn begin(installation: &Installation) -> Terminal {
    Terminal::start_and_show_settings(&installation.command(&["init"], &[]))
}

/// Answers the first questions.
fn answer(terminal: &mut Terminal, count: usize) {
    for (question, answer) in &QUESTIONS[..count] {
        terminal.wait_for(question).type_line(answer);
    }
}

#[test]
fn people_are_asked_and_the_password_is_not_shown() {
    let installation = Installation::new();
    let mut terminal = begin(&installation);
    answer(&mut terminal, QUESTIONS.len());
    let made = terminal.end();
    assert_eq!(made.code, 0, "{}", made.stdout);
    assert!(made.stdout.contains("Email address: ana@admin.test"), "what is no secret is: {}", made.stdout);
    assert!(!made.stdout.contains(PASSWORD), "{}", made.stdout);
    assert!(made.stdout.contains(" echo "), "typing can be seen again: {}", made.stdout);
    assert!(made.stdout.contains("ana@admin.test has the role porta-super-admin"), "{}", made.stdout);
    assert!(made.stdout.contains("porta serve") && made.stdout.contains("porta login"), "{}", made.stdout);
    let again = installation.run(&["init"]);
    assert_eq!(again.code, 1, "nobody is asked again");
    for words in ["application porta-admin exists", "the administrator is ana@admin.test", "--force"] {
        assert!(again.stderr.contains(words), "{words}: {}", again.stderr);
    }
}

#[test]
fn two_passwords_that_differ_are_refused() {
    let installation = Installation::new();
    let mut terminal = begin(&installation);
    answer(&mut terminal, 4);
    terminal.wait_for(QUESTIONS[4].0).type_line("lantern-Quay-42");
    let refused = terminal.end();
    assert_eq!(refused.code, 3, "{}", refused.stdout);
    assert!(refused.stdout.contains("the two passwords differ"), "{}", refused.stdout);
    assert!(!refused.stdout.contains("lantern"), "{}", refused.stdout);
    assert_eq!(installation.run(&["init"]).code, 3, "nothing was created");
}

#[test]
fn ctrl_c_at_any_question_leaves_nothing() {
    let installation = Installation::new();
    for (answered, (question, _)) in QUESTIONS.iter().enumerate() {
        let mut terminal = begin(&installation);
        answer(&mut terminal, answered);
        terminal.wait_for(question).press(CTRL_C);
        let interrupted = terminal.end();
        assert_eq!(interrupted.code, 130, "{question}: {}", interrupted.stdout);
        assert!(interrupted.stdout.contains("interrupted"), "{question}: {}", interrupted.stdout);
        assert!(interrupted.stdout.contains(" echo "), "{question}: {}", interrupted.stdout);
        assert!(!interrupted.stdout.contains(PASSWORD), "{question}: {}", interrupted.stdout);
        let next = installation.run(&["init"]);
        assert!(next.code == 3 && next.stderr.contains("--email is missing"), "{question}: {}", next.stderr);
    }
}

/// Ctrl-D.
#[test]
fn the_end_of_the_input_is_no_answer() {
    let installation = Installation::new();
    let mut terminal = begin(&installation);
    for (question, _) in &QUESTIONS[..3] {
        terminal.wait_for(question).press(CTRL_D);
    }
    let ended = terminal.end();
    assert_eq!(ended.code, 3, "{}", ended.stdout);
    for option in ["--email", "--given-name", "--family-name"] {
        assert!(ended.stdout.contains(&format!("{option} is missing")), "{option}: {}", ended.stdout);
    }

    let mut terminal = begin(&installation);
    answer(&mut terminal, 3);
    for (question, _) in &QUESTIONS[3..] {
        terminal.wait_for(question).press(CTRL_D);
    }
    let ended = terminal.end();
    assert_eq!(ended.code, 3, "{}", ended.stdout);
    assert!(ended.stdout.contains("at least 8") && ended.stdout.contains(" echo "), "{}", ended.stdout);
    assert_eq!(installation.run(&["init"]).code, 3, "nothing was created");
}

/// A pipe that nobody writes to, as in a service: an answer would never come.
#[test]
fn nobody_is_waited_for_without_a_terminal() {
    let installation = Installation::new();
    for arguments in [
        &["init"][..],
        &["init", "--email", "ana@admin.test", "--given-name", "Ana", "--family-name", "Berg"],
    ] {
        let mut command = installation.command(arguments, &[]);
        let mut child = command.stdin(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let nobody = child.stdin.take();
        assert_eq!(child.wait().unwrap().code(), Some(3), "{arguments:?}");
        drop(nobody);
    }
}
