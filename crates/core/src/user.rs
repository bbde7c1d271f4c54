//! People (users of an organization).
//!
//! ```text
//! active ⇄ inactive;  active ⇄ suspended;  active ⇄ locked;  no other transition
//! ```

use std::fmt;
use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

pub use crate::email::Email;
use crate::line::{check_line, check_lines};
use crate::{Invalid, OrganizationId, Timestamp, UserId, Version, string_enum};

string_enum! {
    pub enum UserStatus { Active = "active", Inactive = "inactive", Suspended = "suspended", Locked = "locked" }
}
string_enum! {
    pub enum TwoFactorMethod { Email = "email", Totp = "totp" }
}

/// `locked_reason` of an automatic lock, which ends after the cool-down.
pub const AUTO_LOCKOUT: &str = "auto_lockout";

/// Allowed length of a normalised password, in code points.
pub const PASSWORD_LENGTH: RangeInclusive<usize> = 8..=128;

string_enum! {
    /// Why a password was refused; pages have a message for each reason.
    pub enum PasswordRefusal {
        TooShort = "too_short",
        TooLong = "too_long",
        /// A tab, a line break or another control character.
        ControlCharacter = "control_character",
        /// The whole password is in a list of breached passwords and common words.
        Common = "common",
        /// Built from the person's address or names, the organization's names or the product's name.
        Personal = "personal",
        /// Composed of patterns that attackers try first.
        Guessable = "guessable",
    }
}

impl std::error::Error for PasswordRefusal {}

/// The OpenID Connect address claim (Core §5.1.1).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    pub street: Option<String>,
    pub locality: Option<String>,
    pub region: Option<String>,
    pub postal_code: Option<String>,
    /// ISO 3166-1 alpha-2.
    pub country: Option<String>,
}

impl Address {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The standard claims stored with a person.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    pub given_name: Option<String>,
    pub family_name: Option<String>,
    pub middle_name: Option<String>,
    pub nickname: Option<String>,
    pub preferred_username: Option<String>,
    pub profile_url: Option<String>,
    pub picture_url: Option<String>,
    pub website_url: Option<String>,
    pub gender: Option<String>,
    /// `YYYY-MM-DD`, stored as text so that no time-zone conversion changes it.
    pub birthdate: Option<String>,
    pub zoneinfo: Option<String>,
    pub locale: Option<String>,
    pub phone_number: Option<String>,
    pub phone_number_verified: bool,
    pub address: Address,
}

impl fmt::Debug for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Profile(…)")
    }
}

impl Profile {
    /// Checks the column limits, so that too long values fail here and not in the database. Every field is a single
    /// line.
    pub fn validate(&self) -> Result<(), Invalid> {
        let limits: [(&'static str, &Option<String>, usize); 16] = [
            ("given_name", &self.given_name, 255),
            ("family_name", &self.family_name, 255),
            ("middle_name", &self.middle_name, 255),
            ("nickname", &self.nickname, 255),
            ("preferred_username", &self.preferred_username, 255),
            ("profile", &self.profile_url, 2048),
            ("picture", &self.picture_url, 2048),
            ("website", &self.website_url, 2048),
            ("gender", &self.gender, 50),
            ("zoneinfo", &self.zoneinfo, 50),
            ("locale", &self.locale, 10),
            ("phone_number", &self.phone_number, 50),
            ("locality", &self.address.locality, 255),
            ("region", &self.address.region, 255),
            ("postal_code", &self.address.postal_code, 20),
            ("country", &self.address.country, 2),
        ];
        for (field, value, limit) in limits {
            let Some(value) = value else { continue };
            check_line(field, value, limit)?;
        }
        if let Some(street) = &self.address.street {
            // OpenID Connect Core §5.1.1: `street_address` may have several lines.
            check_lines("street_address", street, 2048)?;
        }
        if let Some(date) = &self.birthdate
            && time::Date::parse(date, time::macros::format_description!("[year]-[month]-[day]")).is_err()
        {
            return Err(Invalid::new("birthdate", "use a calendar date of the form YYYY-MM-DD"));
        }
        Ok(())
    }

    /// Joins given, middle and family name with one space, skipping missing ones.
    pub fn full_name(&self) -> Option<String> {
        let parts: Vec<&str> = [&self.given_name, &self.middle_name, &self.family_name]
            .into_iter()
            .filter_map(|p| p.as_deref().map(str::trim).filter(|p| !p.is_empty()))
            .collect();
        (!parts.is_empty()).then(|| parts.join(" "))
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    pub id: UserId,
    pub organization_id: OrganizationId,
    pub email: Email,
    pub email_verified: bool,
    /// `None`: no password.
    pub password_hash: Option<PasswordHash>,
    pub password_changed_at: Option<Timestamp>,
    /// The password is temporary: somebody else set it, and a sign-in with it asks for a new one. Changes only with the
    /// password.
    pub password_change_required: bool,
    pub profile: Profile,
    pub status: UserStatus,
    pub locked_at: Option<Timestamp>,
    pub locked_reason: Option<String>,
    pub last_login_at: Option<Timestamp>,
    pub login_count: i64,
    pub failed_login_count: i64,
    pub last_failed_login_at: Option<Timestamp>,
    pub two_factor_method: Option<TwoFactorMethod>,
    /// Incremented by every deliberate change of password, second factor, address or status (decision D22).
    pub credential_epoch: i64,
    /// Consecutive wrong second-factor codes.
    pub factor_failures: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub version: Version,
}

/// Version of a person's credentials. A verification is valid only while this is unchanged (decision D22).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialState {
    pub epoch: i64,
    /// Detects password changes by an earlier version, which does not increment the epoch.
    pub password_changed_at: Option<Timestamp>,
}

impl User {
    pub fn credentials(&self) -> CredentialState {
        CredentialState { epoch: self.credential_epoch, password_changed_at: self.password_changed_at }
    }

