//! `porta logout`.

use serde_json::json;

use super::Global;
use super::server::oauth::Endpoints;
use super::server::{CredentialsFile, Profile, Server, Target};
use crate::failure::Failure;

/// The sign-in is forgotten whether the server answers or not; it is a failure if the tokens may still work.
pub(super) async fn run(global: Global, target: &Target) -> Result<(), Failure> {
    let file = CredentialsFile::of_user()?;
    let chosen = target.chosen(file.read()?)?;
    let Some(Server { url, signed_in: Some((name, profile)) }) = chosen else {
        global.happened(&json!({ "signedOut": false }), "nobody is signed in");
        return Ok(());
    };
    let revoked = revoke(target, &profile).await;
    file.change(|all| drop(all.remove(&name)))?;
    if let Err(failure) = revoked {
        return Err(match failure {
            Failure::General(lines) => Failure::General(
                lines
                    .into_iter()
                    .chain(["the sign-in is forgotten here, but its tokens were not revoked".to_owned()])
                    .collect(),
            ),
            other => other,
        });
    }
    let who = profile.user_info.as_ref().and_then(|user| user.email.clone()).unwrap_or(profile.client_id);
    let value = json!({ "signedOut": true, "profile": name, "server": url });
    global.happened(&value, format_args!("{who} is signed out of {url}"));
    Ok(())
}

/// RFC 7009: with the refresh token ends everything that came of the sign-in.
async fn revoke(target: &Target, profile: &Profile) -> Result<(), Failure> {
    if profile.is_program() {
        // Only the program's own secret could revoke its token, which ends soon by itself.
        return Ok(());
    }
    let http = target.connection(&profile.server)?.client()?;
    let endpoints = Endpoints { http: &http, server: &profile.server, organization: &profile.org_slug };
    let token = profile.refresh_token.as_ref().unwrap_or(&profile.access_token);
    endpoints.revoke(&profile.client_id, token).await
}
