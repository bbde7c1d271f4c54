//! Token families, tokens, and the facts about them.

use std::sync::Arc;

use porta_core::session::{AccessToken, Grant, RefreshToken, TokenFamily};
use porta_core::user::UserStatus;
use porta_core::{GrantId, SessionKey, Timestamp, TokenFamilyId};
use serde_json::json;

use super::applications::{claim, permission, role};
use super::fixture::{HOUR, MINUTE, NOW, TwoTenants, family as family_of, one_round_trip};
use crate::{AssignedRights, CustomClaim, Revocation, Rights, Store, StoreError};

pub async fn issuing(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let mut all = w.repositories();
    let mut tokens = all.tokens(w.acme.organization.id);
    let family = w.family();
    let facts = one_round_trip(&w.store, tokens.issuance_facts(&family, NOW)).await.unwrap().unwrap();
    assert_eq!(facts.user, w.acme.user);
    assert_eq!(facts.rights, AssignedRights::default());
    assert_eq!((facts.grant_exists, facts.session_live, facts.family_exists), (true, true, false));
    let (access, refresh) = (w.access(family.id), w.refresh(family.id));
    let issue = tokens.issue(&family, &access, Some(&refresh));
    assert!(one_round_trip(&w.store, issue).await.unwrap());
    assert!(tokens.issuance_facts(&family, NOW).await.unwrap().unwrap().family_exists);
    let (late_access, late_refresh) = (w.access(family.id), w.refresh(family.id));
    assert!(!tokens.issue(&family, &late_access, Some(&late_refresh)).await.unwrap());
    assert_eq!(tokens.access_facts(&late_access.digest, NOW).await.unwrap(), None, "nothing was written");
    assert_eq!(tokens.refresh_facts(&late_refresh.digest, NOW).await.unwrap(), None);
    // The expiry of session and grant, and a session and grant that are not the user's.
    let end = w.acme.session.expires_at;
    let before_end = Timestamp::from_micros(end.micros() - 1);
    assert!(tokens.issuance_facts(&family, before_end).await.unwrap().unwrap().session_live);
    assert!(!tokens.issuance_facts(&family, end).await.unwrap().unwrap().session_live);
    let end = w.acme.grant.expires_at;
    assert!(!tokens.issuance_facts(&family, end).await.unwrap().unwrap().grant_exists);
    let strange = TokenFamily {
        grant_id: GrantId::new(NOW, &w.entropy),
        session: SessionKey::new(NOW, &w.entropy),
        ..w.family()
    };
    let facts = tokens.issuance_facts(&strange, NOW).await.unwrap().unwrap();
    assert_eq!((facts.grant_exists, facts.session_live), (false, false));
    let orphan = TokenFamily { user_id: w.other.user.id, ..w.family() };
    let refused = tokens.issue(&orphan, &w.access(orphan.id), None).await;
    assert!(matches!(refused, Err(StoreError::MissingReference(_))), "{refused:?}");
}

pub async fn access_facts(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let mut all = w.repositories();
    let org = w.acme.organization.id;
    let family = w.family();
    let access = w.access(family.id);
    assert!(all.tokens(org).issue(&family, &access, None).await.unwrap());
    let digest = access.digest;
    let mut tokens = all.tokens(org);
    let facts = one_round_trip(&w.store, tokens.access_facts(&digest, NOW)).await.unwrap().unwrap();
    assert_eq!((&facts.token, facts.client, facts.user_id), (&access, family.client, family.user_id));
    assert_eq!((facts.validity.is_offline, facts.validity.is_live(NOW)), (family.is_offline, true));
    // Returned whether or not it is expired: the caller decides.
    assert_eq!(tokens.access_facts(&digest, NOW + 999 * HOUR).await.unwrap().unwrap().token, access);
    let second = w.access(family.id);
    tokens.add_access_token(&second).await.unwrap();
    tokens.add_access_token(&second).await.unwrap();
    assert_eq!(tokens.access_facts(&second.digest, NOW).await.unwrap().unwrap().token, second);
    let homeless = w.access(TokenFamilyId::new(NOW, &w.entropy));
    assert!(matches!(tokens.add_access_token(&homeless).await, Err(StoreError::MissingReference(_))));
    assert!(tokens.delete_access_token(&second.digest).await.unwrap());
    assert!(!tokens.delete_access_token(&second.digest).await.unwrap());
    drop(tokens);
    // Suspension of the user and the end of the session invalidate it.
    let user = w.acme.user.id;
    let (active, suspended) = (UserStatus::Active, UserStatus::Suspended);
    all.users(org).set_status(user, active, suspended, None, NOW).await.unwrap();
    let facts = all.tokens(org).access_facts(&digest, NOW).await.unwrap().unwrap();
    assert!(!facts.validity.user_active && !facts.validity.is_live(NOW), "{:?}", facts.validity);
    all.users(org).set_status(user, suspended, active, None, NOW).await.unwrap();
    let end = w.acme.session.expires_at;
    let facts = all.tokens(org).access_facts(&digest, end).await.unwrap().unwrap();
    assert!(!facts.validity.session_live && !facts.validity.family_revoked);
    assert!(all.tokens(org).access_facts(&digest, NOW).await.unwrap().unwrap().validity.is_live(NOW));
}

