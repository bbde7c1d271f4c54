use super::*;

fn violations() -> Vec<(&'static str, String, &'static str)> {
    let own = |name, value: &str, label| (name, value.to_owned(), label);
    vec![
        own("COOKIE_KEYS", "Change-Me-7s9vBx2cFm4kHn6tRw8yZa1eGj3dLu", "R1"),
        own("COOKIE_KEYS", "7s9vBx2cFm4kHn6tRw8y_CHANGE_ME_Za1eGj3dLu", "R1"),
        own("COOKIE_KEYS", "7s9vBx2cFm4kHn6tRw8yZa1eGj3dLuchangeme", "R1"),
        own("COOKIE_KEYS", "pQ7s9vBx2cFm4kHn6tRw8yZa1eGj3dL", "R2"),
        own("COOKIE_KEYS", "pQ7s9vBx2cFm4kHn6tRw8yZa1eGj3dLu, short-but-sixteen", "R2, second key"),
        own("TWO_FACTOR_ENCRYPTION_KEY", "", "R3"),
        own("TWO_FACTOR_ENCRYPTION_KEY", &"0123456789abcdef".repeat(4), "R4"),
        own("TWO_FACTOR_ENCRYPTION_KEY", &"0123456789ABCDEF".repeat(4), "R4 in upper case"),
        own("SIGNING_KEY_ENCRYPTION_KEY", &"fedcba9876543210".repeat(4), "R5"),
        own("SIGNING_KEY_ENCRYPTION_KEY", &"0123456789abcdef".repeat(4), "R4 on the other key"),
        own("DATABASE_URL", "postgres://porta:porta_dev@db/porta", "R6"),
        own("DATABASE_URL", "postgres://porta@db/porta?password=porta_dev", "R6 in the query"),
        own("DATABASE_URL", "postgres://porta:porta_secret@db/porta", "N compose password"),
        own("REDIS_URL", "redis://:porta_secret@redis/0", "N compose password"),
        own("ISSUER_BASE_URL", "http://id.example.com", "R7"),
        own("ISSUER_BASE_URL", "http://localhost.example.com", "R7"),
        own("LOG_LEVEL", "debug", "R8"),
        own("SMTP_HOST", "localhost", "R9"),
        own("SMTP_HOST", "LOCALHOST.", "R9"),
        own("SMTP_HOST", "127.0.0.1", "R9"),
        own("SMTP_HOST", "127.8.9.1", "R9"),
        own("SMTP_HOST", "::1", "R9"),
        own("SMTP_HOST", "[::1]", "R9"),
        own("SMTP_HOST", "mailhog", "N mail sink"),
        own("SMTP_HOST", "mailpit.tools.svc", "N mail sink"),
        own("SMTP_HOST", "sandbox.smtp.mailtrap.io", "N mail sink"),
        own("SIGNING_KEY_ENCRYPTION_KEY", TWO_FACTOR, "N equal keys"),
        own("SIGNING_KEY_ENCRYPTION_KEY", &"0".repeat(64), "N one character"),
        own("SIGNING_KEY_ENCRYPTION_KEY", &"ab".repeat(32), "N pattern"),
        own("TWO_FACTOR_ENCRYPTION_KEY", &"0f1e2d3c4b5a6978".repeat(4), "N pattern"),
        own("TWO_FACTOR_ENCRYPTION_KEY", &"abc".repeat(22)[..64], "N pattern that does not divide"),
        own("COOKIE_KEYS", &"x".repeat(40), "N one character"),
        own("COOKIE_KEYS", &"secret".repeat(8), "N pattern"),
        own("TRUST_PROXY", "true", "N every peer is believed"),
        own("ADMIN_CORS_ORIGINS", "https://a.example,http://b.example", "N http origin"),
    ]
}

#[test]
fn each_rule_refuses_in_production() {
    for (name, value, label) in violations() {
        let problems = load(changed(&[(name, &value)])).expect_err(label);
        let blamed = match label {
            "N equal keys" => "TWO_FACTOR_ENCRYPTION_KEY",
            "N every peer is believed" => "TRUST_PROXY_CIDRS",
            _ => name,
        };
        assert_eq!(keys(&problems), [blamed], "{label}");
    }
}

#[test]
fn every_key_of_a_list_is_checked() {
    let printed = "3f1c9a5be07d42868b6e1f90c2d7a4583f0e6b1d9c8a72546d3b5f7e1a90c2d4";
    let other = "51c2b7e09f3a4d6688d10b9ee4f2a7c35b6d80f19c2e4a7733e8f5d1b0a96c42";
    let cases = [
        ("SIGNING_KEY_ENCRYPTION_KEY", format!("{SIGNING},{printed}"), "key 2 is printed in documentation"),
        (
            "SIGNING_KEY_ENCRYPTION_KEY",
            format!("{},{SIGNING}", "ab".repeat(32)),
            "key 1 repeats a short pattern",
        ),
        (
            "TWO_FACTOR_ENCRYPTION_KEY",
            format!("{TWO_FACTOR},{SIGNING}"),
            "key 2 equals SIGNING_KEY_ENCRYPTION_KEY",
        ),
        (
            "TWO_FACTOR_ENCRYPTION_KEY",
            format!("{other},{TWO_FACTOR},{printed}"),
            "key 3 is printed in documentation",
        ),
    ];
    for (name, list, message) in cases {
        let problems = load(changed(&[(name, &list)])).expect_err(message);
        let found: Vec<_> = problems.iter().map(|p| (p.key.as_str(), p.message.as_str())).collect();
        assert_eq!(found, [(name, message)]);
        assert!(load(changed(&[(name, &list), ("NODE_ENV", "development")])).is_ok());
    }
    let both = changed(&[
        ("SIGNING_KEY_ENCRYPTION_KEY", &format!("{other},{SIGNING}")),
        ("TWO_FACTOR_ENCRYPTION_KEY", &format!("{SIGNING},{TWO_FACTOR}")),
    ]);
    assert_eq!(load(both).unwrap_err()[0].message, "key 1 equals key 2 of SIGNING_KEY_ENCRYPTION_KEY");
    let good = changed(&[
        ("SIGNING_KEY_ENCRYPTION_KEY", &format!("{other},{SIGNING}")),
        ("TWO_FACTOR_ENCRYPTION_KEY", TWO_FACTOR),
    ]);
    assert!(load(good).is_ok());
}

