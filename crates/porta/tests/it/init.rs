//! `porta init` as an operator runs it.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, Stdio};

use crate::support::{CommandOutput, Installation};
use porta_core::client::{Client, ClientId};
use porta_core::organization::LoginMethod;
use porta_core::{Slug, user::User};
use porta_store::Store as _;
use porta_store_sql::{DatabaseOptions, Target};
use porta_testkit::database::{self, TestDatabase};

const ANA: [&str; 8] =
    ["init", "--email", "ana@admin.test", "--given-name", "Ana", "--family-name", "Berg", "--password-stdin"];
const PASSWORD: &str = "lantern-Quay-41";

fn start(
    installation: &Installation,
    arguments: &[&str],
    password: &str,
    environment: &[(&str, &str)],
) -> Child {
    let mut command = installation.command(arguments, environment);
    let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = pipes.spawn().unwrap();
    // Fails if the command ended before it read.
    child.stdin.take().unwrap().write_all(format!("{password}\n").as_bytes()).ok();
    child
}

fn finish(child: Child) -> CommandOutput {
    let output = child.wait_with_output().unwrap();
    CommandOutput {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

fn init_with(installation: &Installation, more: &[&str], environment: &[(&str, &str)]) -> CommandOutput {
    finish(start(installation, &[&ANA[..], more].concat(), PASSWORD, environment))
}

fn init(installation: &Installation, more: &[&str]) -> CommandOutput {
    init_with(installation, more, &[])
}

/// The stored administrator and client of the console.
async fn stored(installation: &Installation, console: &str) -> (User, Client) {
    let target = Target::Sqlite(installation.path(".porta/porta.sqlite"));
    let database = database::connect(&DatabaseOptions::new(target)).await.unwrap();
    let mut all = database.repositories();
    let slug = Slug::parse("porta-admin").unwrap();
    let organization = all.organizations().by_slug(&slug).await.unwrap().unwrap();
    let user = all.users(organization.id).by_email("ana@admin.test").await.unwrap().unwrap();
    let console = ClientId::parse(console).unwrap();
    let console = all.clients(organization.id).by_client_id(&console).await.unwrap().unwrap();
    (user, console)
}

#[tokio::test(flavor = "multi_thread")]
async fn administration_is_ready_after_one_command() {
    let installation = Installation::new();
    let made = tokio::task::block_in_place(|| init(&installation, &["--json"]));
    assert_eq!(made.code, 0, "{}", made.stderr);
    let json = made.json();
    let slug = serde_json::Value::from("porta-admin");
    assert_eq!((&json["organization"], &json["application"]), (&slug, &slug));
    assert_eq!((&json["roles"], &json["permissions"]), (&5.into(), &43.into()));
    assert_eq!(json["guiClientSecret"].as_str().unwrap().len(), 64);
    assert_eq!(json["cliClientId"].as_str().unwrap().len(), 43);
    let (user, console) = stored(&installation, json["guiClientId"].as_str().unwrap()).await;
    assert_eq!(json["adminUserId"], user.id.to_string());
    assert!(user.email_verified && user.password_hash.unwrap().as_str().starts_with("$argon2id$"));
    assert_eq!(console.redirect_uris, ["http://localhost:4002/auth/callback"]);
    assert_eq!(console.login_methods, Some(vec![LoginMethod::MagicLink]));
    let keys = tokio::task::block_in_place(|| {
        installation.succeed(&["keys", "list", "--direct", "--json", "--org", "porta-admin"]).json()
    });
    assert_eq!(keys.as_array().unwrap().len(), 2);
    assert!(installation.notices().iter().any(|line| line.contains("\"client\"")), "servers hear of it");
}

/// A second run would say that all is there, and not show the secret.
#[test]
fn a_secret_that_cannot_be_printed_is_told_of() {
    for (more, is_kept) in [
        (&[][..], false),
        (&["--json"], false),
        (&["--env-file", "-"], false),
        (&["--env-file", "console.env"], true),
    ] {
        let installation = Installation::new();
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let mut command = installation.command(&[&ANA[..], more].concat(), &[]);
        let mut child = command.stdin(Stdio::piped()).stdout(full).stderr(Stdio::piped()).spawn().unwrap();
        writeln!(child.stdin.take().unwrap(), "{PASSWORD}").unwrap();
        let outcome = finish(child);
        assert_eq!(outcome.code, 1, "{more:?}: {}", outcome.stderr);
        assert!(outcome.stderr.contains("but everything was created"), "{more:?}: {}", outcome.stderr);
        assert_eq!(outcome.stderr.contains("porta client secret generate"), !is_kept, "{}", outcome.stderr);
        if !is_kept {
            let (_, id) = outcome.stderr.split_once("porta client secret generate ").unwrap();
            let id = id.split(' ').next().unwrap();
            let generated = installation.succeed(&["client", "secret", "generate", id, "--direct", "--json"]);
            assert_eq!(generated.json()["plaintext"].as_str().unwrap().len(), 64);
        }
    }
}

#[test]
fn people_read_what_was_created_and_the_secret_once() {
    let installation = Installation::new();
    let made = init(&installation, &[]);
    assert_eq!(made.code, 0, "{}", made.stderr);
    for line in [
        "application porta-admin is created",
        "43 permissions are created",
        "role porta-auditor is given 13 permissions",
        "client Porta Admin GUI is created",
        "ana@admin.test has the role porta-super-admin",
    ] {
        assert!(made.stdout.contains(line), "{line}: {}", made.stdout);
    }
    assert!(made.stderr.contains("not shown again"), "{}", made.stderr);
    let row = made.stdout.lines().find(|line| line.contains("GUI client secret")).unwrap();
    let secret = row.split('│').nth(2).unwrap().trim().to_owned();
    assert_eq!(secret.len(), 64, "{row}");
    assert!(!made.stdout.contains(PASSWORD) && !made.stderr.contains(PASSWORD));

    let again = init(&installation, &[]);
    assert_eq!(again.code, 1);
    assert!(again.stderr.contains("already initialized"), "{}", again.stderr);
    let repaired = init(&installation, &["--force"]);
    assert_eq!(repaired.code, 0, "{}", repaired.stderr);
    assert!(repaired.stdout.contains("nothing was missing"), "{}", repaired.stdout);
    assert!(!repaired.stdout.contains(&secret));
    // An administrator exists, so nothing is asked for.
    let repaired = installation.succeed(&["init", "--force", "--json"]);
    assert_eq!(repaired.json()["guiClientSecret"], serde_json::Value::Null);
}

#[test]
fn a_refused_run_leaves_nothing() {
    let installation = Installation::new();
    let missing = installation.run(&["init", "--email", "ana@admin.test"]);
    assert_eq!(missing.code, 3);
    assert_eq!(missing.stderr, "❌ --given-name is missing\n❌ --family-name is missing\n");
    let unasked = installation.run(&ANA[..7]);
    assert_eq!(unasked.code, 3);
    assert!(unasked.stderr.contains("--password-stdin is missing"), "{}", unasked.stderr);
    for (password, problem) in [("", "at least 8"), ("short", "at least 8"), ("porta-admin-1", "built from")]
    {
        let weak = finish(start(&installation, &ANA, password, &[]));
        assert_eq!(weak.code, 3, "{password}");
        assert!(weak.stderr.contains(problem), "{}", weak.stderr);
    }
    let nobody = finish(start(&installation, &[&ANA[..2], &["ana"], &ANA[3..]].concat(), PASSWORD, &[]));
    assert_eq!((nobody.code, nobody.stderr.contains("email: ")), (3, true), "{}", nobody.stderr);
    for wrong in [
        &["--admin-gui-url", "https://admin.example.com/"][..],
        &["--gui-login-methods", "passkey"],
        &["--password", PASSWORD],
    ] {
        assert_eq!(init(&installation, wrong).code, 1, "{wrong:?}");
    }
    let production = [("NODE_ENV", "production")];
    let insecure = init_with(&installation, &["--admin-gui-url", "http://admin.example.com"], &production);
    assert_eq!(insecure.code, 3);
    assert!(insecure.stderr.contains("use https"), "{}", insecure.stderr);
    assert_eq!(init(&installation, &[]).code, 0, "no attempt was in its way");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_console_is_registered_where_it_is() {
    let environment = [("PORTA_ADMIN_PUBLIC_URL", "https://a.example")];
    let elsewhere = ["--admin-gui-url", "https://b.example", "--gui-login-methods", "password,magic_link"];
    for (arguments, url) in [(&[][..], "https://a.example"), (&elsewhere[..], "https://b.example")] {
        let installation = Installation::new();
        let arguments = [arguments, &["--json"]].concat();
        let made = tokio::task::block_in_place(|| init_with(&installation, &arguments, &environment));
        assert_eq!(made.code, 0, "{}", made.stderr);
        let (_, console) = stored(&installation, made.json()["guiClientId"].as_str().unwrap()).await;
        assert_eq!(console.redirect_uris, [format!("{url}/auth/callback")]);
        assert_eq!(console.post_logout_redirect_uris, [format!("{url}/auth/signed-out"), url.to_owned()]);
        let methods = console.login_methods.unwrap();
        assert_eq!(methods.contains(&LoginMethod::Password), url == "https://b.example");
    }
}

#[test]
fn the_console_finds_its_secret_in_a_file() {
    let installation = Installation::new();
    let path = installation.path("console.env");
    std::fs::write(&path, "# ours\nPORTA_ADMIN_CLIENT_ID=old\nREDIS_URL=redis://redis:6379/1\n").unwrap();
    let file = path.to_str().unwrap();
    let made = init(&installation, &["--env-file", file]);
    assert_eq!(made.code, 0, "{}", made.stderr);
    let text = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!((lines[0], lines[2]), ("# ours", "REDIS_URL=redis://redis:6379/1"));
    assert_eq!(lines[1].strip_prefix("PORTA_ADMIN_CLIENT_ID=").unwrap().len(), 43);
    assert_eq!(lines[3], "PORTA_ADMIN_PUBLIC_URL=http://localhost:4002");
    let secret = lines[4].strip_prefix("PORTA_ADMIN_CLIENT_SECRET=").unwrap();
    assert_eq!((lines.len(), secret.len()), (5, 64));
    assert!(!made.stdout.contains(secret) && !made.stderr.contains(secret));
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    // A secret that exists is not known, and the one on file stays.
    let repaired = init(&installation, &["--force", "--env-file", file]);
    assert_eq!(repaired.code, 0, "{}", repaired.stderr);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}

#[test]
fn the_variables_alone_go_to_standard_output() {
    let installation = Installation::new();
    let both = init(&installation, &["--env-file", "-", "--json"]);
    assert_eq!((both.code, both.stdout.as_str()), (3, ""), "{}", both.stderr);
    let nowhere = init(&installation, &["--env-file", "/nowhere/console.env"]);
    assert_eq!(nowhere.code, 1);
    assert!(nowhere.stderr.contains("/nowhere/console.env cannot be written"), "{}", nowhere.stderr);
    let made = init(&installation, &["--env-file", "-"]);
    assert_eq!(made.code, 0, "nothing was created before: {}", made.stderr);
    let names: Vec<&str> = made.stdout.lines().map(|line| line.split_once('=').unwrap().0).collect();
    assert_eq!(names, ["PORTA_ADMIN_PUBLIC_URL", "PORTA_ADMIN_CLIENT_ID", "PORTA_ADMIN_CLIENT_SECRET"]);
}

#[test]
fn a_dry_run_checks_and_changes_nothing() {
    let installation = Installation::new();
    let weak = finish(start(&installation, &[&ANA[..], &["--dry-run"]].concat(), "short", &[]));
    assert_eq!(weak.code, 3, "{}", weak.stderr);
    let planned = init(&installation, &["--dry-run"]);
    assert_eq!(planned.code, 0, "{}", planned.stderr);
    for line in [
        "would be done: application porta-admin is created",
        "would be done: ana@admin.test has the role porta-super-admin",
    ] {
        assert!(planned.stdout.contains(line), "{line}: {}", planned.stdout);
    }
    assert!(planned.stderr.contains("nothing was changed"), "{}", planned.stderr);
    let json = init(&installation, &["--dry-run", "--json"]).json();
    assert_eq!((&json["dryRun"], json.as_object().unwrap().len()), (&true.into(), 2), "{json}");
    assert!(installation.notices().is_empty(), "servers hear of nothing");
    assert_eq!(init(&installation, &["--dry-run", "--env-file", "x"]).code, 1);
    assert_eq!(init(&installation, &[]).code, 0, "nothing was created before");
    let again = init(&installation, &["--dry-run"]);
    assert!(again.code == 1 && again.stderr.contains("already initialized"), "{}", again.stderr);
    let repaired = init(&installation, &["--dry-run", "--force"]);
    assert!(repaired.stdout.contains("nothing is missing"), "{}", repaired.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_two_initializes_postgres() {
    let installation = Installation::new();
    let database = TestDatabase::postgres().await;
    let Target::Postgres(url) = &database.target else { unreachable!("a PostgreSQL database was asked for") };
    let redis = std::env::var("TEST_REDIS_URL")
        .expect("TEST_REDIS_URL is not set; run through scripts/with-services.sh");
    let instance = format!("init-{}", std::process::id());
    let key = "11".repeat(32);
    let environment = [
        ("NODE_ENV", "development"),
        ("DATABASE_URL", url.as_str()),
        ("REDIS_URL", redis.as_str()),
        ("PORTA_INSTANCE", instance.as_str()),
        ("SIGNING_KEY_ENCRYPTION_KEY", key.as_str()),
    ];
    let run = || start(&installation, &ANA, PASSWORD, &environment);
    let outcomes = tokio::task::block_in_place(|| [run(), run()].map(finish));
    let mut codes: Vec<i32> = outcomes.iter().map(|outcome| outcome.code).collect();
    codes.sort_unstable();
    assert_eq!(codes, [0, 1], "{} {}", outcomes[0].stderr, outcomes[1].stderr);
    let refused = outcomes.iter().find(|outcome| outcome.code == 1).unwrap();
    assert!(refused.stderr.contains("already initialized"), "{}", refused.stderr);
    assert!(!installation.path(".porta").exists(), "nothing is kept beside the database");
}
