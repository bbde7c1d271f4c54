//! The whole measurement, in order: what is timed first, what disturbs last.

use std::io::Write as _;
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::time::sleep;

use crate::client::Site;
use crate::counts;
use crate::drive::{Measured, Plan, Worker, closed_loop};
use crate::limits::{self, Figures, Limit};
use crate::machine::Machine;
use crate::process::{count_threads, resident_kib};
use crate::results::{CommonLimits, Memory, Mixed, Results, Row, Scenario, StoreResults};
use crate::scenarios::{CodeExchange, CodeStock, Fixed, Refresh, sign_in_workers, signed_in};
use crate::world::{Binary, HashCost, Services, StoreKind, World};

/// Connections.
pub(crate) const CONCURRENCIES: [usize; 3] = [1, 8, 32];
/// The concurrency the bars are about.
pub(crate) const CROWD: usize = 32;

const STARTS: usize = 10;
/// A sign-in at the reference's parameters takes a tenth of a second of processor time: fewer of them need longer.
const REFERENCE_COST_FACTOR: u32 = 3;

pub(crate) struct Options {
    pub(crate) binary: Binary,
    pub(crate) stores: Vec<StoreKind>,
    pub(crate) measured: Duration,
    pub(crate) revision: String,
    pub(crate) command: String,
}

impl Options {
    fn plan(&self) -> Plan {
        Plan { warm_up: self.measured / 4, measured: self.measured }
    }
}

/// Says what is going on, to whoever waits.
fn say(text: &str) {
    // A closed terminal is no reason to stop measuring.
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

pub(crate) async fn run(options: &Options) -> Result<Results> {
    let services = options.stores.contains(&StoreKind::Postgres).then(Services::find).transpose()?;
    let machine = Machine::describe(services.as_ref()).await?;
    let mut stores = Vec::new();
    let mut discovery_bytes = 0;
    for kind in &options.stores {
        say(&format!("== {kind}"));
        let (results, bytes) = measure_store(options, *kind).await?;
        stores.push(results);
        discovery_bytes = bytes;
    }
    say("== limits");
    let limits = common_limits(options, discovery_bytes).await?;
    // Counting restarts PostgreSQL with an extension: after everything that is timed.
    for results in stores.iter_mut().filter(|results| results.store == StoreKind::Postgres) {
        say("== statements and commands");
        let world = World::create(&options.binary, results.store, HashCost::DEFAULT).await?;
        results.counts = Some(counts::count(&world).await?);
        world.end().await?;
    }
    Ok(Results {
        revision: options.revision.clone(),
        command: options.command.clone(),
        machine,
        seconds: options.measured.as_secs_f64(),
        default_cost: HashCost::DEFAULT,
        limits,
        stores,
    })
}

async fn common_limits(options: &Options, bytes: usize) -> Result<CommonLimits> {
    let core = options.binary.core;
    Ok(CommonLimits {
        signatures: Limit::Signatures.measure_on(core, options.measured, None)?,
        hashing: Limit::Hashing.measure_on(core, options.measured, None)?,
        constant_body: limits::constant_body(core, bytes, CROWD, options.plan()).await?,
        constant_body_bytes: bytes,
    })
}

/// The results and the size of the discovery document.
async fn measure_store(options: &Options, kind: StoreKind) -> Result<(StoreResults, usize)> {
    let world = World::create(&options.binary, kind, HashCost::DEFAULT).await?;
    let start_up = world.start_up_time(STARTS).await?;
    say(&format!("start-up {} ms", start_up.as_millis()));

    let (server, _) = world.start().await?;
    let pid = server.pid();
    sleep(Duration::from_secs(1)).await;
    let idle = resident_kib(pid)?;
    let bytes = Fixed::discovery(&world.site).await?.body_length().await?;
    let mut rows = Vec::new();
    for scenario in Scenario::ALL {
        for concurrency in CONCURRENCIES {
            let bench = Bench { site: &world.site, pid, plan: options.plan(), concurrency };
            let measured = bench.measure(scenario).await.with_context(|| format!("{scenario}"))?;
            rows.push(report(Row { scenario, concurrency, measured }));
        }
    }
    let mut mixed = Vec::new();
    for concurrency in CONCURRENCIES {
        let bench = Bench { site: &world.site, pid, plan: options.plan(), concurrency };
        let row = bench.mixed().await?;
        say(&format!("client credentials beside {CROWD} sign-ins, {concurrency}: p99 × {:.1}", row.ratio()));
        mixed.push(row);
    }
    let hashing = u64::from(HashCost::DEFAULT.memory_kib) * count_threads(pid, "argon2-")?;
    let memory = Memory { idle, after_load: resident_kib(pid)?, hashing };
    server.stop()?;

    say("database");
    let database = database_limit(options, &world)?;
    let redis = world.store.redis_url();
    let redis = redis.map(|url| Limit::Redis.measure_on(options.binary.core, options.measured, Some(url)));
    let redis = redis.transpose()?;
    world.end().await?;
    let reference_cost = at_reference_cost(options, kind).await?;
    let results = StoreResults {
        store: kind,
        start_up,
        memory,
        rows,
        mixed,
        reference_cost,
        counts: None,
        database,
        redis,
    };
    Ok((results, bytes))
}

fn database_limit(options: &Options, world: &World) -> Result<Figures> {
    let core = options.binary.core;
    if let Some(url) = world.store.database_url() {
        return Limit::Postgres.measure_on(core, options.measured, Some(url));
    }
    let directory = tempfile::tempdir_in(world.store.directory())?;
    let path = directory.path().to_str().context("the directory has an unreadable name")?;
    Limit::Sqlite.measure_on(core, options.measured, Some(path))
}

/// Sign-ins at the reference's parameters, on a store whose hashes were made with them.
async fn at_reference_cost(options: &Options, kind: StoreKind) -> Result<Vec<Row>> {
    say(&format!("at {}", HashCost::REFERENCE));
    let world = World::create(&options.binary, kind, HashCost::REFERENCE).await?;
    let (server, _) = world.start().await?;
    let plan = Plan { measured: options.measured * REFERENCE_COST_FACTOR, ..options.plan() };
    let mut rows = Vec::new();
    for concurrency in CONCURRENCIES {
        let bench = Bench { site: &world.site, pid: server.pid(), plan, concurrency };
        let measured = bench.measure(Scenario::SignIn).await?;
        rows.push(report(Row { scenario: Scenario::SignIn, concurrency, measured }));
    }
    server.stop()?;
    world.end().await?;
    Ok(rows)
}

fn report(row: Row) -> Row {
    let Row { scenario, concurrency, measured } = row;
    let summary = measured.summary;
    say(&format!(
        "{scenario}, {concurrency}: {:.0}/s, p50 {:.2} ms, p99 {:.2} ms, server {:.0} %, load generator {:.0} %",
        summary.per_second,
        summary.p50.as_secs_f64() * 1e3,
        summary.p99.as_secs_f64() * 1e3,
        measured.server_share() * 100.0,
        measured.load_share() * 100.0,
    ));
    row
}

/// One scenario at one concurrency.
struct Bench<'a> {
    site: &'a Site,
    pid: u32,
    plan: Plan,
    concurrency: usize,
}

