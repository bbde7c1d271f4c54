//! The server that commands ask: which one, over what connection, and with whose sign-in.
//!
//! ```text
//! --profile NAME            ─► the sign-in of that name, and its server
//! --server, PORTA_SERVER    ─► that server, with the sign-in there is for it
//! neither                   ─► the sign-in that was used last
//! ```
//!
//! A token is only ever sent to the server that issued it.

mod connection;
pub(super) mod credentials;
pub(super) mod identity;
pub(super) mod oauth;
mod target;
mod token;

pub(super) use connection::{Connection, is_this_machine};
pub(super) use credentials::{Credentials, CredentialsFile, Profile, UserInfo};
pub(super) use target::{Server, Target, address};
pub(super) use token::StoredToken;
