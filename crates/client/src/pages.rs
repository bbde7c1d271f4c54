//! Lists, a page at a time or row by row.

use std::collections::VecDeque;
use std::sync::Arc;

use futures_util::Stream;
use futures_util::stream::try_unfold;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::answer::whole;
use crate::call::{Answering, Call};
use crate::error::Error;
use crate::request::Request;
use crate::transport::Transport;

/// Rows of a page when all rows are read: the most that every list allows.
const ROWS: &str = "100";

/// A page of a list. Pages by number have a total, pages by cursor have a cursor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Page<T> {
    pub data: Vec<T>,
    /// Rows of all pages.
    pub total: Option<u64>,
    pub page: Option<u64>,
    pub page_size: Option<u64>,
    pub total_pages: Option<u64>,
    /// Position of the next page; `None` on the last one.
    pub next_cursor: Option<String>,
    pub has_more: Option<bool>,
}

/// A call whose answer is a page: awaited, the one that its query asks for.
#[derive(Debug)]
#[must_use = "a call is sent when it is awaited"]
pub struct Pages<T> {
    transport: Arc<Transport>,
    request: Request,
    /// Name of the parameter that takes [`Page::next_cursor`].
    cursor: &'static str,
    row: std::marker::PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned + 'static> Pages<T> {
    pub(crate) fn new(transport: &Arc<Transport>, request: Request, cursor: &'static str) -> Self {
        Self { transport: Arc::clone(transport), request, cursor, row: std::marker::PhantomData }
    }

    /// All rows, from the query's cursor or the beginning. Pages are by cursor, so that rows created or removed meanwhile
    /// make no other row appear twice or not at all.
    pub fn items(mut self) -> Items<T> {
        for name in ["page", "pageSize"] {
            self.request.remove(name);
        }
        if !self.request.query.iter().any(|(name, _)| name == "limit") {
            self.request.set("limit", ROWS);
        }
        Items { pages: self, rows: VecDeque::new(), is_last: false }
    }
}

impl<T: DeserializeOwned + 'static> IntoFuture for Pages<T> {
    type Output = Result<Page<T>, Error>;
    type IntoFuture = Answering<Page<T>>;

    fn into_future(self) -> Self::IntoFuture {
        Call::new(&self.transport, self.request, whole).into_future()
    }
}

/// The rows of a list. A page is read when the rows of the one before are used up.
#[derive(Debug)]
pub struct Items<T> {
    pages: Pages<T>,
    rows: VecDeque<T>,
    /// Whether there is no page after these rows.
    is_last: bool,
}

impl<T: DeserializeOwned + 'static> Items<T> {
    /// The next row. After an error, the same page is asked for again.
    pub async fn next(&mut self) -> Result<Option<T>, Error> {
        loop {
            if let Some(row) = self.rows.pop_front() {
                return Ok(Some(row));
            }
            if self.is_last {
                return Ok(None);
            }
            let Pages { transport, request, cursor, .. } = &mut self.pages;
            let page: Page<T> = Call::new(transport, request.clone(), whole).await?;
            match page.next_cursor {
                Some(next) => request.set(cursor, &next),
                None => self.is_last = true,
            }
            self.rows = page.data.into();
        }
    }

    /// The rows as a stream. It ends with the first error.
    pub fn into_stream(self) -> impl Stream<Item = Result<T, Error>> {
        try_unfold(self, |mut items| async move {
            let row = items.next().await;
            row.map(|row| row.map(|row| (row, items)))
        })
    }
}
