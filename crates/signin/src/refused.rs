//! The password that was refused last in a sign-in: the same one again is no second guess (decision 0044).

use porta_core::user::User;
use porta_core::{Password, TokenDigest, TypedPassword};
use secrecy::{ExposeSecret as _, SecretString};

/// What tells a refused form from others. It travels sealed with the sign-in, and ends with it.
///
/// It is another one as soon as the credentials of the account changed or its lock opened: then the same password may be
/// right, and is judged.
pub(crate) fn form_of(
    email_key: &str,
    password: &TypedPassword,
    user: Option<&User>,
    is_open: bool,
) -> TokenDigest {
    let account = user.map(|user| (user.id, user.credentials()));
    let normal = password.normal().map(Password::expose_secret);
    let all = SecretString::from(format!("{:?}", (email_key, account, is_open, normal, password.as_typed())));
    TokenDigest::of(all.expose_secret())
}
