//! Known hashes of every function, of RFCs and of other implementations.

use std::sync::Arc;

use porta_core::password_hash::ParsedHash;
use porta_core::user::PasswordHash;
use porta_core::{SeededEntropy, TypedPassword};

use crate::password::{HashCost, PasswordCheck, PasswordHasher};
use crate::password_queue::QueuePriority;

const FIREBASE: &str = "$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,\
    sk=jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==\
    $42xEC+ixf3L2lw==$lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==";

/// Passwords and their hashes.
const KNOWN: [(&str, &str); 29] = [
    // The test vectors of Argon2's reference implementation.
    ("password", "$argon2i$m=256,t=2,p=1$c29tZXNhbHQ$/U3YPXYsSb3q9XxHvc0MLxur+GP960kN9j7emXX8zwY"),
    ("password", "$argon2i$v=16$m=256,t=2,p=2$c29tZXNhbHQ$tsEVYKap1h6scGt5ovl9aLRGOqOth+AMB+KwHpDFZPs"),
    ("password", "$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$iekCn0Y3spW+sCcFanM2xBT63UP2sghkUoHLIUpWRS8"),
    ("password", "$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc"),
    // Of argon2-cffi.
    (
        "lantern-Quay-41",
        "$argon2d$v=19$m=104,t=1,p=1$aW1wb3J0ZWQtc2FsdC0xNg$XEXwBDbBUl3Xv8FA3WU93cczUIH0ZV9Jjx+TuvDcPRg",
    ),
    // crypt_blowfish, and jBCrypt.
    ("U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"),
    ("U*U*", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK"),
    ("U*U*U", "$2y$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a"),
    ("", "$2a$06$DCq7YPn5Rq63x1Lad4cll.TV4S6ytwfsfvkgY8jIucDrjc8deX1s."),
    ("a", "$2b$06$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe"),
    (
        "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789chars after 72 are ignored",
        "$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui",
    ),
    // RFC 6070 §2.
    ("password", "$pbkdf2-sha1$i=1$c2FsdA$DGDID5YfDnHzqbUkr2ASBi/gN6Y"),
    ("password", "$pbkdf2-sha1$i=2$c2FsdA$6mwBTcctb4zNHtkqzh1B8NjeiVc"),
    ("password", "$pbkdf2-sha1$i=4096$c2FsdA$SwB5AbdlSJq+rUnZJvch0GWkKcE"),
    (
        "passwordPASSWORDpassword",
        "$pbkdf2$4096$c2FsdFNBTFRzYWx0U0FMVHNhbHRTQUxUc2FsdFNBTFRzYWx0$PS7sT.QchJuAyNg2YsDkSospGpZM8vBwOA",
    ),
    ("pass\0word", "$pbkdf2-sha1$i=4096,l=16$c2EAbHQ$Vvpqp1VICZ3MN9fwNCXgww"),
    // RFC 7914 §11.
    (
        "passwd",
        "$pbkdf2-sha256$i=1$c2FsdA\
         $VawEblbjCJ/sFpHCJUS2BflBhSFt3gRl5oudV8INrLxJypzM8Xm2RZkWZLOdd+8xfHG4RbHjC9UJESBB06GXgw",
    ),
    (
        "Password",
        "$pbkdf2-sha256$i=80000$TmFDbA\
         $TdzY9guYviGDDO5e8icB+WQaRBjQTAQUrv8Ih2s0q1ah1CWhIlgzVJrbhBtRybMXaicr3ruh0HhHj2Kzl/M8jQ",
    ),
    // passlib, and Django.
    ("password", "$pbkdf2-sha256$1212$4vjV83LKPjQzk31VI4E0Vw$hsYF68OiOUPdDZ1Fg.fJPeq1h/gXXY7acBp9/6c.tmQ"),
    (
        "password",
        "$pbkdf2-sha512$1212$RHY0Fr3IDMSVO/RSZyb5ow\
         $eNLfBK.eVozomMr.1gYa17k9B7KIK25NOEshvhrSX.esqY3s.FvWZViXz4KoLlQI.BzY/YTNJOiKc5gBYFYGww",
    ),
    ("not a password", "pbkdf2_sha256$10000$kjVJaVz6qsnJ$5yPHw3rwJGECpUf70daLGhOrQ5+AMxIJdz1c3bqK1Rs="),
    // RFC 7914 §12.
    (
        "password",
        "$scrypt$ln=10,r=8,p=16$TmFDbA\
         $/bq+HJ00cgB4VucZDQHp/nxq18vII3gw53N2Y0s3MWIurzDZLiKjiG/xCSedmDDaxyevuUqD7m2DYMvfoswGQA",
    ),
    (
        "pleaseletmein",
        "$scrypt$ln=14,r=8,p=1$U29kaXVtQ2hsb3JpZGU\
         $cCO9yzr9c0hGHAbNgf046/2o+7qQT44+qbVD9lRdofLVQylVYT8Pz2LUlwUkKpr55h6F3A1lHkDfzwF7RVdYhw",
    ),
    // The example of Firebase's scrypt utility.
    ("user1password", FIREBASE),
    // Directories: OpenLDAP's and passlib's examples.
    ("testing123", "{SSHA}0c0blFTXXNuAMHECS4uxrj3ZieMoWImr"),
    ("secret", "{SSHA}0H+zTv8o4MR4H43n03eCsvw1luG8LdB7"),
    ("password", "{SSHA256}x1tymSTVjozxQ2PtT46ysrzhZxbcskK0o2f8hEFx7fAQQmhtDSEkJA=="),
    ("lantern-Quay-41", "{SSHA256}m5GpWUxbYC3TFM2Pw03nGVFLjeV9zxNKg0ifBuoJIDdpbXBvcnRlZA=="),
    (
        "lantern-Quay-41",
        "{SSHA512}2FI4hKReVt1Hy4St1GDVl/LTHYtDFXMMjTEc4D4/+Hv1LM1jpJNzqgeRohT3uDe00pOYFC8rQeuSyemVa/kZbWltcG9ydGVk",
    ),
];

fn hasher() -> PasswordHasher {
    let cost = HashCost { memory_kib: 64, iterations: 1, parallelism: 1 };
    PasswordHasher::start(cost, 1, 8, Arc::new(SeededEntropy::new(1))).unwrap()
}

async fn check(hasher: &PasswordHasher, typed: &str, hash: &str) -> PasswordCheck {
    let stored = PasswordHash::import(hash).unwrap();
    hasher.verify(TypedPassword::new(typed), &stored, QueuePriority::PROVEN).await.unwrap()
}

#[tokio::test]
async fn known_hashes_match_and_are_outdated() {
    let hasher = hasher();
    for (password, hash) in KNOWN {
        let right = PasswordCheck { matches: true, outdated: true };
        assert_eq!(check(&hasher, password, hash).await, right, "{hash}");
    }
}

#[tokio::test]
async fn another_password_does_not_match() {
    let hasher = hasher();
    for (password, hash) in KNOWN {
        let (before, after) = (format!("x{password}"), format!("{password}x"));
        let cut: String = password.chars().skip(1).collect();
        for wrong in [before.as_str(), after.as_str(), cut.as_str(), "another"] {
            // bcrypt ignores what follows 72 bytes.
            let is_ignored = hash.starts_with("$2") && password.len() > 72 && wrong == after;
            if wrong != password && !is_ignored {
                assert!(!check(&hasher, wrong, hash).await.matches, "{wrong:?}: {hash}");
            }
        }
    }
}

/// Each bit of salt and output counts.
#[tokio::test]
async fn a_hash_with_one_changed_bit_does_not_match() {
    let hasher = hasher();
    // One of each function.
    for n in [0, 4, 5, 11, 16, 19, 22, 23, 24, 26, 28] {
        let (password, hash) = KNOWN[n];
        let parsed = ParsedHash::of_stored(&PasswordHash::import(hash).unwrap()).unwrap();
        let bits = parsed.output.len() * 8;
        for bit in [0, bits / 2, bits - 8, bits - 1] {
            let mut changed = parsed.clone();
            changed.output[bit / 8] ^= 1 << (bit % 8);
            assert!(!matches(&hasher, password, changed).await, "bit {bit} of {hash}");
        }
        let mut changed = parsed.clone();
        changed.salt[0] ^= 1;
        assert!(!matches(&hasher, password, changed).await, "salt of {hash}");
        assert!(matches(&hasher, password, parsed).await, "{hash}");
    }
}

async fn matches(hasher: &PasswordHasher, password: &str, stored: ParsedHash) -> bool {
    hasher.verify_parsed(TypedPassword::new(password), stored, QueuePriority::PROVEN).await.unwrap().matches
}

/// Firebase's hash is compared in all its length, not only where scrypt's key decides.
#[tokio::test]
async fn another_signer_key_does_not_match() {
    let hasher = hasher();
    for (from, to) in [("sk=jxsp", "sk=jxsq"), ("J9WmXA==", "J9WmXQ=="), ("ss=Bw==", "ss=CA==")] {
        assert!(FIREBASE.contains(from));
        let stored = FIREBASE.replacen(from, to, 1);
        assert!(!check(&hasher, "user1password", &stored).await.matches, "{to}");
    }
    let exported = FIREBASE.replacen("42xEC+ixf3L2lw==", "42xEC-ixf3L2lw", 1);
    assert!(
        check(&hasher, "user1password", &exported).await.matches,
        "the alphabet of URLs, without padding"
    );
}

#[tokio::test]
async fn bcrypt_reads_72_bytes() {
    let hasher = hasher();
    let first = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    let hash = "$2b$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui";
    assert_eq!(first.len(), 72);
    for right in [first.to_owned(), format!("{first}x"), format!("{first}{}", "é".repeat(900))] {
        assert!(check(&hasher, &right, hash).await.matches, "{}", right.len());
    }
    for wrong in [&first[..71], &format!("{}x", &first[..71]), ""] {
        assert!(!check(&hasher, wrong, hash).await.matches, "{wrong}");
    }
}

/// bcrypt repeats the password with a NUL after it, so that these would be one password.
#[tokio::test]
async fn a_nul_is_part_of_no_password_of_bcrypt() {
    let hasher = hasher();
    for (password, hash) in [
        ("a", "$2b$06$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe"),
        ("", "$2a$06$DCq7YPn5Rq63x1Lad4cll.TV4S6ytwfsfvkgY8jIucDrjc8deX1s."),
    ] {
        let before = hasher.work();
        assert!(check(&hasher, password, hash).await.matches);
        let work = hasher.work() - before;
        for typed in [format!("{password}\0{password}"), format!("{password}\0")] {
            let before = hasher.work();
            assert!(!check(&hasher, &typed, hash).await.matches, "{typed:?}");
            assert_eq!(hasher.work() - before, work, "it takes as long");
        }
    }
}

/// The longest text that a form lets through, and the texts that cannot be chosen here.
#[tokio::test]
async fn any_typed_text_is_judged() {
    let hasher = hasher();
    for n in [0, 5, 11, 16, 19, 24] {
        let (_, hash) = KNOWN[n];
        for typed in [String::new(), "\0".to_owned(), "\u{feff}\r\n".to_owned(), "x".repeat(100_000)] {
            let is_right = KNOWN[n].0 == typed;
            assert_eq!(check(&hasher, &typed, hash).await.matches, is_right, "{hash}");
        }
    }
}

#[tokio::test]
async fn a_dummy_takes_the_steps_of_its_function_and_matches_nothing() {
    let hasher = hasher();
    for (password, hash) in KNOWN {
        let before = hasher.work();
        let typed = TypedPassword::new(password);
        let stored = PasswordHash::import(hash).unwrap();
        assert!(check(&hasher, password, hash).await.matches);
        let work = hasher.work() - before;
        let function = ParsedHash::of_stored(&stored).unwrap().function;
        let decoy = hasher.verify_dummy(typed, function, QueuePriority::PROVEN).await;
        assert_eq!(decoy, Ok(PasswordCheck { matches: false, outdated: false }));
        assert_eq!(hasher.work() - before, 2 * work, "{hash}");
    }
}
