//! Searches of a text within the columns of a table, by trigrams: an index on an expression in PostgreSQL, a table of FTS5
//! that triggers keep in SQLite, both named after the table (decision 0048).
//!
//! A rare text and a frequent one need different plans, and a planner that guesses wrong reads the whole table. So the
//! statement itself looks how many rows the index names: up to [`MOST_FOUND`] they are sorted; if there are more, the rows
//! are read in the order of the page until it is full, which is soon, because so many match.

use porta_core::EntityId as _;
use porta_core::UserId;
use uuid::Uuid;

use super::connection::Dialect;

/// Rows that the index may name before they are read in the order of the page instead.
pub(super) const MOST_FOUND: u32 = 2_000;
/// Trigrams that SQLite looks up. They only choose the rows that are compared with the whole text.
const MOST_TRIGRAMS: usize = 24;
/// Stands twice before each column. Two, so that a text of one character has a trigram at the beginning of a column.
const SEPARATOR: char = '\u{1f}';

/// A table whose rows can be searched.
pub(crate) struct Searched {
    table: &'static str,
    /// Name of the table in the lists.
    alias: &'static str,
    columns: &'static [SearchedColumn],
}

enum SearchedColumn {
    Required(&'static str),
    Nullable(&'static str),
}

pub(crate) const ORGANIZATIONS: Searched = Searched {
    table: "organizations",
    alias: "o",
    columns: &[SearchedColumn::Required("name"), SearchedColumn::Required("slug")],
};
pub(crate) const APPLICATIONS: Searched = Searched {
    table: "applications",
    alias: "a",
    columns: &[SearchedColumn::Required("name"), SearchedColumn::Required("slug")],
};
pub(crate) const CLIENTS: Searched =
    Searched { table: "clients", alias: "c", columns: &[SearchedColumn::Required("client_name")] };
pub(crate) const USERS: Searched = Searched {
    table: "users",
    alias: "u",
    columns: &[
        SearchedColumn::Required("email"),
        SearchedColumn::Nullable("given_name"),
        SearchedColumn::Nullable("family_name"),
    ],
};

impl Searched {
    /// The text that is searched. The index of PostgreSQL is on this expression, and the triggers of SQLite store it. Only
    /// the letters of ASCII are folded, on both alike: the collation keeps PostgreSQL from folding more.
    fn text(&self, dialect: Dialect, prefix: &str) -> String {
        let separator = match dialect {
            Dialect::Postgres => "chr(31) || chr(31)",
            Dialect::Sqlite => "char(31, 31)",
        };
        let columns = self.columns.iter().map(|column| match column {
            SearchedColumn::Required(name) => format!("{separator} || {prefix}{name}"),
            SearchedColumn::Nullable(name) => format!("{separator} || COALESCE({prefix}{name}, '')"),
        });
        let text = columns.collect::<Vec<_>>().join(" || ");
        match dialect {
            Dialect::Postgres => format!("lower(({text}) COLLATE \"C\")"),
            Dialect::Sqlite => format!("lower({text})"),
        }
    }

    /// The condition that a row contains the text of the pattern `argument`. Not for the index: the empty text keeps
    /// PostgreSQL from using it.
    pub(super) fn contains(&self, dialect: Dialect, argument: &str) -> String {
        let text = self.text(dialect, &format!("{}.", self.alias));
        match dialect {
            Dialect::Postgres => format!("({text} || '') LIKE {argument}"),
            Dialect::Sqlite => format!("{text} LIKE {argument} ESCAPE '\\'"),
        }
    }

    /// Selects what the index names, as `id`: the ids of PostgreSQL, the row numbers of SQLite. `argument` is the pattern
    /// or, on SQLite, the trigrams.
    pub(super) fn found(&self, dialect: Dialect, argument: &str) -> String {
        let (table, limit) = (self.table, MOST_FOUND + 1);
        match dialect {
            Dialect::Postgres => {
                let text = self.text(dialect, "x.");
                format!("SELECT x.id FROM {table} x WHERE {text} LIKE {argument} LIMIT {limit}")
            }
            Dialect::Sqlite => format!(
                "SELECT rowid AS id FROM {table}_search WHERE {table}_search MATCH {argument} LIMIT {limit}"
            ),
        }
    }

    /// What [`Self::found`] selects, of a row of the list.
    pub(super) fn key(&self, dialect: Dialect) -> String {
        match dialect {
            Dialect::Postgres => format!("{}.id", self.alias),
            Dialect::Sqlite => format!("{}.rowid", self.alias),
        }
    }

    pub(super) fn id(&self) -> String {
        format!("{}.id", self.alias)
    }
}

/// What is searched.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Search {
    /// The row with this id.
    Id(Uuid),
    Text(SearchText),
    /// No stored text contains it.
    Impossible,
}

/// A text, or the beginning of a column if it has fewer than three characters.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SearchText {
    /// For `LIKE`.
    pub(super) pattern: String,
    /// For `MATCH` of FTS5.
    pub(super) trigrams: String,
    /// Whether PostgreSQL has a trigram to look up.
    pub(super) has_words: bool,
}

impl Search {
    pub(crate) fn of(text: &str) -> Self {
        if let Some(id) = UserId::parse(text) {
            return Self::Id(id.uuid());
        }
        // PostgreSQL refuses a zero byte as an argument, and no stored text has one.
        if text.contains(['\0', SEPARATOR]) {
            return Self::Impossible;
        }
        let mut letters: Vec<char> = text.chars().map(|letter| letter.to_ascii_lowercase()).collect();
        if letters.len() < 3 {
            letters.splice(0..0, [SEPARATOR, SEPARATOR]);
        }
        let mut pattern = String::with_capacity(text.len() + 4);
        pattern.push('%');
        for &letter in &letters {
            if matches!(letter, '%' | '_' | '\\') {
                pattern.push('\\');
            }
            pattern.push(letter);
        }
        pattern.push('%');
        let trigrams: Vec<String> = letters.windows(3).take(MOST_TRIGRAMS).map(quoted).collect();
        Self::Text(SearchText { pattern, trigrams: trigrams.join(" AND "), has_words: has_words(&letters) })
    }
}

/// A string of FTS5.
fn quoted(letters: &[char]) -> String {
    let text: String = letters.iter().collect();
    format!("\"{}\"", text.replace('"', "\"\""))
}

/// Whether `pg_trgm` finds a trigram in a text that may go on at both ends. It looks at letters and digits only: at three
/// in a row, and at the beginning of a word.
fn has_words(letters: &[char]) -> bool {
    let begins_word = |pair: &[char]| !pair[0].is_alphanumeric() && pair[1].is_alphanumeric();
    letters.windows(2).any(begins_word)
        || letters.windows(3).any(|three| three.iter().all(|letter| letter.is_alphanumeric()))
}

#[cfg(test)]
mod tests;
