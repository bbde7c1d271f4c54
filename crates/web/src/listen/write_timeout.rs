//! Write timeout: closes a connection whose peer does not read the response.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// Fails writes that make no progress within `limit` of the moment when the socket buffer was full.
pub(super) struct WriteTimeout<S> {
    stream: S,
    limit: Duration,
    /// Set while data waits to be written. Partial progress does not extend it.
    deadline: Option<Pin<Box<Sleep>>>,
}

impl<S> WriteTimeout<S> {
    pub(super) fn new(limit: Duration, stream: S) -> Self {
        Self { stream, limit, deadline: None }
    }

    fn check_deadline<T>(
        &mut self,
        context: &mut Context<'_>,
        done: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if done.is_pending() {
            let deadline = self.deadline.get_or_insert_with(|| Box::pin(sleep(self.limit)));
            ready!(deadline.as_mut().poll(context));
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "write timed out")));
        }
        done
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for WriteTimeout<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, into)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for WriteTimeout<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.check_deadline(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        self.check_deadline(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// Called once everything was written: the next response has the whole limit again.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(context))?;
        self.deadline = None;
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};
    use tokio::time::timeout;

    use super::*;

    const LIMIT: Duration = Duration::from_millis(100);

    #[tokio::test]
    async fn a_write_that_nobody_reads_times_out() {
        let (near, _far) = duplex(8);
        let writing = async { WriteTimeout::new(LIMIT, near).write_all(&[0; 9]).await };
        let error = timeout(Duration::from_secs(5), writing).await.unwrap().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn partial_reads_do_not_extend_the_deadline() {
        let (near, mut far) = duplex(8);
        let reading = tokio::spawn(async move {
            while far.read_u8().await.is_ok() {
                tokio::time::sleep(LIMIT / 4).await;
            }
        });
        let writing = async { WriteTimeout::new(LIMIT, near).write_all(&[0; 1000]).await };
        let error = timeout(Duration::from_secs(5), writing).await.unwrap().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        reading.await.unwrap();
    }

    #[tokio::test]
    async fn each_response_has_the_whole_limit() {
        let (near, mut far) = duplex(8);
        let mut near = WriteTimeout::new(LIMIT, near);
        for _ in 0..3 {
            let reading = async {
                tokio::time::sleep(LIMIT / 2).await;
                far.read_exact(&mut [0; 12]).await
            };
            let (written, read) = tokio::join!(
                async {
                    near.write_all(&[0; 12]).await?;
                    near.flush().await
                },
                reading
            );
            assert!(written.is_ok() && read.is_ok(), "{written:?}");
        }
    }
}
