//! What a sign-in must read from the login page: where its form goes and the value that proves it was read.

/// The form with a password field.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct LoginForm<'h> {
    pub(crate) action: &'h str,
    pub(crate) csrf: &'h str,
}

/// Finds it by the names the protocol contract fixes; values are assumed to need no unescaping.
pub(crate) fn login_form(html: &str) -> Option<LoginForm<'_>> {
    let field = html.find("name=\"password\"")?;
    let start = html[..field].rfind("<form")?;
    let end = field + html[field..].find("</form>")?;
    let form = &html[start..end];
    let action = attribute(tag(form)?, "action")?;
    let csrf_name = form.find("name=\"_csrf\"")?;
    let csrf_tag = &form[form[..csrf_name].rfind('<')?..];
    Some(LoginForm { action, csrf: attribute(tag(csrf_tag)?, "value")? })
}

/// The tag that `text` begins with.
fn tag(text: &str) -> Option<&str> {
    text.get(..=text.find('>')?)
}

fn attribute<'t>(tag: &'t str, name: &str) -> Option<&'t str> {
    let start = tag.find(&format!(" {name}=\""))? + name.len() + 3;
    let length = tag[start..].find('"')?;
    Some(&tag[start..start + length])
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = r#"<!doctype html><body>
        <form class="cancel" method="post" action="/org/interaction/u/abort"><input name="_csrf" value="wrong"></form>
        <form method="post" action="/org/interaction/u/login">
        <input type="hidden" name="_csrf" value="tok-en_1">
        <input id="email" name="email" value="a@b.example"><input name="password" type="password"></form>
        <form action="/other"><input type="hidden" name="_csrf" value="also-wrong"></form></body>"#;

    #[test]
    fn the_form_with_the_password_is_the_one() {
        let form = login_form(PAGE).unwrap();
        assert_eq!(form, LoginForm { action: "/org/interaction/u/login", csrf: "tok-en_1" });
    }

    #[test]
    fn the_order_of_attributes_does_not_matter() {
        let page = r#"<form action="/a" method="post"><input value="v" type="hidden" name="_csrf"><input name="password"></form>"#;
        assert_eq!(login_form(page), Some(LoginForm { action: "/a", csrf: "v" }));
    }

    #[test]
    fn a_page_without_such_a_form_has_none() {
        assert_eq!(login_form("<p>the sign-in has expired</p>"), None);
        assert_eq!(login_form(r#"<form action="/a"><input name="password"></form>"#), None);
    }
}
