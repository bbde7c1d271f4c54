//! RP-Initiated Logout 1.0.
//!
//! ```text
//! GET|POST /session/end ──valid──► session? ─no──► done
//!                                     └─yes─► confirmation page ──POST──► session ended ──► done
//! done: post_logout_redirect_uri?state=…  or the success page
//! ```

use std::sync::Arc;
use std::time::Duration;

use porta_core::audit::AuditEventKind;
use porta_core::{BearerKind, TokenDigest};
use porta_kv::{KeyName, KvKey};
use porta_protocol::{Params, redirect_uri};
use porta_session::sealed_state::fits_in_cookie;
use porta_session::{BackendError, OperationContext, ProtocolClient, SharedServices, Tenant};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::administration::{is_of_administration, record};
use crate::authorize::ui_locales;
use crate::id_token_hint::{IdTokenHint, read_id_token_hint};

/// How long a logout may wait for confirmation. Nothing is stored until then: the checked request travels sealed in an
/// address and in a form.
const CONFIRMATION_LIFETIME: Duration = Duration::from_hours(1);

/// A refused logout request; shown on a page.
#[derive(Debug, thiserror::Error)]
pub enum LogoutError {
    #[error("refused: {0}")]
    Refused(#[from] LogoutRefusal),
    #[error(transparent)]
    Backend(#[from] BackendError),
}

/// Why a logout request was refused. The page shows the reason, so that the operator of the client can find the
/// mistake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LogoutRefusal {
    #[error("post_logout_redirect_uri is not registered for this client")]
    AddressNotRegistered,
    #[error("id_token_hint is not valid")]
    HintNotValid,
    #[error("id_token_hint was issued to another client than client_id")]
    HintOfAnotherClient,
    #[error("client is unknown")]
    ClientUnknown,
    #[error("{0}")]
    Malformed(&'static str),
}

/// Where the browser goes after the logout.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostLogoutRedirect {
    /// Registered URI with `state` appended; `None`: our own success page.
    pub redirect_to: Option<String>,
    /// Languages the request asked for (RP-Initiated Logout §2).
    #[serde(default)]
    pub ui_locales: Option<String>,
}

/// What a logout request leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogoutStep {
    /// Ask for confirmation; the value goes into the form's `xsrf` field.
    Confirm {
        xsrf: String,
        client_name: Option<String>,
        user_locale: Option<String>,
        onward: PostLogoutRedirect,
    },
    /// Nobody was signed in.
    Done(PostLogoutRedirect),
}

/// A logout request whose parameters were checked.
#[derive(Debug, Serialize, Deserialize)]
struct CheckedLogout {
    client_name: Option<String>,
    /// Client id, if it is a client of the admin application.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    administration: Option<String>,
    onward: PostLogoutRedirect,
}

/// Parameter that carries the handle of [`LogoutEndpoint::end_session_by_post`].
pub const CONTINUE: &str = "continue";

/// Sealed content of the confirmation form. It names the session, so that the form ends no other one.
#[derive(Debug, Serialize, Deserialize)]
struct PendingLogout {
    session: TokenDigest,
    /// As in [`CheckedLogout`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    administration: Option<String>,
    onward: PostLogoutRedirect,
}

fn malformed(description: &'static str) -> LogoutError {
    LogoutError::Refused(LogoutRefusal::Malformed(description))
}

/// The `id_token_hint` of a logout request.
#[derive(Debug)]
enum ReceivedHint {
    Nothing,
    Verified(IdTokenHint),
    /// RP-Initiated Logout §4: a hint that fails validation MUST NOT be used, so nothing of it is kept.
    Unverified,
}

impl ReceivedHint {
    /// Returns the client of a logout: the named one, or the audience of the hint; both must agree (RP-Initiated Logout
    /// §2).
    ///
    /// A named client needs no hint, and the person confirms in any case. An invalid hint is therefore ignored:
    /// refusing the request would leave somebody signed in who wanted to sign out.
    fn client<'a>(&'a self, named: Option<&'a str>) -> Result<Option<&'a str>, LogoutRefusal> {
        match (self, named) {
            (Self::Nothing, named) => Ok(named),
            (Self::Unverified, Some(named)) => Ok(Some(named)),
            (Self::Unverified, None) => Err(LogoutRefusal::HintNotValid),
            (Self::Verified(hint), Some(named)) if hint.client_id != named => {
                Err(LogoutRefusal::HintOfAnotherClient)
            }
            (Self::Verified(hint), _) => Ok(Some(hint.client_id.as_str())),
        }
    }
}

