//! `porta app module`.

use clap::{Args, Subcommand};
use porta_client::queries::ListModulesQuery;
use porta_client::types::{ModuleChange, NewModuleBody};

use super::view;
use crate::cli::access::Access;
use crate::cli::{Global, lookup, patch};
use crate::failure::Failure;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Add a module to an application.
    #[command(visible_alias = "create")]
    Add(Add),
    /// Show the modules of an application.
    List(Of),
    /// Change a module. An empty value clears a field.
    #[command(group(clap::ArgGroup::new("change").required(true).multiple(true)))]
    Update(Update),
    /// Deactivate a module. It is not deleted.
    #[command(visible_alias = "remove")]
    Deactivate(Which),
}

/// Whose parts are meant.
#[derive(Debug, Args)]
pub(crate) struct Of {
    /// Slug or id of the application.
    pub(super) app: String,
}

#[derive(Debug, Args)]
pub(crate) struct Add {
    #[command(flatten)]
    of: Of,
    #[arg(long)]
    name: String,
    /// Made from the name when left out. It never changes.
    #[arg(long)]
    slug: Option<String>,
    #[arg(long)]
    description: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Which {
    /// Slug or id of the application.
    app: String,
    /// Slug or id.
    module: String,
}

#[derive(Debug, Args)]
pub(crate) struct Update {
    #[command(flatten)]
    which: Which,
    #[arg(long, group = "change")]
    name: Option<String>,
    #[arg(long, group = "change")]
    description: Option<String>,
}

pub(super) async fn run(global: Global, access: &Access, command: Command) -> Result<(), Failure> {
    let admin = access.admin().await?;
    match command {
        Command::Add(Add { of, name, slug, description }) => {
            let body = NewModuleBody { name, slug, description };
            let created = admin.modules.create_module(&of.app, &body).await?;
            global.changed(&*created, format_args!("module {} of {} is created", created.slug, of.app))
        }
        Command::List(of) => {
            let modules = admin.modules.list_modules(&of.app, &ListModulesQuery::default()).await?;
            global.rows(&modules.data, "modules", view::MODULES)
        }
        Command::Update(Update { which, name, description }) => {
            let module = lookup::module(&admin, &which.app, &which.module).await?;
            let change = ModuleChange {
                name: patch::given(name),
                description: patch::or_cleared(description),
                ..ModuleChange::default()
            };
            let updated = admin.modules.update_module(&which.app, module.id, &change, None).await?;
            global.changed(&*updated, format_args!("module {} of {} is updated", updated.slug, which.app))
        }
        Command::Deactivate(which) => {
            let module = lookup::module(&admin, &which.app, &which.module).await?;
            if !global.confirmed(&format!("Deactivate module {} of {}?", module.slug, which.app))? {
                return Ok(());
            }
            admin.modules.deactivate_module(&which.app, module.id).await?;
            let now = lookup::module(&admin, &which.app, &which.module).await?;
            global.changed(&now, format_args!("module {} of {} is {}", now.slug, which.app, now.status))
        }
    }
}
