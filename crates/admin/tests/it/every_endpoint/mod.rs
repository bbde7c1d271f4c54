//! Every operation of the API, by a table. `rows` says how a valid request looks and what it does; each rule is tested on
//! all rows. What the rows promise is compared with the served document, and with the list of the specification's
//! endpoints in `specification.txt`.
//!
//! ```text
//! specification.txt + departures.txt + additions.txt ─► Endpoint ┐
//! OpenAPI document ─► Operation ──────────────────────────────── ├─► Case ─► the tests of each rule
//! rows ─► Row ────────────────────────────────────────────────── ┘        └► docs/reference/admin-coverage.md
//! ```

mod bodies;
mod case;
mod colleague;
mod complete;
mod coverage;
mod differences;
mod operation;
mod paths;
mod queries;
mod refusals;
mod repeated;
mod row;
mod rows;
mod specification;
mod success;
mod versions;
mod world;
