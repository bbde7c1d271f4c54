//! The machine the figures were measured on.

use std::fs;

use anyhow::Result;
use serde::{Deserialize, Serialize};
use sqlx::{Connection as _, PgConnection};

use crate::process::field_kib;
use crate::world::Services;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Machine {
    pub(crate) processor: String,
    pub(crate) cores: usize,
    pub(crate) memory_gib: u64,
    pub(crate) kernel: String,
    pub(crate) postgres: Option<String>,
    pub(crate) redis: Option<String>,
}

impl Machine {
    pub(crate) async fn describe(services: Option<&Services>) -> Result<Self> {
        let cpuinfo = fs::read_to_string("/proc/cpuinfo")?;
        let meminfo = fs::read_to_string("/proc/meminfo")?;
        let (postgres, redis) = match services {
            None => (None, None),
            Some(services) => (Some(postgres_version(services).await?), redis_version(services).await?),
        };
        Ok(Self {
            processor: value(&cpuinfo, "model name", ':').unwrap_or("unknown").to_owned(),
            cores: cpuinfo.lines().filter(|line| line.starts_with("processor")).count(),
            memory_gib: field_kib(&meminfo, "MemTotal:").unwrap_or(0).div_ceil(1024 * 1024),
            kernel: fs::read_to_string("/proc/sys/kernel/osrelease")?.trim().to_owned(),
            postgres,
            redis,
        })
    }
}

/// The text after `separator` on the first line that starts with `name`.
fn value<'t>(text: &'t str, name: &str, separator: char) -> Option<&'t str> {
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(separator)?.1.trim())
}

async fn postgres_version(services: &Services) -> Result<String> {
    let mut connection = PgConnection::connect(services.database.as_str()).await?;
    Ok(sqlx::query_scalar("SHOW server_version").fetch_one(&mut connection).await?)
}

async fn redis_version(services: &Services) -> Result<Option<String>> {
    let client = redis::Client::open(services.redis.as_str())?;
    let mut connection = client.get_multiplexed_async_connection().await?;
    let info: String = redis::cmd("INFO").arg("server").query_async(&mut connection).await?;
    Ok(value(&info, "redis_version", ':').map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_by_name() {
        assert_eq!(value("a : 1\nmodel name\t: Some CPU @ 2\n", "model name", ':'), Some("Some CPU @ 2"));
        assert_eq!(value("", "model name", ':'), None);
    }
}