#[test]
fn a_proxy_has_an_address() {
    let with = |networks: &str| {
        load(changed(&[("TRUST_PROXY", "true"), ("TRUST_PROXY_CIDRS", networks)]))
            .map_err(|problems| keys(&problems).join(" "))
    };
    for everybody in ["", "0.0.0.0/0", "::/0", "10.0.0.0/8, ::/0"] {
        assert_eq!(with(everybody).unwrap_err(), "TRUST_PROXY_CIDRS", "{everybody}");
    }
    for networks in ["10.0.0.0/8", "127.0.0.1", "fd00::/8, 10.0.0.1"] {
        assert!(with(networks).is_ok(), "{networks}");
    }
    assert!(load(changed(&[("TRUST_PROXY", "false")])).is_ok());
}

#[test]
fn what_the_development_example_prints_is_refused_in_production() {
    let example = include_str!("../../../../docker/.env.development.example");
    let printed: Pairs = example
        .lines()
        .filter_map(|line| line.split_once('='))
        .filter(|(name, _)| !name.starts_with('#'))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let secrets = ["COOKIE_KEYS", "SIGNING_KEY_ENCRYPTION_KEY", "TWO_FACTOR_ENCRYPTION_KEY", "DATABASE_URL"];
    for name in secrets {
        let problems = load(changed(&[(name, &printed[name])])).expect_err(name);
        assert_eq!(keys(&problems), [name]);
    }
    assert!(load(printed).is_ok(), "for development it is complete");
}

#[test]
fn a_published_key_is_none_for_cookies_either() {
    let key = "0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef";
    let listed = format!("{COOKIE},3F1C9A5BE07D42868B6E1F90C2D7A4583F0E6B1D9C8A72546D3B5F7E1A90C2D4");
    for value in [key, &listed] {
        assert_eq!(keys(&load(changed(&[("COOKIE_KEYS", value)])).unwrap_err()), ["COOKIE_KEYS"]);
    }
}

#[test]
fn no_rule_speaks_outside_production() {
    for (name, value, label) in violations().into_iter().filter(|(_, value, _)| !value.is_empty()) {
        for environment in ["development", "test"] {
            let config = load(changed(&[(name, &value), ("NODE_ENV", environment)])).expect(label);
            assert_eq!(config.safety.violations, [], "{label}");
        }
    }
}

#[test]
fn the_hatch_starts_and_lists_everything_it_let_through() {
    let config = load(changed(&[
        ("PORTA_SKIP_PROD_SAFETY", "true"),
        ("LOG_LEVEL", "debug"),
        ("SMTP_HOST", "mailhog"),
        ("DATABASE_URL", "postgres://porta:porta_dev@db/porta"),
    ]))
    .unwrap();
    assert!(config.safety.is_skipped);
    assert_eq!(keys(&config.safety.violations), ["DATABASE_URL", "LOG_LEVEL", "SMTP_HOST"]);
    assert!(!format!("{:?}", config.safety).contains("porta_dev"));
}

#[test]
fn the_hatch_does_not_open_for_values_that_cannot_be_used() {
    let problems =
        load(changed(&[("PORTA_SKIP_PROD_SAFETY", "true"), ("TWO_FACTOR_ENCRYPTION_KEY", "")])).unwrap_err();
    assert_eq!(keys(&problems), ["TWO_FACTOR_ENCRYPTION_KEY"]);
}

#[test]
fn a_loopback_issuer_may_speak_http_in_production() {
    for issuer in ["http://localhost:3000", "http://127.0.0.1:3000", "http://[::1]:3000"] {
        assert!(load(changed(&[("ISSUER_BASE_URL", issuer)])).is_ok(), "{issuer}");
    }
}

#[test]
fn embedded_storage_runs_in_production_with_an_issuer_of_its_own() {
    let directory = Directory::new();
    let mut pairs = vec![("NODE_ENV", "production")];
    let problems = Config::load(&Source::of(pairs.clone(), &directory.0), &OsEntropy).unwrap_err();
    assert_eq!(keys(&problems), ["ISSUER_BASE_URL"]);
    assert!(!directory.0.join(".porta").exists(), "nothing is written while something is wrong");
    pairs.push(("ISSUER_BASE_URL", "https://id.example.com"));
    let config = Config::load(&Source::of(pairs, &directory.0), &OsEntropy).unwrap();
    assert!(config.storage.is_embedded());
    assert_eq!(config.server.host, "127.0.0.1");
}
