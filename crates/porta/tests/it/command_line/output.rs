//! What is printed where.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::Stdio;

use crate::support::operated::{Operated, on_both_stores};
use crate::support::{Installation, WORLD};

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

/// Names come from a server; a terminal would obey escape sequences in them.
#[test]
fn a_server_gives_the_terminal_no_orders() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let body = r#"{"checks":{"\u001b[2Jdatabase":"\u009b31m"}}"#;
        for _ in 0..2 {
            let (mut stream, _) = listener.accept().unwrap();
            assert!(stream.read(&mut [0; 1024]).unwrap() > 0);
            let length = body.len();
            write!(
                stream,
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
            )
            .unwrap();
        }
    });
    let installation = Installation::new();
    for more in [&[][..], &["--json"]] {
        let outcome = installation.run(&[&["health", "--server", &address][..], more].concat());
        assert_eq!(outcome.code, 1, "{more:?}");
        let said = outcome.stdout + &outcome.stderr;
        assert!(said.contains("database") && !said.contains(['\u{1b}', '\u{9b}']), "{said:?}");
    }
    server.join().unwrap();
}

/// A log goes into files, bug reports and the output of build servers.
#[test]
fn a_log_in_a_file_has_no_colours_and_no_secrets() {
    let installation = Installation::new();
    installation.write("world.yaml", WORLD);
    let apply = ["provision", "-f", "world.yaml", "--direct", "--create", "--verbose", "--json"];
    let outcome = installation.succeed(&apply);
    let secret = outcome.json()["credentials"]
        .as_array()
        .unwrap()
        .iter()
        .find_map(|made| made["secretPlaintext"].as_str().map(str::to_owned));
    assert!(outcome.stderr.contains("DEBUG") && outcome.stderr.contains("asked"), "{}", outcome.stderr);
    for hidden in ["\u{1b}", "lantern-Quay-41", "$argon2", &secret.unwrap()] {
        assert!(!outcome.stderr.contains(hidden), "{hidden:?}: {}", outcome.stderr);
    }
}

#[test]
fn a_result_that_cannot_be_printed_is_a_failure() {
    let installation = Installation::new();
    for arguments in [&["migrate", "status"][..], &["migrate", "status", "--json"]] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let outcome = installation.command(arguments, &[]).stdout(full).output().unwrap();
        assert_eq!(outcome.status.code(), Some(1), "{arguments:?}");
        let said = String::from_utf8(outcome.stderr).unwrap();
        assert!(said.contains("cannot be written to standard output"), "{said}");
        // Nobody reads on: | head.
        let mut child = installation.command(arguments, &[]).stdout(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        assert!(child.wait().unwrap().success(), "{arguments:?}");
    }
}

/// The exit code alone does not tell what differs.
#[test]
fn differences_that_cannot_be_printed_are_a_failure() {
    let installation = Installation::new();
    installation.succeed(&["migrate", "up"]);
    installation.write("world.yaml", WORLD);
    for arguments in [
        &["drift", "-f", "world.yaml", "--direct"][..],
        &["plan", "-f", "world.yaml", "--exit-code", "--direct"],
    ] {
        assert_eq!(installation.run(arguments).code, 5, "{arguments:?}");
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let outcome = installation.command(arguments, &[]).stdout(full).output().unwrap();
        assert_eq!(outcome.status.code(), Some(1), "{arguments:?}");
        let said = String::from_utf8(outcome.stderr).unwrap();
        assert!(said.contains("cannot be written to standard output"), "{said}");
    }
}
