//! The audit log as operators read it: filters, pages, names, and the removal of old rows.

use std::sync::Arc;

use porta_core::audit::{AuditCategory, AuditEvent, EntityKind};
use porta_core::{AuditId, EntityId as _};
use uuid::Uuid;

use super::fixture::{HOUR, MINUTE, NOW, TwoTenants, one_round_trip};
use crate::{ALL_ROWS, AuditFilter, AuditRow, EventFilter, PageStart, Store};

/// A row of acme with everything that a row can have.
fn full(w: &TwoTenants) -> AuditEvent {
    AuditEvent {
        user_id: Some(w.acme.user.id),
        actor_id: Some(w.other.user.id),
        actor_label: Some("root@other.test".to_owned()),
        category: AuditCategory::Admin,
        description: Some("of a kind".to_owned()),
        metadata: serde_json::json!({ "clientId": "acme-web", "note": "100% \"sure\"" }),
        ip_address: Some("2001:db8::1".to_owned()),
        user_agent: Some("Browser/1".to_owned()),
        created_at: NOW + HOUR,
        request_id: Some("6a6f".to_owned()),
        entity_type: Some(EntityKind::Client.as_str().to_owned()),
        entity_id: Some(w.acme.client.id.uuid()),
        ..w.event("client.updated")
    }
}

pub async fn round_trip(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let mut all = w.repositories();
    let mut audit = all.audit();
    let event = full(&w);
    audit.record(&event).await.unwrap();
    let found = one_round_trip(&w.store, audit.find(event.id)).await.unwrap().unwrap();
    let expected = AuditRow {
        event: event.clone(),
        actor_email: Some(w.other.user.email.shown().to_owned()),
        user_email: Some(w.acme.user.email.shown().to_owned()),
        organization_name: Some(w.acme.organization.name.clone()),
        entity_name: Some(w.acme.client.client_name.clone()),
    };
    assert_eq!(found, expected);
    // What the ids name is gone: the row stays, without names.
    let nobody = AuditEvent {
        id: AuditId::new(NOW, &w.entropy),
        organization_id: None,
        user_id: None,
        actor_id: None,
        entity_id: Some(Uuid::nil()),
        ..event
    };
    audit.record(&nobody).await.unwrap();
    let found = audit.find(nobody.id).await.unwrap().unwrap();
    let expected = AuditRow {
        event: nobody,
        actor_email: None,
        user_email: None,
        organization_name: None,
        entity_name: None,
    };
    assert_eq!(found, expected);
    assert_eq!(audit.find(AuditId::new(NOW, &w.entropy)).await.unwrap(), None);
}

/// The name of each kind of entity that has one.
pub async fn names(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let mut all = w.repositories();
    for (kind, id, name) in [
        (EntityKind::Organization, w.acme.organization.id.uuid(), Some(w.acme.organization.name.as_str())),
        (EntityKind::Application, w.acme.application.id.uuid(), Some(w.acme.application.name.as_str())),
        (EntityKind::Client, w.acme.client.id.uuid(), Some(w.acme.client.client_name.as_str())),
        (EntityKind::Role, Uuid::nil(), None),
        (EntityKind::Permission, Uuid::nil(), None),
        (EntityKind::Claim, Uuid::nil(), None),
        (EntityKind::SigningKey, Uuid::nil(), None),
        (EntityKind::Session, w.acme.session.id.uuid(), None),
        // The id of another kind is no id of this kind.
        (EntityKind::Organization, w.acme.client.id.uuid(), None),
    ] {
        let event = AuditEvent {
            entity_type: Some(kind.as_str().to_owned()),
            entity_id: Some(id),
            ..w.event("of an entity")
        };
        let mut audit = all.audit();
        audit.record(&event).await.unwrap();
        let found = audit.find(event.id).await.unwrap().unwrap();
        assert_eq!(found.entity_name.as_deref(), name, "{kind}");
    }
}

