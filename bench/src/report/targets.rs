//! Performance targets and whether they were met.

use std::fmt::Write as _;
use std::time::Duration;

use super::format::{Table, mebibytes, percent, rate, time};
use super::tables::outside_hashing;
use crate::drive::Measurement;
use crate::limits;
use crate::results::{Mixed, Results, Scenario, StoreResults};
use crate::run::{MANY, SIGN_IN_BROWSERS};
use crate::world::HashCost;

/// One figure compared with its target.
struct Cell {
    text: String,
    is_met: bool,
}

/// A target: the reference's figure, the required figure, and a cell per store (`None`: not measured on that store).
struct Target {
    name: String,
    reference: &'static str,
    required: String,
    cells: Vec<Option<Cell>>,
}

pub(super) fn table(results: &Results) -> String {
    let mut header = vec!["Operation".to_owned(), "Reference".to_owned(), "Bar".to_owned()];
    header.extend(results.stores.iter().map(|store| store.store.to_string()));
    let mut table = Table::new(&header.iter().map(String::as_str).collect::<Vec<_>>());
    for bar in targets(results) {
        let mut row = vec![bar.name, bar.reference.to_owned(), bar.required];
        row.extend(bar.cells.into_iter().map(|cell| match cell {
            None => "–".to_owned(),
            Some(Cell { text, is_met: true }) => format!("{text}: met"),
            Some(Cell { text, is_met: false }) => format!("{text}: **missed**"),
        }));
        table.row(&row);
    }
    format!(
        "{}\n\nThroughput is at {MANY} connections. Shares are of the limit measured in the same run: a constant body \
         for discovery and JWKS, one-row SELECTs for UserInfo and introspection, one-row INSERTs for refresh, raw \
         Argon2id for sign-ins. Sign-ins per statement and command are counted on PostgreSQL and Redis only. The p99 \
         of client credentials is the worst of all concurrencies.",
        table.finish()
    )
}

fn targets(results: &Results) -> Vec<Target> {
    let constant = |store: &StoreResults| Some(store.limits.constant_body?.summary.per_second);
    let at = |scenario| move |store: &StoreResults| store.at(scenario, MANY).copied();
    let of_database = |name| move |store: &StoreResults| store.limits.database.get(name).copied();
    let bar = TargetBuilder(&results.stores);
    vec![
        bar.rate(
            Throughput {
                name: Scenario::Discovery.to_string(),
                reference: "4,400/s",
                per_second: 50_000.0,
                share: 0.7,
            },
            at(Scenario::Discovery),
            constant,
        ),
        bar.rate(
            Throughput {
                name: Scenario::Jwks.to_string(),
                reference: "6,100/s",
                per_second: 50_000.0,
                share: 0.7,
            },
            at(Scenario::Jwks),
            constant,
        ),
        bar.rate(
            Throughput {
                name: Scenario::ClientCredentials.to_string(),
                reference: "2,500/s",
                per_second: 20_000.0,
                share: 0.0,
            },
            at(Scenario::ClientCredentials),
            |_| None,
        ),
        bar.rate(
            Throughput {
                name: Scenario::Introspection.to_string(),
                reference: "1,770/s",
                per_second: 12_000.0,
                share: 0.6,
            },
            at(Scenario::Introspection),
            of_database(limits::SELECT),
        ),
        bar.rate(
            Throughput {
                name: Scenario::UserInfo.to_string(),
                reference: "1,720/s",
                per_second: 12_000.0,
                share: 0.6,
            },
            at(Scenario::UserInfo),
            of_database(limits::SELECT),
        ),
        bar.rate(
            Throughput {
                name: Scenario::Refresh.to_string(),
                reference: "660/s",
                per_second: 4_000.0,
                share: 0.6,
            },
            at(Scenario::Refresh),
            of_database(limits::INSERT),
        ),
        bar.rate(
            Throughput {
                name: format!("{}, {}", Scenario::SignIn, HashCost::REFERENCE),
                reference: "5.0/s",
                per_second: 8.0,
                share: 0.9,
            },
            |store| store.sign_in_at_reference_cost(MANY).copied(),
            |store| store.limits.reference_hashing,
        ),
        bar.rate(
            Throughput {
                name: format!("{}, {}", Scenario::SignIn, results.default_cost),
                reference: "–",
                per_second: 45.0,
                share: 0.9,
            },
            at(Scenario::SignIn),
            |store| store.limits.hashing,
        ),
        bar.each("processor time of a sign-in outside Argon2id", "30–35 ms", "≤ 2 ms", outside),
        bar.each("SQL statements / Redis commands per sign-in", "28 / 78", "≤ 8 / 16", commands),
        bar.each(
            &format!("p99 of client credentials while {SIGN_IN_BROWSERS} sign-ins run"),
            "230 ms–2 s",
            "≤ 3 × unloaded",
            beside,
        ),
        bar.each("start to the first 200 on `/health`", "882 ms", "≤ 100 ms", |store| {
            Some(start_up(store))
        }),
        bar.each(
            "resident memory idle / after load, without Argon2id",
            "110 / 285–544 MiB",
            "≤ 25 / 60 MiB",
            |store| Some(memory(store)),
        ),
    ]
}

