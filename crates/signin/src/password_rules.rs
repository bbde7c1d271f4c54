//! Checks a new password against the rules.

use porta_core::Password;
use porta_core::password_rules::{ContextWords, check_new_password};
use porta_core::user::{PasswordRefusal, User};
use porta_session::{BackendError, Tenant};

/// Runs on a blocking thread, because it takes milliseconds.
pub(crate) async fn check_password_rules(
    password: &Password,
    user: &User,
    tenant: &Tenant,
) -> Result<Result<(), PasswordRefusal>, BackendError> {
    let (password, context) = (password.clone(), ContextWords::of(user, &tenant.organization));
    let judged = tokio::task::spawn_blocking(move || check_new_password(&password, &context));
    judged.await.map_err(|_| BackendError::Unreadable("a password could not be judged".to_owned()))
}
