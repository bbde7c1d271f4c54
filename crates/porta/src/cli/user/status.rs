//! `porta user deactivate`, `reactivate`, `suspend`, `unsuspend`, `lock`, `unlock` and `activate`.

use clap::Args;
use porta_client::types::Reason;

use super::Person;
use crate::cli::Global;
use crate::cli::access::Access;
use crate::failure::Failure;

#[derive(Debug, Args)]
pub(crate) struct WithReason {
    #[command(flatten)]
    person: Person,
    /// Kept in the audit log.
    #[arg(long)]
    reason: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Locking {
    #[command(flatten)]
    person: Person,
    /// Kept in the audit log, and shown to administrators.
    #[arg(long)]
    reason: String,
}

fn question(verb: &str, person: &Person) -> String {
    format!("{verb} {} of {} and end all of their sessions?", person.user, person.org)
}

pub(super) async fn deactivate(global: Global, access: &Access, person: &Person) -> Result<(), Failure> {
    let admin = access.admin().await?;
    let user = person.find(&admin).await?;
    if !global.confirmed(&question("Deactivate", person))? {
        return Ok(());
    }
    admin.users.deactivate_user(&person.org, user.id).await?;
    person.tell(global, &admin, &user).await
}

pub(super) async fn suspend(global: Global, access: &Access, arguments: WithReason) -> Result<(), Failure> {
    let WithReason { person, reason } = arguments;
    let admin = access.admin().await?;
    let user = person.find(&admin).await?;
    if !global.confirmed(&question("Suspend", &person))? {
        return Ok(());
    }
    admin.users.suspend_user(&person.org, user.id, &Reason { reason }).await?;
    person.tell(global, &admin, &user).await
}

pub(super) async fn lock(global: Global, access: &Access, arguments: Locking) -> Result<(), Failure> {
    let Locking { person, reason } = arguments;
    let admin = access.admin().await?;
    let user = person.find(&admin).await?;
    if !global.confirmed(&question("Lock", &person))? {
        return Ok(());
    }
    admin.users.lock_user(&person.org, user.id, &Reason { reason: Some(reason) }).await?;
    person.tell(global, &admin, &user).await
}

pub(super) async fn reactivate(global: Global, access: &Access, person: &Person) -> Result<(), Failure> {
    let admin = access.admin().await?;
    let user = person.find(&admin).await?;
    admin.users.reactivate_user(&person.org, user.id).await?;
    person.tell(global, &admin, &user).await
}

pub(super) async fn unsuspend(global: Global, access: &Access, person: &Person) -> Result<(), Failure> {
    let admin = access.admin().await?;
    let user = person.find(&admin).await?;
    admin.users.unsuspend_user(&person.org, user.id).await?;
    person.tell(global, &admin, &user).await
}

pub(super) async fn unlock(global: Global, access: &Access, person: &Person) -> Result<(), Failure> {
    let admin = access.admin().await?;
    let user = person.find(&admin).await?;
    admin.users.unlock_user(&person.org, user.id).await?;
    person.tell(global, &admin, &user).await
}

/// Takes the way back that the status needs.
pub(super) async fn activate(global: Global, access: &Access, person: &Person) -> Result<(), Failure> {
    let admin = access.admin().await?;
    let user = person.find(&admin).await?;
    let (users, org) = (&admin.users, &person.org);
    match user.status.as_str() {
        "suspended" => users.unsuspend_user(org, user.id).await?,
        "locked" => users.unlock_user(org, user.id).await?,
        // Of an active user the server says why not.
        _ => users.reactivate_user(org, user.id).await?,
    }
    person.tell(global, &admin, &user).await
}
