//! The command line (docs/reference/cli.md): one file per command. No business rules here: commands read arguments,
//! ask the Admin API by the typed client, and print the result.
//!
//! With `--direct` the same commands are answered by an Admin API inside their own process, which opens the database
//! itself, for emergencies (decision 0050). Commands for bootstrapping call `directory`. Both read only the configuration
//! that they need.

use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};

use crate::failure::Failure;
use crate::output;
use crate::runtime::tls;

mod access;
mod app;
mod audit;
mod backup;
mod bulk;
mod client;
mod completion;
mod config;
mod direct;
mod doctor;
mod env_file;
mod environment;
mod examples;
mod exports;
mod files;
mod health;
mod in_process;
mod init;
mod keys;
mod login;
mod logout;
mod lookup;
mod mail;
mod manual;
mod migrate;
pub(crate) mod notify;
mod org;
mod patch;
mod private_file;
mod prompt;
mod report;
mod restore;
mod seed;
mod server;
mod sessions;
mod stats;
mod storage;
mod store;
mod user;
mod version;
mod when;
mod whoami;

use access::Family;

/// Self-hosted, multi-tenant OpenID Connect provider.
#[derive(Debug, Parser)]
#[command(name = "porta", version, propagate_version = true, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// Heading of the options that all commands have.
const EVERYWHERE: &str = "Options of every command";

#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Global {
    /// Machine-readable output on standard output.
    #[arg(long, global = true, help_heading = EVERYWHERE)]
    json: bool,
    /// Logs of the infrastructure on standard error.
    #[arg(long, global = true, help_heading = EVERYWHERE)]
    verbose: bool,
    /// Answer yes to confirmations.
    #[arg(long, global = true, help_heading = EVERYWHERE)]
    force: bool,
    /// Leave out what only says that it went well.
    #[arg(long, global = true, help_heading = EVERYWHERE)]
    quiet: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the OpenID Connect server.
    Serve,
    /// Wait for PostgreSQL and Redis, bring the schema up to date, and run what PORTA_SERVICE names: for containers.
    Start,
    /// Run everything on this machine, with a demo application and a mailbox.
    Dev {
        /// Delete all data first.
        #[arg(long)]
        reset: bool,
    },
    /// Bring the database schema up to date.
    Migrate(migrate::Arguments),
    /// Create the first administrator and what administration needs.
    Init(init::Arguments),
    /// Rows that migrations write, where somebody deleted them.
    Seed(seed::Arguments),
    /// Copy embedded storage, also while a server uses it. PostgreSQL is backed up by pg_dump.
    Backup(backup::Arguments),
    /// Put a copy that `porta backup` made in the place of embedded storage. What was there stays beside it.
    #[command(after_help = "Example:\n  porta backup /backups/monday\n  porta restore /backups/monday")]
    Restore(restore::Arguments),
    /// Move everything between embedded storage and PostgreSQL.
    Store(store::Arguments),
    /// Create what a file has and the installation lacks.
    #[command(after_help = "Example:\n  porta provision -f harbor.yaml --credentials-out secrets.json")]
    Provision(files::provision::Arguments),
    /// Show what `porta apply` would do, and do nothing.
    #[command(after_help = "Example:\n  porta plan -f harbor.yaml --exit-code")]
    Plan(files::plan::Arguments),
    /// Make the installation what a file says: all of it, or nothing. Nothing is deleted.
    #[command(after_help = "Example:\n  porta apply -f harbor.yaml")]
    Apply(files::apply::Arguments),
    /// Write the installation as a file that `porta apply` takes. It has no passwords, secrets and keys.
    #[command(after_help = "Example:\n  porta export --org harbor -o harbor.yaml")]
    Export(files::export::Arguments),
    /// Show where the installation differs from a file. Ends with 5 if it does.
    #[command(after_help = "Example:\n  porta drift -f harbor.yaml")]
    Drift(files::drift::Arguments),
    /// Signing keys and encryption keys.
    Keys(Family<keys::Command>),
    /// Settings.
    Config(Family<config::Command>),
    /// Organizations (tenants).
    Org(Family<org::Command>),
    /// Applications, with their modules, roles, permissions and claims.
    App(Family<app::Command>),
    /// OAuth clients.
    Client(Family<client::Command>),
    /// People.
    User(Family<user::Command>),
    /// The audit log.
    Audit(Family<audit::Command>),
    /// Sessions of users.
    Sessions(Family<sessions::Command>),
    /// Numbers of the platform.
    Stats(Family<stats::Command>),
    /// Changes of many organizations or users at once.
    Bulk(Family<bulk::Command>),
    /// Files of all users, clients, roles and so on.
    Exports(Family<exports::Command>),
    /// Outgoing emails.
    Mail(Family<mail::Command>),
    /// Check whether a server and its dependencies are healthy.
    Health(health::Arguments),
    /// Sign in to a server.
    Login(login::Arguments),
    /// Sign out: end the tokens at the server and forget them.
    Logout(server::Target),
    /// Show who is signed in. Asks no server.
    Whoami(server::Target),
    /// Show the versions of this program and of the server.
    Version(server::Target),
    /// Check whether the command line can work with its server.
    Doctor(server::Target),
    /// Print a script that completes commands in a shell.
    Completion(completion::Arguments),
    /// Write the manual pages to a directory.
    #[command(hide = true)]
    Manual(manual::Arguments),
}

