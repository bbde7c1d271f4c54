//! What operators read when something between the command line and the server goes wrong.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::thread::JoinHandle;

use serde_json::{Value, json};

use crate::support::{CommandOutput, Installation};

/// Answers one request after another; returns its address.
fn answering(answers: Vec<String>) -> (String, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            assert!(stream.read(&mut [0; 8192]).unwrap() > 0);
            // The client closes once it has read enough; closing first could reset the connection.
            if stream.write_all(answer.as_bytes()).and_then(|()| stream.shutdown(Shutdown::Write)).is_ok() {
                drop(stream.read_to_end(&mut Vec::new()));
            }
        }
    });
    (address, server)
}

fn answer(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n{body}")
}

/// Runs a command as somebody who is signed in to `server`.
pub(super) fn run(installation: &Installation, server: &str, arguments: &[&str]) -> CommandOutput {
    let profile = json!({
        "server": server, "orgSlug": "porta-admin", "clientId": "c", "accessToken": "porta_at_secret",
        "expiresAt": "2999-01-01T00:00:00Z",
    });
    let stored = json!({ "current": "a", "profiles": { "a": profile } });
    std::fs::create_dir_all(installation.path(".porta")).unwrap();
    let file = installation.write(".porta/credentials.json", &stored.to_string());
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600)).unwrap();
    let home = installation.directory.path().to_str().unwrap();
    let outcome = installation.run_with(arguments, &[("HOME", home)]);
    assert!(!outcome.stderr.contains("porta_at_secret"), "{}", outcome.stderr);
    outcome
}

#[test]
fn what_a_proxy_answers_is_told() {
    let html = "<html><h1>Maintenance</h1></html>";
    let kind = "content-type: text/html\r\n";
    for (given, code, words) in [
        (
            answer("503 Service Unavailable", &format!("{kind}retry-after: 120\r\n"), html),
            1,
            "ask again in 2m",
        ),
        (answer("403 Forbidden", kind, html), 2, "Forbidden"),
        (answer("302 Found", "location: http://127.0.0.1:9/\r\n", ""), 1, "Found"),
        (answer("200 OK", kind, html), 1, "the server's answer cannot be read"),
    ] {
        let installation = Installation::new();
        let (address, server) = answering(vec![given]);
        let outcome = run(&installation, &address, &["org", "list", "--json"]);
        assert_eq!(outcome.code, code, "{words}: {}", outcome.stderr);
        assert!(outcome.stderr.contains(words), "{words}: {}", outcome.stderr);
        assert!(outcome.stdout.is_empty() && !outcome.stderr.contains("<html>"), "{}", outcome.stderr);
        server.join().unwrap();
    }
}

#[test]
fn an_answer_without_an_end_is_not_read() {
    let metadata = json!({
        "issuer": "http://localhost/a", "orgSlug": "a", "clientId": null, "more": "x".repeat(2 * 1024 * 1024),
    });
    let kind = "content-type: application/json\r\n";
    let (address, server) = answering(vec![answer("200 OK", kind, &metadata.to_string())]);
    let outcome = run(&Installation::new(), &address, &["login", "--server", &address]);
    assert_eq!(outcome.code, 1);
    assert!(outcome.stderr.contains("answers in another form than Porta"), "{}", outcome.stderr);
    server.join().unwrap();
}

const ID: &str = "0193e0f2-0000-7000-8000-000000000001";
const TIME: &str = "2026-01-01T00:00:00Z";

fn organization(slug: &str) -> Value {
    json!({
        "id": ID, "name": "Acme", "slug": slug, "status": "active", "isSuperAdmin": false, "brandingLogoUrl": null,
        "brandingFaviconUrl": null, "brandingPrimaryColor": null, "brandingCompanyName": null,
        "brandingCustomCss": null, "defaultLocale": "en", "twoFactorPolicy": "optional",
        "defaultLoginMethods": ["password"], "createdAt": TIME, "updatedAt": TIME,
    })
}

fn key(kid: &str, status: &str) -> Value {
    json!({
        "id": ID, "organizationId": ID, "kid": kid, "algorithm": "ES256", "status": status,
        "isActive": status == "active", "createdAt": TIME, "jwksUri": "http://localhost/acme/jwks",
    })
}

