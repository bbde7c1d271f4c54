//! Lists that are read whole, because they are short.

use std::ops::Range;

use utoipa::{IntoParams, ToSchema};

use super::{ListAnswer, Numbered, PAGES, Place, Query, SIZES};
use crate::error::Result;

/// Which part of the list is asked for.
pub(crate) struct WholeList(Option<(u64, u64)>);

impl WholeList {
    /// A page if the query names one, else everything.
    pub(crate) fn of(query: &Query) -> Result<Self> {
        let page = query.number("page", PAGES)?;
        let size = query.number("pageSize", SIZES)?;
        let is_paged = page.is_some() || size.is_some();
        Ok(Self(is_paged.then(|| (page.unwrap_or(1), size.unwrap_or(20)))))
    }

    /// Which of so many rows the page has.
    fn bounds(&self, rows: usize) -> Range<usize> {
        let Some((page, size)) = self.0 else { return 0..rows };
        let skipped = usize::try_from((page - 1) * size).unwrap_or(usize::MAX).min(rows);
        let taken = usize::try_from(size).unwrap_or(usize::MAX);
        skipped..skipped.saturating_add(taken).min(rows)
    }

    /// The ids of the rows of the page.
    pub(crate) fn ids<E, I>(&self, all: &[E], id: impl FnMut(&E) -> I) -> Vec<I> {
        all[self.bounds(all.len())].iter().map(id).collect()
    }

    pub(crate) fn answer<E, V: ToSchema>(&self, all: Vec<E>, view: impl FnMut(E) -> V) -> ListAnswer<V> {
        let total = u64::try_from(all.len()).unwrap_or(u64::MAX);
        let shown = self.bounds(all.len());
        let data = all.into_iter().skip(shown.start).take(shown.len()).map(view).collect();
        let Some((page, size)) = self.0 else { return ListAnswer::everything(data) };
        ListAnswer { data, place: Place::Numbered(Numbered::counted(total, u64::MAX, page, size)) }
    }
}

/// Keeps the rows with these ids; `None`: all rows. For a list that is read whole.
pub(crate) fn keep<E, I: PartialEq>(rows: &mut Vec<E>, ids: Option<&[I]>, id: impl Fn(&E) -> I) {
    if let Some(ids) = ids {
        rows.retain(|row| ids.contains(&id(row)));
    }
}

/// The parameters of a list that is read whole, for the OpenAPI document.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[expect(dead_code, reason = "documents what `WholeList` reads")]
pub(crate) struct WholeListParameters {
    /// Page number, from 1. Without `page` and `pageSize` everything is in one page.
    #[param(minimum = 1, maximum = 1_000_000_000)]
    page: Option<u64>,
    /// Rows of a page; 20 if only `page` is given.
    #[param(minimum = 1, maximum = 100)]
    page_size: Option<u64>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn page(query: &str) -> serde_json::Value {
        let query = Query::parse(query).unwrap();
        let answer = WholeList::of(&query).unwrap().answer(vec![1_u64, 2, 3], |n| n);
        serde_json::to_value(answer).unwrap()
    }

    #[test]
    fn a_whole_list_has_pages_only_if_asked() {
        let whole = page("");
        let expected = json!({ "data": [1, 2, 3], "total": 3, "page": 1, "pageSize": 3, "totalPages": 1 });
        assert_eq!(whole, expected);
        let second = page("page=2&pageSize=2");
        let expected = json!({ "data": [3], "total": 3, "page": 2, "pageSize": 2, "totalPages": 2 });
        assert_eq!(second, expected);
        assert_eq!(page("page=1")["pageSize"], 20);
        assert_eq!(page("page=1000000000&pageSize=100")["data"], json!([]));
        let none = serde_json::to_value(WholeList(None).answer(Vec::<u64>::new(), |n| n)).unwrap();
        assert_eq!((&none["total"], &none["totalPages"]), (&json!(0), &json!(0)));
        for unfit in ["page=0", "pageSize=101", "page=", "page=x"] {
            assert!(WholeList::of(&Query::parse(unfit).unwrap()).is_err(), "{unfit}");
        }
    }
}
