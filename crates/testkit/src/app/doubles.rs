//! What the executable wires in, for the test application.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use porta_admin::{MailRelay, MakeRecoveryCodes, NewRecoveryCodes, RenderFailed, RenderMail};
use porta_core::mail::{MailBody, OutgoingEmail};
use porta_core::organization::Organization;
use porta_core::user::{PasswordHash, User};
use porta_core::{Change, Entropy, Password, Timestamp};
use porta_directory::{HashFailed, HashPassword, Notifier};
use porta_http::{Probes, ReadyReport};
use porta_kv::{Kv, Notice};
use porta_pages::Pages;
use porta_session::SharedServices;
use porta_signin::{PasswordHasher, SecondFactorKeys};

/// Probes that report what the test sets.
#[derive(Default)]
pub struct FakeProbes {
    pub database_down: AtomicBool,
    pub redis_down: AtomicBool,
}

#[async_trait]
impl Probes for FakeProbes {
    async fn database(&self) -> bool {
        !self.database_down.load(Ordering::SeqCst)
    }

    async fn redis(&self) -> bool {
        !self.redis_down.load(Ordering::SeqCst)
    }

    async fn ready(&self) -> ReadyReport {
        ReadyReport {
            database: (!self.database().await).then_some("unreachable"),
            redis: (!self.redis().await).then_some("unreachable"),
            process: None,
        }
    }
}

/// A relay that is always there.
pub(super) struct AnsweringRelay;

#[async_trait]
impl MailRelay for AnsweringRelay {
    async fn is_reachable(&self) -> bool {
        true
    }
}

pub(super) struct HasherAdapter(pub(super) Arc<PasswordHasher>);

#[async_trait]
impl HashPassword for HasherAdapter {
    async fn hash(&self, password: &Password) -> Result<PasswordHash, HashFailed> {
        self.0.hash(password.clone()).await.map_err(|e| HashFailed(e.into()))
    }
}

pub(super) struct RecoveryCodes {
    pub(super) factors: SecondFactorKeys,
    pub(super) entropy: Arc<dyn Entropy>,
}

impl MakeRecoveryCodes for RecoveryCodes {
    fn make(&self, user: &User, now: Timestamp) -> NewRecoveryCodes {
        let (shown, stored) = self.factors.new_recovery_codes(user, now, &*self.entropy);
        NewRecoveryCodes { shown, stored }
    }
}

pub(super) struct MailRenderer {
    pub(super) pages: Arc<Pages>,
    pub(super) shared: Arc<SharedServices>,
}

impl RenderMail for MailRenderer {
    fn render(
        &self,
        organization: &Organization,
        outgoing: &OutgoingEmail,
        now: Timestamp,
    ) -> Result<MailBody, RenderFailed> {
        let issuer = self.shared.issuer(&organization.slug);
        self.pages.outgoing(organization, &issuer, outgoing, now).map_err(|e| RenderFailed(e.into()))
    }
}

pub(super) struct KvNotifier(pub(super) Arc<dyn Kv>);

#[async_trait]
impl Notifier for KvNotifier {
    async fn announce(&self, changes: &[Change]) {
        for change in changes {
            let (topic, key) = change.to_topic_and_key();
            self.0
                .publish(&Notice { topic: topic.to_owned(), key })
                .await
                .expect("the short-lived store is up");
        }
    }
}
