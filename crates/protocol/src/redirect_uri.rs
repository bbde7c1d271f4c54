//! Redirect URIs: what may be registered, and what matches (RFC 6749 §3.1.2, RFC 8252 §7, RFC 9700 §2.1 and §4.1).
//!
//! Registered and requested URIs are compared as text. A parser checks only the shape at registration, which refuses
//! every URI that two parsers could read differently.

use porta_core::Invalid;
use porta_core::client::ApplicationType;
use url::Url;

const MAX_BYTES: usize = 2048;
const LOOPBACK_HOSTS: &[&str] = &["localhost", "127.0.0.1", "[::1]"];

/// Schemes under which frameworks serve an application's own pages in its web view. A web view sends them as an origin
/// with a host, such as `capacitor://localhost`.
const WEB_VIEW_SCHEMES: &[&str] = &["capacitor", "ionic", "tauri"];

/// Schemes that a browser runs, reads locally or handles itself; none of them is a private-use scheme of an
/// application.
const FORBIDDEN_SCHEMES: &[&str] = &[
    "javascript",
    "vbscript",
    "data",
    "blob",
    "file",
    "filesystem",
    "about",
    "view-source",
    "intent",
    "ftp",
    "ws",
    "wss",
];

/// Checks a URI before it is stored.
///
/// Web and single-page applications use `https`; `http` only towards this machine, or outside production.
/// Native applications use a private-use scheme, a claimed `https` URI, or `http` towards this machine (RFC 8252 §7).
pub fn register(uri: &str, application_type: ApplicationType, production: bool) -> Result<(), Invalid> {
    let url = well_formed(uri)?;
    let scheme = url.scheme();
    let is_http = matches!(scheme, "http" | "https");
    let is_loopback = is_http && url.host_str().is_some_and(|host| LOOPBACK_HOSTS.contains(&host));
    match (application_type, scheme) {
        (ApplicationType::Web | ApplicationType::Spa, "https") => Ok(()),
        (ApplicationType::Web | ApplicationType::Spa, "http") if is_loopback || !production => Ok(()),
        (ApplicationType::Web | ApplicationType::Spa, "http") => {
            refuse("use https; http is only for localhost, 127.0.0.1 and [::1]")
        }
        // Any program may take a private scheme (RFC 8252 §8.4), so a person must confirm, which is done for native
        // clients only.
        (ApplicationType::Web | ApplicationType::Spa, _) => {
            refuse("use an https address; private schemes such as capacitor:// are for native applications")
        }
        (ApplicationType::Native, "http") if is_loopback => Ok(()),
        (ApplicationType::Native, "http") => {
            refuse("native applications use http only with localhost, 127.0.0.1 or [::1]")
        }
        // RFC 8252 §7.2: a claimed https URI belongs to an application by its domain, which loopback cannot prove.
        (ApplicationType::Native, "https") if is_loopback => {
            refuse("use http with localhost, 127.0.0.1 or [::1]; https needs a claimed domain")
        }
        (ApplicationType::Native, scheme) if FORBIDDEN_SCHEMES.contains(&scheme) => {
            refuse("this scheme is not for redirects; use a private scheme such as com.example.app")
        }
        (ApplicationType::Native, _) => Ok(()),
    }
}

/// Whether a requested redirect URI is the registered one (RFC 9700 §4.1.3: exact string comparison).
///
/// RFC 8252 §7.3: for a native application's `http` loopback URI any port matches, and nothing else may differ.
pub fn matches(registered: &str, requested: &str, application_type: ApplicationType) -> bool {
    if registered == requested {
        return true;
    }
    application_type == ApplicationType::Native
        && loopback_parts(registered).is_some_and(|parts| loopback_parts(requested) == Some(parts))
}

/// Scheme, host and port as a browser writes them in `Origin` (RFC 6454 §6.2). `None` for private schemes, except those
/// of web views.
pub fn origin_of(uri: &str) -> Option<String> {
    let url = Url::parse(uri).ok()?;
    match url.scheme() {
        "http" | "https" => Some(url.origin().ascii_serialization()),
        scheme if WEB_VIEW_SCHEMES.contains(&scheme) => web_view_origin(&url),
        _ => None,
    }
}

