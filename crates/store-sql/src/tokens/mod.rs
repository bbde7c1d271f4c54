//! Token families and their tokens. What must happen once is one guarded statement; what must happen with it depends on
//! the row which that statement returned.

pub(crate) mod facts;
pub(crate) mod read;
pub(crate) mod revoke;

use async_trait::async_trait;
use porta_core::audit::AuditEvent;
use porta_core::session::{AccessToken, RefreshToken, TokenFamily};
use porta_core::{OrganizationId, Timestamp, TokenDigest};
use porta_store::{
    AccessTokenFacts, IssuanceFacts, RefreshTokenFacts, Result, Revocation, StoreError, TokenRepository,
    UserInfoFacts,
};

use crate::audit::{self, insert_audit};
use crate::kernel::{
    Runner, Value, at, digest, flag, json, opt_at, opt_digest, opt_json, opt_text, same_owner, statements,
    text, uuid,
};
use read::family_columns;

macro_rules! insert_access {
    () => {
        "INSERT INTO access_tokens (family_id, digest, scope, expires_at, created_at) "
    };
}
macro_rules! insert_refresh {
    () => {
        "INSERT INTO refresh_tokens (family_id, digest, expires_at, created_at) "
    };
}
/// Inserts a family, `$1` organization, `$2` to `$15`; nothing if the id exists.
macro_rules! insert_family {
    () => {
        concat!("INSERT INTO token_families (", family_columns!(list ""), ") \
            VALUES ($2, $1, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) ON CONFLICT (id) DO NOTHING")
    };
}
/// The same family, inserted as revoked or revoked at `$16`; nothing if its user or client no longer exists.
macro_rules! forbid_family {
    () => {
        concat!("INSERT INTO token_families (", family_columns!(list ""), ", revoked_at) \
            SELECT $2, u.organization_id, c.id, u.id, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16 \
            FROM users u JOIN clients c ON c.id = $3 WHERE u.id = $4 AND u.organization_id = $1 \
            ON CONFLICT (id) DO UPDATE SET revoked_at = COALESCE(token_families.revoked_at, excluded.revoked_at) \
            WHERE token_families.organization_id = excluded.organization_id RETURNING id")
    };
}
/// Rotates `$2` → `$3` at `$5` by caller `$10`, provided that it was not rotated before and family `$4` is valid. The
/// `IS TRUE` keeps the planner from searching the token among those of its family, of which a long chain has thousands.
macro_rules! rotate {
    () => {
        "UPDATE refresh_tokens AS t SET rotated_at = $5, successor = $3, rotated_by = $10 FROM token_families f \
         WHERE t.digest = $2 AND (t.family_id = $4) IS TRUE AND t.rotated_at IS NULL AND t.expires_at > $5 \
         AND f.id = t.family_id AND (f.organization_id = $1) IS TRUE AND f.revoked_at IS NULL AND f.expires_at > $5"
    };
}
/// Creation time of the successor: `$5`, the process's time before the statement, plus the whole seconds that
/// PostgreSQL waited for the row or its table. Evaluated in the insert, after the row is locked; the values of the
/// `UPDATE` would be from before the wait if the other transaction only held the row. `now()` is when the statement
/// arrived, because a rotation is its own transaction. Whole seconds, so that an ordinary rotation has exactly the time
/// it was given.
macro_rules! once_locked {
    () => {
        "$5 + date_trunc('second', clock_timestamp() - now())"
    };
}
/// Records that several callers hold `$7`, a token of one of these families, since `$6`.
macro_rules! share {
    ($families:literal) => {
        concat!(
            "UPDATE refresh_tokens SET shared_at = $6 WHERE digest = $7 AND shared_at IS NULL AND family_id IN ",
            $families
        )
    };
}

