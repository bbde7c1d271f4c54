//! Everything a run finds out, as it is written to JSON.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::counts::Counts;
use crate::drive::Measured;
use crate::limits::Figures;
use crate::machine::Machine;
use crate::world::{HashCost, StoreKind};

/// What is done again and again.
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
    pub(crate) measured: Measured,
}

/// Client credentials without and with [`crate::run::CROWD`] sign-ins beside it.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Mixed {
    pub(crate) concurrency: usize,
    pub(crate) alone: Measured,
    pub(crate) beside: Measured,
    pub(crate) sign_ins: Measured,
}

impl Mixed {
    /// How many times longer the slowest hundredth takes.
    pub(crate) fn ratio(&self) -> f64 {
        self.beside.summary.p99.as_secs_f64() / self.alone.summary.p99.as_secs_f64()
    }
}

/// Resident, in KiB.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Memory {
    pub(crate) idle: u64,
    pub(crate) after_load: u64,
    /// What the hashing threads keep, part of both.
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
    /// One-row SELECT and INSERT per second on this store's database.
    pub(crate) database: Figures,
    /// SET and GET per second.
    pub(crate) redis: Option<Figures>,
}

impl StoreResults {
    pub(crate) fn at(&self, scenario: Scenario, concurrency: usize) -> Option<&Measured> {
        find(&self.rows, scenario, concurrency)
    }

    pub(crate) fn sign_in_at_reference_cost(&self, concurrency: usize) -> Option<&Measured> {
        find(&self.reference_cost, Scenario::SignIn, concurrency)
    }
}

fn find(rows: &[Row], scenario: Scenario, concurrency: usize) -> Option<&Measured> {
    rows.iter()
        .find(|row| row.scenario == scenario && row.concurrency == concurrency)
        .map(|row| &row.measured)
}

/// Limits that do not depend on the store.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct CommonLimits {
    pub(crate) signatures: Figures,
    pub(crate) hashing: Figures,
    pub(crate) constant_body: Measured,
    pub(crate) constant_body_bytes: usize,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Results {
    pub(crate) revision: String,
    pub(crate) command: String,
    pub(crate) machine: Machine,
    pub(crate) seconds: f64,
    pub(crate) default_cost: HashCost,
    pub(crate) limits: CommonLimits,
    pub(crate) stores: Vec<StoreResults>,
}