    /// Checks that the life cycle allows the transition.
    pub fn may_become(&self, next: UserStatus) -> Result<(), Invalid> {
        use UserStatus::{Active, Inactive, Locked, Suspended};
        match (self.status, next) {
            (Active, Inactive | Suspended | Locked) | (Inactive | Suspended | Locked, Active) => Ok(()),
            (from, to) => Err(Invalid::new("status", format!("a user who is {from} cannot become {to}"))),
        }
    }

    /// Whether existing sessions and tokens stay valid. An automatic lock prevents new sign-ins only, so that guessing
    /// cannot sign the owner out.
    pub fn may_continue(&self) -> bool {
        self.status == UserStatus::Active || self.is_auto_locked()
    }

    /// Whether failed sign-ins caused the lock; it ends after the cool-down.
    pub fn is_auto_locked(&self) -> bool {
        self.status == UserStatus::Locked && self.locked_reason.as_deref() == Some(AUTO_LOCKOUT)
    }
}

/// Text of a hash in one of the forms of [`crate::password_hash`]; `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    pub fn trusted(phc: String) -> Self {
        Self(phc)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn birthdate_must_be_a_date() {
        let with = |d: &str| Profile { birthdate: Some(d.to_owned()), ..Profile::default() }.validate();
        assert!(with("1990-02-28").is_ok());
        assert!(with("1990-02-30").is_err());
        assert!(with("28.02.1990").is_err());
    }

    #[test]
    fn names_are_lines_and_a_street_may_have_several() {
        let some = |text: &str| Some(text.to_owned());
        for unfit in
            ["Ana\nLi", "Ana\tLi", "Ana\u{85}Li", "Ana\u{2028}Li", "\u{202e}anA", "\u{2066}Ana", "Ana\0"]
        {
            let named: [fn(&mut Profile) -> &mut Option<String>; 6] = [
                |p| &mut p.given_name,
                |p| &mut p.family_name,
                |p| &mut p.nickname,
                |p| &mut p.preferred_username,
                |p| &mut p.phone_number,
                |p| &mut p.address.locality,
            ];
            for field in named {
                let mut profile = Profile::default();
                *field(&mut profile) = some(unfit);
                assert!(profile.validate().is_err(), "{unfit:?}");
            }
        }
        let street = |text: &str| Profile {
            address: Address { street: some(text), ..Address::default() },
            ..Profile::default()
        };
        assert!(street("12 Quay\r\nSecond floor").validate().is_ok());
        for unfit in ["12 \u{202e}yauQ", "12\0", "12\u{1b}[31m Quay"] {
            assert_eq!(street(unfit).validate().unwrap_err().field, "street_address", "{unfit:?}");
        }
        let name = Profile { given_name: some("שרה (Sara)\u{200f}"), ..Profile::default() };
        assert!(name.validate().is_ok());
    }

    #[test]
    fn full_name_skips_empties() {
        let p = Profile {
            given_name: Some("Ana".into()),
            middle_name: Some(" ".into()),
            family_name: Some("Li".into()),
            ..Profile::default()
        };
        assert_eq!(p.full_name().as_deref(), Some("Ana Li"));
        assert_eq!(Profile::default().full_name(), None);
    }
}
