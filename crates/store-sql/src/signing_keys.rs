//! Signing keys. A partial unique index allows one `next` and one `active` key per organization and algorithm.

use async_trait::async_trait;
use porta_core::seal::Sealed;
use porta_core::signing_key::{SigningAlgorithm, SigningKey, SigningKeyStatus};
use porta_core::{OrganizationId, SigningKeyId, Timestamp};
use porta_store::{Result, SigningKeyRepository, StoreError};

use crate::kernel::{Row, Runner, Value, at, columns, json, opt_at, opt_uuid, statements, text, uuid};
use crate::unit::same_owner;

macro_rules! key_columns {
    () => {
        columns!(
            "",
            id,
            organization_id,
            kid,
            algorithm,
            public_jwk,
            private_key,
            private_key_key_id,
            status,
            activated_at,
            retired_at,
            expires_at,
            created_at
        )
    };
}
/// Active `$3` → retired, provided that there is a `next` key.
macro_rules! retire {
    () => {
        "UPDATE signing_keys SET status = 'retired', retired_at = $5, expires_at = $4 \
         WHERE organization_id = $1 AND algorithm = $2 AND id = $3 AND status = 'active' \
         AND EXISTS (SELECT 1 FROM signing_keys n WHERE n.organization_id = $1 AND n.algorithm = $2 AND n.status = 'next')"
    };
}

statements! {
    ALL: Read = concat!("SELECT ", key_columns!(), " FROM signing_keys WHERE organization_id = $1 \
         ORDER BY activated_at DESC NULLS LAST, created_at DESC, id DESC");
    NEWEST: Read = concat!("SELECT ", key_columns!(), " FROM signing_keys WHERE status = 'active' \
         ORDER BY created_at DESC LIMIT 1");
    OLDEST_SINCE: Read = "SELECT MIN(activated_at) FROM signing_keys WHERE status = 'active'";
    INSERT: Write = concat!("INSERT INTO signing_keys (", key_columns!(), ") \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) \
         ON CONFLICT (organization_id, algorithm, status) WHERE status IN ('next', 'active') DO NOTHING");
    // The promotion reads the result of the retirement, which makes PostgreSQL run it second: the unique place must be
    // free first.
    PROMOTE: Script = concat!("WITH retired AS (", retire!(), " RETURNING id), \
         promoted AS (UPDATE signing_keys SET status = 'active', activated_at = $5 \
         WHERE organization_id = $1 AND algorithm = $2 AND status = 'next' \
         AND (SELECT count(*) FROM retired) = (CASE WHEN $3::uuid IS NULL THEN 0 ELSE 1 END) \
         AND ($3::uuid IS NOT NULL OR NOT EXISTS (SELECT 1 FROM signing_keys a \
              WHERE a.organization_id = $1 AND a.algorithm = $2 AND a.status = 'active')) \
         RETURNING id) SELECT 1 FROM promoted"),
        sqlite: concat!(retire!(), "; UPDATE signing_keys SET status = 'active', activated_at = $5 \
         WHERE organization_id = $1 AND algorithm = $2 AND status = 'next' \
         AND changes() = (CASE WHEN $3 IS NULL THEN 0 ELSE 1 END) \
         AND NOT EXISTS (SELECT 1 FROM signing_keys a \
              WHERE a.organization_id = $1 AND a.algorithm = $2 AND a.status = 'active') RETURNING 1");
    REVOKE: Write = "UPDATE signing_keys SET status = 'revoked', expires_at = $3 \
         WHERE organization_id = $1 AND id = $2 AND status <> 'revoked'";
}

fn read(row: &Row) -> Result<SigningKey> {
    let mut r = row.reader("signing_keys");
    Ok(SigningKey {
        id: r.id()?,
        organization_id: r.id()?,
        kid: r.text()?,
        algorithm: r.parsed("algorithm", SigningAlgorithm::parse)?,
        public_jwk: r.json("public_jwk")?,
        private_key: {
            let bytes = r.bytes()?;
            Sealed { key_id: r.text()?, bytes }
        },
        status: r.parsed("status", SigningKeyStatus::parse)?,
        activated_at: r.opt_time()?,
        retired_at: r.opt_time()?,
        expires_at: r.opt_time()?,
        created_at: r.time("created_at")?,
    })
}

/// The newest active key of any organization.
pub(crate) async fn newest(run: &mut Runner<'_>) -> Result<Option<SigningKey>> {
    run.row(&NEWEST, &[]).await?.as_ref().map(read).transpose()
}

pub(crate) async fn oldest_since(run: &mut Runner<'_>) -> Result<Option<Timestamp>> {
    match run.row(&OLDEST_SINCE, &[]).await? {
        Some(row) => row.reader("signing_keys").opt_time(),
        None => Ok(None),
    }
}

pub(crate) struct SigningKeys<'a> {
    pub(crate) run: Runner<'a>,
    pub(crate) organization: OrganizationId,
}

#[async_trait]
impl SigningKeyRepository for SigningKeys<'_> {
    async fn all(&mut self) -> Result<Vec<SigningKey>> {
        self.run.rows(&ALL, &[uuid(self.organization)]).await?.iter().map(read).collect()
    }

    async fn insert_if_absent(&mut self, key: &SigningKey) -> Result<bool> {
        same_owner(self.organization, key.organization_id)?;
        let values = [
            uuid(key.id),
            uuid(self.organization),
            text(&key.kid),
            text(key.algorithm.as_str()),
            json(&key.public_jwk),
            Value::Bytes(Some(&key.private_key.bytes)),
            text(&key.private_key.key_id),
            text(key.status.as_str()),
            opt_at(key.activated_at),
            opt_at(key.retired_at),
            opt_at(key.expires_at),
            at(key.created_at),
        ];
        self.run.affects_row(&INSERT, &values).await
    }

    async fn promote(
        &mut self,
        algorithm: SigningAlgorithm,
        expected_active: Option<SigningKeyId>,
        retired_until: Timestamp,
        now: Timestamp,
    ) -> Result<bool> {
        let values = [
            uuid(self.organization),
            text(algorithm.as_str()),
            opt_uuid(expected_active),
            at(retired_until),
            at(now),
        ];
        match self.run.affects_row(&PROMOTE, &values).await {
            // Another instance activated a key since this statement checked that there is none.
            Err(StoreError::Conflict(_)) => Ok(false),
            other => other,
        }
    }

    async fn revoke(&mut self, id: SigningKeyId, now: Timestamp) -> Result<bool> {
        self.run.affects_row(&REVOKE, &[uuid(self.organization), uuid(id), at(now)]).await
    }
}
