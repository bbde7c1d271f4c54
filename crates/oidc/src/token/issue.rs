//! Issues tokens and builds the token response.

use std::sync::Arc;

use porta_core::session::{AccessToken, RefreshToken, TokenFamily};
use porta_core::user::User;
use porta_core::{BearerKind, Timestamp, TokenDigest, settings};
use porta_protocol::token_response::TokenResponse;
use porta_protocol::{Scope, scope};
use porta_session::{BackendError, ProtocolClient, SharedServices, Tenant};
use porta_store::Rights;

use super::id_token::IdTokenInput;

/// Generates tokens and signs ID tokens.
pub(crate) struct TokenIssuer {
    pub(crate) shared: Arc<SharedServices>,
}

/// To whom tokens are issued, and about whom.
#[derive(Clone, Copy)]
pub(crate) struct TokenSubject<'a> {
    pub(crate) client: &'a ProtocolClient,
    pub(crate) family: &'a TokenFamily,
    pub(crate) user: &'a User,
    pub(crate) rights: &'a Rights,
}

/// Tokens in clear, with the rows that store their digests.
pub(super) struct IssuedTokens {
    pub(super) access: String,
    pub(super) access_row: AccessToken,
    pub(super) refresh: Option<String>,
    pub(super) refresh_row: Option<RefreshToken>,
}

impl TokenIssuer {
    /// Generates the first tokens of a family.
    pub(super) fn first_tokens(
        &self,
        tenant: &Tenant,
        family: &TokenFamily,
        with_refresh: bool,
    ) -> IssuedTokens {
        let now = self.shared.now();
        let access = BearerKind::AccessToken.generate(self.shared.entropy());
        let refresh = with_refresh.then(|| BearerKind::RefreshToken.generate(self.shared.entropy()));
        IssuedTokens {
            access_row: access_row(tenant, family, &access, &family.scope, now),
            refresh_row: refresh.as_deref().map(|value| refresh_row(tenant, family, value, now)),
            access,
            refresh,
        }
    }

    /// Signs the ID token and builds the response.
    pub(super) async fn answer(
        &self,
        tenant: &Tenant,
        subject: TokenSubject<'_>,
        issued: IssuedTokens,
    ) -> Result<TokenResponse, BackendError> {
        let granted = Scope::parse(&issued.access_row.scope)
            .map_err(|_| BackendError::Unreadable("stored scope".to_owned()))?;
        let id_token = if granted.contains(scope::OPENID) {
            let made_from = IdTokenInput { subject, scope: &granted, access_token: &issued.access };
            Some(self.id_token(tenant, made_from).await?)
        } else {
            None
        };
        let expires_in = seconds_left(issued.access_row.expires_at, self.shared.now());
        Ok(TokenResponse {
            access_token: issued.access,
            token_type: "Bearer".to_owned(),
            expires_in,
            refresh_token: issued.refresh,
            id_token,
            scope: Some(issued.access_row.scope),
        })
    }
}

/// `expires_in` (RFC 6749 §5.1), rounded up: storing and signing take a moment, and a token of an hour should say 3600
/// seconds, not 3599.
fn seconds_left(expires_at: Timestamp, now: Timestamp) -> u64 {
    let left = expires_at.since(now);
    left.as_secs() + u64::from(left.subsec_micros() > 0)
}

/// No token outlives its family.
fn bounded(family: &TokenFamily, now: Timestamp, lifetime: std::time::Duration) -> Timestamp {
    (now + lifetime).min(family.expires_at)
}

pub(crate) fn access_row(
    tenant: &Tenant,
    family: &TokenFamily,
    value: &str,
    scope: &str,
    now: Timestamp,
) -> AccessToken {
    AccessToken {
        digest: TokenDigest::of(value),
        family: family.id,
        scope: scope.to_owned(),
        expires_at: bounded(family, now, tenant.settings.duration(settings::ACCESS_TOKEN_TTL)),
        created_at: now,
    }
}

pub(super) fn refresh_row(
    tenant: &Tenant,
    family: &TokenFamily,
    value: &str,
    now: Timestamp,
) -> RefreshToken {
    RefreshToken {
        digest: TokenDigest::of(value),
        family: family.id,
        expires_at: bounded(family, now, tenant.settings.duration(settings::REFRESH_TOKEN_TTL)),
        created_at: now,
        rotated_at: None,
        successor: None,
        rotated_by: None,
        shared_at: None,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn rfc_6749_section_5_1_a_begun_second_of_a_lifetime_counts() {
        let issued = Timestamp::from_seconds(1_800_000_000);
        let expires_at = issued + Duration::from_mins(30);
        for (took, expected) in [
            (Duration::ZERO, 1800),
            (Duration::from_micros(1), 1800),
            (Duration::from_millis(12), 1800),
            (Duration::from_millis(999), 1800),
            (Duration::from_secs(1), 1799),
            (Duration::from_millis(9_800), 1791),
            (Duration::from_mins(30) - Duration::from_micros(1), 1),
            (Duration::from_mins(30), 0),
            (Duration::from_hours(1), 0),
        ] {
            assert_eq!(seconds_left(expires_at, issued + took), expected, "{took:?}");
        }
    }
}
