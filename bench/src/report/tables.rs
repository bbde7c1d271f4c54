//! What was measured, table by table.

use std::fmt::Write as _;

use super::format::{Table, mebibytes, milliseconds, percent, rate};
use crate::drive::Measured;
use crate::limits::{Figures, hashing};
use crate::results::{Results, Row, Scenario, StoreResults};
use crate::run::{CONCURRENCIES, CROWD};
use crate::world::HashCost;

pub(super) fn machine(results: &Results) -> String {
    let machine = &results.machine;
    let named = |name: &str, version: &Option<String>| {
        version.as_ref().map_or(String::new(), |version| format!(", {name} {version}"))
    };
    let services = named("PostgreSQL", &machine.postgres) + &named("Redis", &machine.redis);
    format!(
        "Measured by `{command}` at revision {revision}, {seconds} s per scenario and concurrency.\n\n\
         Machine: {processor}, {cores} cores, {memory} GiB, Linux {kernel}{services}. The server has one core; the load \
         generator, PostgreSQL and Redis share the other. No answer was wrong: one that is ends the run.",
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
    let header =
        ["Scenario", "Store", "Connections", "Throughput", "p50", "p99", "Server's core", "Load generator"];
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
        "{}\n\nThe last two columns are shares of a core. The core of the load generator is also that of PostgreSQL and \
         Redis.",
        table.finish()
    )
}

fn cells(name: &str, store: &StoreResults, row: &Row) -> Vec<String> {
    let Measured { summary, .. } = row.measured;
    vec![
        name.to_owned(),
        store.store.to_string(),
        row.concurrency.to_string(),
        format!("{}/s", rate(summary.per_second)),
        milliseconds(summary.p50),
        milliseconds(summary.p99),
        percent(row.measured.server_share()),
        percent(row.measured.load_share()),
    ]
}

pub(super) fn mixed(results: &Results) -> String {
    let header = [
        "Client credentials",
        "Connections",
        "alone",
        "p50",
        "p99",
        "beside",
        "p50",
        "p99",
        "p99 grows",
        "Sign-ins meanwhile",
    ];
    let mut table = Table::new(&header);
    for store in &results.stores {
        for row in &store.mixed {
            let (alone, beside) = (row.alone.summary, row.beside.summary);
            table.row(&[
                store.store.to_string(),
                row.concurrency.to_string(),
                format!("{}/s", rate(alone.per_second)),
                milliseconds(alone.p50),
                milliseconds(alone.p99),
                format!("{}/s", rate(beside.per_second)),
                milliseconds(beside.p50),
                milliseconds(beside.p99),
                format!("{:.1} ×", row.ratio()),
                format!("{}/s", rate(row.sign_ins.summary.per_second)),
            ]);
        }
    }
    format!("{}\n\nThe crowd are {CROWD} browsers that sign in one time after the other.", table.finish())
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
    let raw = results.limits.hashing.get(hashing::DEFAULT).map(|rate| 1.0 / rate);
    for store in &results.stores {
        for concurrency in CONCURRENCIES {
            let Some(measured) = store.at(Scenario::SignIn, concurrency) else { continue };
            let each = |total: std::time::Duration| total.div_f64(sign_ins(measured));
            let by_limit = raw.map(|raw| each(measured.server_cpu).as_secs_f64() - raw);
            table.row(&[
                store.store.to_string(),
                concurrency.to_string(),
                milliseconds(each(measured.server_cpu)),
                milliseconds(each(measured.hashing_cpu)),
                milliseconds(outside_hashing(measured)),
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

/// Processor time of one sign-in outside Argon2id.
pub(super) fn outside_hashing(measured: &Measured) -> std::time::Duration {
    measured.server_cpu.saturating_sub(measured.hashing_cpu).div_f64(sign_ins(measured))
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
fn sign_ins(measured: &Measured) -> f64 {
    measured.summary.count as f64
}

/// Statements by their first word.
fn kinds(statements: &Figures) -> String {
    let mut kinds = Figures::new();
    for (text, count) in statements {
        let word = text.split_whitespace().next().unwrap_or_default().to_uppercase();
        *kinds.entry(word).or_default() += count;
    }
    list(&kinds)
}

fn list(counts: &Figures) -> String {
    let items: Vec<_> = counts.iter().map(|(name, count)| format!("{name} {}", rate(*count))).collect();
    items.join(", ")
}

pub(super) fn limits(results: &Results) -> String {
    let mut table = Table::new(&["Limit", "Throughput"]);
    let mut add = |name: String, figure: Option<&f64>| {
        if let Some(figure) = figure {
            table.row(&[name, format!("{}/s", rate(*figure))]);
        }
    };
    let limits = &results.limits;
    for (name, figure) in &limits.signatures {
        add(format!("{name} signatures, aws-lc-rs, one core"), Some(figure));
    }
    for (name, cost) in [(hashing::DEFAULT, HashCost::DEFAULT), (hashing::REFERENCE, HashCost::REFERENCE)] {
        add(format!("Argon2id {cost}, memory kept, one core"), limits.hashing.get(name));
    }
    let bytes = limits.constant_body_bytes;
    let name = format!("constant body of {bytes} bytes, bare axum on the server's core, {CROWD} connections");
    add(name, Some(&limits.constant_body.summary.per_second));
    for store in &results.stores {
        let database = if store.redis.is_some() { "PostgreSQL" } else { "SQLite" };
        for (name, figure) in &store.database {
            add(format!("{database}: one-row prepared {name}, 10 connections, {CROWD} tasks"), Some(figure));
        }
        for (name, figure) in store.redis.iter().flatten() {
            add(format!("Redis: {name}, one multiplexed connection, {CROWD} tasks"), Some(figure));
        }
    }
    let memory: Vec<_> = results
        .stores
        .iter()
        .map(|store| {
            let memory = store.memory;
            format!(
                "{}: {} idle, {} after load, {} of each kept for Argon2id",
                store.store,
                mebibytes(memory.idle),
                mebibytes(memory.after_load),
                mebibytes(memory.hashing)
            )
        })
        .collect();
    format!(
        "{}\n\nThe server has no route with a constant body and no middleware around it, hence the bare application. \
         INSERT commits each row; on SQLite one connection writes.\n\nResident memory: {}.",
        table.finish(),
        memory.join("; ")
    )
}
