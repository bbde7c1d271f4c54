//! `porta sessions revoke` and `revoke-user`.

use clap::Args;
use serde_json::json;
use uuid::Uuid;

use crate::cli::access::Access;
use crate::cli::{Global, lookup};
use crate::failure::Failure;

#[derive(Debug, Args)]
pub(crate) struct User {
    /// Id; with --org also the address.
    user: String,
    /// Slug or id of the organization.
    #[arg(long)]
    org: Option<String>,
}

pub(super) async fn one(global: Global, access: &Access, session: Uuid) -> Result<(), Failure> {
    let admin = access.admin().await?;
    let found = admin.sessions.get_session(session).await?;
    if !global.confirmed(&format!("End session {session} of {}?", found.user_email))? {
        return Ok(());
    }
    admin.sessions.revoke_session(session).await?;
    let now = admin.sessions.get_session(session).await?;
    global.changed(&now, format_args!("session {session} of {} has ended", now.user_email))
}

pub(super) async fn all_of_user(global: Global, access: &Access, user: &User) -> Result<(), Failure> {
    let admin = access.admin().await?;
    let id: Uuid = match &user.org {
        Some(org) => lookup::user(&admin, org, &user.user).await?.id,
        None => user
            .user
            .parse()
            .map_err(|_| Failure::invalid("name the organization with --org, or use the user's id"))?,
    };
    if !global.confirmed(&format!("End all sessions of {}?", user.user))? {
        return Ok(());
    }
    let revoked = admin.sessions.revoke_user_sessions(id).await?;
    let value = json!({ "userId": id, "revoked": revoked.revoked });
    global.happened(&value, format_args!("{} sessions of {} have ended", revoked.revoked, user.user));
    Ok(())
}
