//! The executable as an operator runs it, on embedded storage in a temporary directory.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use std::io::Write as _;
use std::process::Stdio;

use crate::support::{Installation, WORLD};
use porta_core::Slug;
use porta_core::user::{Email, User};
use porta_store::Store as _;
use porta_store_sql::{DatabaseOptions, Target};
use porta_testkit::database;
use serde_json::Value;

fn provisioned() -> Installation {
    let installation = Installation::new();
    let file = installation.write("world.yaml", WORLD);
    installation.succeed(&["provision", "-f", file.to_str().unwrap(), "--direct", "--create"]);
    installation
}

#[test]
fn help_and_version_succeed_and_unknown_words_do_not() {
    let installation = Installation::new();
    assert!(installation.succeed(&["--help"]).stdout.contains("provision"));
    assert!(installation.succeed(&["--version"]).stdout.starts_with("porta "));
    for arguments in
        [&["dance"][..], &["migrate", "up", "--sideways"], &["keys", "rotate", "--alg", "none"], &[]]
    {
        assert_eq!(installation.run(arguments).code, 1, "{arguments:?}");
    }
}

#[test]
fn commands_that_need_the_database_say_so() {
    let installation = Installation::new();
    for arguments in [&["keys", "reseal"][..], &["user", "doubles"]] {
        let outcome = installation.run(arguments);
        assert_eq!(outcome.code, 1, "{arguments:?}");
        assert!(outcome.stderr.contains("--direct"), "{}", outcome.stderr);
    }
    assert!(!installation.path(".porta").exists(), "nothing was opened");
}

#[test]
fn migrations_are_listed_before_and_after() {
    let installation = Installation::new();
    let before = installation.succeed(&["migrate", "status", "--json"]).json();
    let all = before.as_array().unwrap();
    assert!(!all.is_empty() && all.iter().all(|m| m["run_on"].is_null()), "{before}");
    installation.succeed(&["migrate", "up"]);
    let after = installation.succeed(&["migrate", "status", "--json"]).json();
    assert_eq!(after.as_array().unwrap().len(), all.len());
    assert!(after.as_array().unwrap().iter().all(|m| m["run_on"].is_string()), "{after}");
    assert!(installation.succeed(&["migrate", "up"]).stdout.contains("up to date"));
    assert!(installation.succeed(&["migrate", "status"]).stdout.contains("applied"));
}

#[test]
fn keys_are_listed_and_rotated() {
    let installation = provisioned();
    let before = installation.succeed(&["keys", "list", "--direct", "--json", "--org", "harbor"]).json();
    assert_eq!(before.as_array().unwrap().len(), 2);
    assert!(!before.to_string().contains("private"));
    let unasked = installation.run(&["keys", "rotate", "--direct", "--org", "harbor"]);
    assert_eq!(unasked.code, 1);
    assert!(unasked.stderr.contains("--force"), "{}", unasked.stderr);
    let rotated = installation
        .succeed(&["keys", "rotate", "--direct", "--org", "harbor", "--alg", "ES256", "--force", "--json"])
        .json();
    let status_of = |keys: &Value, kid: &Value| {
        keys.as_array().unwrap().iter().find(|k| k["kid"] == *kid).map(|k| k["status"].clone()).unwrap()
    };
    let after = installation.succeed(&["keys", "list", "--direct", "--json"]).json();
    assert_eq!(status_of(&before, &rotated[0]["active"]), "next");
    assert_eq!(status_of(&after, &rotated[0]["active"]), "active");
    assert_eq!(status_of(&after, &rotated[0]["retired"]), "retired");
    assert_eq!(status_of(&after, &rotated[0]["next"]), "next");
    assert!(installation.notices().iter().any(|l| l.contains("signing_keys")));
    let soon = installation.run(&["keys", "rotate", "--direct", "--org", "harbor", "--force"]);
    assert_eq!(soon.code, 1);
    let expected =
        [rotated[0]["next"].as_str().unwrap(), "harbor", "not known to every verifier before", "--now"];
    for word in expected {
        assert!(soon.stderr.contains(word), "{word}: {}", soon.stderr);
    }
    assert_eq!(installation.succeed(&["keys", "list", "--direct", "--json"]).json(), after, "nothing moved");
    installation.succeed(&["keys", "rotate", "--now", "--direct", "--force"]);
    assert!(installation.succeed(&["keys", "list", "--direct"]).stdout.contains("harbor"));
}

