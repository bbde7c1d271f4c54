//! One scenario at one concurrency.

use anyhow::Result;

use crate::client::Site;
use crate::drive::{MeasuredProcess, Measurement, Plan, Worker, closed_loop, closed_loop_with_refusals};
use crate::results::{Mixed, Scenario, SignInLoad};
use crate::run::MANY;
use crate::scenarios::{
    CodeExchange, CodeStock, FixedRequest, Refresh, RetryPolicy, sign_in_workers, signed_in,
};

pub(crate) struct Bench<'a> {
    pub(crate) site: &'a Site,
    pub(crate) target: MeasuredProcess,
    pub(crate) plan: Plan,
    pub(crate) concurrency: usize,
}

impl Bench<'_> {
    pub(crate) async fn measure(&self, scenario: Scenario) -> Result<Measurement> {
        let site = self.site;
        match scenario {
            Scenario::Discovery => self.same(async || FixedRequest::discovery(site).await).await,
            Scenario::Jwks => self.same(async || FixedRequest::jwks(site).await).await,
            Scenario::Robots => self.same(async || FixedRequest::robots(site).await).await,
            Scenario::ClientCredentials => {
                self.same(async || FixedRequest::client_credentials(site).await).await
            }
            Scenario::CodeExchange => self.code_exchange().await,
            Scenario::Refresh => self.refresh().await,
            Scenario::UserInfo => {
                self.with_token(async |token: &str| FixedRequest::userinfo(site, token).await).await
            }
            Scenario::Introspection => {
                self.with_token(async |token: &str| FixedRequest::introspection(site, token).await).await
            }
            Scenario::SignIn => {
                // Of 32 browsers that it does not know a server with one hashing thread lets some wait.
                let browsers = sign_in_workers(site, self.concurrency, RetryPolicy::Obedient).await?;
                closed_loop_with_refusals(browsers, self.plan, self.target).await?.measurement()
            }
        }
    }

    /// Client credentials alone, then with browsers signing in at the same time.
    pub(crate) async fn mixed(&self, crowd: SignInLoad) -> Result<Mixed> {
        let alone = self.measure(Scenario::ClientCredentials).await?;
        let browsers = sign_in_workers(self.site, crowd.browsers, crowd.patience).await?;
        let (beside, signed_in) = tokio::try_join!(
            self.measure(Scenario::ClientCredentials),
            closed_loop_with_refusals(browsers, self.plan, self.target)
        )?;
        Ok(Mixed {
            concurrency: self.concurrency,
            crowd,
            alone,
            beside,
            sign_ins: signed_in.summary(),
            turned_away_per_second: signed_in.turned_away_per_second(),
        })
    }

    async fn drive<W: Worker + 'static>(&self, workers: Vec<W>) -> Result<Measurement> {
        closed_loop(workers, self.plan, self.target).await
    }

    async fn same(&self, worker: impl AsyncFn() -> Result<FixedRequest>) -> Result<Measurement> {
        let mut workers = Vec::with_capacity(self.concurrency);
        for _ in 0..self.concurrency {
            workers.push(worker().await?);
        }
        self.drive(workers).await
    }

    /// Each connection uses its own access token.
    async fn with_token(&self, worker: impl AsyncFn(&str) -> Result<FixedRequest>) -> Result<Measurement> {
        let mut workers = Vec::with_capacity(self.concurrency);
        for browser in signed_in(self.site, self.concurrency).await? {
            workers.push(worker(&browser.access_token).await?);
        }
        self.drive(workers).await
    }

    async fn refresh(&self) -> Result<Measurement> {
        let mut workers = Vec::with_capacity(self.concurrency);
        for browser in signed_in(self.site, self.concurrency).await? {
            workers.push(Refresh::new(self.site, browser).await?);
        }
        self.drive(workers).await
    }

    async fn code_exchange(&self) -> Result<Measurement> {
        let browsers = signed_in(self.site, MANY).await?;
        let stock = CodeStock::for_plan(self.site, &browsers, self.concurrency, self.plan).await?;
        let mut workers = Vec::with_capacity(self.concurrency);
        for _ in 0..self.concurrency {
            workers.push(CodeExchange::new(self.site, stock.clone()).await?);
        }
        self.drive(workers).await
    }
}
