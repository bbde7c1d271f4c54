//! Lists: their query, and their answer by page number or by cursor.

mod whole;

use std::net::IpAddr;
use std::ops::RangeInclusive;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use porta_core::{EntityId, Timestamp};
use porta_store::{Direction, Page, PageRequest, PageStart, SortedCursor};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::cursor;
use crate::error::{AdminError, Detail, Result};
use crate::moment::{self, Moment};

pub(crate) use self::whole::{WholeList, WholeListParameters, keep};

/// Rows that a total counts at most, because a count reads each of them.
pub(crate) const MOST_COUNTED: u64 = 10_000;
/// The same of a search, which compares each of them with the text.
const MOST_COUNTED_OF_SEARCH: u64 = 1_000;
/// Ids that a query may name.
const MOST_IDS: usize = 100;
pub(crate) const PAGES: RangeInclusive<u64> = 1..=1_000_000_000;
const SIZES: RangeInclusive<u64> = 1..=100;

/// The query of a request. Each name occurs once.
pub(crate) struct Query(Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for Query {
    type Rejection = AdminError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        Self::parse(parts.uri.query().unwrap_or_default())
    }
}

impl Query {
    fn parse(text: &str) -> Result<Self> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        for (name, value) in form_urlencoded::parse(text.as_bytes()) {
            if pairs.iter().any(|(known, _)| *known == name) {
                return Err(AdminError::invalid(&name, "use this parameter once"));
            }
            pairs.push((name.into_owned(), value.into_owned()));
        }
        Ok(Self(pairs))
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Refuses every other parameter: what is not understood must not destroy anything.
    pub(crate) fn only(&self, names: &[&str]) -> Result<()> {
        match self.0.iter().find(|(name, _)| !names.contains(&name.as_str())) {
            Some((name, _)) => Err(AdminError::invalid(name, "this parameter is not known")),
            None => Ok(()),
        }
    }

    /// `force` of a deletion, which has no other parameters.
    pub(crate) fn force(&self) -> Result<bool> {
        self.only(&["force"])?;
        Ok(self.word("force", &[("true", true), ("false", false)])?.unwrap_or(false))
    }

    /// A whole number within bounds.
    pub(crate) fn number(&self, name: &str, bounds: RangeInclusive<u64>) -> Result<Option<u64>> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let number = text.parse().ok().filter(|number| bounds.contains(number));
        let (least, most) = (bounds.start(), bounds.end());
        let refused = || AdminError::invalid(name, format!("use a whole number from {least} to {most}"));
        number.ok_or_else(refused).map(Some)
    }

    /// One of several words.
    pub(crate) fn word<T: Copy>(&self, name: &str, words: &[(&str, T)]) -> Result<Option<T>> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        let refused = || {
            let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            AdminError::invalid(name, format!("use one of {}", words.join(", ")))
        };
        found.ok_or_else(refused).map(Some)
    }

    /// An id.
    pub(crate) fn id<T>(&self, name: &str, parse: impl Fn(&str) -> Option<T>) -> Result<Option<T>> {
        let Some(text) = self.text(name) else { return Ok(None) };
        parse(text).ok_or_else(|| AdminError::invalid(name, "use an id")).map(Some)
    }

    /// `true` or `false`.
    pub(crate) fn flag(&self, name: &str) -> Result<Option<bool>> {
        self.word(name, &[("true", true), ("false", false)])
    }

    /// A network address, as it is stored.
    pub(crate) fn network_address(&self, name: &str) -> Result<Option<String>> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let refused = |_| AdminError::invalid(name, "use a network address");
        Ok(Some(text.parse::<IpAddr>().map_err(refused)?.to_canonical().to_string()))
    }

    /// A point in time.
    pub(crate) fn moment(&self, name: &str) -> Result<Option<Timestamp>> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let refused = || AdminError::invalid(name, moment::HINT);
        Moment::parse(text).ok_or_else(refused).map(|moment| Some(moment.0))
    }

    /// The ids of rows that are asked for.
    pub(crate) fn ids<I: EntityId>(&self) -> Result<Option<Vec<I>>> {
        Ok(self.uuids()?.map(|ids| ids.into_iter().map(I::from_uuid).collect()))
    }

    /// [`Self::ids`] of whichever kind.
    pub(crate) fn uuids(&self) -> Result<Option<Vec<Uuid>>> {
        let Some(text) = self.text("ids") else { return Ok(None) };
        let ids: Option<Vec<Uuid>> = text.split(',').map(|id| Uuid::try_parse(id).ok()).collect();
        let refused = || AdminError::invalid("ids", format!("use 1 to {MOST_IDS} ids, separated by commas"));
        ids.filter(|ids| ids.len() <= MOST_IDS).ok_or_else(refused).map(Some)
    }

    /// Words to search for.
    pub(crate) fn search(&self) -> Result<Option<String>> {
        self.words("search")
    }

    /// The same by another name.
    pub(crate) fn words(&self, name: &str) -> Result<Option<String>> {
        let Some(text) = self.text(name).filter(|text| !text.is_empty()) else { return Ok(None) };
        if text.chars().count() > 255 {
            return Err(AdminError::invalid(name, "use at most 255 characters"));
        }
        Ok(Some(text.to_owned()))
    }

    /// Whether each row is to say how much belongs to it.
    pub(crate) fn includes_counts(&self) -> Result<bool> {
        Ok(self.word("include", &[("counts", ())])?.is_some())
    }
}

