//! Reads families, tokens and rights from rows.

use porta_core::session::{AccessToken, RefreshToken, TokenFamily};
use porta_core::{ClaimDefinitionId, EntityId as _, RoleId};
use porta_store::{AssignedRights, Result, TokenValidity};
use uuid::Uuid;

use crate::kernel::{Reader, Record};

macro_rules! family_columns {
    ($($form:tt)+) => {
        $crate::kernel::columns! {
            $($form)+;
            id,
            organization_id,
            client_id,
            user_id,
            grant_id,
            session_id,
            is_offline,
            scope,
            nonce,
            auth_time,
            acr,
            amr,
            claims,
            expires_at,
            created_at
        }
    };
}
pub(super) use family_columns;
family_columns!(enum FamilyColumn of "token_families");

macro_rules! access_token_columns {
    ($($form:tt)+) => {
        $crate::kernel::columns! { $($form)+; digest, family_id, scope, expires_at, created_at }
    };
}
pub(super) use access_token_columns;
access_token_columns!(enum AccessColumn of "access_tokens");

macro_rules! refresh_token_columns {
    ($($form:tt)+) => {
        $crate::kernel::columns! {
            $($form)+; digest, family_id, expires_at, created_at, rotated_at, successor, rotated_by, shared_at
        }
    };
}
pub(super) use refresh_token_columns;
refresh_token_columns!(enum RefreshColumn of "refresh_tokens");

/// Reads the columns of [`family_columns`], which begin at the reader's position in a joined row. The functions below do
/// the same for their columns.
pub(super) fn next_family(reader: &mut Reader<'_>) -> Result<TokenFamily> {
    let r: Record<'_, FamilyColumn> = reader.record();
    Ok(TokenFamily {
        id: r.id(FamilyColumn::id)?,
        organization_id: r.id(FamilyColumn::organization_id)?,
        client: r.id(FamilyColumn::client_id)?,
        user_id: r.id(FamilyColumn::user_id)?,
        grant_id: r.id(FamilyColumn::grant_id)?,
        session: r.id(FamilyColumn::session_id)?,
        is_offline: r.flag(FamilyColumn::is_offline)?,
        scope: r.text(FamilyColumn::scope)?,
        nonce: r.opt_text(FamilyColumn::nonce)?,
        auth_time: r.time(FamilyColumn::auth_time)?,
        acr: r.text(FamilyColumn::acr)?,
        amr: r.json(FamilyColumn::amr)?,
        claims: r.opt_json(FamilyColumn::claims)?,
        expires_at: r.time(FamilyColumn::expires_at)?,
        created_at: r.time(FamilyColumn::created_at)?,
    })
}

pub(super) fn next_access_token(reader: &mut Reader<'_>) -> Result<AccessToken> {
    let r: Record<'_, AccessColumn> = reader.record();
    Ok(AccessToken {
        digest: r.digest(AccessColumn::digest)?,
        family: r.id(AccessColumn::family_id)?,
        scope: r.text(AccessColumn::scope)?,
        expires_at: r.time(AccessColumn::expires_at)?,
        created_at: r.time(AccessColumn::created_at)?,
    })
}

pub(super) fn next_refresh_token(reader: &mut Reader<'_>) -> Result<RefreshToken> {
    let r: Record<'_, RefreshColumn> = reader.record();
    Ok(RefreshToken {
        digest: r.digest(RefreshColumn::digest)?,
        family: r.id(RefreshColumn::family_id)?,
        expires_at: r.time(RefreshColumn::expires_at)?,
        created_at: r.time(RefreshColumn::created_at)?,
        rotated_at: r.opt_time(RefreshColumn::rotated_at)?,
        successor: r.opt_digest(RefreshColumn::successor)?,
        rotated_by: r.opt_digest(RefreshColumn::rotated_by)?,
        shared_at: r.opt_time(RefreshColumn::shared_at)?,
    })
}

pub(crate) fn next_validity(r: &mut Reader<'_>) -> Result<TokenValidity> {
    Ok(TokenValidity {
        family_revoked: r.flag()?,
        authorized_at: r.time("created_at")?,
        family_expires_at: r.time("expires_at")?,
        is_offline: r.flag()?,
        session_live: r.flag()?,
        user_active: r.flag()?,
    })
}

pub(super) fn next_rights(r: &mut Reader<'_>) -> Result<AssignedRights> {
    let roles: Vec<Uuid> = r.opt_json()?.unwrap_or_default();
    let claims: Vec<(Uuid, serde_json::Value)> = r.opt_json()?.unwrap_or_default();
    Ok(AssignedRights {
        roles: roles.into_iter().map(RoleId::from_uuid).collect(),
        claims: claims.into_iter().map(|(id, value)| (ClaimDefinitionId::from_uuid(id), value)).collect(),
    })
}
