//! Decides which page, if any, comes before the code (OpenID Connect Core §3.1.2.3).

use porta_core::Timestamp;
use porta_core::session::Grant;
use porta_protocol::{ErrorCode, OAuthError, PromptValue};
use porta_session::AuthorizationRequest;

/// What is known about the browser when a request is judged.
#[derive(Debug, Clone, Copy)]
pub(super) struct AuthorizationContext<'a> {
    /// A live session of an active user.
    pub(super) session: Option<SignedIn<'a>>,
    /// The person signed in inside this interaction.
    pub(super) signed_in_here: bool,
    /// The person approved inside this interaction.
    pub(super) consented_here: bool,
    pub(super) is_first_party: bool,
    /// The client cannot prove who it is (RFC 8252 §8.6): no answer without a person's confirmation.
    pub(super) is_public_native: bool,
    pub(super) now: Timestamp,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct SignedIn<'a> {
    pub(super) subject: &'a str,
    pub(super) auth_time: Timestamp,
    pub(super) acr: &'a str,
    pub(super) grant: Option<&'a Grant>,
}

/// The page to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum RequiredPage {
    Login,
    /// Scopes the person is asked about.
    Consent(Vec<String>),
    /// Asks whether the person started this: one button that names the application.
    Confirm(Vec<String>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Decision {
    Page(RequiredPage),
    /// Issue a code; these scopes join the grant first.
    Proceed {
        grant_more: Vec<String>,
    },
    Refuse(OAuthError),
}

/// Login comes first, then consent; `prompt=none` turns a page into an error.
///
/// First-party clients need no consent, with two exceptions: `prompt=consent` always shows the page (OpenID Connect
/// Core §3.1.2.1), and a public native client may be any program on the machine. There the person confirms, unless they
/// have just signed in for it.
pub(super) fn decide(request: &AuthorizationRequest, context: AuthorizationContext<'_>) -> Decision {
    let no_pages = request.prompt.contains(PromptValue::None);
    let Some(session) = context.session.filter(|s| !needs_login(request, s, &context)) else {
        if no_pages {
            return Decision::Refuse(OAuthError::new(ErrorCode::LoginRequired, "the person must sign in"));
        }
        if context.signed_in_here {
            // A fresh sign-in that is still not acceptable: not the account that the client requires, or too few
            // factors.
            let error = if context.session.is_some_and(|s| !subject_differs(request, &s)) {
                OAuthError::new(
                    ErrorCode::UnmetAuthenticationRequirements,
                    "the requested acr was not reached",
                )
            } else {
                OAuthError::new(ErrorCode::LoginRequired, "another account was expected")
            };
            return Decision::Refuse(error);
        }
        return Decision::Page(RequiredPage::Login);
    };
    let granted = |scope: &str| session.grant.is_some_and(|g| g.scopes.iter().any(|s| s == scope));
    let needed = needed_scopes(request);
    let missing: Vec<String> = needed.iter().filter(|s| !granted(s)).cloned().collect();
    if context.consented_here {
        return Decision::Proceed { grant_more: missing };
    }
    let is_new = session.grant.is_none() || !missing.is_empty();
    let asks_third_party = !context.is_first_party && (context.is_public_native || is_new);
    if request.prompt.contains(PromptValue::Consent) || asks_third_party {
        if no_pages {
            return Decision::Refuse(OAuthError::new(ErrorCode::ConsentRequired, "the person must consent"));
        }
        return Decision::Page(RequiredPage::Consent(needed));
    }
    if context.is_public_native && !context.signed_in_here {
        if no_pages {
            return Decision::Refuse(OAuthError::new(
                ErrorCode::InteractionRequired,
                "the person must confirm",
            ));
        }
        return Decision::Page(RequiredPage::Confirm(needed));
    }
    Decision::Proceed { grant_more: missing }
}

/// The requested scopes, and the scopes of individually requested claims.
fn needed_scopes(request: &AuthorizationRequest) -> Vec<String> {
    let mut needed: Vec<String> = request.scope.iter().map(str::to_owned).collect();
    for scope in request.claims.iter().flat_map(porta_protocol::ClaimsRequest::implied_scopes) {
        if !request.scope.contains(scope) {
            needed.push(scope.to_owned());
        }
    }
    needed
}

fn subject_differs(request: &AuthorizationRequest, session: &SignedIn<'_>) -> bool {
    request.hinted_subject.as_deref().is_some_and(|s| s != session.subject)
        || request.claims.as_ref().is_some_and(|c| !c.accepts_subject(session.subject))
}

/// Whether the session misses an essential `acr` (OpenID Connect Core §5.5.1.1).
fn misses_class(request: &AuthorizationRequest, session: &SignedIn<'_>) -> bool {
    let acr = request.claims.as_ref().and_then(porta_protocol::ClaimsRequest::acr);
    acr.is_some_and(|acr| acr.essential && !acr.accepts(&serde_json::Value::from(session.acr)))
}

fn needs_login(
    request: &AuthorizationRequest,
    session: &SignedIn<'_>,
    context: &AuthorizationContext<'_>,
) -> bool {
    if subject_differs(request, session) || misses_class(request, session) {
        return true;
    }
    if context.signed_in_here {
        return false;
    }
    let too_old = request.max_age.is_some_and(|seconds| {
        seconds == 0 || context.now.since(session.auth_time) > std::time::Duration::from_secs(seconds)
    });
    request.prompt.contains(PromptValue::Login)
        || request.prompt.contains(PromptValue::SelectAccount)
        || too_old
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use porta_core::{ClientKey, EntityId as _, GrantId, OrganizationId, UserId};
    use porta_protocol::{ClaimsRequest, Prompt, ResponseMode, Scope};

    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn request(scope: &str, prompt: &str) -> AuthorizationRequest {
        AuthorizationRequest {
            client_id: "client".to_owned(),
            redirect_uri: "https://client.test/cb".to_owned(),
            redirect_uri_sent: true,
            response_mode: ResponseMode::Query,
            state: None,
            nonce: None,
            scope: Scope::parse(scope).unwrap(),
            prompt: Prompt::parse(prompt).unwrap(),
            max_age: None,
            login_hint: None,
            ui_locales: None,
            hinted_subject: None,
            claims: None,
            code_challenge: None,
        }
    }

    fn grant(scopes: &[&str]) -> Grant {
        let nil = uuid::Uuid::nil();
        Grant {
            id: GrantId::from_uuid(nil),
            organization_id: OrganizationId::from_uuid(nil),
            user_id: UserId::from_uuid(nil),
            client: ClientKey::from_uuid(nil),
            scopes: scopes.iter().map(|s| (*s).to_owned()).collect(),
            created_at: NOW,
            expires_at: NOW + Duration::from_hours(1),
        }
    }

    fn context(signed_in: bool, grant: Option<&Grant>) -> AuthorizationContext<'_> {
        AuthorizationContext {
            session: signed_in.then(|| SignedIn {
                subject: "ana",
                auth_time: NOW - Duration::from_mins(1),
                acr: "urn:porta:acr:1fa",
                grant,
            }),
            signed_in_here: false,
            consented_here: false,
            is_first_party: true,
            is_public_native: false,
            now: NOW,
        }
    }

    fn error(decision: Decision) -> ErrorCode {
        match decision {
            Decision::Refuse(error) => error.code(),
            other => panic!("not refused: {other:?}"),
        }
    }

    #[test]
    fn without_a_session_the_person_signs_in_unless_pages_are_forbidden() {
        assert_eq!(decide(&request("openid", ""), context(false, None)), Decision::Page(RequiredPage::Login));
        assert_eq!(error(decide(&request("openid", "none"), context(false, None))), ErrorCode::LoginRequired);
    }

    #[test]
    fn prompt_login_and_select_account_ask_once() {
        for prompt in ["login", "select_account"] {
            let request = request("openid", prompt);
            assert_eq!(
                decide(&request, context(true, None)),
                Decision::Page(RequiredPage::Login),
                "{prompt}"
            );
            let after = AuthorizationContext { signed_in_here: true, ..context(true, None) };
            assert!(matches!(decide(&request, after), Decision::Proceed { .. }), "{prompt}");
        }
    }

    #[test]
    fn max_age_counts_from_the_last_authentication() {
        let with = |seconds| AuthorizationRequest { max_age: Some(seconds), ..request("openid", "") };
        assert!(matches!(decide(&with(60), context(true, None)), Decision::Proceed { .. }));
        assert_eq!(decide(&with(59), context(true, None)), Decision::Page(RequiredPage::Login));
        assert_eq!(decide(&with(0), context(true, None)), Decision::Page(RequiredPage::Login));
    }

    #[test]
    fn another_person_than_the_client_insists_on_is_never_let_through() {
        let hinted = AuthorizationRequest { hinted_subject: Some("bob".to_owned()), ..request("openid", "") };
        assert_eq!(decide(&hinted, context(true, None)), Decision::Page(RequiredPage::Login));
        let still_ana = AuthorizationContext { signed_in_here: true, ..context(true, None) };
        assert_eq!(error(decide(&hinted, still_ana)), ErrorCode::LoginRequired);
        let claims = ClaimsRequest::parse(r#"{"id_token":{"sub":{"value":"bob"}}}"#).unwrap();
        let claimed = AuthorizationRequest { claims: Some(claims), ..request("openid", "none") };
        assert_eq!(error(decide(&claimed, context(true, None))), ErrorCode::LoginRequired);
    }

    #[test]
    fn a_first_party_client_gets_only_what_is_missing_without_a_page() {
        let had = grant(&["openid"]);
        let decision = decide(&request("openid email", ""), context(true, Some(&had)));
        assert_eq!(decision, Decision::Proceed { grant_more: vec!["email".to_owned()] });
    }

    /// OpenID Connect Core §3.1.2.1.
    #[test]
    fn prompt_consent_asks_for_every_client_and_once() {
        let had = grant(&["openid"]);
        for is_first_party in [true, false] {
            for signed_in_here in [true, false] {
                let known =
                    AuthorizationContext { signed_in_here, is_first_party, ..context(true, Some(&had)) };
                let asked = Decision::Page(RequiredPage::Consent(vec!["openid".to_owned()]));
                assert_eq!(decide(&request("openid", "consent"), known), asked, "{known:?}");
                let approved = AuthorizationContext { consented_here: true, ..known };
                let decision = decide(&request("openid", "consent"), approved);
                assert_eq!(decision, Decision::Proceed { grant_more: Vec::new() }, "{known:?}");
            }
        }
    }

    /// RFC 8252 §8.6.
    #[test]
    fn a_client_of_ours_that_cannot_prove_itself_is_confirmed() {
        let had = grant(&["openid"]);
        let native = |had| AuthorizationContext { is_public_native: true, ..context(true, had) };
        for had in [None, Some(&had)] {
            let asked = Decision::Page(RequiredPage::Confirm(vec!["openid".to_owned()]));
            assert_eq!(decide(&request("openid", ""), native(had)), asked);
            assert_eq!(
                error(decide(&request("openid", "none"), native(had))),
                ErrorCode::InteractionRequired
            );
            for known in [
                AuthorizationContext { signed_in_here: true, ..native(had) },
                AuthorizationContext { consented_here: true, ..native(had) },
            ] {
                assert!(
                    matches!(decide(&request("openid", ""), known), Decision::Proceed { .. }),
                    "{known:?}"
                );
            }
        }
        let asked = decide(&request("openid", "consent"), native(Some(&had)));
        assert!(matches!(asked, Decision::Page(RequiredPage::Consent(_))), "one page, not two");
        let third =
            AuthorizationContext { is_first_party: false, signed_in_here: true, ..native(Some(&had)) };
        assert!(matches!(decide(&request("openid", ""), third), Decision::Page(RequiredPage::Consent(_))));
    }

    #[test]
    fn claims_asked_for_one_by_one_need_the_same_consent_as_their_scope() {
        let claims =
            ClaimsRequest::parse(r#"{"userinfo":{"email":null,"address":{"essential":true}}}"#).unwrap();
        let request = AuthorizationRequest { claims: Some(claims), ..request("openid", "") };
        let had = grant(&["openid"]);
        let third = AuthorizationContext { is_first_party: false, ..context(true, Some(&had)) };
        let wanted = ["openid", "address", "email"].map(str::to_owned).to_vec();
        assert_eq!(decide(&request, third), Decision::Page(RequiredPage::Consent(wanted)));
    }

    #[test]
    fn a_third_party_client_asks_for_what_is_new_and_remembers_the_rest() {
        let third = |context| AuthorizationContext { is_first_party: false, ..context };
        let had = grant(&["openid", "email"]);
        assert_eq!(
            decide(&request("openid email", ""), third(context(true, Some(&had)))),
            Decision::Proceed { grant_more: Vec::new() }
        );
        for (scope, prompt) in [("openid profile", ""), ("openid", "consent")] {
            let decision = decide(&request(scope, prompt), third(context(true, Some(&had))));
            assert!(matches!(decision, Decision::Page(RequiredPage::Consent(_))), "{scope} {prompt}");
        }
        assert_eq!(
            error(decide(&request("openid", "none"), third(context(true, None)))),
            ErrorCode::ConsentRequired
        );
        let every_time = AuthorizationContext { is_public_native: true, ..third(context(true, Some(&had))) };
        assert!(matches!(
            decide(&request("openid", ""), every_time),
            Decision::Page(RequiredPage::Consent(_))
        ));
        let approved = AuthorizationContext { consented_here: true, ..every_time };
        assert!(matches!(decide(&request("openid", "consent"), approved), Decision::Proceed { .. }));
    }

    /// OpenID Connect Core §5.5.1.1.
    #[test]
    fn an_essential_class_is_reached_or_refused() {
        let wanting = |json: &str| AuthorizationRequest {
            claims: Some(ClaimsRequest::parse(json).unwrap()),
            ..request("openid", "")
        };
        let grant = grant(&["openid"]);
        let two = r#"{"id_token":{"acr":{"essential":true,"value":"urn:porta:acr:2fa"}}}"#;
        let fresh = |acr| {
            let known = context(true, Some(&grant));
            let session = known.session.map(|s| SignedIn { acr, ..s });
            AuthorizationContext { session, is_first_party: true, ..known }
        };
        let one_factor = fresh("urn:porta:acr:1fa");
        assert_eq!(
            decide(&wanting(two), one_factor),
            Decision::Page(RequiredPage::Login),
            "another try may show two"
        );
        let tried = AuthorizationContext { signed_in_here: true, ..one_factor };
        let Decision::Refuse(error) = decide(&wanting(two), tried) else { panic!("one factor is not two") };
        assert_eq!(error.code(), ErrorCode::UnmetAuthenticationRequirements);
        assert!(matches!(decide(&wanting(two), fresh("urn:porta:acr:2fa")), Decision::Proceed { .. }));
        let voluntary = r#"{"id_token":{"acr":{"value":"urn:porta:acr:2fa"}}}"#;
        assert!(matches!(decide(&wanting(voluntary), one_factor), Decision::Proceed { .. }));
    }
}
