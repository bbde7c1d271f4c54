//! What the token endpoints need, read by one statement each: joins by primary key, and correlated aggregates for what
//! the user holds. The status of client and organization, and the definitions of roles and claims, are cached in
//! memory: two more joins and three more aggregates would double PostgreSQL's time for each read.

use porta_core::session::TokenFamily;
use porta_core::{Timestamp, TokenDigest};
use porta_store::{AccessTokenFacts, IssuanceFacts, RefreshTokenFacts, Result, UserInfoFacts};

use super::Tokens;
use super::read::{self, access_token_columns, family_columns, refresh_token_columns};
use crate::kernel::{Reader, Value, at, digest, statements, uuid};
use crate::users::{may_continue, next_user, user_columns};

/// Role and claim assignments of user `u`, two columns; the applications' catalogs define their meaning.
macro_rules! held_columns {
    (postgres) => {
        "(SELECT json_agg(ur.role_id) FROM user_roles ur WHERE ur.user_id = u.id), \
         (SELECT json_agg(json_build_array(v.claim_id, v.value)) FROM custom_claim_values v WHERE v.user_id = u.id)"
    };
    (sqlite) => {
        "(SELECT json_group_array(lower(hex(ur.role_id))) FROM user_roles ur WHERE ur.user_id = u.id), \
         (SELECT json_group_array(json_array(lower(hex(v.claim_id)), json(v.value))) FROM custom_claim_values v \
          WHERE v.user_id = u.id)"
    };
}

/// Six facts about family `f` at `$now`. A family also counts as revoked when its session, its grant or all tokens of its
/// user were revoked: that revocation misses a family that is being issued at the same moment.
macro_rules! liveness_columns {
    ($now:literal) => {
        concat!(
            "f.revoked_at IS NOT NULL OR s.revoked_at IS NOT NULL OR g.id IS NULL \
             OR COALESCE(f.created_at <= u.tokens_valid_since, FALSE), f.created_at, f.expires_at, f.is_offline, \
         COALESCE(s.revoked_at IS NULL AND s.expires_at > ",
            $now,
            ", FALSE), ",
            may_continue!("u.")
        )
    };
}
pub(crate) use liveness_columns;
/// Joins from token `t`, found by its digest, upwards, each step by primary key. Without statistics the planner would
/// choose another way, for instance through all families of the organization; `IS TRUE` prevents that.
macro_rules! family_joins {
    () => {
        "JOIN token_families f ON f.id = t.family_id AND (f.organization_id = $1) IS TRUE \
         JOIN users u ON u.id = f.user_id \
         LEFT JOIN sessions s ON s.id = f.session_id AND (s.organization_id = f.organization_id) IS TRUE \
         LEFT JOIN grants g ON g.id = f.grant_id AND (g.organization_id = f.organization_id) IS TRUE \
         WHERE t.digest = $2"
    };
}
macro_rules! access_columns {
    () => {
        concat!(
            access_token_columns!(list "t."),
            ", f.client_id, f.user_id, ",
            liveness_columns!("$3")
        )
    };
}
macro_rules! issuance {
    ($dialect:ident) => {
        concat!("SELECT ", user_columns!(list "u."), ", ", held_columns!($dialect), ", \
            EXISTS (SELECT 1 FROM grants g WHERE g.id = $3 AND (g.organization_id = $1) IS TRUE AND g.user_id = u.id \
                    AND g.client_id = $4 AND g.expires_at > $7), \
            EXISTS (SELECT 1 FROM sessions s WHERE s.id = $5 AND (s.organization_id = $1) IS TRUE AND s.user_id = u.id \
                    AND s.revoked_at IS NULL AND s.expires_at > $7), \
            COALESCE(u.tokens_valid_since >= $8, FALSE), \
            EXISTS (SELECT 1 FROM token_families f WHERE f.id = $6 AND (f.organization_id = $1) IS TRUE) \
            FROM users u WHERE u.organization_id = $1 AND u.id = $2")
    };
}
macro_rules! refresh {
    ($dialect:ident) => {
        concat!("SELECT ", refresh_token_columns!(list "t."), ", ", family_columns!(list "f."), ", ", liveness_columns!("$3"),
            ", ", user_columns!(list "u."), ", ", held_columns!($dialect), ", \
            EXISTS (SELECT 1 FROM refresh_tokens n WHERE n.digest = t.successor AND n.rotated_at IS NOT NULL), \
            (SELECT n.created_at FROM refresh_tokens n WHERE n.digest = t.successor) \
            FROM refresh_tokens t ", family_joins!())
    };
}
macro_rules! userinfo {
    ($dialect:ident) => {
        concat!(
            "SELECT ",
            access_columns!(),
            ", f.claims, ",
            user_columns!(list "u."),
            ", ",
            held_columns!($dialect),
            " FROM access_tokens t ",
            family_joins!()
        )
    };
}