/// Time for an interrupted command to clean up.
const INTERRUPTION: std::time::Duration = std::time::Duration::from_millis(500);

/// The whole grammar, with its help.
pub(crate) fn command() -> clap::Command {
    examples::with_examples(Cli::command())
}

/// Parses, runs, and returns the exit code (docs/operations.md, Commands).
pub(crate) fn main() -> ExitCode {
    let parsed = command().try_get_matches().and_then(|matches| Cli::from_arg_matches(&matches));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => {
            let is_help = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
            drop(error.print());
            // Clap's own exit code 2 means "not permitted" here.
            return if is_help { ExitCode::SUCCESS } else { ExitCode::from(1) };
        }
    };
    match run(cli) {
        // What differs, and what was applied, is told by the result.
        Ok(()) | Err(Failure::Differs | Failure::Partial) if !output::is_complete() => {
            Failure::general("the result cannot be written to standard output").report()
        }
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

fn run(cli: Cli) -> Result<(), Failure> {
    let global = cli.global;
    if global.quiet {
        output::be_quiet();
    }
    // Servers have their own shutdown and logging.
    match &cli.command {
        Command::Serve => return crate::serve::run(),
        Command::Start => return crate::start::run(),
        Command::Dev { reset } => return crate::dev::run(*reset),
        Command::Migrate(_)
        | Command::Init(_)
        | Command::Seed(_)
        | Command::Backup(_)
        | Command::Restore(_)
        | Command::Store(_)
        | Command::Provision(_)
        | Command::Plan(_)
        | Command::Apply(_)
        | Command::Export(_)
        | Command::Drift(_)
        | Command::Keys(_)
        | Command::Config(_)
        | Command::Org(_)
        | Command::App(_)
        | Command::Audit(_)
        | Command::Sessions(_)
        | Command::Stats(_)
        | Command::Bulk(_)
        | Command::Exports(_)
        | Command::Client(_)
        | Command::User(_)
        | Command::Mail(_)
        | Command::Health(_)
        | Command::Login(_)
        | Command::Logout(_)
        | Command::Whoami(_)
        | Command::Version(_)
        | Command::Doctor(_) => {}
        Command::Completion(arguments) => return completion::run(arguments),
        Command::Manual(arguments) => return manual::run(arguments),
    }
    direct::logs(global.verbose);
    tls::install_provider();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|e| Failure::general(format!("cannot start: {e}")))?;
    let outcome = runtime.block_on(async {
        // A separate task, so that a command that waits for standard input or an answer does not block Ctrl-C.
        let mut task = tokio::spawn(dispatch(global, cli.command));
        tokio::select! {
            biased;
            Ok(()) = interrupted() => {
                // Dropping an open unit of work rolls it back; a task that cannot be cancelled ends with the process.
                task.abort();
                drop(tokio::time::timeout(INTERRUPTION, task).await);
                Err(Failure::Interrupted)
            }
            outcome = &mut task => outcome.unwrap_or_else(|e| Err(Failure::general(format!("stopped: {e}")))),
        }
    });
    runtime.shutdown_background();
    prompt::show_typing();
    outcome
}

/// Ctrl-C, or somebody's wish that this process ends, as of `timeout` and of service managers.
async fn interrupted() -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        pressed = tokio::signal::ctrl_c() => pressed,
        _ = terminate.recv() => Ok(()),
    }
}

async fn dispatch(global: Global, command: Command) -> Result<(), Failure> {
    match command {
        Command::Serve
        | Command::Start
        | Command::Dev { .. }
        | Command::Completion(_)
        | Command::Manual(_) => Ok(()),
        Command::Migrate(arguments) => migrate::run(global, arguments).await,
        Command::Init(arguments) => init::run(global, arguments).await,
        Command::Seed(arguments) => seed::run(global, arguments).await,
        Command::Backup(arguments) => backup::run(global, &arguments).await,
        Command::Restore(arguments) => restore::run(global, &arguments).await,
        Command::Store(arguments) => store::run(global, arguments).await,
        Command::Provision(arguments) => files::provision::run(global, arguments).await,
        Command::Plan(arguments) => files::plan::run(global, arguments).await,
        Command::Apply(arguments) => files::apply::run(global, arguments).await,
        Command::Export(arguments) => files::export::run(global, arguments).await,
        Command::Drift(arguments) => files::drift::run(global, arguments).await,
        Command::Keys(family) => keys::run(global, family).await,
        Command::Config(family) => config::run(global, family).await,
        Command::Org(family) => org::run(global, family).await,
        Command::App(family) => app::run(global, family).await,
        Command::Audit(family) => audit::run(global, family).await,
        Command::Sessions(family) => sessions::run(global, family).await,
        Command::Stats(family) => stats::run(global, family).await,
        Command::Bulk(family) => bulk::run(global, family).await,
        Command::Exports(family) => exports::run(global, family).await,
        Command::Client(family) => client::run(global, family).await,
        Command::User(family) => user::run(global, family).await,
        Command::Mail(family) => mail::run(global, family).await,
        Command::Health(arguments) => health::run(global, arguments).await,
        Command::Login(arguments) => login::run(global, arguments).await,
        Command::Logout(target) => logout::run(global, &target).await,
        Command::Whoami(target) => whoami::run(global, &target),
        Command::Version(target) => version::run(global, &target).await,
        Command::Doctor(target) => doctor::run(global, &target).await,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_grammar_is_consistent() {
        super::command().debug_assert();
    }
}
