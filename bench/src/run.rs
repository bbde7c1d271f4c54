//! The whole measurement in order: each limit right after the figure it is compared with, disruptive steps last.

use std::io::Write as _;
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::time::sleep;

use crate::bench::Bench;
use crate::choice::Choice;
use crate::counts;
use crate::drive::{MeasuredProcess, Measurement, Plan};
use crate::limits::{self, Limit, Rates};
use crate::machine::Machine;
use crate::process::{count_threads, resident_kib};
use crate::results::{Limits, Memory, Mixed, Results, Row, Scenario, SignInLoad, StoreResults};
use crate::scenarios::{FixedRequest, RetryPolicy};
use crate::timing;
use crate::world::{Binary, HashCost, Server, Services, StoreKind, World};

/// Numbers of connections.
pub(crate) const CONCURRENCIES: [usize; 3] = [1, 8, 32];
/// The concurrency of the targets.
pub(crate) const MANY: usize = 32;
/// Browsers that sign in beside client credentials: as many as the target says, and a flood.
pub(crate) const SIGN_IN_BROWSERS: usize = 32;
const FLOOD: usize = 200;
const SIGN_IN_LOADS: [SignInLoad; 3] = [
    SignInLoad { browsers: SIGN_IN_BROWSERS, patience: RetryPolicy::Obedient },
    SignInLoad { browsers: FLOOD, patience: RetryPolicy::Obedient },
    SignInLoad { browsers: FLOOD, patience: RetryPolicy::Stubborn },
];

const STARTS: usize = 10;
/// Measure longer at the reference's parameters: a sign-in takes about 0.1 s of CPU time, so few complete.
const REFERENCE_COST_FACTOR: u32 = 3;

pub(crate) struct Options {
    pub(crate) binary: Binary,
    pub(crate) stores: Vec<StoreKind>,
    pub(crate) choices: Vec<Choice>,
    pub(crate) measured: Duration,
    pub(crate) revision: String,
    pub(crate) command: String,
}

impl Options {
    fn plan(&self) -> Plan {
        Plan { warm_up: self.measured / 4, measured: self.measured }
    }

    fn target(&self, server: &Server) -> MeasuredProcess {
        MeasuredProcess { pid: server.pid(), core: self.binary.core }
    }

    fn has(&self, choice: Choice) -> bool {
        self.choices.contains(&choice)
    }

    fn limit(&self, limit: Limit, url: Option<&str>) -> Result<Rates> {
        limit.measure_on(self.binary.core, self.measured, url)
    }

    fn hashing_limit(&self, cost: HashCost) -> Result<Option<f64>> {
        Ok(self.limit(Limit::Hashing(cost), None)?.into_values().next())
    }
}

/// Prints progress to standard error.
pub(crate) fn print_progress(text: &str) {
    // Ignore a closed terminal: the measurement goes on.
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

pub(crate) async fn run(options: &Options) -> Result<Results> {
    let services = options.stores.contains(&StoreKind::Postgres).then(Services::find).transpose()?;
    let machine = Machine::describe(services.as_ref()).await?;
    let mut stores = Vec::new();
    let mut discovery_bytes = 0;
    for kind in &options.stores {
        print_progress(&format!("== {kind}"));
        let (mut results, bytes) = measure_store(options, *kind).await?;
        if options.has(Choice::SignIn) {
            (results.reference_cost, results.limits.reference_hashing) =
                at_reference_cost(options, *kind).await?;
        }
        if options.has(Choice::Timing) {
            print_progress("answers to accounts of each kind");
            results.timing = Some(timing::measure(&options.binary, *kind).await?);
        }
        stores.push(results);
        discovery_bytes = bytes;
    }
    print_progress("signatures");
    let signatures = options.limit(Limit::Signatures, None)?;
    // Last, because counting restarts PostgreSQL with an extension that slows it down.
    for results in stores.iter_mut().filter(|results| results.store == StoreKind::Postgres) {
        print_progress("statements and commands");
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
        discovery_bytes,
        signatures,
        stores,
    })
}

/// All scenarios at the default Argon2 parameters, and the size of the discovery document.
async fn measure_store(options: &Options, kind: StoreKind) -> Result<(StoreResults, usize)> {
    let world = World::create(&options.binary, kind, HashCost::DEFAULT).await?;
    let start_up = world.start_up_time(STARTS).await?;
    print_progress(&format!("start-up {} ms", start_up.as_millis()));

    let (server, _) = world.start().await?;
    sleep(Duration::from_secs(1)).await;
    let idle = resident_kib(server.pid())?;
    let bytes = FixedRequest::discovery(&world.site).await?.body_length().await?;
    let mut limits = Limits::default();
    let mut rows = Vec::new();
    for scenario in options.choices.iter().filter_map(|choice| choice.scenario()) {
        rows.extend(at_each_concurrency(options, &world, &server, options.plan(), scenario).await?);
        limit_of(options, scenario, &world, bytes, &mut limits).await?;
    }
    let mixed = if options.has(Choice::Flood) { mixed(options, &world, &server).await? } else { Vec::new() };
    let hashing = u64::from(HashCost::DEFAULT.memory_kib) * count_threads(server.pid(), "argon2-")?;
    let memory = Memory { idle, after_load: resident_kib(server.pid())?, hashing };
    server.stop()?;
    world.end().await?;
    let reference_cost = Vec::new();
    let results = StoreResults {
        store: kind,
        start_up,
        memory,
        rows,
        mixed,
        reference_cost,
        counts: None,
        limits,
        timing: None,
    };
    Ok((results, bytes))
}

