//! Header timeout: closes a connection that does not send its request headers in time.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// State of the requests on a connection.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// Number of requests whose headers are complete.
    header_count: AtomicUsize,
    /// A request is being answered; incoming data is its body.
    is_served: AtomicBool,
    /// The last request was answered before its body was read.
    has_unread_body: AtomicBool,
}

impl Progress {
    pub(super) fn begin(&self) {
        self.is_served.store(true, Ordering::Release);
        self.header_count.fetch_add(1, Ordering::AcqRel);
    }

    pub(super) fn end(&self, has_unread_body: bool) {
        self.has_unread_body.store(has_unread_body, Ordering::Release);
        self.is_served.store(false, Ordering::Release);
    }

    pub(super) fn is_served(&self) -> bool {
        self.is_served.load(Ordering::Acquire)
    }

    pub(super) fn has_unread_body(&self) -> bool {
        self.has_unread_body.load(Ordering::Acquire)
    }
}

/// Requires the headers of a request within `limit` of its first byte, and those of the first request within `limit` of
/// the connection. Sending a part of them does not extend the deadline.
pub(super) struct HeaderTimeout<S> {
    stream: S,
    limit: Duration,
    progress: Arc<Progress>,
    /// `Progress::header_count` at the last read.
    header_count: usize,
    deadline: Option<Pin<Box<Sleep>>>,
}

impl<S> HeaderTimeout<S> {
    pub(super) fn new(limit: Duration, progress: Arc<Progress>, stream: S) -> Self {
        let deadline = Some(Box::pin(sleep(limit)));
        Self { stream, limit, progress, header_count: 0, deadline }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for HeaderTimeout<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let header_count = this.progress.header_count.load(Ordering::Acquire);
        if header_count != this.header_count || this.progress.is_served() {
            (this.header_count, this.deadline) = (header_count, None);
        }
        let before = into.filled().len();
        let read = Pin::new(&mut this.stream).poll_read(context, into);
        if read.is_ready() {
            if into.filled().len() > before && !this.progress.is_served() {
                this.deadline.get_or_insert_with(|| Box::pin(sleep(this.limit)));
            }
            return read;
        }
        if let Some(deadline) = &mut this.deadline {
            ready!(deadline.as_mut().poll(context));
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "no request was heard")));
        }
        Poll::Pending
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for HeaderTimeout<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
    use tokio::time::{Instant, timeout};

    use super::*;

    const LIMIT: Duration = Duration::from_millis(200);

    fn pair() -> (HeaderTimeout<DuplexStream>, DuplexStream, Arc<Progress>) {
        let (near, far) = duplex(100);
        let progress = Arc::<Progress>::default();
        (HeaderTimeout::new(LIMIT, Arc::clone(&progress), near), far, progress)
    }

    async fn reads(near: &mut HeaderTimeout<DuplexStream>) -> io::Result<u8> {
        timeout(LIMIT * 4, near.read_u8()).await.unwrap_or(Ok(0))
    }

    #[tokio::test]
    async fn who_says_nothing_is_not_heard_out() {
        let (mut near, _far, _) = pair();
        assert_eq!(reads(&mut near).await.unwrap_err().kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn saying_it_byte_by_byte_buys_no_time() {
        for is_first in [true, false] {
            let (mut near, mut far, progress) = pair();
            if !is_first {
                progress.begin();
                progress.end(false);
            }
            let sending = tokio::spawn(async move {
                while far.write_all(b"x").await.is_ok() {
                    sleep(LIMIT / 5).await;
                }
            });
            let begun = Instant::now();
            while reads(&mut near).await.is_ok() {
                assert!(begun.elapsed() < LIMIT * 20, "never cut, first: {is_first}");
            }
            drop(near);
            sending.await.unwrap();
        }
    }

    #[tokio::test]
    async fn a_body_and_a_rest_between_requests_have_their_own_time() {
        let (mut near, mut far, progress) = pair();
        far.write_all(b"h").await.unwrap();
        assert_eq!(reads(&mut near).await.unwrap(), b'h');
        progress.begin();
        for _ in 0..2 {
            sleep(LIMIT).await;
            far.write_all(b"b").await.unwrap();
            assert_eq!(reads(&mut near).await.unwrap(), b'b');
        }
        progress.end(false);
        assert_eq!(reads(&mut near).await.unwrap(), 0, "it may rest for longer than that");
        // Received and answered before the next read.
        far.write_all(b"h").await.unwrap();
        assert_eq!(reads(&mut near).await.unwrap(), b'h');
        progress.begin();
        progress.end(false);
        assert_eq!(reads(&mut near).await.unwrap(), 0, "once more");
        far.write_all(b"h").await.unwrap();
        assert_eq!(reads(&mut near).await.unwrap(), b'h');
        assert!(reads(&mut near).await.is_err(), "the next one is not heard out");
    }
}
