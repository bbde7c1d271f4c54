//! A user as the API shows it.

use porta_core::EntityId as _;
use porta_core::user::User;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::answer::{optional_time, time};
use crate::etag;

/// A user. Never contains a password hash or another secret.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = User)]
pub(crate) struct UserView {
    id: Uuid,
    organization_id: Uuid,
    email: String,
    email_verified: bool,
    has_password: bool,
    password_changed_at: Option<String>,
    /// The password is temporary: a sign-in with it asks for a new one.
    password_change_required: bool,
    given_name: Option<String>,
    family_name: Option<String>,
    middle_name: Option<String>,
    nickname: Option<String>,
    preferred_username: Option<String>,
    profile_url: Option<String>,
    picture_url: Option<String>,
    website_url: Option<String>,
    gender: Option<String>,
    /// `YYYY-MM-DD`.
    birthdate: Option<String>,
    zoneinfo: Option<String>,
    locale: Option<String>,
    phone_number: Option<String>,
    phone_number_verified: bool,
    address_street: Option<String>,
    address_locality: Option<String>,
    address_region: Option<String>,
    address_postal_code: Option<String>,
    /// ISO 3166-1 alpha-2.
    address_country: Option<String>,
    two_factor_enabled: bool,
    /// `email` or `totp`.
    two_factor_method: Option<&'static str>,
    /// `active`, `inactive`, `suspended` or `locked`.
    status: &'static str,
    locked_at: Option<String>,
    /// `auto_lockout` if wrong passwords locked the account.
    locked_reason: Option<String>,
    last_login_at: Option<String>,
    login_count: i64,
    failed_login_count: i64,
    last_failed_login_at: Option<String>,
    created_at: String,
    updated_at: String,
}

impl UserView {
    /// The tag of the user's version.
    pub(crate) fn tag(user: &User) -> String {
        etag::tag(user.id.uuid(), user.version, &Self::from(user.clone()))
    }
}

impl From<User> for UserView {
    fn from(user: User) -> Self {
        let profile = user.profile;
        let address = profile.address;
        Self {
            id: user.id.uuid(),
            organization_id: user.organization_id.uuid(),
            email: user.email.shown().to_owned(),
            email_verified: user.email_verified,
            has_password: user.password_hash.is_some(),
            password_changed_at: optional_time(user.password_changed_at),
            password_change_required: user.password_change_required,
            given_name: profile.given_name,
            family_name: profile.family_name,
            middle_name: profile.middle_name,
            nickname: profile.nickname,
            preferred_username: profile.preferred_username,
            profile_url: profile.profile_url,
            picture_url: profile.picture_url,
            website_url: profile.website_url,
            gender: profile.gender,
            birthdate: profile.birthdate,
            zoneinfo: profile.zoneinfo,
            locale: profile.locale,
            phone_number: profile.phone_number,
            phone_number_verified: profile.phone_number_verified,
            address_street: address.street,
            address_locality: address.locality,
            address_region: address.region,
            address_postal_code: address.postal_code,
            address_country: address.country,
            two_factor_enabled: user.two_factor_method.is_some(),
            two_factor_method: user.two_factor_method.map(porta_core::user::TwoFactorMethod::as_str),
            status: user.status.as_str(),
            locked_at: optional_time(user.locked_at),
            locked_reason: user.locked_reason,
            last_login_at: optional_time(user.last_login_at),
            login_count: user.login_count,
            failed_login_count: user.failed_login_count,
            last_failed_login_at: optional_time(user.last_failed_login_at),
            created_at: time(user.created_at),
            updated_at: time(user.updated_at),
        }
    }
}
