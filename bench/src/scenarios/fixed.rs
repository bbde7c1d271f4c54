//! One fixed request repeated: discovery, JWKS, client credentials, UserInfo, introspection.

use anyhow::{Result, ensure};

use crate::client::{Connection, Site};
use crate::drive::{Step, Worker};
use crate::world::fixtures::{MACHINE, ORGANIZATION, WEB};

pub(crate) struct FixedRequest {
    connection: Connection,
    request: Vec<u8>,
    /// Text that the first response must contain, to prove that the request does what its name says.
    proof: &'static str,
    is_proven: bool,
}

impl FixedRequest {
    async fn new(site: &Site, request: Vec<u8>, proof: &'static str) -> Result<Self> {
        Ok(Self { connection: Connection::open(site).await?, request, proof, is_proven: false })
    }

    pub(crate) async fn discovery(site: &Site) -> Result<Self> {
        let path = format!("/{ORGANIZATION}/.well-known/openid-configuration");
        Self::new(site, site.get(&path, &[]), "\"token_endpoint\"").await
    }

    pub(crate) async fn jwks(site: &Site) -> Result<Self> {
        Self::new(site, site.get(&format!("/{ORGANIZATION}/jwks"), &[]), "\"keys\"").await
    }

    /// A constant body served by Porta's own router and middleware.
    pub(crate) async fn robots(site: &Site) -> Result<Self> {
        Self::new(site, site.get("/robots.txt", &[]), "Disallow").await
    }

    /// A read of the Admin API.
    pub(crate) async fn admin(site: &Site, path: &str, token: &str, proof: &'static str) -> Result<Self> {
        let bearer = format!("Bearer {token}");
        Self::new(site, site.get(path, &[("authorization", &bearer)]), proof).await
    }

    /// The route that `porta-bench constant` serves.
    pub(crate) async fn constant(site: &Site) -> Result<Self> {
        Self::new(site, site.get("/constant", &[]), "").await
    }

    pub(crate) async fn client_credentials(site: &Site) -> Result<Self> {
        let headers = [("authorization", MACHINE.basic())];
        let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
        let path = format!("/{ORGANIZATION}/token");
        let request = site.post(&path, &headers, &[("grant_type", "client_credentials")]);
        Self::new(site, request, "\"access_token\"").await
    }

    pub(crate) async fn userinfo(site: &Site, access_token: &str) -> Result<Self> {
        let bearer = format!("Bearer {access_token}");
        let request = site.get(&format!("/{ORGANIZATION}/me"), &[("authorization", &bearer)]);
        Self::new(site, request, "\"email\"").await
    }

    pub(crate) async fn introspection(site: &Site, access_token: &str) -> Result<Self> {
        let path = format!("/{ORGANIZATION}/token/introspection");
        let basic = WEB.basic();
        let request = site.post(&path, &[("authorization", &basic)], &[("token", access_token)]);
        Self::new(site, request, "\"active\":true").await
    }

    /// The body size of the response.
    pub(crate) async fn body_length(&mut self) -> Result<usize> {
        Ok(self.connection.expect(200, &self.request).await?.body.len())
    }
}

impl Worker for FixedRequest {
    async fn step(&mut self) -> Result<Step> {
        let response = self.connection.expect(200, &self.request).await?;
        if !self.is_proven {
            ensure!(response.text()?.contains(self.proof), "no {} in {}", self.proof, response.describe());
            self.is_proven = true;
        }
        Ok(Step::Done)
    }
}
