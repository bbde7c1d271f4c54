//! `porta exports`.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use porta_client::queries::{
    ExportApplicationsQuery, ExportAuditQuery, ExportClaimsQuery, ExportClientsQuery,
    ExportOrganizationsQuery, ExportPermissionsQuery, ExportRolesQuery, ExportUsersQuery,
};
use porta_client::{Client, Download};
use serde_json::json;

use super::private_file::{PrivateFile, chosen};
use super::{Family, Global};
use crate::failure::Failure;
use crate::output;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Write all rows of one kind to a file or to standard output.
    #[command(
        after_help = "Example:\n  porta exports download --entity-type users --org harbor --format csv -o users.csv"
    )]
    Download(Arguments),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum EntityType {
    Organizations,
    Applications,
    Clients,
    Users,
    Roles,
    Permissions,
    Claims,
    Audit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Csv,
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[arg(long, value_name = "TYPE")]
    entity_type: EntityType,
    #[arg(long, default_value = "json")]
    format: Format,
    /// Slug or id of the organization: for applications, clients, users and the audit log.
    #[arg(long, visible_alias = "org-id")]
    org: Option<String>,
    /// Slug or id of the application: for roles, permissions and claims.
    #[arg(long, visible_alias = "app-id")]
    app: Option<String>,
    /// A file that only its owner reads; standard output when it is left out or -.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(crate) async fn run(global: Global, family: Family<Command>) -> Result<(), Failure> {
    let Family { access, command: Command::Download(arguments) } = family;
    arguments.require_fit()?;
    let admin = access.admin().await?;
    let Some(path) = chosen(arguments.output.as_deref()) else {
        return print(arguments.download(&admin).await?).await;
    };
    // Opened before anything is asked for.
    let cannot = |e: std::io::Error| Failure::general(format!("{} cannot be written: {e}", path.display()));
    let mut file = PrivateFile::open(path).map_err(cannot)?;
    let mut download = arguments.download(&admin).await?;
    let mut bytes = 0;
    while let Some(chunk) = download.chunk().await? {
        file.append(&chunk).map_err(cannot)?;
        bytes += chunk.len();
    }
    file.finish().map_err(cannot)?;
    tell(global, path, bytes);
    Ok(())
}

/// As it is, for programs; at a terminal without what the terminal would obey.
async fn print(mut download: Download) -> Result<(), Failure> {
    let mut seen = Vec::new();
    while let Some(chunk) = download.chunk().await? {
        if output::is_seen() {
            seen.extend_from_slice(&chunk);
        } else {
            output::raw(&chunk)
                .map_err(|e| Failure::general(format!("the export cannot be printed: {e}")))?;
        }
    }
    if !seen.is_empty() {
        output::text(String::from_utf8_lossy(&seen).trim_end());
    }
    Ok(())
}

fn tell(global: Global, path: &Path, bytes: usize) {
    let shown = path.display().to_string();
    global.happened(&json!({ "file": shown, "bytes": bytes }), format_args!("{bytes} bytes are in {shown}"));
}

impl Arguments {
    /// Refuses an option that would not be used: who gives it expects a file of one organization or application.
    fn require_fit(&self) -> Result<(), Failure> {
        let (takes_org, takes_app) = match self.entity_type {
            EntityType::Organizations => (false, false),
            EntityType::Applications | EntityType::Clients | EntityType::Users | EntityType::Audit => {
                (true, false)
            }
            EntityType::Roles | EntityType::Permissions | EntityType::Claims => (false, true),
        };
        for (option, is_given, is_taken) in
            [("--org", self.org.is_some(), takes_org), ("--app", self.app.is_some(), takes_app)]
        {
            if is_given && !is_taken {
                return Err(Failure::invalid(format!(
                    "{option} means nothing for files of this kind: leave it out"
                )));
            }
        }
        Ok(())
    }

    fn org(&self) -> Result<&str, Failure> {
        self.org.as_deref().ok_or_else(|| Failure::invalid("--org: name the organization"))
    }

    fn app(&self) -> Result<&str, Failure> {
        self.app.as_deref().ok_or_else(|| Failure::invalid("--app: name the application"))
    }

    async fn download(&self, admin: &Client) -> Result<Download, Failure> {
        let format = Some(if self.format == Format::Csv { "csv" } else { "json" }.to_owned());
        let exports = &admin.exports;
        let download = match self.entity_type {
            EntityType::Organizations => {
                exports.export_organizations(&ExportOrganizationsQuery { format }).await
            }
            EntityType::Applications => {
                let query = ExportApplicationsQuery { format, organization_id: self.org.clone() };
                exports.export_applications(&query).await
            }
            EntityType::Clients => exports.export_clients(self.org()?, &ExportClientsQuery { format }).await,
            EntityType::Users => exports.export_users(self.org()?, &ExportUsersQuery { format }).await,
            EntityType::Roles => exports.export_roles(self.app()?, &ExportRolesQuery { format }).await,
            EntityType::Permissions => {
                exports.export_permissions(self.app()?, &ExportPermissionsQuery { format }).await
            }
            EntityType::Claims => exports.export_claims(self.app()?, &ExportClaimsQuery { format }).await,
            EntityType::Audit => {
                let query = ExportAuditQuery { format, ..ExportAuditQuery::default() };
                exports.export_audit(self.org()?, &query).await
            }
        };
        Ok(download?)
    }
}