statements! {
    ISSUANCE: Read = issuance!(postgres), sqlite: issuance!(sqlite);
    REFRESH: Read = refresh!(postgres), sqlite: refresh!(sqlite);
    USERINFO: Read = userinfo!(postgres), sqlite: userinfo!(sqlite);
    ACCESS: Read = concat!("SELECT ", access_columns!(), " FROM access_tokens t ", family_joins!());
}

fn next_access_facts(r: &mut Reader<'_>) -> Result<AccessTokenFacts> {
    Ok(AccessTokenFacts {
        token: read::next_access_token(r)?,
        client: r.id()?,
        user_id: r.id()?,
        validity: read::next_validity(r)?,
    })
}

impl Tokens<'_> {
    pub(super) async fn read_issuance(
        &mut self,
        family: &TokenFamily,
        now: Timestamp,
    ) -> Result<Option<IssuanceFacts>> {
        let values = [
            uuid(self.organization),
            uuid(family.user_id),
            uuid(family.grant_id),
            uuid(family.client),
            uuid(family.session),
            uuid(family.id),
            at(now),
            at(family.created_at),
        ];
        let Some(row) = self.run.row(&ISSUANCE, &values).await? else { return Ok(None) };
        let mut r = row.reader("users");
        Ok(Some(IssuanceFacts {
            user: next_user(&mut r)?,
            rights: read::next_rights(&mut r)?,
            grant_exists: r.flag()?,
            session_live: r.flag()?,
            ended: r.flag()?,
            family_exists: r.flag()?,
        }))
    }

    pub(super) async fn read_refresh(
        &mut self,
        token: &TokenDigest,
        now: Timestamp,
    ) -> Result<Option<RefreshTokenFacts>> {
        let values = self.lookup(token, now);
        let Some(row) = self.run.row(&REFRESH, &values).await? else { return Ok(None) };
        let mut r = row.reader("refresh_tokens");
        Ok(Some(RefreshTokenFacts {
            token: read::next_refresh_token(&mut r)?,
            family: read::next_family(&mut r)?,
            validity: read::next_validity(&mut r)?,
            user: next_user(&mut r)?,
            rights: read::next_rights(&mut r)?,
            successor_rotated: r.flag()?,
            successor_since: r.opt_time()?,
        }))
    }

    fn lookup<'v>(&self, token: &'v TokenDigest, now: Timestamp) -> [Value<'v>; 3] {
        [uuid(self.organization), digest(token), at(now)]
    }

    pub(super) async fn read_userinfo(
        &mut self,
        token: &TokenDigest,
        now: Timestamp,
    ) -> Result<Option<UserInfoFacts>> {
        let values = self.lookup(token, now);
        let Some(row) = self.run.row(&USERINFO, &values).await? else { return Ok(None) };
        let mut r = row.reader("access_tokens");
        Ok(Some(UserInfoFacts {
            access: next_access_facts(&mut r)?,
            claims: r.opt_json()?,
            user: next_user(&mut r)?,
            rights: read::next_rights(&mut r)?,
        }))
    }

    pub(super) async fn read_access(
        &mut self,
        token: &TokenDigest,
        now: Timestamp,
    ) -> Result<Option<AccessTokenFacts>> {
        let values = self.lookup(token, now);
        let Some(row) = self.run.row(&ACCESS, &values).await? else { return Ok(None) };
        next_access_facts(&mut row.reader("access_tokens")).map(Some)
    }
}
