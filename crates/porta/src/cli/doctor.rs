//! `porta doctor`: one check after another of what the command line needs. It changes nothing.

use porta_core::{Clock as _, SystemClock};
use serde::Serialize;

use super::Global;
use super::report::Column;
use super::server::oauth::{health, metadata};
use super::server::{CredentialsFile, Server, Target};
use crate::failure::Failure;

#[derive(Debug, Serialize)]
struct Check {
    name: &'static str,
    status: Status,
    message: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Pass,
    Warn,
    Fail,
}

const COLUMNS: &[Column<Check>] = &[
    ("Check", |check| check.name.to_owned()),
    ("Status", |check| {
        match check.status {
            Status::Pass => "pass",
            Status::Warn => "warn",
            Status::Fail => "FAIL",
        }
        .to_owned()
    }),
    ("Message", |check| check.message.clone()),
];

fn check(name: &'static str, status: Status, message: impl Into<String>) -> Check {
    Check { name, status, message: message.into() }
}

pub(super) async fn run(global: Global, target: &Target) -> Result<(), Failure> {
    let mut checks = vec![check("program", Status::Pass, concat!("porta ", env!("CARGO_PKG_VERSION")))];
    let file = CredentialsFile::of_user()?;
    checks.push(file_check(&file));
    let chosen = file.read().and_then(|stored| target.chosen(stored));
    match chosen {
        Ok(Some(server)) => {
            checks.push(token_check(&server));
            match server_checks(target, &server.url).await {
                Ok(more) => checks.extend(more),
                Err(failure) => checks.push(check("connection", Status::Fail, words(failure))),
            }
        }
        Ok(None) => {
            checks.push(check("server", Status::Fail, "no server is configured: porta login --server URL"));
        }
        Err(failure) => checks.push(check("server", Status::Fail, words(failure))),
    }
    global.rows(&checks, "checks", COLUMNS)?;
    let failed: Vec<&str> =
        checks.iter().filter(|check| check.status == Status::Fail).map(|check| check.name).collect();
    if failed.is_empty() { Ok(()) } else { Err(Failure::general(format!("failed: {}", failed.join(", ")))) }
}

fn words(failure: Failure) -> String {
    match failure {
        Failure::General(lines) | Failure::Denied(lines) | Failure::Validation(lines) => lines.join("; "),
        Failure::Partial | Failure::Differs | Failure::Interrupted => String::new(),
    }
}

fn file_check(file: &CredentialsFile) -> Check {
    let path = file.path();
    let shown = path.display();
    match (path.exists(), file.others_may(), file.read()) {
        (false, ..) => {
            check("credentials", Status::Warn, format!("{shown} does not exist: nobody is signed in"))
        }
        (true, _, Err(failure)) => check("credentials", Status::Fail, words(failure)),
        (true, Some(_), Ok(_)) => check(
            "credentials",
            Status::Fail,
            format!("others may read {shown}: chmod 600 it, and 700 its directory"),
        ),
        (true, None, Ok(_)) => check("credentials", Status::Pass, shown.to_string()),
    }
}

fn token_check(server: &Server) -> Check {
    let Some((name, profile)) = &server.signed_in else {
        return check("sign-in", Status::Warn, format!("not signed in to {}", server.url));
    };
    let can_renew = profile.refresh_token.is_some();
    match (profile.is_expired(SystemClock.now()), can_renew) {
        (false, _) => check("sign-in", Status::Pass, format!("profile {name}, valid")),
        (true, true) => {
            check("sign-in", Status::Pass, format!("profile {name}, renewed with the next command"))
        }
        (true, false) => check("sign-in", Status::Fail, format!("profile {name} has ended: porta login")),
    }
}

async fn server_checks(target: &Target, url: &str) -> Result<Vec<Check>, Failure> {
    let http = target.connection(url)?.client()?;
    let health = match health(&http, url).await {
        None => check("health", Status::Fail, format!("{url} does not answer")),
        Some(health) if health.is_healthy() => check("health", Status::Pass, url),
        Some(health) => {
            let ill = health.checks.iter().filter(|(_, state)| *state != "ok").map(|(name, _)| name.as_str());
            check("health", Status::Fail, format!("not healthy: {}", ill.collect::<Vec<_>>().join(", ")))
        }
    };
    let admin = match metadata(&http, url).await {
        Ok(found) if found.client_id.is_some() => {
            check("admin", Status::Pass, format!("administrators sign in at {}", found.issuer))
        }
        Ok(_) => check("admin", Status::Fail, "there is no client of the command line: porta init --force"),
        Err(failure) => check("admin", Status::Fail, words(failure)),
    };
    Ok(vec![health, admin])
}
