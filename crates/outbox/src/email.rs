//! What the kinds that lead to an email have in common: retries, log lines, the metric and audit rows. The rows contain
//! no address: the user id identifies the recipient.

use std::time::Duration;

use porta_core::audit::{AuditEvent, AuditEventKind};
use porta_core::mail::EmailSummary;
use porta_core::organization::Organization;
use porta_core::outbox::OutboxClaim;
use porta_core::{Timestamp, metrics};
use serde_json::json;

use crate::handler::{FailedAttempt, OutboxDeps};
use crate::retry::RetryPolicy;

/// After a day nobody needs the email any more.
pub const RETRY: RetryPolicy = RetryPolicy {
    waits: &[
        Duration::from_secs(5),
        Duration::from_secs(30),
        Duration::from_mins(2),
        Duration::from_mins(10),
        Duration::from_hours(1),
    ],
    give_up_after: Duration::from_hours(24),
};

/// For so long a given-up email can be sent again: what fails on a Friday evening is noticed on Monday.
const SENDABLE_FOR: Duration = Duration::from_hours(72);

/// Until when an email that is given up at `now` can be sent again: no longer than its link or code works.
pub fn sendable_until(expires_at: Option<Timestamp>, now: Timestamp) -> Timestamp {
    let until = now + SENDABLE_FOR;
    expires_at.map_or(until, |expiry| expiry.min(until))
}

/// Logs and counts an email that the relay accepted; returns its audit row.
pub fn report_delivery(claim: &OutboxClaim, organization: &Organization, deps: &OutboxDeps) -> AuditEvent {
    let summary = EmailSummary::of(claim);
    let template = template_of(summary);
    let slug = organization.slug.as_str();
    let kind = summary.map_or(AuditEventKind::EmailSendUnknown, |summary| summary.template.sent_event());
    tracing::info!(event = "email.sent", template, tenant = slug, attempt = claim.attempt, "mail was sent");
    count(template, "delivered");
    AuditEvent {
        organization_label: Some(slug.to_owned()),
        metadata: json!({"template": template, "attempt": claim.attempt}),
        ..event(claim, summary, kind, deps.clock.now(), deps)
    }
}

/// Logs and counts an email that was not sent; returns its audit row.
pub fn report_failure(claim: &OutboxClaim, failure: &FailedAttempt, deps: &OutboxDeps) -> AuditEvent {
    let FailedAttempt { error, will_retry, at } = failure;
    let summary = EmailSummary::of(claim);
    let template = template_of(summary);
    tracing::warn!(
        event = "email.send.failed",
        template,
        outgoing = %claim.id,
        attempt = claim.attempt,
        will_retry,
        error,
        "mail was not sent"
    );
    count(template, if *will_retry { "postponed" } else { "given_up" });
    AuditEvent {
        metadata: json!({
            "template": template, "error": error, "attempt": claim.attempt, "willRetry": will_retry,
        }),
        ..event(claim, summary, AuditEventKind::EmailSendFailed, *at, deps)
    }
}

fn template_of(summary: Option<EmailSummary>) -> &'static str {
    summary.map_or("unknown", |summary| summary.template.as_str())
}

fn count(template: &'static str, result: &'static str) {
    ::metrics::counter!(metrics::EMAIL_SEND, "template" => template, "result" => result).increment(1);
}

fn event(
    claim: &OutboxClaim,
    summary: Option<EmailSummary>,
    kind: AuditEventKind,
    now: Timestamp,
    deps: &OutboxDeps,
) -> AuditEvent {
    AuditEvent {
        organization_id: claim.organization_id,
        user_id: summary.and_then(|summary| summary.user_id),
        actor_label: Some("system".to_owned()),
        ..AuditEvent::new(kind, now, &*deps.entropy)
    }
}
