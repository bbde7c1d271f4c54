//! The columns of a user: their names for statements, and the reader in the same order.

use porta_core::user::{Address, Email, PasswordHash, Profile, TwoFactorMethod, User, UserStatus};
use porta_store::Result;

use crate::kernel::Reader;

/// Every column of a user, in the order of [`read_user`].
macro_rules! user_columns {
    ($prefix:literal) => {
        $crate::kernel::columns!(
            $prefix,
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
            updated_at
        )
    };
}
pub(crate) use user_columns;

pub(crate) fn read_user(r: &mut Reader<'_>) -> Result<User> {
    r.in_table("users");
    Ok(User {
        id: r.id()?,
        organization_id: r.id()?,
        email: Email::trusted(r.text()?, r.text()?),
        email_verified: r.flag()?,
        profile: Profile {
            given_name: r.opt_text()?,
            family_name: r.opt_text()?,
            middle_name: r.opt_text()?,
            nickname: r.opt_text()?,
            preferred_username: r.opt_text()?,
            profile_url: r.opt_text()?,
            picture_url: r.opt_text()?,
            website_url: r.opt_text()?,
            gender: r.opt_text()?,
            birthdate: r.opt_text()?,
            zoneinfo: r.opt_text()?,
            locale: r.opt_text()?,
            phone_number: r.opt_text()?,
            phone_number_verified: r.flag()?,
            address: Address {
                street: r.opt_text()?,
                locality: r.opt_text()?,
                region: r.opt_text()?,
                postal_code: r.opt_text()?,
                country: r.opt_text()?,
            },
        },
        password_hash: r.opt_text()?.map(PasswordHash::trusted),
        password_changed_at: r.opt_time()?,
        status: r.parsed("status", UserStatus::parse)?,
        locked_at: r.opt_time()?,
        locked_reason: r.opt_text()?,
        last_login_at: r.opt_time()?,
        login_count: r.int()?,
        failed_login_count: r.int()?,
        last_failed_login_at: r.opt_time()?,
        two_factor_method: r.opt_parsed("two_factor_method", TwoFactorMethod::parse)?,
        credential_epoch: r.int()?,
        factor_failures: r.int()?,
        created_at: r.time("created_at")?,
        updated_at: r.time("updated_at")?,
    })
}
