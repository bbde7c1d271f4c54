//! Sealing anew what older encryption keys sealed, so that they can go (decision 0039).
//!
//! ```text
//! [old] ─► [old, new] ─► [new, old] ─► reseal ─► [new]
//!           every process   seals with     nothing stored needs the old one; what lives for hours was waited for
//!           can open both   the new one
//! ```
//!
//! Servers go on meanwhile: each row is replaced only where its seal is still the one that was read. Nothing is lost by
//! stopping anywhere, and two runs at once do each other no harm.

use porta_core::outbox;
use porta_core::seal::{Keyring, SealError};
use porta_core::second_factor::{self, CodeKeys};
use porta_core::signing_key;
use porta_store::{SealedKind, SealedRow};
use serde_json::{Value, json};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::{Actor, Directory, Result};

/// Rows that are read, and replaced in one transaction, at a time: what a server may have to wait for, and what an
/// interruption undoes.
const BATCH: u32 = 50;
/// How often everything is looked through again because somebody changed rows that were being replaced. What they wrote
/// is usually sealed with the current key already.
const ROUNDS: usize = 5;

/// Both lists of encryption keys, for all that is sealed with them.
pub struct SealingKeys {
    signing_keys: Keyring,
    letters: Keyring,
    authenticators: Keyring,
    codes: CodeKeys,
}

/// Where a key is configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyList {
    /// `SIGNING_KEY_ENCRYPTION_KEY`
    Signing,
    /// `TWO_FACTOR_ENCRYPTION_KEY`
    TwoFactor,
}

impl SealingKeys {
    /// The newest of each first.
    pub fn new(signing: &[[u8; 32]], two_factor: &[[u8; 32]]) -> Self {
        Self {
            signing_keys: Keyring::new(signing, signing_key::SEALING_PURPOSE),
            letters: Keyring::new(signing, outbox::SEALING_PURPOSE),
            authenticators: Keyring::new(two_factor, second_factor::SEALING_PURPOSE),
            codes: CodeKeys::new(two_factor),
        }
    }

    fn of(&self, kind: SealedKind) -> &Keyring {
        match kind {
            SealedKind::SigningKey => &self.signing_keys,
            SealedKind::Letter => &self.letters,
            SealedKind::Authenticator => &self.authenticators,
        }
    }
}

impl std::fmt::Debug for SealingKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealingKeys(…)")
    }
}

/// Whether anything is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pass {
    /// Opens what would be sealed anew, and writes nothing.
    Look,
    Reseal,
}

/// A value that no key of this process opens. It stays as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    pub kind: SealedKind,
    /// Of the signing key, the item of the outbox, or the person.
    pub id: Uuid,
    pub why: SealError,
}

/// What became of one kind of sealed values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KindReport {
    pub kind: SealedKind,
    /// Sealed anew; when nothing is written: would have been.
    pub resealed: u64,
    /// Sealed with the current key before.
    pub current: u64,
    pub closed: Vec<Closed>,
}

/// A key that is not the first of its list, and what still needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OlderKey {
    pub list: KeyList,
    /// Its place in the list, from one.
    pub place: usize,
    pub signing_keys: u64,
    pub letters: u64,
    pub authenticators: u64,
    /// Unused ones.
    pub recovery_codes: u64,
    /// Unused recovery codes that do not say which key they need: a version that did not write it down stored them.
    pub undated_codes: u64,
}

impl OlderKey {
    /// Whether nothing that is stored for long needs it.
    pub fn may_go(&self) -> bool {
        self.signing_keys + self.letters + self.authenticators + self.recovery_codes + self.undated_codes == 0
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    pub kinds: Vec<KindReport>,
    /// In the order of the lists.
    pub older: Vec<OlderKey>,
    /// Unused recovery codes of keys that are in the list no more: they work no more.
    pub lost_codes: u64,
}

impl Report {
    pub fn closed(&self) -> impl Iterator<Item = &Closed> {
        self.kinds.iter().flat_map(|kind| &kind.closed)
    }
}

impl Directory {
    /// Seals with the current keys what older ones sealed, and tells what still needs those.
    pub async fn reseal(&self, actor: Actor, keys: &SealingKeys, pass: Pass) -> Result<Report> {
        if pass == Pass::Reseal {
            self.note(&actor, "key.reseal.started", Value::Null).await?;
        }
        let mut kinds = Vec::new();
        for kind in SealedKind::ALL.iter().copied() {
            kinds.push(self.reseal_kind(kind, keys.of(kind), pass).await?);
        }
        let report = self.needs(keys, kinds).await?;
        if pass == Pass::Reseal {
            let counts = report.kinds.iter().map(|kind| {
                let counts = json!({
                    "resealed": kind.resealed, "current": kind.current, "notOpened": kind.closed.len(),
                });
                (kind.kind.as_str().to_owned(), counts)
            });
            self.note(&actor, "key.resealed", Value::Object(counts.collect())).await?;
        }
        Ok(report)
    }

