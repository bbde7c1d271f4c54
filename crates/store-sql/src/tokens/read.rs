//! Families, tokens and rights as rows.

use porta_core::session::{AccessToken, RefreshToken, TokenFamily};
use porta_store::{CustomClaim, Liveness, Result, Rights};
use serde::{Deserialize, Deserializer};

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
    })
}

pub(super) fn liveness(r: &mut Reader<'_>) -> Result<Liveness> {
    r.in_table("token_families");
    Ok(Liveness {
        family_revoked: r.flag()?,
        family_expires_at: r.time("expires_at")?,
        session_live: r.flag()?,
        user_active: r.flag()?,
        client_active: r.flag()?,
        organization_active: r.flag()?,
    })
}

/// PostgreSQL writes booleans into JSON, SQLite zero and one.
struct Flag(bool);

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::Bool(value) => Ok(Self(value)),
            serde_json::Value::Number(value) => Ok(Self(value.as_i64() != Some(0))),
            other => Err(serde::de::Error::custom(format!("not a boolean: {other}"))),
        }
    }
}

pub(super) fn rights(r: &mut Reader<'_>) -> Result<Rights> {
    let roles = r.opt_json()?.unwrap_or_default();
    let permissions = r.opt_json()?.unwrap_or_default();
    let claims: Option<Vec<(String, serde_json::Value, Flag, Flag, Flag)>> = r.opt_json()?;
    let claims =
        claims.unwrap_or_default().into_iter().map(|(name, value, id_token, access_token, userinfo)| {
            CustomClaim {
                name,
                value,
                include_in_id_token: id_token.0,
                include_in_access_token: access_token.0,
                include_in_userinfo: userinfo.0,
            }
        });
    Ok(Rights { roles, permissions, claims: claims.collect() })
}
