//! Encryption at rest: AES-256-GCM with a key id, and the row's identity as associated data (decision D4).

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::{digest, hkdf, hmac};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Entropy;
use crate::secret::hex;

/// Why a sealed value could not be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    #[error("sealed with key {0}, which this process does not have")]
    UnknownKey(String),
    #[error("sealed value was changed or belongs to another row")]
    Refused,
}

/// A sealed value as stored.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed {
    /// Id of the key that sealed it.
    pub key_id: String,
    /// 12-byte nonce, ciphertext, 16-byte tag.
    pub bytes: Vec<u8>,
}

impl Sealed {
    /// `key id.base64url`: format in cookies, URLs and records of the short-lived store.
    pub fn to_text(&self) -> String {
        format!("{}.{}", self.key_id, URL_SAFE_NO_PAD.encode(&self.bytes))
    }

    pub fn from_text(text: &str) -> Option<Self> {
        let (key_id, bytes) = text.split_once('.')?;
        Some(Self { key_id: key_id.to_owned(), bytes: URL_SAFE_NO_PAD.decode(bytes).ok()? })
    }
}

impl Serialize for Sealed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_text())
    }
}

impl<'de> Deserialize<'de> for Sealed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::from_text(&text).ok_or_else(|| serde::de::Error::custom("not a sealed value"))
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed(key {}, {} bytes)", self.key_id, self.bytes.len())
    }
}

struct SealingKey {
    id: String,
    key: LessSafeKey,
}

/// Encryption keys for one purpose: the first seals, all open.
pub struct Keyring {
    keys: Vec<SealingKey>,
}

struct OutputLength(usize);

impl hkdf::KeyType for OutputLength {
    fn len(&self) -> usize {
        self.0
    }
}

/// Derives the key for one purpose from `master`: HKDF-SHA-256 (RFC 5869).
#[expect(clippy::expect_used, reason = "32 bytes are far below HKDF's limit, so neither step can fail")]
pub(crate) fn derive(master: &[u8], purpose: &str) -> [u8; 32] {
    let salt = hkdf::Salt::new(hkdf::HKDF_SHA256, b"porta");
    let mut out = [0; 32];
    salt.extract(master)
        .expand(&[purpose.as_bytes()], OutputLength(32))
        .and_then(|okm| okm.fill(&mut out))
        .expect("32 bytes are within HKDF's limit");
    out
}

/// Key id stored with everything a derived key seals.
fn key_id(derived: &[u8; 32]) -> String {
    hex(&digest::digest(&digest::SHA256, derived).as_ref()[..4])
}

/// An HMAC key derived for one purpose.
pub struct HmacKey {
    id: String,
    key: hmac::Key,
}

impl HmacKey {
    pub fn id(&self) -> &str {
        &self.id
    }

    pub const fn key(&self) -> &hmac::Key {
        &self.key
    }
}

impl fmt::Debug for HmacKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HmacKey({})", self.id)
    }
}

/// HMAC keys for one purpose: the first creates MACs, all verify. Only MACs are stored, not the texts, so they cannot
/// be recomputed with another key: a MAC is valid as long as its key is configured.
#[derive(Debug)]
pub struct HmacKeys(Vec<HmacKey>);

impl HmacKeys {
    /// Derives one sub-key per master key for `purpose`; the first one creates MACs.
    ///
    /// # Panics
    /// When `masters` is empty: configuration guarantees at least one.
    pub fn new(masters: &[[u8; 32]], purpose: &str) -> Self {
        assert!(!masters.is_empty(), "an HMAC needs a key");
        let keys = masters.iter().map(|master| {
            let bytes = derive(master, purpose);
            HmacKey { id: key_id(&bytes), key: hmac::Key::new(hmac::HMAC_SHA256, &bytes) }
        });
        Self(keys.collect())
    }

    /// The key that creates new MACs.
    pub fn current(&self) -> &HmacKey {
        &self.0[0]
    }

    /// All keys, the current one first.
    pub fn all(&self) -> impl Iterator<Item = &HmacKey> {
        self.0.iter()
    }
}

