//! Thin layer that runs one SQL text on two databases (decision D1): named statements, columns and lists, values and
//! rows for both drivers, one pool, one place that classifies errors.

mod cell;
mod circuit_breaker;
mod connection;
mod error;
mod faults;
mod list;
mod owner;
mod page;
mod pool;
mod row;
mod runner;
mod search;
mod statement;
mod table;
mod value;

pub(crate) use cell::{Cell, ColumnType};
pub(crate) use connection::{Connector, Dialect, highest_argument};
pub use faults::{FaultHook, Operation};
pub(crate) use list::{List, Sort, search_pattern};
pub(crate) use owner::same_owner;
pub(crate) use page::page_of;
pub(crate) use pool::{Pool, PooledConnection};
pub(crate) use row::{Reader, Record, Row};
pub(crate) use runner::{Kernel, Runner, Tx};
pub(crate) use search::{APPLICATIONS, CLIENTS, ORGANIZATIONS, Search, USERS};
pub(crate) use statement::{Kind, Stmt, statements};
pub(crate) use table::{Columns, columns, values_of};
pub(crate) use value::{
    Value, at, bytes, digest, flag, int, json, opt_at, opt_digest, opt_json, opt_text, opt_uuid, text, uuid,
};

pub(crate) use error::{UNIQUE_RULES, classify, unavailable};
