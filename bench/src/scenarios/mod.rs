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
pub(crate) use sign_in::{Authorization, RetryPolicy, SignIn, SignedIn, sign_in, store_cookies};

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

/// One signed-in browser per connection, each of a different user.
pub(crate) async fn signed_in(site: &Site, count: usize) -> Result<Vec<SignedIn>> {
    let mut tasks = JoinSet::new();
    for index in 0..count {
        let site = site.clone();
        tasks.spawn_local(async move {
            let mut connection = Connection::open(&site).await?;
            sign_in(&mut connection, &site, &User::number(index)).await
        });
    }
    let mut browsers = Vec::with_capacity(count);
    while let Some(browser) = tasks.join_next().await {
        browsers.push(browser.context("a sign-in ended badly")??);
    }
    Ok(browsers)
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
