//! `porta audit cleanup`.

use clap::Args;
use porta_client::types::CleanupBody;

use crate::cli::Global;
use crate::cli::access::Access;
use crate::failure::Failure;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Days that a row is kept; the setting audit_retention_days when left out.
    #[arg(long, value_name = "DAYS")]
    retention_days: Option<u64>,
    /// Count the rows, and delete none.
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn run(global: Global, access: &Access, arguments: &Arguments) -> Result<(), Failure> {
    let admin = access.admin().await?;
    let age = arguments
        .retention_days
        .map_or_else(|| "audit_retention_days says".to_owned(), |days| format!("{days} days"));
    let question = format!("Delete for good the rows of the audit log that are older than {age}?");
    if !arguments.dry_run && !global.confirmed(&question)? {
        return Ok(());
    }
    let body = CleanupBody { retention_days: arguments.retention_days, dry_run: Some(arguments.dry_run) };
    let answer = admin.audit.clean_audit_log(&body).await?;
    let sentence = if answer.dry_run {
        format!(
            "{} rows are older than {} days; none was deleted",
            answer.entries_found, answer.retention_days
        )
    } else {
        format!("{} rows older than {} days are deleted", answer.deleted, answer.retention_days)
    };
    global.changed(&answer, sentence)
}
