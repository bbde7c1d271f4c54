//! The list of sign-ins that a browser has begun. Each has its own cookies, and browsers limit the cookies of a site:
//! without a bound, those of abandoned sign-ins would evict the session cookie.

use std::time::Duration;

use axum::http::{HeaderMap, header};
use porta_core::BearerKind;
use porta_session::{IDEMPOTENCY_WINDOW, Tenant};

use crate::cookies;
use crate::reply::{self, Reply};
use crate::state::StateInner;

/// Most sign-ins per browser; beyond that the oldest are dropped. Each has three cookies at most, and Chromium keeps
/// 180 per site.
const MAX_PENDING: usize = 16;

/// Lifetime of the list: longer than any sign-in, so that an abandoned sign-in can be told from an unknown one.
const LIST_LIFETIME: Duration = Duration::from_hours(24);

/// Response extension: the uid of the sign-in that this response begins.
#[derive(Debug, Clone)]
pub(crate) struct StartedInteraction(pub(crate) String);

/// Updates the list cookie: adds the sign-in that `reply` begins, removes `ended_uid`, and clears the cookies of
/// sign-ins beyond `MAX_PENDING`.
pub(crate) fn with_list_cookie(
    state: &StateInner,
    tenant: &Tenant,
    headers: &HeaderMap,
    mut reply: Reply,
    ended_uid: Option<&str>,
) -> Reply {
    let begun = reply.extensions_mut().remove::<StartedInteraction>().map(|StartedInteraction(uid)| uid);
    let before = state.cookies.read(tenant, headers, cookies::PENDING).unwrap_or_default();
    let (after, evicted) = updated_list(&before, begun.as_deref(), ended_uid);
    for uid in &evicted {
        reply = without_cookies_of(state, tenant, reply, uid);
    }
    if after == before {
        return reply;
    }
    let path = format!("/{}", tenant.organization.slug);
    let cookie = if after.is_empty() {
        state.cookies.clear(cookies::PENDING, &path)
    } else {
        let until = state.clock.now() + LIST_LIFETIME;
        state.cookies.set(tenant, cookies::PENDING, &after, &path, until)
    };
    reply::with_header(reply, header::SET_COOKIE, cookie)
}

/// Whether the browser's list names a sign-in: it was begun here and, as far as the list knows, has not ended.
pub(crate) fn contains(state: &StateInner, tenant: &Tenant, headers: &HeaderMap, uid: &str) -> bool {
    let list = state.cookies.read(tenant, headers, cookies::PENDING).unwrap_or_default();
    list.split('.').any(|listed| listed == uid)
}

/// Returns the next list, oldest first, and the uids dropped because there are too many.
fn updated_list(before: &str, begun: Option<&str>, ended_uid: Option<&str>) -> (String, Vec<String>) {
    let is_kept =
        |uid: &&str| BearerKind::Interaction.matches(uid) && Some(*uid) != ended_uid && Some(*uid) != begun;
    let mut uids: Vec<&str> = before.split('.').filter(is_kept).chain(begun).collect();
    let too_many = uids.len().saturating_sub(MAX_PENDING);
    let evicted = uids.drain(..too_many).map(str::to_owned).collect();
    (uids.join("."), evicted)
}

/// Sets the cookies of the response that ends a sign-in: the binding cookies stay as long as its forms may be repeated
/// (decision 0044), the sealed interaction is cleared.
pub(crate) fn with_ended_cookies(
    state: &StateInner,
    tenant: &Tenant,
    headers: &HeaderMap,
    mut reply: Reply,
    uid: &str,
) -> Reply {
    let read = |name| state.cookies.read(tenant, headers, name);
    let binding = read(cookies::RESUME).or_else(|| read(cookies::INTERACTION));
    let Some(binding) = binding.filter(|_| BearerKind::Interaction.matches(uid)) else {
        return without_cookies_of(state, tenant, reply, uid);
    };
    let (slug, until) = (&tenant.organization.slug, state.clock.now() + IDEMPOTENCY_WINDOW);
    for (name, path) in [(cookies::INTERACTION, "interaction"), (cookies::RESUME, "auth")] {
        let path = format!("/{slug}/{path}/{uid}");
        let still = state.cookies.set(tenant, name, &binding, &path, until);
        reply = reply::with_header(reply, header::SET_COOKIE, still);
        reply = reply::with_header(
            reply,
            header::SET_COOKIE,
            state.cookies.clear(cookies::ANONYMOUS_START, &path),
        );
    }
    reply
}

/// Clears the cookies of a sign-in. Only a well-formed uid of ours may become a cookie path.
pub(crate) fn without_cookies_of(state: &StateInner, tenant: &Tenant, mut reply: Reply, uid: &str) -> Reply {
    if !BearerKind::Interaction.matches(uid) {
        return reply;
    }
    let slug = &tenant.organization.slug;
    for (name, path) in [
        (cookies::INTERACTION, "interaction"),
        (cookies::ANONYMOUS_START, "interaction"),
        (cookies::RESUME, "auth"),
        (cookies::ANONYMOUS_START, "auth"),
    ] {
        let gone = state.cookies.clear(name, &format!("/{slug}/{path}/{uid}"));
        reply = reply::with_header(reply, header::SET_COOKIE, gone);
    }
    reply
}

#[cfg(test)]
mod tests {
    use porta_core::SeededEntropy;

    use super::*;

    fn uids(count: usize) -> Vec<String> {
        let entropy = SeededEntropy::new(1);
        (0..count).map(|_| BearerKind::Interaction.generate(&entropy)).collect()
    }

    #[test]
    fn of_more_than_so_many_the_oldest_go() {
        let all = uids(MAX_PENDING + 2);
        let mut list = String::new();
        let mut gone = Vec::new();
        for uid in &all {
            let (next, evicted) = updated_list(&list, Some(uid), None);
            (list, gone) = (next, [gone, evicted].concat());
        }
        assert_eq!(gone, all[..2]);
        assert_eq!(list, all[2..].join("."));
        assert!(list.len() < 1_000, "{}", list.len());
    }

    #[test]
    fn what_is_over_leaves_the_list_and_nothing_is_in_it_twice() {
        let all = uids(3);
        let list = all.join(".");
        assert_eq!(updated_list(&list, None, Some(&all[1])), (format!("{}.{}", all[0], all[2]), Vec::new()));
        assert_eq!(updated_list(&list, Some(&all[0]), None).0, format!("{}.{}.{}", all[1], all[2], all[0]));
        assert_eq!(updated_list(&all[0], None, Some(&all[0])), (String::new(), Vec::new()));
        assert_eq!(updated_list(&list, None, Some("unknown")).0, list);
    }

    #[test]
    fn what_is_no_uid_is_not_kept() {
        let one = uids(1).remove(0);
        for bad in ["", ".", "x", "../../", "porta_se_x", "a b"] {
            assert_eq!(
                updated_list(&format!("{bad}.{one}.{bad}"), None, None),
                (one.clone(), Vec::new()),
                "{bad}"
            );
        }
    }
}
