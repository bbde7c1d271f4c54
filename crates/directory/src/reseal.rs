//! Key rotation for encryption at rest: re-encrypts values sealed with older keys, so that those can be removed
//! (decision 0039).
//!
//! ```text
//! [old] ─► [old, new] ─► [new, old] ─► reseal ─► [new]
//!           every process   seals with     no stored value needs the old key; values that live for hours expired
//!           can open both   the new one
//! ```
//!
//! Servers keep running: a row is replaced only if its sealed value is unchanged since it was read. The run can be
//! interrupted without loss, and concurrent runs do no harm.

use porta_core::audit::AuditEventKind;
use porta_core::outbox;
use porta_core::seal::{Keyring, SealError};
use porta_core::second_factor::{self, CodeKeys};
use porta_core::signing_key;
use porta_store::{SealedKind, SealedRow};
use serde_json::{Value, json};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::{Actor, Directory, Result};

/// Rows read, and replaced in one transaction, at a time: bounds how long a server may wait for locks, and how much
/// work an interruption loses.
const BATCH: u32 = 50;
/// Maximum passes over everything, repeated while servers change rows that are being replaced. What they write is
/// usually sealed with the current key already.
const ROUNDS: usize = 5;

/// Both lists of encryption keys, as keyrings for each purpose.
pub struct SealingKeys {
    signing_keys: Keyring,
    emails: Keyring,
    authenticators: Keyring,
    codes: CodeKeys,
}

/// Configuration variable that holds a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyList {
    /// `SIGNING_KEY_ENCRYPTION_KEY`
    Signing,
    /// `TWO_FACTOR_ENCRYPTION_KEY`
    TwoFactor,
}

impl SealingKeys {
    /// Each list starts with the newest key.
    pub fn new(signing: &[[u8; 32]], two_factor: &[[u8; 32]]) -> Self {
        Self {
            signing_keys: Keyring::new(signing, signing_key::SEALING_PURPOSE),
            emails: Keyring::new(signing, outbox::SEALING_PURPOSE),
            authenticators: Keyring::new(two_factor, second_factor::SEALING_PURPOSE),
            codes: CodeKeys::new(two_factor),
        }
    }

    fn of(&self, kind: SealedKind) -> &Keyring {
        match kind {
            SealedKind::SigningKey => &self.signing_keys,
            SealedKind::OutgoingEmail => &self.emails,
            SealedKind::Authenticator => &self.authenticators,
        }
    }
}

impl std::fmt::Debug for SealingKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealingKeys(…)")
    }
}

/// Whether to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResealMode {
    /// Dry run: opens the values that would be re-encrypted and writes nothing.
    DryRun,
    Reseal,
}

/// A value that no configured key opens; left unchanged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnopenedValue {
    pub kind: SealedKind,
    /// Id of the signing key, the outbox item or the person.
    pub id: Uuid,
    pub why: SealError,
}

/// Result for one kind of sealed values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KindReport {
    pub kind: SealedKind,
    /// Number re-encrypted, or that a dry run would re-encrypt.
    pub resealed: u64,
    /// Number sealed with the current key before the run.
    pub current: u64,
    pub unopened: Vec<UnopenedValue>,
}

/// A key that is not the first of its list, and the number of values that still need it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OlderKey {
    pub list: KeyList,
    /// Position in the list, from one.
    pub place: usize,
    pub signing_keys: u64,
    pub emails: u64,
    pub authenticators: u64,
    /// Unused recovery codes.
    pub recovery_codes: u64,
    /// Unused recovery codes without a key id, stored by a version that did not record it.
    pub codes_without_key_id: u64,
}

impl OlderKey {
    /// Whether the key can be removed: no long-lived value needs it.
    pub fn is_removable(&self) -> bool {
        self.signing_keys
            + self.emails
            + self.authenticators
            + self.recovery_codes
            + self.codes_without_key_id
            == 0
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    pub kinds: Vec<KindReport>,
    /// In the order of the lists.
    pub older: Vec<OlderKey>,
    /// Unused recovery codes whose key is no longer configured; they are not accepted any more.
    pub lost_codes: u64,
}

impl Report {
    pub fn unopened(&self) -> impl Iterator<Item = &UnopenedValue> {
        self.kinds.iter().flat_map(|kind| &kind.unopened)
    }
}

impl Directory {
    /// Re-encrypts values of older keys with the current keys, and reports what still needs the older ones.
    pub async fn reseal(&self, actor: Actor, keys: &SealingKeys, mode: ResealMode) -> Result<Report> {
        if mode == ResealMode::Reseal {
            self.note(&actor, AuditEventKind::KeyResealStarted, Value::Null).await?;
        }
        let mut kinds = Vec::new();
        for kind in SealedKind::ALL.iter().copied() {
            kinds.push(self.reseal_kind(kind, keys.of(kind), mode).await?);
        }
        let report = self.needs(keys, kinds).await?;
        if mode == ResealMode::Reseal {
            let counts = report.kinds.iter().map(|kind| {
                let counts = json!({
                    "resealed": kind.resealed, "current": kind.current, "notOpened": kind.unopened.len(),
                });
                (kind.kind.as_str().to_owned(), counts)
            });
            self.note(&actor, AuditEventKind::KeyResealed, Value::Object(counts.collect())).await?;
        }
        Ok(report)
    }

