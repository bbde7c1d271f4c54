//! Reports the timing side channel: whether response times tell accounts apart.

use std::fmt::Write as _;

use super::format::{Table, percent, time};
use crate::results::{Results, StoreResults};
use crate::statistics::{POWER, SIGNIFICANCE};
use crate::timing::{AccountKind, AccountTiming, RequestTiming, Timing};

pub(super) fn text(results: &Results) -> String {
    let measured: Vec<_> =
        results.stores.iter().filter_map(|store| Some((store, store.timing.as_ref()?))).collect();
    let Some((_, first)) = measured.first() else { return "Not measured in this run.".to_owned() };
    let header =
        ["Request", "Store", "Account", "Median", "Quartiles", "Slower than unknown", "p", "p, corrected"];
    let mut table = Table::new(&header);
    let mut text = String::new();
    for (store, timing) in &measured {
        for timed in &timing.requests {
            for kind in &timed.kinds {
                table.row(&cells(store, timed, kind));
            }
        }
        // Writing to a String does not fail.
        let _ = write!(text, "\n\n{}", verdict(store, timing));
    }
    format!("{}{text}\n\n{}", table.finish(), method(first))
}

fn cells(store: &StoreResults, timed: &RequestTiming, kind: &AccountTiming) -> Vec<String> {
    let quartiles = kind.quartiles;
    let against =
        |show: fn(crate::timing::BaselineComparison) -> String| kind.against.map_or("–".to_owned(), show);
    vec![
        timed.request.to_string(),
        store.store.to_string(),
        kind.account.to_string(),
        precise(quartiles.median),
        format!("{} – {}", precise(quartiles.first), precise(quartiles.third)),
        against(|against| format!("{:.1} %", against.ranked.superiority * 100.0)),
        against(|against| probability(against.ranked.p)),
        against(|against| probability(against.corrected)),
    ]
}

/// Formats to the microsecond, the scale of the differences of interest.
fn precise(duration: std::time::Duration) -> String {
    format!("{:.3} ms", duration.as_secs_f64() * 1e3)
}

fn probability(p: f64) -> String {
    if p < 0.0001 { "< 0.0001".to_owned() } else { format!("{p:.4}") }
}

/// The result for one store as text.
fn verdict(store: &StoreResults, timing: &Timing) -> String {
    let different: Vec<_> = timing
        .comparisons()
        .filter(|(_, account, against)| {
            *account != AccountKind::UnknownToo && against.corrected < SIGNIFICANCE
        })
        .map(|(request, account, _)| format!("{request}, {account}"))
        .collect();
    let control = timing
        .comparisons()
        .filter(|(_, account, _)| *account == AccountKind::UnknownToo)
        .map(|(.., against)| against.corrected)
        .fold(1.0, f64::min);
    let found = if different.is_empty() {
        "no kind of account differs from an unknown one".to_owned()
    } else {
        format!("**different from an unknown one: {}**", different.join("; "))
    };
    let detectable: Vec<_> =
        timing.requests.iter().map(|timed| format!("{} {}", timed.request, time(timed.detectable))).collect();
    format!(
        "On {}, {found}; the control's smallest corrected p is {}. A delay that this run would have found with a \
         probability of {:.0} %: {}. Others took {} of the server's core meanwhile.",
        store.store,
        probability(control),
        POWER * 100.0,
        detectable.join(", "),
        percent(timing.foreign),
    )
}

fn method(timing: &Timing) -> String {
    format!(
        "Method: {samples} times each, in random order, a new browser from a network address of its own opens the form, \
         waits until the server has been idle for some milliseconds (mails of earlier requests are sent by then, to a \
         relay of the load generator), and the time from the first byte of its form to the last of the answer counts. \
         Each account is asked for once per request, so no counter changes what it is; every answer to a request must \
         be the same page of the same size, or the run ends, and so it does unless exactly the right number of mails \
         arrived. Argon2id is set to its minimum ({cost}): hashing is skipped or not at any cost, and at production \
         cost its own unsteadiness would hide the rest of the answer. Each kind is compared with the \
         unknown accounts by the rank test of Mann and Whitney, two-sided. *Slower than unknown* is U divided by the \
         number of pairs: how often an answer to that kind takes longer than one to an unknown address, 50 % when the \
         time tells nothing. p is corrected by Holm's method for all {comparisons} comparisons on the store; a kind \
         differs below {SIGNIFICANCE}. The control are other unknown addresses, treated like a kind: what it shows is \
         chance. The delay that would have been found: both sets of unknown addresses together are shifted against \
         themselves until U passes what the test asks for at level {SIGNIFICANCE} divided by the number of \
         comparisons, plus the {power:.0} % quantile of its spread.",
        samples = timing.samples,
        cost = timing.cost,
        comparisons = timing.comparisons().count(),
        power = POWER * 100.0,
    )
}
