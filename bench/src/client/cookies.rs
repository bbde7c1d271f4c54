//! A cookie jar for a single host: the parts of RFC 6265 §5.3 and §5.4 that one host needs.

use anyhow::{Context as _, Result};

#[derive(Debug, Clone, PartialEq, Eq)]
struct Cookie {
    name: String,
    value: String,
    path: String,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Jar(Vec<Cookie>);

impl Jar {
    /// Stores the cookie of a `Set-Cookie` header.
    pub(crate) fn store(&mut self, line: &str) -> Result<()> {
        let mut parts = line.split(';').map(str::trim);
        let pair = parts.next().and_then(|pair| pair.split_once('=')).context("a cookie without a name")?;
        let mut path = "/";
        let mut is_removal = pair.1.is_empty();
        for attribute in parts {
            match attribute.split_once('=') {
                Some((name, value)) if name.eq_ignore_ascii_case("path") => path = value,
                Some((name, value)) if name.eq_ignore_ascii_case("max-age") => {
                    is_removal |= value.parse::<i64>().is_ok_and(|seconds| seconds <= 0);
                }
                _ => {}
            }
        }
        self.0.retain(|cookie| cookie.name != pair.0 || cookie.path != path);
        if !is_removal {
            let (name, value) = (pair.0.to_owned(), pair.1.to_owned());
            self.0.push(Cookie { name, value, path: path.to_owned() });
        }
        Ok(())
    }

    /// The `Cookie` header for a path; `None` when no cookie matches it.
    pub(crate) fn header(&self, target: &str) -> Option<String> {
        let path = target.split('?').next().unwrap_or(target);
        let mut matching: Vec<_> = self.0.iter().filter(|cookie| covers(&cookie.path, path)).collect();
        matching.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        let pairs: Vec<_> =
            matching.iter().map(|cookie| format!("{}={}", cookie.name, cookie.value)).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }
}

fn covers(cookie_path: &str, path: &str) -> bool {
    path.strip_prefix(cookie_path)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || cookie_path.ends_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_go_where_their_path_leads() {
        let mut jar = Jar::default();
        jar.store("s=1; HttpOnly; Path=/org; SameSite=Lax").unwrap();
        jar.store("i=2; Path=/org/interaction/abc").unwrap();
        assert_eq!(jar.header("/org/auth?x=/org/interaction/abc").as_deref(), Some("s=1"));
        assert_eq!(jar.header("/org/interaction/abc/login").as_deref(), Some("i=2; s=1"));
        assert_eq!(jar.header("/organization"), None);
    }

    #[test]
    fn a_cookie_is_replaced_and_removed_by_name_and_path() {
        let mut jar = Jar::default();
        jar.store("s=1; Path=/org").unwrap();
        jar.store("s=2; Path=/org").unwrap();
        assert_eq!(jar.header("/org").as_deref(), Some("s=2"));
        jar.store("s=; Path=/other; Max-Age=0").unwrap();
        assert_eq!(jar.header("/org").as_deref(), Some("s=2"));
        jar.store("s=; Path=/org; Max-Age=0").unwrap();
        assert_eq!(jar.header("/org"), None);
    }
}