impl Keyring {
    /// Derives one sub-key per master key for `purpose`; the first one seals.
    ///
    /// # Panics
    /// When `masters` is empty: configuration guarantees at least one.
    #[expect(clippy::expect_used, reason = "a 32-byte key always fits AES-256")]
    pub fn new(masters: &[[u8; 32]], purpose: &str) -> Self {
        assert!(!masters.is_empty(), "a keyring needs a key");
        let keys = masters
            .iter()
            .map(|master| {
                let bytes = derive(master, purpose);
                let id = key_id(&bytes);
                let key =
                    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &bytes).expect("AES-256 takes 32 bytes"));
                SealingKey { id, key }
            })
            .collect();
        Self { keys }
    }

    /// Seals `plain`, bound to `identity` (table, column and row).
    #[expect(clippy::expect_used, reason = "AES-GCM seals anything below 64 GiB")]
    pub fn seal(&self, plain: &[u8], identity: &str, entropy: &dyn Entropy) -> Sealed {
        let key = &self.keys[0];
        let nonce = entropy.bytes::<12>();
        let mut body = plain.to_vec();
        key.key
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(identity.as_bytes()),
                &mut body,
            )
            .expect("plaintext is far below the limit of AES-GCM");
        let mut bytes = nonce.to_vec();
        bytes.append(&mut body);
        Sealed { key_id: key.id.clone(), bytes }
    }

    /// Opens a value that [`Keyring::seal`] made for the same identity.
    pub fn open(&self, sealed: &Sealed, identity: &str) -> Result<Vec<u8>, SealError> {
        let key = self
            .keys
            .iter()
            .find(|k| k.id == sealed.key_id)
            .ok_or_else(|| SealError::UnknownKey(sealed.key_id.clone()))?;
        let (nonce, body) = sealed.bytes.split_first_chunk::<12>().ok_or(SealError::Refused)?;
        let mut body = body.to_vec();
        let plain = key
            .key
            .open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(identity.as_bytes()), &mut body)
            .map_err(|_| SealError::Refused)?;
        Ok(plain.to_vec())
    }

    /// Id of the key that seals.
    pub fn current_id(&self) -> &str {
        &self.keys[0].id
    }

    /// Ids of all keys, in order.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().map(|key| key.id.as_str())
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.keys.iter().map(|k| &k.id)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SeededEntropy;

    fn ring(first: u8) -> Keyring {
        Keyring::new(&[[first; 32]], "test")
    }

    #[test]
    fn opens_only_for_the_same_row_and_key() {
        let entropy = SeededEntropy::new(1);
        let sealed = ring(1).seal(b"secret", "row-1", &entropy);
        assert_eq!(ring(1).open(&sealed, "row-1").as_deref(), Ok(b"secret".as_slice()));
        assert_eq!(ring(1).open(&sealed, "row-2"), Err(SealError::Refused));
        assert!(matches!(ring(2).open(&sealed, "row-1"), Err(SealError::UnknownKey(_))));
    }

    #[test]
    fn a_sealed_value_travels_as_text() {
        let sealed = ring(1).seal(b"secret", "row", &SeededEntropy::new(1));
        let text = serde_json::to_string(&sealed).unwrap();
        assert_eq!(serde_json::from_str::<Sealed>(&text).unwrap(), sealed);
        for bad in ["\"\"", "\"id\"", "\"id.=\"", "7"] {
            assert!(serde_json::from_str::<Sealed>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_changed_byte_is_refused() {
        let mut sealed = ring(1).seal(b"secret", "row", &SeededEntropy::new(1));
        sealed.bytes[14] ^= 1;
        assert_eq!(ring(1).open(&sealed, "row"), Err(SealError::Refused));
        sealed.bytes.truncate(5);
        assert_eq!(ring(1).open(&sealed, "row"), Err(SealError::Refused));
    }

    #[test]
    fn an_older_key_still_opens_after_rotation() {
        let sealed = ring(1).seal(b"secret", "row", &SeededEntropy::new(1));
        let rotated = Keyring::new(&[[2; 32], [1; 32]], "test");
        assert_eq!(rotated.open(&sealed, "row").as_deref(), Ok(b"secret".as_slice()));
        assert_ne!(rotated.current_id(), sealed.key_id);
    }

    #[test]
    fn the_order_of_keys_says_which_one_seals_and_nothing_else() {
        let [old, new] = [[1; 32], [2; 32]];
        let before = Keyring::new(&[old, new], "test");
        let after = Keyring::new(&[new, old], "test");
        for (one, other) in [(&before, &after), (&after, &before)] {
            let sealed = one.seal(b"secret", "row", &SeededEntropy::new(1));
            assert_eq!(sealed.key_id, one.current_id());
            assert_eq!(other.open(&sealed, "row").as_deref(), Ok(b"secret".as_slice()));
        }
        assert_eq!(before.ids().collect::<Vec<_>>(), [after.ids().nth(1).unwrap(), after.current_id()]);
    }

    #[test]
    fn the_first_hmac_key_makes_and_all_check() {
        let (old, both) = (HmacKeys::new(&[[1; 32]], "a"), HmacKeys::new(&[[2; 32], [1; 32]], "a"));
        let tag = hmac::sign(old.current().key(), b"code");
        let checks =
            |keys: &HmacKeys| keys.all().any(|k| hmac::verify(k.key(), b"code", tag.as_ref()).is_ok());
        assert!(checks(&old) && checks(&both));
        assert!(!checks(&HmacKeys::new(&[[2; 32]], "a")) && !checks(&HmacKeys::new(&[[1; 32]], "b")));
        assert_ne!(both.current().id(), old.current().id());
        assert_eq!(both.all().nth(1).map(HmacKey::id), Some(old.current().id()));
    }

    #[test]
    fn purposes_do_not_share_keys() {
        let sealed = Keyring::new(&[[1; 32]], "a").seal(b"x", "row", &SeededEntropy::new(1));
        assert!(Keyring::new(&[[1; 32]], "b").open(&sealed, "row").is_err());
    }
}