/// Parsers do not normalize the host of a private scheme, so only a plain name is accepted.
fn web_view_origin(url: &Url) -> Option<String> {
    let host = url.host_str()?;
    let is_plain_byte = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'-');
    let is_plain = !host.is_empty() && host.bytes().all(is_plain_byte);
    let has_more = url.port().is_some() || !url.username().is_empty() || url.password().is_some();
    (is_plain && !has_more).then(|| format!("{}://{host}", url.scheme()))
}

/// Host and everything after the port of an `http` loopback URI, both as written.
fn loopback_parts(uri: &str) -> Option<(&str, &str)> {
    let after_scheme = uri.strip_prefix("http://")?;
    let host = LOOPBACK_HOSTS.iter().find(|host| after_scheme.starts_with(**host))?;
    let after_host = &after_scheme[host.len()..];
    let rest = match after_host.strip_prefix(':') {
        Some(port_and_rest) => {
            let digits = port_and_rest.bytes().take_while(u8::is_ascii_digit).count();
            let (port, rest) = port_and_rest.split_at(digits);
            port.parse::<u16>().ok().filter(|port| *port != 0)?;
            rest
        }
        None => after_host,
    };
    // Any other character would turn the text before it into a user name or a part of a longer host name.
    (rest.is_empty() || rest.starts_with(['/', '?'])).then_some((host, rest))
}

fn refuse<T>(problem: &'static str) -> Result<T, Invalid> {
    Err(Invalid::new("redirect_uris", problem))
}

/// Parses a URI that is absolute, of RFC 3986 characters, without fragment, wildcard or user information, and read the
/// same by every parser.
fn well_formed(uri: &str) -> Result<Url, Invalid> {
    if uri.is_empty() || uri.len() > MAX_BYTES {
        return refuse("use an absolute URI of 1 to 2048 characters");
    }
    if uri.contains('#') {
        return refuse("remove the fragment: RFC 6749 section 3.1.2 forbids it");
    }
    if uri.contains('*') {
        return refuse("wildcards are not supported; register each URI");
    }
    if !uri.bytes().all(is_uri_byte) || !percent_encoding_is_whole(uri) {
        return refuse("use only the characters of RFC 3986; percent-encode others");
    }
    let Ok(url) = Url::parse(uri) else {
        return refuse("use an absolute URI such as https://app.example/callback");
    };
    let after_scheme = uri.split_once(':').map_or("", |(_, rest)| rest);
    let Some(hierarchy) = after_scheme.strip_prefix("//") else {
        // Browsers repair `https:/host` and `https:host`; a private scheme needs no authority (RFC 8252 §7.1).
        if matches!(url.scheme(), "http" | "https") {
            return refuse("write // after the scheme");
        }
        return Ok(url);
    };
    let (authority, path) = hierarchy.split_at(hierarchy.find(['/', '?']).unwrap_or(hierarchy.len()));
    if authority.contains('@') {
        return refuse("remove the user information before the host");
    }
    if matches!(url.scheme(), "http" | "https") {
        if !authority_is_as_written(authority, &url) {
            return refuse("write host and port in their normal form");
        }
        let path = path.split('?').next().filter(|p| !p.is_empty()).unwrap_or("/");
        if path != url.path() {
            return refuse("remove . and .. segments from the path");
        }
    }
    Ok(url)
}

/// Whether the parser sees host and port as they are written: no `127.1`, no `0x7f000001`, no empty port.
fn authority_is_as_written(authority: &str, url: &Url) -> bool {
    let Some(host) = url.host_str() else { return false };
    let Some((written, rest)) = authority.split_at_checked(host.len()) else { return false };
    let port_is_written = match rest.strip_prefix(':') {
        Some(port) => url.port_or_known_default().is_some_and(|p| p != 0 && p.to_string() == port),
        None => rest.is_empty(),
    };
    written.eq_ignore_ascii_case(host) && port_is_written
}

/// RFC 3986 §2: unreserved, reserved and the percent sign.
const fn is_uri_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric()
        || matches!(b, b'-' | b'.' | b'_' | b'~' | b':' | b'/' | b'?' | b'[' | b']' | b'@' | b'!')
        || matches!(b, b'$' | b'&' | b'\'' | b'(' | b')' | b'+' | b',' | b';' | b'=' | b'%')
}

fn percent_encoding_is_whole(uri: &str) -> bool {
    uri.split('%').skip(1).all(|rest| {
        let bytes = rest.as_bytes();
        bytes.len() >= 2 && bytes[0].is_ascii_hexdigit() && bytes[1].is_ascii_hexdigit()
    })
}

#[cfg(test)]
mod tests;