/// The parameters that every list has, for the OpenAPI document.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[expect(dead_code, reason = "documents what `ListRequest` reads")]
pub(crate) struct ListParameters {
    /// Page number, from 1. Not with `cursor` or `limit`.
    #[param(minimum = 1, maximum = 1_000_000_000, default = 1)]
    page: Option<u64>,
    /// Rows of a page.
    #[param(minimum = 1, maximum = 100, default = 20)]
    page_size: Option<u64>,
    /// Position of the page before: its `nextCursor`.
    cursor: Option<String>,
    /// Rows of a page by cursor. Selects pages by cursor.
    #[param(minimum = 1, maximum = 100, default = 25)]
    limit: Option<u64>,
    /// `asc` or `desc`.
    sort_order: Option<String>,
    /// An id, or text that one of the searched fields contains; with fewer than three characters, text with which one of
    /// them begins. The case of ASCII letters is ignored.
    #[param(max_length = 255)]
    search: Option<String>,
}

/// The parameters of a list without a search, for the OpenAPI document.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[expect(dead_code, reason = "documents what `ListRequest` reads")]
pub(crate) struct PageParameters {
    /// Page number, from 1. Not with `cursor` or `limit`.
    #[param(minimum = 1, maximum = 1_000_000_000, default = 1)]
    page: Option<u64>,
    /// Rows of a page.
    #[param(minimum = 1, maximum = 100, default = 20)]
    page_size: Option<u64>,
    /// Position of the page before: its `nextCursor`.
    cursor: Option<String>,
    /// Rows of a page by cursor. Selects pages by cursor.
    #[param(minimum = 1, maximum = 100, default = 25)]
    limit: Option<u64>,
    /// `asc` or `desc`.
    sort_order: Option<String>,
}

/// How pages are numbered.
#[derive(Clone, Copy)]
enum Mode {
    Number { page: u64, size: u64 },
    Cursor,
}

/// Sort columns of a list: the word of the query, and an older spelling of it.
pub(crate) type Sorts<S> = &'static [(&'static str, S)];

const ORDERS: &[(&str, Direction)] = &[("asc", Direction::Ascending), ("desc", Direction::Descending)];

/// Which page of a list is asked for.
pub(crate) struct ListRequest<S> {
    pub(crate) page: PageRequest<S>,
    mode: Mode,
    /// The highest total.
    most_counted: u64,
    /// The word of the sort column.
    sort_word: &'static str,
}