#[test]
fn a_leaked_key_is_revoked_and_another_takes_its_place() {
    let installation = provisioned();
    let list = || installation.succeed(&["keys", "list", "--direct", "--json", "--org", "harbor"]).json();
    let active = |keys: &Value| {
        let keys = keys.as_array().unwrap();
        let found = keys.iter().find(|k| k["status"] == "active" && k["algorithm"] == "ES256").unwrap();
        found["kid"].as_str().unwrap().to_owned()
    };
    let leaked = active(&list());
    let revoke = ["keys", "revoke", &leaked, "--org", "harbor", "--direct", "--force"];
    assert_eq!(installation.run(&revoke[..6]).code, 1, "nobody confirmed");
    assert_ne!(
        installation.run(&["keys", "revoke", &leaked, "--direct", "--force"]).code,
        0,
        "of which organization?"
    );
    assert_eq!(active(&list()), leaked);
    installation.succeed(&revoke);
    let after = list();
    assert_ne!(active(&after), leaked);
    assert!(after.as_array().unwrap().iter().any(|k| k["kid"] == leaked && k["status"] == "revoked"));
    assert!(installation.notices().iter().any(|l| l.contains("signing_keys")), "running servers hear of it");
    assert_ne!(installation.run(&revoke).code, 0, "it is revoked already");
    assert_eq!(
        installation.run(&["keys", "revoke", "nobody", "--org", "harbor", "--direct", "--force"]).code,
        1
    );
}

#[test]
fn second_factors_are_reset_only_where_there_are_any() {
    let installation = provisioned();
    let reset = ["user", "2fa", "reset", "kim@harbor.test", "--org", "harbor", "--direct"];
    assert_eq!(installation.run(&reset).code, 1, "nobody confirmed");
    let forced = [&reset[..], &["--force"]].concat();
    let refused = installation.run(&forced);
    assert_ne!(refused.code, 0);
    assert!(
        refused.stderr.contains("Two-factor authentication is not enabled for this user"),
        "{}",
        refused.stderr
    );
    let elsewhere = installation.run(&[
        "user",
        "2fa",
        "reset",
        "kim@harbor.test",
        "--org",
        "nobody",
        "--direct",
        "--force",
    ]);
    assert_eq!(elsewhere.code, 1);
    assert_eq!(
        installation
            .run(&["user", "2fa", "reset", "nobody@harbor.test", "--org", "harbor", "--direct", "--force"])
            .code,
        1
    );
}

#[test]
fn people_are_invited_by_mail() {
    let installation = provisioned();
    let invite = ["user", "invite", "eve@harbor.test", "--org", "harbor", "--inviter", "Kim", "--direct"];
    let invited = installation.run(&invite);
    assert_eq!(invited.code, 0, "{}", invited.stderr);
    assert!(invited.stdout.contains("eve@harbor.test is invited to harbor"), "{}", invited.stdout);
    assert_eq!(installation.run(&invite).code, 0, "a second invitation takes the place of the first");
    for (wrong, code) in [("berths:captain", 1), ("dock:captain", 1), ("no-role", 1)] {
        let refused = installation.run(&[&invite[..], &["--role", wrong]].concat());
        assert_eq!(refused.code, code, "{wrong}: {}", refused.stderr);
    }
    let emails = installation.run(&["mail", "list", "--org", "harbor", "--direct", "--json"]);
    let emails: serde_json::Value = serde_json::from_str(&emails.stdout).unwrap();
    assert_eq!((&emails["total"], &emails["data"][0]["template"]), (&2.into(), &"invitation".into()));
    assert_eq!(
        (&emails["data"][0]["status"], &emails["data"][0]["userEmail"]),
        (&"pending".into(), &"eve@harbor.test".into())
    );
    let shown = installation.run(&["mail", "list", "--org", "harbor", "--direct"]);
    assert!(shown.stdout.contains("invitation") && shown.stdout.contains("pending"), "{}", shown.stdout);
    let long = "m".repeat(501);
    assert_eq!(installation.run(&[&invite[..], &["--message", &long]].concat()).code, 3);
}

/// Stores an address as an earlier version did: with plain lower-case text as its key.
async fn stored_before(installation: &Installation, from: &str, to: &str) {
    let target = Target::Sqlite(installation.path(".porta/porta.sqlite"));
    let database = database::connect(&DatabaseOptions::new(target)).await.unwrap();
    let mut all = database.repositories();
    let harbor = all.organizations().by_slug(&Slug::parse("harbor").unwrap()).await.unwrap().unwrap();
    let mut users = all.users(harbor.id);
    let user = users.by_email(from).await.unwrap().unwrap();
    let email = Email::trusted(to.to_owned(), to.to_lowercase());
    assert!(users.update(&User { email, ..user }).await.unwrap());
}

