//! Every statement of this crate, for the test that prepares them all.

use crate::kernel::Stmt;

pub(crate) fn statements() -> impl Iterator<Item = &'static Stmt> {
    [
        crate::administrators::STATEMENTS,
        crate::applications::STATEMENTS,
        crate::applications::all::STATEMENTS,
        crate::applications::children::STATEMENTS,
        crate::applications::rights::STATEMENTS,
        crate::audit::STATEMENTS,
        crate::branding::STATEMENTS,
        crate::clients::STATEMENTS,
        crate::clients::all::STATEMENTS,
        crate::clients::protocol::STATEMENTS,
        crate::tables::STATEMENTS,
        crate::examine::STATEMENTS,
        crate::exports::STATEMENTS,
        crate::installation::STATEMENTS,
        crate::migrate::STATEMENTS,
        crate::migrate::plan::STATEMENTS,
        crate::one_time::STATEMENTS,
        crate::one_time::invitations::STATEMENTS,
        crate::organizations::STATEMENTS,
        crate::organizations::destroy::STATEMENTS,
        crate::outbox::STATEMENTS,
        crate::people::sessions::STATEMENTS,
        crate::ping::STATEMENTS,
        crate::rights::STATEMENTS,
        crate::rights::deletion::STATEMENTS,
        crate::sealed::STATEMENTS,
        crate::second_factors::STATEMENTS,
        crate::second_factors::codes::STATEMENTS,
        crate::sessions::STATEMENTS,
        crate::sessions::grants::STATEMENTS,
        crate::sessions::people::STATEMENTS,
        crate::settings::STATEMENTS,
        crate::signing_keys::STATEMENTS,
        crate::statistics::STATEMENTS,
        crate::sweep::STATEMENTS,
        crate::tokens::STATEMENTS,
        crate::tokens::facts::STATEMENTS,
        crate::tokens::revoke::STATEMENTS,
        crate::users::STATEMENTS,
        crate::users::purge::STATEMENTS,
        crate::users::sign_in::STATEMENTS,
    ]
    .into_iter()
    .flatten()
    .copied()
}
