use porta_core::Timestamp;

use super::*;
use crate::kernel::uuid;

macro_rules! person_columns {
    ($($form:tt)+) => {
        $crate::kernel::columns! { $($form)+; id, name, nickname, created_at }
    };
}
person_columns!(enum PersonColumn of "people");

const SELECT: &str = concat!("SELECT ", person_columns!(list "p."), " FROM people p");
const NAME: Sort<PersonColumn> = Sort::text(PersonColumn::name);
const NICKNAME: Sort<PersonColumn> = Sort::text(PersonColumn::nickname).nullable();
const CREATED: Sort<PersonColumn> = Sort::time(PersonColumn::created_at);

fn people<'v>(dialect: Dialect) -> List<'v> {
    List::new("test::PEOPLE", dialect, SELECT)
}

/// The text after the select list, and the number of arguments.
fn text_of(list: List<'_>) -> (String, usize) {
    let (stmt, values) = list.finish();
    assert_eq!(stmt.postgres.as_str(), stmt.sqlite.as_str());
    let rest = stmt.sqlite.as_str().strip_prefix(SELECT).unwrap().to_owned();
    assert_eq!(crate::kernel::highest_argument(&rest), values.len(), "{rest}");
    (rest, values.len())
}

fn cursor(value: SortValue) -> SortedCursor {
    SortedCursor { value, id: Uuid::from_u128(7) }
}

#[test]
fn filters_are_combined_and_their_values_are_arguments() {
    let owner = porta_core::OrganizationId::from_uuid(Uuid::nil());
    let list = people(Dialect::Sqlite)
        .filter("(p.owner = ? OR p.creator = ?)", uuid(owner))
        .filter_if_some("p.status = ?", None)
        .filter_if_some("p.status = ?", Some(text("'; DROP TABLE people; --")))
        .require("p.left_at IS NULL")
        .contains(&["p.name", "p.nickname"], Some("%x%"))
        .page("p.", (CREATED, Direction::Ascending), None, 10)
        .unwrap();
    let expected = " WHERE (p.owner = $1 OR p.creator = $1) AND p.status = $2 AND p.left_at IS NULL \
         AND (lower(p.name) LIKE $3 ESCAPE '\\' OR lower(p.nickname) LIKE $3 ESCAPE '\\') \
         ORDER BY p.created_at, p.id LIMIT $4";
    assert_eq!(text_of(list), (expected.to_owned(), 4));
}

#[test]
fn without_filters_there_is_no_condition() {
    let list = people(Dialect::Postgres).page("p.", (CREATED, Direction::Descending), None, 10).unwrap();
    assert_eq!(text_of(list), (" ORDER BY p.created_at DESC, p.id DESC LIMIT $1".to_owned(), 1));
}

#[test]
fn a_page_begins_after_the_sort_value_and_the_id() {
    let (named, timed) = (
        cursor(SortValue::Text(Some("Ana".to_owned()))),
        cursor(SortValue::Time(Some(Timestamp::from_seconds(1)))),
    );
    let list = people(Dialect::Postgres).page("p.", (NAME, Direction::Ascending), Some(&named), 10).unwrap();
    let expected =
        " WHERE (p.name COLLATE \"C\", p.id) > ($1, $2) ORDER BY p.name COLLATE \"C\", p.id LIMIT $3";
    assert_eq!(text_of(list), (expected.to_owned(), 3));
    let list =
        people(Dialect::Sqlite).page("p.", (CREATED, Direction::Descending), Some(&timed), 10).unwrap();
    let expected = " WHERE (p.created_at, p.id) < ($1, $2) ORDER BY p.created_at DESC, p.id DESC LIMIT $3";
    assert_eq!(text_of(list), (expected.to_owned(), 3));
}

#[test]
fn rows_without_a_sort_value_are_last_in_ascending_order_and_first_in_descending_order() {
    let (some, none) = (cursor(SortValue::Text(Some("x".to_owned()))), cursor(SortValue::Text(None)));
    let (up, down) = (Direction::Ascending, Direction::Descending);
    for (direction, after, expected) in [
        (up, &some, "(p.nickname > $1 OR (p.nickname = $1 AND p.id > $2) OR p.nickname IS NULL)"),
        (down, &some, "(p.nickname < $1 OR (p.nickname = $1 AND p.id < $2))"),
        (up, &none, "(p.nickname IS NULL AND p.id > $1)"),
        (down, &none, "(p.nickname IS NOT NULL OR p.id < $1)"),
    ] {
        let list = people(Dialect::Sqlite).page("p.", (NICKNAME, direction), Some(after), 10).unwrap();
        let (text, arguments) = text_of(list);
        assert!(text.starts_with(&format!(" WHERE {expected} ORDER BY p.nickname IS NULL")), "{text}");
        assert!(text.ends_with(&format!(" LIMIT ${arguments}")), "{text}");
    }
}

#[test]
fn a_cursor_of_another_sort_column_is_refused() {
    let timed = cursor(SortValue::Time(None));
    assert!(people(Dialect::Sqlite).page("p.", (NAME, Direction::Ascending), Some(&timed), 10).is_err());
    let named = cursor(SortValue::Text(None));
    assert!(people(Dialect::Sqlite).page("p.", (CREATED, Direction::Ascending), Some(&named), 10).is_err());
}

#[test]
fn a_search_takes_every_character_literally() {
    assert_eq!(search_pattern("Ana"), "%ana%");
    assert_eq!(search_pattern("50%_a\\b'\""), "%50\\%\\_a\\\\b'\"%");
    let list = people(Dialect::Sqlite).contains(&["p.name"], Some("%a\0b%"));
    assert_eq!(text_of(list), (" WHERE FALSE".to_owned(), 0));
    assert_eq!(text_of(people(Dialect::Sqlite).contains(&["p.name"], None)), (String::new(), 0));
    let list = people(Dialect::Postgres).contains(&["p.name"], Some("%a%"));
    assert_eq!(text_of(list).0, " WHERE (lower(p.name COLLATE \"C\") LIKE $1 ESCAPE '\\')");
}
