use porta_store::SortValue;
use serde_json::json;

use super::*;

const SORTS: Sorts<Direction> = &[("created_at", Direction::Ascending)];

/// A page of so many rows, and whether there is another.
fn found(rows: usize, has_next: bool) -> Page<u64, SortedCursor> {
    let next = SortedCursor { value: SortValue::Time(None), id: Uuid::nil() };
    Page { items: vec![7; rows], next: has_next.then_some(next) }
}

#[test]
fn rows_are_counted_only_if_the_page_does_not_show_how_many_there_are() {
    for (query, rows, has_next, expected) in [
        ("", 20, true, Some(10_001)),
        ("", 20, false, None),
        ("", 0, false, None),
        ("page=2", 3, false, None),
        // Beyond the last page.
        ("page=2", 0, false, Some(10_001)),
        ("search=ana", 20, true, Some(1_001)),
        ("search=", 20, true, Some(10_001)),
        ("limit=20", 20, true, None),
    ] {
        let request = ListRequest::of(&Query::parse(query).unwrap(), SORTS, Direction::Ascending).unwrap();
        assert_eq!(request.rows_to_count(&found(rows, has_next)), expected, "{query} {rows} {has_next}");
    }
}

#[test]
fn a_total_says_when_it_is_not_exact() {
    let total = |query: &str, rows: usize, counted: Option<u64>| {
        let request = ListRequest::of(&Query::parse(query).unwrap(), SORTS, Direction::Ascending).unwrap();
        let answer = request.answer(found(rows, counted.is_some()), counted, |n| n);
        let answer = serde_json::to_value(answer).unwrap();
        (answer["total"].clone(), answer["totalPages"].clone(), answer.get("totalIsExact").cloned())
    };
    let inexact = Some(json!(false));
    assert_eq!(total("", 3, None), (json!(3), json!(1), None));
    assert_eq!(total("page=3", 3, None), (json!(43), json!(3), None));
    assert_eq!(total("", 20, Some(10_000)), (json!(10_000), json!(500), None));
    assert_eq!(total("", 20, Some(10_001)), (json!(10_000), json!(500), inexact.clone()));
    assert_eq!(total("search=a", 20, Some(1_000)), (json!(1_000), json!(50), None));
    assert_eq!(total("search=a", 20, Some(1_001)), (json!(1_000), json!(50), inexact));
}
