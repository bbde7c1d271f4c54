//! Remembers the password refused last in a sign-in: the same one again is not another guess (decision 0044).

use porta_core::user::User;
use porta_core::{Password, TokenDigest, TypedPassword};
use secrecy::{ExposeSecret as _, SecretString};

/// Digest of a refused form. It is stored sealed in the interaction and ends with it.
///
/// The digest changes when the account's credentials change or its lock opens: the same password may be right then, so
/// it is verified again.
pub(crate) fn form_digest(
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
