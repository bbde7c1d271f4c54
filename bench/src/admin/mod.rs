//! The Admin API with few people and with many, in one run: what a page, a search and the statistics cost, and whether an
//! export needs more memory the longer it is.

mod export;
mod scenario;

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

pub(crate) use export::Exported;
pub(crate) use scenario::AdminScenario;

use crate::client::{Connection, Site, basic};
use crate::drive::{MeasuredProcess, Measurement, Plan, closed_loop};
use crate::limits::{self, Limit};
use crate::machine::Machine;
use crate::process::resident_kib;
use crate::run::{MANY, print_progress};
use crate::scenarios::FixedRequest;
use crate::world::population::{EXPORTED, Population};
use crate::world::{Binary, HashCost, Services, StoreKind, World};

/// Numbers of connections.
pub(crate) const CONCURRENCIES: [usize; 2] = [1, MANY];

const CLIENT: &str = "bench-admin";
const SECRET: &str = "bench-only-secret-admin-0123456789abcdefghijklmnopqrstuvw";
const SCOPE: &str = "admin:user:read admin:org:read admin:stats:read admin:export:read";

pub(crate) struct AdminOptions {
    pub(crate) binary: Binary,
    pub(crate) stores: Vec<StoreKind>,
    pub(crate) measured: Duration,
    pub(crate) revision: String,
    pub(crate) command: String,
    /// People in the large organization: few, then many.
    pub(crate) few: u64,
    pub(crate) many: u64,
    pub(crate) organizations: u64,
    pub(crate) exported: u64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct AdminResults {
    pub(crate) revision: String,
    pub(crate) command: String,
    pub(crate) machine: Machine,
    pub(crate) seconds: f64,
    pub(crate) stores: Vec<AdminStore>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct AdminStore {
    pub(crate) store: StoreKind,
    pub(crate) few: BySize,
    pub(crate) many: BySize,
    /// One-row SELECTs per second on this store's database.
    pub(crate) select: Option<f64>,
    pub(crate) export: Exported,
}

/// What was measured with so many people.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct BySize {
    pub(crate) users: u64,
    pub(crate) organizations: u64,
    /// Time to insert them.
    pub(crate) load: Duration,
    /// Resident memory in KiB after the start and after the last scenario.
    pub(crate) idle: u64,
    pub(crate) after_load: u64,
    pub(crate) rows: Vec<AdminRow>,
}

impl BySize {
    pub(crate) fn at(&self, scenario: AdminScenario, concurrency: usize) -> Option<&Measurement> {
        let is_wanted = |row: &&AdminRow| row.scenario == scenario && row.concurrency == concurrency;
        self.rows.iter().find(is_wanted).map(|row| &row.measured)
    }
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct AdminRow {
    pub(crate) scenario: AdminScenario,
    pub(crate) concurrency: usize,
    pub(crate) measured: Measurement,
}

pub(crate) async fn run(options: &AdminOptions) -> Result<AdminResults> {
    let services = options.stores.contains(&StoreKind::Postgres).then(Services::find).transpose()?;
    let machine = Machine::describe(services.as_ref()).await?;
    let mut stores = Vec::new();
    for kind in &options.stores {
        print_progress(&format!("== {kind}"));
        let organizations = options.organizations;
        let few = Population { users: options.few, organizations: organizations / 100, exported: 0 };
        let many = Population { users: options.many, organizations, exported: options.exported };
        let (few, _) = measure(options, *kind, few).await?;
        let (many, beside) = measure(options, *kind, many).await?;
        let (select, export) = beside.context("the export was not measured")?;
        stores.push(AdminStore { store: *kind, few, many, select, export });
    }
    Ok(AdminResults {
        revision: options.revision.clone(),
        command: options.command.clone(),
        machine,
        seconds: options.measured.as_secs_f64(),
        stores,
    })
}

/// All scenarios with these people; and, if some are to be exported, the limit of the database and the export.
async fn measure(
    options: &AdminOptions,
    kind: StoreKind,
    population: Population,
) -> Result<(BySize, Option<(Option<f64>, Exported)>)> {
    // One reader asks more often than any operator may.
    let unlimited = [("ADMIN_READS_PER_MINUTE", "0".to_owned())];
    let world = World::filled(&options.binary, kind, HashCost::DEFAULT, &document(), &unlimited).await?;
    let load = load(&world, kind, population).await?;
    print_progress(&format!("{} people inserted in {:.1} s", population.users, load.as_secs_f64()));
    let (server, _) = world.start().await?;
    let idle = resident_kib(server.pid())?;
    let target = MeasuredProcess { pid: server.pid(), core: options.binary.core };
    let plan = Plan { warm_up: options.measured / 4, measured: options.measured };
    let mut rows = Vec::new();
    for scenario in AdminScenario::ALL {
        for concurrency in CONCURRENCIES {
            // A token for each: the whole takes longer than a token lives.
            let token = token(&world.site).await?;
            let path = scenario.path(&world.site, &token, population).await?;
            let mut workers = Vec::with_capacity(concurrency);
            for _ in 0..concurrency {
                workers.push(FixedRequest::admin(&world.site, &path, &token, scenario.proof()).await?);
            }
            let measured = closed_loop(workers, plan, target)
                .await
                .with_context(|| format!("{scenario}, {concurrency} connections"))?;
            print_progress(&format!(
                "{scenario}, {concurrency}: {:.0}/s, p99 {:.2} ms",
                measured.summary.per_second,
                measured.summary.p99.as_secs_f64() * 1e3
            ));
            rows.push(AdminRow { scenario, concurrency, measured });
        }
    }
    let after_load = resident_kib(server.pid())?;
    let beside = if population.exported > 0 {
        let token = token(&world.site).await?;
        let path = format!("/api/admin/export/users?organizationId={EXPORTED}&format=json");
        let export = export::measure(&world.site, &path, &token, server.pid(), population.exported).await?;
        Some((select_limit(options, &world)?, export))
    } else {
        None
    };
    server.stop()?;
    world.end().await?;
    let Population { users, organizations, .. } = population;
    Ok((BySize { users, organizations, load, idle, after_load, rows }, beside))
}

fn select_limit(options: &AdminOptions, world: &World) -> Result<Option<f64>> {
    let core = options.binary.core;
    let directory = tempfile::tempdir_in(world.store.directory())?;
    let figures = match world.store.database_url() {
        Some(url) => Limit::Postgres.measure_on(core, options.measured, Some(url))?,
        None => Limit::Sqlite.measure_on(core, options.measured, directory.path().to_str())?,
    };
    Ok(figures.get(limits::SELECT).copied())
}

/// On PostgreSQL the index for searches is built at the end, from all rows at once.
async fn load(world: &World, kind: StoreKind, population: Population) -> Result<Duration> {
    let started = Instant::now();
    let (before, after): (&[&str], &[&str]) = match kind {
        StoreKind::Embedded => (&[], &[]),
        StoreKind::Postgres => (
            &[
                "CREATE TABLE bench_index AS SELECT indexdef FROM pg_indexes WHERE indexname = 'users_search'",
                "DROP INDEX users_search",
            ],
            &["DO $$ BEGIN EXECUTE (SELECT indexdef FROM bench_index); END $$", "DROP TABLE bench_index"],
        ),
    };
    let own = |statements: &[&str]| statements.iter().map(|sql| (*sql).to_owned()).collect::<Vec<_>>();
    let statements = own(before).into_iter().chain(population.statements(kind)).chain(own(after));
    world.store.execute_all(statements).await?;
    if kind == StoreKind::Postgres {
        world.store.execute("VACUUM ANALYZE".to_owned()).await?;
    }
    Ok(started.elapsed())
}

/// A service account that reads.
fn document() -> String {
    format!(
        r#"version: "1.0"
organizations:
  - name: Porta Admin
    slug: porta-admin
    applications:
      - name: Porta Admin
        slug: porta-admin
        clients:
          - client_name: Bench
            client_id: {CLIENT}
            client_type: confidential
            application_type: web
            token_endpoint_auth_method: client_secret_basic
            secret: {{ label: bench, value: "{SECRET}" }}
            grant_types: [client_credentials]
            redirect_uris: []
            scope: "{SCOPE}"
"#
    )
}

async fn token(site: &Site) -> Result<String> {
    #[derive(Deserialize)]
    struct Tokens {
        access_token: String,
    }
    let authorization = basic(CLIENT, SECRET);
    let fields = [("grant_type", "client_credentials"), ("scope", SCOPE)];
    let request = site.post("/porta-admin/token", &[("authorization", &authorization)], &fields);
    let mut connection = Connection::open(site).await?;
    let response = connection.expect(200, &request).await?;
    let tokens: Tokens =
        serde_json::from_slice(&response.body).context("the token response has another form")?;
    Ok(tokens.access_token)
}
