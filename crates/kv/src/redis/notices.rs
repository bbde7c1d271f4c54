//! Subscription on a separate connection: a burst of notices cannot delay answers, and the server's smaller output
//! limit for subscribers cannot end the connection that carries commands.

use std::sync::Arc;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{PushInfo, PushKind, RedisResult, Value};
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use super::address::Address;
use super::connection::{Pushes, open, reconnect};
use crate::{Notice, NoticeEvent};

/// After this long without a message the connection is probed with PING. Otherwise a connection that died silently
/// would leave caches stale unnoticed.
const PROBE: Duration = Duration::from_secs(5);

pub(super) struct Subscription {
    pub(super) address: Arc<Address>,
    pub(super) channel: String,
    pub(super) sender: broadcast::Sender<NoticeEvent>,
}

impl Subscription {
    /// Subscribes once; returns when the server has confirmed it.
    pub(super) async fn open(&self) -> RedisResult<(MultiplexedConnection, Pushes)> {
        let (mut connection, pushes) = open(&self.address).await?;
        connection.subscribe(&self.channel).await?;
        Ok((connection, pushes))
    }

    /// Forwards notices and resubscribes after every connection loss, until `stop`.
    pub(super) async fn keep(self, first: (MultiplexedConnection, Pushes), stop: CancellationToken) {
        let (mut connection, mut pushes) = first;
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.listen(&mut connection, &mut pushes) => {}
            }
            tracing::warn!("subscription to redis lost, reconnecting");
            (connection, pushes) = tokio::select! {
                () = stop.cancelled() => return,
                opened = reconnect("notices", || self.open()) => opened,
            };
            self.send(NoticeEvent::Gap);
        }
    }

    /// Forwards notices until the connection is lost.
    async fn listen(&self, connection: &mut MultiplexedConnection, pushes: &mut Pushes) {
        loop {
            match tokio::time::timeout(PROBE, pushes.recv()).await {
                Ok(None) => return,
                Ok(Some(push)) if push.kind == PushKind::Disconnection => return,
                Ok(Some(push)) if push.kind == PushKind::Message => self.send(read(&push)),
                // Confirmation of the subscription.
                Ok(Some(_)) => {}
                Err(_) => {
                    if connection.send_packed_command(&redis::cmd("PING")).await.is_err() {
                        return;
                    }
                }
            }
        }
    }

    fn send(&self, event: NoticeEvent) {
        // An error only means that there are no subscribers.
        let _ = self.sender.send(event);
    }
}

/// A message is `[channel, payload]`.
fn read(push: &PushInfo) -> NoticeEvent {
    let payload = match push.data.as_slice() {
        [_, Value::BulkString(payload)] => payload.as_slice(),
        _ => &[],
    };
    match serde_json::from_slice::<Notice>(payload) {
        Ok(notice) => NoticeEvent::Notice(notice),
        Err(error) => {
            // Something changed, in a format of another version: dropping everything cached is always right.
            tracing::warn!(%error, "change notice could not be read; all caches are dropped");
            NoticeEvent::Gap
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(payload: &str) -> PushInfo {
        let text = |text: &str| Value::BulkString(text.as_bytes().to_vec());
        PushInfo { kind: PushKind::Message, data: vec![text("channel"), text(payload)] }
    }

    #[test]
    fn what_is_not_understood_is_a_gap() {
        let notice = Notice { topic: "client".to_owned(), key: "1".to_owned() };
        let json = serde_json::to_string(&notice).unwrap();
        assert_eq!(read(&message(&json)), NoticeEvent::Notice(notice));
        assert_eq!(read(&message("{}")), NoticeEvent::Gap);
        assert_eq!(read(&PushInfo { kind: PushKind::Message, data: vec![] }), NoticeEvent::Gap);
    }
}
