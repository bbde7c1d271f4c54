//! Sends the emails of the outbox through a relay: each is rendered in the recipient's language and handed to a
//! transport. The outbox worker retries until they are delivered or expire.
//!
//! ```text
//! outbox ──Worker──► MailHandler ──► Renderer ──► Transport ──► relay, or Capture
//! ```

mod capture;
mod compose;
mod connection;
mod handler;
mod smtp;
mod transport;

pub use capture::CaptureTransport;
pub use compose::{Sender, SenderError};
pub use connection::Security;
pub use handler::{MailHandler, RenderError, Renderer};
pub use smtp::{Credentials, SmtpError, SmtpOptions, SmtpTransport};
pub use transport::{Message, NoRelay, SendError, Transport};
