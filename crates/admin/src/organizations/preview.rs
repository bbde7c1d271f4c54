//! `POST /organizations/{orgId}/branding/preview`.

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use porta_core::organization::Organization;
use porta_pages::{Page, Preview, Theme, languages};
use porta_web::reply::{self, Reply};
use serde::Deserialize;
use utoipa::ToSchema;

use super::input::BrandingInput;
use crate::access::{Authorized, UpdateOrganizations};
use crate::body::JsonBody;
use crate::error::{AdminError, Result};
use crate::path::InPath;
use crate::state::AdminState;

/// What to show.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = BrandingPreview)]
pub(crate) struct PreviewInput {
    /// Branding that is not saved. What is left out is as it is saved.
    branding: Option<BrandingInput>,
    /// `login`, `login_password`, `login_magic_link`, `consent`, `error`, `invitation_mail`, `magic_link_mail` or
    /// `password_reset_mail`.
    page: String,
    /// Language of the page. Left out: that of the organization.
    locale: Option<String>,
}

impl PreviewInput {
    fn page(&self) -> Result<Preview> {
        let refused = || {
            let words: Vec<&str> = Preview::ALL.iter().map(|what| what.as_str()).collect();
            AdminError::invalid("page", format!("use one of {}", words.join(", ")))
        };
        Preview::parse(&self.page).ok_or_else(refused)
    }

    fn locale(&self) -> Result<Option<&'static str>> {
        let Some(wanted) = &self.locale else { return Ok(None) };
        let refused = || {
            let words: Vec<&str> = languages().collect();
            AdminError::invalid("locale", format!("use one of {}", words.join(", ")))
        };
        languages().find(|language| language == wanted).ok_or_else(refused).map(Some)
    }
}

/// Show a page or a mail with a branding that is not saved.
///
/// The answer is HTML with made-up contents, for a frame: its policy lets it run and send nothing, and lets only the
/// server itself and the origins of `ADMIN_CORS_ORIGINS` show it. Nothing is stored.
#[utoipa::path(post, path = "/organizations/{orgId}/branding/preview", tag = "branding", request_body = PreviewInput,
    responses((status = 200, description = "A page.", body = String, content_type = "text/html",
        headers(("Content-Security-Policy" = String)))))]
pub(crate) async fn preview_branding(
    _: Authorized<UpdateOrganizations>,
    State(state): State<AdminState>,
    InPath(name): InPath<String>,
    JsonBody(body): JsonBody<PreviewInput>,
) -> Result<Reply> {
    let (what, locale) = (body.page()?, body.locale()?);
    let organization = state.directory.queries().organization(&name).await?;
    let branding = body.branding.unwrap_or_default().applied_to(&organization.branding, "branding")?;
    let branding = branding.with_uploads(&state.issuer(&organization.slug));
    let organization = Organization { branding, ..organization };
    let theme = Theme::of(&organization);
    let theme = match locale {
        Some(locale) => theme.in_locale(locale),
        None => theme,
    };
    let rendered = state.pages()?.preview(&theme, what, &ancestors(&state));
    shown(rendered.map_err(|error| AdminError::failed(&error))?)
}

/// Who may show it in a frame.
fn ancestors(state: &AdminState) -> String {
    let consoles = state.cors_origins.iter().filter_map(|origin| origin.to_str().ok());
    let all: Vec<&str> = std::iter::once("'self'").chain(consoles).collect();
    all.join(" ")
}

fn shown(page: Page) -> Result<Reply> {
    let policy = HeaderValue::from_str(&page.csp).map_err(|error| AdminError::failed(&error))?;
    let mut reply = reply::json_bytes(StatusCode::OK, page.html);
    let headers = reply.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(page.language));
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    Ok(reply)
}