pub async fn refresh_and_rotation(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let mut all = w.repositories();
    let mut tokens = all.tokens(w.acme.organization.id);
    let family = w.family();
    let (first, by) = (w.refresh(family.id), w.digest());
    assert!(tokens.issue(&family, &w.access(family.id), Some(&first)).await.unwrap());
    let facts = one_round_trip(&w.store, tokens.refresh_facts(&first.digest, NOW)).await.unwrap().unwrap();
    assert_eq!((&facts.token, &facts.family, &facts.user), (&first, &family, &w.acme.user));
    assert!(facts.validity.is_live(NOW) && !facts.successor_rotated);
    assert_eq!((facts.successor_since, facts.rotated_since()), (None, None));
    // Exactly at its expiry it is too late.
    let (second, access) = (w.refresh(family.id), w.access(family.id));
    assert!(!tokens.rotate(&first.digest, &second, &access, &by, first.expires_at).await.unwrap());
    let elsewhere = RefreshToken { family: TokenFamilyId::new(NOW, &w.entropy), ..second.clone() };
    assert!(!tokens.rotate(&first.digest, &elsewhere, &access, &by, NOW).await.unwrap());
    let now = NOW + MINUTE;
    let second = RefreshToken { created_at: now, ..second };
    let rotate = tokens.rotate(&first.digest, &second, &access, &by, now);
    assert!(one_round_trip(&w.store, rotate).await.unwrap());
    assert!(
        !tokens.rotate(&first.digest, &w.refresh(family.id), &w.access(family.id), &by, now).await.unwrap()
    );
    let old = tokens.refresh_facts(&first.digest, now).await.unwrap().unwrap();
    assert_eq!((old.token.rotated_at, old.token.successor), (Some(now), Some(second.digest)));
    assert_eq!((old.token.rotated_by, old.token.shared_at), (Some(by), None));
    assert_eq!(
        (old.successor_rotated, old.successor_since, old.rotated_since()),
        (false, Some(now), Some(now))
    );
    assert_eq!(tokens.refresh_facts(&second.digest, now).await.unwrap().unwrap().token, second);
    assert!(tokens.access_facts(&access.digest, now).await.unwrap().is_some());
    let third = w.refresh(family.id);
    assert!(tokens.rotate(&second.digest, &third, &w.access(family.id), &by, now).await.unwrap());
    assert!(tokens.refresh_facts(&first.digest, now).await.unwrap().unwrap().successor_rotated);
    assert_eq!(tokens.revoke(Revocation::Family(family.id), now).await.unwrap(), 1);
    let (fourth, refused) = (w.refresh(family.id), w.access(family.id));
    assert!(
        !tokens.rotate(&third.digest, &fourth, &refused, &by, now).await.unwrap(),
        "the family was revoked"
    );
    assert_eq!(tokens.refresh_facts(&fourth.digest, now).await.unwrap(), None);
    assert_eq!(tokens.access_facts(&refused.digest, now).await.unwrap(), None);
}

