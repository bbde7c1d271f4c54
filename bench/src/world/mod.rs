//! The measured server and its store.

pub(crate) mod fixtures;
pub(crate) mod population;
mod server;
mod store;

pub(crate) use server::{Binary, Server};
pub(crate) use store::{Services, Store, StoreKind};

use std::io::Write as _;
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use crate::client::Site;
use crate::samples::median;

/// Parameters of Argon2id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::Args, Serialize, Deserialize)]
pub(crate) struct HashCost {
    #[arg(long)]
    pub(crate) memory_kib: u32,
    #[arg(long)]
    pub(crate) iterations: u32,
    #[arg(long)]
    pub(crate) parallelism: u32,
}

impl HashCost {
    /// Porta's default (decision D9).
    pub(crate) const DEFAULT: Self = Self { memory_kib: 19_456, iterations: 2, parallelism: 1 };
    /// Parameters of the TypeScript reference.
    pub(crate) const REFERENCE: Self = Self { memory_kib: 65_536, iterations: 3, parallelism: 4 };

    /// The arguments of `command`, followed by these parameters as flags.
    pub(crate) fn arguments(self, command: &str) -> Vec<String> {
        vec![
            command.to_owned(),
            format!("--memory-kib={}", self.memory_kib),
            format!("--iterations={}", self.iterations),
            format!("--parallelism={}", self.parallelism),
        ]
    }

    fn environment(self) -> [(&'static str, String); 3] {
        [
            ("ARGON2_MEMORY_KIB", self.memory_kib.to_string()),
            ("ARGON2_ITERATIONS", self.iterations.to_string()),
            ("ARGON2_PARALLELISM", self.parallelism.to_string()),
        ]
    }
}

impl std::fmt::Display for HashCost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { memory_kib, iterations, parallelism } = self;
        write!(f, "{} MiB, t={iterations}, p={parallelism}", memory_kib / 1024)
    }
}

/// A provisioned store and the settings of servers that run on it.
pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) site: Site,
    binary: Binary,
    environment: Vec<(String, String)>,
}

impl World {
    /// Creates a store with the users and clients of most scenarios.
    pub(crate) async fn create(binary: &Binary, kind: StoreKind, cost: HashCost) -> Result<Self> {
        // All requests share one address, one client and few users, so the limits must be out of reach.
        let settings = "{ rate_limit_interaction_max: 10000000, quota_client_max: 10000000, quota_person_max: 10000000, \
            quota_organization_max: 10000000, waiting_codes_max: 1000 }";
        let document = fixtures::document(settings, "[password]", &fixtures::users());
        Self::filled(binary, kind, cost, &document, &[]).await
    }

    /// Creates, migrates and provisions a store. `more` overrides the settings that all worlds share.
    pub(crate) async fn filled(
        binary: &Binary,
        kind: StoreKind,
        cost: HashCost,
        document: &str,
        more: &[(&str, String)],
    ) -> Result<Self> {
        let store = Store::create(kind).await?;
        let port = free_port()?;
        let site = Site::new(port);
        let mut environment = store.environment.clone();
        let mut set = |name: &str, value: &str| environment.push((name.to_owned(), value.to_owned()));
        // Production mode, with the access log.
        set("NODE_ENV", "production");
        set("HOST", "127.0.0.1");
        set("PORT", &port.to_string());
        set("ISSUER_BASE_URL", &site.origin());
        set("DRAIN_SECONDS", "0");
        for (name, value) in cost.environment() {
            set(name, &value);
        }
        for (name, value) in more {
            set(name, value);
        }
        let world = Self { store, site, binary: binary.clone(), environment };
        world.command(&["migrate", "up"])?;
        world.provision(document)?;
        Ok(world)
    }

    fn provision(&self, document: &str) -> Result<()> {
        let mut file = tempfile::Builder::new().suffix(".yaml").tempfile()?;
        file.write_all(document.as_bytes())?;
        let path = file.path().to_str().context("the temporary directory has an unreadable name")?;
        self.command(&["provision", "-f", path, "--direct", "--create"])
    }

    fn command(&self, arguments: &[&str]) -> Result<()> {
        self.binary.run(arguments, &self.environment)
    }

    /// Starts a server and waits for its first 200 on /health.
    pub(crate) async fn start(&self) -> Result<(Server, Duration)> {
        Server::start(&self.binary, &self.environment, &self.site).await
    }

    /// Time to the first 200 on /health, the median of some starts.
    pub(crate) async fn start_up_time(&self, starts: usize) -> Result<Duration> {
        let mut times = Vec::with_capacity(starts);
        for _ in 0..starts {
            let (server, time) = self.start().await?;
            server.stop()?;
            times.push(time);
        }
        median(times).context("no start was measured")
    }

    pub(crate) async fn end(self) -> Result<()> {
        self.store.drop().await
    }
}

/// A TCP port free at this moment.
pub(crate) fn free_port() -> Result<u16> {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).context("no free port")?;
    Ok(listener.local_addr()?.port())
}
