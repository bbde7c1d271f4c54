//! The thin layer that lets one SQL text serve two databases (decision D1): statements with names, values and rows
//! that know both drivers, one pool, one place where errors get their class.

mod circuit_breaker;
mod error;
mod link;
mod pool;
mod row;
mod runner;
mod statement;
mod value;

pub(crate) use link::{Connector, Flavor, highest_argument};
pub(crate) use pool::{Lease, Pool};
pub(crate) use row::{Reader, Row};
pub(crate) use runner::{Kernel, Runner, Tx};
pub(crate) use statement::{Kind, Stmt, columns, statements};
pub(crate) use value::{
    Value, at, bytes, digest, flag, int, json, opt_at, opt_digest, opt_json, opt_text, opt_uuid, text, uuid,
};

pub(crate) use error::{UNIQUE_RULES, classify, unavailable};
