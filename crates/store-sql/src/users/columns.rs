//! The columns of a user, and how a user is made of them.

use porta_core::Version;
use porta_core::user::{Address, Email, PasswordHash, Profile, TwoFactorMethod, User, UserStatus};
use porta_store::Result;

use crate::kernel::{Reader, Record, Value, at, flag, int, opt_at, opt_text, text, uuid};

macro_rules! user_columns {
    ($($form:tt)+) => {
        $crate::kernel::columns! {
            $($form)+;
            id,
            organization_id,
            email,
            email_key,
            email_verified,
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
            address_street,
            address_locality,
            address_region,
            address_postal_code,
            address_country,
            password_hash,
            password_changed_at,
            password_change_required,
            status,
            locked_at,
            locked_reason,
            last_login_at,
            login_count,
            failed_login_count,
            last_failed_login_at,
            two_factor_method,
            credential_epoch,
            factor_failures,
            created_at,
            updated_at,
            version
        }
    };
}
pub(crate) use user_columns;
user_columns!(enum UserColumn of "users");

/// The columns that an update writes.
macro_rules! edited_columns {
    ($($form:tt)+) => {
        $crate::kernel::columns! {
            $($form)+;
            email,
            email_key,
            email_verified,
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
            address_street,
            address_locality,
            address_region,
            address_postal_code,
            address_country,
            updated_at
        }
    };
}
pub(super) use edited_columns;

pub(super) fn value(u: &User, column: UserColumn) -> Value<'_> {
    let p = &u.profile;
    match column {
        UserColumn::id => uuid(u.id),
        UserColumn::organization_id => uuid(u.organization_id),
        UserColumn::email => text(u.email.shown()),
        UserColumn::email_key => text(u.email.key()),
        UserColumn::email_verified => flag(u.email_verified),
        UserColumn::given_name => opt_text(p.given_name.as_deref()),
        UserColumn::family_name => opt_text(p.family_name.as_deref()),
        UserColumn::middle_name => opt_text(p.middle_name.as_deref()),
        UserColumn::nickname => opt_text(p.nickname.as_deref()),
        UserColumn::preferred_username => opt_text(p.preferred_username.as_deref()),
        UserColumn::profile_url => opt_text(p.profile_url.as_deref()),
        UserColumn::picture_url => opt_text(p.picture_url.as_deref()),
        UserColumn::website_url => opt_text(p.website_url.as_deref()),
        UserColumn::gender => opt_text(p.gender.as_deref()),
        UserColumn::birthdate => opt_text(p.birthdate.as_deref()),
        UserColumn::zoneinfo => opt_text(p.zoneinfo.as_deref()),
        UserColumn::locale => opt_text(p.locale.as_deref()),
        UserColumn::phone_number => opt_text(p.phone_number.as_deref()),
        UserColumn::phone_number_verified => flag(p.phone_number_verified),
        UserColumn::address_street => opt_text(p.address.street.as_deref()),
        UserColumn::address_locality => opt_text(p.address.locality.as_deref()),
        UserColumn::address_region => opt_text(p.address.region.as_deref()),
        UserColumn::address_postal_code => opt_text(p.address.postal_code.as_deref()),
        UserColumn::address_country => opt_text(p.address.country.as_deref()),
        UserColumn::password_hash => opt_text(u.password_hash.as_ref().map(PasswordHash::as_str)),
        UserColumn::password_changed_at => opt_at(u.password_changed_at),
        UserColumn::password_change_required => flag(u.password_change_required),
        UserColumn::status => text(u.status.as_str()),
        UserColumn::locked_at => opt_at(u.locked_at),
        UserColumn::locked_reason => opt_text(u.locked_reason.as_deref()),
        UserColumn::last_login_at => opt_at(u.last_login_at),
        UserColumn::login_count => int(u.login_count),
        UserColumn::failed_login_count => int(u.failed_login_count),
        UserColumn::last_failed_login_at => opt_at(u.last_failed_login_at),
        UserColumn::two_factor_method => opt_text(u.two_factor_method.map(TwoFactorMethod::as_str)),
        UserColumn::credential_epoch => int(u.credential_epoch),
        UserColumn::factor_failures => int(u.factor_failures),
        UserColumn::created_at => at(u.created_at),
        UserColumn::updated_at => at(u.updated_at),
        UserColumn::version => int(u.version.number()),
    }
}

/// A user from here on in a joined row.
pub(crate) fn next_user(reader: &mut Reader<'_>) -> Result<User> {
    read_user(&reader.record())
}

pub(super) fn read_user(r: &Record<'_, UserColumn>) -> Result<User> {
    Ok(User {
        id: r.id(UserColumn::id)?,
        organization_id: r.id(UserColumn::organization_id)?,
        email: Email::trusted(r.text(UserColumn::email)?, r.text(UserColumn::email_key)?),
        email_verified: r.flag(UserColumn::email_verified)?,
        profile: Profile {
            given_name: r.opt_text(UserColumn::given_name)?,
            family_name: r.opt_text(UserColumn::family_name)?,
            middle_name: r.opt_text(UserColumn::middle_name)?,
            nickname: r.opt_text(UserColumn::nickname)?,
            preferred_username: r.opt_text(UserColumn::preferred_username)?,
            profile_url: r.opt_text(UserColumn::profile_url)?,
            picture_url: r.opt_text(UserColumn::picture_url)?,
            website_url: r.opt_text(UserColumn::website_url)?,
            gender: r.opt_text(UserColumn::gender)?,
            birthdate: r.opt_text(UserColumn::birthdate)?,
            zoneinfo: r.opt_text(UserColumn::zoneinfo)?,
            locale: r.opt_text(UserColumn::locale)?,
            phone_number: r.opt_text(UserColumn::phone_number)?,
            phone_number_verified: r.flag(UserColumn::phone_number_verified)?,
            address: Address {
                street: r.opt_text(UserColumn::address_street)?,
                locality: r.opt_text(UserColumn::address_locality)?,
                region: r.opt_text(UserColumn::address_region)?,
                postal_code: r.opt_text(UserColumn::address_postal_code)?,
                country: r.opt_text(UserColumn::address_country)?,
            },
        },
        password_hash: r.opt_text(UserColumn::password_hash)?.map(PasswordHash::trusted),
        password_changed_at: r.opt_time(UserColumn::password_changed_at)?,
        password_change_required: r.flag(UserColumn::password_change_required)?,
        status: r.parsed(UserColumn::status, UserStatus::parse)?,
        locked_at: r.opt_time(UserColumn::locked_at)?,
        locked_reason: r.opt_text(UserColumn::locked_reason)?,
        last_login_at: r.opt_time(UserColumn::last_login_at)?,
        login_count: r.int(UserColumn::login_count)?,
        failed_login_count: r.int(UserColumn::failed_login_count)?,
        last_failed_login_at: r.opt_time(UserColumn::last_failed_login_at)?,
        two_factor_method: r.opt_parsed(UserColumn::two_factor_method, TwoFactorMethod::parse)?,
        credential_epoch: r.int(UserColumn::credential_epoch)?,
        factor_failures: r.int(UserColumn::factor_failures)?,
        created_at: r.time(UserColumn::created_at)?,
        updated_at: r.time(UserColumn::updated_at)?,
        version: Version::stored(r.int(UserColumn::version)?),
    })
}
