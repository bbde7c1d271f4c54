//! Signing keys. A partial unique index allows one `next` and one `active` key per organization and algorithm.

use async_trait::async_trait;
use porta_core::seal::Sealed;
use porta_core::signing_key::{SigningAlgorithm, SigningKey, SigningKeyStatus};
use porta_core::{OrganizationId, SigningKeyId, Timestamp};
use porta_store::{Result, SigningKeyRepository, StoreError};

use crate::kernel::{
    Row, Runner, Value, at, bytes, columns, json, opt_at, opt_uuid, same_owner, statements, text, uuid,
    values_of,
};

macro_rules! key_columns {
    ($($form:tt)+) => {
        columns! {
            $($form)+;
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
        }
    };
}
key_columns!(enum KeyColumn of "signing_keys");

/// Active `$3` → retired, provided that there is a `next` key.
macro_rules! retire {
    () => {
        "UPDATE signing_keys SET status = 'retired', retired_at = $5, expires_at = $4 \
         WHERE organization_id = $1 AND algorithm = $2 AND id = $3 AND status = 'active' \
         AND EXISTS (SELECT 1 FROM signing_keys n WHERE n.organization_id = $1 AND n.algorithm = $2 AND n.status = 'next')"
    };
}

statements! {
    ALL: Read = concat!("SELECT ", key_columns!(list ""), " FROM signing_keys WHERE organization_id = $1 \
         ORDER BY activated_at DESC NULLS LAST, created_at DESC, id DESC");
    NEWEST: Read = concat!("SELECT ", key_columns!(list ""), " FROM signing_keys WHERE status = 'active' \
         ORDER BY created_at DESC LIMIT 1");
    OLDEST_SINCE: Read = "SELECT MIN(activated_at) FROM signing_keys WHERE status = 'active'";
    INSERT: Write = concat!("INSERT INTO signing_keys (", key_columns!(list ""), ") \
         VALUES (", key_columns!(arguments 1), ") \
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

fn value(key: &SigningKey, column: KeyColumn) -> Value<'_> {
    match column {
        KeyColumn::id => uuid(key.id),
        KeyColumn::organization_id => uuid(key.organization_id),
        KeyColumn::kid => text(&key.kid),
        KeyColumn::algorithm => text(key.algorithm.as_str()),
        KeyColumn::public_jwk => json(&key.public_jwk),
        KeyColumn::private_key => bytes(&key.private_key.bytes),
        KeyColumn::private_key_key_id => text(&key.private_key.key_id),
        KeyColumn::status => text(key.status.as_str()),
        KeyColumn::activated_at => opt_at(key.activated_at),
        KeyColumn::retired_at => opt_at(key.retired_at),
        KeyColumn::expires_at => opt_at(key.expires_at),
        KeyColumn::created_at => at(key.created_at),
    }
}

fn read(row: &Row) -> Result<SigningKey> {
    let r = row.record();
    Ok(SigningKey {
        id: r.id(KeyColumn::id)?,
        organization_id: r.id(KeyColumn::organization_id)?,
        kid: r.text(KeyColumn::kid)?,
        algorithm: r.parsed(KeyColumn::algorithm, SigningAlgorithm::parse)?,
        public_jwk: r.json(KeyColumn::public_jwk)?,
        private_key: Sealed {
            key_id: r.text(KeyColumn::private_key_key_id)?,
            bytes: r.bytes(KeyColumn::private_key)?,
        },
        status: r.parsed(KeyColumn::status, SigningKeyStatus::parse)?,
        activated_at: r.opt_time(KeyColumn::activated_at)?,
        retired_at: r.opt_time(KeyColumn::retired_at)?,
        expires_at: r.opt_time(KeyColumn::expires_at)?,
        created_at: r.time(KeyColumn::created_at)?,
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
        self.run.affects_row(&INSERT, &values_of(|column| value(key, column))).await
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
