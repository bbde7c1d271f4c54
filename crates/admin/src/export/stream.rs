//! Sends an export page by page.

use axum::BoxError;
use axum::body::{Body, Bytes};
use axum::http::{HeaderName, HeaderValue, header};
use futures_util::stream::{Stream, try_unfold};
use porta_core::Timestamp;
use porta_directory::{Actor, Export};
use porta_store::Page;
use porta_web::reply::{NO_STORE, Reply, with_header};

use super::format::{Format, Row, Writer};
use super::request::ExportRequest;
use crate::answer::time;
use crate::error::Result;
use crate::state::AdminState;

/// Tells that there are more rows than the answer has.
const TRUNCATED: HeaderName = HeaderName::from_static("x-truncated");

/// A page of rows, and where the next one begins.
pub(super) type RowPage<R, P> = (Vec<R>, Option<P>);

/// The next bytes of a body, and what is left of it; `None`: nothing.
pub(super) type Chunk<T> = std::result::Result<Option<(Bytes, T)>, BoxError>;

/// The entities of a page as rows.
pub(super) fn rows_of<T, R: From<T>, P>(page: Page<T, P>) -> RowPage<R, P> {
    (page.items.into_iter().map(R::from).collect(), page.next)
}

/// What is left to do.
enum Step<R, P> {
    Write(RowPage<R, P>),
    Read(P),
    Nothing,
}

/// An export that is being sent.
struct Progress<R, P, F> {
    writer: Writer,
    has_begun: bool,
    step: Step<R, P>,
    read: F,
    entity_type: &'static str,
}

/// Answers with an export whose pages `read` gives, from the first (`None`) on. `limit` is the most that it has of the
/// rows there are.
pub(super) async fn answer<R, P, F, Fut>(
    state: &AdminState,
    actor: Actor,
    request: &ExportRequest,
    mut export: Export,
    limit: Option<u64>,
    mut read: F,
) -> Result<Reply>
where
    R: Row,
    P: Send + 'static,
    F: FnMut(Option<P>) -> Fut + Send + 'static,
    Fut: Future<Output = Result<RowPage<R, P>>> + Send + 'static,
{
    let is_truncated = limit.is_some_and(|limit| export.rows > limit);
    export.rows = limit.map_or(export.rows, |limit| export.rows.min(limit));
    let first = read(None).await?;
    if !request.is_head {
        export.record(&state.directory, actor).await?;
    }
    let now = state.clock.now();
    let progress = Progress {
        writer: Writer::new(request.format, time(now), is_truncated),
        has_begun: false,
        step: Step::Write(first),
        read,
        entity_type: export.entity_type,
    };
    let reply = file(Body::from_stream(chunks(progress)), export.entity_type, request.format, now);
    Ok(with_header(reply, TRUNCATED, is_truncated.then(|| HeaderValue::from_static("true"))))
}

/// A reply that browsers save as a file.
pub(super) fn file(body: Body, entity_type: &str, format: Format, now: Timestamp) -> Reply {
    let mut reply = Reply::new(body);
    let moment = time(now).chars().take("2026-01-15T10:30:00".len()).collect::<String>().replace(':', "-");
    let extension = format.as_str();
    let disposition = format!("attachment; filename=\"{entity_type}-export-{moment}.{extension}\"");
    let headers = reply.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(format.media_type()));
    headers.insert(header::CACHE_CONTROL, NO_STORE);
    with_header(reply, header::CONTENT_DISPOSITION, HeaderValue::from_str(&disposition).ok())
}

fn chunks<R, P, F, Fut>(
    progress: Progress<R, P, F>,
) -> impl Stream<Item = std::result::Result<Bytes, BoxError>> + Send
where
    R: Row,
    P: Send + 'static,
    F: FnMut(Option<P>) -> Fut + Send + 'static,
    Fut: Future<Output = Result<RowPage<R, P>>> + Send + 'static,
{
    try_unfold(progress, next)
}

/// One page as text. It is read when the client has taken what was sent before.
async fn next<R, P, F, Fut>(mut progress: Progress<R, P, F>) -> Chunk<Progress<R, P, F>>
where
    R: Row,
    F: FnMut(Option<P>) -> Fut,
    Fut: Future<Output = Result<RowPage<R, P>>>,
{
    let (rows, after) = match std::mem::replace(&mut progress.step, Step::Nothing) {
        Step::Write(page) => page,
        Step::Read(after) => match (progress.read)(Some(after)).await {
            Ok(page) => page,
            Err(_) => return Err(broken_off(progress.entity_type, progress.writer.written())),
        },
        Step::Nothing => return Ok(None),
    };
    let mut text = String::new();
    if !progress.has_begun {
        progress.has_begun = true;
        progress.writer.begin::<R>(&mut text);
    }
    for row in &rows {
        progress.writer.row(row, &mut text);
    }
    match after {
        Some(after) => progress.step = Step::Read(after),
        None => progress.writer.end(&mut text),
    }
    Ok(Some((Bytes::from(text), progress)))
}

/// The error that ends a body abnormally. Its cause is logged where it became an error of the API.
pub(super) fn broken_off(entity_type: &str, rows: u64) -> BoxError {
    tracing::error!(entity_type, rows, "an export ended before its last row");
    "the export cannot be continued".into()
}