pub struct LogoutEndpoint {
    shared: Arc<SharedServices>,
}

impl LogoutEndpoint {
    pub(crate) fn new(shared: Arc<SharedServices>) -> Self {
        Self { shared }
    }

    /// `POST /{org}/session/end`: checks and seals the request. A cross-site POST carries no `SameSite=Lax` cookie, so
    /// the browser must come back by GET; sealing keeps the hint out of that URL. Returns the handle for the GET.
    pub async fn end_session_by_post(&self, tenant: &Tenant, params: &Params) -> Result<String, LogoutError> {
        let checked = self.check_logout(tenant, params).await?;
        let handle = self.shared.sealer.seal(
            &checked,
            checked_place(tenant).as_str(),
            self.shared.now() + CONFIRMATION_LIFETIME,
        )?;
        if fits_in_cookie(&handle) { Ok(handle) } else { Err(malformed("the request is too long")) }
    }

    async fn checked_logout(&self, tenant: &Tenant, params: &Params) -> Result<CheckedLogout, LogoutError> {
        let Some(handle) = params.get(CONTINUE) else {
            return self.check_logout(tenant, params).await;
        };
        let expired = || malformed("the request has expired");
        match self.shared.sealer.unseal(handle, checked_place(tenant).as_str()) {
            Some((checked, _)) => Ok(checked),
            None => self.take_stored(checked_place(tenant), handle).await?.ok_or_else(expired),
        }
    }

    /// Takes a value that the previous version stored instead of sealing it.
    async fn take_stored<T: DeserializeOwned>(
        &self,
        place: KvKey,
        handle: &str,
    ) -> Result<Option<T>, BackendError> {
        if !BearerKind::Interaction.matches(handle) {
            return Ok(None);
        }
        let found = self.shared.kv().take(&place.with(TokenDigest::of(handle).hex())).await?;
        found
            .map(|bytes| serde_json::from_slice(&bytes).map_err(|e| BackendError::Unreadable(e.to_string())))
            .transpose()
    }

    async fn check_logout(&self, tenant: &Tenant, params: &Params) -> Result<CheckedLogout, LogoutError> {
        if params.repeated(&[]).is_some() {
            return Err(malformed("a parameter is repeated"));
        }
        if params.get("state").is_some_and(|state| state.len() > 4096) {
            return Err(malformed("state is too long"));
        }
        let client = self.logout_client(tenant, params).await?;
        let onward = onward(params, client.as_deref())?;
        let Some(client) = client else {
            return Ok(CheckedLogout { client_name: None, administration: None, onward });
        };
        let is_of_administration = is_of_administration(&self.shared, tenant, &client).await?;
        let administration = is_of_administration.then(|| client.client.client_id.to_string());
        Ok(CheckedLogout { client_name: Some(client.client.client_name.clone()), administration, onward })
    }

    /// `GET /{org}/session/end`.
    #[tracing::instrument(target = "porta::trace", level = "trace", name = "oidc.end_session", skip_all)]
    pub async fn end_session(
        &self,
        tenant: &Tenant,
        params: &Params,
        cookie: Option<&str>,
    ) -> Result<LogoutStep, LogoutError> {
        let CheckedLogout { client_name, administration, onward } =
            self.checked_logout(tenant, params).await?;
        let Some(session) = self.shared.browser_sessions.find(tenant, cookie).await? else {
            return Ok(LogoutStep::Done(onward));
        };
        let pending = PendingLogout { session: session.digest, administration, onward: onward.clone() };
        let xsrf = self.shared.sealer.seal(
            &pending,
            pending_place(tenant).as_str(),
            self.shared.now() + CONFIRMATION_LIFETIME,
        )?;
        let mut repositories = self.shared.store().repositories();
        let user = repositories.users(tenant.organization.id).by_id(session.session.user).await;
        let user_locale = user.map_err(BackendError::from)?.and_then(|user| user.profile.locale);
        Ok(LogoutStep::Confirm { xsrf, client_name, user_locale, onward })
    }

