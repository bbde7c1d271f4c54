//! Password hashes of other systems in provisioning files.

use porta_core::user::User;
use porta_directory::provision::{Format, Mode, Options, Report, read};
use serde_json::json;

use crate::support::{World, actor};

both_stores!(
    hashes_of_every_form_are_stored_as_they_are,
    a_hash_that_cannot_be_verified_is_an_error_of_its_person,
    a_hash_takes_precedence_over_a_password,
    people_who_exist_keep_their_password,
    a_password_is_temporary_if_the_file_says_so,
    no_hash_is_in_a_report_or_an_audit_row,
);

const BCRYPT: &str = "$2b$12$abcdefghijklmnopqrstuuc5h5sGGHxQXM86arr2SuWka3h3iQNOO";
const DJANGO: &str = "pbkdf2_sha256$600000$kjVJaVz6qsnJ$Y6Q9E003jb4SPzsSkZwBMsvz0DDT6n2X31vkUV4GVpQ=";

/// A file with these people: address and fields.
fn file(people: &[(&str, serde_json::Value)]) -> String {
    let users: Vec<_> = people
        .iter()
        .map(|(email, fields)| {
            let mut user = fields.clone();
            user["email"] = json!(email);
            user
        })
        .collect();
    json!({
        "version": "1.0",
        "allow_passwords": true,
        "organizations": [{ "name": "Harbor Logistics", "slug": "harbor", "users": users }],
    })
    .to_string()
}

async fn run(world: &World, text: &str, options: Options) -> Report {
    let document = read(text, Format::Json, &|_| None).unwrap();
    world.directory.provision(actor(), &document, options).await.unwrap()
}

async fn stored(world: &World, email: &str) -> User {
    let mut work = world.work().await;
    let harbor = work.organization("harbor").await.unwrap();
    work.user(&harbor, email).await.unwrap()
}

async fn hash_of(world: &World, email: &str) -> String {
    stored(world, email).await.password_hash.unwrap().as_str().to_owned()
}

async fn hashes_of_every_form_are_stored_as_they_are(world: World) {
    let key = "jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==";
    let firebase = format!(
        "$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk={key}$42xEC+ixf3L2lw==\
         $lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ=="
    );
    let hashes = [
        "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        "$argon2i$m=65536,t=2,p=1$c29tZXNhbHQ$9sTbSlTio3Biev89thdrlKKiCaYsjjYVJxGAL3swxpQ",
        "$argon2d$v=19$m=104,t=1,p=1$aW1wb3J0ZWQtc2FsdC0xNg$XEXwBDbBUl3Xv8FA3WU93cczUIH0ZV9Jjx+TuvDcPRg",
        BCRYPT,
        "$2a$10$abcdefghijklmnopqrstuuc5h5sGGHxQXM86arr2SuWka3h3iQNOO",
        "$2y$10$abcdefghijklmnopqrstuuc5h5sGGHxQXM86arr2SuWka3h3iQNOO",
        "$pbkdf2-sha1$i=4096$c2FsdA$SwB5AbdlSJq+rUnZJvch0GWkKcE",
        "$pbkdf2-sha256$29000$4vjV83LKPjQzk31VI4E0Vw$hsYF68OiOUPdDZ1Fg.fJPeq1h/gXXY7acBp9/6c.tmQ",
        DJANGO,
        "$scrypt$ln=16,r=8,p=1$aW1wb3J0ZWQtc2FsdC0xNg$ixCtW1r/61hxT2Dz9IBArCwX29gJo6chQ3UjTCSiYLA",
        firebase.as_str(),
        "{SSHA}0c0blFTXXNuAMHECS4uxrj3ZieMoWImr",
        "{SSHA256}x1tymSTVjozxQ2PtT46ysrzhZxbcskK0o2f8hEFx7fAQQmhtDSEkJA==",
        "{SSHA512}2FI4hKReVt1Hy4St1GDVl/LTHYtDFXMMjTEc4D4/+Hv1LM1jpJNzqgeRohT3uDe00pOYFC8rQeuSyemVa/kZbWltcG9ydGVk",
    ];
    let addresses: Vec<String> = (0..hashes.len()).map(|n| format!("person{n}@harbor.test")).collect();
    let people: Vec<_> = addresses
        .iter()
        .zip(hashes)
        .map(|(email, hash)| (email.as_str(), json!({ "password_hash": hash })))
        .collect();
    // No password is in the file, so it needs no permission for them.
    let text = file(&people).replace("\"allow_passwords\":true,", "");
    assert!(!text.contains("allow_passwords"));
    let report = run(&world, &text, Options::default()).await;
    assert!(report.applied && report.errors.is_empty(), "{:?}", report.errors);
    for (email, hash) in addresses.iter().zip(hashes) {
        assert_eq!(hash_of(&world, email).await, hash);
        assert!(stored(&world, email).await.password_changed_at.is_some());
    }
}