/// That several callers hold a token is recorded once.
pub async fn shared_tokens(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let mut all = w.repositories();
    let family = w.family();
    let (held, access) = (w.refresh(family.id), w.access(family.id));
    let mut tokens = all.tokens(w.acme.organization.id);
    assert!(tokens.issue(&family, &w.access(family.id), Some(&held)).await.unwrap());
    drop(tokens);
    let mut other = all.tokens(w.other.organization.id);
    assert!(!other.share(&access, &held.digest).await.unwrap());
    drop(other);
    let mut tokens = all.tokens(w.acme.organization.id);
    assert_eq!(tokens.access_facts(&access.digest, NOW).await.unwrap(), None, "nothing was written");
    assert_eq!(tokens.refresh_facts(&held.digest, NOW).await.unwrap().unwrap().token.shared_at, None);
    assert!(one_round_trip(&w.store, tokens.share(&access, &held.digest)).await.unwrap());
    let late = AccessToken { created_at: NOW + MINUTE, ..w.access(family.id) };
    assert!(!tokens.share(&late, &held.digest).await.unwrap(), "that is known");
    for token in [&access, &late] {
        assert!(tokens.access_facts(&token.digest, NOW).await.unwrap().is_some());
    }
    assert_eq!(tokens.refresh_facts(&held.digest, NOW).await.unwrap().unwrap().token.shared_at, Some(NOW));
    let stranger = w.family();
    assert!(tokens.issue(&stranger, &w.access(stranger.id), None).await.unwrap());
    assert!(!tokens.share(&w.access(stranger.id), &held.digest).await.unwrap(), "of another family");
}

/// A code was exchanged during a revocation: its family is stored after everything else was revoked.
pub async fn late_families(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let mut all = w.repositories();
    let (org, user) = (w.acme.organization.id, w.acme.user.id);
    let is_live = async |token: &AccessToken, at| {
        let facts = w.repositories().tokens(org).access_facts(&token.digest, at).await.unwrap().unwrap();
        facts.validity.is_live(at)
    };
    let now = NOW + MINUTE;
    assert_eq!(all.tokens(org).revoke(Revocation::TokensOf(user), now).await.unwrap(), 0);
    for (at, lives) in [(NOW, false), (now, false), (now + MINUTE, true)] {
        let family = TokenFamily { is_offline: true, created_at: at, ..w.family() };
        let (access, refresh) = (w.access(family.id), w.refresh(family.id));
        let facts = all.tokens(org).issuance_facts(&family, now).await.unwrap().unwrap();
        assert_eq!((facts.ended, facts.session_live), (!lives, true), "{at:?}");
        assert!(all.tokens(org).issue(&family, &access, Some(&refresh)).await.unwrap());
        assert_eq!(is_live(&access, now).await, lives, "{at:?}");
        let facts = all.tokens(org).refresh_facts(&refresh.digest, now).await.unwrap().unwrap();
        assert_eq!((facts.validity.is_live(now), facts.validity.authorized_at), (lives, at));
    }
    // The session and other users are not affected.
    assert_eq!(all.sessions(org).by_id(w.acme.session.id).await.unwrap().unwrap().revoked_at, None);
    let theirs = family_of(&w.other, &w.entropy);
    let access = w.access(theirs.id);
    let elsewhere = w.other.organization.id;
    assert_eq!(all.tokens(elsewhere).revoke(Revocation::TokensOf(user), now + MINUTE).await.unwrap(), 0);
    assert!(all.tokens(elsewhere).issue(&theirs, &access, None).await.unwrap());
    let facts = all.tokens(elsewhere).access_facts(&access.digest, NOW).await.unwrap().unwrap();
    assert!(facts.validity.is_live(NOW));
    // A withdrawn grant, and a new one of the same user and client.
    let late = TokenFamily { is_offline: true, created_at: now + MINUTE, ..w.family() };
    let access = w.access(late.id);
    assert!(all.sessions(org).end_grant(user, w.acme.grant.id, now, &w.event("withdrawn")).await.unwrap());
    assert!(all.tokens(org).issue(&late, &access, None).await.unwrap());
    assert!(!is_live(&access, now).await);
    let again = Grant { id: GrantId::new(now, &w.entropy), ..w.acme.grant.clone() };
    all.sessions(org).extend_grant(None, &again, None).await.unwrap();
    assert!(!is_live(&access, now).await, "what was withdrawn does not come back");
    let anew = TokenFamily { id: TokenFamilyId::new(now, &w.entropy), grant_id: again.id, ..late };
    let access = w.access(anew.id);
    assert!(all.tokens(org).issue(&anew, &access, None).await.unwrap());
    assert!(is_live(&access, now).await);
}

