use super::*;
use crate::StorageConfig;

#[test]
fn each_value_that_cannot_be_used_is_named() {
    let cases: &[(&[(&str, &str)], &str)] = &[
        (&[("NODE_ENV", "prodcution")], "NODE_ENV"),
        (&[("PORTA_ENV", "staging")], "PORTA_ENV"),
        (&[("PORTA_ENV", "test")], "PORTA_ENV"),
        (&[("PORT", "0")], "PORT"),
        (&[("PORT", "65536")], "PORT"),
        (&[("PORT", "-1")], "PORT"),
        (&[("PORT", "+80")], "PORT"),
        (&[("PORT", "80a")], "PORT"),
        (&[("PORT", "99999999999999999999999")], "PORT"),
        (&[("HOST", "0.0.0.0:80")], "HOST"),
        (&[("HOST", "a b")], "HOST"),
        (&[("DATABASE_URL", "")], "DATABASE_URL"),
        (&[("DATABASE_URL", "mysql://a:b@c/d")], "DATABASE_URL"),
        (&[("DATABASE_URL", "not a url")], "DATABASE_URL"),
        (&[("DB_POOLER", "session")], "DB_POOLER"),
        (&[("DB_POOL_MAX", "0")], "DB_POOL_MAX"),
        (&[("DB_STATEMENT_TIMEOUT_MS", "soon")], "DB_STATEMENT_TIMEOUT_MS"),
        (&[("REDIS_URL", "")], "REDIS_URL"),
        (&[("REDIS_URL", "http://redis")], "REDIS_URL"),
        (&[("REDIS_URL", "redis:6379")], "REDIS_URL"),
        (&[("REDIS_URL", "redis:///0")], "REDIS_URL"),
        (&[("DATABASE_URL", "postgres:porta")], "DATABASE_URL"),
        (&[("DATABASE_URL", "postgres://u:p@[::1/porta")], "DATABASE_URL"),
        (&[("REDIS_SENTINELS", "one.internal,,two.internal")], "REDIS_SENTINELS"),
        (&[("REDIS_SENTINELS", "redis://one.internal")], "REDIS_SENTINELS"),
        (&[("REDIS_SENTINELS", "one.internal/0")], "REDIS_SENTINELS"),
        (&[("REDIS_SENTINELS", "one.internal:sentinel")], "REDIS_SENTINELS"),
        (&[("REDIS_SENTINELS", ":26379")], "REDIS_SENTINELS"),
        (&[("REDIS_SENTINELS", "user:password@one.internal")], "REDIS_SENTINELS"),
        (&[("REDIS_SENTINEL_PASSWORD", "s3ntinel")], "REDIS_SENTINELS"),
        (&[("ISSUER_BASE_URL", "")], "ISSUER_BASE_URL"),
        (&[("ISSUER_BASE_URL", "id.example.com")], "ISSUER_BASE_URL"),
        (&[("ISSUER_BASE_URL", "https://id.example.com/")], "ISSUER_BASE_URL"),
        (&[("ISSUER_BASE_URL", "https://id.example.com/auth")], "ISSUER_BASE_URL"),
        (&[("COOKIE_KEYS", "")], "COOKIE_KEYS"),
        (&[("COOKIE_KEYS", " , ")], "COOKIE_KEYS"),
        (&[("COOKIE_KEYS", "fifteen-letters")], "COOKIE_KEYS"),
        (&[("COOKIE_KEYS", "pQ7s9vBx2cFm4kHn6tRw8yZa1eGj3dLu,")], "COOKIE_KEYS"),
        (&[("SIGNING_KEY_ENCRYPTION_KEY", "")], "SIGNING_KEY_ENCRYPTION_KEY"),
        (&[("SIGNING_KEY_ENCRYPTION_KEY", &SIGNING[1..])], "SIGNING_KEY_ENCRYPTION_KEY"),
        (&[("SIGNING_KEY_ENCRYPTION_KEY", "placeholder")], "SIGNING_KEY_ENCRYPTION_KEY"),
        (&[("TWO_FACTOR_ENCRYPTION_KEY", "")], "TWO_FACTOR_ENCRYPTION_KEY"),
        (&[("TWO_FACTOR_ENCRYPTION_KEY", &"zz".repeat(32))], "TWO_FACTOR_ENCRYPTION_KEY"),
        (&[("SMTP_HOST", "")], "SMTP_HOST"),
        (&[("SMTP_FROM", "")], "SMTP_FROM"),
        (&[("SMTP_FROM", "nobody")], "SMTP_FROM"),
        (&[("SMTP_FROM", "a@b.c\r\nBcc: x@y.z")], "SMTP_FROM"),
        (&[("SMTP_USER", "porta")], "SMTP_PASS"),
        (&[("SMTP_PASS", "x")], "SMTP_USER"),
        (&[("SMTP_TLS", "starttls")], "SMTP_TLS"),
        (&[("SMTP_PORT", "smtp")], "SMTP_PORT"),
        (&[("LOG_LEVEL", "silent")], "LOG_LEVEL"),
        (&[("METRICS_ENABLED", "enabled")], "METRICS_ENABLED"),
        (&[("TRUST_PROXY", "2")], "TRUST_PROXY"),
        (&[("TRUST_PROXY_HOPS", "2")], "TRUST_PROXY"),
        (&[("TRUST_PROXY_HEADER", "forwarded")], "TRUST_PROXY"),
        (
            &[
                ("TRUST_PROXY", "true"),
                ("TRUST_PROXY_HEADER", "x-real-ip"),
                ("TRUST_PROXY_CIDRS", "10.0.0.1"),
            ],
            "TRUST_PROXY_HEADER",
        ),
        (
            &[("TRUST_PROXY", "true"), ("TRUST_PROXY_HOPS", "0"), ("TRUST_PROXY_CIDRS", "10.0.0.1")],
            "TRUST_PROXY_HOPS",
        ),
        (&[("TRUST_PROXY", "true"), ("TRUST_PROXY_CIDRS", "10.0.0.0/33")], "TRUST_PROXY_CIDRS"),
        (&[("TRUST_PROXY", "true"), ("TRUST_PROXY_CIDRS", "proxy.internal")], "TRUST_PROXY_CIDRS"),
        (&[("ADMIN_CORS_ORIGINS", "*")], "ADMIN_CORS_ORIGINS"),
        (&[("ADMIN_CORS_ORIGINS", "https://a.example/path")], "ADMIN_CORS_ORIGINS"),
        (&[("ADMIN_CORS_ORIGINS", "https://a.example,,https://b.example")], "ADMIN_CORS_ORIGINS"),
        (&[("ADMIN_READS_PER_MINUTE", "-1")], "ADMIN_READS_PER_MINUTE"),
        (&[("ADMIN_READS_PER_MINUTE", "10000001")], "ADMIN_READS_PER_MINUTE"),
        (&[("ARGON2_MEMORY_KIB", "64")], "ARGON2_MEMORY_KIB"),
        (&[("ARGON2_ITERATIONS", "0")], "ARGON2_ITERATIONS"),
        (&[("ARGON2_PARALLELISM", "65")], "ARGON2_PARALLELISM"),
        (&[("DRAIN_SECONDS", "5s")], "DRAIN_SECONDS"),
        (&[("SHUTDOWN_GRACE_SECONDS", "601")], "SHUTDOWN_GRACE_SECONDS"),
        (&[("KEEP_ALIVE_SECONDS", "0")], "KEEP_ALIVE_SECONDS"),
        (&[("KEEP_ALIVE_SECONDS", "3601")], "KEEP_ALIVE_SECONDS"),
        (&[("KEEP_ALIVE_SECONDS", "1m")], "KEEP_ALIVE_SECONDS"),
        (&[("PORTA_INSTANCE", "a:b")], "PORTA_INSTANCE"),
        (&[("PORTA_SKIP_PROD_SAFETY", "please")], "PORTA_SKIP_PROD_SAFETY"),
    ];
    for (changes, key) in cases {
        let problems = load(changed(changes)).expect_err(key);
        assert_eq!(keys(&problems), [*key], "{changes:?}");
        assert!(!problems[0].message.is_empty() && !problems[0].remedy.is_empty());
    }
}

