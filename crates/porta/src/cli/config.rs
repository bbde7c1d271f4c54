//! `porta config`: settings of the platform and of organizations.

use clap::{Args, Subcommand};
use porta_core::organization::Organization;
use porta_core::settings::SettingType;
use porta_directory::{SettingView, Transaction};
use serde_json::{Value, json};

use super::direct::Direct;
use super::{DirectFlag, Global};
use crate::failure::Failure;
use crate::output;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show all settings with the effective value and its source.
    List(Arguments),
    /// Set a value.
    Set {
        key: String,
        /// A number, or a duration such as 900, 15m, 12h, 30d.
        value: String,
        #[command(flatten)]
        arguments: Arguments,
    },
    /// Remove a value, so that the platform's value or the default applies.
    Unset {
        key: String,
        #[command(flatten)]
        arguments: Arguments,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Slug or id of an organization; the platform when left out.
    #[arg(long)]
    org: Option<String>,
    #[command(flatten)]
    direct_flag: DirectFlag,
}

pub(crate) async fn run(global: Global, command: Command) -> Result<(), Failure> {
    match command {
        Command::List(arguments) => list(global, arguments).await,
        Command::Set { key, value, arguments } => set(&key, &value, arguments).await,
        Command::Unset { key, arguments } => unset(&key, arguments).await,
    }
}

async fn owner(work: &mut Transaction, arguments: &Arguments) -> Result<Option<Organization>, Failure> {
    match &arguments.org {
        Some(name) => Ok(Some(work.organization(name).await?)),
        None => Ok(None),
    }
}

async fn list(global: Global, arguments: Arguments) -> Result<(), Failure> {
    arguments.direct_flag.require_direct()?;
    let direct = Direct::open().await?;
    let organization = owner(&mut direct.begin().await?, &arguments).await?;
    let settings = direct.directory.settings(organization.as_ref()).await?;
    if global.json {
        output::json(&settings.iter().map(setting_json).collect());
        return Ok(());
    }
    let rows: Vec<Vec<String>> = settings
        .iter()
        .map(|setting| {
            vec![
                setting.definition.key.to_owned(),
                shown(setting),
                setting.source.as_str().to_owned(),
                setting.definition.description.to_owned(),
            ]
        })
        .collect();
    output::table(&["Key", "Value", "From", "Meaning"], &rows);
    Ok(())
}

fn shown(setting: &SettingView) -> String {
    match setting.definition.value_type {
        SettingType::Duration => format!("{} s", setting.value),
        SettingType::Number => setting.value.to_string(),
    }
}

fn setting_json(setting: &SettingView) -> Value {
    let definition = setting.definition;
    json!({
        "key": definition.key, "value": setting.value, "valueType": definition.value_type,
        "source": setting.source.as_str(), "default": definition.default,
        "minimum": definition.minimum, "maximum": definition.maximum,
        "perOrganization": definition.per_organization, "description": definition.description,
    })
}

async fn set(key: &str, value: &str, arguments: Arguments) -> Result<(), Failure> {
    arguments.direct_flag.require_direct()?;
    let direct = Direct::open().await?;
    let mut work = direct.begin().await?;
    let organization = owner(&mut work, &arguments).await?;
    let is_new = work.settings().set(organization.as_ref(), key, &Value::from(value)).await?;
    work.commit().await?;
    output::done(format_args!("{key} is {value}{}", if is_new { "" } else { ", as it was" }));
    Ok(())
}

async fn unset(key: &str, arguments: Arguments) -> Result<(), Failure> {
    arguments.direct_flag.require_direct()?;
    let direct = Direct::open().await?;
    let mut work = direct.begin().await?;
    let organization = owner(&mut work, &arguments).await?;
    let was_set = work.settings().unset(organization.as_ref(), key).await?;
    work.commit().await?;
    output::done(format_args!("{key} is {}", if was_set { "unset" } else { "not set, as it was" }));
    Ok(())
}