statements! {
    ISSUE: Script = concat!("WITH family AS (", insert_family!(), " RETURNING id), \
         access AS (", insert_access!(), "SELECT id, $16, $17, $18, $19 FROM family), \
         refresh AS (", insert_refresh!(), "SELECT id, $20, $21, $22 FROM family WHERE $20::bytea IS NOT NULL) \
         SELECT 1 FROM family"),
        sqlite: concat!(insert_family!(), " RETURNING 1; ",
         insert_access!(), "SELECT $2, $16, $17, $18, $19 WHERE changes() = 1; ",
         insert_refresh!(), "SELECT $2, $20, $21, $22 WHERE changes() = 1 AND $20 IS NOT NULL");
    FORBID: Script = concat!("WITH family AS (", forbid_family!(), "), event AS (", insert_audit!(),
         "SELECT $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29 FROM family) SELECT 1 FROM family"),
        sqlite: concat!(forbid_family!(), "; ", insert_audit!(),
         "SELECT $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29 WHERE changes() = 1");
    ROTATE: Script = concat!("WITH old AS (", rotate!(), " RETURNING t.family_id), \
         refresh AS (", insert_refresh!(), "SELECT family_id, $3, $6, ", once_locked!(), " FROM old), \
         access AS (", insert_access!(), "SELECT family_id, $7, $8, $9, $5 FROM old) \
         SELECT 1 FROM old"),
        sqlite: concat!(rotate!(), " RETURNING 1; ",
         insert_refresh!(), "SELECT $4, $3, $6, $5 WHERE changes() = 1; ",
         insert_access!(), "SELECT $4, $7, $8, $9, $5 WHERE changes() = 1");
    // Returns the family whether or not the token was new.
    ADD_ACCESS: Script = concat!("WITH family AS (SELECT id FROM token_families WHERE organization_id = $1 AND id = $2), \
         access AS (", insert_access!(), "SELECT id, $3, $4, $5, $6 FROM family ON CONFLICT (digest) DO NOTHING) \
         SELECT 1 FROM family"),
        sqlite: concat!(insert_access!(), "SELECT id, $3, $4, $5, $6 FROM token_families \
         WHERE organization_id = $1 AND id = $2 ON CONFLICT (digest) DO NOTHING; \
         SELECT 1 FROM token_families WHERE organization_id = $1 AND id = $2");
    SHARE: Script = concat!("WITH family AS (SELECT id FROM token_families WHERE organization_id = $1 AND id = $2), \
         access AS (", insert_access!(), "SELECT id, $3, $4, $5, $6 FROM family ON CONFLICT (digest) DO NOTHING), \
         shared AS (", share!("(SELECT id FROM family)"), " RETURNING 1) SELECT 1 FROM shared"),
        sqlite: concat!(insert_access!(), "SELECT id, $3, $4, $5, $6 FROM token_families \
         WHERE organization_id = $1 AND id = $2 ON CONFLICT (digest) DO NOTHING; ",
         share!("(SELECT id FROM token_families WHERE organization_id = $1 AND id = $2)"), " RETURNING 1");
    DELETE_ACCESS: Write = "DELETE FROM access_tokens WHERE digest = $2 AND EXISTS \
         (SELECT 1 FROM token_families f WHERE f.id = family_id AND f.organization_id = $1)";
}

pub(crate) struct Tokens<'a> {
    pub(crate) run: Runner<'a>,
    pub(crate) organization: OrganizationId,
}

/// `$1` to `$15`.
fn family_values(family: &TokenFamily, more: usize) -> Vec<Value<'_>> {
    let mut values = Vec::with_capacity(15 + more);
    values.extend([
        uuid(family.organization_id),
        uuid(family.id),
        uuid(family.client),
        uuid(family.user_id),
        uuid(family.grant_id),
        uuid(family.session),
        flag(family.is_offline),
        text(&family.scope),
        opt_text(family.nonce.as_deref()),
        at(family.auth_time),
        text(&family.acr),
        json(&family.amr),
        opt_json(family.claims.as_ref()),
        at(family.expires_at),
        at(family.created_at),
    ]);
    values
}