pub async fn userinfo_and_rights(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let mut all = w.repositories();
    let (org, user, app) = (w.acme.organization.id, w.acme.user.id, w.acme.application.id);
    let elsewhere = super::fixture::application(Some(org), "elsewhere", &w.entropy);
    let mut apps = all.applications(org);
    apps.insert(&elsewhere).await.unwrap();
    let (writer, reader) =
        (role(app, "writer", "A writer", &w.entropy), role(app, "reader", "B reader", &w.entropy));
    let foreign = role(elsewhere.id, "foreign", "Foreign", &w.entropy);
    let (read, write) =
        (permission(app, "shop:order:read", &w.entropy), permission(app, "shop:order:write", &w.entropy));
    for r in [&reader, &writer, &foreign] {
        apps.insert_role(r).await.unwrap();
        assert!(apps.assign_role(user, r.id, None, NOW).await.unwrap());
    }
    for p in [&write, &read] {
        apps.insert_permission(p).await.unwrap();
        apps.link_permission(writer.id, p.id, NOW).await.unwrap();
    }
    apps.link_permission(reader.id, read.id, NOW).await.unwrap();
    let (team, level) = (claim(app, "team", &w.entropy), claim(app, "level", &w.entropy));
    let hidden = claim(elsewhere.id, "hidden", &w.entropy);
    for (definition, value) in
        [(&team, json!({"a": [true, null, 1.5]})), (&level, json!(7)), (&hidden, json!("x"))]
    {
        apps.insert_claim(definition).await.unwrap();
        apps.set_claim_value(user, definition.id, &value, NOW).await.unwrap();
    }
    drop(apps);
    let custom = |name: &str, value| CustomClaim {
        name: name.to_owned(),
        value,
        include_in_id_token: false,
        include_in_access_token: true,
        include_in_userinfo: true,
    };
    let expected = Rights {
        roles: vec!["writer".to_owned(), "reader".to_owned()],
        permissions: vec!["shop:order:read".to_owned(), "shop:order:write".to_owned()],
        claims: vec![custom("level", json!(7)), custom("team", json!({"a": [true, null, 1.5]}))],
    };
    let family = w.family();
    let (access, refresh) = (w.access(family.id), w.refresh(family.id));
    let id = w.acme.client.client_id.clone();
    let catalog =
        one_round_trip(&w.store, all.clients(org).for_protocol(&id)).await.unwrap().unwrap().catalog;
    let mut tokens = all.tokens(org);
    let held = one_round_trip(&w.store, tokens.issuance_facts(&family, NOW)).await.unwrap().unwrap().rights;
    assert_eq!((held.roles.len(), held.claims.len()), (3, 3), "of every application");
    assert_eq!(catalog.rights(held), expected);
    assert!(tokens.issue(&family, &access, Some(&refresh)).await.unwrap());
    let seen = one_round_trip(&w.store, tokens.userinfo_facts(&access.digest, NOW)).await.unwrap().unwrap();
    assert_eq!((&seen.claims, &seen.user, &seen.access.token), (&family.claims, &w.acme.user, &access));
    assert_eq!(catalog.rights(seen.rights), expected);
    let seen = tokens.refresh_facts(&refresh.digest, NOW).await.unwrap().unwrap();
    assert_eq!(catalog.rights(seen.rights), expected);
}

pub async fn endings(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let mut all = w.repositories();
    let org = w.acme.organization.id;
    let endings = [
        Revocation::Client(w.acme.client.id),
        Revocation::Grant(w.acme.grant.id),
        Revocation::Session(w.acme.session.id),
        Revocation::User(w.acme.user.id),
        Revocation::Everything,
    ];
    for what in endings {
        let (one, two) = (w.family(), w.family());
        let theirs = family_of(&w.other, &w.entropy);
        let tokens = [w.access(one.id), w.access(two.id), w.access(theirs.id)];
        assert!(all.tokens(org).issue(&one, &tokens[0], None).await.unwrap());
        assert!(all.tokens(org).issue(&two, &tokens[1], None).await.unwrap());
        assert!(all.tokens(w.other.organization.id).issue(&theirs, &tokens[2], None).await.unwrap());
        assert_eq!(all.tokens(org).revoke(what, NOW).await.unwrap(), 2, "{what:?}");
        assert_eq!(all.tokens(org).revoke(what, NOW).await.unwrap(), 0, "{what:?}");
        for token in &tokens[..2] {
            let facts = all.tokens(org).access_facts(&token.digest, NOW).await.unwrap().unwrap();
            assert!(facts.validity.family_revoked, "{what:?}");
        }
        let facts =
            all.tokens(w.other.organization.id).access_facts(&tokens[2].digest, NOW).await.unwrap().unwrap();
        assert!(facts.validity.is_live(NOW), "{what:?}");
    }
    let session = all.sessions(org).by_id(w.acme.session.id).await.unwrap().unwrap();
    assert_eq!(session.revoked_at, Some(NOW));
}

