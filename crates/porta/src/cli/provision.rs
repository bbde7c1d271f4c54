//! `porta provision`.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use porta_directory::provision::{self, Document, Format, Options, Report, SecretValue};
use secrecy::ExposeSecret as _;

use super::access::open_or_create;
use super::direct::actor;
use super::{DirectFlag, Global};
use crate::failure::Failure;
use crate::output;

mod credentials;

use credentials::CredentialsFile;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// YAML or JSON; `-` reads YAML from standard input.
    #[arg(short, long)]
    file: PathBuf,
    /// What happens to what exists already.
    #[arg(long, value_enum, default_value_t = Mode::Merge)]
    mode: Mode,
    /// Execute everything, show the changes, and roll back.
    #[arg(long)]
    dry_run: bool,
    /// Commit what succeeded even if some items failed (exit code 4).
    #[arg(long)]
    keep_going: bool,
    /// Write generated secrets to this file (mode 0600) instead of showing them.
    #[arg(long, value_name = "FILE")]
    credentials_out: Option<PathBuf>,
    #[command(flatten)]
    direct_flag: DirectFlag,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Mode {
    /// It stays as it is.
    Merge,
    /// Fields that the file names are rewritten.
    Overwrite,
}

pub(crate) async fn run(global: Global, arguments: Arguments) -> Result<(), Failure> {
    arguments.direct_flag.require_direct()?;
    let document = read(&arguments.file)?;
    // Opened before anything is changed: secrets that cannot be written would be lost.
    let file = match &arguments.credentials_out {
        Some(path) if !arguments.dry_run => Some(CredentialsFile::open(path)?),
        Some(_) | None => None,
    };
    let options = Options {
        mode: match arguments.mode {
            Mode::Merge => provision::Mode::Merge,
            Mode::Overwrite => provision::Mode::Overwrite,
        },
        dry_run: arguments.dry_run,
        keep_going: arguments.keep_going,
    };
    let direct = open_or_create().await?;
    let report = direct.directory.provision(actor(), &document, options).await?;
    let hides_secrets = file.is_some();
    if let Some(file) = file
        && report.applied
    {
        file.write(&report)?;
    }
    if global.json {
        output::json(&report.to_json(!hides_secrets));
    } else {
        show(&report, arguments.credentials_out.as_deref().filter(|_| hides_secrets));
    }
    outcome(&report, options)
}

fn read(path: &Path) -> Result<Document, Failure> {
    let is_stdin = path == Path::new("-");
    let extension = path.extension().map(|e| e.to_string_lossy().into_owned());
    let format = Format::of_extension(if is_stdin { None } else { extension.as_deref() })
        .ok_or_else(|| Failure::general("use a file that ends in .yaml, .yml or .json"))?;
    let mut text = String::new();
    let read = if is_stdin {
        std::io::stdin().lock().read_to_string(&mut text).map(drop)
    } else {
        std::fs::read_to_string(path).map(|read| text = read)
    };
    read.map_err(|e| Failure::general(format!("{} cannot be read: {e}", path.display())))?;
    let environment = |name: &str| std::env::var(name).ok();
    provision::read(&text, format, &environment)
        .map_err(|refused| Failure::Validation(refused.0.iter().map(ToString::to_string).collect()))
}

fn outcome(report: &Report, options: Options) -> Result<(), Failure> {
    if report.errors.is_empty() {
        return Ok(());
    }
    if options.keep_going {
        return Err(Failure::Partial);
    }
    let mut lines: Vec<String> = report.errors.iter().map(|e| format!("{}: {}", e.path, e.error)).collect();
    lines.push("nothing was applied".to_owned());
    Err(Failure::Validation(lines))
}

fn show(report: &Report, credentials_file: Option<&Path>) {
    let rows = |entries: &[provision::Entry]| -> Vec<Vec<String>> {
        let row = |e: &provision::Entry| {
            vec![e.kind.to_string(), e.slug.clone(), e.name.clone(), e.changes.join(", ")]
        };
        entries.iter().map(row).collect()
    };
    let section = |title: &str, headers: &[&str], rows: &[Vec<String>]| {
        if !rows.is_empty() {
            output::line(title);
            output::table(headers, rows);
        }
    };
    section("Created", &["Type", "Slug", "Name"], &rows(&report.created));
    section("Updated", &["Type", "Slug", "Name", "Changes"], &rows(&report.updated));
    let skipped: Vec<Vec<String>> = report
        .skipped
        .iter()
        .map(|s| vec![s.kind.to_string(), s.slug.clone(), s.reason.to_owned()])
        .collect();
    section("Skipped", &["Type", "Slug", "Reason"], &skipped);
    let errors: Vec<Vec<String>> =
        report.errors.iter().map(|e| vec![e.kind.to_string(), e.path.clone(), e.error.clone()]).collect();
    section("Errors", &["Type", "Where", "Problem"], &errors);
    show_credentials(report, credentials_file);
    output::line(format_args!(
        "{} created, {} updated, {} skipped, {} errors",
        report.created.len(),
        report.updated.len(),
        report.skipped.len(),
        report.errors.len()
    ));
    if report.dry_run {
        output::line("Dry run: nothing was applied.");
    }
}

fn show_credentials(report: &Report, file: Option<&Path>) {
    if report.credentials.is_empty() {
        return;
    }
    let mut has_secrets = false;
    let mut rows = Vec::new();
    for credential in &report.credentials {
        let secret = match credential.secret.as_ref().map(|s| &s.value) {
            None => output::or_dash(None::<&str>),
            Some(SecretValue::Given) => "(as given)".to_owned(),
            Some(SecretValue::WouldBeGenerated) => "(would be generated)".to_owned(),
            Some(SecretValue::Generated(_)) if file.is_some() => "(in the file)".to_owned(),
            Some(SecretValue::Generated(text)) => {
                has_secrets = true;
                text.expose_secret().to_owned()
            }
        };
        let label = credential.secret.as_ref().and_then(|s| s.label.as_deref());
        let expires =
            credential.secret.as_ref().and_then(|s| s.expires_at).map(porta_core::Timestamp::rfc3339);
        rows.push(vec![
            credential.client_name.clone(),
            credential.shown_client_id().to_owned(),
            credential.client_type.to_string(),
            secret,
            output::or_dash(label),
            output::or_dash(expires),
        ]);
    }
    output::line("Client credentials");
    output::table(&["Client", "Client ID", "Type", "Secret", "Label", "Expires"], &rows);
    if has_secrets {
        output::warning("save the secrets now: they are not shown again");
    }
    if let Some(file) = file {
        output::line(format_args!("Credentials are in {}", file.display()));
    }
}