#[test]
fn encryption_keys_are_one_or_a_few_the_newest_first() {
    let entropy: &dyn porta_core::Entropy = &SeededEntropy::new(7);
    let made = |_| porta_core::secret::hex(&entropy.bytes::<32>());
    for count in 1..=crate::MOST_ENCRYPTION_KEYS {
        let list: Vec<String> = (0..count).map(made).collect();
        for text in [list.join(","), format!(" {} \n", list.join(" , ")), list.join(",").to_uppercase()] {
            let config = load(changed(&[("TWO_FACTOR_ENCRYPTION_KEY", &text)])).unwrap();
            let read = config.secrets.two_factor_encryption_keys;
            let read: Vec<String> = read.expose().iter().map(|key| porta_core::secret::hex(key)).collect();
            assert_eq!(read, list);
        }
    }
}

#[test]
fn a_list_of_encryption_keys_that_cannot_be_used_says_which_one_is_wrong() {
    let cases = [
        (format!("{SIGNING},"), "key 2 of the list is empty"),
        (format!(",{SIGNING}"), "key 1 of the list is empty"),
        (format!("{SIGNING},,{TWO_FACTOR}"), "key 2 of the list is empty"),
        (",".to_owned(), "key 1 of the list is empty"),
        (format!("{SIGNING},{}", &SIGNING[1..]), "key 2 is not 64 hexadecimal digits"),
        (format!("{SIGNING},{SIGNING}0"), "key 2 is not 64 hexadecimal digits"),
        (format!("{},{SIGNING}", "zz".repeat(32)), "key 1 is not 64 hexadecimal digits"),
        (format!("{SIGNING} {TWO_FACTOR}"), "it is not 64 hexadecimal digits"),
        (format!("{SIGNING};{TWO_FACTOR}"), "it is not 64 hexadecimal digits"),
        (format!("{SIGNING},{TWO_FACTOR},{}", SIGNING.to_uppercase()), "keys 1 and 3 are the same"),
        (format!("{SIGNING},{SIGNING}"), "keys 1 and 2 are the same"),
        ([SIGNING; 5].join(","), "it holds 5 keys, and 4 may be held"),
    ];
    for (text, message) in cases {
        for name in ["SIGNING_KEY_ENCRYPTION_KEY", "TWO_FACTOR_ENCRYPTION_KEY"] {
            let problems = load(changed(&[(name, &text)])).expect_err(message);
            let found: Vec<_> = problems.iter().map(|p| (p.key.as_str(), p.message.as_str())).collect();
            assert_eq!(found, [(name, message)]);
            assert!(!problems[0].remedy.is_empty());
            assert!(!problems[0].to_string().contains(&SIGNING[..16]), "no part of a key is quoted");
        }
    }
}

