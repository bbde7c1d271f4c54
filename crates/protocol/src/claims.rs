//! Standard claims: the scope of each, and their values from a user's row (OpenID Connect Core §5.1 and §5.4).

use porta_core::user::{Address, User};
use serde_json::{Map, Value};

use crate::scope;

const OPENID_CLAIMS: &[&str] = &["sub", "roles", "permissions"];
const PROFILE_CLAIMS: &[&str] = &[
    "name",
    "given_name",
    "family_name",
    "middle_name",
    "nickname",
    "preferred_username",
    "profile",
    "picture",
    "website",
    "gender",
    "birthdate",
    "zoneinfo",
    "locale",
    "updated_at",
];
const EMAIL_CLAIMS: &[&str] = &["email", "email_verified"];
const ADDRESS_CLAIMS: &[&str] = &["address"];
const PHONE_CLAIMS: &[&str] = &["phone_number", "phone_number_verified"];

/// Claims about the authentication itself, which belong to no scope (OpenID Connect Core §2).
const AUTHENTICATION_CLAIMS: &[&str] = &["iss", "auth_time", "acr", "amr", "sid"];

/// The claims of one scope (OpenID Connect Core §5.4); `roles` and `permissions` come with `openid`.
pub fn claims_for_scope(token: &str) -> &'static [&'static str] {
    match token {
        scope::OPENID => OPENID_CLAIMS,
        scope::PROFILE => PROFILE_CLAIMS,
        scope::EMAIL => EMAIL_CLAIMS,
        scope::ADDRESS => ADDRESS_CLAIMS,
        scope::PHONE => PHONE_CLAIMS,
        _ => &[],
    }
}

/// The scope of a claim, if it has one.
pub fn scope_of_claim(claim: &str) -> Option<&'static str> {
    scope::SUPPORTED.iter().copied().find(|token| claims_for_scope(token).contains(&claim))
}

/// Every claim discovery may advertise: those of the scopes, then those about the authentication.
pub fn claims_supported() -> Vec<&'static str> {
    scope::SUPPORTED
        .iter()
        .flat_map(|token| claims_for_scope(token))
        .chain(AUTHENTICATION_CLAIMS)
        .copied()
        .collect()
}

/// The wanted claims of a person, except `sub`, `roles` and `permissions`.
///
/// OpenID Connect Core §5.3.2: a claim without a value is left out, never sent as null or empty text.
pub fn standard_claims(user: &User, wanted: impl Fn(&str) -> bool) -> Map<String, Value> {
    let profile = &user.profile;
    let full_name = profile.full_name();
    let username = wanted("preferred_username").then(|| preferred_username(user, wanted("email")));
    let texts = [
        ("name", full_name.as_deref()),
        ("given_name", profile.given_name.as_deref()),
        ("family_name", profile.family_name.as_deref()),
        ("middle_name", profile.middle_name.as_deref()),
        ("nickname", profile.nickname.as_deref()),
        ("preferred_username", username.as_deref()),
        ("profile", profile.profile_url.as_deref()),
        ("picture", profile.picture_url.as_deref()),
        ("website", profile.website_url.as_deref()),
        ("gender", profile.gender.as_deref()),
        ("birthdate", profile.birthdate.as_deref()),
        ("zoneinfo", profile.zoneinfo.as_deref()),
        ("locale", profile.locale.as_deref()),
        ("email", Some(user.email.shown())),
        ("phone_number", profile.phone_number.as_deref()),
    ];
    let mut claims = texts_of(texts.into_iter().filter(|(name, _)| wanted(name)));
    if wanted("email_verified") {
        claims.insert("email_verified".to_owned(), user.email_verified.into());
    }
    // Without a phone number there is nothing to be verified.
    if wanted("phone_number_verified") && profile.phone_number.as_deref().is_some_and(|n| !n.is_empty()) {
        claims.insert("phone_number_verified".to_owned(), profile.phone_number_verified.into());
    }
    if wanted("updated_at") {
        claims.insert("updated_at".to_owned(), user.updated_at.seconds().into());
    }
    if wanted("address") {
        add_claim(&mut claims, "address", Value::Object(address_claim(&profile.address)));
    }
    claims
}

/// `preferred_username`, for applications that insist on a name: the one the person chose, else the local part of their
/// e-mail address, else, for a client that may not see the address, the subject. A relying party must not take it for
/// unique (OpenID Connect Core §5.7).
fn preferred_username(user: &User, sees_email: bool) -> String {
    match user.profile.preferred_username.as_deref().filter(|name| !name.is_empty()) {
        Some(chosen) => chosen.to_owned(),
        None if sees_email => user.email.local_part().to_owned(),
        None => user.id.to_string(),
    }
}

/// Adds a claim unless it is empty: OpenID Connect Core §5.3.2 forbids null and empty text; an empty list or object
/// tells no more.
pub fn add_claim(claims: &mut Map<String, Value>, name: &str, value: Value) {
    let says_nothing = match &value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    };
    if !says_nothing {
        claims.insert(name.to_owned(), value);
    }
}

/// OpenID Connect Core §5.1.1.
fn address_claim(address: &Address) -> Map<String, Value> {
    texts_of([
        ("street_address", address.street.as_deref()),
        ("locality", address.locality.as_deref()),
        ("region", address.region.as_deref()),
        ("postal_code", address.postal_code.as_deref()),
        ("country", address.country.as_deref()),
    ])
}

fn texts_of<'a>(members: impl IntoIterator<Item = (&'static str, Option<&'a str>)>) -> Map<String, Value> {
    members
        .into_iter()
        .filter_map(|(name, text)| Some((name.to_owned(), Value::from(text.filter(|t| !t.is_empty())?))))
        .collect()
}

