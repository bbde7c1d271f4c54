//! Users.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use porta_core::UserId;
use porta_core::password_hash::ParsedHash;
use porta_core::user::{
    AUTO_LOCKOUT, Address, Email, PasswordHash, Profile, TwoFactorMethod, User, UserStatus,
};

use super::fixture::{HOUR, MINUTE, NOW, TwoTenants, one_round_trip, user};
use crate::{Store, StoreError};

/// A user with every column filled.
fn complete(w: &TwoTenants) -> User {
    let some = |text: &str| Some(text.to_owned());
    User {
        email: Email::parse("Zoë@Example.com").unwrap(),
        profile: Profile {
            given_name: some("Zoë"),
            family_name: some("O'Neil"),
            middle_name: some("M."),
            nickname: some("zo"),
            preferred_username: some("zoe"),
            profile_url: some("https://example.com/zoe"),
            picture_url: some("https://example.com/zoe.png"),
            website_url: some("https://zoe.example"),
            gender: some("female"),
            birthdate: some("1990-02-28"),
            zoneinfo: some("Europe/Berlin"),
            locale: some("de-DE"),
            phone_number: some("+49 30 1"),
            phone_number_verified: true,
            address: Address {
                street: some("Street 1"),
                locality: some("Berlin"),
                region: some("BE"),
                postal_code: some("10115"),
                country: some("DE"),
            },
        },
        password_change_required: true,
        status: UserStatus::Locked,
        locked_at: Some(NOW),
        locked_reason: some("by hand"),
        last_login_at: Some(NOW),
        login_count: 3,
        failed_login_count: 2,
        last_failed_login_at: Some(NOW + MINUTE),
        two_factor_method: Some(TwoFactorMethod::Totp),
        credential_epoch: 4,
        factor_failures: 1,
        ..user(w.acme.organization.id, "x@example.com", &w.entropy)
    }
}

pub async fn round_trip(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let mut all = w.repositories();
    let mut acme = all.users(w.acme.organization.id);
    let mut u = complete(&w);
    acme.insert(&u).await.unwrap();
    assert_eq!(acme.by_id(u.id).await.unwrap().as_ref(), Some(&u));
    let found = one_round_trip(&w.store, acme.by_email(&Email::key_of("ZOË@example.COM"))).await.unwrap();
    assert_eq!(found.as_ref(), Some(&u));
    u.email = Email::parse("zoe@example.com").unwrap();
    u.email_verified = false;
    u.profile = Profile { given_name: Some("Z".to_owned()), ..Profile::default() };
    u.updated_at = NOW + HOUR;
    let rewritten = User {
        login_count: 99,
        status: UserStatus::Active,
        password_hash: None,
        password_change_required: false,
        ..u.clone()
    };
    assert!(acme.update(&rewritten).await.unwrap());
    u.credential_epoch += 1;
    u.version = u.version.next();
    assert_eq!(acme.by_id(u.id).await.unwrap(), Some(u), "password, status and counters are not rewritten");
}

pub async fn addresses_are_unique_per_organization(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let mut all = w.repositories();
    // Both tenants already have an Ana.
    let twin = user(w.acme.organization.id, "ANA@EXAMPLE.COM", &w.entropy);
    let refused = all.users(w.acme.organization.id).insert(&twin).await;
    assert!(matches!(&refused, Err(StoreError::Conflict(rule)) if rule == "users_email"), "{refused:?}");
    let mut bea = user(w.acme.organization.id, "bea@example.com", &w.entropy);
    all.users(w.acme.organization.id).insert(&bea).await.unwrap();
    bea.email = Email::parse("ana@example.com").unwrap();
    assert!(matches!(all.users(w.acme.organization.id).update(&bea).await, Err(StoreError::Conflict(_))));
}

