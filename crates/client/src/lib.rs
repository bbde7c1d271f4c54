//! Typed client of the Admin API of Porta.
//!
//! ```no_run
//! # async fn example() -> Result<(), porta_client::Error> {
//! use porta_client::{Builder, FixedToken, queries, types};
//!
//! let client = Builder::new("https://porta.example", FixedToken::new("…")).build()?;
//! let user = types::NewUserBody { email: "ana@acme.example".into(), ..Default::default() };
//! let created = client.users.create_user("acme", &user).await?;
//! let change = types::UserChange { locale: "de".to_owned().into(), ..Default::default() };
//! client.users.update_user("acme", created.id, &change, created.etag()).await?;
//! let mut users = client.users.list_users("acme", &queries::ListUsersQuery::default()).items();
//! while let Some(user) = users.next().await? {
//!     println!("{}", user.email);
//! }
//! # Ok(()) }
//! ```
//!
//! Operations, queries and types are generated from the OpenAPI document (`scripts/client/generate.mjs`) and bear its
//! names. What all calls have in common is written by hand:
//!
//! - [`Error`] tells what the server answered from what did not arrive.
//! - A call is repeated after a lost answer if that is safe: reads, changes without `If-Match`, and POST requests, whose
//!   `Idempotency-Key` stays the same ([`Retries`]).
//! - Redirects are not followed, so the token goes to one server only. Answers are limited in size and time.
//! - A value that a later server adds to a closed set arrives as `Unknown`.
//!
//! `reqwest` is built without a TLS provider: the program installs one for rustls before it builds a client.

mod answer;
mod builder;
mod call;
mod carrier;
mod download;
mod error;
mod etag;
mod generated;
mod pages;
mod patch;
mod request;
mod retry;
mod secret;
mod token;
mod transport;

pub use answer::Versioned;
pub use builder::Builder;
pub use call::{Call, Post};
pub use carrier::Carrier;
pub use download::Download;
pub use error::{ApiError, Detail, Error, ErrorKind};
pub use etag::ETag;
pub use generated::{Client, operations, queries, types};
pub use pages::{Items, Page, Pages};
pub use patch::Patch;
pub use retry::Retries;
pub use secret::Secret;
pub use token::{FixedToken, TokenError, TokenSource};
