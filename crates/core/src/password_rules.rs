//! Rules for new passwords, chosen by people or set by operators (NIST SP 800-63B-4 §3.1.1.2): length counts, character
//! classes do not, and guesses that attackers try first are refused.
//!
//! Those guesses come from the lists of `zxcvbn`, compiled in: 30,000 breached passwords and 60,000 names and words,
//! besides keyboard runs, repetitions, dates, and look-alike spellings of all these.

use zeroize::Zeroizing;
use zxcvbn::matching::patterns::MatchPattern;
use zxcvbn::zxcvbn;

use crate::organization::Organization;
use crate::password::Password;
use crate::unicode::nfc;
use crate::user::{Email, PASSWORD_LENGTH, PasswordRefusal, Profile, User};

/// The strength of eight random characters.
const ENOUGH_GUESSES: u64 = 100_000_000;
/// Only this many characters are judged: a longer password is at least as strong as its beginning. Judging takes about
/// a millisecond; text made only of look-alikes takes up to 30 ms at this length, and a second at 100 characters.
const JUDGED: usize = 24;
/// Minimum length of the person's own words: shorter names occur inside many other words.
const OWN_WORD: usize = 3;
const OTHER_WORD: usize = 4;
const PRODUCT: &str = "porta";

/// Lower-case words that an attacker who knows the person tries, longest first.
#[derive(Debug, Clone)]
pub struct ContextWords(Vec<String>);

impl ContextWords {
    pub fn of(user: &User, organization: &Organization) -> Self {
        Self::of_new(&user.email, &user.profile, organization)
    }

    /// For a person who does not exist yet.
    pub fn of_new(email: &Email, profile: &Profile, organization: &Organization) -> Self {
        let names = [
            Some(organization.name.as_str()),
            Some(organization.slug.as_str()),
            organization.branding.company_name.as_deref(),
        ];
        Self::new(email, profile, &names)
    }

    /// For a person or an organization that does not exist yet.
    pub fn new(email: &Email, profile: &Profile, organization: &[Option<&str>]) -> Self {
        let (account, domain) = email.shown().rsplit_once('@').unwrap_or((email.shown(), ""));
        let own = [
            Some(account),
            profile.given_name.as_deref(),
            profile.middle_name.as_deref(),
            profile.family_name.as_deref(),
            profile.nickname.as_deref(),
            profile.preferred_username.as_deref(),
        ];
        let others = [&[Some(domain), Some(PRODUCT)], organization].concat();
        let mut words: Vec<String> = [(own.as_slice(), OWN_WORD), (others.as_slice(), OTHER_WORD)]
            .into_iter()
            .flat_map(|(texts, least)| {
                texts.iter().flatten().map(move |text| (nfc(text).to_lowercase(), least))
            })
            .flat_map(|(text, least)| {
                let words = text.split(|c: char| !c.is_alphanumeric()).filter(|w| w.chars().count() >= least);
                words.map(str::to_owned).collect::<Vec<_>>()
            })
            .collect();
        words.sort_unstable_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        words.dedup();
        Self(words)
    }
}

/// Checks a new password. Uses the CPU for milliseconds, see [`JUDGED`]; does no I/O.
pub fn check_new_password(password: &Password, context: &ContextWords) -> Result<(), PasswordRefusal> {
    let password = password.expose_secret();
    let length = password.chars().count();
    if length < *PASSWORD_LENGTH.start() {
        return Err(PasswordRefusal::TooShort);
    }
    if length > *PASSWORD_LENGTH.end() {
        return Err(PasswordRefusal::TooLong);
    }
    let ContextWords(words) = context;
    if is_built_from(password, words) {
        return Err(PasswordRefusal::Personal);
    }
    let beginning: Zeroizing<String> = Zeroizing::new(password.chars().take(JUDGED).collect());
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let verdict = zxcvbn(&beginning, &words);
    if verdict.guesses() >= ENOUGH_GUESSES {
        return Ok(());
    }
    let found: Vec<&str> = verdict
        .sequence()
        .iter()
        .filter_map(|part| match &part.pattern {
            MatchPattern::Dictionary(entry) => Some(entry.matched_word.as_str()),
            _ => None,
        })
        .collect();
    Err(if found.iter().any(|word| words.contains(word)) {
        PasswordRefusal::Personal
    } else if found.len() == 1 && verdict.sequence().len() == 1 {
        PasswordRefusal::Common
    } else {
        PasswordRefusal::Guessable
    })
}

