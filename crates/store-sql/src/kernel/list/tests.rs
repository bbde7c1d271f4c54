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

const USERS_SELECT: &str = "SELECT u.id FROM users u";

fn searched(dialect: Dialect, search: Option<&Search>) -> (String, Vec<String>, bool) {
    let list = List::new("test::USERS", dialect, USERS_SELECT)
        .filter("u.status = ?", text("active"))
        .search(&crate::kernel::USERS, search)
        .page("u.", (CREATED, Direction::Descending), None, 10)
        .unwrap()
        .skip(20);
    let (stmt, values) = list.finish();
    assert_eq!(crate::kernel::highest_argument(stmt.sqlite.as_str()), values.len());
    let values = values.iter().map(|value| format!("{value:?}")).collect();
    (stmt.sqlite.as_str().to_owned(), values, stmt.plans_with_values)
}

/// Few rows are read one by one and sorted, many in the order of the page; never both.
#[test]
fn a_search_by_index_reads_few_rows_or_those_of_the_page() {
    let search = Search::of("Ana_");
    let (sql, values, is_planned) = searched(Dialect::Postgres, Some(&search));
    let of = |prefix: &str| {
        format!(
            "lower((chr(31) || chr(31) || {prefix}email || chr(31) || chr(31) || COALESCE({prefix}given_name, '') \
             || chr(31) || chr(31) || COALESCE({prefix}family_name, '')) COLLATE \"C\")"
        )
    };
    let (order, rest) = ("ORDER BY u.created_at DESC, u.id DESC", "LIMIT $3 OFFSET $4");
    let (hits, found) = ("(SELECT count(*) FROM ahead)", "(SELECT count(*) FROM found)");
    let expected = format!(
        "WITH ahead AS MATERIALIZED (SELECT 1 FROM (SELECT {} AS searched FROM users u WHERE u.status = $1 {order} \
         LIMIT 250) AS nearest WHERE searched LIKE $2 LIMIT $3), \
         found AS MATERIALIZED (SELECT x.id FROM users x WHERE {} LIKE $2 AND NOT {hits} >= $3 LIMIT 5001) \
         (SELECT u.id FROM users u WHERE u.status = $1 AND u.id = ANY (ARRAY(SELECT id FROM found)) \
         AND ({found} <= 5000 AND {hits} < $3) {order} {rest}) UNION ALL \
         (SELECT u.id FROM users u WHERE u.status = $1 AND ({} || '') LIKE $2 \
         AND ({found} > 5000 OR {hits} >= $3) {order} {rest})",
        of("u."),
        of("x."),
        of("u.")
    );
    assert_eq!((sql.as_str(), is_planned), (expected.as_str(), true));
    assert!(values[1].contains("%ana\\\\_%"), "{values:?}");

    let (sql, values, _) = searched(Dialect::Sqlite, Some(&search));
    let found =
        "users_search MATCH $3 LIMIT CASE WHEN (SELECT count(*) FROM ahead) >= $4 THEN 0 ELSE 5001 END)";
    assert!(sql.contains(found), "{sql}");
    assert_eq!(sql.matches("LIKE $2 ESCAPE '\\'").count(), 3, "{sql}");
    assert_eq!(sql.matches("NOT INDEXED").count(), 1, "{sql}");
    for limit in ["ahead) < $4) THEN $4 ELSE 0 END OFFSET $5", "ahead) >= $4) THEN $4 ELSE 0 END OFFSET $5"] {
        assert_eq!(sql.matches(limit).count(), 1, "{sql}");
    }
    assert_eq!(values.len(), 5);
}

#[test]
fn a_search_that_needs_no_text_is_one_condition() {
    let id = Search::Id(Uuid::from_u128(7));
    for (search, condition) in [(&id, "u.id = $2"), (&Search::Impossible, "FALSE")] {
        let (sql, _, is_planned) = searched(Dialect::Postgres, Some(search));
        let start = format!("{USERS_SELECT} WHERE u.status = $1 AND {condition} ORDER BY");
        assert!(sql.starts_with(&start) && !is_planned, "{sql}");
    }
    assert!(
        searched(Dialect::Postgres, None).0.starts_with("SELECT u.id FROM users u WHERE u.status = $1 ORDER")
    );
    // Without a trigram PostgreSQL would read the whole index.
    let (sql, ..) = searched(Dialect::Postgres, Some(&Search::of("...")));
    assert!(!sql.contains("found") && sql.contains("|| '') LIKE $2 ORDER BY"), "{sql}");
}

#[test]
fn a_count_reads_so_many_rows() {
    let (stmt, values) = people(Dialect::Postgres).require("p.left_at IS NULL").counted(10).finish();
    let expected = format!("SELECT count(*) FROM ({SELECT} WHERE p.left_at IS NULL LIMIT $1) AS counted");
    assert_eq!((stmt.postgres.as_str(), values.len()), (expected.as_str(), 1));
    let search = Search::of("ana");
    let list = List::new("test::COUNT", Dialect::Sqlite, "SELECT 1 FROM users u");
    let (stmt, values) = list.search(&crate::kernel::USERS, Some(&search)).counted(u64::MAX).finish();
    let sql = stmt.sqlite.as_str();
    assert!(
        sql.contains(") SELECT count(*) FROM (SELECT * FROM (SELECT 1 FROM users u NOT INDEXED WHERE "),
        "{sql}"
    );
    assert_eq!((sql.matches("THEN $3 ELSE 0 END").count(), values.len()), (2, 3), "{sql}");
    assert!(!sql.contains("ahead"), "{sql}");
    // PostgreSQL knows the text when it plans, and stops counting anywhere.
    let list = List::new("test::COUNT", Dialect::Postgres, "SELECT 1 FROM users u");
    let (stmt, _) = list.search(&crate::kernel::USERS, Some(&search)).counted(10).finish();
    let sql = stmt.postgres.as_str();
    assert!(sql.starts_with("SELECT count(*) FROM (SELECT 1 FROM users u WHERE lower((chr(31)"), "{sql}");
    assert!(sql.ends_with("COLLATE \"C\") LIKE $1 LIMIT $2) AS counted") && stmt.plans_with_values, "{sql}");
}
