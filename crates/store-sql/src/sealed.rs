//! Sealed values of all organizations. Each ciphertext has a random nonce, so its bytes identify its version: replacing
//! the value that was read cannot overwrite a later one.

use async_trait::async_trait;
use porta_core::outbox::{self, read_seal, stored_seal};
use porta_core::seal::Sealed;
use porta_core::second_factor::TotpCredential;
use porta_core::signing_key::SigningKey;
use porta_core::{EntityId as _, OutboxId, SigningKeyId, UserId};
use porta_store::{Result, SealedKind, SealedRepository, SealedRow, StoreError};
use serde_json::Value as Json;
use uuid::Uuid;

use crate::kernel::{Row, Runner, Stmt, Value, bytes, int, json, statements, text};

/// Up to `$3` mails that can be sent and are sealed with another key than `$1`, after row `$2`.
macro_rules! next_emails {
    ($seal:literal, $key:literal) => {
        concat!(
            "SELECT id, organization_id, ",
            $seal,
            " FROM outbox WHERE (state = 'pending' OR sendable_until IS NOT NULL) AND organization_id IS NOT NULL AND ",
            $key,
            " <> $1 AND id > $2 ORDER BY id LIMIT $3"
        )
    };
}
macro_rules! emails_by_key {
    ($key:literal) => {
        concat!(
            "SELECT ",
            $key,
            ", count(*) FROM outbox WHERE (state = 'pending' OR sendable_until IS NOT NULL) AND organization_id IS NOT NULL AND ",
            $key,
            " IS NOT NULL GROUP BY 1"
        )
    };
}

statements! {
    NEXT_KEYS: Read = "SELECT id, organization_id, kid, private_key_key_id, private_key FROM signing_keys \
         WHERE private_key_key_id <> $1 AND id > $2 ORDER BY id LIMIT $3";
    NEXT_EMAILS: Read = next_emails!("payload -> 'sealed'", "payload -> 'sealed' ->> 'key_id'"),
        sqlite: next_emails!("json_extract(payload, '$.sealed')", "json_extract(payload, '$.sealed.key_id')");
    NEXT_AUTHENTICATORS: Read = "SELECT t.user_id, u.organization_id, t.secret_key_id, t.secret FROM user_totp t \
         JOIN users u ON u.id = t.user_id WHERE t.secret_key_id <> $1 AND t.user_id > $2 ORDER BY t.user_id LIMIT $3";
    // Each replaces only the ciphertext that was read.
    REPLACE_KEY: Write = "UPDATE signing_keys SET private_key = $3, private_key_key_id = $4 \
         WHERE id = $1 AND private_key = $2";
    REPLACE_EMAIL: Write = "UPDATE outbox SET payload = jsonb_set(payload, '{sealed}', $3) \
         WHERE id = $1 AND (state = 'pending' OR sendable_until IS NOT NULL) AND payload -> 'sealed' ->> 'bytes' = $2",
        sqlite: "UPDATE outbox SET payload = json_set(payload, '$.sealed', json($3)) \
         WHERE id = $1 AND (state = 'pending' OR sendable_until IS NOT NULL) AND json_extract(payload, '$.sealed.bytes') = $2";
    REPLACE_AUTHENTICATOR: Write = "UPDATE user_totp SET secret = $3, secret_key_id = $4 \
         WHERE user_id = $1 AND secret = $2";
    KEYS_BY_KEY: Read = "SELECT private_key_key_id, count(*) FROM signing_keys GROUP BY 1";
    EMAILS_BY_KEY: Read = emails_by_key!("payload -> 'sealed' ->> 'key_id'"),
        sqlite: emails_by_key!("json_extract(payload, '$.sealed.key_id')");
    AUTHENTICATORS_BY_KEY: Read = "SELECT secret_key_id, count(*) FROM user_totp GROUP BY 1";
    RECOVERY_BY_KEY: Read = "SELECT key_id, count(*) FROM two_factor_recovery_codes WHERE used_at IS NULL GROUP BY 1";
}

