//! Kinds of entries in the in-process store, their ceilings, and the order of eviction.
//!
//! A key names its kind after the organization (`{organization}:{kind}:…`). Each kind has a ceiling of its own, so a
//! flood of one kind evicts only that kind. There is also a ceiling for the total: when it is reached, entries are
//! evicted in the order of the table, from what anybody can write to what people and clients earned. Within a kind the
//! entry that expires first is evicted first.

/// Kind of an entry, in the order of eviction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Noted,
    Logout,
    Interaction,
    /// Used interaction: a sign-in that is over. If it is lost, a replay gets no more than the first page of a sign-in.
    Finished,
    /// Answer to a form, for a browser that sends it twice. If it is lost, that browser gets a page that says so.
    Answer,
    Counter,
    /// A key that matches no line of the table.
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

/// Maximum of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ceiling {
    pub(super) entries: usize,
    pub(super) bytes: usize,
}

struct Definition {
    kind: Kind,
    name: &'static str,
    /// Prefixes of keys after the organization; the longest match wins.
    prefixes: &'static [&'static str],
    ceiling: Ceiling,
}

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// Ceiling of the total. No single kind may reach it.
pub(super) const TOTAL_BYTES: usize = 160 * MIB;

/// In the order of [`Kind`]. Bytes are calculated by [`super::expiring_map`]: key, value and overhead.
const TABLE: [Definition; Kind::COUNT] = [
    // Anybody can write these.
    define(Kind::Noted, "noted", &["noted:"], 20_000, 8 * MIB),
    define(Kind::Logout, "logout", &["logout:", "logout-request:"], 20_000, 16 * MIB),
    define(Kind::Interaction, "interaction", &["interaction:"], 20_000, 32 * MIB),
    define(Kind::Finished, "finished", &[], 20_000, 8 * MIB),
    define(Kind::Answer, "answer", &["answer:"], 20_000, 8 * MIB),
    define(Kind::Counter, "counter", &["limit:"], 100_000, 32 * MIB),
    define(Kind::Other, "other", &[], 20_000, 16 * MIB),
    define(
        Kind::GuessCounter,
        "guess_counter",
        &["limit:login", "limit:2fa", "limit:magic-code", "limit:account"],
        100_000,
        32 * MIB,
    ),
    // These need a client secret or a sign-in.
    define(
        Kind::AccountStep,
        "account_step",
        &["account-setup:", "account-lock:", "renewed:"],
        10_000,
        8 * MIB,
    ),
    define(Kind::ClientToken, "client_token", &["client-token:"], 150_000, 64 * MIB),
    define(Kind::Group, "group", &["codes:"], 30_000, 24 * MIB),
    define(Kind::Code, "code", &["code:"], 40_000, 48 * MIB),
    define(Kind::Used, "used", &[], 60_000, 64 * MIB),
    define(Kind::Session, "session", &["session:"], 150_000, 96 * MIB),
];

const fn define(
    kind: Kind,
    name: &'static str,
    prefixes: &'static [&'static str],
    entries: usize,
    bytes: usize,
) -> Definition {
    Definition { kind, name, prefixes, ceiling: Ceiling { entries, bytes } }
}

impl Kind {
    pub(super) const COUNT: usize = Kind::Session as usize + 1;

    /// Every kind, in the order of eviction.
    pub(super) fn all() -> impl DoubleEndedIterator<Item = Self> {
        TABLE.iter().map(|line| line.kind)
    }

    /// The kind of a key.
    pub(super) fn of(key: &str) -> Self {
        let Some((_, rest)) = key.split_once(':') else { return Self::Other };
        let fitting = TABLE
            .iter()
            .flat_map(|line| line.prefixes.iter().map(|prefix| (prefix.len(), line.kind, prefix)));
        let longest =
            fitting.filter(|(_, _, prefix)| rest.starts_with(**prefix)).max_by_key(|(length, ..)| *length);
        longest.map_or(Self::Other, |(_, kind, _)| kind)
    }

    /// The kind of a used value.
    pub(super) fn of_used(key: &str) -> Self {
        if Self::of(key) == Self::Interaction { Self::Finished } else { Self::Used }
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
    use std::path::Path;

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
            ("0198:limit:login:cafe", Kind::GuessCounter),
            ("0198:limit:login-address:2001:db8::/64", Kind::GuessCounter),
            ("0198:limit:2fa-mail:cafe", Kind::GuessCounter),
            ("porta:probe", Kind::Other),
            ("session", Kind::Other),
            ("", Kind::Other),
            ("session:session", Kind::Other),
        ];
        for (key, kind) in cases {
            assert_eq!(Kind::of(key), kind, "{key}");
        }
    }

    /// A key that matches no line shares a small ceiling with all others like it, so every new kind of key needs a
    /// line.
    #[test]
    fn every_key_of_the_program_has_a_line() {
        let mut found = BTreeSet::new();
        for room in ["oidc", "session", "signin"] {
            let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(room).join("src");
            words_of_keys(&sources, &mut found);
        }
        assert!(found.contains("session") && found.contains("limit") && found.contains("code"), "{found:?}");
        let unknown: Vec<_> =
            found.iter().filter(|word| Kind::of(&format!("organization:{word}:x")) == Kind::Other).collect();
        assert!(unknown.is_empty(), "keys without a line in TABLE: {unknown:?}");
    }

    /// Collects the words between `}:` and `:` in the strings of the sources, which is how keys are written.
    fn words_of_keys(directory: &Path, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                words_of_keys(&entry, found);
                continue;
            }
            for line in std::fs::read_to_string(entry)
                .unwrap()
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"))
            {
                for part in line.split("}:").skip(1) {
                    let word = part.split(':').next().unwrap_or_default();
                    let is_word = word.starts_with(|c: char| c.is_ascii_lowercase())
                        && word.chars().all(|c| c.is_ascii_lowercase() || c == '-')
                        && part.len() > word.len();
                    if is_word {
                        found.insert(word.to_owned());
                    }
                }
            }
        }
    }
}
