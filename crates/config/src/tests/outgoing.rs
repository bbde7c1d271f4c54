//! Outgoing connections: trusted roots, poolers and sentinels.

use porta_trust::Roots;
use rstest::rstest;

use super::*;
use crate::StorageConfig;

const ONE: &str = include_str!("../../../trust/testdata/isrg-root-x2.pem");
const OTHER: &str = include_str!("../../../trust/testdata/amazon-root-ca-3.pem");
/// Not in the store of any machine, as the public ones are.
const PRIVATE: &str = include_str!("../../../trust/testdata/private-root.pem");
const KEY: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAAA\n-----END PRIVATE KEY-----\n";

/// The trusted roots of every way to read the storage; they must not differ.
fn roots(pairs: &Pairs) -> Result<Roots, Vec<Problem>> {
    let config = load(pairs.clone())?;
    let source = Source::of(pairs.clone(), "/nonexistent");
    let alone = Config::load_roots(&source)?;
    let StorageConfig::Postgres(postgres) = StorageConfig::load(&source)? else { panic!("{pairs:?}") };
    let Storage::Production { redis, .. } = Storage::load(&source)? else { panic!("{pairs:?}") };
    for other in [&alone, &postgres.roots, &redis.roots] {
        assert_eq!(other.pem(), config.roots.pem());
    }
    Ok(config.roots)
}

#[test]
fn an_authority_of_ones_own_is_believed_beside_those_of_the_machine() {
    let directory = Directory::new();
    let ours = directory.write("ca.pem", PRIVATE);
    let machine = Roots::system();
    assert_eq!(roots(&production()).unwrap().pem(), machine.pem());
    let both = roots(&changed(&[("PORTA_CA_FILE", &ours)])).unwrap();
    assert_eq!(both.pem(), [machine.pem(), PRIVATE].concat());
    let two = directory.write("two.pem", &format!("\u{feff}# ours\r\n{PRIVATE}{OTHER}"));
    let both = roots(&changed(&[("PORTA_CA_FILE", &two)])).unwrap();
    assert!(both.pem().contains(PRIVATE.trim_end()) && both.pem().contains(OTHER.trim_end()));
}

#[test]
fn the_store_of_the_machine_can_be_replaced_and_added_to() {
    let directory = Directory::new();
    let file = directory.write("store.pem", &format!("{KEY}{ONE}"));
    let ours = directory.write("ca.pem", OTHER);
    let of_directory = Directory::new();
    of_directory.write("other.pem", OTHER);
    let place = of_directory.0.display().to_string();
    let empty = Directory::new();
    let places = format!("{}:{place}", empty.0.display());
    let (file, ours, place) = (file.as_str(), ours.as_str(), place.as_str());
    for (pairs, expected) in [
        (vec![("SSL_CERT_FILE", file)], ONE.to_owned()),
        (vec![("SSL_CERT_DIR", place)], OTHER.to_owned()),
        (vec![("SSL_CERT_DIR", places.as_str())], OTHER.to_owned()),
        (vec![("SSL_CERT_FILE", file), ("SSL_CERT_DIR", place)], [ONE, OTHER].concat()),
        (vec![("SSL_CERT_FILE", file), ("PORTA_CA_FILE", ours)], [ONE, OTHER].concat()),
        (vec![("SSL_CERT_DIR", place), ("PORTA_CA_FILE", ours)], OTHER.to_owned()),
    ] {
        assert_eq!(roots(&changed(&pairs)).unwrap().pem(), expected, "{pairs:?}");
    }
}

#[test]
fn an_empty_variable_replaces_nothing() {
    let unset = changed(&[("SSL_CERT_FILE", ""), ("SSL_CERT_DIR", " "), ("PORTA_CA_FILE", "")]);
    assert_eq!(roots(&unset).unwrap().pem(), Roots::system().pem());
}

