//! Authenticator codes: TOTP (RFC 6238).

use porta_core::seal::{Keyring, SealError, Sealed};
use porta_core::second_factor::{TotpAlgorithm, TotpCredential, TotpParameters};
use porta_core::user::Email;
use porta_core::{Entropy, OrganizationId, Timestamp, UserId};
use secrecy::SecretString;
use totp_rs::{Algorithm, Builder, Secret, Totp};
use zeroize::Zeroizing;

use super::typed::normal;

/// Time steps accepted before and after the current one (RFC 6238 §5.2 recommends one, for slow typing and clock
/// drift).
const WINDOW: u16 = 1;
/// Authenticators show no more of the name than this, and a longer one makes the QR code too fine to scan.
const ISSUER_LIMIT: usize = 40;

/// Shared secret of authenticator and server: 160 bits (RFC 4226 §4), wiped when dropped.
pub struct TotpSecret(Secret);

impl TotpSecret {
    pub fn generate(entropy: &dyn Entropy) -> Self {
        Self(Secret::new_stack(entropy.bytes::<20>()))
    }

    /// Seals the secret for one person, in the form used during enrolment and by [`TotpCredential`].
    pub fn seal(
        &self,
        keyring: &Keyring,
        organization: OrganizationId,
        user: UserId,
        entropy: &dyn Entropy,
    ) -> Sealed {
        keyring.seal(self.0.as_bytes(), &TotpCredential::seal_identity(organization, user), entropy)
    }

    /// Opens a secret that was sealed for this person.
    pub fn open(
        keyring: &Keyring,
        sealed: &Sealed,
        organization: OrganizationId,
        user: UserId,
    ) -> Result<Self, SealError> {
        let plain = Zeroizing::new(keyring.open(sealed, &TotpCredential::seal_identity(organization, user))?);
        // RFC 4226 §4: at least 128 bits. Shorter ones are never sealed here.
        if plain.len() < 16 {
            return Err(SealError::Refused);
        }
        Ok(Self(Secret::new(plain.as_slice().into())))
    }

    /// Base32 in groups of four, to type into an authenticator without a camera.
    pub fn base32(&self) -> SecretString {
        let text = Zeroizing::new(self.0.to_base32());
        let mut out = String::with_capacity(text.len() * 5 / 4);
        for (n, symbol) in text.chars().enumerate() {
            if n > 0 && n.is_multiple_of(4) {
                out.push(' ');
            }
            out.push(symbol);
        }
        out.into()
    }

    /// The `otpauth://` URI in the QR code.
    #[expect(clippy::expect_used, reason = "an address is not empty, and colons were taken out")]
    pub fn provisioning_uri(&self, issuer: &str, account: &Email) -> SecretString {
        // The colon separates issuer and account.
        let plain = |text: &str| text.replace(':', " ");
        let issuer: String = plain(issuer).chars().take(ISSUER_LIMIT).collect();
        let totp = self
            .builder(TotpParameters::default())
            .with_issuer(Some(issuer))
            .with_account_name(plain(account.shown()))
            .build()
            .expect("name and account hold no colon, the rest is checked where it is made");
        totp.to_url().expect("the account was given").into()
    }

    /// Returns the time step of a typed code if it is accepted at `now`. The store must accept that step, so that no
    /// code is used twice.
    pub fn matching_step(&self, parameters: TotpParameters, typed: &str, now: Timestamp) -> Option<i64> {
        let code = Zeroizing::new(normal(typed));
        if code.len() != usize::from(parameters.digits()) || !code.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let step = self.totp(parameters).check(&code, u64::try_from(now.seconds()).ok()?)?;
        i64::try_from(step).ok()
    }

    #[expect(clippy::expect_used, reason = "TotpParameters and `open` admit only what RFC 6238 does")]
    fn totp(&self, parameters: TotpParameters) -> Totp {
        self.builder(parameters).build().expect("digits, period and length were checked where they were made")
    }

    fn builder(&self, parameters: TotpParameters) -> Builder {
        Builder::new()
            .with_algorithm(match parameters.algorithm() {
                TotpAlgorithm::Sha1 => Algorithm::SHA1,
                TotpAlgorithm::Sha256 => Algorithm::SHA256,
                TotpAlgorithm::Sha512 => Algorithm::SHA512,
            })
            .with_digits(parameters.digits())
            .with_step_duration(u64::from(parameters.period()))
            .with_skew(WINDOW)
            .with_secret(self.0.clone())
    }
}

impl std::fmt::Debug for TotpSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TotpSecret(…)")
    }
}

#[cfg(test)]
mod tests {
    use porta_core::SeededEntropy;
    use porta_core::second_factor::SEALING_PURPOSE;
    use secrecy::ExposeSecret as _;

    use super::*;

    fn sealed_for(entropy: &SeededEntropy) -> (OrganizationId, UserId, Keyring) {
        let now = Timestamp::from_seconds(1_750_000_000);
        (
            OrganizationId::new(now, entropy),
            UserId::new(now, entropy),
            Keyring::new(&[[9; 32]], SEALING_PURPOSE),
        )
    }

    fn secret(text: &[u8]) -> TotpSecret {
        TotpSecret(Secret::new(text.into()))
    }

