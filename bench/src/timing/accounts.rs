//! Accounts of the timing test: enough of each kind that no account gets the same request twice.

use std::fmt::Write as _;

use anyhow::{Context as _, Result};
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use serde::{Deserialize, Serialize};

use crate::world::World;

/// The password of every account that has one.
const PASSWORD: &str = "bench-only-password-1";
pub(super) const WRONG_PASSWORD: &str = "bench-only-password-2";

/// The kind of account behind an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum AccountKind {
    /// Unknown address: the baseline.
    Unknown,
    /// Control group: also unknown, so any difference from the baseline is chance.
    UnknownToo,
    Active,
    Inactive,
    /// Locked just now, by too many wrong passwords.
    Locked,
    Suspended,
    Passwordless,
}

impl AccountKind {
    pub(crate) const ALL: [Self; 7] = [
        Self::Unknown,
        Self::UnknownToo,
        Self::Active,
        Self::Inactive,
        Self::Locked,
        Self::Suspended,
        Self::Passwordless,
    ];

    /// Whether a requested link is mailed. A lock caused by password guessing does not block links.
    pub(super) fn gets_mail(self) -> bool {
        matches!(self, Self::Active | Self::Locked | Self::Passwordless)
    }

    fn is_unknown(self) -> bool {
        matches!(self, Self::Unknown | Self::UnknownToo)
    }

    /// SQL assignments for both databases that turn a provisioned account into this kind. Done in SQL because a lockout
    /// would have to be provoked, and no command changes hundreds of accounts.
    fn sql_changes(self) -> Option<&'static str> {
        match self {
            Self::Locked => Some(
                "status = 'locked', locked_reason = 'auto_lockout', locked_at = created_at, failed_login_count = 5, \
                 last_failed_login_at = created_at",
            ),
            Self::Suspended => Some("status = 'suspended'"),
            Self::Unknown | Self::UnknownToo | Self::Active | Self::Inactive | Self::Passwordless => None,
        }
    }
}

impl std::fmt::Display for AccountKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Unknown => "unknown (baseline)",
            Self::UnknownToo => "unknown (control)",
            Self::Active => "active, with a password",
            Self::Inactive => "inactive",
            Self::Locked => "locked by failures",
            Self::Suspended => "suspended",
            Self::Passwordless => "active, without a password",
        })
    }
}

/// The address with that number. All have the same length, so that pages repeating them do too.
pub(super) fn address(number: usize) -> String {
    format!("person-{number:05}@bench.example")
}

/// All accounts by number. Kinds are assigned at random, so that no part of an index belongs to one kind.
pub(super) struct Accounts(Vec<AccountKind>);

impl Accounts {
    pub(super) fn assign(of_each: usize, rng: &mut StdRng) -> Self {
        let mut dealt: Vec<_> =
            AccountKind::ALL.iter().flat_map(|kind| std::iter::repeat_n(*kind, of_each)).collect();
        dealt.shuffle(rng);
        Self(dealt)
    }

    /// All numbers with their kinds.
    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, AccountKind)> {
        self.0.iter().copied().enumerate()
    }

    /// The users of the `porta provision` document.
    pub(super) fn users(&self) -> String {
        let mut text = String::new();
        for (number, kind) in self.iter().filter(|(_, kind)| !kind.is_unknown()) {
            let email = address(number);
            // Writing to a String does not fail.
            let _ = writeln!(text, "      - email: {email}\n        email_verified: true");
            if kind != AccountKind::Passwordless {
                let _ = writeln!(text, "        password: {PASSWORD}");
            }
            if kind == AccountKind::Inactive {
                text.push_str("        status: inactive\n");
            }
        }
        text
    }

    /// Turns provisioned accounts into their kinds.
    pub(super) async fn finish(&self, world: &World) -> Result<()> {
        for kind in AccountKind::ALL {
            let Some(changes) = kind.sql_changes() else { continue };
            let keys = self.iter().filter(|(_, found)| *found == kind);
            let keys: Vec<_> = keys.map(|(number, _)| format!("'{}'", address(number))).collect();
            let sql = format!("UPDATE users SET {changes} WHERE email_key IN ({})", keys.join(", "));
            world.store.execute(sql).await.with_context(|| format!("making accounts {kind}"))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;

    use super::*;

    #[test]
    fn everybody_is_there_and_unknown_ones_are_not() {
        let accounts = Accounts::assign(3, &mut StdRng::from_seed([1; 32]));
        for kind in AccountKind::ALL {
            assert_eq!(accounts.iter().filter(|(_, found)| *found == kind).count(), 3, "{kind}");
        }
        let users = accounts.users();
        for (number, kind) in accounts.iter() {
            assert_eq!(users.matches(&address(number)).count(), usize::from(!kind.is_unknown()), "{kind}");
        }
        assert_eq!(users.matches("password: ").count(), 4 * 3);
        assert_eq!(users.matches("status: inactive").count(), 3);
    }

    #[test]
    fn addresses_are_equally_long() {
        assert_eq!(address(7).len(), address(54_321).len());
    }
}
