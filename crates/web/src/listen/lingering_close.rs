//! Lingering close: keeps a connection open until the peer could read the last response (RFC 9112 §9.6).
//!
//! Closing a connection with unread data resets it: the peer's kernel then drops the response, and a proxy that was
//! still sending a body gets an error instead. So writing is shut down first; what still arrives is read and dropped,
//! up to a bound, until the peer closes.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};
use tokio_util::sync::CancellationToken;

use super::header_timeout::Progress;

/// How much is read and dropped, and for how long.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    bytes: usize,
    within: Duration,
    /// Longest pause between two reads.
    quiet: Duration,
}

/// More than a proxy forwards by default (nginx: 1 MiB); less time than the shutdown grace period.
const BOUNDS: Bounds =
    Bounds { bytes: 2 << 20, within: Duration::from_secs(8), quiet: Duration::from_secs(3) };

/// During shutdown: long enough for what a proxy is already sending.
const SHUTDOWN_BOUNDS: Bounds =
    Bounds { bytes: 2 << 20, within: Duration::from_secs(1), quiet: Duration::from_millis(500) };

/// Bytes read at a time.
const CHUNK: usize = 8 * 1024;

pub(super) struct LingeringClose<S> {
    stream: S,
    bounds: Bounds,
    progress: Arc<Progress>,
    /// Once cancelled, the connection lingers only if its last request was answered before its body was read.
    closing: CancellationToken,
    is_shut: bool,
    lingering: Option<LingerState>,
}

struct LingerState {
    left: usize,
    end: Pin<Box<Sleep>>,
    quiet: Pin<Box<Sleep>>,
}

impl<S> LingeringClose<S> {
    pub(super) fn new(stream: S, progress: Arc<Progress>, closing: CancellationToken) -> Self {
        Self { stream, bounds: BOUNDS, progress, closing, is_shut: false, lingering: None }
    }

    fn may_skip(&self) -> bool {
        self.closing.is_cancelled() && !self.progress.has_unread_body()
    }
}

impl<S: AsyncRead + Unpin> LingeringClose<S> {
    /// Ready when the peer has closed or a bound is reached.
    fn poll_linger(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let Bounds { bytes, within, quiet } =
            if self.closing.is_cancelled() { SHUTDOWN_BOUNDS } else { self.bounds };
        let lingering = self.lingering.get_or_insert_with(|| LingerState {
            left: bytes,
            end: Box::pin(sleep(within)),
            quiet: Box::pin(sleep(quiet)),
        });
        let mut room = [0; CHUNK];
        loop {
            let mut part = ReadBuf::new(&mut room);
            match Pin::new(&mut self.stream).poll_read(context, &mut part) {
                Poll::Pending => break,
                Poll::Ready(Err(_)) => return Poll::Ready(()),
                Poll::Ready(Ok(())) => {}
            }
            let length = part.filled().len();
            if length == 0 || length > lingering.left {
                return Poll::Ready(());
            }
            lingering.left -= length;
            lingering.quiet.as_mut().reset(Instant::now() + quiet);
        }
        if lingering.end.as_mut().poll(context).is_ready() {
            return Poll::Ready(());
        }
        lingering.quiet.as_mut().poll(context)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for LingeringClose<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, into)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for LingeringClose<S> {
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

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if !this.is_shut {
            ready!(Pin::new(&mut this.stream).poll_shutdown(context))?;
            this.is_shut = true;
        }
        if !this.may_skip() {
            ready!(this.poll_linger(context));
        }
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};

    use super::*;

    const SMALL: Bounds =
        Bounds { bytes: 1000, within: Duration::from_secs(3), quiet: Duration::from_secs(1) };

    fn pair() -> (LingeringClose<DuplexStream>, DuplexStream) {
        let (near, far) = duplex(100);
        let mut near = LingeringClose::new(near, Arc::default(), CancellationToken::new());
        near.bounds = SMALL;
        (near, far)
    }

    /// How long shutdown takes while the peer, which has its response, does `what`.
    async fn ends<F>(
        mut near: LingeringClose<DuplexStream>,
        mut far: DuplexStream,
        what: impl FnOnce(DuplexStream) -> F,
    ) -> Duration
    where
        F: Future<Output = ()> + Send + 'static,
    {
        near.write_all(b"no").await.unwrap();
        let begun = Instant::now();
        let shutdown = tokio::spawn(async move {
            near.shutdown().await.unwrap();
            begun.elapsed()
        });
        let mut answer = Vec::new();
        far.read_to_end(&mut answer).await.unwrap();
        assert_eq!(answer, b"no", "writing has ended first");
        let caller = tokio::spawn(what(far));
        let took = shutdown.await.unwrap();
        caller.abort();
        took
    }

    async fn sends(mut far: DuplexStream, bytes: usize) {
        far.write_all(&vec![0; bytes]).await.ok();
    }

    async fn waits(_far: DuplexStream) {
        std::future::pending::<()>().await;
    }

    #[tokio::test]
    async fn it_ends_when_the_caller_has_closed() {
        let (near, far) = pair();
        assert!(ends(near, far, |far| sends(far, SMALL.bytes)).await < SMALL.quiet);
    }

    #[tokio::test]
    async fn no_more_is_read_than_a_bound() {
        let (near, far) = pair();
        // The peer stays connected: reading everything would be followed by a wait for more.
        let took = ends(near, far, |mut far| async move {
            far.write_all(&[0; 10_000]).await.ok();
            waits(far).await;
        });
        assert!(took.await < SMALL.quiet);
    }

    #[tokio::test]
    async fn who_says_nothing_is_waited_for_shortly() {
        let (near, far) = pair();
        let took = ends(near, far, waits).await;
        assert!(took >= SMALL.quiet && took < SMALL.within, "{took:?}");
    }

    #[tokio::test]
    async fn sending_byte_by_byte_buys_no_time() {
        let (near, far) = pair();
        let took = ends(near, far, |mut far| async move {
            while far.write_all(b"x").await.is_ok() {
                sleep(SMALL.quiet / 4).await;
            }
        });
        let took = took.await;
        assert!(took >= SMALL.within && took < SMALL.within * 3, "{took:?}");
    }

    #[tokio::test]
    async fn an_end_waits_only_for_what_is_unread_and_not_long() {
        for has_unread_body in [false, true] {
            let (near, far) = pair();
            near.closing.cancel();
            near.progress.end(has_unread_body);
            let took = ends(near, far, waits).await;
            assert_eq!(took >= SHUTDOWN_BOUNDS.quiet, has_unread_body, "{took:?}");
            assert!(took < BOUNDS.quiet, "{took:?}");
        }
    }
}