    /// Test vectors of RFC 6238 appendix B, with the secrets of its errata.
    #[test]
    fn the_codes_of_the_standard() {
        let sha1 = secret(b"12345678901234567890");
        let sha256 = secret(b"12345678901234567890123456789012");
        let sha512 = secret(b"1234567890123456789012345678901234567890123456789012345678901234");
        let cases = [
            (59, "94287082", "46119246", "90693936"),
            (1_111_111_109, "07081804", "68084774", "25091201"),
            (1_234_567_890, "89005924", "91819424", "93441116"),
            (2_000_000_000, "69279037", "90698825", "38618901"),
            (20_000_000_000, "65353130", "77737706", "47863826"),
        ];
        for (seconds, one, two, three) in cases {
            for (secret, algorithm, code) in [
                (&sha1, TotpAlgorithm::Sha1, one),
                (&sha256, TotpAlgorithm::Sha256, two),
                (&sha512, TotpAlgorithm::Sha512, three),
            ] {
                let parameters = TotpParameters::parse(algorithm, 8, 30).unwrap();
                let step = secret.matching_step(parameters, code, Timestamp::from_seconds(seconds));
                assert_eq!(step, Some(seconds / 30), "{algorithm} at {seconds}");
            }
        }
    }

    #[test]
    fn one_step_before_and_after_and_no_more() {
        let secret = TotpSecret::generate(&SeededEntropy::new(4));
        let parameters = TotpParameters::default();
        let step = 58_000_000;
        let code = secret.totp(parameters).generate(step * 30).to_string();
        let step = i64::try_from(step).unwrap();
        let at = |seconds| secret.matching_step(parameters, &code, Timestamp::from_seconds(seconds));
        assert_eq!(at((step - 1) * 30 - 1), None);
        assert_eq!(at((step - 1) * 30), Some(step), "always the step of the code, not that of the clock");
        assert_eq!(at(step * 30), Some(step));
        assert_eq!(at((step + 2) * 30 - 1), Some(step));
        assert_eq!(at((step + 2) * 30), None);
    }

    #[test]
    fn what_is_no_code_matches_nothing() {
        let secret = TotpSecret::generate(&SeededEntropy::new(4));
        let now = Timestamp::from_seconds(1_750_000_000);
        let code = secret.totp(TotpParameters::default()).generate(1_750_000_000).to_string();
        let matches = |typed: &str| secret.matching_step(TotpParameters::default(), typed, now).is_some();
        assert!(matches(&code) && matches(&format!(" {} {} ", &code[..3], &code[3..])));
        for zero in ['\u{ff10}', '\u{660}', '\u{6f0}', '\u{966}'] {
            let digit = |c: char| c.to_digit(10).and_then(|d| char::from_u32(u32::from(zero) + d));
            assert!(matches(&code.chars().filter_map(digit).collect::<String>()), "{zero}");
        }
        let longer = format!("{code}0");
        for bad in ["", &code[..5], &longer, "abcdef", "+12345", "¹²³⁴⁵⁶"] {
            assert!(!matches(bad), "{bad:?}");
        }
        let before = Timestamp::from_seconds(-1);
        assert_eq!(secret.matching_step(TotpParameters::default(), &code, before), None);
    }

    #[test]
    fn a_sealed_secret_opens_for_its_owner_only() {
        let entropy = SeededEntropy::new(2);
        let (organization, user, keyring) = sealed_for(&entropy);
        let secret = TotpSecret::generate(&entropy);
        let sealed = secret.seal(&keyring, organization, user, &entropy);
        let opened = TotpSecret::open(&keyring, &sealed, organization, user).unwrap();
        assert_eq!(opened.0.as_bytes(), secret.0.as_bytes());
        let (elsewhere, another, _) = sealed_for(&entropy);
        assert_eq!(
            TotpSecret::open(&keyring, &sealed, organization, another).err(),
            Some(SealError::Refused)
        );
        assert_eq!(TotpSecret::open(&keyring, &sealed, elsewhere, user).err(), Some(SealError::Refused));
        let wrong = Keyring::new(&[[9; 32]], "another purpose");
        assert!(matches!(
            TotpSecret::open(&wrong, &sealed, organization, user),
            Err(SealError::UnknownKey(_))
        ));
        let short = keyring.seal(b"short", &TotpCredential::seal_identity(organization, user), &entropy);
        assert_eq!(TotpSecret::open(&keyring, &short, organization, user).err(), Some(SealError::Refused));
    }

    #[test]
    fn the_address_an_authenticator_reads() {
        let secret = secret(b"12345678901234567890");
        let uri = secret.provisioning_uri("Porta (Acme: Süd)", &Email::parse("ana:b@example.com").unwrap());
        assert_eq!(
            uri.expose_secret(),
            "otpauth://totp/Porta%20%28Acme%20%20S%C3%BCd%29:ana%20b%40example.com\
             ?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Porta%20%28Acme%20%20S%C3%BCd%29"
        );
        assert_eq!(secret.base32().expose_secret(), "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ");
        assert_eq!(format!("{secret:?}"), "TotpSecret(…)");
    }
}