impl<S: Copy + PartialEq> ListRequest<S> {
    /// `default` is the sort column if the query names none.
    pub(crate) fn of(query: &Query, sorts: Sorts<S>, default: S) -> Result<Self> {
        let sort = match query.word("sortBy", sorts)? {
            Some(sort) => sort,
            None => query.word("sort", sorts)?.unwrap_or(default),
        };
        let direction = match query.word("sortOrder", ORDERS)? {
            Some(direction) => direction,
            None => query.word("order", ORDERS)?.unwrap_or(Direction::Descending),
        };
        let word = |(word, column): &(&'static str, S)| (*column == sort).then_some(*word);
        let sort_word = sorts.iter().find_map(word).unwrap_or_default();
        // All are checked, also those that do not count beside others.
        let (page, size) = (query.number("page", PAGES)?, query.number("pageSize", SIZES)?);
        let limit = query.number("limit", SIZES)?;
        let by_cursor = query.text("cursor").is_some() || limit.is_some();
        let (start, limit, mode) = if by_cursor {
            let limit = limit.unwrap_or(25);
            let start = match query.text("cursor") {
                None => PageStart::First,
                Some(text) => {
                    PageStart::After(cursor::decode(text, sort_word, direction).ok_or_else(|| {
                        AdminError::invalid("cursor", "use the nextCursor of the same list")
                    })?)
                }
            };
            (start, limit, Mode::Cursor)
        } else {
            let (page, size) = (page.unwrap_or(1), size.unwrap_or(20));
            let start = PageStart::Offset((page - 1) * size);
            (start, size, Mode::Number { page, size })
        };
        let limit = u32::try_from(limit).unwrap_or(u32::MAX);
        let is_search = query.text("search").is_some_and(|text| !text.is_empty());
        let most_counted = if is_search { MOST_COUNTED_OF_SEARCH } else { MOST_COUNTED };
        Ok(Self { page: PageRequest { sort, direction, start, limit }, mode, most_counted, sort_word })
    }

    /// Up to how many the rows of all pages must be counted for the answer. `None`: it does not tell their number, or the
    /// page is the last one and shows it.
    pub(crate) fn rows_to_count<E>(&self, found: &Page<E, SortedCursor>) -> Option<u64> {
        let is_last = found.next.is_none() && (!found.items.is_empty() || self.page.start.offset() == 0);
        let is_needed = matches!(self.mode, Mode::Number { .. }) && !is_last;
        // One more tells whether the total is exact.
        is_needed.then_some(self.most_counted + 1)
    }

    /// `counted`: the number of rows, counted as [`rows_to_count`](Self::rows_to_count) says.
    pub(crate) fn answer<E, V: ToSchema>(
        &self,
        found: Page<E, SortedCursor>,
        counted: Option<u64>,
        view: impl FnMut(E) -> V,
    ) -> ListAnswer<V> {
        let shown = u64::try_from(found.items.len()).unwrap_or(u64::MAX);
        let counted = counted.unwrap_or_else(|| self.page.start.offset().saturating_add(shown));
        let next = found.next.map(|next| cursor::encode(&next, self.sort_word, self.page.direction));
        let data = found.items.into_iter().map(view).collect();
        match self.mode {
            Mode::Number { page, size } => {
                let place = Numbered::counted(counted, self.most_counted, page, size);
                ListAnswer { data, place: Place::Numbered(place) }
            }
            Mode::Cursor => {
                let place = ByCursor { has_more: next.is_some(), cursor: next.clone(), next_cursor: next };
                ListAnswer { data, place: Place::ByCursor(place) }
            }
        }
    }
}

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ListAnswer<T: ToSchema> {
    data: Vec<T>,
    #[serde(flatten)]
    place: Place,
}

impl<T: ToSchema> ListAnswer<T> {
    /// A list that is never long, as one page.
    pub(crate) fn everything(data: Vec<T>) -> Self {
        let total = u64::try_from(data.len()).unwrap_or(u64::MAX);
        let numbered =
            Numbered { total, total_is_exact: None, page: 1, page_size: total, total_pages: total.min(1) };
        Self { data, place: Place::Numbered(numbered) }
    }
}

/// Where a page is in its list.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = ListPlace)]
enum Place {
    Numbered(Numbered),
    ByCursor(ByCursor),
}

/// Of a list by page number.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Numbered {
    /// Of all pages; at most 10000, or 1000 of a search.
    total: u64,
    /// `false`: there are more than `total` rows. Missing if the total is exact.
    #[serde(skip_serializing_if = "Option::is_none")]
    total_is_exact: Option<bool>,
    page: u64,
    page_size: u64,
    total_pages: u64,
}

impl Numbered {
    /// `counted` may be one more than the highest total.
    fn counted(counted: u64, most: u64, page: u64, page_size: u64) -> Self {
        let total = counted.min(most);
        let total_is_exact = (counted > most).then_some(false);
        Self { total, total_is_exact, page, page_size, total_pages: total.div_ceil(page_size) }
    }
}

/// Of a list by cursor.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ByCursor {
    /// `null` on the last page.
    next_cursor: Option<String>,
    has_more: bool,
    /// The same as `nextCursor`.
    cursor: Option<String>,
}

/// Refusals of several parameters at once.
pub(crate) fn refuse(details: Vec<Detail>) -> Result<()> {
    if details.is_empty() { Ok(()) } else { Err(AdminError::Validation(details)) }
}

#[cfg(test)]
mod tests;
