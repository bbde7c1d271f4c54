//! The tables of the report.

use std::fmt::Write as _;

use super::format::{Table, mebibytes, percent, rate, time};
use crate::drive::Measurement;
use crate::limits::{INSERT, Rates, SELECT};
use crate::results::{Limits, Results, Row, Scenario, SignInLoad, StoreResults};
use crate::run::{CONCURRENCIES, MANY};
use crate::scenarios::RetryPolicy;
use crate::world::HashCost;

/// Share of the server's core that other processes may use before the figures count as doubtful.
const QUIET: f64 = 0.05;

pub(super) fn machine(results: &Results) -> String {
    let machine = &results.machine;
    let named = |name: &str, version: &Option<String>| {
        version.as_ref().map_or(String::new(), |version| format!(", {name} {version}"))
    };
    let services = named("PostgreSQL", &machine.postgres) + &named("Redis", &machine.redis);
    let disturbance = results.disturbance();
    let quiet = if disturbance > QUIET {
        format!(
            "**The machine was not quiet: up to {} of the server's core went to other processes. These figures show \
             what was possible beside them, not what Porta can do.**",
            percent(disturbance)
        )
    } else {
        format!(
            "The machine was quiet: at most {} of the server's core went to others.",
            percent(disturbance)
        )
    };
    format!(
        "Measured by `{command}` at revision {revision}, {seconds} s per scenario and concurrency.\n\n\
         Machine: {processor}, {cores} cores, {memory} GiB, Linux {kernel}{services}. The server has one core; the load \
         generator, PostgreSQL and Redis share the other. No answer was wrong: one that is ends the run.\n\n{quiet}",
        command = results.command,
        revision = results.revision,
        seconds = results.seconds,
        processor = machine.processor,
        cores = machine.cores,
        memory = machine.memory_gib,
        kernel = machine.kernel,
    )
}

pub(super) fn scenarios(results: &Results) -> String {
    let header = [
        "Scenario",
        "Store",
        "Connections",
        "Throughput",
        "p50",
        "p99",
        "Server's time each",
        "Server's core",
        "Load generator",
        "Others",
    ];
    let mut table = Table::new(&header);
    for scenario in Scenario::ALL {
        for store in &results.stores {
            for row in store.rows.iter().filter(|row| row.scenario == scenario) {
                table.row(&cells(&scenario.to_string(), store, row));
            }
        }
    }
    for store in &results.stores {
        for row in &store.reference_cost {
            let name = format!("{} at {}", row.scenario, HashCost::REFERENCE);
            table.row(&cells(&name, store, row));
        }
    }
    format!(
        "{}\n\nThe server's time is processor time, the figure \
         that suffers least from a machine that is not quiet. The last three columns are shares of a core: what the server took of its own, what the load generator took \
         of the other, and what processes that do not belong here took of the server's.",
        table.finish()
    )
}

fn cells(name: &str, store: &StoreResults, row: &Row) -> Vec<String> {
    let Measurement { summary, .. } = row.measured;
    vec![
        name.to_owned(),
        store.store.to_string(),
        row.concurrency.to_string(),
        format!("{}/s", rate(summary.per_second)),
        time(summary.p50),
        time(summary.p99),
        time(row.measured.server_time_each()),
        percent(row.measured.server_share()),
        percent(row.measured.load_share()),
        percent(row.measured.foreign_share()),
    ]
}

pub(super) fn mixed(results: &Results) -> String {
    let header = [
        "Client credentials",
        "Connections",
        "Sign-ins at once",
        "alone",
        "p50",
        "p99",
        "beside",
        "p50",
        "p99",
        "p99 grows",
        "Signed in",
        "Told to come back",
    ];
    let mut table = Table::new(&header);
    for store in &results.stores {
        for row in &store.mixed {
            let (alone, beside) = (row.alone.summary, row.beside.summary);
            table.row(&[
                store.store.to_string(),
                row.concurrency.to_string(),
                crowd(row.crowd),
                format!("{}/s", rate(alone.per_second)),
                time(alone.p50),
                time(alone.p99),
                format!("{}/s", rate(beside.per_second)),
                time(beside.p50),
                time(beside.p99),
                format!("{:.1} ×", row.ratio()),
                row.sign_ins
                    .map_or("none".to_owned(), |signed_in| format!("{}/s", rate(signed_in.per_second))),
                format!("{}/s", rate(row.turned_away_per_second)),
            ]);
        }
    }
    format!(
        "{}\n\nThe crowd are browsers that sign in one time after the other. Passwords that find the queue full are \
         answered 503 with Retry-After: those browsers wait that long, or, where it says *again at once*, begin the next \
         sign-in without waiting, as an attacker would. The limits per network address are lifted for both. Client \
         credentials are never told to come back: that would end the run, like any other answer than the right one.",
        table.finish()
    )
}

fn crowd(crowd: SignInLoad) -> String {
    match crowd.patience {
        RetryPolicy::None | RetryPolicy::Obedient => crowd.browsers.to_string(),
        RetryPolicy::Stubborn => format!("{}, again at once", crowd.browsers),
    }
}