async fn a_hash_that_cannot_be_verified_is_an_error_of_its_person(world: World) {
    let cases = [
        (
            "$6$saltsalt$aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "`$6$` is a form of password hash that Porta cannot verify",
        ),
        ("{MD5}X03MO1qnZdYdgyfeuILPmQ==", "`{MD5}` is a form of password hash that Porta cannot verify"),
        ("lantern-Quay-41", "this is not a password hash of a form that Porta can verify"),
        ("", "this is not a password hash of a form that Porta can verify"),
        ("$2b$12$tooshort", "this bcrypt hash is malformed"),
        (
            "$2b$15$abcdefghijklmnopqrstuuc5h5sGGHxQXM86arr2SuWka3h3iQNOO",
            "this bcrypt hash costs too much to verify: the limit is a cost of 13",
        ),
    ];
    let addresses: Vec<String> = (0..cases.len()).map(|n| format!("person{n}@harbor.test")).collect();
    let mut people: Vec<_> = addresses
        .iter()
        .zip(cases)
        .map(|(email, (hash, _))| (email.as_str(), json!({ "password_hash": hash })))
        .collect();
    people.push(("kim@harbor.test", json!({ "password_hash": BCRYPT })));
    let text = file(&people);
    let report = run(&world, &text, Options::default()).await;
    assert!(!report.applied);
    let found: Vec<_> = report.errors.iter().map(|e| (e.path.clone(), e.error.as_str())).collect();
    let expected: Vec<_> = cases
        .iter()
        .enumerate()
        .map(|(n, (_, said))| (format!("organizations[0].users[{n}].password_hash"), *said))
        .collect();
    assert_eq!(found, expected);
    assert!(!format!("{report:?}").contains("lantern"), "it may be a password");
    assert!(world.directory.begin(actor()).await.unwrap().organization("harbor").await.is_err());
    // The others can be created without them.
    let report = run(&world, &text, Options { keep_going: true, ..Options::default() }).await;
    assert!(report.applied);
    assert_eq!(hash_of(&world, "kim@harbor.test").await, BCRYPT);
    let mut work = world.work().await;
    let harbor = work.organization("harbor").await.unwrap();
    for email in &addresses {
        assert!(work.user(&harbor, email).await.is_err(), "{email}");
    }
}

async fn a_hash_takes_precedence_over_a_password(world: World) {
    let kim = json!({ "password_hash": BCRYPT, "password": "trustno1" });
    let report = run(&world, &file(&[("kim@harbor.test", kim)]), Options::default()).await;
    assert!(report.applied && report.errors.is_empty(), "{:?}", report.errors);
    assert_eq!(hash_of(&world, "kim@harbor.test").await, BCRYPT);
    let both = json!({ "password_hash": "none", "password": "lantern-Quay-41" });
    let report = run(&world, &file(&[("lee@harbor.test", both)]), Options::default()).await;
    assert_eq!(report.errors[0].path, "organizations[0].users[0].password_hash");
    assert!(!report.applied, "the password does not stand in for a refused hash");
}

async fn people_who_exist_keep_their_password(world: World) {
    let with =
        |hash: &str| file(&[("kim@harbor.test", json!({ "password_hash": hash, "given_name": "Kim" }))]);
    run(&world, &with(BCRYPT), Options::default()).await;
    let before = stored(&world, "kim@harbor.test").await;
    for mode in [Mode::Merge, Mode::Overwrite] {
        for hash in [DJANGO, "none"] {
            let report = run(&world, &with(hash), Options { mode, ..Options::default() }).await;
            assert!(report.applied && report.errors.is_empty(), "{:?}", report.errors);
            assert!(report.updated.is_empty(), "{:?}", report.updated);
            assert_eq!(stored(&world, "kim@harbor.test").await, before);
        }
    }
}

async fn a_password_is_temporary_if_the_file_says_so(world: World) {
    let password = "lantern-Quay-41";
    let people = [
        ("kim@harbor.test", json!({ "password": password, "password_change_required": true }), true),
        ("mo@harbor.test", json!({ "password_hash": BCRYPT, "password_change_required": true }), true),
        ("lea@harbor.test", json!({ "password": password, "password_change_required": false }), false),
        ("ben@harbor.test", json!({ "password": password }), false),
        ("eva@harbor.test", json!({ "password_hash": DJANGO }), false),
        ("tom@harbor.test", json!({ "password_change_required": true }), false),
    ];
    let items: Vec<_> = people.iter().map(|(email, fields, _)| (*email, fields.clone())).collect();
    run(&world, &file(&items), Options::default()).await;
    for (email, _, is_temporary) in &people {
        assert_eq!(stored(&world, email).await.password_change_required, *is_temporary, "{email}");
    }
    // The file does not make the password of somebody who exists temporary, nor the other way round.
    let swapped = [
        ("kim@harbor.test", json!({ "password": password })),
        ("ben@harbor.test", json!({ "password": password, "password_change_required": true })),
    ];
    let options = Options { mode: Mode::Overwrite, ..Options::default() };
    run(&world, &file(&swapped), options).await;
    assert!(stored(&world, "kim@harbor.test").await.password_change_required);
    assert!(!stored(&world, "ben@harbor.test").await.password_change_required);
}

async fn no_hash_is_in_a_report_or_an_audit_row(world: World) {
    let text = file(&[("kim@harbor.test", json!({ "password_hash": BCRYPT }))]);
    let document = read(&text, Format::Json, &|_| None).unwrap();
    let report = run(&world, &text, Options::default()).await;
    let secret = "c5h5sGGHxQXM86arr2SuWka3h3iQNOO";
    assert!(!format!("{document:?}").contains(secret));
    assert!(!format!("{report:?}").contains(secret) && !report.to_json(true).to_string().contains(secret));
    let audit = world.audit().await;
    assert!(audit.iter().any(|row| row.event_type == "user.created"));
    assert!(audit.iter().all(|row| !row.metadata.to_string().contains(secret)));
}
