//! Delivers mail from the outbox to a relay: a worker claims items, renders them in the recipient's language and hands
//! them to a transport, with retries until they are delivered or expire. Requests for links are resolved first: they
//! become mails if the address is known.
//!
//! ```text
//! request ──commit──► outbox ──claim──► Worker ──► Renderer ──► Transport ──► relay, or Capture
//!                       ▲                  └── delivered / retried / given up, with an audit row
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

pub use capture::CaptureTransport;
pub use compose::{Sender, SenderError};
pub use connection::Security;
pub use smtp::{Credentials, SmtpError, SmtpOptions, SmtpTransport};
pub use transport::{Message, NoRelay, SendError, Transport};
pub use worker::{RenderError, Renderer, Worker, WorkerDeps};