#[rstest]
#[case::missing("PORTA_CA_FILE", None, "cannot be read")]
#[case::missing_store("SSL_CERT_FILE", None, "cannot be read")]
#[case::missing_directory("SSL_CERT_DIR", None, "cannot be read")]
#[case::empty("PORTA_CA_FILE", Some(""), "holds no certificate")]
#[case::text("PORTA_CA_FILE", Some("our authority"), "holds no certificate")]
#[case::key("PORTA_CA_FILE", Some(KEY), "holds no certificate")]
#[case::cut_off("PORTA_CA_FILE", Some(&ONE[..300]), "1 of the certificates")]
#[case::no_certificate(
    "PORTA_CA_FILE",
    Some("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
    "1 of the"
)]
#[case::empty_store("SSL_CERT_FILE", Some(""), "holds no certificate")]
#[case::key_store("SSL_CERT_FILE", Some(KEY), "holds no certificate")]
#[case::cut_off_store("SSL_CERT_FILE", Some(&ONE[..300]), "holds no certificate")]
#[case::a_file_is_no_directory("SSL_CERT_DIR", Some(ONE), "cannot be read")]
fn what_cannot_be_believed_stops_the_start(
    #[case] name: &str,
    #[case] text: Option<&str>,
    #[case] message: &str,
) {
    let directory = Directory::new();
    let path = match text {
        Some(text) => directory.write("named", text),
        None => "missing.pem".to_owned(),
    };
    let problems = roots(&changed(&[(name, &path)])).unwrap_err();
    assert_eq!(keys(&problems), [name], "once, however many connections would need it: {problems:?}");
    assert!(problems[0].message.contains(message), "{problems:?}");
    assert!(!problems[0].remedy.is_empty());
}

#[test]
fn one_damaged_certificate_among_others_is_told_where_it_was_meant_and_passed_over_in_a_store() {
    let directory = Directory::new();
    let path = directory.write("both.pem", &format!("{OTHER}{}", &ONE[..300]));
    let problems = roots(&changed(&[("PORTA_CA_FILE", &path)])).unwrap_err();
    assert_eq!(keys(&problems), ["PORTA_CA_FILE"]);
    assert_eq!(roots(&changed(&[("SSL_CERT_FILE", &path)])).unwrap().pem(), OTHER);
}

#[test]
fn directories_without_a_certificate_stop_the_start_unless_a_file_has_some() {
    let directory = Directory::new();
    let file = directory.write("store.pem", ONE);
    let empty = Directory::new();
    empty.write("README", "Authorities of ours");
    let place = empty.0.display().to_string();
    assert_eq!(keys(&roots(&changed(&[("SSL_CERT_DIR", &place)])).unwrap_err()), ["SSL_CERT_DIR"]);
    let both = roots(&changed(&[("SSL_CERT_FILE", &file), ("SSL_CERT_DIR", &place)]));
    assert_eq!(both.unwrap().pem(), ONE);
}

#[test]
fn embedded_storage_believes_the_same() {
    let directory = Directory::new();
    let ours = directory.write("ca.pem", ONE);
    let load = |path: &str| {
        let source = Source::of([("SSL_CERT_FILE", path)], &directory.0);
        Config::load(&source, &OsEntropy)
    };
    assert_eq!(load(&ours).unwrap().roots.pem(), ONE);
    assert_eq!(load("ca.pem").unwrap().roots.pem(), ONE, "relative paths begin at the working directory");
    assert_eq!(keys(&load("missing.pem").unwrap_err()), ["SSL_CERT_FILE"]);
}

#[test]
fn sentinels_are_read_in_every_form_of_an_address() {
    let list = "one.internal, two.internal:26380,10.0.0.3,[fd00::7]:26381,[fd00::8]";
    let config =
        load(changed(&[("REDIS_SENTINELS", list), ("REDIS_SENTINEL_PASSWORD", "s3ntinel")])).unwrap();
    assert!(!format!("{config:?}").contains("s3ntinel"));
    let Storage::Production { redis, .. } = config.storage else { panic!() };
    let sentinels = redis.sentinels.unwrap();
    let addresses: Vec<_> = sentinels.addresses.iter().map(|(host, port)| (host.as_str(), *port)).collect();
    let expected = [
        ("one.internal", 26_379),
        ("two.internal", 26_380),
        ("10.0.0.3", 26_379),
        ("fd00::7", 26_381),
        ("fd00::8", 26_379),
    ];
    assert_eq!(addresses, expected);
    assert_eq!(sentinels.password.unwrap().expose_secret(), "s3ntinel");
}

#[test]
fn a_pooler_is_said_for_everything_that_opens_the_database() {
    let source = Source::of(changed(&[("DB_POOLER", "Transaction")]), "/nonexistent");
    let StorageConfig::Postgres(postgres) = StorageConfig::load(&source).unwrap() else { panic!() };
    assert_eq!(postgres.pooler, Pooler::Transaction);
    let Storage::Production { postgres, .. } = Storage::load(&source).unwrap() else { panic!() };
    assert_eq!(postgres.pooler, Pooler::Transaction);
}

#[test]
fn an_ipv6_address_is_a_host() {
    for url in ["postgres://u:p@[::1]:5432/porta", "postgresql://u:p@[2001:db8::1]/porta?sslmode=verify-full"]
    {
        let config = load(changed(&[("DATABASE_URL", url)])).unwrap();
        let Storage::Production { postgres, .. } = config.storage else { panic!() };
        assert_eq!(postgres.url.expose_secret(), url);
    }
}
