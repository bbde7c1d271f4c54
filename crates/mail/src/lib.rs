//! Mail from the outbox to a relay (architecture §4): a worker claims what journeys enqueued, has it rendered in the
//! recipient's language, and hands it to a transport, again and again until it is delivered or no longer of use. Who
//! asked for a link gets a letter first, if the address is somebody's.
//!
//! ```text
//! journey ──commit──► outbox ──claim──► Worker ──► Renderer ──► Transport ──► relay, or a capture
//!                       ▲                  └── delivered / due again / given up, with an audit row
//!                       └──────────────────────────────────┘
//! ```

mod backoff;
mod capture;
mod compose;
mod connection;
mod request;
mod smtp;
mod transport;
mod worker;

pub use capture::Capture;
pub use compose::{Sender, SenderError};
pub use connection::Security;
pub use smtp::{Credentials, SmtpError, SmtpOptions, SmtpTransport};
pub use transport::{Message, NoRelay, SendError, Transport};
pub use worker::{RenderError, Renderer, Worker, WorkerDeps};