fn read_key(row: &Row) -> Result<SealedRow> {
    let mut r = row.reader("signing_keys");
    let (id, organization): (SigningKeyId, _) = (r.id()?, r.id()?);
    Ok(SealedRow {
        id: id.uuid(),
        organization,
        identity: SigningKey::seal_identity(organization, &r.text()?),
        sealed: Sealed { key_id: r.text()?, bytes: r.bytes()? },
    })
}

fn read_email(row: &Row) -> Result<SealedRow> {
    let mut r = row.reader("outbox");
    let (id, organization): (OutboxId, _) = (r.id()?, r.id()?);
    let stored: Json = r.json("payload")?;
    // A damaged value yields empty bytes, which no key opens: it is reported and does not block the others.
    let sealed = read_seal(&stored).unwrap_or_else(|| Sealed {
        key_id: stored["key_id"].as_str().unwrap_or_default().to_owned(),
        bytes: Vec::new(),
    });
    Ok(SealedRow { id: id.uuid(), organization, identity: outbox::seal_identity(id, organization), sealed })
}

fn read_authenticator(row: &Row) -> Result<SealedRow> {
    let mut r = row.reader("user_totp");
    let (id, organization): (UserId, _) = (r.id()?, r.id()?);
    Ok(SealedRow {
        id: id.uuid(),
        organization,
        identity: TotpCredential::seal_identity(organization, id),
        sealed: Sealed { key_id: r.text()?, bytes: r.bytes()? },
    })
}

fn counted(value: i64) -> Result<u64> {
    u64::try_from(value).map_err(|e| StoreError::Failed(e.into()))
}

pub(crate) struct SealedValues<'a>(pub(crate) Runner<'a>);

#[async_trait]
impl SealedRepository for SealedValues<'_> {
    async fn under_other_keys(
        &mut self,
        kind: SealedKind,
        current: &str,
        after: Uuid,
        limit: u32,
    ) -> Result<Vec<SealedRow>> {
        let (statement, read): (&Stmt, fn(&Row) -> Result<SealedRow>) = match kind {
            SealedKind::SigningKey => (&NEXT_KEYS, read_key),
            SealedKind::OutgoingEmail => (&NEXT_EMAILS, read_email),
            SealedKind::Authenticator => (&NEXT_AUTHENTICATORS, read_authenticator),
        };
        let values = [text(current), Value::Uuid(Some(after)), int(i64::from(limit))];
        self.0.rows(statement, &values).await?.iter().map(read).collect()
    }

    async fn replace(&mut self, kind: SealedKind, row: &SealedRow, seal: &Sealed) -> Result<bool> {
        let id = Value::Uuid(Some(row.id));
        let statement = match kind {
            SealedKind::SigningKey => &REPLACE_KEY,
            SealedKind::Authenticator => &REPLACE_AUTHENTICATOR,
            SealedKind::OutgoingEmail => {
                let before = stored_seal(&row.sealed);
                let before = before["bytes"].as_str().unwrap_or_default();
                return self
                    .0
                    .affects_row(&REPLACE_EMAIL, &[id, text(before), json(&stored_seal(seal))])
                    .await;
            }
        };
        let values = [id, bytes(&row.sealed.bytes), bytes(&seal.bytes), text(&seal.key_id)];
        self.0.affects_row(statement, &values).await
    }

    async fn by_key(&mut self, kind: SealedKind) -> Result<Vec<(String, u64)>> {
        let (statement, table) = match kind {
            SealedKind::SigningKey => (&KEYS_BY_KEY, "signing_keys"),
            SealedKind::OutgoingEmail => (&EMAILS_BY_KEY, "outbox"),
            SealedKind::Authenticator => (&AUTHENTICATORS_BY_KEY, "user_totp"),
        };
        let rows = self.0.rows(statement, &[]).await?;
        let read = |row: &Row| {
            let mut r = row.reader(table);
            Ok((r.text()?, counted(r.int()?)?))
        };
        rows.iter().map(read).collect()
    }

    async fn recovery_codes_by_key(&mut self) -> Result<Vec<(Option<String>, u64)>> {
        let rows = self.0.rows(&RECOVERY_BY_KEY, &[]).await?;
        let read = |row: &Row| {
            let mut r = row.reader("two_factor_recovery_codes");
            Ok((r.opt_text()?, counted(r.int()?)?))
        };
        rows.iter().map(read).collect()
    }
}
