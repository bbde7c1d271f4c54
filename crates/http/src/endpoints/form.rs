//! Posted forms. One order of checks for all of them: size and time of the body, media type, syntax, repeated fields;
//! then what the form belongs to (an interaction, a session, a mailed link); then the CSRF token. Stage and fields come
//! after that.

use axum::body::Body;
use axum::http::StatusCode;
use porta_pages::ErrorText;
use porta_protocol::Params;

use super::ClientInfo;
use crate::body;
use crate::context::RequestContext;
use crate::error::PageError;
use crate::reply;
use crate::state::StateInner;

/// What a form belongs to.
pub(super) trait FormOwner {
    /// Compares the CSRF token of a form with that of its owner, in constant time.
    fn csrf_matches(&self, presented: Option<&str>) -> bool;
}

/// A form with its owner. `Err`: the CSRF token is missing or wrong; each form says so on its own page.
pub(super) type CheckedForm<T> = Result<(T, Params), (T, Params)>;

/// Reads a form and checks its CSRF token. `load` finds the owner.
pub(super) async fn checked_form<T: FormOwner, F: Future<Output = Result<T, PageError>>>(
    state: &StateInner,
    tenant: &RequestContext,
    client_info: &ClientInfo,
    body: Body,
    load: impl FnOnce() -> F,
) -> Result<CheckedForm<T>, PageError> {
    let params = read_form(state, tenant, client_info, body).await?;
    Ok(match owner_of_form(&params, load).await? {
        Ok(owner) => Ok((owner, params)),
        Err(owner) => Err((owner, params)),
    })
}

/// The same with a form that was read already.
pub(super) async fn owner_of_form<T: FormOwner, F: Future<Output = Result<T, PageError>>>(
    params: &Params,
    load: impl FnOnce() -> F,
) -> Result<Result<T, T>, PageError> {
    let owner = load().await?;
    Ok(if owner.csrf_matches(params.get("_csrf")) { Ok(owner) } else { Err(owner) })
}

/// Reads a form. Browsers send each field once, so a repeated one is refused.
pub(super) async fn read_form(
    state: &StateInner,
    tenant: &RequestContext,
    client_info: &ClientInfo,
    body: Body,
) -> Result<Params, PageError> {
    let refuse = |status| reply::error_page(state, &tenant.theme(), status, ErrorText::InvalidRequest, None);
    let params = body::form(&client_info.headers, body).await.map_err(|error| refuse(error.status()))?;
    if params.repeated(&[]).is_some() {
        return Err(refuse(StatusCode::BAD_REQUEST).into());
    }
    Ok(params)
}
