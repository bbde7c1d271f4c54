//! The purpose of a sign-in: an authorization request of a client, or a page of the person's own account.

use porta_core::string_enum;
use serde::{Deserialize, Serialize};

use crate::authorization_request::AuthorizationRequest;

/// Serialized beside the other fields of the interaction, under the name of its variant: `request` is what every
/// previous version wrote and still reads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum InteractionPurpose {
    #[serde(rename = "request")]
    Authorize(Box<AuthorizationRequest>),
    #[serde(rename = "account")]
    Account(AccountPurpose),
}

/// A sign-in that leads to a page of the account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountPurpose {
    pub page: AccountPage,
    /// E-mail address of a signed-in person who signs in again.
    pub again: Option<String>,
}

string_enum! {
    /// The page where such a sign-in ends. An enumeration, so that it can never be an address from outside.
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
    /// Path below the organization's.
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

    /// Public identifier of the client, if there is one.
    pub fn client_id(&self) -> Option<&str> {
        self.authorization().map(|request| request.client_id.as_str())
    }

    /// The languages the client asked for (OpenID Connect Core §3.1.2.1).
    pub fn ui_locales(&self) -> Option<&str> {
        self.authorization().and_then(|request| request.ui_locales.as_deref())
    }

    /// The e-mail address to prefill: the client's hint, or that of the signed-in person.
    pub fn login_hint(&self) -> Option<&str> {
        match self {
            Self::Authorize(request) => request.login_hint.as_deref(),
            Self::Account(purpose) => purpose.again.as_deref(),
        }
    }
}

#[cfg(test)]
mod tests {
    use porta_core::{EntityId as _, OrganizationId, Timestamp};
    use serde_json::json;

    use super::*;
    use crate::interaction::Interaction;

    /// As the version before account purposes wrote it.
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
    fn an_account_purpose_names_a_page_of_ours() {
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
