//! The scenarios: one worker type per kind of work.

mod code;
mod fixed;
mod refresh;
mod sign_in;

use anyhow::{Context as _, Result};
use serde::Deserialize;
use tokio::task::JoinSet;

pub(crate) use code::{CodeExchange, CodeStock};
pub(crate) use fixed::FixedRequest;
pub(crate) use refresh::Refresh;
pub(crate) use sign_in::{Authorization, RetryPolicy, SignIn, SignedIn, followed, sign_in, store_cookies};

use crate::client::{Connection, Site};
use crate::world::fixtures::{self, User};

/// The tokens of a token response.
#[derive(Debug, Deserialize)]
struct Tokens<'b> {
    access_token: &'b str,
    refresh_token: Option<&'b str>,
}

impl<'b> Tokens<'b> {
    fn read(body: &'b [u8]) -> Result<Self> {
        serde_json::from_slice(body).context("the token response is not what it should be")
    }
}

/// Sign-ins at once that a server with one hashing thread takes from browsers it does not know.
const AT_ONCE: usize = 16;

/// One signed-in browser per connection, each of a different user.
pub(crate) async fn signed_in(site: &Site, count: usize) -> Result<Vec<SignedIn>> {
    let mut browsers = Vec::with_capacity(count);
    let mut tasks = JoinSet::new();
    for index in 0..count {
        if tasks.len() == AT_ONCE {
            browsers.extend(next_signed_in(&mut tasks).await?);
        }
        let site = site.clone();
        tasks.spawn_local(async move {
            let mut connection = Connection::open(&site).await?;
            sign_in(&mut connection, &site, &User::number(index)).await
        });
    }
    while let Some(browser) = next_signed_in(&mut tasks).await? {
        browsers.push(browser);
    }
    Ok(browsers)
}

async fn next_signed_in(tasks: &mut JoinSet<Result<SignedIn>>) -> Result<Option<SignedIn>> {
    let Some(browser) = tasks.join_next().await else { return Ok(None) };
    Ok(Some(browser.context("a sign-in ended badly")??))
}

/// Workers that sign in. Each has its own users, as long as there are enough, so that no two workers sign in the same
/// user at once.
pub(crate) async fn sign_in_workers(site: &Site, count: usize, patience: RetryPolicy) -> Result<Vec<SignIn>> {
    let mut workers = Vec::with_capacity(count);
    for index in 0..count {
        let people = (index..fixtures::USERS.max(count)).step_by(count).map(User::number).collect();
        workers.push(SignIn::new(Connection::open(site).await?, site.clone(), people, patience));
    }
    Ok(workers)
}