/// Composed or decomposed, in capitals, and with the domain in Unicode or in Punycode.
pub async fn one_mailbox_is_found_however_it_is_typed(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let mut all = w.repositories();
    let mut acme = all.users(w.acme.organization.id);
    let zoe = user(w.acme.organization.id, "Zo\u{eb}@B\u{fc}cher.example", &w.entropy);
    acme.insert(&zoe).await.unwrap();
    for typed in [
        "Zo\u{eb}@B\u{fc}cher.example",
        "zoe\u{308}@bu\u{308}cher.example",
        " ZO\u{cb}@XN--BCHER-KVA.EXAMPLE ",
        "zo\u{eb}@xn--bcher-kva.example",
    ] {
        let found = one_round_trip(&w.store, acme.by_email(typed)).await.unwrap();
        assert_eq!(found.as_ref(), Some(&zoe), "{typed}");
        let twin = user(w.acme.organization.id, typed, &w.entropy);
        assert!(matches!(acme.insert(&twin).await, Err(StoreError::Conflict(_))), "{typed}");
    }
    for other in [
        "zoe@b\u{fc}cher.example",
        "zo\u{eb}@bucher.example",
        "zo\u{eb}@b\u{fc}cher",
        "",
        "%",
        "zo_@bücher.example",
    ] {
        assert_eq!(acme.by_email(other).await.unwrap(), None, "{other}");
    }
    drop(acme);
    let mut other = all.users(w.other.organization.id);
    assert_eq!(other.by_email(zoe.email.shown()).await.unwrap(), None, "another organization");
}

/// Earlier versions compared lower-case text.
pub async fn keys_of_versions_before_are_found(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let mut all = w.repositories();
    let mut acme = all.users(w.acme.organization.id);
    let stored = |shown: &str| User {
        email: Email::trusted(shown.to_owned(), shown.to_lowercase()),
        ..user(w.acme.organization.id, "x@example.com", &w.entropy)
    };
    for (shown, typed) in [
        (
            "Ina@B\u{fc}cher.example",
            ["ina@b\u{fc}cher.example", "INA@xn--bcher-kva.example", "ina@bu\u{308}cher.example"],
        ),
        (
            "jose\u{301}@example.com",
            ["JOSE\u{301}@example.com", "jos\u{e9}@example.com", "JOS\u{c9}@example.com"],
        ),
        (
            "leo\u{301}@m\u{fc}ll.example",
            ["leo\u{301}@m\u{fc}ll.example", "le\u{f3}@m\u{fc}ll.example", "le\u{f3}@xn--mll-hoa.example"],
        ),
    ] {
        let person = stored(shown);
        acme.insert(&person).await.unwrap();
        for typed in typed {
            assert_eq!(acme.by_email(typed).await.unwrap().as_ref(), Some(&person), "{shown} {typed}");
        }
    }
    // Two users whose addresses are now equal stay two: each is found by the stored form.
    let (unicode, ascii) = (stored("eva@b\u{fc}cher.example"), stored("eva@xn--bcher-kva.example"));
    for double in [&unicode, &ascii] {
        acme.insert(double).await.unwrap();
    }
    for (typed, found) in [("EVA@b\u{fc}cher.example", &unicode), ("eva@xn--bcher-kva.example", &ascii)] {
        assert_eq!(acme.by_email(typed).await.unwrap().as_ref(), Some(found), "{typed}");
    }
}

pub async fn status_and_password(store: Arc<dyn Store>) {
    use UserStatus::{Active, Locked, Suspended};
    let w = TwoTenants::new(store).await;
    let mut all = w.repositories();
    let mut acme = all.users(w.acme.organization.id);
    let id = w.acme.user.id;
    assert!(acme.set_status(id, Active, Locked, Some("by hand"), NOW + MINUTE).await.unwrap());
    let locked = acme.by_id(id).await.unwrap().unwrap();
    assert_eq!(
        (locked.status, locked.locked_at, locked.locked_reason.as_deref()),
        (Locked, Some(NOW + MINUTE), Some("by hand"))
    );
    assert!(!acme.set_status(id, Active, Suspended, None, NOW).await.unwrap());
    assert!(acme.set_status(id, Locked, Active, Some("ignored"), NOW + HOUR).await.unwrap());
    let free = acme.by_id(id).await.unwrap().unwrap();
    assert_eq!(
        (free.status, free.locked_at, free.locked_reason, free.failed_login_count),
        (Active, None, None, 0)
    );
    let hash = PasswordHash::trusted("$argon2id$two".to_owned());
    assert!(acme.set_password(id, Some(&hash), false, NOW + HOUR).await.unwrap());
    let changed = acme.by_id(id).await.unwrap().unwrap();
    assert_eq!((&changed.password_hash, changed.password_changed_at), (&Some(hash), Some(NOW + HOUR)));
    let again = PasswordHash::trusted("$argon2id$again".to_owned());
    let current = changed.password_hash.clone().unwrap();
    assert!(acme.rehash(id, &current, &again).await.unwrap());
    assert!(!acme.rehash(id, &current, &again).await.unwrap(), "only from what it was");
    let rehashed = acme.by_id(id).await.unwrap().unwrap();
    assert_eq!((rehashed.password_hash, rehashed.password_changed_at), (Some(again), Some(NOW + HOUR)));
    assert!(acme.set_password(id, None, false, NOW + HOUR).await.unwrap());
    assert_eq!(acme.by_id(id).await.unwrap().unwrap().password_hash, None);
}

