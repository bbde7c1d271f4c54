//! `porta client update`.

use clap::Args;
use porta_client::Patch;
use porta_client::types::ClientChange;

use super::{LoginMethods, Which, login_methods};
use crate::cli::access::Access;
use crate::cli::{Global, patch};
use crate::failure::Failure;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    which: Which,
    #[arg(long, group = "change")]
    name: Option<String>,
    /// All of them; those that are left out are removed.
    #[arg(long, value_name = "URIS", value_delimiter = ',', group = "change")]
    redirect_uris: Option<Vec<String>>,
    /// Scopes that the client may ask for, separated by blanks.
    #[arg(long, group = "change")]
    scope: Option<String>,
    /// All origins whose scripts may call the endpoints.
    #[arg(
        long,
        value_name = "ORIGINS",
        value_delimiter = ',',
        visible_alias = "allowed-origins",
        group = "change"
    )]
    cors_origins: Option<Vec<String>>,
    /// password, magic_link, both, or inherit for those of the organization.
    #[arg(long, value_name = "METHODS", value_parser = login_methods, group = "change")]
    login_methods: Option<LoginMethods>,
}

pub(super) async fn run(global: Global, access: &Access, arguments: Arguments) -> Result<(), Failure> {
    let admin = access.admin().await?;
    // What somebody else changes meanwhile is not overwritten.
    let before = admin.clients.get_client(&arguments.which.client).await?;
    let change = ClientChange {
        client_name: patch::given(arguments.name),
        redirect_uris: patch::given(arguments.redirect_uris),
        scope: patch::given(arguments.scope),
        allowed_origins: patch::given(arguments.cors_origins),
        login_methods: arguments.login_methods.map_or(Patch::Keep, LoginMethods::into_patch),
        ..ClientChange::default()
    };
    let updated = admin.clients.update_client(before.id, &change, before.etag()).await?;
    global.changed(&*updated, format_args!("client {} is updated", updated.client_id))
}

impl LoginMethods {
    pub(super) fn into_patch(self) -> Patch<Vec<String>> {
        match self {
            Self::Inherit => Patch::Clear,
            Self::Only(methods) => Patch::Set(methods),
        }
    }
}
