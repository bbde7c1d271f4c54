use proptest::prelude::*;

use super::*;

/// One text of each form, and what the message of a refusal calls it.
const EACH_FORM: [(&str, HashForm); 16] = [
    (
        "$argon2d$v=19$m=104,t=1,p=1$aW1wb3J0ZWQtc2FsdC0xNg$XEXwBDbBUl3Xv8FA3WU93cczUIH0ZV9Jjx+TuvDcPRg",
        HashForm::Argon2d,
    ),
    ("$argon2i$m=256,t=2,p=1$c29tZXNhbHQ$/U3YPXYsSb3q9XxHvc0MLxur+GP960kN9j7emXX8zwY", HashForm::Argon2i),
    (
        "$argon2id$v=19$m=112,t=2,p=2$aW1wb3J0ZWQtc2FsdC0xNg$wlbVOyZvMvid+y8WHRGCBRkqH8Q1BHKfTBMVHMxjRxQ",
        HashForm::Argon2id,
    ),
    ("$2a$05$abcdefghijklmnopqrstuuc5h5sGGHxQXM86arr2SuWka3h3iQNOO", HashForm::Bcrypt),
    ("$2b$05$abcdefghijklmnopqrstuuc5h5sGGHxQXM86arr2SuWka3h3iQNOO", HashForm::Bcrypt),
    ("$2y$05$abcdefghijklmnopqrstuuc5h5sGGHxQXM86arr2SuWka3h3iQNOO", HashForm::Bcrypt),
    ("$pbkdf2-sha1$i=1100$aW1wb3J0ZWQtc2FsdC0xNg$Fj87r/ie/UjICINSwr/Zg1aSyjw", HashForm::Pbkdf2),
    (
        "$pbkdf2-sha256$i=1200,l=64$aW1wb3J0ZWQtc2FsdC0xNg\
         $ViHQ3Q8PVhqNFMkWI8RmUlKUw3qTFzXyD+WuJPIXK0uQdoXQEZ6DlvZVS17qkjoyx2bOoNR4EQR+jbD5fdj7tQ",
        HashForm::Pbkdf2,
    ),
    ("$pbkdf2$1200$aW1wb3J0ZWQtc2FsdC0xNg$0B5QztqYUmNqRw3WlzNRAbqLx90", HashForm::Pbkdf2),
    (
        "$pbkdf2-sha256$1212$4vjV83LKPjQzk31VI4E0Vw$hsYF68OiOUPdDZ1Fg.fJPeq1h/gXXY7acBp9/6c.tmQ",
        HashForm::Pbkdf2,
    ),
    (
        "$pbkdf2-sha512$1212$RHY0Fr3IDMSVO/RSZyb5ow\
         $eNLfBK.eVozomMr.1gYa17k9B7KIK25NOEshvhrSX.esqY3s.FvWZViXz4KoLlQI.BzY/YTNJOiKc5gBYFYGww",
        HashForm::Pbkdf2,
    ),
    ("pbkdf2_sha256$1300$kjVJaVz6qsnJ$Y6Q9E003jb4SPzsSkZwBMsvz0DDT6n2X31vkUV4GVpQ=", HashForm::Pbkdf2),
    (
        "$scrypt$ln=4,r=8,p=1$aW1wb3J0ZWQtc2FsdC0xNg$ixCtW1r/61hxT2Dz9IBArCwX29gJo6chQ3UjTCSiYLA",
        HashForm::Scrypt,
    ),
    (FIREBASE, HashForm::FirebaseScrypt),
    ("{SSHA}vPxnBWZhUQZtiR7A+jYmHsn1FSlpbXBvcnRlZA==", HashForm::SaltedSha),
    ("{ssha256}m5GpWUxbYC3TFM2Pw03nGVFLjeV9zxNKg0ifBuoJIDdpbXBvcnRlZA==", HashForm::SaltedSha),
];

const FIREBASE: &str = "$fbscrypt$v=1,n=5,r=4,p=1,ss=Bw==,\
    sk=jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==\
    $aW1wb3J0ZWQtcw==$eR3w9eMvB0enCdwBm5cCOtW+YqwDG8N0bZkDwU0OxnkDkOvdGb9SC6ndbmxKLMOaHopmZ+bqFqshVEHz9VlGGQ==";