pub async fn filters(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let mut all = w.repositories();
    let mut audit = all.audit();
    let wanted = full(&w);
    audit.record(&wanted).await.unwrap();
    // A row that differs in everything, and one whose event begins alike.
    audit.record(&AuditEvent { organization_id: None, ..w.event("other") }).await.unwrap();
    audit.record(&w.event("client.updated.later")).await.unwrap();
    let named = |event: &str| Some(EventFilter::Named(event.to_owned()));
    let begins = |event: &str| Some(EventFilter::BeginsWith(event.to_owned()));
    let search = |text: &str| AuditFilter { search: Some(text.to_owned()), ..AuditFilter::default() };
    let none = AuditFilter::default;
    for (filter, is_only) in [
        (AuditFilter { user: Some(w.acme.user.id), ..none() }, true),
        (AuditFilter { actor: Some(w.other.user.id), ..none() }, true),
        (AuditFilter { is_about_a_user: true, ..none() }, true),
        (AuditFilter { event: named("client.updated"), ..none() }, true),
        (AuditFilter { event: begins("client.updated"), ..none() }, false),
        (AuditFilter { event: begins("client."), category: Some(AuditCategory::Admin), ..none() }, true),
        (AuditFilter { category: Some(AuditCategory::Admin), ..none() }, true),
        (AuditFilter { entity_kind: Some(EntityKind::Client), ..none() }, true),
        (AuditFilter { entity_id: Some(w.acme.client.id.uuid()), ..none() }, true),
        (AuditFilter { ip_address: Some("2001:db8::1".to_owned()), ..none() }, true),
        (AuditFilter { since: Some(NOW + HOUR), ..none() }, true),
        (AuditFilter { since: Some(NOW + MINUTE), until: Some(NOW + HOUR), ..none() }, true),
        (AuditFilter { organization: Some(w.acme.organization.id), ..none() }, false),
        (search("ROOT@other"), true),
        (search("acme-WEB"), true),
        (search("100%"), true),
        (search("of a kind"), true),
        (search("client.updated"), false),
    ] {
        let page = one_round_trip(&w.store, audit.list(&filter, &PageStart::First, 100)).await.unwrap();
        assert!(page.items.iter().any(|row| row.event == wanted), "{filter:?}");
        assert_eq!(page.items.len() == 1, is_only, "{filter:?}: {page:?}");
        assert_eq!(audit.count(&filter, ALL_ROWS).await.unwrap(), page.items.len() as u64, "{filter:?}");
    }
    for filter in [
        AuditFilter { event: named("client."), ..none() },
        AuditFilter { event: named("Client.updated"), ..none() },
        AuditFilter { event: begins("lient"), ..none() },
        AuditFilter { event: begins("client.updated"), user: Some(w.other.user.id), ..none() },
        AuditFilter { until: Some(NOW - MINUTE), ..none() },
        AuditFilter { entity_kind: Some(EntityKind::Role), ..none() },
        AuditFilter { category: Some(AuditCategory::Gdpr), ..none() },
        search("%"),
        search("\0"),
        search("2001:db8"),
    ] {
        let page = audit.list(&filter, &PageStart::First, 100).await.unwrap();
        // `100%` is in the metadata of one row.
        let expected = usize::from(filter.search.as_deref() == Some("%"));
        assert_eq!((page.items.len(), page.next), (expected, None), "{filter:?}");
    }
}

/// Newest first, ties broken by id, whatever is recorded meanwhile.
pub async fn pages(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let mut all = w.repositories();
    let mut audit = all.audit();
    let mut expected = Vec::new();
    for n in 0..9 {
        let event = AuditEvent { created_at: NOW + (n / 3) * MINUTE, ..w.event("page") };
        audit.record(&event).await.unwrap();
        expected.push((event.created_at, event.id));
    }
    expected.sort();
    expected.reverse();
    let filter = AuditFilter { event: Some(EventFilter::Named("page".to_owned())), ..AuditFilter::default() };
    for limit in [1, 2, 3, 9, 10] {
        let (mut seen, mut start) = (Vec::new(), PageStart::First);
        loop {
            let page = audit.list(&filter, &start, limit).await.unwrap();
            seen.extend(page.items.iter().map(|row| (row.event.created_at, row.event.id)));
            let late = AuditEvent { created_at: NOW + HOUR, ..w.event("late") };
            audit.record(&late).await.unwrap();
            let Some(next) = page.next else { break };
            start = PageStart::After(next);
        }
        assert_eq!(seen, expected, "{limit}");
    }
    let second = audit.list(&filter, &PageStart::Offset(4), 2).await.unwrap();
    let ids: Vec<_> = second.items.iter().map(|row| (row.event.created_at, row.event.id)).collect();
    assert_eq!(ids, expected[4..6]);
}

/// Oldest first and no more than asked for; the limit of time itself is not old.
pub async fn old_rows_are_deleted(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let mut all = w.repositories();
    let mut audit = all.audit();
    for n in 1..=4 {
        let event = AuditEvent { created_at: NOW - n * HOUR, ..w.event(&format!("old {n}")) };
        audit.record(&event).await.unwrap();
    }
    let before = NOW - HOUR;
    assert_eq!(audit.count_older(before).await.unwrap(), 3);
    assert_eq!(audit.delete_older(before, 2).await.unwrap(), 2);
    let mut left = Vec::new();
    for n in 1..=4 {
        left.push(w.events(&format!("old {n}")).await);
    }
    assert_eq!(left, [1, 1, 0, 0]);
    assert_eq!(audit.delete_older(before, 2).await.unwrap(), 1);
    assert_eq!(
        (audit.delete_older(before, 2).await.unwrap(), audit.count_older(before).await.unwrap()),
        (0, 0)
    );
    assert_eq!(w.events("old 1").await, 1);
}
