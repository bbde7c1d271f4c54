//! People in a manifest.

use porta_directory::Problem;
use porta_directory::provision::Patch;
use porta_directory::provision::document::{AddressItem, SecretText, UserItem, UserItemStatus};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;
use utoipa::ToSchema;

/// A secret that is read and never written.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub(super) struct ReadOnly(pub(super) SecretText);

impl Serialize for ReadOnly {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_none()
    }
}

/// A user. Exports leave out what is not set.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct ManifestUser {
    #[schema(max_length = 255)]
    pub(super) email: String,
    pub(super) organization_slug: String,
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    #[schema(value_type = Option<String>, max_length = 255)]
    pub(super) given_name: Patch<String>,
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    #[schema(value_type = Option<String>, max_length = 255)]
    pub(super) family_name: Patch<String>,
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    #[schema(value_type = Option<String>, max_length = 255)]
    pub(super) middle_name: Patch<String>,
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    #[schema(value_type = Option<String>, max_length = 255)]
    pub(super) nickname: Patch<String>,
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    #[schema(value_type = Option<String>, max_length = 255)]
    pub(super) preferred_username: Patch<String>,
    /// Begins with `https://` or `http://`, as the two after it.
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    #[schema(value_type = Option<String>, max_length = 2048)]
    pub(super) profile_url: Patch<String>,
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    #[schema(value_type = Option<String>, max_length = 2048)]
    pub(super) picture_url: Patch<String>,
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    #[schema(value_type = Option<String>, max_length = 2048)]
    pub(super) website_url: Patch<String>,
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    #[schema(value_type = Option<String>, max_length = 50)]
    pub(super) gender: Patch<String>,
    /// `YYYY-MM-DD`.
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    #[schema(value_type = Option<String>)]
    pub(super) birthdate: Patch<String>,
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    #[schema(value_type = Option<String>, max_length = 50)]
    pub(super) zoneinfo: Patch<String>,
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    #[schema(value_type = Option<String>, max_length = 10)]
    pub(super) locale: Patch<String>,
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    #[schema(value_type = Option<String>, max_length = 50)]
    pub(super) phone_number: Patch<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) phone_number_verified: Option<bool>,
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    #[schema(value_type = Option<String>, max_length = 2048)]
    pub(super) address_street: Patch<String>,
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    #[schema(value_type = Option<String>, max_length = 255)]
    pub(super) address_locality: Patch<String>,
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    #[schema(value_type = Option<String>, max_length = 255)]
    pub(super) address_region: Patch<String>,
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    #[schema(value_type = Option<String>, max_length = 20)]
    pub(super) address_postal_code: Patch<String>,
    /// ISO 3166-1 alpha-2.
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    #[schema(value_type = Option<String>, min_length = 2, max_length = 2)]
    pub(super) address_country: Patch<String>,
    /// `active` or `inactive`. A new user is active. In exports, suspended and locked users are inactive.
    #[schema(value_type = Option<String>)]
    pub(super) status: Option<UserItemStatus>,
    /// A new user's address is not.
    pub(super) email_verified: Option<bool>,
    /// Password of a new user. Never exported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, min_length = 8, max_length = 128)]
    pub(super) password: Option<ReadOnly>,
    /// Hash of the password of a new user, also one of another system. Never exported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub(super) password_hash: Option<ReadOnly>,
    /// Whether a sign-in with the password of a new user asks for a new one. Without it: no. Never exported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) password_change_required: Option<bool>,
}

impl ManifestUser {
    /// What the operations of the directory do not look at. Addresses of web pages are links on pages, so they must not
    /// be scripts.
    pub(super) fn problems(&self, place: &str) -> Vec<Problem> {
        let urls = [
            ("profile_url", &self.profile_url),
            ("picture_url", &self.picture_url),
            ("website_url", &self.website_url),
        ];
        let mut problems = Vec::new();
        for (name, url) in urls {
            let Patch::Set(url) = url else { continue };
            if !(url.starts_with("https://") || url.starts_with("http://")) {
                let problem = "use an address that begins with https:// or http://";
                problems.push(Problem::new(format!("{place}.{name}"), problem));
            }
        }
        problems
    }

    pub(super) fn into_item(self) -> UserItem {
        UserItem {
            email: self.email,
            given_name: self.given_name,
            family_name: self.family_name,
            middle_name: self.middle_name,
            nickname: self.nickname,
            preferred_username: self.preferred_username,
            profile: self.profile_url,
            picture: self.picture_url,
            website: self.website_url,
            gender: self.gender,
            birthdate: self.birthdate,
            zoneinfo: self.zoneinfo,
            locale: self.locale,
            phone_number: self.phone_number,
            phone_number_verified: self.phone_number_verified,
            address: AddressItem {
                street_address: self.address_street,
                locality: self.address_locality,
                region: self.address_region,
                postal_code: self.address_postal_code,
                country: self.address_country,
            },
            status: self.status,
            email_verified: self.email_verified,
            password: self.password.map(|ReadOnly(text)| text),
            password_hash: self.password_hash.map(|ReadOnly(text)| text),
            password_change_required: self.password_change_required,
            ..UserItem::default()
        }
    }
}

/// A role that a user gets. None is taken from the user.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct ManifestAssignment {
    pub(super) email: String,
    pub(super) organization_slug: String,
    /// Of the organization, or a shared one.
    pub(super) application_slug: String,
    pub(super) role_slug: String,
}

/// The value of a custom claim that a user gets.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct ManifestClaimValue {
    pub(super) email: String,
    pub(super) organization_slug: String,
    /// Of the organization, or a shared one.
    pub(super) application_slug: String,
    pub(super) claim_slug: String,
    /// Of the type of the claim.
    pub(super) value: Value,
}