/// Whether the password contains one of the words and the rest without them is shorter than the minimum.
fn is_built_from(password: &str, words: &[String]) -> bool {
    let password = Zeroizing::new(password.to_lowercase());
    let mut rest = password.clone();
    for word in words {
        rest = Zeroizing::new(rest.replace(word.as_str(), ""));
    }
    rest.len() < password.len() && rest.chars().count() < *PASSWORD_LENGTH.start()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::organization::{Branding, LoginMethod, OrganizationStatus, TwoFactorPolicy};
    use crate::user::UserStatus;
    use crate::{Entropy, OrganizationId, SeededEntropy, Slug, Timestamp, UserId, Version, secret};

    const NOW: Timestamp = Timestamp::from_seconds(1_750_000_000);

    fn acme() -> Organization {
        Organization {
            id: OrganizationId::new(NOW, &SeededEntropy::new(1)),
            name: "Quux Widgets GmbH".to_owned(),
            slug: Slug::parse("quux-berlin").unwrap(),
            status: OrganizationStatus::Active,
            is_super_admin: false,
            branding: Branding { company_name: Some("Frobnitz".to_owned()), ..Branding::default() },
            default_locale: "en".to_owned(),
            two_factor_policy: TwoFactorPolicy::Optional,
            default_login_methods: vec![LoginMethod::Password],
            created_at: NOW,
            updated_at: NOW,
            version: Version::FIRST,
        }
    }

    fn ana() -> User {
        let some = |text: &str| Some(text.to_owned());
        User {
            id: UserId::new(NOW, &SeededEntropy::new(1)),
            organization_id: acme().id,
            email: Email::parse("Zora.Okonkwo@mail.Frotz.example").unwrap(),
            email_verified: true,
            password_hash: None,
            password_changed_at: None,
            password_change_required: false,
            profile: Profile {
                given_name: some("Zora"),
                middle_name: some("Li"),
                family_name: some("Okonkwo-Müller"),
                nickname: some("Zozo"),
                preferred_username: some("zok_1987"),
                ..Profile::default()
            },
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
            created_at: NOW,
            updated_at: NOW,
            version: Version::FIRST,
        }
    }

    fn check(password: &str) -> Result<(), PasswordRefusal> {
        check_new_password(&Password::parse(password)?, &ContextWords::of(&ana(), &acme()))
    }

    #[test]
    fn length_is_counted_in_code_points() {
        assert_eq!(check("xK9$vQ2"), Err(PasswordRefusal::TooShort));
        assert_eq!(check("ключи-7"), Err(PasswordRefusal::TooShort), "more than eight bytes");
        assert_eq!(check("kX9$vQ2m"), Ok(()), "eight random characters are enough");
        let long = "lantern-Quay-41 ".repeat(8);
        assert_eq!(check(&long), Ok(()));
        assert_eq!(check(&format!("{long}x")), Err(PasswordRefusal::TooLong));
        assert_eq!(
            check(&"é7ж-".repeat(32)[..]).err(),
            Some(PasswordRefusal::Guessable),
            "128, but a repetition"
        );
        assert_eq!(check(""), Err(PasswordRefusal::TooShort));
    }

    #[test]
    fn no_kind_of_character_is_demanded() {
        for good in [
            "correct horse battery staple",
            "violet tractor mondays",
            "qzkvwpxhtj",
            "QZKVWPXHTJ",
            "4917360528134",
            "длинная фраза о лодке",
            "静かな湖畔の森の影から",
            "lantern-Quay-41",
        ] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
    }

    #[test]
    fn what_attackers_try_first_is_refused() {
        use PasswordRefusal::{Common, Guessable};
        for (bad, why) in [
            ("password", Common),
            ("PASSWORD", Common),
            ("P@ssw0rd", Common),
            ("drowssap", Common),
            ("12345678", Common),
            ("trustno1", Common),
            ("1q2w3e4r5t", Common),
            ("zaq12wsx", Common),
            ("Passw0rd!", Guessable),
            ("Summer2024!", Guessable),
            ("Welcome1!", Guessable),
            ("aaaaaaaaaaaaaaaa", Guessable),
            ("abcdefghijkl", Guessable),
            ("28.02.1990", Guessable),
            ("hunter2hunter2hunter2", Guessable),
            ("passwordpasswordpasswordpassword", Guessable),
        ] {
            assert_eq!(check(bad), Err(why), "{bad}");
        }
    }

    #[test]
    fn what_is_built_from_names_is_refused() {
        for bad in [
            "Okonkwo2024!",
            "zora.okonkwo",
            "zora.okonkwo@mail.frotz.example",
            "ZoraOkonkwo1987",
            "OKONKWO-müller",
            "z0ra0konkw0",
            "owknoko1",
            "Zozo2026!!",
            "zok_1987-zok",
            "Frotz-2026!",
            "quuxwidgets1",
            "Berlin-2026",
            "frobnitz#12",
            "porta-porta1",
            "Porta2026!",
        ] {
            assert_eq!(check(bad), Err(PasswordRefusal::Personal), "{bad}");
        }
        // A name in a long phrase is allowed, and so is a short name inside another word.
        for good in ["zora paints violet tractors", "million-lively-lilacs", "fifty quux under the mattress"]
        {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        // Other people may use it.
        let other =
            User { email: Email::parse("b@c.example").unwrap(), profile: Profile::default(), ..ana() };
        let context = ContextWords::of(&other, &acme());
        assert_eq!(check_new_password(&Password::parse("okonkwo-4-lunch").unwrap(), &context), Ok(()));
    }

    #[test]
    fn what_counts_is_the_normalised_text() {
        let pieces = "e\u{301}o\u{308}-7Q"; // seven as typed, five as hashed
        assert_eq!(check(pieces), Err(PasswordRefusal::TooShort));
        assert_eq!(check(&"u\u{308}".repeat(4)), Err(PasswordRefusal::TooShort));
        let long = "cre\u{300}me bru\u{302}le\u{301}e ".repeat(9);
        assert!(long.chars().count() > 128);
        assert_eq!(check(&long), Ok(()));
        for spaces in [" ".repeat(12), "\u{3000}".repeat(12), " \u{a0}".repeat(20)] {
            assert_eq!(check(&spaces), Err(PasswordRefusal::Guessable));
        }
        assert_eq!(check(" \u{a0} "), Err(PasswordRefusal::TooShort));
        // Names are normalised like the password, so any spelling is found.
        assert_eq!(check("Mu\u{308}ller-2024"), Err(PasswordRefusal::Personal));
        let mut named = ana();
        named.profile.family_name = Some("Bru\u{302}le\u{301}e".to_owned());
        let context = ContextWords::of(&named, &acme());
        let composed = Password::parse("br\u{fb}l\u{e9}e-2024").unwrap();
        assert_eq!(check_new_password(&composed, &context), Err(PasswordRefusal::Personal));
    }

    #[test]
    fn hostile_texts_do_not_take_long() {
        let look_alikes: String = "4@8({[<369!1|0$5+7%2aeiostlgbcxz".chars().cycle().take(128).collect();
        let start = std::time::Instant::now();
        assert_eq!(check(&look_alikes), Ok(()));
        assert!(
            start.elapsed().as_secs() < 5,
            "unoptimized on a busy machine; judging all of it takes a minute"
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn any_text_is_judged_and_length_comes_first(text in any::<String>()) {
            let verdict = check(&text);
            let Ok(password) = Password::parse(&text) else {
                prop_assert!(verdict.is_err());
                return Ok(());
            };
            let length = password.expose_secret().chars().count();
            prop_assert_eq!(verdict == Err(PasswordRefusal::TooShort), length < 8);
            prop_assert_eq!(verdict == Err(PasswordRefusal::TooLong), length > 128);
        }

        #[test]
        fn random_ones_of_a_password_manager_are_welcome(seed: u64, length in 12_usize..=64) {
            let entropy: &dyn Entropy = &SeededEntropy::new(seed);
            let text = secret::sha256_base64url(&secret::hex(&entropy.bytes::<32>())).repeat(2);
            prop_assert_eq!(check(&text[..length]), Ok(()));
        }

        #[test]
        fn a_name_with_some_ornament_is_not(
            word in prop::sample::select(vec!["Zora", "okonkwo", "Quux", "widgets", "PORTA", "frotz"]),
            before in "[0-9!.#-]{0,3}",
            after in "[0-9!?_-]{2,4}",
        ) {
            let text = format!("{before}{word}{after}");
            prop_assert!(check(&text).is_err());
            if text.chars().count() >= 8 {
                prop_assert_eq!(check(&text), Err(PasswordRefusal::Personal));
            }
        }
    }
}
