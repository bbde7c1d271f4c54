//! `porta client secret`.

use std::time::Duration;

use clap::{Args, Subcommand};
use porta_client::Client as Admin;
use porta_client::queries::ListClientSecretsQuery;
use porta_client::types::NewSecretBody;
use porta_core::settings::parse_duration;
use porta_core::{Clock as _, SystemClock};
use serde_json::json;
use uuid::Uuid;

use super::{Which, view};
use crate::cli::Global;
use crate::cli::access::Access;
use crate::failure::Failure;
use crate::output;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Give a client one more secret, which is shown once. Those that it has work on.
    Generate(Generate),
    /// Show the secrets of a client, without their values.
    List(Which),
    /// Revoke a secret at once.
    Revoke {
        #[command(flatten)]
        which: Which,
        /// Id of the secret, as `list` shows it.
        secret: Uuid,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Generate {
    #[command(flatten)]
    which: Which,
    /// What operators call it, to tell it from others.
    #[arg(long)]
    label: Option<String>,
    /// When it ends, such as 30d or 12h from now; never when left out.
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    expires_in: Option<Duration>,
}

fn duration(text: &str) -> Result<Duration, String> {
    let seconds =
        parse_duration(text).and_then(|seconds| u64::try_from(seconds).ok()).filter(|seconds| *seconds > 0);
    seconds.map(Duration::from_secs).ok_or_else(|| "write it as 30d, 12h, 15m or 900".to_owned())
}

pub(super) async fn run(global: Global, access: &Access, command: Command) -> Result<(), Failure> {
    let admin = access.admin().await?;
    match command {
        Command::Generate(arguments) => generate(global, &admin, arguments).await,
        Command::List(which) => {
            let secrets =
                admin.clients.list_client_secrets(&which.client, &ListClientSecretsQuery::default()).await?;
            global.rows(&secrets, "secrets", view::SECRETS)
        }
        Command::Revoke { which, secret } => {
            if !global.confirmed(&format!("Revoke secret {secret} of {}?", which.client))? {
                return Ok(());
            }
            admin.clients.revoke_client_secret(&which.client, secret).await?;
            let value = json!({ "revoked": true, "id": secret });
            global.happened(&value, format_args!("secret {secret} of {} is revoked", which.client));
            Ok(())
        }
    }
}

async fn generate(global: Global, admin: &Admin, arguments: Generate) -> Result<(), Failure> {
    let expires_at = arguments.expires_in.map(|lifetime| (SystemClock.now() + lifetime).rfc3339());
    let body = NewSecretBody { label: arguments.label, expires_at };
    let answer = admin.clients.create_client_secret(&arguments.which.client, &body).await?;
    let secret = &answer.data;
    global.changed(secret, format_args!("secret {} of {} is created", secret.id, arguments.which.client))?;
    if !global.json {
        output::line(format_args!("Client secret  {}", secret.plaintext.expose()));
        output::warning("save the secret now: it is not shown again");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lifetimes_are_written_with_units() {
        assert_eq!(duration("30d").unwrap(), Duration::from_hours(720));
        for wrong in ["", "0", "soon", "-1d"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }
}