const BCRYPT_REST: &str = "abcdefghijklmnopqrstuuc5h5sGGHxQXM86arr2SuWka3h3iQNOO";

fn function(text: &str) -> HashFunction {
    ParsedHash::of_stored(&PasswordHash::import(text).unwrap()).unwrap().function
}

fn refused(text: &str) -> String {
    PasswordHash::import(text).unwrap_err().to_string()
}

#[test]
fn every_form_is_read_and_kept_as_it_is() {
    for (text, form) in EACH_FORM {
        assert_eq!(PasswordHash::import(text).map(|hash| hash.as_str().to_owned()), Ok(text.to_owned()));
        assert_eq!(function(text).form(), form, "{text}");
    }
}

#[test]
fn what_the_texts_say() {
    let argon2 = |variant, version, memory_kib, iterations, parallelism| {
        HashFunction::Argon2(Argon2Cost { variant, version, memory_kib, iterations, parallelism })
    };
    let pbkdf2 = |sha, iterations, blocks| HashFunction::Pbkdf2 {
        sha,
        iterations: NonZeroU32::new(iterations).unwrap(),
        blocks,
    };
    let functions = EACH_FORM.map(|(text, _)| function(text));
    assert_eq!(functions[0], argon2(Argon2Variant::D, Argon2Version::V19, 104, 1, 1));
    assert_eq!(
        functions[1],
        argon2(Argon2Variant::I, Argon2Version::V16, 256, 2, 1),
        "no version is the first"
    );
    assert_eq!(functions[2], argon2(Argon2Variant::Id, Argon2Version::V19, 112, 2, 2));
    assert_eq!(functions[4], HashFunction::Bcrypt { cost: 5 });
    assert_eq!(functions[6], pbkdf2(Sha::Sha1, 1100, 1));
    assert_eq!(functions[7], pbkdf2(Sha::Sha256, 1200, 2));
    assert_eq!(functions[8], pbkdf2(Sha::Sha1, 1200, 1));
    assert_eq!(functions[10], pbkdf2(Sha::Sha512, 1212, 1));
    assert_eq!(functions[11], pbkdf2(Sha::Sha256, 1300, 1));
    let cost = ScryptCost { log_n: 4, block_size: 8, parallelism: 1 };
    assert_eq!(functions[12], HashFunction::Scrypt(cost));
    let cost = ScryptCost { log_n: 5, block_size: 4, parallelism: 1 };
    assert_eq!(functions[13], HashFunction::FirebaseScrypt(cost));
    assert_eq!(functions[15], HashFunction::SaltedSha(Sha::Sha256));
    let salt = |text: &str| ParsedHash::of_stored(&PasswordHash::trusted(text.to_owned())).unwrap().salt;
    assert_eq!(salt(EACH_FORM[11].0), b"kjVJaVz6qsnJ", "Django's salt is a text");
    assert_eq!(salt(EACH_FORM[14].0), b"imported", "it follows the digest");
    assert_eq!(salt(FIREBASE), b"imported-s\x07", "salt and separator");
}