impl Bench<'_> {
    async fn measure(&self, scenario: Scenario) -> Result<Measured> {
        let site = self.site;
        match scenario {
            Scenario::Discovery => self.same(async || Fixed::discovery(site).await).await,
            Scenario::Jwks => self.same(async || Fixed::jwks(site).await).await,
            Scenario::Robots => self.same(async || Fixed::robots(site).await).await,
            Scenario::ClientCredentials => self.same(async || Fixed::client_credentials(site).await).await,
            Scenario::CodeExchange => self.code_exchange().await,
            Scenario::Refresh => self.refresh().await,
            Scenario::UserInfo => {
                self.with_token(async |token: &str| Fixed::userinfo(site, token).await).await
            }
            Scenario::Introspection => {
                self.with_token(async |token: &str| Fixed::introspection(site, token).await).await
            }
            Scenario::SignIn => self.drive(sign_in_workers(site, self.concurrency).await?).await,
        }
    }

    async fn drive<W: Worker + 'static>(&self, workers: Vec<W>) -> Result<Measured> {
        closed_loop(workers, self.plan, self.pid).await
    }

    async fn same(&self, worker: impl AsyncFn() -> Result<Fixed>) -> Result<Measured> {
        let mut workers = Vec::with_capacity(self.concurrency);
        for _ in 0..self.concurrency {
            workers.push(worker().await?);
        }
        self.drive(workers).await
    }

    /// Each connection asks about a token of its own.
    async fn with_token(&self, worker: impl AsyncFn(&str) -> Result<Fixed>) -> Result<Measured> {
        let mut workers = Vec::with_capacity(self.concurrency);
        for browser in signed_in(self.site, self.concurrency).await? {
            workers.push(worker(&browser.access_token).await?);
        }
        self.drive(workers).await
    }

    async fn refresh(&self) -> Result<Measured> {
        let mut workers = Vec::with_capacity(self.concurrency);
        for browser in signed_in(self.site, self.concurrency).await? {
            workers.push(Refresh::new(self.site, browser).await?);
        }
        self.drive(workers).await
    }

    async fn code_exchange(&self) -> Result<Measured> {
        let browsers = signed_in(self.site, CROWD).await?;
        let stock = CodeStock::for_plan(self.site, &browsers, self.plan).await?;
        let mut workers = Vec::with_capacity(self.concurrency);
        for _ in 0..self.concurrency {
            workers.push(CodeExchange::new(self.site, stock.clone()).await?);
        }
        self.drive(workers).await
    }

    /// Client credentials alone, then beside a crowd that signs in.
    async fn mixed(&self) -> Result<Mixed> {
        let alone = self.measure(Scenario::ClientCredentials).await?;
        let crowd = Bench { concurrency: CROWD, ..*self };
        let (beside, sign_ins) =
            tokio::try_join!(self.measure(Scenario::ClientCredentials), crowd.measure(Scenario::SignIn))?;
        Ok(Mixed { concurrency: self.concurrency, alone, beside, sign_ins })
    }
}
