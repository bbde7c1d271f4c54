//! `porta init`.

use std::path::PathBuf;

use clap::Args;
use porta_config::{Config, IssuerBase, Source};
use porta_core::admin::{ADMIN_SLUG, AdminPermission, AdminRole};
use porta_core::organization::{LoginMethod, Organization};
use porta_core::user::Profile;
use porta_directory::{
    DirectoryError, Installation, Installed, InstalledPart, NewAdministrator, NewConsole, NewInstallation,
};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::direct::Direct;
use super::env_file::EnvFile;
use super::environment::Stores;
use super::{Global, prompt};
use crate::failure::Failure;
use crate::output;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Address of the first administrator; asked for when left out.
    #[arg(long)]
    email: Option<String>,
    #[arg(long)]
    given_name: Option<String>,
    #[arg(long)]
    family_name: Option<String>,
    /// Read the password from the first line of standard input.
    #[arg(long)]
    password_stdin: bool,
    /// Public origin of the admin console; PORTA_ADMIN_PUBLIC_URL when left out.
    #[arg(long, alias = "gui-public-url", value_name = "URL", value_parser = origin)]
    admin_gui_url: Option<String>,
    /// How to sign in to the console: password, magic_link, or both.
    #[arg(long, value_name = "METHODS", value_parser = login_method, value_delimiter = ',', default_value = "magic_link")]
    gui_login_methods: Vec<LoginMethod>,
    /// Write the variables of the admin console to this file, readable by its owner only, instead of showing the secret.
    /// Other lines of the file stay. - is standard output.
    #[arg(long, value_name = "FILE", conflicts_with = "dry_run")]
    env_file: Option<PathBuf>,
    /// Check everything and show what would be created, and change nothing.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    stores: Stores,
}

fn origin(text: &str) -> Result<String, &'static str> {
    IssuerBase::parse(text).map(|origin| origin.as_str().to_owned())
}

fn login_method(text: &str) -> Result<LoginMethod, &'static str> {
    LoginMethod::parse(text).ok_or("use password or magic_link")
}

pub(crate) async fn run(global: Global, arguments: Arguments) -> Result<(), Failure> {
    arguments.stores.apply();
    let url = match &arguments.admin_gui_url {
        Some(url) => url.clone(),
        None => Config::load_console_url(&Source::process())?,
    };
    let env_file = arguments.env_file.as_deref().map(EnvFile::open).transpose()?;
    if global.json && env_file.as_ref().is_some_and(EnvFile::takes_standard_output) {
        return Err(Failure::Validation(vec![
            "--json and --env-file - both need standard output".to_owned(),
        ]));
    }
    let direct = Direct::open().await?;
    // Before anything is asked for.
    let found = find(&direct).await?;
    if found.application.is_some() && !global.force {
        return Err(refused(&found));
    }
    let administrator = if found.administrator.is_some() {
        None
    } else {
        Some(administrator(&direct, &found.organization, &arguments).await?)
    };
    let console = NewConsole { url: url.clone(), login_methods: Some(arguments.gui_login_methods) };
    let new = NewInstallation { administrator, console, is_repair: global.force };
    let mut work = direct.begin().await?;
    let outcome = work.installation().install(new).await;
    let installed = match outcome {
        Err(error @ DirectoryError::Conflict(_)) if !global.force => {
            drop(work);
            // Somebody else may have been faster.
            let found = find(&direct).await?;
            return Err(if found.application.is_some() { refused(&found) } else { error.into() });
        }
        installed => installed?,
    };
    if arguments.dry_run {
        drop(work);
        show_plan(global, &installed);
        return Ok(());
    }
    work.commit().await?;
    let Some(env_file) = env_file else {
        show(global, &installed, new_secret(&installed));
        return require_told(&installed, false);
    };
    let takes_standard_output = env_file.takes_standard_output();
    let written = env_file.write(&variables(&url, &installed));
    if !takes_standard_output {
        // A secret that could not be written would be lost.
        let secret = new_secret(&installed).filter(|_| written.is_err());
        show(global, &installed, secret);
    }
    written?;
    require_told(&installed, !takes_standard_output)
}

/// Fails if the result could not be printed. Everything was created, and a second run would not show the secret.
fn require_told(installed: &Installed, is_kept: bool) -> Result<(), Failure> {
    if output::is_complete() {
        return Ok(());
    }
    let mut lines =
        vec!["the result cannot be written to standard output, but everything was created".to_owned()];
    if new_secret(installed).is_some() && !is_kept {
        lines.push(format!(
            "nobody has seen the secret of {}: make another with porta client secret generate {} --direct",
            installed.console.client_name, installed.console.client_id
        ));
    }
    Err(Failure::General(lines))
}

/// The installation as it is.
async fn find(direct: &Direct) -> Result<Installation, Failure> {
    let found = direct.begin().await?.installation().find().await;
    found.map_err(|error| match error {
        DirectoryError::NotFound { .. } => Failure::general(
            "the organization of the administrators is missing: run porta migrate up, then porta seed run",
        ),
        other => other.into(),
    })
}

