//! `porta org update`.

use clap::Args;
use porta_client::types::OrganizationChange;

use crate::cli::access::Access;
use crate::cli::{Global, patch};
use crate::failure::Failure;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Slug or id.
    organization: String,
    #[arg(long, group = "change")]
    name: Option<String>,
    /// Language tag, such as en or pt-BR.
    #[arg(long, visible_alias = "locale", group = "change")]
    default_locale: Option<String>,
    /// password, magic_link, or both.
    #[arg(long, value_name = "METHODS", value_delimiter = ',', group = "change")]
    login_methods: Option<Vec<String>>,
}

pub(super) async fn run(global: Global, access: &Access, arguments: Arguments) -> Result<(), Failure> {
    let admin = access.admin().await?;
    // What somebody else changes meanwhile is not overwritten.
    let before = admin.organizations.get_organization(&arguments.organization).await?;
    let change = OrganizationChange {
        name: patch::given(arguments.name),
        default_locale: patch::given(arguments.default_locale),
        default_login_methods: patch::given(arguments.login_methods),
        ..OrganizationChange::default()
    };
    let updated = admin.organizations.update_organization(before.id, &change, before.etag()).await?;
    global.changed(&*updated, format_args!("organization {} is updated", updated.slug))
}