#[test]
fn a_malformed_hash_is_refused_by_the_name_of_its_form() {
    let (salt, output) = ("aW1wb3J0ZWQtc2FsdC0xNg", "ixCtW1r/61hxT2Dz9IBArCwX29gJo6chQ3UjTCSiYLA");
    let bcrypt = |cost: &str, rest: &str| format!("$2b${cost}${rest}");
    let firebase = |from: &str, to: &str| FIREBASE.replacen(from, to, 1);
    let cases = [
        ("Argon2id", format!("$argon2id$v=19$m=64,t=1,p=1${salt}")),
        ("Argon2id", format!("$argon2id$v=19$m=64,t=1,p=1${salt}$")),
        ("Argon2id", format!("$argon2id$v=19$m=64,t=1,p=1$c2hvcnQ${output}")),
        ("Argon2id", format!("$argon2id$v=19$m=64,t=1,p=1${salt}${output}$")),
        ("Argon2id", format!("$argon2id$v=18$m=64,t=1,p=1${salt}${output}")),
        ("Argon2id", format!("$argon2id$v=19$m=7,t=1,p=1${salt}${output}")),
        ("Argon2id", format!("$argon2id$v=19$m=64,t=1,p=9${salt}${output}")),
        ("Argon2id", format!("$argon2id$v=19$m=64,t=0,p=1${salt}${output}")),
        ("Argon2id", format!("$argon2id$v=19$m=64,t=1,p=0${salt}${output}")),
        ("Argon2id", format!("$argon2id$v=19$m=64,t=1${salt}${output}")),
        ("Argon2id", format!("$argon2id$v=19$t=1,m=64,p=1${salt}${output}")),
        ("Argon2id", format!("$argon2id$v=19$m=64,t=1,p=1,keyid=c2FsdA${salt}${output}")),
        ("Argon2i", format!("$argon2i$v=19$m=+64,t=1,p=1${salt}${output}")),
        ("Argon2d", format!("$argon2d$v=19$m=4294967296,t=1,p=1${salt}${output}")),
        ("bcrypt", bcrypt("05", &BCRYPT_REST[1..])),
        ("bcrypt", bcrypt("05", &format!("{BCRYPT_REST}O"))),
        ("bcrypt", bcrypt("5", BCRYPT_REST)),
        ("bcrypt", bcrypt("03", BCRYPT_REST)),
        ("bcrypt", bcrypt("32", BCRYPT_REST)),
        ("bcrypt", bcrypt("-5", BCRYPT_REST)),
        ("bcrypt", bcrypt("05", &BCRYPT_REST.replace('H', "="))),
        ("bcrypt", bcrypt("05", &BCRYPT_REST.replace("uc", "é"))),
        ("PBKDF2", format!("$pbkdf2-sha256$i=0${salt}${output}")),
        ("PBKDF2", format!("$pbkdf2-sha256$${salt}${output}")),
        ("PBKDF2", format!("$pbkdf2-sha256$i=1000,l=31${salt}${output}")),
        ("PBKDF2", format!("$pbkdf2-sha256$i=1000${salt}$c2hvcnQ")),
        ("PBKDF2", format!("$pbkdf2-sha1$i=1000$${output}")),
        ("PBKDF2", format!("$pbkdf2-sha512$1000${salt}")),
        ("PBKDF2", format!("pbkdf2_sha256$1000$sa lt${output}")),
        ("PBKDF2", format!("pbkdf2_sha256$1000$salt$#{output}")),
        ("PBKDF2", format!("pbkdf2_sha1$1000$salt${output}$")),
        ("scrypt", format!("$scrypt$ln=0,r=8,p=1${salt}${output}")),
        ("scrypt", format!("$scrypt$ln=64,r=8,p=1${salt}${output}")),
        ("scrypt", format!("$scrypt$ln=4,r=0,p=1${salt}${output}")),
        ("scrypt", format!("$scrypt$ln=4,r=8,p=0${salt}${output}")),
        ("scrypt", format!("$scrypt$n=4,r=8,p=1${salt}${output}")),
        ("scrypt", format!("$scrypt$ln=4,r=8,p=1${salt}${output}\0")),
        ("Firebase scrypt", firebase("v=1", "v=2")),
        ("Firebase scrypt", firebase(",ss=Bw==", "")),
        ("Firebase scrypt", firebase(",sk=jx", ",key=jx")),
        ("Firebase scrypt", firebase(",sk=jxsp", ",sk=")),
        ("Firebase scrypt", firebase("$aW1wb3J0ZWQtcw==$", "$")),
        ("salted SHA", "{SSHA}".to_owned()),
        ("salted SHA", "{SSHA}vPxnBWZhUQZtiR7A+jYmHsn1FSk=".to_owned()),
        ("salted SHA", "{SSHA256}vPxnBWZhUQZtiR7A+jYmHsn1FSlpbXBvcnRlZA==".to_owned()),
        ("salted SHA", "{SSHA}vPxnBWZhUQZtiR7A+jYmHsn1FSlpbXBvcnRlZA==\n".to_owned()),
    ];
    for (form, text) in cases {
        assert_eq!(refused(&text), format!("this {form} hash is malformed"), "{text}");
    }
}

