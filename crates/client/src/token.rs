//! Where access tokens come from.

use async_trait::async_trait;
use secrecy::SecretString;

/// Why there is no token.
pub type TokenError = Box<dyn std::error::Error + Send + Sync>;

/// Supplies the access token of each call.
#[async_trait]
pub trait TokenSource: Send + Sync {
    /// The token to send.
    async fn token(&self) -> Result<SecretString, TokenError>;

    /// Another token, after the server refused this one; asked once a call. `None`: there is no other, and the refusal is
    /// the result. A source that several calls share finds that `refused` is no longer its newest token if another call
    /// has renewed it already.
    async fn renewed(&self, refused: &SecretString) -> Result<Option<SecretString>, TokenError> {
        let _ = refused;
        Ok(None)
    }
}

/// One token that is never renewed.
#[derive(Debug, Clone)]
pub struct FixedToken(SecretString);

impl FixedToken {
    pub fn new(token: impl Into<String>) -> Self {
        Self(SecretString::from(token.into()))
    }
}

#[async_trait]
impl TokenSource for FixedToken {
    async fn token(&self) -> Result<SecretString, TokenError> {
        Ok(self.0.clone())
    }
}
