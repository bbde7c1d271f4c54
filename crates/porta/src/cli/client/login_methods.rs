//! `porta client login-methods`.

use clap::Subcommand;
use porta_client::Client as Admin;
use porta_client::types::{Client, ClientChange};
use serde_json::{Value, json};

use super::{LoginMethods, Which, login_methods};
use crate::cli::Global;
use crate::cli::access::Access;
use crate::failure::Failure;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show how users may sign in.
    Get(Which),
    /// Set how users may sign in.
    Set {
        #[command(flatten)]
        which: Which,
        /// password, magic_link, both, or inherit for those of the organization.
        #[arg(long, value_parser = login_methods)]
        methods: LoginMethods,
    },
    /// Use those of the organization.
    Clear(Which),
}

pub(super) async fn run(global: Global, access: &Access, command: Command) -> Result<(), Failure> {
    let admin = access.admin().await?;
    match command {
        Command::Get(which) => {
            let client = admin.clients.get_client(&which.client).await?;
            let fields = vec![
                ("Login Methods", listed(client.login_methods.as_ref())),
                ("Effective", client.effective_login_methods.join(", ")),
            ];
            global.detailed(&as_json(&client), fields)
        }
        Command::Set { which, methods } => set(global, &admin, &which, methods).await,
        Command::Clear(which) => set(global, &admin, &which, LoginMethods::Inherit).await,
    }
}

async fn set(global: Global, admin: &Admin, which: &Which, methods: LoginMethods) -> Result<(), Failure> {
    let before = admin.clients.get_client(&which.client).await?;
    let change = ClientChange { login_methods: methods.into_patch(), ..ClientChange::default() };
    let updated = admin.clients.update_client(before.id, &change, before.etag()).await?;
    let effective = updated.effective_login_methods.join(", ");
    global.changed(&as_json(&updated), format_args!("users sign in at {} by {effective}", updated.client_id))
}

fn listed(methods: Option<&Vec<String>>) -> String {
    methods.map_or_else(|| "inherit".to_owned(), |methods| methods.join(", "))
}

fn as_json(client: &Client) -> Value {
    json!({ "loginMethods": client.login_methods, "effectiveLoginMethods": client.effective_login_methods })
}
