//! Kinds of entries in the in-process store, their ceilings, and the order of eviction.
//!
//! The name of a key decides the kind of its entry (`crate::key`). Each kind has a ceiling of its own, so a flood of one
//! kind evicts only that kind. There is also a ceiling for the total: when it is reached, entries are evicted in the
//! order of the table, from what anybody can write to what people and clients earned. Within a kind the entry that
//! expires first is evicted first.

pub(super) use crate::key::Kind;

/// Maximum of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ceiling {
    pub(super) entries: usize,
    pub(super) bytes: usize,
}

struct Definition {
    kind: Kind,
    name: &'static str,
    ceiling: Ceiling,
}

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// Ceiling of the total. No single kind may reach it.
pub(super) const TOTAL_BYTES: usize = 160 * MIB;

/// In the order of [`Kind`]. Bytes are calculated by [`super::expiring_map`]: key, value and overhead.
const TABLE: [Definition; Kind::COUNT] = [
    // Anybody can write these.
    define(Kind::Noted, "noted", 20_000, 8 * MIB),
    define(Kind::Logout, "logout", 20_000, 16 * MIB),
    define(Kind::Interaction, "interaction", 20_000, 32 * MIB),
    define(Kind::Finished, "finished", 20_000, 8 * MIB),
    define(Kind::Answer, "answer", 20_000, 8 * MIB),
    define(Kind::Counter, "counter", 100_000, 32 * MIB),
    define(Kind::Other, "other", 20_000, 16 * MIB),
    define(Kind::GuessCounter, "guess_counter", 100_000, 32 * MIB),
    // These need a client secret or a sign-in.
    define(Kind::AccountStep, "account_step", 10_000, 8 * MIB),
    define(Kind::ClientToken, "client_token", 150_000, 64 * MIB),
    define(Kind::Group, "group", 30_000, 24 * MIB),
    define(Kind::Code, "code", 40_000, 48 * MIB),
    define(Kind::Used, "used", 60_000, 64 * MIB),
    define(Kind::Session, "session", 150_000, 96 * MIB),
];

const fn define(kind: Kind, name: &'static str, entries: usize, bytes: usize) -> Definition {
    Definition { kind, name, ceiling: Ceiling { entries, bytes } }
}

impl Kind {
    pub(super) const COUNT: usize = Kind::Session as usize + 1;

    /// Every kind, in the order of eviction.
    pub(super) fn all() -> impl DoubleEndedIterator<Item = Self> {
        TABLE.iter().map(|line| line.kind)
    }

    /// The kind of a used value.
    pub(super) fn when_used(self) -> Self {
        if self == Self::Interaction { Self::Finished } else { Self::Used }
    }

    pub(super) fn index(self) -> usize {
        self as usize
    }

    /// For metrics and logs.
    pub(super) fn name(self) -> &'static str {
        TABLE[self.index()].name
    }

    pub(super) fn ceiling(self) -> Ceiling {
        TABLE[self.index()].ceiling
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_kinds() {
        assert!(TABLE.iter().enumerate().all(|(n, line)| line.kind.index() == n));
        let names: BTreeSet<&str> = TABLE.iter().map(|line| line.name).collect();
        assert_eq!(names.len(), Kind::COUNT);
    }

    #[test]
    fn no_kind_alone_takes_everything_and_strangers_leave_room() {
        assert!(TABLE.iter().all(|line| line.ceiling.bytes < TOTAL_BYTES && line.ceiling.bytes >= 8 * MIB));
        let anybodys: usize = TABLE[..Kind::AccountStep.index()].iter().map(|line| line.ceiling.bytes).sum();
        assert!(anybodys < TOTAL_BYTES, "{anybodys}");
    }
}
