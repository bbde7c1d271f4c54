//! `porta provision`, and what `porta apply` has of it.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use porta_client::Client;
use serde_json::Value;

use super::credentials::CredentialsFile;
use super::import::{How, Outcome, import};
use super::input::{FileArgument, Input};
use super::show;
use crate::cli::Global;
use crate::cli::access::Access;
use crate::failure::Failure;
use crate::output;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// What happens to what exists already.
    #[arg(long, value_enum, default_value_t = Mode::Merge)]
    mode: Mode,
    /// Commit what succeeded even if some items failed (exit code 4).
    #[arg(long)]
    keep_going: bool,
    #[command(flatten)]
    options: ImportOptions,
}

/// Options of every command that applies a file.
#[derive(Debug, Args)]
pub(super) struct ImportOptions {
    #[command(flatten)]
    file: FileArgument,
    /// Execute everything, show the changes, and roll back.
    #[arg(long)]
    dry_run: bool,
    /// Write generated secrets to this file (mode 0600) instead of showing them.
    #[arg(long, value_name = "FILE")]
    credentials_out: Option<PathBuf>,
    /// Make an embedded database if there is none.
    #[arg(long, requires = "direct")]
    create: bool,
    #[command(flatten)]
    access: Access,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Mode {
    /// It stays as it is.
    Merge,
    /// Fields that the file names are rewritten.
    Overwrite,
}

pub(crate) async fn run(global: Global, arguments: Arguments) -> Result<(), Failure> {
    let overwrites = arguments.mode == Mode::Overwrite;
    arguments.options.carry_out(global, overwrites, arguments.keep_going).await
}

impl ImportOptions {
    pub(super) async fn carry_out(
        &self,
        global: Global,
        overwrites: bool,
        keeps_going: bool,
    ) -> Result<(), Failure> {
        // Passwords are hashed as the server would hash them.
        self.access.prepare()?;
        let input = self.file.read().await?;
        // Opened before anything is changed: secrets that cannot be written would be lost.
        let file = match &self.credentials_out {
            Some(path) if !self.dry_run => Some(CredentialsFile::open(path)?),
            Some(_) | None => None,
        };
        let admin = self.access.admin_for_files(self.create).await?;
        let how = How { overwrites, is_dry: self.dry_run, keeps_going };
        // Asked for first: after the import nothing may fail before its secrets are kept.
        let different = if overwrites { None } else { Some(different(&admin, &input).await?) };
        let mut outcome = import(&admin, &input, how).await?;
        if let Some(different) = different {
            outcome.0["different"] = different;
        }
        let shown_elsewhere = self.credentials_out.as_deref().filter(|_| file.is_some());
        if let Some(file) = file
            && outcome.is_applied()
        {
            file.write(outcome.list("credentials"))?;
        }
        if global.json {
            if shown_elsewhere.is_some() {
                outcome.hide_secrets();
            }
            output::json(&outcome.0);
        } else {
            show::show(&outcome, how, shown_elsewhere);
        }
        if !output::is_complete() {
            return Err(untold(&outcome, shown_elsewhere.is_some()));
        }
        if !outcome.list("different").is_empty() {
            output::note("porta apply, or --mode overwrite, makes what is different as the file says");
        }
        outcome.judge(&input, how)
    }
}

/// A result that could not be printed. Nobody learns of what was applied otherwise, and secrets that were just made are
/// known to nobody. They are not printed elsewhere: standard error is often a log.
fn untold(outcome: &Outcome, is_kept: bool) -> Failure {
    let mut lines = vec!["the result cannot be written to standard output".to_owned()];
    if outcome.is_applied() {
        let counted =
            ["created", "updated", "errors"].map(|list| format!("{} {list}", outcome.list(list).len()));
        lines.push(format!("the file was applied: {}", counted.join(", ")));
    }
    let text = |item: &Value, name: &str| item[name].as_str().unwrap_or_default().to_owned();
    let errors = outcome.list("errors").iter();
    lines.extend(errors.map(|error| format!("{}: {}", text(error, "path"), text(error, "error"))));
    let made = outcome.list("credentials").iter().filter(|made| made["secretPlaintext"].is_string());
    for made in made.filter(|_| !is_kept && outcome.is_applied()) {
        lines.push(format!(
            "nobody has seen the new secret of {}: make another with porta client secret generate {}",
            text(made, "clientName"),
            text(made, "clientId")
        ));
    }
    Failure::General(lines)
}

/// What exists and is not as the file says, with the names of the fields.
async fn different(admin: &Client, input: &Input) -> Result<Value, Failure> {
    let how = How { overwrites: true, is_dry: true, keeps_going: true };
    Ok(import(admin, input, how).await?.0["updated"].take())
}
