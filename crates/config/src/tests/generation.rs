use std::os::unix::fs::PermissionsExt;
use std::sync::Barrier;

use super::*;
use crate::Secrets;

fn mode(path: &std::path::Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn load_in(directory: &Directory, pairs: &[(&str, &str)]) -> Result<Secrets, Vec<Problem>> {
    Secrets::load(&Source::of(pairs.iter().copied(), &directory.0), &OsEntropy)
}

fn exposed(secrets: &Secrets) -> (String, Vec<[u8; 32]>, Vec<[u8; 32]>) {
    (
        secrets.cookie_keys[0].expose_secret().to_owned(),
        secrets.signing_key_encryption_keys.expose().to_vec(),
        secrets.two_factor_encryption_keys.expose().to_vec(),
    )
}

#[test]
fn the_first_start_generates_and_later_ones_agree() {
    let directory = Directory::new();
    let first = exposed(&load_in(&directory, &[]).unwrap());
    let second = exposed(&load_in(&directory, &[]).unwrap());
    assert_eq!(first, second);
    assert_ne!(first.1, first.2);
    assert_eq!(first.0.len(), 64);
    let data_dir = directory.0.join(".porta");
    assert_eq!((mode(&data_dir), mode(&data_dir.join("secrets.env"))), (0o700, 0o600));
    assert_eq!(std::fs::read_dir(&data_dir).unwrap().count(), 1, "no draft is left behind");
}

#[test]
fn many_first_starts_at_once_agree_on_one_set() {
    for _ in 0..20 {
        let directory = Directory::new();
        let barrier = Barrier::new(8);
        let all: Vec<_> = std::thread::scope(|scope| {
            let start = || {
                barrier.wait();
                exposed(&load_in(&directory, &[]).unwrap())
            };
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(start)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(all.windows(2).all(|pair| pair[0] == pair[1]));
        assert_eq!(std::fs::read_dir(directory.0.join(".porta")).unwrap().count(), 1);
    }
}

#[test]
fn given_secrets_win_and_a_full_set_writes_nothing() {
    let directory = Directory::new();
    let generated = exposed(&load_in(&directory, &[]).unwrap());
    let mixed = exposed(&load_in(&directory, &[("COOKIE_KEYS", COOKIE)]).unwrap());
    assert_eq!(mixed, (COOKIE.to_owned(), generated.1, generated.2));

    let other = Directory::new();
    let full = [
        ("COOKIE_KEYS", COOKIE),
        ("SIGNING_KEY_ENCRYPTION_KEY", SIGNING),
        ("TWO_FACTOR_ENCRYPTION_KEY", TWO_FACTOR),
    ];
    load_in(&other, &full).unwrap();
    assert!(!other.0.join(".porta").exists());
}

#[test]
fn a_damaged_file_is_refused_and_never_replaced() {
    for damage in
        ["", "COOKIE_KEYS=x", "nonsense", "COOKIE_KEYS=0123456789abcdef0123\nSIGNING_KEY_ENCRYPTION_KEY=1"]
    {
        let directory = Directory::new();
        load_in(&directory, &[]).unwrap();
        let path = directory.0.join(".porta/secrets.env");
        std::fs::write(&path, damage).unwrap();
        let problems = load_in(&directory, &[]).unwrap_err();
        assert!(problems[0].key.ends_with("secrets.env"), "{problems:?}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), damage);
    }
}

#[test]
fn a_file_that_others_may_read_is_closed_again() {
    let directory = Directory::new();
    load_in(&directory, &[]).unwrap();
    let path = directory.0.join(".porta/secrets.env");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    load_in(&directory, &[]).unwrap();
    assert_eq!(mode(&path), 0o600);
}

#[test]
fn a_data_directory_that_cannot_be_made_is_a_problem() {
    let directory = Directory::new();
    directory.write("file", "");
    let problems = load_in(&directory, &[("PORTA_DATA_DIR", "file/below")]).unwrap_err();
    assert!(problems[0].key.ends_with("file/below/secrets.env"), "{problems:?}");
}

#[test]
fn a_directory_that_exists_keeps_its_mode() {
    let directory = Directory::new();
    let data_dir = directory.0.join("shared");
    std::fs::create_dir(&data_dir).unwrap();
    std::fs::set_permissions(&data_dir, std::fs::Permissions::from_mode(0o755)).unwrap();
    load_in(&directory, &[("PORTA_DATA_DIR", "shared")]).unwrap();
    assert_eq!((mode(&data_dir), mode(&data_dir.join("secrets.env"))), (0o755, 0o600));
}

#[test]
fn commands_that_make_signing_keys_need_no_other_secret() {
    let directory = Directory::new();
    let production = [
        ("DATABASE_URL", "postgres://porta@db/porta"),
        ("REDIS_URL", "redis://kv"),
        ("SIGNING_KEY_ENCRYPTION_KEY", &"ab".repeat(32)),
    ];
    let keys = Secrets::load_signing_keys(&Source::of(production, &directory.0), &OsEntropy).unwrap();
    assert_eq!(keys.expose(), [[0xab; 32]]);
    let missing = Source::of(production.into_iter().take(2), &directory.0);
    let problems = Secrets::load_signing_keys(&missing, &OsEntropy).unwrap_err();
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert_eq!(problems[0].key, "SIGNING_KEY_ENCRYPTION_KEY");

    let none: [(&str, &str); 0] = [];
    let embedded = Source::of(none, &directory.0);
    let first = Secrets::load_signing_keys(&embedded, &OsEntropy).unwrap();
    let all = Secrets::load(&embedded, &OsEntropy).unwrap();
    assert_eq!(first.expose(), all.signing_key_encryption_keys.expose());
}

#[test]
fn a_generated_file_may_be_given_a_newer_key() {
    let directory = Directory::new();
    let before = exposed(&load_in(&directory, &[]).unwrap());
    let path = directory.0.join(".porta/secrets.env");
    let text = std::fs::read_to_string(&path).unwrap();
    let name = "SIGNING_KEY_ENCRYPTION_KEY=";
    std::fs::write(&path, text.replace(name, &format!("{name}{SIGNING},"))).unwrap();
    let after = exposed(&load_in(&directory, &[]).unwrap());
    assert_eq!((&after.0, &after.2), (&before.0, &before.2));
    assert_eq!(porta_core::secret::hex(&after.1[0]), SIGNING);
    assert_eq!(after.1[1..], before.1);
    // One unusable key makes the file unusable, which is reported; the file is not replaced.
    std::fs::write(&path, text.replace(name, &format!("{name},"))).unwrap();
    let problems = load_in(&directory, &[]).unwrap_err();
    assert!(problems[0].key.ends_with("secrets.env"), "{problems:?}");
}

#[test]
fn the_command_that_seals_anew_reads_both_lists_and_makes_none() {
    let load = |pairs: &[(&str, &str)], directory: &Directory| {
        Secrets::load_sealing(&Source::of(pairs.iter().copied(), &directory.0))
    };
    let directory = Directory::new();
    let database = [("DATABASE_URL", "postgres://porta@db/porta"), ("REDIS_URL", "redis://kv")];
    let both = format!("{TWO_FACTOR},{SIGNING}");
    let given = [
        database[0],
        database[1],
        ("SIGNING_KEY_ENCRYPTION_KEY", SIGNING),
        ("TWO_FACTOR_ENCRYPTION_KEY", &both),
    ];
    let secrets = load(&given, &directory).unwrap();
    assert_eq!((secrets.signing.expose().len(), secrets.two_factor.expose().len()), (1, 2));
    assert_eq!(keys(&load(&given[..3], &directory).unwrap_err()), ["TWO_FACTOR_ENCRYPTION_KEY"]);
    assert_eq!(load(&database, &directory).unwrap_err().len(), 2);
    // Nothing was ever encrypted here.
    assert_eq!(load(&[], &directory).unwrap_err().len(), 2);
    assert!(!directory.0.join(".porta").exists());
    let generated = load_in(&directory, &[]).unwrap();
    let secrets = load(&[("TWO_FACTOR_ENCRYPTION_KEY", &both)], &directory).unwrap();
    assert_eq!(secrets.signing.expose(), generated.signing_key_encryption_keys.expose());
    assert_eq!(secrets.two_factor.expose().len(), 2);
}