/// A password chosen through a mailed link, and a link that verifies the address.
pub async fn mail_that_arrived(store: Arc<dyn Store>) {
    use UserStatus::{Active, Inactive, Locked, Suspended};
    let w = TwoTenants::new(store).await;
    let hash = PasswordHash::trusted("$argon2id$chosen".to_owned());
    let cases: [(UserStatus, Option<&str>, UserStatus); 5] = [
        (Active, None, Active),
        (Locked, Some(AUTO_LOCKOUT), Active),
        (Locked, Some("by hand"), Locked),
        (Inactive, None, Inactive),
        (Suspended, None, Suspended),
    ];
    for (n, (before, reason, after)) in cases.into_iter().enumerate() {
        let is_lock = before == Locked;
        let u = User {
            email_verified: false,
            status: before,
            locked_at: is_lock.then_some(NOW),
            locked_reason: reason.map(str::to_owned),
            failed_login_count: 5,
            ..user(w.acme.organization.id, &format!("mail{n}@example.com"), &w.entropy)
        };
        let mut all = w.repositories();
        let mut acme = all.users(w.acme.organization.id);
        acme.insert(&u).await.unwrap();
        assert!(one_round_trip(&w.store, acme.verify_email(u.id, NOW + MINUTE)).await.unwrap());
        let stays_locked = after == Locked;
        let verified = User {
            email_verified: true,
            status: after,
            locked_at: u.locked_at.filter(|_| stays_locked),
            locked_reason: u.locked_reason.clone().filter(|_| stays_locked),
            failed_login_count: 0,
            updated_at: NOW + MINUTE,
            version: u.version.next(),
            ..u.clone()
        };
        let found = acme.by_id(u.id).await.unwrap();
        assert_eq!(found.as_ref(), Some(&verified), "{before}: nothing else changes");
        let twin = User {
            id: UserId::new(NOW, &w.entropy),
            email: Email::parse(&format!("twin-{}", u.email.shown())).unwrap(),
            ..u.clone()
        };
        acme.insert(&twin).await.unwrap();
        let recovered = acme.recover_password(twin.id, &hash, NOW + HOUR);
        assert!(one_round_trip(&w.store, recovered).await.unwrap());
        let expected = User {
            id: twin.id,
            email: twin.email,
            password_hash: Some(hash.clone()),
            password_changed_at: Some(NOW + HOUR),
            credential_epoch: 1,
            updated_at: NOW + HOUR,
            ..verified
        };
        assert_eq!(acme.by_id(twin.id).await.unwrap(), Some(expected), "{before}");
    }
    let unverified =
        User { email_verified: false, ..user(w.acme.organization.id, "unverified@example.com", &w.entropy) };
    let mut all = w.repositories();
    let mut acme = all.users(w.acme.organization.id);
    acme.insert(&unverified).await.unwrap();
    assert!(acme.recover_password(unverified.id, &hash, NOW).await.unwrap());
    assert!(acme.by_id(unverified.id).await.unwrap().unwrap().email_verified);
}

pub async fn pages(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let mut all = w.repositories();
    let mut acme = all.users(w.acme.organization.id);
    let mut expected = BTreeSet::from([w.acme.user.id]);
    for n in 0..6 {
        let u = user(w.acme.organization.id, &format!("u{n}@example.com"), &w.entropy);
        acme.insert(&u).await.unwrap();
        expected.insert(u.id);
    }
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = acme.page(after, 3).await.unwrap();
        seen.extend(page.items.iter().map(|u| u.id));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen.len(), 7);
    assert_eq!(seen.into_iter().collect::<BTreeSet<_>>(), expected);
}

