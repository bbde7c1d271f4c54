//! Redeems authorization codes. Codes are single-use, so they are created beforehand, with live sessions.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use tokio::task::JoinSet;

use super::SignedIn;
use crate::client::{Connection, Site};
use crate::drive::{Plan, Step, Worker};
use crate::samples::per_second;
use crate::world::fixtures::{ORGANIZATION, WEB};

use super::sign_in::{Authorization, redemption};

/// Time limit for creating codes: they live 60 s, so the first ones would expire before use if it took longer.
const MAKING: Duration = Duration::from_secs(25);

/// Codes redeemed in a trial to estimate how many a measurement needs.
const TRIAL: usize = 200;

/// A stock of codes shared by several connections.
#[derive(Clone, Default)]
pub(crate) struct CodeStock(Rc<RefCell<VecDeque<String>>>);

impl CodeStock {
    /// Creates enough codes for `plan`, estimated from the rate of a trial.
    pub(crate) async fn for_plan(
        site: &Site,
        browsers: &[SignedIn],
        concurrency: usize,
        plan: Plan,
    ) -> Result<Self> {
        let stock = Self::default();
        stock.fill(site, browsers, TRIAL).await?;
        let started = Instant::now();
        let mut tasks = JoinSet::new();
        for _ in 0..concurrency {
            let mut worker = CodeExchange::new(site, stock.clone()).await?;
            tasks.spawn_local(async move {
                while worker.step().await? == Step::Done {}
                anyhow::Ok(())
            });
        }
        while let Some(finished) = tasks.join_next().await {
            finished.context("a trial ended badly")??;
        }
        let seconds = (plan.warm_up + plan.measured).as_secs_f64() * 1.5;
        let wanted = (per_second(TRIAL, started.elapsed()) * seconds).ceil();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a small positive count"
        )]
        stock.fill(site, browsers, wanted as usize).await?;
        Ok(stock)
    }

    /// Creates `count` codes, or as many as [`MAKING`] allows.
    async fn fill(&self, site: &Site, browsers: &[SignedIn], count: usize) -> Result<()> {
        let until = Instant::now() + MAKING;
        let mut tasks = JoinSet::new();
        for browser in browsers {
            let authorization = Authorization::new(site, None);
            let mut connection = Connection::open(site).await?;
            let (stock, mut jar) = (self.clone(), browser.jar.clone());
            tasks.spawn_local(async move {
                while stock.0.borrow().len() < count && Instant::now() < until {
                    let code = authorization.silently(&mut connection, &mut jar).await?;
                    stock.0.borrow_mut().push_back(code);
                }
                anyhow::Ok(())
            });
        }
        while let Some(finished) = tasks.join_next().await {
            finished.context("making codes ended badly")??;
        }
        Ok(())
    }
}

pub(crate) struct CodeExchange {
    connection: Connection,
    site: Site,
    path: String,
    basic: String,
    stock: CodeStock,
}

impl CodeExchange {
    pub(crate) async fn new(site: &Site, stock: CodeStock) -> Result<Self> {
        Ok(Self {
            connection: Connection::open(site).await?,
            site: site.clone(),
            path: format!("/{ORGANIZATION}/token"),
            basic: WEB.basic(),
            stock,
        })
    }
}

impl Worker for CodeExchange {
    async fn step(&mut self) -> Result<Step> {
        let Some(code) = self.stock.0.borrow_mut().pop_front() else { return Ok(Step::Exhausted) };
        let request = self.site.post(&self.path, &[("authorization", &self.basic)], &redemption(&code));
        self.connection.expect(200, &request).await?;
        Ok(Step::Done)
    }
}
