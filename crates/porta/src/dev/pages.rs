//! Pages of the demo application; not part of the product.

use super::relying_party::SignedIn;

pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

pub(super) fn layout(title: &str, body: &str) -> String {
    format!(
        r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; font-family: system-ui, sans-serif; line-height: 1.5; }}
body {{ max-width: 46rem; margin: 3rem auto; padding: 0 1.25rem; }}
a.button {{ display: inline-block; padding: .6rem 1.1rem; border-radius: .5rem; background: #0b6e4f; color: #fff; text-decoration: none; font-weight: 600; }}
a.button:focus-visible {{ outline: 3px solid #7cc4ff; outline-offset: 2px; }}
pre {{ padding: 1rem; border-radius: .5rem; background: rgb(127 127 127 / .15); overflow-x: auto; }}
nav {{ margin-bottom: 2rem; }}
</style>
</head>
<body>
<nav><a href="/">Demo application</a> · <a href="/mailbox">Mailbox</a></nav>
<main>
{body}
</main>
</body>
</html>
"#
    )
}

pub(super) fn welcome(issuer: &str) -> String {
    let issuer = escape(issuer);
    layout(
        "Dock Planner",
        &format!(
            r#"<h1>Dock Planner</h1>
<p>A small application that signs people in at <code>{issuer}</code> with the authorization code flow and PKCE.</p>
<p><a class="button" id="sign-in" href="/sign-in">Sign in</a></p>"#
        ),
    )
}

fn pretty(value: &impl serde::Serialize) -> String {
    escape(&serde_json::to_string_pretty(value).unwrap_or_default())
}

pub(super) fn signed_in(signed_in: &SignedIn) -> String {
    let name = signed_in.userinfo.get("name").and_then(|n| n.as_str()).unwrap_or("you");
    let refresh = if signed_in.refresh_token.is_some() { "yes" } else { "no" };
    layout(
        "Signed in – Dock Planner",
        &format!(
            r#"<h1>Signed in as <span id="name">{}</span></h1>
<p><a class="button" id="sign-out" href="/sign-out">Sign out</a></p>
<h2>ID token</h2>
<pre id="id-token-claims">{}</pre>
<h2>UserInfo</h2>
<pre id="userinfo">{}</pre>
<h2>Token answer</h2>
<pre id="tokens">access token:  {}
expires in:    {} s
scope:         {}
refresh token: {refresh}</pre>"#,
            escape(name),
            pretty(&signed_in.id_token_claims),
            pretty(&signed_in.userinfo),
            escape(&signed_in.access_token),
            signed_in.expires_in,
            escape(&signed_in.scope),
        ),
    )
}

pub(super) fn failure(message: &str) -> String {
    layout(
        "Something went wrong",
        &format!(
            "<h1>Something went wrong</h1>\n<p>{}</p>\n<p><a href=\"/\">Start again</a></p>",
            escape(message)
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_from_outside_is_escaped() {
        assert!(!failure("<script>alert(1)</script>").contains("<script>"));
    }
}