#[test]
fn all_problems_are_reported_at_once() {
    let problems = load(changed(&[
        ("PORT", "x"),
        ("REDIS_URL", ""),
        ("COOKIE_KEYS", "changeme-changeme"),
        ("TWO_FACTOR_ENCRYPTION_KEY", ""),
        ("SMTP_HOST", "mailhog"),
        ("LOG_LEVEL", "debug"),
        ("METRICS_ENABLED", "maybe"),
        ("ISSUER_BASE_URL", "http://id.example.com"),
    ]))
    .unwrap_err();
    let mut keys = keys(&problems);
    keys.sort_unstable();
    assert_eq!(
        keys,
        [
            "COOKIE_KEYS",
            "ISSUER_BASE_URL",
            "LOG_LEVEL",
            "METRICS_ENABLED",
            "PORT",
            "REDIS_URL",
            "SMTP_HOST",
            "TWO_FACTOR_ENCRYPTION_KEY"
        ]
    );
}

#[test]
fn no_message_quotes_a_secret() {
    let secret = "hunter2hunter2";
    let directory = Directory::new();
    let file = directory.write("secret", "hunter2hunter2\u{0}");
    for (name, value) in [
        ("DATABASE_URL", format!("mysql://u:{secret}@h/d")),
        ("DATABASE_URL", format!("postgres://u:{secret}@h:port/d")),
        ("REDIS_URL", format!("http://{secret}")),
        ("REDIS_SENTINELS", format!("user:{secret}@h")),
        ("COOKIE_KEYS", secret.to_owned()),
        ("SIGNING_KEY_ENCRYPTION_KEY", secret.to_owned()),
        ("TWO_FACTOR_ENCRYPTION_KEY", secret.to_owned()),
        ("SMTP_PASS", secret.to_owned()),
        ("ISSUER_BASE_URL", format!("https://u:{secret}@h")),
        ("ADMIN_CORS_ORIGINS", format!("https://u:{secret}@h")),
        ("SIGNING_KEY_ENCRYPTION_KEY_FILE", file.clone()),
    ] {
        let problems = load(changed(&[(name, &value)])).expect_err(name);
        for problem in problems {
            assert!(!format!("{problem} {problem:?}").contains("hunter2"), "{problem}");
        }
    }
}

#[test]
fn migrations_need_the_database_alone() {
    let only = |name: &str, value: &str| Source::of([(name, value)], "/work");
    let loaded = StorageConfig::load(&only("DATABASE_URL", "postgres://u:p@h/d")).unwrap();
    assert!(matches!(loaded, StorageConfig::Postgres(postgres) if postgres.pool_max == 10));
    let loaded = StorageConfig::load(&only("PORTA_DATA_DIR", "data")).unwrap();
    assert!(matches!(loaded, StorageConfig::Embedded { data_dir } if data_dir.as_path() == "/work/data"));
    let problems = StorageConfig::load(&only("DATABASE_URL", "mysql://u:p@h/d")).unwrap_err();
    assert_eq!(keys(&problems), ["DATABASE_URL"]);
    assert_eq!(Environment::load(&only("NODE_ENV", "production")), Ok(Environment::Production));
    assert!(crate::Argon2Params::load(&only("ARGON2_ITERATIONS", "many")).is_err());
}

#[test]
fn mail_settings_without_a_relay_are_a_problem_also_in_embedded_storage() {
    let source = Source::of([("SMTP_FROM", "a@b.c")], "/nonexistent");
    let problems = Config::load(&source, &SeededEntropy::new(1)).unwrap_err();
    assert_eq!(keys(&problems), ["SMTP_HOST"]);
}