/// A rotation of all organizations is a request for each: what happened before the connection was lost is told.
#[test]
fn what_was_rotated_before_a_failure_is_told() {
    let kind = "content-type: application/json\r\n";
    let data = |data: Value| answer("200 OK", kind, &json!({ "data": data }).to_string());
    let mut rotated = key("second", "active");
    rotated["retiredCount"] = 1.into();
    rotated["message"] = "rotated".into();
    let answers = vec![
        data(json!([organization("acme"), organization("blue")])),
        data(json!([key("first", "active"), key("second", "next")])),
        data(rotated),
        data(json!([key("first", "retired"), key("second", "active")])),
        answer("403 Forbidden", kind, r#"{"error":"Forbidden"}"#),
    ];
    let (address, server) = answering(answers);
    let outcome = run(&Installation::new(), &address, &["keys", "rotate", "--force", "--json"]);
    assert_eq!(outcome.code, 2, "{}", outcome.stderr);
    let told = outcome.json();
    assert_eq!((&told[0]["organization"], &told[0]["active"]), (&"acme".into(), &"second".into()), "{told}");
    assert!(outcome.stderr.contains("stopped at blue"), "{}", outcome.stderr);
    server.join().unwrap();
}

#[test]
fn a_change_of_somebody_else_is_told() {
    let organization = organization("acme");
    let (kind, tag) = ("content-type: application/json\r\n", "etag: W/\"a-1\"\r\n");
    let found = answer("200 OK", &format!("{kind}{tag}"), &json!({ "data": organization }).to_string());
    let refusal = json!({ "error": "Conflict", "status": 409, "currentEntity": organization, "currentETag": "W/\"a-2\"" });
    let (address, server) = answering(vec![found, answer("409 Conflict", kind, &refusal.to_string())]);
    let outcome = run(&Installation::new(), &address, &["org", "update", "acme", "--name", "Acme Ltd"]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (1, ""));
    assert!(outcome.stderr.contains("somebody else changed it"), "{}", outcome.stderr);
    server.join().unwrap();
}

/// A refresh token is used once: where the next one could not be stored, this one stays.
#[test]
fn a_token_is_not_used_up_where_another_could_not_be_kept() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let server = format!("http://{}", listener.local_addr().unwrap());
    let profile = json!({
        "server": server, "orgSlug": "porta-admin", "clientId": "c", "accessToken": "a", "refreshToken": "r",
        "expiresAt": "2020-01-01T00:00:00Z", "userInfo": { "sub": "ana", "email": null },
    });
    let installation = Installation::new();
    std::fs::create_dir(installation.path(".porta")).unwrap();
    let stored = json!({ "current": "a", "profiles": { "a": profile } });
    let file = installation.write(".porta/credentials.json", &stored.to_string());
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    // The number of a process stays when it becomes another program, and the name of its file has it.
    let script = "mkdir .porta/.credentials.json.$$ && exec \"$0\" org list";
    let home = installation.directory.path().to_str().unwrap();
    let command = installation.command(&[], &[("HOME", home)]);
    let outcome = std::process::Command::new("/bin/sh")
        .args(["-c", script])
        .arg(command.get_program())
        .current_dir(installation.directory.path())
        .env_clear()
        .envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .output()
        .unwrap();
    let said = String::from_utf8(outcome.stderr).unwrap();
    assert_eq!(outcome.status.code(), Some(1), "{said}");
    assert!(said.contains("credentials.json cannot be written"), "{said}");
    assert!(listener.accept().is_err(), "the server was not asked");
    assert_eq!(std::fs::read_to_string(file).unwrap(), stored.to_string());
}

/// The connection is lost after a change was sent: nobody knows whether it happened.
#[test]
fn a_change_without_an_answer_may_have_happened() {
    let headers = "content-type: application/json\r\netag: W/\"a-1\"\r\n";
    let found = answer("200 OK", headers, &json!({ "data": organization("acme") }).to_string());
    let (address, server) = answering(vec![found, String::new()]);
    let installation = Installation::new();
    let outcome = run(&installation, &address, &["org", "update", "acme", "--name", "Acme Ltd"]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (1, ""));
    assert!(outcome.stderr.contains("it may have happened"), "{}", outcome.stderr);
    server.join().unwrap();
    // Nothing was sent.
    let outcome = run(&installation, "http://127.0.0.1:9", &["org", "list"]);
    assert!(outcome.code == 1 && !outcome.stderr.contains("may have happened"), "{}", outcome.stderr);
}

#[test]
fn a_doctor_without_a_connection_says_so() {
    let installation = Installation::new();
    let doctor = ["doctor", "--json", "--server", "https://127.0.0.1:9", "--ca-file", "gone.pem"];
    let outcome = installation.run_with(&doctor, &[("HOME", "/nonexistent")]);
    assert_eq!(outcome.code, 1, "{}", outcome.stderr);
    let checks = outcome.json();
    let connection = checks.as_array().unwrap().iter().find(|check| check["name"] == "connection").unwrap();
    assert_eq!(connection["status"], "fail");
    assert!(connection["message"].as_str().unwrap().contains("gone.pem"), "{connection}");
}

/// A proxy knows another machine as localhost, and would read the token.
#[test]
fn this_machine_is_asked_without_a_proxy() {
    let health = answer("200 OK", "content-type: application/json\r\n", r#"{"checks":{"database":"ok"}}"#);
    let (address, server) = answering(vec![health.clone(), health]);
    let installation = Installation::new();
    let nobody = "http://127.0.0.1:9";
    let environment = [("HOME", "/nonexistent"), ("HTTP_PROXY", nobody), ("http_proxy", nobody)];
    let version = installation.run_with(&["version", "--json", "--server", &address], &environment);
    assert_eq!(version.json()["server"], "reachable", "{}", version.stderr);
    let health = installation.run_with(&["health", "--json", "--server", &address], &environment);
    assert_eq!((health.code, &health.json()["server"]), (0, &"ok".into()), "{}", health.stderr);
    server.join().unwrap();
}
