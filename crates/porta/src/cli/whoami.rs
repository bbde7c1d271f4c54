//! `porta whoami`: what the credentials file says. Asks no server.

use porta_core::{Clock as _, SystemClock, Timestamp};
use serde_json::json;

use super::Global;
use super::server::{CredentialsFile, Server, Target};
use crate::failure::Failure;
use crate::output::{local, or_dash, spelled};

pub(super) fn run(global: Global, target: &Target) -> Result<(), Failure> {
    let chosen = target.chosen(CredentialsFile::of_user()?.read()?)?;
    let Some(Server { url, signed_in: Some((name, profile)) }) = chosen else {
        return Err(Failure::general("nobody is signed in: porta login"));
    };
    let user = profile.user_info.as_ref();
    let now = SystemClock.now();
    let is_expired = profile.is_expired(now);
    let value = json!({
        "profile": name, "server": url, "orgSlug": profile.org_slug, "clientId": profile.client_id,
        "sub": user.map(|user| &user.sub), "email": user.and_then(|user| user.email.as_ref()),
        "name": user.and_then(|user| user.name.as_ref()), "expiresAt": profile.expires_at, "expired": is_expired,
    });
    let end = Timestamp::parse_rfc3339(&profile.expires_at);
    let left = end.filter(|_| !is_expired).map(|end| format!("in {}", spelled(end.since(now).as_secs())));
    let fields = vec![
        ("Profile", name),
        ("Server", url),
        ("Email", or_dash(user.and_then(|user| user.email.as_ref()))),
        ("Name", or_dash(user.and_then(|user| user.name.as_ref()))),
        ("User ID", or_dash(user.map(|user| &user.sub))),
        ("Client ID", profile.client_id.clone()),
        ("Org", profile.org_slug.clone()),
        ("Expires", format!("{} ({})", local(&profile.expires_at), left.as_deref().unwrap_or("EXPIRED"))),
    ];
    global.detailed(&value, fields)
}
