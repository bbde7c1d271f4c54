//! The Admin API: `/api/admin`. Turns requests into operations of the directory and their results into JSON. It holds
//! no rules of its own but who may ask for what.
//!
//! One file per operation. Each names the permission it needs in its first argument ([`access::Authorized`]), before
//! anything else of the request is looked at.

#![expect(clippy::option_option, reason = "a field of a request is left out, null, or has a value")]

mod access;
mod account;
mod answer;
mod applications;
mod audit;
mod body;
mod bulk;
mod clients;
mod config;
mod cursor;
mod denials;
mod document_paths;
mod error;
mod etag;
mod examples;
mod export;
mod grants;
mod idempotency;
mod import;
mod invitations;
mod keys;
mod limits;
mod links;
mod list;
mod lookups;
mod manifest;
mod me;
mod metadata;
mod moment;
mod openapi;
mod operations;
mod organizations;
mod outbox;
mod path;
mod ports;
mod principal;
mod privacy;
mod read_limit;
mod reference_page;
mod refusal_reason;
mod refusals;
mod rights;
mod router;
mod search;
mod sessions;
mod state;
mod statistics_cache;
mod stats;
mod system;
mod two_factor;
mod users;

pub use operations::document;
pub use ports::{MailRelay, MakeRecoveryCodes, NewRecoveryCodes, RenderFailed, RenderMail};
pub use principal::Shell;
pub use router::router;
pub use state::{AdminState, AdminStateParts, SEALING_PURPOSE};
