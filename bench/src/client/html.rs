//! Reads a form from an HTML page: its action and its CSRF token.

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Form<'h> {
    pub(crate) action: &'h str,
    pub(crate) csrf: &'h str,
}

/// Finds the form that has a field of that name. The protocol contract fixes the names; values are assumed to need no
/// unescaping.
pub(crate) fn form_with<'h>(html: &'h str, field: &str) -> Option<Form<'h>> {
    let field = html.find(&format!("name=\"{field}\""))?;
    let start = html[..field].rfind("<form")?;
    let end = field + html[field..].find("</form>")?;
    let form = &html[start..end];
    let action = attribute(tag(form)?, "action")?;
    let csrf_name = form.find("name=\"_csrf\"")?;
    let csrf_tag = &form[form[..csrf_name].rfind('<')?..];
    Some(Form { action, csrf: attribute(tag(csrf_tag)?, "value")? })
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
    fn the_form_with_the_field_is_the_one() {
        let wanted = Form { action: "/org/interaction/u/login", csrf: "tok-en_1" };
        assert_eq!(form_with(PAGE, "password").unwrap(), wanted);
        assert_eq!(form_with(PAGE, "email").unwrap(), wanted);
    }

    #[test]
    fn the_order_of_attributes_does_not_matter() {
        let page = r#"<form action="/a" method="post"><input value="v" type="hidden" name="_csrf"><input name="password"></form>"#;
        assert_eq!(form_with(page, "password"), Some(Form { action: "/a", csrf: "v" }));
    }

    #[test]
    fn a_page_without_such_a_form_has_none() {
        assert_eq!(form_with("<p>the sign-in has expired</p>", "password"), None);
        assert_eq!(form_with(r#"<form action="/a"><input name="password"></form>"#, "password"), None);
        assert_eq!(form_with(PAGE, "code"), None);
    }
}