/// Decision 0043.
#[tokio::test(flavor = "multi_thread")]
async fn mailboxes_that_several_people_have_are_shown() {
    let installation = tokio::task::block_in_place(provisioned);
    let run = |arguments: &[&str]| tokio::task::block_in_place(|| installation.succeed(arguments));
    for address in ["eve@xn--bcher-kva.example", "eva@harbor.test"] {
        run(&["user", "invite", address, "--org", "harbor", "--direct"]);
    }
    let all = ["user", "doubles", "--direct"];
    assert!(run(&all).stdout.contains("nobody has a mailbox twice"));
    assert_eq!(run(&["user", "doubles", "--direct", "--json"]).json(), serde_json::json!([]));
    stored_before(&installation, "eva@harbor.test", "Eve@b\u{fc}cher.example").await;
    for arguments in [&all[..], &["user", "doubles", "--org", "harbor", "--direct"]] {
        let shown = run(arguments).stdout;
        assert!(
            shown.contains("Eve@b\u{fc}cher.example") && shown.matches("eve@xn--").count() == 3,
            "{shown}"
        );
    }
    let json = run(&["user", "doubles", "--direct", "--json"]).json();
    assert_eq!(
        (&json[0]["organization"], &json[0]["mailbox"]),
        (&"harbor".into(), &"eve@xn--bcher-kva.example".into())
    );
    let people = json[0]["people"].as_array().unwrap();
    let addresses: Vec<_> = people.iter().map(|person| person["email"].as_str().unwrap()).collect();
    assert_eq!(addresses, ["eve@xn--bcher-kva.example", "Eve@b\u{fc}cher.example"], "the oldest first");
}

#[test]
fn settings_are_set_and_unset() {
    let installation = provisioned();
    let value = |arguments: &[&str], key: &str| {
        let list = installation.succeed(arguments).json();
        let found = list.as_array().unwrap().iter().find(|s| s["key"] == key).cloned().unwrap();
        (found["value"].clone(), found["source"].clone())
    };
    let platform = ["config", "list", "--direct", "--json"];
    let harbor = ["config", "list", "--direct", "--json", "--org", "harbor"];
    assert_eq!(value(&platform, "access_token_ttl"), (3600.into(), "default".into()));
    installation.succeed(&["config", "set", "access_token_ttl", "15m", "--direct"]);
    installation.succeed(&["config", "set", "access_token_ttl", "300", "--direct", "--org", "harbor"]);
    assert_eq!(value(&platform, "access_token_ttl"), (900.into(), "platform".into()));
    assert_eq!(value(&harbor, "access_token_ttl"), (300.into(), "organization".into()));
    installation.succeed(&["config", "unset", "access_token_ttl", "--direct", "--org", "harbor"]);
    assert_eq!(value(&harbor, "access_token_ttl"), (900.into(), "platform".into()));
    assert!(installation.succeed(&["config", "list", "--direct"]).stdout.contains("15m"));
    let refused = installation.run(&["config", "set", "access_token_ttl", "soon", "--direct"]);
    assert_eq!(refused.code, 3);
    assert_eq!(installation.run(&["config", "set", "weather", "1", "--direct"]).code, 1);
    assert_eq!(installation.run(&["config", "list", "--direct", "--org", "nobody"]).code, 1);
}

#[test]
fn organizations_clients_and_people_are_stopped_and_started() {
    let installation = provisioned();
    for (stop, start) in [
        (&["org", "suspend", "harbor"][..], &["org", "activate", "harbor"][..]),
        (&["client", "suspend", "dock-web"], &["client", "activate", "dock-web"]),
        (&["client", "deactivate", "dock-web"], &["client", "activate", "dock-web"]),
        (
            &["user", "suspend", "kim@harbor.test", "--org", "harbor"],
            &["user", "activate", "KIM@harbor.test", "--org", "harbor"],
        ),
    ] {
        let direct = |words: &[&str], more: &[&str]| installation.run(&[words, &["--direct"], more].concat());
        assert_eq!(direct(stop, &[]).code, 1, "nobody confirmed {stop:?}");
        assert_eq!(direct(stop, &["--force"]).code, 0, "{stop:?}");
        let twice = direct(stop, &["--force"]);
        assert_eq!(twice.code, 3, "{stop:?} {}", twice.stderr);
        assert_eq!(direct(start, &[]).code, 0, "{start:?}");
    }
    let missing = installation.run(&["org", "suspend", "nobody", "--direct", "--force"]);
    assert_eq!(missing.code, 1);
    assert!(missing.stderr.ends_with("❌ Organization not found: nobody\n"), "{}", missing.stderr);
    let admin = installation.run(&["org", "suspend", "porta-admin", "--direct", "--force"]);
    assert_eq!(admin.code, 3);
    assert!(admin.stderr.contains("Super-admin organization"), "{}", admin.stderr);
}