/// Hashes that cost the same are counted together, whatever their salt.
pub async fn hashes_of_equal_cost(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let [salt, another] = ["aW1wb3J0ZWQtc2FsdC0xNg", "YW5vdGhlci0tc2FsdC0xNg"];
    let [one, two] =
        ["eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHg", "ixCtW1r/61hxT2Dz9IBArCwX29gJo6chQ3UjTCSiYLA"];
    let phc = |start: &str| vec![format!("{start}${salt}${one}"), format!("{start}${another}${two}")];
    let bcrypt = |start: &str, ends: [&str; 2]| {
        ends.map(|end| format!("{start}abcdefghijklmnopqrstuuc5h5sGGHxQXM86arr2SuWka3h3iQNO{end}")).to_vec()
    };
    let long = format!("{}Q", "x".repeat(85));
    let firebase = format!("$fbscrypt$v=1,n=4,r=8,p=1,ss=Bw==,sk={long}==");
    let groups = [
        phc("$argon2id$v=19$m=64,t=1,p=1"),
        phc("$argon2id$v=19$m=64,t=2,p=1"),
        phc("$argon2i$m=64,t=1,p=1"),
        bcrypt("$2b$05$", ["e", "O"]),
        bcrypt("$2b$06$", ["e", "O"]),
        phc("$pbkdf2-sha256$i=1000"),
        vec![
            format!("$pbkdf2-sha256$i=1000${salt}${long}"),
            format!("$pbkdf2-sha256$i=1000${another}${long}"),
        ],
        vec![format!("pbkdf2_sha256$1100$salt${one}="), format!("pbkdf2_sha256$1100$a-_.${two}=")],
        phc("$scrypt$ln=4,r=8,p=1"),
        ["a/+-", "b/+-"].map(|salt| format!("{firebase}${salt}${long}==")).to_vec(),
        vec![
            "{SSHA}eXl5eXl5eXl5eXl5eXl5eXl5eXlzYWx0c2FsdA==".to_owned(),
            "{SSHA}enp6enp6enp6enp6enp6enp6enpzYWx0cGVwcA==".to_owned(),
        ],
    ];
    let mut all = w.repositories();
    let mut acme = all.users(w.acme.organization.id);
    let none = User { password_hash: None, ..user(w.acme.organization.id, "none@example.com", &w.entropy) };
    acme.insert(&none).await.unwrap();
    let mut expected = BTreeMap::new();
    for (n, text) in groups.iter().flatten().enumerate() {
        let hash = PasswordHash::import(text).unwrap();
        *expected.entry(ParsedHash::of_stored(&hash).unwrap().function).or_insert(0) += 1;
        let someone = user(w.acme.organization.id, &format!("hash{n}@example.com"), &w.entropy);
        acme.insert(&User { password_hash: Some(hash), ..someone }).await.unwrap();
    }
    let samples = one_round_trip(&w.store, acme.hash_samples()).await.unwrap();
    let (usable, rest): (Vec<_>, Vec<_>) =
        samples.into_iter().partition(|(hash, _)| ParsedHash::of_stored(hash).is_ok());
    assert_eq!(usable.len(), groups.len(), "one sample of each: {}", usable.len());
    let mut found = BTreeMap::new();
    for (hash, people) in usable {
        assert!(groups.iter().flatten().any(|text| text == hash.as_str()), "it is a stored hash");
        *found.entry(ParsedHash::of_stored(&hash).unwrap().function).or_insert(0) += people;
    }
    assert_eq!(found, expected);
    assert_eq!(rest.len(), 1, "the one of the fixture");
    drop(acme);
    let others = all.users(w.other.organization.id).hash_samples().await.unwrap();
    assert_eq!(others, [(w.other.user.password_hash.clone().unwrap(), 1)]);
}

pub async fn another_organization_sees_nothing(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let mut all = w.repositories();
    let ana = &w.acme.user;
    let mut other = all.users(w.other.organization.id);
    assert_eq!(other.by_id(ana.id).await.unwrap(), None);
    assert_eq!(other.by_email(ana.email.key()).await.unwrap().unwrap().id, w.other.user.id);
    assert!(!other.update(ana).await.unwrap());
    assert!(!other.set_status(ana.id, UserStatus::Active, UserStatus::Suspended, None, NOW).await.unwrap());
    assert!(!other.set_password(ana.id, None, false, NOW).await.unwrap());
    if let Some(hash) = &ana.password_hash {
        assert!(!other.rehash(ana.id, hash, hash).await.unwrap());
    }
    assert!(!other.verify_email(ana.id, NOW).await.unwrap());
    let hash = PasswordHash::trusted("$argon2id$theirs".to_owned());
    assert!(!other.recover_password(ana.id, &hash, NOW).await.unwrap());
    let stray = user(w.acme.organization.id, "stray@example.com", &w.entropy);
    assert!(matches!(other.insert(&stray).await, Err(StoreError::MissingReference(_))));
    assert!(other.page(None, 100).await.unwrap().items.iter().all(|u| u.id == w.other.user.id));
    drop(other);
    assert_eq!(all.users(w.acme.organization.id).by_id(ana.id).await.unwrap().as_ref(), Some(ana));
}
