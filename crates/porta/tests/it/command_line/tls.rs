//! Whose certificates the command line accepts, and where.

use porta_testkit::relay::{CertificateAuthority, Relay};
use serde_json::Value;

use super::refusals;
use crate::support::Installation;

/// Paths that somebody asked a server for.
fn asked(told: &[Value]) -> Vec<&str> {
    told.iter().filter(|event| event["event"] == "asked").filter_map(|event| event["path"].as_str()).collect()
}

/// Each command decides for itself: none leaves anything behind for the next.
#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_accepted_where_somebody_says_so() {
    let (installation, authority, other) =
        (Installation::new(), CertificateAuthority::make(), CertificateAuthority::make());
    let (known, unknown) = (authority.file(), other.file());
    let nobody: &[&str] = &[];
    for (options, is_accepted) in [
        (nobody, false),
        (&["--insecure"], true),
        (nobody, false),
        (&["--ca-file", unknown.as_str()], false),
        (&["--ca-file", known.as_str()], true),
        (nobody, false),
    ] {
        let server = Relay::collector(&authority).await;
        let address = format!("https://localhost:{}", server.port);
        tokio::task::block_in_place(|| {
            let version = [&["version", "--json", "--server", &address][..], options].concat();
            let version = installation.run_with(&version, &[("HOME", "/nonexistent")]);
            let state = if is_accepted { "reachable" } else { "unreachable" };
            assert_eq!(version.json()["server"], state, "{options:?}: {}", version.stderr);
            let is_warned = version.stderr.contains("whoever is in between can read along");
            assert_eq!(is_warned, options.contains(&"--insecure"), "{options:?}: {}", version.stderr);
            let health = [&["health", "check", "--json", "--server", &address][..], options].concat();
            let health = installation.run(&health);
            assert_eq!(health.code, i32::from(!is_accepted), "{options:?}: {}", health.stderr);
        });
        let told = server.stop().await;
        assert_eq!(asked(&told).len(), if is_accepted { 2 } else { 0 }, "{options:?}: {told:?}");
    }
}

/// A token must not go to whoever is in between.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_not_sent_to_whom_nobody_knows() {
    let (installation, authority) = (Installation::new(), CertificateAuthority::make());
    let known = authority.file();
    for (options, is_sent) in
        [(&[][..], false), (&["--ca-file", known.as_str()], true), (&["--insecure"], true)]
    {
        let server = Relay::collector(&authority).await;
        let address = format!("https://localhost:{}", server.port);
        let outcome = tokio::task::block_in_place(|| {
            refusals::run(&installation, &address, &[&["org", "list"][..], options].concat())
        });
        // What answers is no Porta.
        assert_eq!(outcome.code, 1, "{options:?}: {}", outcome.stderr);
        let told = server.stop().await;
        let is_asked = asked(&told).iter().any(|path| path.starts_with("/api/admin/organizations"));
        assert_eq!(is_asked, is_sent, "{options:?}: {told:?} {}", outcome.stderr);
    }
}

/// Somebody else's directory, with files to apply and a `.env` beside them.
#[tokio::test(flavor = "multi_thread")]
async fn a_directory_does_not_say_whom_to_believe() {
    let (installation, authority) = (Installation::new(), CertificateAuthority::make());
    let known = authority.file();
    installation.write(".env", &format!("PORTA_CA_FILE='{known}'\n"));
    installation.write("named.env", &format!("PORTA_CA_FILE='{known}'\n"));
    let nobody: &[(&str, &str)] = &[];
    for (options, environment, state) in [
        (&[][..], nobody, "error"),
        (&[], &[("PORTA_CA_FILE", known.as_str())], "ok"),
        (&["--env-file", "named.env"], nobody, "ok"),
    ] {
        let server = Relay::collector(&authority).await;
        let address = format!("https://localhost:{}", server.port);
        let health = [&["health", "--json", "--server", &address][..], options].concat();
        let health = tokio::task::block_in_place(|| installation.run_with(&health, environment));
        assert_eq!(health.json()["server"], state, "{options:?} {environment:?}: {}", health.stderr);
        server.stop().await;
    }
}
