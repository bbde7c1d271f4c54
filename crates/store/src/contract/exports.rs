//! What exports read of many users at once.

use std::sync::Arc;

use porta_core::user::User;
use porta_core::{EntityId as _, Slug};
use serde_json::json;

use super::applications::{claim, role};
use super::fixture::{MINUTE, NOW, Tenant, TwoTenants, application, one_round_trip, user};
use crate::{Cursor, ExportedRole, ExportedValue, Store};

fn position(user: &User) -> Cursor {
    Cursor { created_at: user.created_at, id: user.id.uuid() }
}

/// Three users of a tenant, one minute after the other, and their addresses.
async fn three(w: &TwoTenants, tenant: &Tenant) -> Vec<User> {
    let mut users = Vec::new();
    for (n, name) in ["c", "b", "a"].into_iter().enumerate() {
        let created_at = NOW + MINUTE * u32::try_from(n + 1).unwrap();
        let address = format!("{name}@{}.test", tenant.organization.slug);
        let user =
            User { created_at, updated_at: created_at, ..user(tenant.organization.id, &address, &w.entropy) };
        w.repositories().users(tenant.organization.id).insert(&user).await.unwrap();
        users.push(user);
    }
    users
}

fn slug(text: &str) -> Slug {
    Slug::for_role(text).unwrap()
}

fn has_role(user: &User, application: &str, role: &str) -> ExportedRole {
    ExportedRole { email: user.email.shown().to_owned(), application: slug(application), role: slug(role) }
}

pub async fn roles_of_users(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let (mine, theirs) = (three(&w, &w.acme).await, three(&w, &w.other).await);
    let mut all = w.repositories();
    let admin = all.organizations().by_slug(&slug("porta-admin")).await.unwrap().unwrap().id;
    let wiki = application(None, "wiki", &w.entropy);
    let reader = role(wiki.id, "reader", "Reader", &w.entropy);
    all.applications(admin).insert(&wiki).await.unwrap();
    all.applications(admin).insert_role(&reader).await.unwrap();
    for (tenant, users) in [(&w.acme, &mine), (&w.other, &theirs)] {
        let mut apps = all.applications(tenant.organization.id);
        let clerk = role(tenant.application.id, "clerk", "Clerk", &w.entropy);
        apps.insert_role(&clerk).await.unwrap();
        for (user, role) in [(0, &clerk), (0, &reader), (1, &reader), (2, &clerk)] {
            assert!(apps.assign_role(users[user].id, role.id, None, NOW).await.unwrap());
        }
    }
    let mut exports = all.exports(w.acme.organization.id);
    let page = exports.roles(position(&mine[0]), position(&mine[1]));
    let found = one_round_trip(&w.store, page).await.unwrap();
    let expected = [
        has_role(&mine[0], "shop", "clerk"),
        has_role(&mine[0], "wiki", "reader"),
        has_role(&mine[1], "wiki", "reader"),
    ];
    assert_eq!(found, expected, "in the order of creation, and not beyond the last");
    let rest = exports.roles(position(&mine[2]), position(&mine[2])).await.unwrap();
    assert_eq!(rest, [has_role(&mine[2], "shop", "clerk")]);
    drop(exports);
    // The same places in another organization are its own users.
    let mut other = all.exports(w.other.organization.id);
    let found = other.roles(position(&mine[0]), position(&mine[2])).await.unwrap();
    assert!(found.iter().all(|role| role.email.ends_with("@other.test")), "{found:?}");
}

pub async fn values_of_users(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let (mine, theirs) = (three(&w, &w.acme).await, three(&w, &w.other).await);
    let mut all = w.repositories();
    for (tenant, users) in [(&w.acme, &mine), (&w.other, &theirs)] {
        let mut apps = all.applications(tenant.organization.id);
        let (size, badge) = (
            claim(tenant.application.id, "size", &w.entropy),
            claim(tenant.application.id, "badge", &w.entropy),
        );
        apps.insert_claim(&size).await.unwrap();
        apps.insert_claim(&badge).await.unwrap();
        for (user, claim, value) in
            [(0, &size, json!({ "of": [1, null] })), (0, &badge, json!("B")), (2, &size, json!(false))]
        {
            apps.set_claim_value(users[user].id, claim.id, &value, NOW).await.unwrap();
        }
    }
    let value = |user: &User, claim: &str, value| ExportedValue {
        email: user.email.shown().to_owned(),
        application: slug("shop"),
        claim: claim.to_owned(),
        value,
    };
    let mut exports = all.exports(w.acme.organization.id);
    let page = exports.values(position(&mine[0]), position(&mine[2]));
    let found = one_round_trip(&w.store, page).await.unwrap();
    let expected = [
        value(&mine[0], "badge", json!("B")),
        value(&mine[0], "size", json!({ "of": [1, null] })),
        value(&mine[2], "size", json!(false)),
    ];
    assert_eq!(found, expected);
    assert!(exports.values(position(&mine[1]), position(&mine[1])).await.unwrap().is_empty());
    drop(exports);
    let mut other = all.exports(w.other.organization.id);
    let found = other.values(position(&mine[0]), position(&mine[2])).await.unwrap();
    assert!(found.iter().all(|value| value.email.ends_with("@other.test")), "{found:?}");
}