#[cfg(test)]
mod tests {
    use porta_core::user::{Email, Profile, UserStatus};
    use porta_core::{OrganizationId, SeededEntropy, Timestamp, UserId, Version};
    use serde_json::json;

    use super::*;

    fn user(profile: Profile) -> User {
        let (now, entropy) = (Timestamp::from_micros(1_700_000_000_999_999), SeededEntropy::new(1));
        User {
            id: UserId::new(now, &entropy),
            organization_id: OrganizationId::new(now, &entropy),
            email: Email::parse("Ana@Example.org").unwrap(),
            email_verified: true,
            password_hash: None,
            password_changed_at: None,
            password_change_required: false,
            profile,
            status: UserStatus::Active,
            locked_at: None,
            locked_reason: None,
            last_login_at: None,
            login_count: 0,
            failed_login_count: 0,
            last_failed_login_at: None,
            two_factor_method: None,
            credential_epoch: 0,
            factor_failures: 0,
            created_at: now,
            updated_at: now,
            version: Version::FIRST,
        }
    }

    fn full() -> Profile {
        let some = |text: &str| Some(text.to_owned());
        Profile {
            given_name: some("Ana"),
            family_name: some("Silva"),
            middle_name: some("M."),
            nickname: some("nana"),
            preferred_username: some("ana"),
            profile_url: some("https://example.org/ana"),
            picture_url: some("https://example.org/ana.png"),
            website_url: some("https://ana.example"),
            gender: some("female"),
            birthdate: some("1990-02-28"),
            zoneinfo: some("Europe/Lisbon"),
            locale: some("pt-PT"),
            phone_number: some("+351 210 000 000"),
            phone_number_verified: true,
            address: Address { street: some("Rua 1"), country: some("PT"), ..Address::default() },
        }
    }

    #[test]
    fn a_full_profile() {
        let claims = standard_claims(&user(full()), |_| true);
        let expected = json!({
            "name": "Ana M. Silva", "given_name": "Ana", "family_name": "Silva", "middle_name": "M.",
            "nickname": "nana", "preferred_username": "ana", "profile": "https://example.org/ana",
            "picture": "https://example.org/ana.png", "website": "https://ana.example", "gender": "female",
            "birthdate": "1990-02-28", "zoneinfo": "Europe/Lisbon", "locale": "pt-PT",
            "updated_at": 1_700_000_000, "email": "Ana@Example.org", "email_verified": true,
            "phone_number": "+351 210 000 000", "phone_number_verified": true,
            "address": { "street_address": "Rua 1", "country": "PT" },
        });
        assert_eq!(Value::Object(claims), expected);
    }

    #[test]
    fn openid_connect_core_5_3_2_nothing_empty_is_sent() {
        let blank = Profile { given_name: Some(String::new()), ..Profile::default() };
        let claims = standard_claims(&user(blank), |_| true);
        let mut names: Vec<&str> = claims.keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["email", "email_verified", "preferred_username", "updated_at"]);
        assert_eq!(Value::Object(claims)["updated_at"], 1_700_000_000);
    }

    #[test]
    fn a_name_to_call_somebody_by_is_always_there_and_gives_no_address_away() {
        let chosen = |name: Option<&str>| {
            user(Profile { preferred_username: name.map(str::to_owned), ..Profile::default() })
        };
        let subject = chosen(None).id.to_string();
        let cases: [(Option<&str>, &[&str], Option<&str>); 8] = [
            (Some("Ana S."), &["preferred_username", "email"], Some("Ana S.")),
            (Some("Ana S."), &["preferred_username"], Some("Ana S.")),
            (None, &["preferred_username", "email"], Some("ana")),
            (Some(""), &["preferred_username", "email"], Some("ana")),
            (None, &["preferred_username"], Some(subject.as_str())),
            (Some(""), &["preferred_username", "email_verified"], Some(subject.as_str())),
            (None, &["email"], None),
            (None, &[], None),
        ];
        for (name, wanted, expected) in cases {
            let claims = standard_claims(&chosen(name), |claim| wanted.contains(&claim));
            let found = claims.get("preferred_username").and_then(Value::as_str);
            assert_eq!(found, expected, "{name:?} {wanted:?}");
        }
    }

    #[test]
    fn openid_connect_core_5_3_2_a_claim_that_says_nothing_is_not_added() {
        for nothing in [json!(null), json!(""), json!([]), json!({})] {
            let mut claims = Map::new();
            add_claim(&mut claims, "x", nothing.clone());
            assert!(claims.is_empty(), "{nothing}");
        }
        for something in [json!(false), json!(0), json!(" "), json!([null]), json!({ "a": [] })] {
            let mut claims = Map::new();
            add_claim(&mut claims, "x", something.clone());
            assert_eq!(claims.get("x"), Some(&something));
        }
    }

    #[test]
    fn only_wanted_claims_are_sent() {
        let user = user(full());
        assert!(standard_claims(&user, |_| false).is_empty());
        for token in ["profile", "email", "address", "phone"] {
            let wanted = claims_for_scope(token);
            let claims = standard_claims(&user, |name| wanted.contains(&name));
            assert_eq!(claims.len(), wanted.len(), "{token}");
            assert!(claims.keys().all(|name| wanted.contains(&name.as_str())), "{token}");
        }
    }

    #[test]
    fn each_claim_has_one_scope() {
        let mut all = claims_supported();
        assert_eq!(scope_of_claim("birthdate"), Some("profile"));
        assert_eq!(scope_of_claim("sid"), None);
        assert!(claims_for_scope("offline_access").is_empty() && claims_for_scope("x").is_empty());
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
    }
}
