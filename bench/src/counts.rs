//! SQL statements and Redis commands per sign-in, as counted by PostgreSQL and Redis themselves.
//!
//! PostgreSQL counts with pg_stat_statements, which needs a restart and adds overhead, so this runs after everything
//! that is timed. Redis reports through MONITOR, which includes commands that scripts run inside the server.

use std::collections::BTreeMap;
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};
use serde::{Deserialize, Serialize};
use sqlx::{Connection as _, PgConnection, Row as _};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use url::Url;

use crate::drive::Worker;
use crate::scenarios::{RetryPolicy, sign_in_workers};
use crate::world::{Store, World};

const SIGN_INS: u32 = 20;

/// Counts per sign-in.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Counts {
    pub(crate) sql: f64,
    pub(crate) kv: f64,
    /// Statements by text, as pg_stat_statements normalizes it.
    pub(crate) statements: BTreeMap<String, f64>,
    /// Commands by name, sent by the server.
    pub(crate) commands: BTreeMap<String, f64>,
    /// Commands by name, run by a script inside Redis.
    pub(crate) in_scripts: BTreeMap<String, f64>,
}

/// Counts on a world whose server is not running yet.
pub(crate) async fn count(world: &World) -> Result<Counts> {
    let (Some(database), Some(redis)) = (world.store.database_url(), world.store.redis_url()) else {
        bail!("only PostgreSQL and Redis count");
    };
    restart_with_statistics(&world.store).await?;
    let mut connection = PgConnection::connect(database).await?;
    sqlx::raw_sql("CREATE EXTENSION IF NOT EXISTS pg_stat_statements").execute(&mut connection).await?;

    let (server, _) = world.start().await?;
    let mut workers = sign_in_workers(&world.site, 1, RetryPolicy::None).await?;
    let worker = workers.first_mut().context("no worker")?;
    for _ in 0..SIGN_INS {
        worker.step().await?;
    }
    sqlx::raw_sql("SELECT pg_stat_statements_reset()").execute(&mut connection).await?;
    let monitor = Monitor::start(redis).await?;
    for _ in 0..SIGN_INS {
        worker.step().await?;
    }
    let lines = monitor.stop(redis).await?;
    let statements = statements(&mut connection).await?;
    server.stop()?;

    let (commands, in_scripts) = commands(&lines);
    Ok(Counts {
        sql: statements.values().sum(),
        kv: commands.values().sum(),
        statements,
        commands,
        in_scripts,
    })
}

async fn restart_with_statistics(store: &Store) -> Result<()> {
    let database = store.database_url().context("no database")?;
    let mut connection = PgConnection::connect(database).await?;
    sqlx::raw_sql("ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'")
        .execute(&mut connection)
        .await?;
    connection.close().await?;
    for name in ["TEST_PG_STOP", "TEST_PG_START"] {
        let program = std::env::var(name).with_context(|| format!("{name} is not set"))?;
        ensure!(Command::new(&program).status()?.success(), "{name} failed");
    }
    Ok(())
}

async fn statements(connection: &mut PgConnection) -> Result<BTreeMap<String, f64>> {
    const COUNTED: &str = "
        SELECT query, sum(calls)::float8 AS calls FROM pg_stat_statements s
        JOIN pg_database d ON d.oid = s.dbid AND d.datname = current_database()
        WHERE query NOT LIKE '%pg_stat_statements%' GROUP BY query";
    let rows = sqlx::query(COUNTED).fetch_all(connection).await?;
    rows.iter()
        .map(|row| {
            let calls: f64 = row.try_get("calls")?;
            Ok((row.try_get("query")?, calls / f64::from(SIGN_INS)))
        })
        .collect()
}

/// Collects every command that MONITOR reports. To end it, `stop` sends an `ECHO` marker that the monitor then sees.
struct Monitor(JoinHandle<Result<Vec<String>>>);

const LAST: &str = "porta-bench-has-seen-enough";

impl Monitor {
    async fn start(redis: &str) -> Result<Self> {
        let mut lines = speak(redis, "MONITOR\r\n").await?;
        ensure!(lines.next_line().await?.is_some_and(|line| line == "+OK"), "Redis refuses MONITOR");
        Ok(Self(tokio::task::spawn_local(async move {
            let mut seen = Vec::new();
            while let Some(line) = lines.next_line().await? {
                if line.contains(LAST) {
                    return Ok(seen);
                }
                seen.push(line);
            }
            bail!("Redis closed the connection")
        })))
    }

    async fn stop(self, redis: &str) -> Result<Vec<String>> {
        let mut answer = speak(redis, &format!("ECHO {LAST}\r\n")).await?;
        answer.next_line().await?;
        self.0.await.context("the monitor ended badly")?
    }
}

/// Sends an inline command; the temporary Redis needs no password.
async fn speak(redis: &str, command: &str) -> Result<Lines<BufReader<TcpStream>>> {
    let url = Url::parse(redis)?;
    let host = url.host_str().context("no host in the address of Redis")?;
    let mut stream = TcpStream::connect((host, url.port().unwrap_or(6379))).await?;
    stream.write_all(command.as_bytes()).await?;
    Ok(BufReader::new(stream).lines())
}

type PerSignIn = BTreeMap<String, f64>;

/// Counts the command names of lines such as `+1339518083.107412 [0 127.0.0.1:60866] "get" "key"`; commands of scripts
/// have the source `[0 lua]`.
fn commands(lines: &[String]) -> (PerSignIn, PerSignIn) {
    let (mut sent, mut in_scripts) = (PerSignIn::new(), PerSignIn::new());
    for line in lines {
        let Some((source, rest)) = line.split_once("] \"") else { continue };
        let name = rest.split('"').next().unwrap_or_default().to_lowercase();
        let counted = if source.ends_with(" lua") { &mut in_scripts } else { &mut sent };
        *counted.entry(name).or_default() += 1.0 / f64::from(SIGN_INS);
    }
    (sent, in_scripts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_counted_by_who_sent_them() {
        let lines = [
            r#"+1.5 [0 127.0.0.1:6] "GET" "a] \"b""#,
            r#"+1.6 [0 127.0.0.1:6] "evalsha" "abc" "1" "k""#,
            r#"+1.7 [0 lua] "incr" "k""#,
            "not a line of MONITOR",
        ];
        let (sent, in_scripts) = commands(&lines.map(str::to_owned));
        assert_eq!(sent.keys().collect::<Vec<_>>(), ["evalsha", "get"]);
        assert_eq!(in_scripts.keys().collect::<Vec<_>>(), ["incr"]);
        assert!((sent["get"] - 1.0 / f64::from(SIGN_INS)).abs() < 1e-9);
    }
}