/// `$1` to `$6`.
fn access_values(organization: OrganizationId, access: &AccessToken) -> [Value<'_>; 6] {
    [
        uuid(organization),
        uuid(access.family),
        digest(&access.digest),
        text(&access.scope),
        at(access.expires_at),
        at(access.created_at),
    ]
}

#[async_trait]
impl TokenRepository for Tokens<'_> {
    async fn issuance_facts(
        &mut self,
        family: &TokenFamily,
        now: Timestamp,
    ) -> Result<Option<IssuanceFacts>> {
        self.read_issuance(family, now).await
    }

    async fn issue(
        &mut self,
        family: &TokenFamily,
        access: &AccessToken,
        refresh: Option<&RefreshToken>,
    ) -> Result<bool> {
        same_owner(self.organization, family.organization_id)?;
        let mut values = family_values(family, 7);
        values.extend([
            digest(&access.digest),
            text(&access.scope),
            at(access.expires_at),
            at(access.created_at),
            opt_digest(refresh.map(|r| &r.digest)),
            opt_at(refresh.map(|r| r.expires_at)),
            opt_at(refresh.map(|r| r.created_at)),
        ]);
        self.run.affects_row(&ISSUE, &values).await
    }

    async fn forbid_family(
        &mut self,
        family: &TokenFamily,
        now: Timestamp,
        event: &AuditEvent,
    ) -> Result<()> {
        same_owner(self.organization, family.organization_id)?;
        let mut values = family_values(family, 14);
        values.push(at(now));
        values.extend(audit::values(event));
        self.run.execute(&FORBID, &values).await.map(|_| ())
    }

    async fn refresh_facts(
        &mut self,
        digest: &TokenDigest,
        now: Timestamp,
    ) -> Result<Option<RefreshTokenFacts>> {
        self.read_refresh(digest, now).await
    }

    async fn rotate(
        &mut self,
        old: &TokenDigest,
        successor: &RefreshToken,
        access: &AccessToken,
        by: &TokenDigest,
        now: Timestamp,
    ) -> Result<bool> {
        let values = [
            uuid(self.organization),
            digest(old),
            digest(&successor.digest),
            uuid(successor.family),
            at(now),
            at(successor.expires_at),
            digest(&access.digest),
            text(&access.scope),
            at(access.expires_at),
            digest(by),
        ];
        self.run.affects_row(&ROTATE, &values).await
    }

    async fn add_access_token(&mut self, access: &AccessToken) -> Result<()> {
        let values = access_values(self.organization, access);
        self.run.must_affect_row(&ADD_ACCESS, &values, "token family").await
    }

    async fn share(&mut self, access: &AccessToken, successor: &TokenDigest) -> Result<bool> {
        let mut values = access_values(self.organization, access).to_vec();
        values.push(digest(successor));
        self.run.affects_row(&SHARE, &values).await
    }

    async fn userinfo_facts(
        &mut self,
        digest: &TokenDigest,
        now: Timestamp,
    ) -> Result<Option<UserInfoFacts>> {
        self.read_userinfo(digest, now).await
    }

    async fn access_facts(
        &mut self,
        digest: &TokenDigest,
        now: Timestamp,
    ) -> Result<Option<AccessTokenFacts>> {
        self.read_access(digest, now).await
    }

    async fn delete_access_token(&mut self, token: &TokenDigest) -> Result<bool> {
        self.run.affects_row(&DELETE_ACCESS, &[uuid(self.organization), digest(token)]).await
    }

    async fn revoke(&mut self, what: Revocation, now: Timestamp) -> Result<u64> {
        self.end_families(what, now).await
    }

    fn organization(&self) -> OrganizationId {
        self.organization
    }
}

/// Converts a count that a statement returned.
fn count(value: i64) -> Result<u64> {
    u64::try_from(value).map_err(|e| StoreError::Failed(e.into()))
}
