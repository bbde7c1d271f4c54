//! `porta store copy`: an installation moves to the other store, and people go on with what they have.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use porta_store_sql::Target;
use porta_testkit::database::TestDatabase;
use serde_json::Value;

use crate::support::operated::Operated;
use crate::support::server::Server;
use crate::support::{CommandOutput, Installation, WORLD};

fn url(database: &TestDatabase) -> &str {
    let Target::Postgres(url) = &database.target else { unreachable!("a PostgreSQL database was asked for") };
    url
}

fn assert_refused(outcome: &CommandOutput, code: i32, words: &str) {
    assert_eq!(outcome.code, code, "{}{}", outcome.stdout, outcome.stderr);
    assert!(outcome.stderr.contains(words), "{words}: {}", outcome.stderr);
    assert!(
        !outcome.stderr.contains("hunter2") && !outcome.stderr.contains("os error"),
        "{}",
        outcome.stderr
    );
}

fn tables(told: &Value) -> Vec<(String, u64, String)> {
    let of = |table: &Value| {
        let text = |name: &str| table[name].as_str().unwrap_or_default().to_owned();
        (text("table"), table["rows"].as_u64().unwrap(), text("digest"))
    };
    told["tables"].as_array().unwrap().iter().map(of).collect()
}

/// Asserts that the operator goes on at the server of the world, which is another one than that of the sign-in: with the
/// access token, the refresh token and the password.
fn assert_goes_on(world: &Operated) {
    world.change_stored("server", &world.url());
    world.succeed(&["org", "list"]);
    let before = world.stored();
    world.change_stored("expiresAt", "2020-01-01T00:00:00Z");
    world.succeed(&["org", "list"]);
    assert_ne!(before, world.stored(), "the tokens were replaced");
    let signed_in = world.login(&[]);
    assert_eq!(signed_in.code, 0, "{}{}", signed_in.stdout, signed_in.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_installation_moves_to_postgres_and_back() {
    let database = TestDatabase::postgres().await;
    let redis = std::env::var("TEST_REDIS_URL").expect("run through scripts/with-services.sh");
    tokio::task::block_in_place(|| {
        let mut world = Operated::embedded();
        world.signed_in();
        let target = [("TARGET", url(&database))];
        let copy = ["store", "copy", "--from", "sqlite:.porta", "--to", "env:TARGET", "--json"];
        let planned = world.run_with(&[&copy[..], &["--dry-run"]].concat(), &target);
        assert_eq!(planned.code, 0, "{}", planned.stderr);
        assert_eq!(planned.json()["dryRun"], true);
        assert!(planned.stderr.contains("SIGNING_KEY_ENCRYPTION_KEY"), "{}", planned.stderr);
        let copied = world.run_with(&copy, &target);
        assert_eq!(copied.code, 0, "{}", copied.stderr);
        assert!(copied.stderr.contains("a server uses the source"), "{}", copied.stderr);
        let told = copied.json();
        assert!(tables(&told).iter().any(|(table, rows, _)| table == "users" && *rows == 2), "{told}");
        assert!(tables(&told).iter().all(|(_, _, digest)| digest.len() == 64), "{told}");
        assert!(!told.to_string().contains(url(&database)), "{told}");

        let instance = format!("copy-{}", std::process::id());
        let two_factor = "22".repeat(32);
        let environment = [
            ("NODE_ENV", "development"),
            ("DATABASE_URL", url(&database)),
            ("REDIS_URL", redis.as_str()),
            ("PORTA_INSTANCE", instance.as_str()),
            ("ISSUER_BASE_URL", "http://localhost:3000"),
            ("COOKIE_KEYS", "a cookie key of this test alone"),
            ("TWO_FACTOR_ENCRYPTION_KEY", two_factor.as_str()),
            ("SMTP_HOST", "127.0.0.1"),
            ("SMTP_FROM", "id@example.com"),
            ("HOST", "127.0.0.1"),
        ];
        world.server = Server::start(&world.installation, &environment).0;
        assert_goes_on(&world);

        let home = [("PORTA_DATA_DIR", "back"), target[0]];
        assert_eq!(world.run_with(&["migrate", "up"], &home).code, 0);
        let back = ["store", "copy", "--from", "env:TARGET", "--to", "sqlite:back", "--json"];
        // Of another installation that was there.
        let keys = world.installation.write("back/secrets.env", "");
        let copied = world.run_with(&back, &home);
        assert_eq!(copied.code, 0, "{}", copied.stderr);
        for words in ["need the keys of the source:", "back/secrets.env has keys already"] {
            assert!(copied.stderr.contains(words), "{words}: {}", copied.stderr);
        }
        std::fs::remove_file(keys).unwrap();
        let environment = [("PORTA_DATA_DIR", "back"), ("TWO_FACTOR_ENCRYPTION_KEY", two_factor.as_str())];
        world.server = Server::start(&world.installation, &environment).0;
        assert_goes_on(&world);
        let again = world.run_with(&back, &home);
        assert_refused(&again, 1, "another porta serves");
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_must_be_migrated_and_empty_on_postgres() {
    let (empty, full) = (TestDatabase::empty_postgres().await, TestDatabase::postgres().await);
    tokio::task::block_in_place(|| {
        let installation = Installation::new();
        let file = installation.write("world.yaml", WORLD);
        installation.succeed(&["provision", "-f", file.to_str().unwrap(), "--direct", "--create"]);
        let to = |target: &str| {
            installation.run(&["store", "copy", "--from", "sqlite:.porta", "--to", target, "--force"])
        };
        assert_refused(&to(url(&empty)), 1, "porta migrate up applies them");
        let first = to(url(&full));
        assert_eq!(first.code, 0, "{}", first.stderr);
        assert!(first.stdout.contains("counts and digests are the same"), "{}", first.stdout);
        assert!(first.stderr.contains("secrets.env"), "where the keys are: {}", first.stderr);
        let second = to(url(&full));
        assert_refused(&second, 1, "is not empty");
        assert!(
            second.stderr.contains("organizations") && second.stderr.contains("users 1"),
            "{}",
            second.stderr
        );
    });
}

#[test]
fn what_names_no_two_stores_is_refused_without_its_password() {
    let installation = Installation::new();
    installation.succeed(&["migrate", "up"]);
    let postgres = "postgres://porta:hunter2@127.0.0.1:9/porta";
    installation.write("url", postgres);
    let copy = |from: &str, to: &str| installation.run(&["store", "copy", "--from", from, "--to", to]);
    for (from, to, code, words) in [
        ("postgress://porta:hunter2@db/porta", "sqlite:.porta", 3, "--from: it names no store"),
        ("sqlite:.porta", "hunter2", 3, "--to: it names no store"),
        ("env:NOBODY", "sqlite:.porta", 3, "the variable NOBODY is not set"),
        ("file:nowhere", "sqlite:.porta", 3, "nowhere cannot be read"),
        ("sqlite:.porta", "sqlite:.porta", 1, "both embedded storage"),
        (postgres, "postgres://porta:hunter2@127.0.0.1:9/other", 1, "both PostgreSQL"),
        (postgres, "file:url", 1, "both PostgreSQL"),
        ("sqlite:wrong", postgres, 1, "the source is missing: there is no database at wrong/porta.sqlite"),
        ("sqlite:.porta", postgres, 1, "the target, PostgreSQL, porta at 127.0.0.1:9: "),
        ("file:url", "sqlite:.porta", 1, "the source, PostgreSQL, porta at 127.0.0.1:9: "),
    ] {
        assert_refused(&copy(from, to), code, words);
    }
    assert!(!installation.path("wrong").exists(), "none is made by the way");
    let copy = ["store", "copy", "--from", "sqlite:.porta", "--to", "file:url", "--database-url", postgres];
    assert_refused(&installation.run(&copy), 3, "leave out --database-url");
    assert_eq!(installation.run(&["store", "copy", "--from", "sqlite:.porta"]).code, 1);
}
