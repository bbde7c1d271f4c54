//! `porta user 2fa`.

use clap::Subcommand;
use porta_client::types::{RecoveryCodeSet, TwoFactorStatus};
use serde::Serialize;
use uuid::Uuid;

use super::Person;
use crate::cli::Global;
use crate::cli::access::Access;
use crate::failure::Failure;
use crate::output::{self, or_dash};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show the second factor of a user.
    Status(Person),
    /// Switch the second factor of a user off: every session and token ends, and a mail tells them.
    Disable(Person),
    /// Take every second factor and recovery code away, for somebody who lost theirs: every session and token ends,
    /// and a mail tells them. They must set one up again where the organization requires it.
    Reset(Person),
    /// Recovery codes of a user.
    #[command(subcommand)]
    RecoveryCodes(RecoveryCodes),
}

#[derive(Debug, Subcommand)]
pub(crate) enum RecoveryCodes {
    /// Replace the recovery codes of a user, and show the new ones once. A mail tells the user.
    Regenerate(Person),
}

/// The status, and whose it is.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    user_id: Uuid,
    email: String,
    #[serde(flatten)]
    status: TwoFactorStatus,
}

pub(super) async fn run(global: Global, access: &Access, command: Command) -> Result<(), Failure> {
    match command {
        Command::Status(person) => status(global, access, &person).await,
        Command::Disable(person) => disable(global, access, &person).await,
        Command::Reset(person) => reset(global, access, &person).await,
        Command::RecoveryCodes(RecoveryCodes::Regenerate(person)) => {
            regenerate(global, access, &person).await
        }
    }
}

async fn status(global: Global, access: &Access, person: &Person) -> Result<(), Failure> {
    let admin = access.admin().await?;
    let user = person.find(&admin).await?;
    let status = admin.two_factor.get_user_two_factor_status(&person.org, user.id).await?;
    let fields = vec![
        ("User ID", user.id.to_string()),
        ("Email", user.email.clone()),
        ("2FA Enabled", if status.enabled { "yes" } else { "no" }.to_owned()),
        ("Method", or_dash(status.method.as_ref())),
        ("TOTP Configured", if status.totp_configured { "yes" } else { "no" }.to_owned()),
        ("Recovery Codes", status.recovery_codes_remaining.to_string()),
    ];
    global.detailed(&Shown { user_id: user.id, email: user.email.clone(), status }, fields)
}

async fn disable(global: Global, access: &Access, person: &Person) -> Result<(), Failure> {
    let admin = access.admin().await?;
    let user = person.find(&admin).await?;
    let question = format!(
        "Switch the second factor of {} of {} off and end all of their sessions?",
        user.email, person.org
    );
    if !global.confirmed(&question)? {
        return Ok(());
    }
    admin.two_factor.disable_user_two_factor(&person.org, user.id).await?;
    let status = admin.two_factor.get_user_two_factor_status(&person.org, user.id).await?;
    let sentence = format!("the second factor of {} of {} is off", user.email, person.org);
    global.changed(&Shown { user_id: user.id, email: user.email.clone(), status }, sentence)
}

async fn reset(global: Global, access: &Access, person: &Person) -> Result<(), Failure> {
    let admin = access.admin().await?;
    let user = person.find(&admin).await?;
    let question = format!(
        "Take the second factors of {} of {} away and end all of their sessions?",
        user.email, person.org
    );
    if !global.confirmed(&question)? {
        return Ok(());
    }
    admin.two_factor.reset_user_two_factor(&person.org, user.id).await?;
    let status = admin.two_factor.get_user_two_factor_status(&person.org, user.id).await?;
    let sentence = format!("{} of {} has no second factor any more", user.email, person.org);
    global.changed(&Shown { user_id: user.id, email: user.email.clone(), status }, sentence)
}

async fn regenerate(global: Global, access: &Access, person: &Person) -> Result<(), Failure> {
    let admin = access.admin_for_recovery_codes().await?;
    let user = person.find(&admin).await?;
    if !global.confirmed(&format!("Replace the recovery codes of {} of {}?", user.email, person.org))? {
        return Ok(());
    }
    let codes = admin.two_factor.regenerate_user_recovery_codes(&person.org, user.id).await?;
    if !global.json {
        show(&codes);
        return Ok(());
    }
    global.changed(&codes, "")
}

fn show(codes: &RecoveryCodeSet) {
    for code in &codes.recovery_codes {
        output::line(code.expose());
    }
    output::warning(&codes.warning);
}
