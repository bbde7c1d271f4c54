//! Commands with `--direct` on PostgreSQL and Redis, as in production.

use crate::support::{CommandOutput, Installation, WORLD};
use porta_core::Change;
use porta_kv::{Kv as _, NoticeEvent, RedisKv, RedisOptions};
use porta_store_sql::Target;
use porta_testkit::database::TestDatabase;

const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddee00";

fn redis_url() -> String {
    std::env::var("TEST_REDIS_URL").expect("TEST_REDIS_URL is not set; run through scripts/with-services.sh")
}

/// Runs a command with the production settings of commands, without those that only a server needs.
fn run(
    installation: &Installation,
    database: &TestDatabase,
    instance: &str,
    redis: &str,
    arguments: &[&str],
) -> CommandOutput {
    let Target::Postgres(url) = &database.target else { unreachable!("a PostgreSQL database was asked for") };
    installation.run_with(
        arguments,
        &[
            ("NODE_ENV", "development"),
            ("DATABASE_URL", url),
            ("REDIS_URL", redis),
            ("PORTA_INSTANCE", instance),
            ("SIGNING_KEY_ENCRYPTION_KEY", KEY),
        ],
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_that_is_behind_is_refused_until_it_is_migrated() {
    let installation = Installation::new();
    let database = TestDatabase::empty_postgres().await;
    let file = installation.write("world.yaml", WORLD);
    let provision = ["provision", "-f", file.to_str().unwrap(), "--direct"];
    let early = run(&installation, &database, "porta-cli", &redis_url(), &provision);
    assert_eq!(early.code, 1);
    assert!(early.stderr.contains("porta migrate up"), "{}", early.stderr);
    let up = run(&installation, &database, "porta-cli", &redis_url(), &["migrate", "up", "--json"]);
    assert_eq!(up.code, 0, "{}", up.stderr);
    assert!(!up.json().as_array().unwrap().is_empty());
    let done = run(&installation, &database, "porta-cli", &redis_url(), &provision);
    assert_eq!(done.code, 0, "{}", done.stderr);
    assert!(!installation.path(".porta").exists(), "nothing is kept beside the database");
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_tells_running_servers_and_its_absence_is_a_warning_on_postgres() {
    let installation = Installation::new();
    let database = TestDatabase::postgres().await;
    let instance = format!("cli-{}", std::process::id());
    let options = RedisOptions::new(redis_url().into(), instance.clone());
    let server = RedisKv::connect(options).await.unwrap();
    let mut notices = server.subscribe();
    let set = ["config", "set", "id_token_ttl", "10m", "--direct"];
    let outcome =
        tokio::task::block_in_place(|| run(&installation, &database, &instance, &redis_url(), &set));
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let change = loop {
        match notices.recv().await.unwrap() {
            NoticeEvent::Notice(notice) => break Change::from_topic_and_key(&notice.topic, &notice.key),
            NoticeEvent::Gap => {}
        }
    };
    assert_eq!(change, Some(Change::Settings(None)));

    let health = run(&installation, &database, &instance, &redis_url(), &["health", "--direct", "--json"]);
    assert_eq!(health.json(), serde_json::json!({"database": "ok", "redis": "ok"}));
    let nowhere = "redis://127.0.0.1:9";
    let health = run(&installation, &database, &instance, nowhere, &["health", "--direct", "--json"]);
    assert_eq!((health.code, &health.json()["redis"]), (1, &"error".into()));
    let outcome =
        run(&installation, &database, &instance, nowhere, &["config", "unset", "id_token_ttl", "--direct"]);
    assert_eq!(outcome.code, 0, "the change stands");
    assert!(outcome.stderr.contains("running servers notice it only within a minute"), "{}", outcome.stderr);
    let rows = database.another().await;
    let stored = porta_store::Store::repositories(&*rows).settings(None).all().await.unwrap();
    assert!(stored.is_empty());
}

/// An option names another database than the environment, which may be that of another installation.
#[tokio::test(flavor = "multi_thread")]
async fn postgres_is_named_by_options() {
    let installation = Installation::new();
    let database = TestDatabase::empty_postgres().await;
    let Target::Postgres(url) = &database.target else { unreachable!("a PostgreSQL database was asked for") };
    let (redis, nobody) = (redis_url(), "postgres://porta@127.0.0.1:9/nobody");
    let elsewhere =
        [("DATABASE_URL", nobody), ("SIGNING_KEY_ENCRYPTION_KEY", KEY), ("NODE_ENV", "development")];
    let ask = |arguments: &[&str]| installation.run_with(arguments, &elsewhere);
    let there = ["--database-url", url.as_str()];
    let both = [&there[..], &["--redis-url", redis.as_str()]].concat();
    tokio::task::block_in_place(|| {
        // Migrations need nothing but the database.
        let pending = ask(&[&["migrate", "status", "--json"][..], &there].concat());
        assert_eq!(pending.code, 0, "{}", pending.stderr);
        assert!(pending.json().as_array().unwrap().iter().all(|one| one["run_on"].is_null()));
        assert_eq!(ask(&[&["migrate", "up"][..], &there].concat()).code, 0);
        let health = ask(&[&["health", "check", "--direct", "--json"][..], &both].concat());
        assert_eq!(health.json(), serde_json::json!({"database": "ok", "redis": "ok"}), "{}", health.stderr);
        assert_eq!(ask(&["health", "check", "--direct"]).code, 1, "the environment names nobody");
        let seeded = ask(&[&["seed", "run", "--json"][..], &both].concat());
        assert_eq!((seeded.code, &seeded.json()["created"]), (0, &false.into()), "{}", seeded.stderr);
        let init = ask(&[&["init"][..], &both].concat());
        assert!(init.code == 3 && init.stderr.contains("--email is missing"), "{}", init.stderr);
        let list = ask(&[&["org", "list", "--direct", "--json"][..], &both].concat());
        assert_eq!((list.code, &list.json()["total"]), (0, &1.into()), "{}", list.stderr);
    });
    for option in ["--database-url", "--redis-url"] {
        let refused = ask(&["org", "list", option, nobody]);
        assert_eq!(refused.code, 1);
        assert!(refused.stderr.contains(&format!("{option} needs --direct")), "{}", refused.stderr);
        assert_eq!(ask(&["migrate", "status", option, ""]).code, 1);
    }
    let told = ask(&["migrate", "status", "--database-url", "postgres://porta:Lantern@127.0.0.1:9/nobody"]);
    assert_eq!(told.code, 1);
    assert!(told.stderr.contains("others on this machine can read the password"), "{}", told.stderr);
    assert!(!told.stderr.contains("Lantern") && !installation.path(".porta").exists(), "{}", told.stderr);
}
