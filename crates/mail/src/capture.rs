//! In-memory mailbox for development and tests.

use std::collections::VecDeque;

use async_trait::async_trait;
use tokio::sync::watch;

use crate::transport::{Message, SendError, Transport};

/// Keeps the newest messages instead of sending them.
#[derive(Debug)]
pub struct CaptureTransport {
    /// Newest first.
    kept: watch::Sender<VecDeque<Message>>,
    capacity: usize,
}

impl CaptureTransport {
    pub fn new(capacity: usize) -> Self {
        Self { kept: watch::Sender::new(VecDeque::new()), capacity }
    }

    /// Newest first.
    pub fn messages(&self) -> Vec<Message> {
        self.kept.borrow().iter().cloned().collect()
    }

    /// Waits without a time limit until a message `is_wanted`, and returns the newest one.
    #[expect(clippy::expect_used, reason = "the sending half lives in self")]
    pub async fn wait_for(&self, is_wanted: impl Fn(&Message) -> bool) -> Message {
        let mut kept = self.kept.subscribe();
        loop {
            let found = kept.borrow_and_update().iter().find(|message| is_wanted(message)).cloned();
            if let Some(found) = found {
                return found;
            }
            kept.changed().await.expect("the mailbox is still there");
        }
    }
}

#[async_trait]
impl Transport for CaptureTransport {
    async fn send(&self, message: &Message) -> Result<(), SendError> {
        self.kept.send_modify(|kept| {
            kept.push_front(message.clone());
            kept.truncate(self.capacity);
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use porta_core::mail::MailBody;
    use porta_core::user::Email;
    use porta_core::{OutboxId, SeededEntropy, Timestamp};

    use super::*;

    fn message(subject: &str) -> Message {
        let now = Timestamp::from_seconds(1_750_000_000);
        Message {
            id: OutboxId::new(now, &SeededEntropy::new(1)),
            from_name: "Acme".to_owned(),
            to: Email::parse("ana@example.com").unwrap(),
            body: MailBody { subject: subject.to_owned(), html: String::new(), text: String::new() },
            date: now,
        }
    }

    #[tokio::test]
    async fn keeps_the_newest_and_wakes_who_waits() {
        let capture = CaptureTransport::new(2);
        let wait = capture.wait_for(|m| m.body.subject == "3");
        let send = async {
            for n in 1..=3 {
                capture.send(&message(&n.to_string())).await.unwrap();
            }
        };
        let (found, ()) = tokio::join!(wait, send);
        assert_eq!(found.body.subject, "3");
        let subjects: Vec<_> = capture.messages().into_iter().map(|m| m.body.subject).collect();
        assert_eq!(subjects, ["3", "2"]);
    }
}
