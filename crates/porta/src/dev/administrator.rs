//! The administrator of `porta dev`.

use porta_config::{Config, Source};
use porta_core::user::{Profile, User};
use porta_directory::{Actor, Directory, NewConsole, NewInstallation};

use crate::runtime::configuration;

const EMAIL: &str = "admin@example.test";
/// Public knowledge, like the other passwords of this command.
const PASSWORD: &str = "admin-Quay-Lantern-41";

/// Creates what `porta init` creates. Later starts add what a newer version has more.
pub(super) async fn install(directory: &Directory) -> anyhow::Result<User> {
    let found = directory.begin(Actor::System).await?.installation().find().await?;
    let administrator = if found.administrator.is_some() {
        None
    } else {
        let profile = Profile {
            given_name: Some("Alex".to_owned()),
            family_name: Some("Harbor".to_owned()),
            ..Profile::default()
        };
        Some(directory.new_administrator(&found.organization, EMAIL, profile, &PASSWORD.into()).await?)
    };
    let url =
        Config::load_console_url(&Source::process()).map_err(|problems| configuration::invalid(&problems))?;
    let console = NewConsole { url, login_methods: None };
    let mut work = directory.begin(Actor::System).await?;
    let installed =
        work.installation().install(NewInstallation { administrator, console, is_repair: true }).await?;
    work.commit().await?;
    Ok(installed.administrator)
}

/// Address and password; only the address of an administrator whom `porta init` created.
pub(super) fn credentials(administrator: &User) -> String {
    let email = administrator.email.shown();
    if email == EMAIL { format!("{email} / {PASSWORD}") } else { email.to_owned() }
}
