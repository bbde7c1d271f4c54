//! Composes a message for the relay (RFC 5322, MIME). Header injection is impossible: control characters are removed
//! from names and subjects here, and `lettre` encodes what is not ASCII (RFC 2047).

use std::time::{Duration, SystemTime};

use lettre::address::Envelope;
use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::{Address, Message as Mime};

use crate::transport::Message;

/// Limits of display name and subject, in characters: longer ones are cut.
const NAME_LIMIT: usize = 128;
const SUBJECT_LIMIT: usize = 255;

/// `SMTP_FROM`: an address, optionally with a display name.
#[derive(Debug, Clone)]
pub struct Sender {
    address: Address,
    /// Display name for organizations without a printable one.
    name: Option<String>,
}

/// The text is not `name@example.com` or `Name <name@example.com>`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the sender is not of the form name@example.com or Name <name@example.com>")]
pub struct SenderError;

impl Sender {
    pub fn parse(text: &str) -> Result<Self, SenderError> {
        let mailbox: Mailbox = text.parse().map_err(|_| SenderError)?;
        let address = ascii(mailbox.email.as_ref()).ok_or(SenderError)?;
        Ok(Self { address, name: mailbox.name })
    }

    /// Domain for `Message-ID`s.
    pub fn domain(&self) -> &str {
        self.address.domain()
    }
}

/// Converts the domain to A-labels (RFC 5890), so that the relay needs no extension.
fn ascii(address: &str) -> Option<Address> {
    let (local, domain) = address.rsplit_once('@')?;
    Address::new(local, idna::domain_to_ascii(domain).ok()?).ok()
}

/// One line without control characters and without bidirectional control characters.
fn line(text: &str, limit: usize) -> String {
    let is_plain =
        |c: &char| !matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let blank = |c: char| if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c };
    let text: String = text.chars().filter(is_plain).map(blank).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(limit).collect()
}

/// RFC 3834 §5: stops automatic replies such as vacation notices.
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

/// Why a message can never be sent.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ComposeError {
    #[error("the recipient's address is not one that mail can be sent to")]
    Recipient,
    #[error("the message cannot be composed")]
    Form(#[from] lettre::error::Error),
}

/// Returns the envelope and the message's bytes.
pub(crate) fn compose(message: &Message, sender: &Sender) -> Result<(Envelope, Vec<u8>), ComposeError> {
    let to = ascii(message.to.shown()).ok_or(ComposeError::Recipient)?;
    let name = Some(line(&message.from_name, NAME_LIMIT)).filter(|name| !name.is_empty());
    let from = Mailbox::new(name.or_else(|| sender.name.clone()), sender.address.clone());
    let since_epoch = Duration::from_micros(u64::try_from(message.date.micros()).unwrap_or(0));
    let mime = Mime::builder()
        .from(from)
        .to(Mailbox::new(None, to))
        .subject(line(&message.body.subject, SUBJECT_LIMIT))
        .date(SystemTime::UNIX_EPOCH + since_epoch)
        .message_id(Some(format!("<{}@{}>", message.id, sender.domain())))
        .header(AutoSubmitted)
        .multipart(MultiPart::alternative_plain_html(message.body.text.clone(), message.body.html.clone()))?;
    Ok((mime.envelope().clone(), mime.formatted()))
}

#[cfg(test)]
mod tests;