    async fn note(&self, actor: &Actor, event: &str, metadata: Value) -> Result<()> {
        let mut work = self.begin(actor.clone()).await?;
        work.audit(event, None, None, metadata).await?;
        work.commit().await
    }

    async fn reseal_kind(&self, kind: SealedKind, ring: &Keyring, pass: Pass) -> Result<KindReport> {
        let mut report = KindReport { kind, resealed: 0, current: 0, closed: Vec::new() };
        for _ in 0..ROUNDS {
            let (mut after, mut overtaken) = (Uuid::nil(), false);
            report.closed.clear();
            loop {
                let mut repositories = self.deps.store.repositories();
                let rows =
                    repositories.sealed().under_other_keys(kind, ring.current_id(), after, BATCH).await?;
                let Some(last) = rows.last() else { break };
                after = last.id;
                let opened = open_batch(kind, ring, rows, &mut report.closed);
                let replaced = match pass {
                    Pass::Look => opened.len(),
                    Pass::Reseal => self.replace_batch(kind, ring, &opened).await?,
                };
                overtaken |= replaced < opened.len();
                report.resealed += u64::try_from(replaced).unwrap_or(u64::MAX);
            }
            if !overtaken {
                break;
            }
        }
        let now = self.count(kind, ring.current_id()).await?;
        let own = if pass == Pass::Reseal { report.resealed } else { 0 };
        report.current = now.saturating_sub(own);
        Ok(report)
    }

    /// How many were replaced: those that nobody changed meanwhile.
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

    /// What is there now, by the keys that are not current any more.
    async fn needs(&self, keys: &SealingKeys, kinds: Vec<KindReport>) -> Result<Report> {
        let mut repositories = self.deps.store.repositories();
        let mut sealed = repositories.sealed();
        let signing_keys = sealed.by_key(SealedKind::SigningKey).await?;
        let letters = sealed.by_key(SealedKind::Letter).await?;
        let authenticators = sealed.by_key(SealedKind::Authenticator).await?;
        let codes = sealed.recovery_codes_by_key().await?;
        let undated_codes = codes.iter().filter(|(key, _)| key.is_none()).map(|(_, n)| n).sum();
        let codes: Vec<(String, u64)> = codes.into_iter().filter_map(|(key, n)| Some((key?, n))).collect();
        let none = |list, place| OlderKey {
            list,
            place,
            signing_keys: 0,
            letters: 0,
            authenticators: 0,
            recovery_codes: 0,
            undated_codes: 0,
        };
        let mut older = Vec::new();
        for (index, (key, letter_key)) in keys.signing_keys.ids().zip(keys.letters.ids()).enumerate().skip(1)
        {
            older.push(OlderKey {
                signing_keys: of_key(&signing_keys, key),
                letters: of_key(&letters, letter_key),
                ..none(KeyList::Signing, index + 1)
            });
        }
        let two_factor = keys.authenticators.ids().zip(keys.codes.all());
        for (index, (key, code_key)) in two_factor.enumerate().skip(1) {
            older.push(OlderKey {
                authenticators: of_key(&authenticators, key),
                recovery_codes: of_key(&codes, code_key.id()),
                undated_codes,
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
    closed: &mut Vec<Closed>,
) -> Vec<(SealedRow, Zeroizing<Vec<u8>>)> {
    let mut opened = Vec::new();
    for row in rows {
        match ring.open(&row.sealed, &row.identity) {
            Ok(plain) => opened.push((row, Zeroizing::new(plain))),
            Err(why) => closed.push(Closed { kind, id: row.id, why }),
        }
    }
    opened
}