    async fn logout_client(
        &self,
        tenant: &Tenant,
        params: &Params,
    ) -> Result<Option<Arc<ProtocolClient>>, LogoutError> {
        let hint = match params.get("id_token_hint") {
            None => ReceivedHint::Nothing,
            Some(token) => {
                read_id_token_hint(tenant, token).map_or(ReceivedHint::Unverified, ReceivedHint::Verified)
            }
        };
        let Some(client_id) = hint.client(params.get("client_id"))? else { return Ok(None) };
        let Some(client) = self.shared.clients.find(tenant.organization.id, client_id).await? else {
            return Err(LogoutRefusal::ClientUnknown.into());
        };
        if matches!(hint, ReceivedHint::Unverified) {
            let client = &client.client.client_id;
            tracing::info!(%client, "id_token_hint of a logout request is not valid and was ignored");
        }
        Ok(Some(client))
    }

    /// `POST /{org}/session/end/confirm`: ends the session and every token authorized in it.
    pub async fn confirm(
        &self,
        context: OperationContext<'_>,
        xsrf: Option<&str>,
        cookie: Option<&str>,
    ) -> Result<PostLogoutRedirect, LogoutError> {
        let tenant = context.tenant;
        let expired = || malformed("the form has expired");
        let xsrf = xsrf.ok_or_else(expired)?;
        let pending: PendingLogout = match self.shared.sealer.unseal(xsrf, pending_place(tenant).as_str()) {
            Some((pending, _)) => pending,
            None => self.take_stored(pending_place(tenant), xsrf).await?.ok_or_else(expired)?,
        };
        // Already signed out, perhaps by this very form.
        let Some(session) = self.shared.browser_sessions.find(tenant, cookie).await? else {
            return Ok(pending.onward);
        };
        if !session.digest.same_as(&pending.session) {
            return Err(malformed("the form belongs to another session"));
        }
        self.shared.browser_sessions.end(context, &session).await?;
        if let Some(client_id) = &pending.administration {
            let what = (&session.session, client_id.as_str());
            record(&self.shared, context, AuditEventKind::AdminLogout, what).await?;
        }
        Ok(pending.onward)
    }
}

fn checked_place(tenant: &Tenant) -> KvKey {
    KvKey::new(KeyName::LogoutRequest, tenant.organization.id)
}

fn pending_place(tenant: &Tenant) -> KvKey {
    KvKey::new(KeyName::Logout, tenant.organization.id)
}

/// RP-Initiated Logout §3: only a registered URI of a known client; without a client the parameter is ignored.
fn onward(params: &Params, client: Option<&ProtocolClient>) -> Result<PostLogoutRedirect, LogoutRefusal> {
    let ui_locales = ui_locales(params);
    let (Some(uri), Some(client)) = (params.get("post_logout_redirect_uri"), client) else {
        return Ok(PostLogoutRedirect { redirect_to: None, ui_locales });
    };
    let client = &client.client;
    let known = client
        .post_logout_redirect_uris
        .iter()
        .any(|r| redirect_uri::matches(r, uri, client.application_type));
    if !known {
        return Err(LogoutRefusal::AddressNotRegistered);
    }
    let mut redirect_to = uri.to_owned();
    if let Some(state) = params.get("state") {
        redirect_to = porta_protocol::authorize::append_query(uri, [("state", state)]);
    }
    Ok(PostLogoutRedirect { redirect_to: Some(redirect_to), ui_locales })
}

#[cfg(test)]
mod tests {
    use super::LogoutRefusal::{HintNotValid, HintOfAnotherClient};
    use super::*;

    /// RP-Initiated Logout §2 and §4.
    #[test]
    fn a_logout_is_for_the_client_that_is_named_or_proven() {
        let of = |client: &str| {
            ReceivedHint::Verified(IdTokenHint { subject: "ana".to_owned(), client_id: client.to_owned() })
        };
        let cases = [
            (ReceivedHint::Nothing, None, Ok(None)),
            (ReceivedHint::Nothing, Some("web"), Ok(Some("web"))),
            (of("web"), None, Ok(Some("web"))),
            (of("web"), Some("web"), Ok(Some("web"))),
            (of("web"), Some("spa"), Err(HintOfAnotherClient)),
            (of("web"), Some("WEB"), Err(HintOfAnotherClient)),
            (of("web"), Some("web "), Err(HintOfAnotherClient)),
            (of("web"), Some(""), Err(HintOfAnotherClient)),
            (ReceivedHint::Unverified, Some("web"), Ok(Some("web"))),
            (ReceivedHint::Unverified, None, Err(HintNotValid)),
        ];
        for (hint, named, expected) in cases {
            assert_eq!(hint.client(named), expected, "{hint:?} {named:?}");
        }
    }
}
