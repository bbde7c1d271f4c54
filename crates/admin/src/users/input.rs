//! The profile fields of requests.

use porta_core::user::{Address, Email, Profile};
use porta_directory::DirectoryError;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::body::double_option;
use crate::error::{AdminError, Detail, Result};
use crate::list::refuse;

/// Most characters of an address.
const ADDRESS_LENGTH: usize = 255;

/// Reads an address.
pub(crate) fn parse_email(text: &str) -> Result<Email> {
    if text.chars().count() > ADDRESS_LENGTH {
        return Err(AdminError::invalid("email", format!("use at most {ADDRESS_LENGTH} characters")));
    }
    Ok(Email::parse(text).map_err(DirectoryError::from)?)
}

/// Profile fields. A field that is left out is not changed; `null` clears it.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = UserProfile)]
pub(crate) struct ProfileInput {
    #[serde(default, deserialize_with = "double_option")]
    #[schema(max_length = 255)]
    given_name: Option<Option<String>>,
    #[serde(default, deserialize_with = "double_option")]
    #[schema(max_length = 255)]
    family_name: Option<Option<String>>,
    #[serde(default, deserialize_with = "double_option")]
    #[schema(max_length = 255)]
    middle_name: Option<Option<String>>,
    #[serde(default, deserialize_with = "double_option")]
    #[schema(max_length = 255)]
    nickname: Option<Option<String>>,
    #[serde(default, deserialize_with = "double_option")]
    #[schema(max_length = 255)]
    preferred_username: Option<Option<String>>,
    #[serde(default, deserialize_with = "double_option")]
    #[schema(max_length = 2048)]
    profile_url: Option<Option<String>>,
    #[serde(default, deserialize_with = "double_option")]
    #[schema(max_length = 2048)]
    picture_url: Option<Option<String>>,
    #[serde(default, deserialize_with = "double_option")]
    #[schema(max_length = 2048)]
    website_url: Option<Option<String>>,
    #[serde(default, deserialize_with = "double_option")]
    #[schema(max_length = 50)]
    gender: Option<Option<String>>,
    /// `YYYY-MM-DD`.
    #[serde(default, deserialize_with = "double_option")]
    birthdate: Option<Option<String>>,
    #[serde(default, deserialize_with = "double_option")]
    #[schema(max_length = 50)]
    zoneinfo: Option<Option<String>>,
    #[serde(default, deserialize_with = "double_option")]
    #[schema(max_length = 10)]
    locale: Option<Option<String>>,
    #[serde(default, deserialize_with = "double_option")]
    #[schema(max_length = 50)]
    phone_number: Option<Option<String>>,
    phone_number_verified: Option<bool>,
    /// `null` changes nothing.
    address: Option<AddressInput>,
}

/// A postal address (OpenID Connect Core §5.1.1).
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = UserAddress)]
pub(crate) struct AddressInput {
    #[serde(default, deserialize_with = "double_option")]
    #[schema(max_length = 2048)]
    street: Option<Option<String>>,
    #[serde(default, deserialize_with = "double_option")]
    #[schema(max_length = 255)]
    locality: Option<Option<String>>,
    #[serde(default, deserialize_with = "double_option")]
    #[schema(max_length = 255)]
    region: Option<Option<String>>,
    #[serde(default, deserialize_with = "double_option")]
    #[schema(max_length = 20)]
    postal_code: Option<Option<String>>,
    /// ISO 3166-1 alpha-2.
    #[serde(default, deserialize_with = "double_option")]
    #[schema(min_length = 2, max_length = 2)]
    country: Option<Option<String>>,
}

/// Sets what the request names.
fn set(field: &mut Option<String>, wanted: Option<Option<String>>) {
    if let Some(value) = wanted {
        *field = value;
    }
}

impl ProfileInput {
    /// The profile after the change.
    pub(super) fn applied_to(self, before: &Profile) -> Result<Profile> {
        self.check()?;
        let mut after = before.clone();
        set(&mut after.given_name, self.given_name);
        set(&mut after.family_name, self.family_name);
        set(&mut after.middle_name, self.middle_name);
        set(&mut after.nickname, self.nickname);
        set(&mut after.preferred_username, self.preferred_username);
        set(&mut after.profile_url, self.profile_url);
        set(&mut after.picture_url, self.picture_url);
        set(&mut after.website_url, self.website_url);
        set(&mut after.gender, self.gender);
        set(&mut after.birthdate, self.birthdate);
        set(&mut after.zoneinfo, self.zoneinfo);
        set(&mut after.locale, self.locale);
        set(&mut after.phone_number, self.phone_number);
        after.phone_number_verified = self.phone_number_verified.unwrap_or(after.phone_number_verified);
        if let Some(address) = self.address {
            address.apply_to(&mut after.address);
        }
        let named = |invalid: porta_core::Invalid| {
            AdminError::Validation(vec![Detail::new(field_of(invalid.field), invalid.problem)])
        };
        after.validate().map_err(named)?;
        Ok(after)
    }

    /// Whether the request names a field.
    pub(super) fn is_empty(&self) -> bool {
        let Self {
            given_name,
            family_name,
            middle_name,
            nickname,
            preferred_username,
            profile_url,
            picture_url,
            website_url,
            gender,
            birthdate,
            zoneinfo,
            locale,
            phone_number,
            phone_number_verified,
            address,
        } = self;
        let texts = [
            given_name,
            family_name,
            middle_name,
            nickname,
            preferred_username,
            profile_url,
            picture_url,
            website_url,
            gender,
            birthdate,
            zoneinfo,
            locale,
            phone_number,
        ];
        texts.iter().all(|text| text.is_none()) && phone_number_verified.is_none() && address.is_none()
    }

    /// Addresses of web pages are links on pages, so they must not be scripts.
    fn check(&self) -> Result<()> {
        let urls = [
            ("profileUrl", &self.profile_url),
            ("pictureUrl", &self.picture_url),
            ("websiteUrl", &self.website_url),
        ];
        let is_unfit = |url: &str| !(url.starts_with("https://") || url.starts_with("http://"));
        let unfit = urls.into_iter().filter(|(_, url)| url.iter().flatten().any(|url| is_unfit(url)));
        let details =
            unfit.map(|(name, _)| Detail::new(name, "use an address that begins with https:// or http://"));
        refuse(details.collect())
    }
}

impl AddressInput {
    fn apply_to(self, address: &mut Address) {
        set(&mut address.street, self.street);
        set(&mut address.locality, self.locality);
        set(&mut address.region, self.region);
        set(&mut address.postal_code, self.postal_code);
        set(&mut address.country, self.country);
    }
}

/// The field as the API names it; rules name the claim.
fn field_of(claim: &'static str) -> &'static str {
    match claim {
        "given_name" => "givenName",
        "family_name" => "familyName",
        "middle_name" => "middleName",
        "preferred_username" => "preferredUsername",
        "profile" => "profileUrl",
        "picture" => "pictureUrl",
        "website" => "websiteUrl",
        "phone_number" => "phoneNumber",
        "street_address" => "address.street",
        "locality" => "address.locality",
        "region" => "address.region",
        "postal_code" => "address.postalCode",
        "country" => "address.country",
        other => other,
    }
}
