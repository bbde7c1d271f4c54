//! Thin layer that runs one SQL text on two databases (decision D1): named statements, values and rows for both
//! drivers, one pool, one place that classifies errors.

mod circuit_breaker;
mod connection;
mod error;
mod pool;
mod row;
mod runner;
mod statement;
mod value;

pub(crate) use connection::{Connector, Dialect, highest_argument};
pub(crate) use pool::{Pool, PooledConnection};
pub(crate) use row::{Reader, Row};
pub(crate) use runner::{Kernel, Runner, Tx};
pub(crate) use statement::{Kind, Stmt, columns, statements};
pub(crate) use value::{
    Value, at, bytes, digest, flag, int, json, opt_at, opt_digest, opt_json, opt_text, opt_uuid, text, uuid,
};

pub(crate) use error::{UNIQUE_RULES, classify, unavailable};