/// Why nothing is created: what there is already.
fn refused(found: &Installation) -> Failure {
    let administrator = match &found.administrator {
        Some(user) => format!("the administrator is {}", user.email.shown()),
        None => "there is no administrator yet".to_owned(),
    };
    Failure::General(vec![
        format!("already initialized: the application {ADMIN_SLUG} exists, and {administrator}"),
        "with --force, porta init creates what is missing and changes nothing else".to_owned(),
    ])
}

/// What the admin console reads from its environment. A secret that exists already is not known.
fn variables<'a>(url: &'a str, installed: &'a Installed) -> Vec<(&'static str, &'a str)> {
    let mut all = vec![
        ("PORTA_ADMIN_PUBLIC_URL", url),
        ("PORTA_ADMIN_CLIENT_ID", installed.console.client_id.as_str()),
    ];
    all.extend(new_secret(installed).map(|secret| ("PORTA_ADMIN_CLIENT_SECRET", secret)));
    all
}

/// What a run without `--dry-run` would do. The ids of this run lead nowhere.
fn show_plan(global: Global, installed: &Installed) {
    let parts: Vec<String> = installed.created.iter().map(|part| described(*part, installed)).collect();
    if global.json {
        output::json(&json!({ "dryRun": true, "created": parts }));
        return;
    }
    for part in &parts {
        output::line(format_args!("would be done: {part}"));
    }
    if parts.is_empty() {
        output::line("nothing is missing");
    }
    output::warning("a dry run: nothing was changed");
}

/// The administrator that the options name; missing values are asked for.
async fn administrator(
    direct: &Direct,
    organization: &Organization,
    arguments: &Arguments,
) -> Result<NewAdministrator, Failure> {
    let email = given_or_typed(arguments.email.as_ref(), "Email address");
    let given_name = given_or_typed(arguments.given_name.as_ref(), "Given name");
    let family_name = given_or_typed(arguments.family_name.as_ref(), "Family name");
    let values = [("--email", &email), ("--given-name", &given_name), ("--family-name", &family_name)];
    let missing = values.into_iter().filter(|(_, value)| value.is_empty());
    let missing: Vec<String> = missing.map(|(option, _)| format!("{option} is missing")).collect();
    if !missing.is_empty() {
        return Err(Failure::Validation(missing));
    }
    let password = prompt::new_password(arguments.password_stdin)?;
    let profile =
        Profile { given_name: Some(given_name), family_name: Some(family_name), ..Profile::default() };
    Ok(direct.directory.new_administrator(organization, &email, profile, &password).await?)
}

/// Empty if the value is neither an option nor typed.
fn given_or_typed(given: Option<&String>, question: &str) -> String {
    given.cloned().or_else(|| prompt::ask(question)).unwrap_or_default().trim().to_owned()
}

fn new_secret(installed: &Installed) -> Option<&str> {
    installed.console_secret.as_ref().map(ExposeSecret::expose_secret)
}

fn as_json(installed: &Installed, secret: Option<&str>) -> Value {
    json!({
        "organization": installed.organization.slug,
        "application": installed.application.slug,
        "cliClientId": installed.command_line.client_id,
        "guiClientId": installed.console.client_id,
        "guiClientSecret": secret,
        "adminUserId": installed.administrator.id,
        "roles": AdminRole::BUILT_IN.len(),
        "permissions": AdminPermission::ALL.len(),
    })
}

fn show(global: Global, installed: &Installed, secret: Option<&str>) {
    if global.json {
        output::json(&as_json(installed, secret));
        return;
    }
    for part in &installed.created {
        output::done(described(*part, installed));
    }
    if installed.created.is_empty() {
        output::done("nothing was missing");
    }
    let Installed { organization, application, administrator, .. } = installed;
    let rows = [
        ("Organization", format!("{} ({})", organization.name, organization.slug)),
        ("Application", format!("{} ({})", application.name, application.slug)),
        ("Administrator", administrator.email.shown().to_owned()),
        ("CLI client ID", installed.command_line.client_id.to_string()),
        ("GUI client ID", installed.console.client_id.to_string()),
        ("GUI client secret", output::or_dash(secret)),
    ];
    let rows: Vec<Vec<String>> =
        rows.into_iter().map(|(field, value)| vec![field.to_owned(), value]).collect();
    output::table(&["Field", "Value"], &rows);
    if secret.is_some() {
        output::warning("save the secret now: it is not shown again");
    }
    output::note("next: start the server with porta serve, and sign in to it with porta login --server URL");
}

fn described(part: InstalledPart, installed: &Installed) -> String {
    match part {
        InstalledPart::Application => format!("application {} is created", installed.application.slug),
        InstalledPart::SigningKeys => "signing keys are created".to_owned(),
        InstalledPart::Permissions(count) => format!("{count} permissions are created"),
        InstalledPart::Role(role, count) => format!("role {role} is given {count} permissions"),
        InstalledPart::CommandLineClient => {
            format!("client {} is created", installed.command_line.client_name)
        }
        InstalledPart::ConsoleClient => format!("client {} is created", installed.console.client_name),
        InstalledPart::Administrator => {
            format!("{} has the role {}", installed.administrator.email.shown(), AdminRole::SuperAdmin)
        }
    }
}
