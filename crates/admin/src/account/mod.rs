//! The administrator's own account. The rules are those of the account pages (decision 0028): the functions of the
//! sign-in carry out both.

mod caller;
mod factors;
mod password;
mod profile;
mod sessions;
mod setup;

use porta_signin::account::AccountChange;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::error::{AdminError, Result};
use crate::state::AdminState;

pub(crate) fn routes() -> OpenApiRouter<AdminState> {
    let of_all = OpenApiRouter::new()
        .routes(routes!(profile::update_own_profile))
        .routes(routes!(password::change_own_password))
        .routes(routes!(sessions::list_own_sessions, sessions::end_other_own_sessions))
        .routes(routes!(sessions::end_own_session));
    let two_factor = OpenApiRouter::new()
        .routes(routes!(factors::get_own_two_factor))
        .routes(routes!(factors::disable_own_two_factor))
        .routes(routes!(factors::regenerate_own_recovery_codes))
        .routes(routes!(setup::begin_own_two_factor, setup::cancel_own_two_factor))
        .routes(routes!(setup::resend_own_two_factor_code))
        .routes(routes!(setup::verify_own_two_factor));
    OpenApiRouter::new().nest("/me", of_all).nest("/me/two-factor", two_factor)
}

/// What a change of the second factor came to.
fn done(change: &AccountChange) -> Result<()> {
    match change {
        AccountChange::Done | AccountChange::Credentials(_) | AccountChange::SessionRenewed(_) => Ok(()),
        AccountChange::Nothing => Err(changed_meanwhile()),
        AccountChange::Wrong => Err(AdminError::invalid("code", "this code is wrong")),
        AccountChange::Exhausted => {
            Err(AdminError::Rule("The mailed code cannot be used any more; ask for another one".to_owned()))
        }
        AccountChange::Required => {
            Err(AdminError::Rule("The organization requires a second factor".to_owned()))
        }
        AccountChange::Limited { retry_after } => {
            Err(AdminError::TooManyAttempts { retry_after: *retry_after })
        }
    }
}

fn changed_meanwhile() -> AdminError {
    AdminError::Conflict(
        "Nothing is being set up, or another change was faster; look at the status again".to_owned(),
    )
}
