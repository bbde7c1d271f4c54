//! What a request still sends when its answer is there already (RFC 9112 §9.6).
//!
//! ```text
//! answered ─► little is left: read and dropped, the connection is kept
//!          └► more than that: Connection: close, the answer, then the connection lingers (see `linger`)
//! ```
//!
//! A proxy passes a body on while it waits for the answer. Where the other side hangs up meanwhile, it takes a server for
//! dead that has merely refused one request, and sends nobody there for a while.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{Request, header};
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio::time::timeout;

/// Any form that fits, and then some. Reading it costs less than another connection.
const LITTLE: u64 = 64 * 1024;
/// What is on its way arrives in this time; who sends slowly is answered first.
const SOON: Duration = Duration::from_secs(1);

/// The body of a request, of which a part may be left when its answer is there.
pub(crate) struct Unread<B> {
    kept: Arc<Mutex<Kept<B>>>,
    /// RFC 9110 §10.1.1: the body is sent only when it is asked for.
    waits: bool,
}

/// What a body gives when it is asked for more.
type Part<B> = Option<Result<Frame<<B as HttpBody>::Data>, <B as HttpBody>::Error>>;

struct Kept<B> {
    body: B,
    was_begun: bool,
    is_over: bool,
}

impl<B> Unread<B>
where
    B: HttpBody<Data = Bytes> + Send + Unpin + 'static,
    B::Error: std::error::Error + Send + Sync + 'static,
{
    /// The request as its handler gets it, and the body it lends to it; `None` when there is none.
    pub(crate) fn of(request: Request<B>) -> (Request<Body>, Option<Self>) {
        if request.body().is_end_stream() {
            return (request.map(Body::new), None);
        }
        let (parts, body) = request.into_parts();
        let waits = parts.headers.contains_key(header::EXPECT);
        let kept = Arc::new(Mutex::new(Kept { body, was_begun: false, is_over: false }));
        let lent = Body::new(Lent(Arc::clone(&kept)));
        (Request::from_parts(parts, lent), Some(Self { kept, waits }))
    }

    /// Whether the body was read to its end, or is so little that it is now.
    pub(crate) async fn ends_soon(self) -> bool {
        if !self.is_little() {
            return false;
        }
        timeout(SOON, self.ends_within(LITTLE)).await.unwrap_or(false)
    }

    fn is_little(&self) -> bool {
        let kept = lock(&self.kept);
        kept.is_over || (kept.body.size_hint().lower() <= LITTLE && (kept.was_begun || !self.waits))
    }

    async fn ends_within(&self, mut bytes: u64) -> bool {
        loop {
            match poll_fn(|context| lock(&self.kept).poll(context)).await {
                None => return true,
                Some(Err(_)) => return false,
                Some(Ok(frame)) => {
                    let length = frame.data_ref().map_or(0, |data| data.len() as u64);
                    let Some(left) = bytes.checked_sub(length) else { return false };
                    bytes = left;
                }
            }
        }
    }
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<B: HttpBody + Unpin> Kept<B> {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Part<B>> {
        if self.is_over {
            return Poll::Ready(None);
        }
        self.was_begun = true;
        let polled = Pin::new(&mut self.body).poll_frame(context);
        self.is_over = matches!(polled, Poll::Ready(None)) || self.body.is_end_stream();
        polled
    }
}

/// What a handler reads, and gives up as it likes.
struct Lent<B>(Arc<Mutex<Kept<B>>>);

impl<B: HttpBody + Unpin> HttpBody for Lent<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Part<B>> {
        lock(&self.0).poll(context)
    }

    fn is_end_stream(&self) -> bool {
        let kept = lock(&self.0);
        kept.is_over || kept.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        lock(&self.0).body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MUCH: usize = 64 * 1024;

    /// A body whose length is not known, and what comes after its parts.
    struct Parts(usize, Bytes, Poll<Option<std::io::ErrorKind>>);

    impl HttpBody for Parts {
        type Data = Bytes;
        type Error = std::io::Error;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
            match self.0.checked_sub(1) {
                Some(left) => {
                    self.0 = left;
                    Poll::Ready(Some(Ok(Frame::data(self.1.clone()))))
                }
                None => self.2.map(|end| end.map(|kind| Err(kind.into()))),
            }
        }
    }

    fn parts(count: usize, size: usize) -> Body {
        Body::new(Parts(count, vec![b'x'; size].into(), Poll::Ready(None)))
    }

    fn lent(body: Body, expects: bool) -> (Body, Unread<Body>) {
        let mut request = Request::new(body);
        if expects {
            request.headers_mut().insert(header::EXPECT, "100-continue".parse().unwrap());
        }
        let (request, unread) = Unread::of(request);
        (request.into_body(), unread.unwrap())
    }

    async fn ends_soon(body: Body) -> bool {
        lent(body, false).1.ends_soon().await
    }

    async fn read_one(body: &mut Body) {
        poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn little_is_read_and_more_is_not() {
        assert_eq!(LITTLE, MUCH as u64);
        assert!(Unread::of(Request::new(Body::empty())).1.is_none());
        assert!(ends_soon(Body::from(vec![0; MUCH])).await);
        assert!(!ends_soon(Body::from(vec![0; MUCH + 1])).await, "its length is known");
        assert!(ends_soon(parts(MUCH, 1)).await);
        assert!(!ends_soon(parts(MUCH + 1, 1)).await, "its length is not");
        let broken = Parts(1, Bytes::new(), Poll::Ready(Some(std::io::ErrorKind::ConnectionReset)));
        assert!(!ends_soon(Body::new(broken)).await);
    }

    #[tokio::test]
    async fn what_does_not_come_is_not_waited_for() {
        let begun = std::time::Instant::now();
        assert!(!ends_soon(Body::new(Parts(2, Bytes::from_static(b"x"), Poll::Pending))).await);
        assert!(begun.elapsed() < SOON * 10, "{:?}", begun.elapsed());
    }

    #[tokio::test]
    async fn what_the_handler_has_read_does_not_count() {
        let (mut body, unread) = lent(parts(3, MUCH), false);
        read_one(&mut body).await;
        read_one(&mut body).await;
        drop(body);
        assert!(unread.ends_soon().await);
        let (body, unread) = lent(parts(3, MUCH), false);
        assert_eq!(axum::body::to_bytes(body, usize::MAX).await.unwrap().len(), 3 * MUCH);
        assert!(unread.ends_soon().await, "all of it");
    }

    /// RFC 9110 §10.1.1: who answers without asking for the body need not read it, and must not ask for it then.
    #[tokio::test]
    async fn a_body_that_waits_to_be_asked_for_is_not() {
        assert!(!lent(parts(1, 1), true).1.ends_soon().await);
        let (mut body, unread) = lent(parts(2, 1), true);
        read_one(&mut body).await;
        assert!(unread.ends_soon().await, "it was asked for");
    }
}
