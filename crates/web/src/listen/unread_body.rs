//! Rest of a request body that is unread when the response is ready (RFC 9112 §9.6).
//!
//! ```text
//! answered ─► little is left: read and dropped, the connection is kept
//!          └► more than that: Connection: close, the answer, then the connection lingers (see `lingering_close`)
//! ```
//!
//! A proxy forwards the body while it waits for the response. If the connection is closed meanwhile, the proxy marks
//! the server as down, although it refused only one request, and sends it nothing for a while.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{Request, header};
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio::time::timeout;

/// Larger than any valid form. Reading this much costs less than a new connection.
const MAX_DRAINED: u64 = 64 * 1024;
/// Data in transit arrives within this time; a slower sender gets the response first.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(1);

/// A request body, part of which may be unread when the response is ready.
pub(super) struct UnreadBody<B> {
    shared: Arc<Mutex<SharedBody<B>>>,
    /// The client sends the body only when asked (`Expect: 100-continue`, RFC 9110 §10.1.1).
    expects_continue: bool,
}

/// Result of polling a body.
type Part<B> = Option<Result<Frame<<B as HttpBody>::Data>, <B as HttpBody>::Error>>;

struct SharedBody<B> {
    body: B,
    was_begun: bool,
    is_over: bool,
}

impl<B> UnreadBody<B>
where
    B: HttpBody<Data = Bytes> + Send + Unpin + 'static,
    B::Error: std::error::Error + Send + Sync + 'static,
{
    /// Returns the request with a body for the handler, and the rest of the body; `None` when it is empty.
    pub(super) fn split(request: Request<B>) -> (Request<Body>, Option<Self>) {
        if request.body().is_end_stream() {
            return (request.map(Body::new), None);
        }
        let (parts, body) = request.into_parts();
        let expects_continue = parts.headers.contains_key(header::EXPECT);
        let shared = Arc::new(Mutex::new(SharedBody { body, was_begun: false, is_over: false }));
        let lent = Body::new(HandlerBody(Arc::clone(&shared)));
        (Request::from_parts(parts, lent), Some(Self { shared, expects_continue }))
    }

    /// Whether the body is read to its end; reads and drops a small rest.
    pub(super) async fn drain(self) -> bool {
        if !self.may_be_drained() {
            return false;
        }
        timeout(DRAIN_TIMEOUT, self.drain_up_to(MAX_DRAINED)).await.unwrap_or(false)
    }

    fn may_be_drained(&self) -> bool {
        let shared = lock(&self.shared);
        shared.is_over
            || (shared.body.size_hint().lower() <= MAX_DRAINED
                && (shared.was_begun || !self.expects_continue))
    }

    async fn drain_up_to(&self, mut bytes: u64) -> bool {
        loop {
            match poll_fn(|context| lock(&self.shared).poll(context)).await {
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

impl<B: HttpBody + Unpin> SharedBody<B> {
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

/// The body as the handler sees it, which may drop it before its end.
struct HandlerBody<B>(Arc<Mutex<SharedBody<B>>>);

impl<B: HttpBody + Unpin> HttpBody for HandlerBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Part<B>> {
        lock(&self.0).poll(context)
    }

    fn is_end_stream(&self) -> bool {
        let shared = lock(&self.0);
        shared.is_over || shared.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        lock(&self.0).body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MUCH: usize = 64 * 1024;

    /// A body of unknown length: number of parts, each part, and what follows them.
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

    fn lent(body: Body, expects: bool) -> (Body, UnreadBody<Body>) {
        let mut request = Request::new(body);
        if expects {
            request.headers_mut().insert(header::EXPECT, "100-continue".parse().unwrap());
        }
        let (request, unread) = UnreadBody::split(request);
        (request.into_body(), unread.unwrap())
    }

    async fn drain(body: Body) -> bool {
        lent(body, false).1.drain().await
    }

    async fn read_one(body: &mut Body) {
        poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn little_is_read_and_more_is_not() {
        assert_eq!(MAX_DRAINED, MUCH as u64);
        assert!(UnreadBody::split(Request::new(Body::empty())).1.is_none());
        assert!(drain(Body::from(vec![0; MUCH])).await);
        assert!(!drain(Body::from(vec![0; MUCH + 1])).await, "its length is known");
        assert!(drain(parts(MUCH, 1)).await);
        assert!(!drain(parts(MUCH + 1, 1)).await, "its length is not");
        let broken = Parts(1, Bytes::new(), Poll::Ready(Some(std::io::ErrorKind::ConnectionReset)));
        assert!(!drain(Body::new(broken)).await);
    }

    #[tokio::test]
    async fn what_does_not_come_is_not_waited_for() {
        let begun = std::time::Instant::now();
        assert!(!drain(Body::new(Parts(2, Bytes::from_static(b"x"), Poll::Pending))).await);
        assert!(begun.elapsed() < DRAIN_TIMEOUT * 10, "{:?}", begun.elapsed());
    }

    #[tokio::test]
    async fn what_the_handler_has_read_does_not_count() {
        let (mut body, unread) = lent(parts(3, MUCH), false);
        read_one(&mut body).await;
        read_one(&mut body).await;
        drop(body);
        assert!(unread.drain().await);
        let (body, unread) = lent(parts(3, MUCH), false);
        assert_eq!(axum::body::to_bytes(body, usize::MAX).await.unwrap().len(), 3 * MUCH);
        assert!(unread.drain().await, "all of it");
    }

    /// RFC 9110 §10.1.1: a server that responds without the body must not ask for it afterwards.
    #[tokio::test]
    async fn a_body_that_waits_to_be_asked_for_is_not() {
        assert!(!lent(parts(1, 1), true).1.drain().await);
        let (mut body, unread) = lent(parts(2, 1), true);
        read_one(&mut body).await;
        assert!(unread.drain().await, "it was asked for");
    }
}
