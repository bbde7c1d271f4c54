//! SET and GET over one multiplexed connection, as the server uses Redis.

use std::time::Duration;

use anyhow::Result;
use redis::aio::MultiplexedConnection;

use super::{Rates, TASKS, concurrently};
use crate::drive::{Step, Worker};

/// About the size of a stored session.
const VALUE: [u8; 256] = [b'x'; 256];
const LIFETIME: u32 = 600;

struct Task {
    connection: MultiplexedConnection,
    key: String,
    is_write: bool,
}

impl Worker for Task {
    async fn step(&mut self) -> Result<Step> {
        if self.is_write {
            let mut command = redis::cmd("SET");
            command.arg(&self.key).arg(&VALUE).arg("EX").arg(LIFETIME);
            command.exec_async(&mut self.connection).await?;
        } else {
            let _: Vec<u8> = redis::cmd("GET").arg(&self.key).query_async(&mut self.connection).await?;
        }
        Ok(Step::Done)
    }
}

pub(super) async fn measure(url: &str, seconds: Duration) -> Result<Rates> {
    let connection = redis::Client::open(url)?.get_multiplexed_async_connection().await?;
    let mut figures = Rates::new();
    for (name, is_write) in [("SET", true), ("GET", false)] {
        let task = |index| Task { connection: connection.clone(), key: format!("bench:{index}"), is_write };
        figures.insert(name.to_owned(), concurrently((0..TASKS).map(task).collect(), seconds).await?);
    }
    Ok(figures)
}
