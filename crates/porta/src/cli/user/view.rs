//! How users are shown.

use porta_client::types::User;

use crate::cli::report::{Column, Field};
use crate::output::{local, local_or_dash, or_dash};

pub(super) const COLUMNS: &[Column<User>] = &[
    ("ID", |user| user.id.to_string()),
    ("Email", |user| user.email.clone()),
    ("Name", |user| or_dash(name(user))),
    ("Status", |user| user.status.clone()),
    ("Last Sign-In", |user| local_or_dash(user.last_login_at.as_ref())),
    ("Created", |user| local(&user.created_at)),
];

fn name(user: &User) -> Option<String> {
    let parts = [user.given_name.as_deref(), user.family_name.as_deref()];
    let parts: Vec<&str> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

fn yes(is_so: bool) -> String {
    if is_so { "yes" } else { "no" }.to_owned()
}

pub(super) fn fields(user: &User) -> Vec<Field> {
    vec![
        ("ID", user.id.to_string()),
        ("Email", user.email.clone()),
        ("Email Verified", yes(user.email_verified)),
        ("Given Name", or_dash(user.given_name.as_ref())),
        ("Family Name", or_dash(user.family_name.as_ref())),
        ("Locale", or_dash(user.locale.as_ref())),
        ("Status", user.status.clone()),
        ("Locked", local_or_dash(user.locked_at.as_ref())),
        ("Locked Reason", or_dash(user.locked_reason.as_ref())),
        ("Has Password", yes(user.has_password)),
        ("Must Change It", yes(user.password_change_required)),
        ("Second Factor", or_dash(user.two_factor_method.as_ref())),
        ("Last Sign-In", local_or_dash(user.last_login_at.as_ref())),
        ("Sign-Ins", user.login_count.to_string()),
        ("Created", local(&user.created_at)),
        ("Updated", local(&user.updated_at)),
    ]
}
