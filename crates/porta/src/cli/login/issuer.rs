//! Where people sign in, as a server says.

use url::Url;

use crate::cli::server::is_this_machine;
use crate::failure::Failure;

/// Refuses the issuer of another server: what the browser brings from there is redeemed at `server`, which could use it for
/// itself (RFC 9700 §4.4). `named`: the issuer that the operator expects. A server on this machine has another name outside.
pub(super) fn check(issuer: &str, server: &str, named: Option<&str>) -> Result<(), Failure> {
    let refused =
        |why: &str| Failure::general(format!("{server} says that administrators sign in at {issuer}{why}"));
    // It becomes an argument of the program that opens it, which may be a shell script.
    let is_plain = issuer.chars().all(|c| c.is_ascii_alphanumeric() || "-._~:/[]%".contains(c));
    let told = Url::parse(issuer).ok().filter(|url| is_plain && matches!(url.scheme(), "http" | "https"));
    let told = told.ok_or_else(|| refused(", which is no address of a server"))?;
    if let Some(named) = named {
        return if named == issuer { Ok(()) } else { Err(refused(&format!(", not at {named}"))) };
    }
    let asked = Url::parse(server).map_err(|e| Failure::general(format!("{server}: {e}")))?;
    if asked.origin() == told.origin() || is_this_machine(&asked) {
        return Ok(());
    }
    let origin = told.origin().ascii_serialization();
    Err(refused(&format!(": use --server {origin}, or add --issuer {issuer} if that is the same server")))
}

/// Whether everybody on the way to a server can read along.
pub(super) fn is_in_clear(server: &str) -> bool {
    Url::parse(server).is_ok_and(|url| url.scheme() == "http" && !is_this_machine(&url))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ISSUER: &str = "https://id.example/porta-admin";

    #[test]
    fn a_server_names_no_issuer_but_its_own() {
        for (server, named) in [
            ("https://id.example", None),
            ("https://id.example/below", None),
            ("http://localhost:3000", None),
            ("http://127.0.0.1:3000", None),
            ("http://[::1]:3000", None),
            ("http://porta:3000", Some(ISSUER)),
        ] {
            assert!(check(ISSUER, server, named).is_ok(), "{server}");
        }
        for (server, named) in [
            ("https://evil.example", None),
            ("https://localhost.evil.example", None),
            ("https://id.example:8443", None),
            ("http://id.example", None),
            ("http://porta:3000", None),
            ("https://id.example", Some("https://other.example/porta-admin")),
        ] {
            assert!(check(ISSUER, server, named).is_err(), "{server}");
        }
    }

    /// The address is given to a program that opens it.
    #[test]
    fn only_an_address_of_the_web_is_opened() {
        for issuer in [
            "file:///etc/passwd",
            "javascript:alert(1)",
            "--help",
            "",
            "ssh://id.example/x",
            "https://id.example/$(id)",
            "https://id.example/a';id;'",
            "https://id.example/a b",
            "https://id.example/?a",
            "https://localhost@id.example/a",
        ] {
            assert!(check(issuer, "http://localhost:3000", None).is_err(), "{issuer}");
            assert!(check(issuer, "http://localhost:3000", Some(issuer)).is_err(), "{issuer}");
        }
    }

    #[test]
    fn only_this_machine_is_asked_in_clear_without_a_warning() {
        for (server, expected) in [
            ("http://porta.example", true),
            ("http://10.0.0.1", true),
            ("https://porta.example", false),
            ("http://localhost:3000", false),
            ("http://127.0.0.1", false),
        ] {
            assert_eq!(is_in_clear(server), expected, "{server}");
        }
    }
}
