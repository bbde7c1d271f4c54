//! All results of a run, as written to JSON.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::counts::Counts;
use crate::drive::Measurement;
use crate::limits::Rates;
use crate::machine::Machine;
use crate::samples::Summary;
use crate::scenarios::RetryPolicy;
use crate::timing::Timing;
use crate::world::{HashCost, StoreKind};

/// A request or flow that is repeated in a closed loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Scenario {
    Discovery,
    Jwks,
    Robots,
    ClientCredentials,
    CodeExchange,
    Refresh,
    UserInfo,
    Introspection,
    SignIn,
}

impl Scenario {
    pub(crate) const ALL: [Self; 9] = [
        Self::Discovery,
        Self::Jwks,
        Self::Robots,
        Self::ClientCredentials,
        Self::CodeExchange,
        Self::Refresh,
        Self::UserInfo,
        Self::Introspection,
        Self::SignIn,
    ];
}

impl std::fmt::Display for Scenario {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Discovery => "discovery",
            Self::Jwks => "JWKS",
            Self::Robots => "`/robots.txt` (a constant behind router and middleware)",
            Self::ClientCredentials => "client credentials",
            Self::CodeExchange => "code exchange",
            Self::Refresh => "refresh",
            Self::UserInfo => "UserInfo",
            Self::Introspection => "introspection",
            Self::SignIn => "whole password sign-in",
        })
    }
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) scenario: Scenario,
    pub(crate) concurrency: usize,
    pub(crate) measured: Measurement,
}

/// Browsers that sign in repeatedly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SignInLoad {
    pub(crate) browsers: usize,
    pub(crate) patience: RetryPolicy,
}

/// Client credentials alone, and with browsers signing in at the same time.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Mixed {
    pub(crate) concurrency: usize,
    pub(crate) crowd: SignInLoad,
    pub(crate) alone: Measurement,
    pub(crate) beside: Measurement,
    /// Sign-ins of these browsers; `None` when none completed while counting.
    pub(crate) sign_ins: Option<Summary>,
    pub(crate) turned_away_per_second: f64,
}

impl Mixed {
    /// Ratio of the p99 latencies: with sign-ins to without.
    pub(crate) fn ratio(&self) -> f64 {
        self.beside.summary.p99.as_secs_f64() / self.alone.summary.p99.as_secs_f64()
    }
}

/// Resident memory in KiB.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Memory {
    pub(crate) idle: u64,
    pub(crate) after_load: u64,
    /// Memory that the hashing threads keep; included in both others.
    pub(crate) hashing: u64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct StoreResults {
    pub(crate) store: StoreKind,
    pub(crate) start_up: Duration,
    pub(crate) memory: Memory,
    pub(crate) rows: Vec<Row>,
    pub(crate) mixed: Vec<Mixed>,
    /// Sign-ins at the reference's Argon2 parameters.
    pub(crate) reference_cost: Vec<Row>,
    pub(crate) counts: Option<Counts>,
    pub(crate) limits: Limits,
    pub(crate) timing: Option<Timing>,
}

/// Limits of the machine, each measured right after the figure it is compared with.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Limits {
    pub(crate) constant_body: Option<Measurement>,
    /// Raw Argon2id at the default parameters and at those of the reference.
    pub(crate) hashing: Option<f64>,
    pub(crate) reference_hashing: Option<f64>,
    /// One-row SELECT and INSERT on this store's database.
    pub(crate) database: Rates,
    /// Redis SET and GET.
    pub(crate) redis: Rates,
}

impl StoreResults {
    pub(crate) fn at(&self, scenario: Scenario, concurrency: usize) -> Option<&Measurement> {
        find(&self.rows, scenario, concurrency)
    }

    pub(crate) fn sign_in_at_reference_cost(&self, concurrency: usize) -> Option<&Measurement> {
        find(&self.reference_cost, Scenario::SignIn, concurrency)
    }
}

fn find(rows: &[Row], scenario: Scenario, concurrency: usize) -> Option<&Measurement> {
    rows.iter()
        .find(|row| row.scenario == scenario && row.concurrency == concurrency)
        .map(|row| &row.measured)
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Results {
    pub(crate) revision: String,
    pub(crate) command: String,
    pub(crate) machine: Machine,
    pub(crate) seconds: f64,
    pub(crate) default_cost: HashCost,
    /// Size of the discovery document, and of the constant body that is compared with it.
    pub(crate) discovery_bytes: usize,
    pub(crate) signatures: Rates,
    pub(crate) stores: Vec<StoreResults>,
}

impl Results {
    /// The highest share of the server's core that other processes used in any scenario.
    pub(crate) fn disturbance(&self) -> f64 {
        let rows = self.stores.iter().flat_map(|store| store.rows.iter().chain(&store.reference_cost));
        let mixed = self.stores.iter().flat_map(|store| &store.mixed);
        let timing = self.stores.iter().filter_map(|store| store.timing.as_ref());
        rows.map(|row| row.measured)
            .chain(mixed.flat_map(|row| [row.alone, row.beside]))
            .map(|measured| measured.foreign_share())
            .chain(timing.map(|timing| timing.foreign))
            .fold(0.0, f64::max)
    }
}
