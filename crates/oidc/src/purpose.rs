//! What a sign-in is for: a client that waits for an answer, or a page of the person's own account.

use porta_core::word_enum;
use serde::{Deserialize, Serialize};

use crate::authorize::AuthorizationRequest;
use crate::interaction::{NewInteraction, Stage};
use crate::{Engine, EngineError, Tenant};

/// Stored beside the other fields of the interaction, under the name of its kind: `request` is what every version
/// before this one wrote, and still reads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum InteractionPurpose {
    #[serde(rename = "request")]
    Authorize(Box<AuthorizationRequest>),
    #[serde(rename = "account")]
    Account(AccountPurpose),
}

/// A person on the way to their account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountPurpose {
    pub page: AccountPage,
    /// The address of somebody who is signed in and shows once more who they are.
    pub again: Option<String>,
}

word_enum! {
    /// Where such a sign-in ends. Never an address that somebody could write.
    pub enum AccountPage {
        Overview = "overview",
        Password = "password",
        TwoFactor = "two_factor",
        TwoFactorSetup = "two_factor_setup",
        Sessions = "sessions",
        Applications = "applications",
        Data = "data",
    }
}

impl AccountPage {
    /// Path under the organization's.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Overview => "/account",
            Self::Password => "/account/password",
            Self::TwoFactor => "/account/two-factor",
            Self::TwoFactorSetup => "/account/two-factor/setup",
            Self::Sessions => "/account/sessions",
            Self::Applications => "/account/applications",
            Self::Data => "/account/data",
        }
    }
}

impl InteractionPurpose {
    pub fn authorization(&self) -> Option<&AuthorizationRequest> {
        match self {
            Self::Authorize(request) => Some(request),
            Self::Account(_) => None,
        }
    }

    /// Public identifier of the client that waits, if one does.
    pub fn client_id(&self) -> Option<&str> {
        self.authorization().map(|request| request.client_id.as_str())
    }

    /// The languages the client asked for (OpenID Connect Core §3.1.2.1).
    pub fn ui_locales(&self) -> Option<&str> {
        self.authorization().and_then(|request| request.ui_locales.as_deref())
    }

    /// The address to fill in: what the client said, or whose session it is.
    pub fn login_hint(&self) -> Option<&str> {
        match self {
            Self::Authorize(request) => request.login_hint.as_deref(),
            Self::Account(purpose) => purpose.again.as_deref(),
        }
    }
}

impl Engine {
    /// Begins a sign-in that ends at a page of the account.
    pub fn begin_account(
        &self,
        tenant: &Tenant,
        purpose: AccountPurpose,
    ) -> Result<NewInteraction, EngineError> {
        self.begin_travelling(tenant, InteractionPurpose::Account(purpose), Stage::Login)
    }
}

#[cfg(test)]
mod tests {
    use porta_core::{EntityId as _, OrganizationId, Timestamp};
    use serde_json::json;

    use super::*;
    use crate::interaction::Interaction;

    /// As the version before errands wrote it.
    fn before() -> serde_json::Value {
        json!({
            "uid": "u", "organization": OrganizationId::from_uuid(uuid::Uuid::nil()),
            "request": {
                "client_id": "web", "redirect_uri": "https://web.test/cb", "redirect_uri_sent": true,
                "response_mode": "query", "state": "s", "nonce": null, "scope": "openid", "prompt": "",
                "max_age": 60, "login_hint": "ana@acme.test", "hinted_subject": null, "claims": null,
                "code_challenge": null,
            },
            "stage": "Login", "csrf": "c", "consent": null, "login": null, "consented": false,
            "expires_at": Timestamp::from_seconds(1_800_000_000),
        })
    }

    #[test]
    fn what_the_version_before_stored_is_read_and_written_alike() {
        let stored: Interaction = match serde_json::from_value(before()) {
            Ok(stored) => stored,
            Err(error) => panic!("{error}: {}", before()),
        };
        assert_eq!(stored.purpose.client_id(), Some("web"));
        assert_eq!(stored.purpose.login_hint(), Some("ana@acme.test"));
        let mut written = serde_json::to_value(&stored).unwrap();
        assert_eq!(written["request"], before()["request"]);
        written.as_object_mut().unwrap().remove("request");
        assert!(serde_json::from_value::<Interaction>(written).is_err(), "a sign-in is for something");
    }

    #[test]
    fn an_errand_to_an_account_names_a_page_of_ours() {
        for page in AccountPage::ALL {
            let mut stored = before();
            stored.as_object_mut().unwrap().remove("request");
            stored["account"] = json!({ "page": page, "again": null });
            let read: Interaction = serde_json::from_value(stored).unwrap();
            assert_eq!(
                read.purpose,
                InteractionPurpose::Account(AccountPurpose { page: *page, again: None })
            );
            assert!(page.path().starts_with("/account"));
        }
        let mut stored = before();
        stored.as_object_mut().unwrap().remove("request");
        stored["account"] = json!({ "page": "https://evil.test/", "again": null });
        assert!(serde_json::from_value::<Interaction>(stored).is_err());
    }
}
