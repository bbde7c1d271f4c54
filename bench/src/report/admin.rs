//! The report about the Admin API.

use super::format::{Table, mebibytes, percent, rate, time};
use crate::admin::{AdminResults, AdminScenario, AdminStore, BySize, CONCURRENCIES};
use crate::drive::Measurement;
use crate::run::MANY;

/// How much longer the slowest of a hundred answers may take with many people than with few.
const GROWTH: f64 = 3.0;
/// Memory in KiB that an export may need beyond what its first tenth needed.
const FLAT: u64 = 8 * 1024;

pub(super) fn markdown(results: &AdminResults) -> String {
    let machine = &results.machine;
    let mut parts = vec![format!(
        "Measured by `{}` at revision {}, {} s per scenario and number of connections, on {}, {} cores, {} GiB. The server \
         has one core; the load generator, PostgreSQL and Redis share the other.",
        results.command,
        results.revision,
        results.seconds,
        machine.processor,
        machine.cores,
        machine.memory_gib
    )];
    for store in &results.stores {
        parts.push(format!("### {}", store.store));
        parts.push(people(store));
        parts.push(scenarios(store));
        parts.push(export(store));
    }
    parts.join("\n\n")
}

fn people(store: &AdminStore) -> String {
    let mut table = Table::new(&[
        "People in one organization",
        "Organizations",
        "Inserted in",
        "Memory idle",
        "after load",
    ]);
    for size in [&store.few, &store.many] {
        table.row(&[
            size.users.to_string(),
            size.organizations.to_string(),
            format!("{:.0} s", size.load.as_secs_f64()),
            mebibytes(size.idle),
            mebibytes(size.after_load),
        ]);
    }
    table.finish()
}

/// Required answers per second at [`MANY`] connections, with many people.
fn required(scenario: AdminScenario) -> Option<f64> {
    match scenario {
        AdminScenario::FirstPage | AdminScenario::DeepPage => Some(5_000.0),
        AdminScenario::SearchAddress
        | AdminScenario::SearchId
        | AdminScenario::SearchRare
        | AdminScenario::SearchFrequent => Some(1_000.0),
        AdminScenario::NumberedPage
        | AdminScenario::SearchShort
        | AdminScenario::SearchNumbered
        | AdminScenario::Organizations
        | AdminScenario::SearchOrganizations
        | AdminScenario::Statistics
        | AdminScenario::OrganizationStatistics => None,
    }
}

fn scenarios(store: &AdminStore) -> String {
    let AdminStore { few, many, .. } = store;
    let mut header = vec!["Scenario".to_owned(), "Connections".to_owned()];
    for BySize { users, .. } in [few, many] {
        header.extend([format!("with {users}"), "p50".to_owned(), "p99".to_owned()]);
    }
    header.extend(["p99 grows", "Bar", "Share of one-row SELECTs", "Server's time each"].map(str::to_owned));
    let mut table = Table::new(&header.iter().map(String::as_str).collect::<Vec<_>>());
    for scenario in AdminScenario::ALL {
        for concurrency in CONCURRENCIES {
            let (Some(before), Some(now)) = (few.at(scenario, concurrency), many.at(scenario, concurrency))
            else {
                continue;
            };
            let mut row = vec![scenario.to_string(), concurrency.to_string()];
            for Measurement { summary, .. } in [before, now] {
                row.extend([format!("{}/s", rate(summary.per_second)), time(summary.p50), time(summary.p99)]);
            }
            let growth = now.summary.p99.as_secs_f64() / before.summary.p99.as_secs_f64();
            row.push(format!("{growth:.1} ×: {}", verdict(growth <= GROWTH)));
            let bar = required(scenario).filter(|_| concurrency == MANY);
            row.push(bar.map_or("–".to_owned(), |bar| {
                format!("≥ {bar:.0}/s: {}", verdict(now.summary.per_second >= bar))
            }));
            let share = store.select.map(|select| percent(now.summary.per_second / select));
            row.push(share.unwrap_or_else(|| "–".to_owned()));
            row.push(time(now.server_time_each()));
            table.row(&row);
        }
    }
    format!(
        "{}\n\nThe p99 may grow {GROWTH} times from the smaller to the larger number of people. Shares and the server's \
         processor time are those with more people.",
        table.finish()
    )
}

fn export(store: &AdminStore) -> String {
    let export = store.export;
    let grows = export.most.saturating_sub(export.early);
    format!(
        "An export of {} people ({} KiB) took {}. The server's memory: {} before, {} in the first tenth, at most {} in the \
         rest: {}.",
        export.users,
        export.bytes / 1024,
        time(export.elapsed),
        mebibytes(export.before),
        mebibytes(export.early),
        mebibytes(export.most),
        if grows <= FLAT { "flat" } else { "**it grows**" },
    )
}

fn verdict(is_met: bool) -> &'static str {
    if is_met { "met" } else { "**missed**" }
}
