//! Reads families, tokens and rights from rows.

use porta_core::session::{AccessToken, RefreshToken, TokenFamily};
use porta_core::{ClaimDefinitionId, EntityId as _, RoleId};
use porta_store::{AssignedRights, Result, TokenValidity};
use uuid::Uuid;

use crate::kernel::Reader;

macro_rules! family_columns {
    ($prefix:literal) => {
        $crate::kernel::columns!(
            $prefix,
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
        )
    };
}
pub(super) use family_columns;

pub(super) fn family(r: &mut Reader<'_>) -> Result<TokenFamily> {
    r.in_table("token_families");
    Ok(TokenFamily {
        id: r.id()?,
        organization_id: r.id()?,
        client: r.id()?,
        user_id: r.id()?,
        grant_id: r.id()?,
        session: r.id()?,
        is_offline: r.flag()?,
        scope: r.text()?,
        nonce: r.opt_text()?,
        auth_time: r.time("auth_time")?,
        acr: r.text()?,
        amr: r.json("amr")?,
        claims: r.opt_json()?,
        expires_at: r.time("expires_at")?,
        created_at: r.time("created_at")?,
    })
}

pub(super) fn access_token(r: &mut Reader<'_>) -> Result<AccessToken> {
    r.in_table("access_tokens");
    Ok(AccessToken {
        digest: r.digest("digest")?,
        family: r.id()?,
        scope: r.text()?,
        expires_at: r.time("expires_at")?,
        created_at: r.time("created_at")?,
    })
}

pub(super) fn refresh_token(r: &mut Reader<'_>) -> Result<RefreshToken> {
    r.in_table("refresh_tokens");
    Ok(RefreshToken {
        digest: r.digest("digest")?,
        family: r.id()?,
        expires_at: r.time("expires_at")?,
        created_at: r.time("created_at")?,
        rotated_at: r.opt_time()?,
        successor: r.opt_digest("successor")?,
        rotated_by: r.opt_digest("rotated_by")?,
        shared_at: r.opt_time()?,
    })
}

pub(super) fn validity(r: &mut Reader<'_>) -> Result<TokenValidity> {
    r.in_table("token_families");
    Ok(TokenValidity {
        family_revoked: r.flag()?,
        authorized_at: r.time("created_at")?,
        family_expires_at: r.time("expires_at")?,
        is_offline: r.flag()?,
        session_live: r.flag()?,
        user_active: r.flag()?,
    })
}

pub(super) fn held_rights(r: &mut Reader<'_>) -> Result<AssignedRights> {
    let roles: Vec<Uuid> = r.opt_json()?.unwrap_or_default();
    let claims: Vec<(Uuid, serde_json::Value)> = r.opt_json()?.unwrap_or_default();
    Ok(AssignedRights {
        roles: roles.into_iter().map(RoleId::from_uuid).collect(),
        claims: claims.into_iter().map(|(id, value)| (ClaimDefinitionId::from_uuid(id), value)).collect(),
    })
}
