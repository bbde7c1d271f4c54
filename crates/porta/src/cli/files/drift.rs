//! `porta drift`: where the installation is not what a file says. What is missing or different is what `porta apply` would
//! change; what there is besides, nothing changes.

use clap::Args;
use porta_client::Client;
use serde_json::{Value, json};

use super::compare::{self, find_extras, slug};
use super::export;
use super::import::{How, import};
use super::input::FileArgument;
use super::show::section;
use crate::cli::Global;
use crate::cli::access::Access;
use crate::failure::Failure;
use crate::output;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    file: FileArgument,
    #[command(flatten)]
    access: Access,
}

pub(crate) async fn run(global: Global, arguments: Arguments) -> Result<(), Failure> {
    arguments.access.prepare()?;
    let input = arguments.file.read().await?;
    let admin = arguments.access.admin_for_files(false).await?;
    let how = How { overwrites: true, is_dry: true, keeps_going: false };
    let outcome = import(&admin, &input, how).await?;
    outcome.judge(&input, how)?;
    let extras = extras(&admin, &input.source.to_value()).await?;
    let differs = !outcome.changes_nothing() || !extras.is_empty();
    let (missing, different) = (outcome.list("created"), outcome.list("updated"));
    if global.json {
        output::json(&json!({
            "differs": differs, "missing": missing, "different": different, "extra": extras,
        }));
    } else {
        let named = [("Type", "type"), ("Slug", "slug"), ("Name", "name"), ("Fields", "changes")];
        section("Missing", missing, &named[..3]);
        section("Different", different, &named);
        section("Not in the file", &extras, &[("Type", "type"), ("Slug", "slug"), ("In", "in")]);
        output::line(format_args!(
            "{} missing, {} different, {} not in the file",
            missing.len(),
            different.len(),
            extras.len()
        ));
        if !missing.is_empty() || !different.is_empty() {
            output::note("porta apply makes the installation what the file says; it removes nothing");
        }
    }
    if differs { Err(Failure::Differs) } else { Ok(()) }
}

async fn extras(admin: &Client, file: &Value) -> Result<Vec<Value>, Failure> {
    let mut extras = Vec::new();
    if file.get("config").is_some() {
        let actual = export::settings(admin).await?.into();
        compare::settings(&file["config"], &actual, "platform", &mut extras);
    }
    for organization in file["organizations"].as_array().into_iter().flatten() {
        let has_users = organization.get("users").is_some();
        // One that is not there is missing, and was told as such.
        if let Some(found) = export::organization(admin, &slug(organization), has_users).await? {
            find_extras(organization, &found.organization, &mut extras);
        }
    }
    Ok(extras)
}
