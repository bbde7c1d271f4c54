use super::*;

fn text(search: &str) -> SearchText {
    match Search::of(search) {
        Search::Text(text) => text,
        other => panic!("{search:?} is {other:?}"),
    }
}

#[test]
fn every_character_stands_for_itself() {
    assert_eq!(text("Ana").pattern, "%ana%");
    assert_eq!(text("50%_A\\b'\"").pattern, "%50\\%\\_a\\\\b'\"%");
    assert_eq!(text("\u{c9}VA").pattern, "%\u{c9}va%", "only ASCII is folded");
    assert_eq!(text("a\"bc").trigrams, "\"a\"\"b\" AND \"\"\"bc\"");
}

#[test]
fn a_short_text_is_the_beginning_of_a_column() {
    assert_eq!(text("An").pattern, "%\u{1f}\u{1f}an%");
    assert_eq!(text("An").trigrams, "\"\u{1f}\u{1f}a\" AND \"\u{1f}an\"");
    assert_eq!(text("%").pattern, "%\u{1f}\u{1f}\\%%");
    assert_eq!(
        text("\u{738b}\u{4f1f}").pattern,
        "%\u{1f}\u{1f}\u{738b}\u{4f1f}%",
        "two characters, six bytes"
    );
    assert_eq!(text("ana").pattern, "%ana%");
}

#[test]
fn an_id_is_looked_up_and_what_no_text_has_is_not() {
    let id = Uuid::from_u128(7);
    assert_eq!(Search::of(&id.to_string()), Search::Id(id));
    for impossible in ["a\0b", "\0", "ab\u{1f}c"] {
        assert_eq!(Search::of(impossible), Search::Impossible, "{impossible:?}");
    }
}

#[test]
fn a_long_text_looks_up_so_many_trigrams() {
    let long = text(&"abcdefgh".repeat(30));
    assert_eq!(long.trigrams.matches(" AND ").count(), MOST_TRIGRAMS - 1);
    assert_eq!(long.pattern.len(), 242, "all of it is compared");
}

#[test]
fn postgres_looks_up_words() {
    for found in ["ana", "a.b", "x-1", "50% off", "a", "ab", "\u{e9}", "7"] {
        assert!(text(found).has_words, "{found:?}");
    }
    for not in ["...", "a..", "ab.", "%", "'%", "@@@@"] {
        assert!(!text(not).has_words, "{not:?}");
    }
}

/// PostgreSQL uses the index only for the very expression it is on, and a trigger that stored another text would find
/// other rows.
#[test]
fn the_migrations_have_the_text_that_is_searched() {
    let postgres = include_str!("../../../../../migrations/postgres/0032_search.sql");
    let sqlite = include_str!("../../../../../migrations/sqlite/0032_search.sql");
    for searched in [ORGANIZATIONS, APPLICATIONS, CLIENTS, USERS] {
        let table = searched.table;
        let on = searched.text(Dialect::Postgres, "");
        let index = format!(
            "CREATE INDEX CONCURRENTLY {table}_search ON {table} USING gin\n    ({on} gin_trgm_ops) WITH (fastupdate = off);"
        );
        assert!(postgres.contains(&index), "{index}");
        for (prefix, times) in [("NEW.", 2), ("OLD.", 2), ("", 1)] {
            let stored = searched.text(Dialect::Sqlite, prefix);
            assert_eq!(of_table(sqlite, table).matches(&stored).count(), times, "{table}: {stored}");
        }
    }
}

/// The part of a migration about one table.
fn of_table<'a>(migration: &'a str, table: &str) -> &'a str {
    let start = migration.find(&format!("CREATE VIRTUAL TABLE {table}_search")).unwrap();
    let rest = &migration[start..];
    let end = rest[1..].find("CREATE VIRTUAL TABLE").map_or(rest.len(), |end| end + 1);
    &rest[..end]
}
