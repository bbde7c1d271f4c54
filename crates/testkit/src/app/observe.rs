//! What a test can see of the stores: mail, the outbox, entries of the short-lived store, and locks.

use std::time::Duration;

use porta_core::mail::OutgoingEmail;
use porta_core::outbox::OutboxKind;
use porta_mail::Message;
use porta_store_sql::testing::LockedRows;

use super::{ShortLivedBackend, TestApp, redis_url};

impl TestApp {
    /// Number of values and counters in the short-lived store.
    pub async fn kv_entries(&self) -> usize {
        match &self.short_lived {
            ShortLivedBackend::Memory(kv) => kv.entries(),
            ShortLivedBackend::Redis(namespace) => {
                crate::redis::count(&redis_url(), namespace, Duration::ZERO).await
            }
        }
    }

    /// Entries that live longer than `time`, by which the test clock was advanced; Redis does not use that clock.
    pub async fn kv_entries_outliving(&self, time: Duration) -> usize {
        match &self.short_lived {
            ShortLivedBackend::Memory(kv) => {
                kv.sweep().await;
                kv.entries()
            }
            ShortLivedBackend::Redis(namespace) => crate::redis::count(&redis_url(), namespace, time).await,
        }
    }

    /// Pending emails of the outbox, oldest first; claims them like a worker. Link requests are executed first, and
    /// their emails are included.
    pub async fn emails(&self) -> Vec<OutgoingEmail> {
        self.link_requests.attempt_due().await.expect("the outbox can be read");
        let now = self.now();
        let claims = self.store.repositories().outbox().claim(&[OutboxKind::Mail], now, now, 100).await;
        let mut claims = claims.expect("the store answers");
        claims.sort_by_key(|claim| (claim.created_at, claim.id));
        claims
            .iter()
            .map(|claim| OutgoingEmail::open(claim, &self.outbox_keys).expect("sealed by us"))
            .collect()
    }

    /// Sends pending emails now, and returns every email this instance ever sent, newest first.
    pub async fn mail(&self) -> Vec<Message> {
        self.outbox.attempt_due().await.expect("the outbox can be read");
        self.mailbox.messages()
    }

    /// Locks refresh tokens in another transaction; PostgreSQL only.
    pub async fn lock_refresh_tokens(&self, tokens: &[&str]) -> LockedRows {
        LockedRows::refresh_tokens(&self.database.target, tokens).await
    }
}
