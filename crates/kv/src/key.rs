//! Keys of the short-lived store: `{organization}:{name}`, followed by parts that tell the entries of one name apart,
//! each after a colon. The name decides the kind of the entry, by which the in-process store limits and evicts.

use std::fmt::{Display, Write as _};

use porta_core::OrganizationId;

/// Kind of an entry, in the order of eviction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Kind {
    Noted,
    Logout,
    Interaction,
    /// Used interaction: a sign-in that is over. If it is lost, a replay gets no more than the first page of a sign-in.
    Finished,
    /// Answer to a form, for a browser that sends it twice. If it is lost, that browser gets a page that says so.
    Answer,
    Counter,
    /// A key of no name below.
    Other,
    /// Counters that limit guesses at passwords and codes. If they are lost, an attacker gets new guesses.
    GuessCounter,
    AccountStep,
    ClientToken,
    Group,
    Code,
    /// A used value: detects a replay for as long as it is kept.
    Used,
    Session,
}

macro_rules! key_names {
    ($($(#[$meta:meta])* $variant:ident = $text:literal, $kind:ident;)+) => {
        /// What an entry is for. The text is part of the stored key: servers of two versions share a store.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum KeyName { $($(#[$meta])* $variant),+ }

        impl KeyName {
            const ALL: &'static [Self] = &[$(Self::$variant),+];

            const fn text(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            const fn kind(self) -> Kind {
                match self { $(Self::$variant => Kind::$kind),+ }
            }
        }
    };
}

/// Texts of counters begin with this.
const LIMIT: &str = "limit:";

key_names! {
    /// Marks what was done, audited or used before.
    Noted = "noted", Noted;
    LogoutRequest = "logout-request", Logout;
    Logout = "logout", Logout;
    Interaction = "interaction", Interaction;
    /// Forms that arrived, with their answers.
    Answer = "answer", Answer;
    AccountSetup = "account-setup", AccountStep;
    /// Answer to a request of an administrator, for the same request again.
    AdminAnswer = "admin-answer", AccountStep;
    AccountLock = "account-lock", AccountStep;
    /// Answer to a form that renewed a session.
    Renewed = "renewed", AccountStep;
    ClientToken = "client-token", ClientToken;
    /// Group of the unredeemed codes of a session and client.
    Codes = "codes", Group;
    Code = "code", Code;
    Session = "session", Session;

    /// Changes of one administrator.
    LimitAdminWrites = "limit:admin-writes", Counter;
    /// Refused requests of one principal that are audited.
    LimitAdminDenials = "limit:admin-denials", Counter;
    /// Test mails of one administrator.
    LimitTestMails = "limit:test-mails", Counter;
    LimitForms = "limit:forms", Counter;
    LimitInteraction = "limit:interaction", Counter;
    LimitToken = "limit:token", Counter;
    LimitTokenAddress = "limit:token-address", Counter;
    LimitIntrospect = "limit:introspect", Counter;
    LimitIntrospectAddress = "limit:introspect-address", Counter;
    LimitMagicLink = "limit:magic_link", Counter;
    LimitMagicLinkDevice = "limit:magic_link-device", Counter;
    LimitPasswordReset = "limit:password_reset", Counter;
    LimitPasswordResetDevice = "limit:password_reset-device", Counter;
    LimitLinkAddress = "limit:link-address", Counter;
    LimitLinkOrganization = "limit:link-organization", Counter;
    LimitLogin = "limit:login", GuessCounter;
    LimitLoginAddress = "limit:login-address", GuessCounter;
    LimitLoginDevice = "limit:login-device", GuessCounter;
    LimitLoginOrganization = "limit:login-organization", GuessCounter;
    LimitLoginSession = "limit:login-session", GuessCounter;
    /// Verifications of a password in progress.
    LimitLoginUnderWay = "limit:login-under-way", GuessCounter;
    LimitMagicCode = "limit:magic-code", GuessCounter;
    LimitTwoFactor = "limit:2fa", GuessCounter;
    LimitTwoFactorDevice = "limit:2fa-device", GuessCounter;
    LimitTwoFactorMail = "limit:2fa-mail", GuessCounter;
    LimitTwoFactorPlace = "limit:2fa-place", GuessCounter;
    LimitTwoFactorResend = "limit:2fa-resend", GuessCounter;
    LimitAccount = "limit:account", GuessCounter;
}

impl KeyName {
    /// The name in a key, after its organization.
    fn in_text(text: &str) -> Option<Self> {
        let is_named = |name: &&Self| {
            text.strip_prefix(name.text()).is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
        };
        Self::ALL.iter().find(is_named).copied()
    }
}

impl Kind {
    /// The kind of a key that is known as text. A counter of another version's name is a counter, too.
    fn of(key: &str) -> Self {
        let Some((_, text)) = key.split_once(':') else { return Self::Other };
        match KeyName::in_text(text) {
            Some(name) => name.kind(),
            None if text.starts_with(LIMIT) => Self::Counter,
            None => Self::Other,
        }
    }
}

/// Long enough for an organization, a name and a digest.
const USUAL_LENGTH: usize = 128;

/// A key without the instance prefix, e.g. `{organization}:code:{digest}`. The implementation adds the namespace.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct KvKey {
    text: String,
    kind: Kind,
}

impl KvKey {
    /// The key of something that an organization has once; [`KvKey::with`] adds what tells several apart.
    pub fn new(name: KeyName, organization: OrganizationId) -> Self {
        let mut text = String::with_capacity(USUAL_LENGTH);
        // Writing to a string does not fail.
        let _ = write!(text, "{organization}:{}", name.text());
        Self { text, kind: name.kind() }
    }

    /// The key that readiness probes of all processes write.
    pub fn probe() -> Self {
        Self::from_text("porta:probe")
    }

    /// The key with this text, read from a snapshot or written by a test.
    pub fn from_text(text: &str) -> Self {
        Self { text: text.to_owned(), kind: Kind::of(text) }
    }

    /// Appends a part.
    #[must_use]
    pub fn with(mut self, part: impl Display) -> Self {
        // Writing to a string does not fail.
        let _ = write!(self.text, ":{part}");
        self
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub(crate) const fn kind(&self) -> Kind {
        self.kind
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use porta_core::{SeededEntropy, Timestamp};

    use super::*;

    #[test]
    fn a_key_is_its_organization_its_name_and_its_parts() {
        let organization = OrganizationId::new(Timestamp::from_seconds(0), &SeededEntropy::new(1));
        let key = KvKey::new(KeyName::LimitLoginAddress, organization).with("2001:db8::/64").with(7);
        assert_eq!(key.as_str(), format!("{organization}:limit:login-address:2001:db8::/64:7"));
    }

    /// A snapshot holds texts only: what is read back must have the kind that it was written with.
    #[test]
    fn a_key_read_as_text_has_the_kind_of_its_name() {
        let organization = OrganizationId::new(Timestamp::from_seconds(0), &SeededEntropy::new(1));
        for name in KeyName::ALL {
            for key in [KvKey::new(*name, organization), KvKey::new(*name, organization).with("cafe")] {
                assert_eq!(KvKey::from_text(key.as_str()), key);
            }
        }
        let texts: BTreeSet<&str> = KeyName::ALL.iter().map(|name| name.text()).collect();
        assert_eq!(texts.len(), KeyName::ALL.len());
    }

    #[test]
    fn keys_name_their_kind() {
        let cases = [
            ("0198:session:cafe", Kind::Session),
            ("0198:code:cafe", Kind::Code),
            ("0198:codes:cafe:app", Kind::Group),
            ("0198:interaction:cafe", Kind::Interaction),
            ("0198:logout:cafe", Kind::Logout),
            ("0198:logout-request:cafe", Kind::Logout),
            ("0198:client-token:cafe", Kind::ClientToken),
            ("0198:limit:token:192.0.2.1:cafe", Kind::Counter),
            ("0198:limit:interaction:192.0.2.1", Kind::Counter),
            ("0198:limit:of-another-version:cafe", Kind::Counter),
            ("0198:limit:login:cafe", Kind::GuessCounter),
            ("0198:limit:login-address:2001:db8::/64", Kind::GuessCounter),
            ("0198:limit:2fa-mail:cafe", Kind::GuessCounter),
            ("porta:probe", Kind::Other),
            ("session", Kind::Other),
            ("", Kind::Other),
            ("session:sessions", Kind::Other),
        ];
        for (key, kind) in cases {
            assert_eq!(KvKey::from_text(key).kind(), kind, "{key}");
        }
    }
}
