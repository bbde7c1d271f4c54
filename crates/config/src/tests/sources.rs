use super::*;
use crate::StorageConfig;

fn with_dotenv(pairs: Pairs, dotenv: &str) -> Source<'static> {
    Source::new(move |name| pairs.get(name).cloned(), Some(dotenv), "/nonexistent")
}

fn load_from(source: &Source<'_>) -> Result<Config, Vec<Problem>> {
    Config::load(source, &SeededEntropy::new(1))
}

#[test]
fn the_process_environment_wins_over_dotenv_and_dotenv_fills_gaps() {
    let config =
        load_from(&with_dotenv(changed(&[("PORT", "4000"), ("LOG_LEVEL", "")]), "PORT=5000\nLOG_LEVEL=warn"))
            .unwrap();
    assert_eq!(config.server.port, 4000);
    assert_eq!(config.log.level, LogLevel::Warn, "an empty variable counts as unset");
}

#[test]
fn problems_of_dotenv_are_reported_with_the_others() {
    let problems = load_from(&with_dotenv(changed(&[("PORT", "x")]), "oops\nA='b")).unwrap_err();
    assert_eq!(keys(&problems), [".env line 1", ".env line 2", "PORT"]);
}

#[test]
fn every_secret_can_come_from_a_file() {
    let directory = Directory::new();
    let mut pairs = changed(&[("SMTP_USER", "porta")]);
    pairs.insert("SMTP_PASS".to_owned(), "mail pass ".to_owned());
    pairs.insert("REDIS_SENTINELS".to_owned(), "one.internal".to_owned());
    pairs.insert("REDIS_SENTINEL_PASSWORD".to_owned(), "s3ntinel".to_owned());
    pairs.insert("OTEL_EXPORTER_OTLP_ENDPOINT".to_owned(), "https://collector.example".to_owned());
    pairs.insert("OTEL_EXPORTER_OTLP_HEADERS".to_owned(), "authorization=Basic abc".to_owned());
    let secret_names: Vec<&str> =
        Config::reference().into_iter().filter(|v| v.secret).map(|variable| variable.name).collect();
    assert_eq!(secret_names.len(), 8);
    for name in secret_names {
        let value = pairs.remove(name).unwrap();
        let path = directory.write(name, &format!("{value}\n"));
        pairs.insert(format!("{name}_FILE"), path);
    }
    let config = load(pairs).unwrap();
    assert_eq!(config.smtp.unwrap().credentials.unwrap().password.expose_secret(), "mail pass ");
    assert_eq!(config.traces.unwrap().headers[0].1.expose_secret(), "Basic abc");
    assert_eq!(config.secrets.cookie_keys[0].expose_secret(), COOKIE);
    assert_eq!(porta_core::secret::hex(&config.secrets.signing_key_encryption_keys.expose()[0]), SIGNING);
}

#[test]
fn a_byte_order_mark_is_no_part_of_a_secret() {
    let directory = Directory::new();
    for text in [format!("\u{feff}{COOKIE}"), format!("\u{feff}{COOKIE}\r\n")] {
        let file = directory.write("keys", &text);
        let config = load(changed(&[("COOKIE_KEYS", ""), ("COOKIE_KEYS_FILE", &file)])).unwrap();
        assert_eq!(config.secrets.cookie_keys[0].expose_secret(), COOKIE, "{text:?}");
    }
    let file = directory.write("keys", "\u{feff}\n");
    let problems = load(changed(&[("COOKIE_KEYS", ""), ("COOKIE_KEYS_FILE", &file)])).unwrap_err();
    assert_eq!(keys(&problems), ["COOKIE_KEYS_FILE"], "nothing else is in it");
}

#[test]
fn a_secret_in_both_forms_is_a_problem() {
    let directory = Directory::new();
    let file = directory.write("keys", COOKIE);
    let problems = load(changed(&[("COOKIE_KEYS_FILE", &file)])).unwrap_err();
    assert_eq!(keys(&problems), ["COOKIE_KEYS"]);
}

#[test]
fn a_file_in_the_process_environment_wins_over_a_value_in_dotenv() {
    let directory = Directory::new();
    let file = directory.write("keys", COOKIE);
    let pairs = changed(&[("COOKIE_KEYS", ""), ("COOKIE_KEYS_FILE", &file)]);
    let config = load_from(&with_dotenv(pairs, "COOKIE_KEYS=another-key-of-more-than-sixteen")).unwrap();
    assert_eq!(config.secrets.cookie_keys[0].expose_secret(), COOKIE);
}

#[test]
fn a_file_that_cannot_be_used_is_named_and_its_variable_is_not_called_missing() {
    let directory = Directory::new();
    let empty = directory.write("empty", "\n");
    for path in ["/nonexistent/secret", &empty] {
        for name in ["DATABASE_URL", "REDIS_URL", "COOKIE_KEYS", "TWO_FACTOR_ENCRYPTION_KEY"] {
            let file = format!("{name}_FILE");
            let problems = load(changed(&[(name, ""), (&file, path)])).unwrap_err();
            assert_eq!(keys(&problems), [file.as_str()]);
        }
    }
}

#[test]
fn file_forms_exist_for_secrets_only() {
    let config = load(changed(&[("PORT_FILE", "/nonexistent")])).unwrap();
    assert_eq!(config.server.port, 3000);
}

#[test]
fn urls_lose_the_blanks_around_them() {
    let source = Source::of([("DATABASE_URL", " postgres://u:p@h/d ")], "/");
    let StorageConfig::Postgres(postgres) = StorageConfig::load(&source).unwrap() else { panic!() };
    assert_eq!(postgres.url.expose_secret(), "postgres://u:p@h/d");
}

#[test]
fn the_console_is_at_an_origin() {
    let load = |given: &str| Config::load_console_url(&Source::of([("PORTA_ADMIN_PUBLIC_URL", given)], "/"));
    assert_eq!(load("").unwrap(), "http://localhost:4002", "it is not set");
    assert_eq!(load("https://Admin.example.com:443").unwrap(), "https://admin.example.com");
    for bad in ["admin.example.com", "https://admin.example.com/", "https://example.com/admin"] {
        assert_eq!(keys(&load(bad).unwrap_err()), ["PORTA_ADMIN_PUBLIC_URL"], "{bad}");
    }
}

#[test]
fn bytes_that_are_not_text_are_a_problem() {
    let problems = load(changed(&[("SMTP_FROM", "\u{fffd}@example.com")])).unwrap_err();
    assert_eq!(problems[0].key, "SMTP_FROM");
}