pub async fn forbidden_families(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let mut all = w.repositories();
    let mut tokens = all.tokens(w.acme.organization.id);
    // The replay came first.
    let family = w.family();
    let replay = w.event("replay");
    one_round_trip(&w.store, tokens.forbid_family(&family, NOW, &replay)).await.unwrap();
    let access = w.access(family.id);
    assert!(!tokens.issue(&family, &access, None).await.unwrap());
    assert_eq!(tokens.access_facts(&access.digest, NOW).await.unwrap(), None);
    // The legitimate exchange came first.
    let family = w.family();
    let access = w.access(family.id);
    assert!(tokens.issue(&family, &access, None).await.unwrap());
    tokens.forbid_family(&family, NOW + MINUTE, &w.event("replay")).await.unwrap();
    assert!(tokens.access_facts(&access.digest, NOW).await.unwrap().unwrap().validity.family_revoked);
    tokens.forbid_family(&family, NOW + MINUTE, &w.event("replay")).await.unwrap();
    assert_eq!(w.events("replay").await, 3, "every attempt leaves a row");
}

pub async fn another_organization_sees_nothing(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let mut all = w.repositories();
    let org = w.acme.organization.id;
    let family = w.family();
    let (access, refresh) = (w.access(family.id), w.refresh(family.id));
    assert!(all.tokens(org).issue(&family, &access, Some(&refresh)).await.unwrap());
    let mut other = all.tokens(w.other.organization.id);
    assert_eq!(other.organization(), w.other.organization.id);
    assert_eq!(other.issuance_facts(&family, NOW).await.unwrap(), None);
    assert_eq!(other.access_facts(&access.digest, NOW).await.unwrap(), None);
    assert_eq!(other.userinfo_facts(&access.digest, NOW).await.unwrap(), None);
    assert_eq!(other.refresh_facts(&refresh.digest, NOW).await.unwrap(), None);
    assert!(
        !other
            .rotate(&refresh.digest, &w.refresh(family.id), &w.access(family.id), &w.digest(), NOW)
            .await
            .unwrap()
    );
    assert!(!other.delete_access_token(&access.digest).await.unwrap());
    let more = w.access(family.id);
    assert!(matches!(other.add_access_token(&more).await, Err(StoreError::MissingReference(_))));
    let fresh = w.family();
    assert!(matches!(
        other.issue(&fresh, &w.access(fresh.id), None).await,
        Err(StoreError::MissingReference(_))
    ));
    assert!(matches!(
        other.forbid_family(&family, NOW, &w.event("replay")).await,
        Err(StoreError::MissingReference(_))
    ));
    // The same id, with their organization.
    let disguised = TokenFamily { id: family.id, ..family_of(&w.other, &w.entropy) };
    other.forbid_family(&disguised, NOW, &w.event("replay")).await.unwrap();
    assert!(!other.issue(&disguised, &w.access(family.id), None).await.unwrap());
    let kinds = [
        Revocation::Family(family.id),
        Revocation::Session(family.session),
        Revocation::User(family.user_id),
        Revocation::Client(family.client),
        Revocation::Grant(family.grant_id),
        Revocation::Everything,
    ];
    for what in kinds {
        assert_eq!(other.revoke(what, NOW).await.unwrap(), 0, "{what:?}");
    }
    drop(other);
    let facts = all.tokens(org).access_facts(&access.digest, NOW).await.unwrap().unwrap();
    assert!(facts.validity.is_live(NOW));
    assert_eq!(all.tokens(org).refresh_facts(&refresh.digest, NOW).await.unwrap().unwrap().token, refresh);
    assert_eq!(w.events("replay").await, 0);
}
