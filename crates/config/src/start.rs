//! What `porta start` does before it serves.

use std::time::Duration;

use porta_core::string_enum;

use crate::Problem;
use crate::reader::Reader;
use crate::source::Source;
use crate::variable::{PORTA_AUTO_MIGRATE, PORTA_SERVICE, PORTA_WAIT_TIMEOUT};

string_enum! {
    /// Which process to start.
    pub enum Service { Server = "server", Admin = "admin" }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StartConfig {
    pub service: Service,
    /// Whether to migrate the schema before serving.
    pub migrates: bool,
    /// How long to wait for PostgreSQL and Redis to answer.
    pub patience: Duration,
}

impl StartConfig {
    pub fn load(source: &Source<'_>) -> Result<Self, Vec<Problem>> {
        let mut reader = Reader::new(source);
        let start = Self {
            service: reader.word(PORTA_SERVICE).and_then(Service::parse).unwrap_or(Service::Server),
            migrates: reader.boolean(PORTA_AUTO_MIGRATE).unwrap_or(true),
            patience: Duration::from_secs(reader.number_or_default(PORTA_WAIT_TIMEOUT)),
        };
        reader.finish(start)
    }
}