    async fn note(&self, actor: &Actor, event: AuditEventKind, metadata: Value) -> Result<()> {
        let mut work = self.begin(actor.clone()).await?;
        work.audit(event, None, None, metadata).await?;
        work.commit().await
    }

    async fn reseal_kind(&self, kind: SealedKind, ring: &Keyring, mode: ResealMode) -> Result<KindReport> {
        let mut report = KindReport { kind, resealed: 0, current: 0, unopened: Vec::new() };
        for _ in 0..ROUNDS {
            let (mut after, mut overtaken) = (Uuid::nil(), false);
            report.unopened.clear();
            loop {
                let mut repositories = self.deps.store.repositories();
                let rows =
                    repositories.sealed().under_other_keys(kind, ring.current_id(), after, BATCH).await?;
                let Some(last) = rows.last() else { break };
                after = last.id;
                let opened = open_batch(kind, ring, rows, &mut report.unopened);
                let replaced = match mode {
                    ResealMode::DryRun => opened.len(),
                    ResealMode::Reseal => self.replace_batch(kind, ring, &opened).await?,
                };
                overtaken |= replaced < opened.len();
                report.resealed += u64::try_from(replaced).unwrap_or(u64::MAX);
            }
            if !overtaken {
                break;
            }
        }
        let now = self.count(kind, ring.current_id()).await?;
        let own = if mode == ResealMode::Reseal { report.resealed } else { 0 };
        report.current = now.saturating_sub(own);
        Ok(report)
    }

    /// Replaces one batch; returns the number of rows that nobody changed concurrently.
    async fn replace_batch(
        &self,
        kind: SealedKind,
        ring: &Keyring,
        opened: &[(SealedRow, Zeroizing<Vec<u8>>)],
    ) -> Result<usize> {
        let mut replaced = 0;
        let mut unit = self.deps.store.begin().await?;
        for (row, plain) in opened {
            let seal = ring.seal(plain, &row.identity, &*self.deps.entropy);
            replaced += usize::from(unit.sealed().replace(kind, row, &seal).await?);
        }
        unit.commit().await?;
        Ok(replaced)
    }

    async fn count(&self, kind: SealedKind, key: &str) -> Result<u64> {
        let counts = self.deps.store.repositories().sealed().by_key(kind).await?;
        Ok(of_key(&counts, key))
    }

    /// Counts what each older key is still needed for.
    async fn needs(&self, keys: &SealingKeys, kinds: Vec<KindReport>) -> Result<Report> {
        let mut repositories = self.deps.store.repositories();
        let mut sealed = repositories.sealed();
        let signing_keys = sealed.by_key(SealedKind::SigningKey).await?;
        let emails = sealed.by_key(SealedKind::OutgoingEmail).await?;
        let authenticators = sealed.by_key(SealedKind::Authenticator).await?;
        let codes = sealed.recovery_codes_by_key().await?;
        let codes_without_key_id = codes.iter().filter(|(key, _)| key.is_none()).map(|(_, n)| n).sum();
        let codes: Vec<(String, u64)> = codes.into_iter().filter_map(|(key, n)| Some((key?, n))).collect();
        let none = |list, place| OlderKey {
            list,
            place,
            signing_keys: 0,
            emails: 0,
            authenticators: 0,
            recovery_codes: 0,
            codes_without_key_id: 0,
        };
        let mut older = Vec::new();
        for (index, (key, email_key)) in keys.signing_keys.ids().zip(keys.emails.ids()).enumerate().skip(1) {
            older.push(OlderKey {
                signing_keys: of_key(&signing_keys, key),
                emails: of_key(&emails, email_key),
                ..none(KeyList::Signing, index + 1)
            });
        }
        let two_factor = keys.authenticators.ids().zip(keys.codes.all());
        for (index, (key, code_key)) in two_factor.enumerate().skip(1) {
            older.push(OlderKey {
                authenticators: of_key(&authenticators, key),
                recovery_codes: of_key(&codes, code_key.id()),
                codes_without_key_id,
                ..none(KeyList::TwoFactor, index + 1)
            });
        }
        let is_known = |id: &str| keys.codes.all().any(|key| key.id() == id);
        let lost_codes = codes.iter().filter(|(id, _)| !is_known(id)).map(|(_, n)| n).sum();
        Ok(Report { kinds, older, lost_codes })
    }
}

fn of_key(counts: &[(String, u64)], key: &str) -> u64 {
    counts.iter().find(|(id, _)| id == key).map_or(0, |(_, n)| *n)
}

fn open_batch(
    kind: SealedKind,
    ring: &Keyring,
    rows: Vec<SealedRow>,
    unopened: &mut Vec<UnopenedValue>,
) -> Vec<(SealedRow, Zeroizing<Vec<u8>>)> {
    let mut opened = Vec::new();
    for row in rows {
        match ring.open(&row.sealed, &row.identity) {
            Ok(plain) => opened.push((row, Zeroizing::new(plain))),
            Err(why) => unopened.push(UnopenedValue { kind, id: row.id, why }),
        }
    }
    opened
}