async fn at_each_concurrency(
    options: &Options,
    world: &World,
    server: &Server,
    plan: Plan,
    scenario: Scenario,
) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for concurrency in CONCURRENCIES {
        let bench = Bench { site: &world.site, target: options.target(server), plan, concurrency };
        let measured = bench.measure(scenario).await.with_context(|| format!("{scenario}, {concurrency}"))?;
        report(scenario, concurrency, &measured);
        rows.push(Row { scenario, concurrency, measured });
    }
    Ok(rows)
}

/// Measures the limit a scenario is compared with, under the same machine conditions. The server is idle meanwhile.
async fn limit_of(
    options: &Options,
    scenario: Scenario,
    world: &World,
    bytes: usize,
    limits: &mut Limits,
) -> Result<()> {
    match scenario {
        Scenario::Jwks => {
            let measured = limits::constant_body(options.binary.core, bytes, MANY, options.plan()).await?;
            let each = measured.server_time_each().as_micros();
            print_progress(&format!(
                "  constant body: {:.0}/s, {each} µs of the server each",
                measured.summary.per_second
            ));
            limits.constant_body = Some(measured);
        }
        Scenario::ClientCredentials => {
            if let Some(url) = world.store.redis_url() {
                limits.redis = options.limit(Limit::Redis, Some(url))?;
                print_progress(&format!("  {:.0?}", limits.redis));
            }
        }
        Scenario::Refresh | Scenario::Introspection => {
            let figures = database_limit(options, world)?;
            print_progress(&format!("  {figures:.0?}"));
            let wanted = if scenario == Scenario::Refresh { limits::INSERT } else { limits::SELECT };
            limits.database.extend(figures.into_iter().filter(|(name, _)| name == wanted));
        }
        Scenario::SignIn => {
            limits.hashing = options.hashing_limit(HashCost::DEFAULT)?;
            print_progress(&format!("  Argon2id: {:.1?}/s", limits.hashing));
        }
        Scenario::Discovery | Scenario::Robots | Scenario::CodeExchange | Scenario::UserInfo => {}
    }
    Ok(())
}

fn database_limit(options: &Options, world: &World) -> Result<Rates> {
    if let Some(url) = world.store.database_url() {
        return options.limit(Limit::Postgres, Some(url));
    }
    let directory = tempfile::tempdir_in(world.store.directory())?;
    let path = directory.path().to_str().context("the directory has an unreadable name")?;
    options.limit(Limit::Sqlite, Some(path))
}

async fn mixed(options: &Options, world: &World, server: &Server) -> Result<Vec<Mixed>> {
    let mut rows = Vec::new();
    for crowd in SIGN_IN_LOADS {
        for concurrency in CONCURRENCIES {
            let target = options.target(server);
            let bench = Bench { site: &world.site, target, plan: options.plan(), concurrency };
            let row = bench.mixed(crowd).await?;
            print_progress(&format!(
                "client credentials, {concurrency}, beside {} {:?} sign-ins: p99 × {:.1}, {:.1}/s came in, {:.0}/s were told to come back",
                crowd.browsers,
                crowd.patience,
                row.ratio(),
                row.sign_ins.map_or(0.0, |sign_ins| sign_ins.per_second),
                row.turned_away_per_second,
            ));
            rows.push(row);
        }
    }
    Ok(rows)
}

/// Sign-ins on a store whose hashes have the reference's Argon2 parameters, and raw Argon2id at those parameters.
async fn at_reference_cost(options: &Options, kind: StoreKind) -> Result<(Vec<Row>, Option<f64>)> {
    print_progress(&format!("at {}", HashCost::REFERENCE));
    let world = World::create(&options.binary, kind, HashCost::REFERENCE).await?;
    let (server, _) = world.start().await?;
    let plan = Plan { measured: options.measured * REFERENCE_COST_FACTOR, ..options.plan() };
    let rows = at_each_concurrency(options, &world, &server, plan, Scenario::SignIn).await?;
    server.stop()?;
    world.end().await?;
    let limit = options.hashing_limit(HashCost::REFERENCE)?;
    print_progress(&format!("  Argon2id: {limit:.1?}/s"));
    Ok((rows, limit))
}

fn report(scenario: Scenario, concurrency: usize, measured: &Measurement) {
    let summary = measured.summary;
    print_progress(&format!(
        "{scenario}, {concurrency}: {:.0}/s, p50 {:.2} ms, p99 {:.2} ms, {:.0} µs of the server each, server {:.0} %, load generator {:.0} %, others {:.0} %",
        summary.per_second,
        summary.p50.as_secs_f64() * 1e3,
        summary.p99.as_secs_f64() * 1e3,
        measured.server_time_each().as_secs_f64() * 1e6,
        measured.server_share() * 100.0,
        measured.load_share() * 100.0,
        measured.foreign_share() * 100.0,
    ));
}
