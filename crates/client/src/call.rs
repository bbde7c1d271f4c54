//! Calls, which are sent when they are awaited.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use uuid::Uuid;

use crate::error::Error;
use crate::request::Request;
use crate::transport::{Decode, Transport};

/// What awaiting a call waits for.
pub(crate) type Answering<A> = Pin<Box<dyn Future<Output = Result<A, Error>> + Send>>;

/// A call whose answer is an `A`.
#[must_use = "a call is sent when it is awaited"]
pub struct Call<A> {
    transport: Arc<Transport>,
    request: Request,
    decode: Decode<A>,
}

impl<A> Call<A> {
    pub(crate) fn new(transport: &Arc<Transport>, request: Request, decode: Decode<A>) -> Self {
        Self { transport: Arc::clone(transport), request, decode }
    }
}

impl<A: 'static> IntoFuture for Call<A> {
    type Output = Result<A, Error>;
    type IntoFuture = Answering<A>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let received = self.transport.send(&self.request).await?;
            (self.decode)(received)
        })
    }
}

impl<A> fmt::Debug for Call<A> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.request, formatter)
    }
}

/// A POST request. It has an `Idempotency-Key`, so that it is carried out once, however often it is sent.
#[derive(Debug)]
#[must_use = "a call is sent when it is awaited"]
pub struct Post<A>(Call<A>);

impl<A> Post<A> {
    pub(crate) fn new(transport: &Arc<Transport>, mut request: Request, decode: Decode<A>) -> Self {
        request.idempotency_key = Some(Uuid::new_v4().to_string());
        Self(Call::new(transport, request, decode))
    }

    /// Replaces the random key, for a caller that may send the request again in another process. At most 255 visible ASCII
    /// characters.
    pub fn idempotency_key(mut self, key: impl Into<String>) -> Self {
        self.0.request.idempotency_key = Some(key.into());
        self
    }
}

impl<A: 'static> IntoFuture for Post<A> {
    type Output = Result<A, Error>;
    type IntoFuture = Answering<A>;

    fn into_future(self) -> Self::IntoFuture {
        self.0.into_future()
    }
}
