//! Refresh grant: every connection rotates its own refresh-token family.

use anyhow::{Context as _, Result};

use super::{SignedIn, Tokens};
use crate::client::{Connection, Site};
use crate::drive::{Step, Worker};
use crate::world::fixtures::{ORGANIZATION, WEB};

pub(crate) struct Refresh {
    connection: Connection,
    site: Site,
    path: String,
    basic: String,
    token: String,
}

impl Refresh {
    pub(crate) async fn new(site: &Site, browser: SignedIn) -> Result<Self> {
        Ok(Self {
            connection: Connection::open(site).await?,
            site: site.clone(),
            path: format!("/{ORGANIZATION}/token"),
            basic: WEB.basic(),
            token: browser.refresh_token,
        })
    }
}

impl Worker for Refresh {
    async fn step(&mut self) -> Result<Step> {
        let fields = [("grant_type", "refresh_token"), ("refresh_token", self.token.as_str())];
        let request = self.site.post(&self.path, &[("authorization", &self.basic)], &fields);
        let response = self.connection.expect(200, &request).await?;
        let next = Tokens::read(&response.body)?.refresh_token.context("no new refresh token")?;
        next.clone_into(&mut self.token);
        Ok(Step::Done)
    }
}