#[test]
fn pictures_are_uploaded_and_removed() {
    let installation = provisioned();
    let logo =
        installation.write("logo.svg", "<svg xmlns=\"http://www.w3.org/2000/svg\"><path d=\"M0 0\"/></svg>");
    let bad = installation.write("bad.svg", "<svg xmlns=\"http://www.w3.org/2000/svg\"><script/></svg>");
    let large = installation.write("large.png", &"x".repeat(600_000));
    let (logo, bad, large) = (logo.to_str().unwrap(), bad.to_str().unwrap(), large.to_str().unwrap());
    let branding =
        |more: &[&str]| installation.run(&[&["org", "branding", "harbor", "--direct"], more].concat());
    let outcome = branding(&["--logo-file", logo, "--favicon-file", logo]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert!(outcome.stdout.contains("logo of harbor is uploaded"), "{}", outcome.stdout);
    assert!(branding(&["--logo-file", logo]).stdout.contains("is that already"));
    for (file, why) in
        [(bad, "`script` is not allowed"), (large, "at most 512 KiB"), ("gone.png", "cannot be read")]
    {
        let outcome = branding(&["--logo-file", file]);
        assert_ne!(outcome.code, 0, "{file}");
        assert!(outcome.stderr.contains(why), "{}", outcome.stderr);
    }
    assert!(branding(&["--remove-logo"]).stdout.contains("logo of harbor is removed"));
    assert!(branding(&["--remove-logo"]).stdout.contains("was not there"));
    assert_ne!(branding(&["--remove-logo", "--logo-file", logo]).code, 0);
    assert!(branding(&[]).stdout.contains("Uploaded Logo"), "without options it is shown");
    let elsewhere = installation.run(&["org", "branding", "nowhere", "--direct", "--remove-logo"]);
    assert_ne!(elsewhere.code, 0);
    assert!(elsewhere.stderr.contains("nowhere"), "{}", elsewhere.stderr);
}

#[test]
fn only_needed_configuration_is_read() {
    let installation = provisioned();
    let broken =
        [("PORT", "many"), ("ISSUER_BASE_URL", "nonsense"), ("SMTP_PORT", "x"), ("LOG_LEVEL", "loud")];
    assert_eq!(installation.run_with(&["keys", "list", "--direct"], &broken).code, 0);
    let no_keys = [("SIGNING_KEY_ENCRYPTION_KEY", "short")];
    assert_eq!(installation.run_with(&["migrate", "status"], &no_keys).code, 0);
    let refused = installation.run_with(&["keys", "list", "--direct"], &no_keys);
    assert_eq!(refused.code, 1);
    assert!(refused.stderr.contains("SIGNING_KEY_ENCRYPTION_KEY"), "{}", refused.stderr);
    assert!(!refused.stderr.contains("short\""));
}

#[test]
fn health_of_the_dependencies_and_of_a_server() {
    let installation = provisioned();
    let direct = installation.succeed(&["health", "--direct", "--json"]).json();
    assert_eq!(direct["database"], "ok");
    let server = [("PORTA_SERVER", "http://127.0.0.1:9")];
    let direct = installation.run_with(&["health", "--direct", "--json"], &server);
    assert_eq!((direct.code, &direct.json()["database"]), (0, &"ok".into()), "{}", direct.stderr);
    let nobody = installation.run(&["health", "--server", "http://127.0.0.1:9", "--json"]);
    assert_eq!(nobody.code, 1);
    assert_eq!(nobody.json()["server"], "error");

    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        for body in [
            r#"{"status":"healthy","checks":{"database":"ok","redis":"ok"}}"#,
            r#"{"status":"unhealthy","checks":{"database":"error","redis":"ok"}}"#,
        ] {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 1024];
            let read = std::io::Read::read(&mut stream, &mut request).unwrap();
            assert!(request[..read].starts_with(b"GET /health HTTP/1.1\r\n"));
            write!(
                stream,
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            )
            .unwrap();
        }
    });
    let well = installation.run_with(&["health", "--json"], &[("PORTA_SERVER", &address)]);
    assert_eq!(well.code, 0, "{}{}", well.stdout, well.stderr);
    assert_eq!(well.json()["redis"], "ok");
    let ill = installation.run(&["health", "--server", &address]);
    assert_eq!(ill.code, 1);
    assert!(ill.stderr.contains("not healthy: database"), "{}", ill.stderr);
    server.join().unwrap();
}

#[test]
fn an_interrupted_command_says_130() {
    let installation = Installation::new();
    let mut child = installation
        .command(&["provision", "-f", "-", "--direct", "--create"], &[])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // More than the pipe buffer holds: once it is written, the command is reading and waits for an end of file.
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(&vec![b'#'; 1024 * 1024]).unwrap();
    let killed = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    drop(stdin);
    assert!(!installation.path(".porta").exists());
}
