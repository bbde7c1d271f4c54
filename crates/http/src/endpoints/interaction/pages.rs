//! Login page and consent page.

use std::sync::Arc;

use axum::http::StatusCode;
use porta_core::organization::LoginMethod;
use porta_pages::{ConsentPage, ErrorText, Flash, LoginPage};
use porta_session::ProtocolClient;

use super::InteractionRequest;
use crate::error::PageError;
use crate::reply::{self, Reply};

impl InteractionRequest<'_> {
    /// The uid lets the person return to this interaction.
    fn forgot_password_url(&self) -> String {
        let (slug, uid) = (&self.tenant.organization.slug, &self.bound.interaction.uid);
        format!("/{slug}/auth/forgot-password?interaction={uid}")
    }

    /// The client of the authorization request; `None` when the interaction leads to the account.
    async fn client(&self) -> Result<Option<Arc<ProtocolClient>>, PageError> {
        let Some(client_id) = self.bound.interaction.purpose.client_id() else { return Ok(None) };
        let found = self.state.shared.clients.find(self.tenant.organization.id, client_id).await;
        if let Some(client) = found.map_err(|error| self.backend_error(&error))? {
            return Ok(Some(client));
        }
        let (theme, status) = (self.tenant.theme(), StatusCode::BAD_REQUEST);
        Err(reply::error_page(self.state, &theme, status, ErrorText::ClientUnknown, None).into())
    }

    pub(super) async fn login_page(
        &self,
        status: StatusCode,
        email: Option<&str>,
        flash: Option<Flash>,
    ) -> Result<Reply, PageError> {
        let client = self.client().await?;
        let purpose = &self.bound.interaction.purpose;
        let methods = self.state.sign_in.login_methods.offered(self.tenant, purpose).await;
        let methods = methods.map_err(|error| self.backend_error(&error))?;
        let (magic_link_url, forgot_password_url) = (self.url("/magic-link"), self.forgot_password_url());
        let page = LoginPage {
            action_url: &self.url("/login"),
            cancel_url: &self.url("/abort"),
            csrf: &self.bound.interaction.csrf,
            client_name: client
                .as_ref()
                .map_or_else(|| self.tenant.organization.display_name(), |c| &c.client.client_name),
            email: email.or(purpose.login_hint()).unwrap_or_default(),
            flash,
            show_password: methods.contains(&LoginMethod::Password),
            magic_link_url: methods.contains(&LoginMethod::MagicLink).then_some(&*magic_link_url),
            forgot_password_url: Some(&*forgot_password_url)
                .filter(|_| methods.contains(&LoginMethod::Password) && self.tenant.offers_passwords()),
        };
        Ok(self.page(status, self.state.pages.render(&self.tenant.theme(), &page)))
    }

    pub(super) async fn consent_page(&self) -> Result<Reply, PageError> {
        // Only an authorization request has a consent stage.
        let Some(client) = self.client().await? else { return Ok(self.expired_page()) };
        let owner = self.state.shared.clients.owner_name(self.tenant, &client).await;
        let owner = owner.map_err(|error| self.backend_error(&error))?;
        let asked = self.bound.interaction.consent.clone();
        self.tenant.languages.add_profile_locale(asked.as_ref().and_then(|a| a.user_locale.as_deref()));
        let is_confirmation = asked.as_ref().is_some_and(|a| a.is_confirmation);
        let (scopes, user_email) = asked.map(|a| (a.scopes, a.user_email)).unwrap_or_default();
        let page = ConsentPage {
            action_url: &self.url("/confirm"),
            csrf: &self.bound.interaction.csrf,
            client_name: &client.client.client_name,
            client_organization: owner.as_deref(),
            user_email: &user_email,
            scopes: &scopes,
            is_confirmation,
        };
        Ok(self.page(StatusCode::OK, self.state.pages.render(&self.tenant.theme(), &page)))
    }
}
