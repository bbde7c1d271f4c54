//! `porta export`: the installation as a file that `porta apply` takes.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use porta_client::queries::{ExportManifestQuery, ListOrganizationsQuery, ListSettingsQuery};
use porta_client::{Client, ErrorKind};
use porta_core::admin::ADMIN_SLUG;
use porta_directory::provision::{self, Format};
use serde_json::{Map, Value, json};

use super::nest::{Nested, nest};
use crate::cli::Global;
use crate::cli::access::Access;
use crate::cli::private_file::{PrivateFile, chosen};
use crate::failure::Failure;
use crate::output;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Slug or id of an organization, several times for several. Without it: all but that of the administrators, and
    /// the settings of the platform.
    #[arg(long)]
    org: Vec<String>,
    /// Leave out users.
    #[arg(long)]
    no_users: bool,
    #[arg(long, value_enum, default_value_t = Syntax::Yaml)]
    format: Syntax,
    /// A file that only its owner reads; standard output when it is left out or -.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    access: Access,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Syntax {
    Yaml,
    Json,
}

pub(crate) async fn run(global: Global, arguments: Arguments) -> Result<(), Failure> {
    let cannot = |e: std::io::Error| Failure::general(format!("the file cannot be written: {e}"));
    // Opened before anything is asked for.
    let file = chosen(arguments.output.as_deref()).map(PrivateFile::open).transpose().map_err(cannot)?;
    let admin = arguments.access.admin_for_files(false).await?;
    let document = document(&admin, &arguments).await?;
    let format = match arguments.format {
        // Without a file, the result itself is what is printed.
        Syntax::Yaml if global.json && file.is_none() => Format::Json,
        Syntax::Yaml => Format::Yaml,
        Syntax::Json => Format::Json,
    };
    let text = provision::write(&document, format).map_err(|error| Failure::chain(&error))?;
    let Some(file) = file else {
        return print(&text).map_err(cannot);
    };
    let shown = file.path().display().to_string();
    file.write(&text).map_err(cannot)?;
    let organizations = document["organizations"].as_array().map_or(0, Vec::len);
    let value = json!({ "file": shown, "bytes": text.len(), "organizations": organizations });
    global.happened(&value, format_args!("{organizations} organizations are in {shown}"));
    Ok(())
}

/// As it is, for programs; at a terminal without what the terminal would obey.
fn print(text: &str) -> std::io::Result<()> {
    if output::is_seen() {
        output::text(text.trim_end());
        return Ok(());
    }
    output::raw(text.as_bytes())
}

async fn document(admin: &Client, arguments: &Arguments) -> Result<Value, Failure> {
    let mut document = json!({ "version": "1.0" });
    let names = if arguments.org.is_empty() {
        document["config"] = settings(admin).await?.into();
        organizations(admin).await?
    } else {
        arguments.org.clone()
    };
    let mut organizations = Vec::new();
    for (n, name) in names.iter().enumerate() {
        output::progress(format_args!("organization {} of {}", n + 1, names.len()));
        let found = organization(admin, name, !arguments.no_users).await?;
        let Some(Nested { organization, left_out }) = found else {
            return Err(Failure::general(format!("Organization not found: {name}")));
        };
        for client in left_out {
            output::warning(format_args!(
                "the client {client} of {name} is left out: another organization owns its application"
            ));
        }
        organizations.push(organization);
    }
    output::end_progress();
    document["organizations"] = organizations.into();
    Ok(document)
}

/// What is set for the platform; defaults are not.
pub(super) async fn settings(admin: &Client) -> Result<Map<String, Value>, Failure> {
    let all = admin.config.list_settings(&ListSettingsQuery::default()).await?;
    let is_set = all.into_iter().filter(|setting| setting.source == "platform" && !setting.is_sensitive);
    Ok(is_set.map(|setting| (setting.key, setting.value.into())).collect())
}

/// Slugs of all organizations but that of the administrators, and archived ones.
async fn organizations(admin: &Client) -> Result<Vec<String>, Failure> {
    let mut slugs = Vec::new();
    let mut all = admin.organizations.list_organizations(&ListOrganizationsQuery::default()).items();
    while let Some(organization) = all.next().await? {
        if organization.slug != ADMIN_SLUG && organization.status != "archived" {
            slugs.push(organization.slug);
        }
    }
    slugs.sort();
    Ok(slugs)
}

/// An organization as files have it; `None` if there is none of this name.
pub(super) async fn organization(
    admin: &Client,
    name: &str,
    has_users: bool,
) -> Result<Option<Nested>, Failure> {
    let query = ExportManifestQuery { users: Some(has_users) };
    let manifest = match admin.exports.export_manifest(name, &query).await {
        Ok(manifest) => manifest,
        Err(error) if error.kind() == Some(ErrorKind::NotFound) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let mut manifest = serde_json::to_value(&manifest).map_err(|error| Failure::chain(&error))?;
    // An empty list is left out of the typed manifest.
    if has_users && let Value::Object(lists) = &mut manifest {
        lists.entry("users").or_insert_with(|| json!([]));
    }
    nest(manifest).map(Some)
}
