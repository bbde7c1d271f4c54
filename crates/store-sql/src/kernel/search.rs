//! Searches of a text within the columns of a table, by trigrams: an index on an expression in PostgreSQL, a table of FTS5
//! that triggers keep in SQLite, both named after the table (decision 0049).
//!
//! A rare text and a frequent one need different plans, and a planner that guesses wrong reads the whole table. So the
//! statement itself finds out which it is. If the first [`AHEAD`] rows in the order of the page fill it, that is all. Else
//! the index names the rows: up to [`MOST_FOUND`] are sorted; if there are more, the rows are read in the order of the page
//! until it is full, which is soon, because so many match.

use porta_core::EntityId as _;
use porta_core::UserId;
use uuid::Uuid;

use super::connection::Dialect;

/// Rows that are compared before the index is asked: the page may be full by then.
const AHEAD: u32 = 250;
/// Rows that the index may name before they are read in the order of the page instead.
const MOST_FOUND: u32 = 5_000;
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
pub(crate) const CLIENTS: Searched = Searched {
    table: "clients",
    alias: "c",
    columns: &[SearchedColumn::Required("client_name"), SearchedColumn::Required("client_id")],
};
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

    pub(super) fn id(&self) -> String {
        format!("{}.id", self.alias)
    }
}

/// The parts of a statement that searches by index.
pub(super) struct SearchParts {
    dialect: Dialect,
    /// Table and alias, as after `FROM`.
    from: String,
    /// The searched text of a row of the list.
    text: String,
    /// `LIKE` and the pattern.
    like: String,
    /// Selects what the index names, as `id`: the ids of PostgreSQL, the row numbers of SQLite; without a limit.
    found: String,
    /// Whether the index named a row of the list.
    pub(super) is_found: String,
    /// Whether a row of the list has the text.
    pub(super) contains: String,
    /// The same, for the index of PostgreSQL.
    pub(super) contains_by_index: String,
}

impl SearchParts {
    /// `pattern` and `looked_up`, which is the pattern or, on SQLite, the trigrams, are arguments.
    pub(super) fn new(searched: &Searched, dialect: Dialect, pattern: &str, looked_up: &str) -> Self {
        let Searched { table, alias, .. } = searched;
        let text = searched.text(dialect, &format!("{alias}."));
        let (like, found, is_found) = match dialect {
            // An array is looked up by primary key. With IN the planner may go through the list instead, and look for its
            // rows among those found.
            Dialect::Postgres => (
                format!("LIKE {pattern}"),
                format!("SELECT x.id FROM {table} x WHERE {} LIKE {looked_up}", searched.text(dialect, "x.")),
                format!("{alias}.id = ANY (ARRAY(SELECT id FROM found))"),
            ),
            Dialect::Sqlite => (
                format!("LIKE {pattern} ESCAPE '\\'"),
                format!("SELECT rowid AS id FROM {table}_search WHERE {table}_search MATCH {looked_up}"),
                format!("{alias}.rowid IN (SELECT id FROM found)"),
            ),
        };
        Self {
            dialect,
            from: format!("{table} {alias}"),
            contains: searched.contains(dialect, pattern),
            contains_by_index: format!("{text} {like}"),
            text,
            like,
            found,
            is_found,
        }
    }

    /// Selects the hits among the first rows in the order of the page.
    pub(super) fn ahead(&self, conditions: &str, order: &str, limit: &str) -> String {
        let Self { from, text, like, .. } = self;
        format!(
            "SELECT 1 FROM (SELECT {text} AS searched FROM {from}{conditions}{order} LIMIT {AHEAD}) AS nearest \
             WHERE searched {like} LIMIT {limit}"
        )
    }

    /// The `WITH` of the statement. If the page is full of hits ahead, the index is not asked.
    pub(super) fn with(&self, ahead: Option<&str>, limit: &str) -> String {
        let (found, most) = (&self.found, MOST_FOUND + 1);
        let Some(ahead) = ahead else {
            return format!("WITH found AS MATERIALIZED ({found} LIMIT {most}) ");
        };
        let is_full = format!("(SELECT count(*) FROM ahead) >= {limit}");
        let found = match self.dialect {
            Dialect::Postgres => format!("{found} AND NOT {is_full} LIMIT {most}"),
            Dialect::Sqlite => format!("{found} LIMIT CASE WHEN {is_full} THEN 0 ELSE {most} END"),
        };
        format!("WITH ahead AS MATERIALIZED ({ahead}), found AS MATERIALIZED ({found}) ")
    }

    /// The conditions that the index named few rows, and that there are too many.
    pub(super) fn which(has_ahead: bool, limit: &str) -> (String, String) {
        let few = format!("(SELECT count(*) FROM found) <= {MOST_FOUND}");
        let many = format!("(SELECT count(*) FROM found) > {MOST_FOUND}");
        if !has_ahead {
            return (few, many);
        }
        let hits = "(SELECT count(*) FROM ahead)";
        (format!("({few} AND {hits} < {limit})"), format!("({many} OR {hits} >= {limit})"))
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
        let is_short = text.chars().count() < 3;
        let mut letters = if is_short { vec![SEPARATOR; 2] } else { Vec::new() };
        letters.extend(text.chars().map(|letter| letter.to_ascii_lowercase()));
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