pub(super) fn sign_in_cost(results: &Results) -> String {
    let header = [
        "Store",
        "Connections",
        "Server's processor time",
        "of which Argon2id",
        "outside",
        "outside, from the raw limit",
    ];
    let mut table = Table::new(&header);
    for store in &results.stores {
        let raw = store.limits.hashing.map(|rate| 1.0 / rate);
        for concurrency in CONCURRENCIES {
            let Some(measured) = store.at(Scenario::SignIn, concurrency) else { continue };
            let each = |total: std::time::Duration| total.div_f64(sign_ins(measured));
            let by_limit = raw.map(|raw| each(measured.server_cpu).as_secs_f64() - raw);
            table.row(&[
                store.store.to_string(),
                concurrency.to_string(),
                time(each(measured.server_cpu)),
                time(each(measured.hashing_cpu)),
                time(outside_hashing(measured)),
                by_limit.map_or("–".to_owned(), |seconds| format!("{:.2} ms", seconds * 1e3)),
            ]);
        }
    }
    let mut text = format!(
        "{}\n\nProcessor time of the hashing threads is the kernel's own figure. The last column takes the raw Argon2id \
         time of the limits below instead, so it also holds what hashing loses by sharing a core with requests.",
        table.finish()
    );
    for store in &results.stores {
        if let Some(counts) = &store.counts {
            // Writing to a String does not fail.
            let _ = write!(
                text,
                "\n\nA sign-in on {} takes {} SQL statements ({}) and {} Redis commands ({}).",
                store.store,
                rate(counts.sql),
                kinds(&counts.statements),
                rate(counts.kv),
                list(&counts.commands),
            );
        }
    }
    text
}

/// CPU time of one sign-in outside Argon2id.
pub(super) fn outside_hashing(measured: &Measurement) -> std::time::Duration {
    measured.server_cpu.saturating_sub(measured.hashing_cpu).div_f64(sign_ins(measured))
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
fn sign_ins(measured: &Measurement) -> f64 {
    measured.summary.count as f64
}

/// Statements per sign-in, grouped by their first word.
fn kinds(statements: &Rates) -> String {
    let mut kinds = Rates::new();
    for (text, count) in statements {
        let word = text.split_whitespace().next().unwrap_or_default().to_uppercase();
        *kinds.entry(word).or_default() += count;
    }
    list(&kinds)
}

fn list(counts: &Rates) -> String {
    let items: Vec<_> = counts.iter().map(|(name, count)| format!("{name} {}", rate(*count))).collect();
    items.join(", ")
}

pub(super) fn limits(results: &Results) -> String {
    let mut header = vec!["Limit".to_owned()];
    header.extend(results.stores.iter().map(|store| format!("beside {}", store.store)));
    let mut table = Table::new(&header.iter().map(String::as_str).collect::<Vec<_>>());
    let mut add = |name: String, figure: &dyn Fn(&Limits) -> Option<f64>| {
        let figures = results.stores.iter().map(|store| figure(&store.limits));
        let cells =
            figures.map(|figure| figure.map_or("–".to_owned(), |figure| format!("{}/s", rate(figure))));
        table.row(&std::iter::once(name).chain(cells).collect::<Vec<_>>());
    };
    let bytes = results.discovery_bytes;
    add(
        format!("constant body of {bytes} bytes, bare axum on the server's core, {MANY} connections"),
        &|limits| Some(limits.constant_body?.summary.per_second),
    );
    add(format!("Argon2id {}, memory kept, one core", HashCost::DEFAULT), &|limits| limits.hashing);
    add(format!("Argon2id {}, memory kept, one core", HashCost::REFERENCE), &|limits| {
        limits.reference_hashing
    });
    for name in [SELECT, INSERT] {
        let text = format!("one-row prepared {name} on the store's database, 10 connections, {MANY} tasks");
        add(text, &|limits| limits.database.get(name).copied());
    }
    for name in ["SET", "GET"] {
        let text = format!("Redis {name}, one multiplexed connection, {MANY} tasks");
        add(text, &|limits| limits.redis.get(name).copied());
    }
    let each = results.stores.iter().map(|store| {
        store.limits.constant_body.map_or("–".to_owned(), |measured| time(measured.server_time_each()))
    });
    let name = "constant body, the server's processor time each".to_owned();
    table.row(&std::iter::once(name).chain(each).collect::<Vec<_>>());
    let signatures: Vec<_> =
        results.signatures.iter().map(|(name, figure)| format!("{name} {}/s", rate(*figure))).collect();
    format!(
        "{}\n\nThe server has no route with a constant body and no middleware around it, hence the bare application. \
         An INSERT is committed each; on SQLite one connection writes. Signatures by aws-lc-rs on one core: {}.",
        table.finish(),
        signatures.join(", ")
    )
}

pub(super) fn memory(results: &Results) -> String {
    let mut table =
        Table::new(&["Store", "idle", "after load", "of each kept for Argon2id", "start to first 200"]);
    for store in &results.stores {
        table.row(&[
            store.store.to_string(),
            mebibytes(store.memory.idle),
            mebibytes(store.memory.after_load),
            mebibytes(store.memory.hashing),
            time(store.start_up),
        ]);
    }
    table.finish()
}
