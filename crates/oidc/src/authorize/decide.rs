//! Which page, if any, must appear before a code (OpenID Connect Core §3.1.2.3).

use porta_core::Timestamp;
use porta_core::session::Grant;
use porta_protocol::{ErrorCode, OAuthError, PromptValue};

use super::request::AuthorizationRequest;

/// What is known about the browser when a request is judged.
#[derive(Debug, Clone, Copy)]
pub(super) struct Standing<'a> {
    /// A live session of an active user.
    pub(super) session: Option<SignedIn<'a>>,
    /// The person signed in inside this interaction.
    pub(super) signed_in_here: bool,
    /// The person approved inside this interaction.
    pub(super) consented_here: bool,
    pub(super) is_first_party: bool,
    /// Consent is asked every time, whatever was granted.
    pub(super) asks_every_time: bool,
    pub(super) now: Timestamp,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct SignedIn<'a> {
    pub(super) subject: &'a str,
    pub(super) auth_time: Timestamp,
    pub(super) grant: Option<&'a Grant>,
}

/// Which page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Need {
    Login,
    /// Scopes the person is asked about.
    Consent(Vec<String>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Decision {
    Page(Need),
    /// Issue a code; these scopes join the grant first.
    Proceed {
        grant_more: Vec<String>,
    },
    Refuse(OAuthError),
}

/// Login first, then consent; `prompt=none` turns a page into an error.
pub(super) fn decide(request: &AuthorizationRequest, standing: Standing<'_>) -> Decision {
    let no_pages = request.prompt.contains(PromptValue::None);
    let Some(session) = standing.session.filter(|s| !needs_login(request, s, &standing)) else {
        if no_pages {
            return Decision::Refuse(OAuthError::new(ErrorCode::LoginRequired, "the person must sign in"));
        }
        if standing.signed_in_here {
            // Signed in just now and still not acceptable: another account than the client insists on.
            return Decision::Refuse(OAuthError::new(
                ErrorCode::LoginRequired,
                "another account was expected",
            ));
        }
        return Decision::Page(Need::Login);
    };
    let granted = |scope: &str| session.grant.is_some_and(|g| g.scopes.iter().any(|s| s == scope));
    let missing: Vec<String> = request.scope.iter().filter(|s| !granted(s)).map(str::to_owned).collect();
    if standing.is_first_party || standing.consented_here {
        return Decision::Proceed { grant_more: missing };
    }
    let asks = request.prompt.contains(PromptValue::Consent)
        || standing.asks_every_time
        || session.grant.is_none()
        || !missing.is_empty();
    if !asks {
        return Decision::Proceed { grant_more: Vec::new() };
    }
    if no_pages {
        return Decision::Refuse(OAuthError::new(ErrorCode::ConsentRequired, "the person must consent"));
    }
    Decision::Page(Need::Consent(request.scope.iter().map(str::to_owned).collect()))
}

fn needs_login(request: &AuthorizationRequest, session: &SignedIn<'_>, standing: &Standing<'_>) -> bool {
    let subject_differs = request.hinted_subject.as_deref().is_some_and(|s| s != session.subject)
        || request.claims.as_ref().is_some_and(|c| !c.accepts_subject(session.subject));
    if subject_differs {
        return true;
    }
    if standing.signed_in_here {
        return false;
    }
    let too_old = request.max_age.is_some_and(|seconds| {
        seconds == 0 || standing.now.since(session.auth_time) > std::time::Duration::from_secs(seconds)
    });
    request.prompt.contains(PromptValue::Login)
        || request.prompt.contains(PromptValue::SelectAccount)
        || too_old
}