#[test]
fn an_unknown_form_is_refused_by_name() {
    for (name, text) in [
        ("$1$", "$1$saltsalt$qjXMvbEw8oaL.CzflDtaK/"),
        ("$apr1$", "$apr1$saltsalt$qjXMvbEw8oaL.CzflDtaK/"),
        ("$2x$", "$2x$05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaRXvtFoN8a8n2L1wPhS1111"),
        ("$6$", "$6$rounds=5000$saltsalt$aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
        ("$y$", "$y$j9T$F5Jx5fExrKuPp53xLKQ..1$X3DX6M94c7o.9agCG9G317fhZg9SqC.5i5rd.RhAtQ7"),
        ("$P$", "$P$BRjBmrCBVdxyhQmhjQJlhRxoZFu2V61"),
        ("$wp$", "$wp$2y$10$abcdefghijklmnopqrstuuc5h5sGGHxQXM86arr2SuWka3h3iQNOO"),
        (
            "$bcrypt-sha256$",
            "$bcrypt-sha256$v=2,t=2b,r=12$n79VH.0Q2TMWmt3Oqt9uku$Kq4Noyk3094Y2QlB8NdRT8SvGiI4ft2",
        ),
        ("{SHA}", "{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ="),
        ("{SMD5}", "{SMD5}jNoSMNY0cybfuBWiaGlFw3Mfi/U="),
        ("{CRYPT}", "{CRYPT}$2b$05$abcdefghijklmnopqrstuuc5h5sGGHxQXM86arr2SuWka3h3iQNOO"),
        ("bcrypt_sha256", "bcrypt_sha256$$2b$05$abcdefghijklmnopqrstuuc5h5sGGHxQXM86arr2SuWka3h3iQNOO"),
        ("argon2", "argon2$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$c2FsdHNhbHQ"),
        ("pbkdf2", "pbkdf2:sha256:600000$salt$00ff"),
        ("md5", "md5$salt$5f4dcc3b5aa765d61d8327deb882cf99"),
    ] {
        let said = format!("`{name}` is a form of password hash that Porta cannot verify");
        assert_eq!(refused(text), said, "{text}");
    }
}

/// A password in the place of a hash is not repeated in a message.
#[test]
fn a_text_that_is_no_hash_is_not_quoted() {
    for text in [
        "",
        "$",
        "$$",
        "{}",
        "{",
        "lantern-Quay-41",
        "pa$$word",
        "$tr0ng$word",
        "{lantern}",
        "lantern$Quay$41-and-more-of-it-and-more",
        "lantern:Quay",
        "$lantern Quay$ and much more than twenty characters",
        "5f4dcc3b5aa765d61d8327deb882cf99",
        "é$é$é",
        &format!("$lantern${}", "é".repeat(30)),
        &format!("$argon2id$v=19$m=64,t=1,p=1${}", "A".repeat(1024)),
    ] {
        assert_eq!(refused(text), "this is not a password hash of a form that Porta can verify", "{text}");
    }
}

#[test]
fn what_costs_more_than_the_bounds_is_refused() {
    let (salt, output) = ("aW1wb3J0ZWQtc2FsdC0xNg", "ixCtW1r/61hxT2Dz9IBArCwX29gJo6chQ3UjTCSiYLA");
    let two = "VawEblbjCJ/sFpHCJUS2BflBhSFt3gRl5oudV8INrLxJypzM8Xm2RZkWZLOdd+8xfHG4RbHjC9UJESBB06GXgw";
    let argon2 = |m: u32, t: u32| format!("$argon2id$v=19$m={m},t={t},p=1${salt}${output}");
    let bcrypt = |cost: u32| format!("$2b${cost:02}${BCRYPT_REST}");
    let pbkdf2 = |sha: &str, i: u32, output: &str| format!("$pbkdf2-{sha}$i={i}${salt}${output}");
    let scrypt = |ln: u32, r: u32, p: u32| format!("$scrypt$ln={ln},r={r},p={p}${salt}${output}");
    let firebase = |n: u32| FIREBASE.replacen("n=5,r=4", &format!("n={n},r=8"), 1);
    for (form, most, more) in [
        ("Argon2id", argon2(131_072, 4), argon2(131_073, 1)),
        ("Argon2id", argon2(65_536, 8), argon2(65_536, 9)),
        ("Argon2id", argon2(8, 65_536), argon2(8, u32::MAX)),
        ("bcrypt", bcrypt(13), bcrypt(14)),
        ("bcrypt", bcrypt(4), bcrypt(31)),
        ("PBKDF2", pbkdf2("sha1", 750_000, output), pbkdf2("sha1", 750_001, output)),
        ("PBKDF2", pbkdf2("sha256", 1_500_000, output), pbkdf2("sha256", 1_500_001, output)),
        ("PBKDF2", pbkdf2("sha256", 750_000, two), pbkdf2("sha256", 750_001, two)),
        ("PBKDF2", pbkdf2("sha512", 600_000, output), pbkdf2("sha512", 600_001, output)),
        (
            "PBKDF2",
            format!("pbkdf2_sha256$1500000$salt${output}"),
            format!("pbkdf2_sha256$1500001$salt${output}"),
        ),
        ("scrypt", scrypt(17, 8, 1), scrypt(18, 8, 1)),
        ("scrypt", scrypt(13, 8, 16), scrypt(14, 8, 16)),
        ("scrypt", scrypt(1, 32, 16), scrypt(1, 33, 1)),
        ("scrypt", scrypt(1, 1, 1), scrypt(1, 1, 17)),
        ("scrypt", scrypt(15, 32, 1), scrypt(63, u32::MAX, u32::MAX)),
        ("Firebase scrypt", firebase(17), firebase(18)),
    ] {
        assert!(PasswordHash::import(&most).is_ok(), "{most}");
        let said = refused(&more);
        assert!(
            said.starts_with(&format!("this {form} hash costs too much to verify: the limit is ")),
            "{said}"
        );
    }
}

/// Otherwise an operator who raises the cost of new hashes locks everybody out.
#[test]
fn only_stored_hashes_of_argon2id_may_cost_more() {
    let output = "ixCtW1r/61hxT2Dz9IBArCwX29gJo6chQ3UjTCSiYLA";
    let stored = |text: &str| ParsedHash::of_stored(&PasswordHash::trusted(text.to_owned()));
    let argon2 = |name: &str| format!("${name}$v=19$m=262144,t=4,p=1$aW1wb3J0ZWQtc2FsdC0xNg${output}");
    assert!(stored(&argon2("argon2id")).is_ok());
    for costly in [argon2("argon2i"), argon2("argon2d"), format!("$2b$14${BCRYPT_REST}")] {
        assert!(matches!(stored(&costly), Err(HashRefused::TooCostly { .. })), "{costly}");
    }
}

#[test]
fn a_dummy_costs_what_the_function_costs() {
    for (text, _) in EACH_FORM {
        let hash = ParsedHash::of_stored(&PasswordHash::trusted(text.to_owned())).unwrap();
        let dummy = ParsedHash::dummy(hash.function);
        assert_eq!(dummy.function, hash.function);
        assert_eq!(dummy.output.len(), hash.output.len(), "{text}");
        assert_ne!(dummy, hash);
    }
}

#[test]
fn debug_shows_neither_salt_nor_hash() {
    let hash = ParsedHash::of_stored(&PasswordHash::trusted(EACH_FORM[14].0.to_owned())).unwrap();
    assert_eq!(format!("{hash:?}"), "ParsedHash(SaltedSha(Sha1), …)");
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        let _ = PasswordHash::import(&text);
    }

    /// Texts that begin as a form does.
    #[test]
    fn any_text_after_a_beginning_is_read_or_refused(
        n in 0..EACH_FORM.len(),
        at in any::<prop::sample::Index>(),
        rest in "[$,=0-9a-zA-Z./+{}\u{e9}-]{0,80}",
    ) {
        let (text, _) = EACH_FORM[n];
        let _ = PasswordHash::import(&format!("{}{rest}", &text[..at.index(text.len())]));
    }

    /// One character replaced, or the end cut off.
    #[test]
    fn a_damaged_hash_is_read_or_refused(
        n in 0..EACH_FORM.len(),
        at in any::<prop::sample::Index>(),
        by in any::<char>(),
    ) {
        let (text, form) = EACH_FORM[n];
        let at = at.index(text.len());
        let _ = PasswordHash::import(&text[..at]);
        let damaged = format!("{}{by}{}", &text[..at], &text[at + 1..]);
        match PasswordHash::import(&damaged) {
            Ok(hash) => prop_assert_eq!(hash.as_str(), damaged),
            Err(HashRefused::Malformed(named) | HashRefused::TooCostly { form: named, .. }) => {
                // Of the names of Argon2, one may become another.
                prop_assert!(named == form || form.as_str().starts_with("Argon2"));
            }
            Err(HashRefused::UnknownForm(_) | HashRefused::NoForm) => {}
        }
    }
}