/// A required throughput and, unless `share` is zero, a required share of a limit of the machine.
struct Throughput {
    name: String,
    reference: &'static str,
    per_second: f64,
    share: f64,
}

struct TargetBuilder<'a>(&'a [StoreResults]);

impl TargetBuilder<'_> {
    fn rate(
        &self,
        target: Throughput,
        measured: impl Fn(&StoreResults) -> Option<Measurement>,
        limit: impl Fn(&StoreResults) -> Option<f64>,
    ) -> Target {
        let Throughput { name, reference, per_second, share } = target;
        let mut text = format!("≥ {}/s", rate(per_second).trim_end_matches(".0").trim_end_matches(".00"));
        if share > 0.0 {
            let _ = write!(text, ", {}", percent(share));
        }
        let cell = |store: &StoreResults| {
            let reached = measured(store)?.summary.per_second;
            let mut cell = Cell { text: format!("{}/s", rate(reached)), is_met: reached >= per_second };
            if let Some(limit) = limit(store) {
                let _ = write!(cell.text, ", {}", percent(reached / limit));
                cell.is_met &= reached / limit >= share;
            }
            Some(cell)
        };
        Target { name, reference, required: text, cells: self.0.iter().map(cell).collect() }
    }

    fn each(
        &self,
        name: &str,
        reference: &'static str,
        target: &str,
        cell: fn(&StoreResults) -> Option<Cell>,
    ) -> Target {
        let cells = self.0.iter().map(cell).collect();
        Target { name: name.to_owned(), reference, required: target.to_owned(), cells }
    }
}

fn outside(store: &StoreResults) -> Option<Cell> {
    let outside = outside_hashing(store.at(Scenario::SignIn, MANY)?);
    Some(Cell { text: time(outside), is_met: outside <= Duration::from_millis(2) })
}

fn commands(store: &StoreResults) -> Option<Cell> {
    let counts = store.counts.as_ref()?;
    let text = format!("{} / {}", rate(counts.sql), rate(counts.kv));
    Some(Cell { text, is_met: counts.sql <= 8.0 && counts.kv <= 16.0 })
}

fn beside(store: &StoreResults) -> Option<Cell> {
    let worst = store
        .mixed
        .iter()
        .filter(|row| row.crowd.browsers == SIGN_IN_BROWSERS)
        .map(Mixed::ratio)
        .fold(None, |worst: Option<f64>, ratio| Some(worst.map_or(ratio, |worst| worst.max(ratio))))?;
    Some(Cell { text: format!("{worst:.1} ×"), is_met: worst <= 3.0 })
}

fn start_up(store: &StoreResults) -> Cell {
    Cell { text: time(store.start_up), is_met: store.start_up <= Duration::from_millis(100) }
}

fn memory(store: &StoreResults) -> Cell {
    let memory = store.memory;
    let idle = memory.idle.saturating_sub(memory.hashing);
    let loaded = memory.after_load.saturating_sub(memory.hashing);
    let text = format!("{} / {}", mebibytes(idle), mebibytes(loaded));
    Cell { text, is_met: idle <= 25 * 1024 && loaded <= 60 * 1024 }
}
