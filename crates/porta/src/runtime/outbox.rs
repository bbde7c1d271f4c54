//! Outbox worker of this process.

use std::sync::Arc;

use porta_core::outbox::OutboxKind;
use porta_core::{OsEntropy, SystemClock};
use porta_mail::Transport;
use porta_outbox::{Handler, OutboxDeps, Worker};
use porta_signin::LinkRequestHandler;

use super::mail;
use super::services::Services;

pub(crate) fn worker(services: &Services, transport: Arc<dyn Transport>) -> Worker {
    let deps = OutboxDeps {
        store: Arc::clone(services.shared.store()),
        keyring: Arc::clone(&services.outbox_keys),
        clock: Arc::new(SystemClock),
        entropy: Arc::new(OsEntropy),
    };
    let mail: Arc<dyn Handler> = Arc::new(mail::handler(services, transport));
    let handlers = OutboxKind::ALL.iter().map(|kind| {
        let handler: Arc<dyn Handler> = match kind {
            OutboxKind::Mail => Arc::clone(&mail),
            OutboxKind::LinkRequest => Arc::new(LinkRequestHandler),
        };
        (*kind, handler)
    });
    Worker::new(deps, handlers)
}
