use proptest::prelude::*;

use super::*;

const ALL: &[ApplicationType] = ApplicationType::ALL;

#[test]
fn what_may_be_registered() {
    use ApplicationType::{Native, Spa, Web};
    let accepted: &[(&str, &[ApplicationType])] = &[
        ("https://app.example/cb", ALL),
        ("https://app.example", ALL),
        ("https://APP.example/cb", ALL),
        ("https://app.example:8443/cb?x=1&y=%20", ALL),
        ("https://app.example:443/cb", ALL),
        ("https://192.0.2.1/cb", ALL),
        ("https://[2001:db8::1]:8443/cb", ALL),
        ("https://xn--bcher-kva.example/cb", ALL),
        ("https://app.example/a..b/...", ALL),
        ("http://localhost/cb", ALL),
        ("http://127.0.0.1:8080/cb", ALL),
        ("http://[::1]:8080/cb", ALL),
        ("https://localhost:3000/cb", &[Web, Spa]),
        ("com.example.app:/cb", &[Native]),
        ("com.example.app://cb", &[Native]),
        ("com.example.app://host/cb?x=1", &[Native]),
        ("myapp:cb", &[Native]),
        ("capacitor://localhost/cb", &[Native]),
        ("ionic://localhost/cb", &[Native]),
        ("tauri://localhost", &[Native]),
    ];
    for (uri, types) in accepted {
        for application_type in ALL {
            let verdict = register(uri, *application_type, true);
            assert_eq!(
                verdict.is_ok(),
                types.contains(application_type),
                "{uri} {application_type} {verdict:?}"
            );
        }
    }
}

#[test]
fn plain_http_only_outside_production() {
    use ApplicationType::{Native, Spa, Web};
    for uri in
        ["http://app.example/cb", "http://192.0.2.1/cb", "http://localhost.example/cb", "http://0.0.0.0/cb"]
    {
        for application_type in [Web, Spa] {
            assert!(register(uri, application_type, true).is_err(), "{uri}");
            assert!(register(uri, application_type, false).is_ok(), "{uri}");
        }
        // RFC 8252 §7.3 gives native applications loopback only, wherever they run.
        assert!(register(uri, Native, true).is_err() && register(uri, Native, false).is_err(), "{uri}");
    }
}

#[test]
fn refused_for_everybody() {
    let refused = [
        "",
        " ",
        "/cb",
        "cb",
        "//app.example/cb",
        "app.example/cb",
        "https://",
        "https:///cb",
        "https:app.example/cb",
        "https:/app.example/cb",
        "https://app.example/cb#",
        "https://app.example/cb#x",
        "https://app.example/*",
        "https://*.example/cb",
        "https://app.example/cb?x=*",
        "https://user@app.example/cb",
        "https://user:pass@app.example/cb",
        "https://@app.example/cb",
        "https://app.example\\@evil.example/cb",
        "https://app.example\\cb",
        "https:\\\\app.example/cb",
        "https://app.example/c b",
        " https://app.example/cb",
        "https://app.example/cb ",
        "https://app.example/cb\n",
        "https://app.ex\tample/cb",
        "https://app.example/\0",
        "https://app.example/é",
        "https://bücher.example/cb",
        "https://app。example/cb",
        "https://app.example/%",
        "https://app.example/%4",
        "https://app.example/%zz",
        "https://app.%65xample/cb",
        "https://app.example:/cb",
        "https://app.example:0/cb",
        "https://app.example:0443/cb",
        "https://app.example:65536/cb",
        "https://app.example:port/cb",
        "https://127.1/cb",
        "https://0x7f.0.0.1/cb",
        "https://2130706433/cb",
        "https://0177.0.0.1/cb",
        "http://[::0001]/cb",
        "https://[::1/cb",
        "https://app.example/a/../b",
        "https://app.example/./b",
        "https://app.example/a/%2e%2E/b",
        "https://app.example/<x>",
        "https://app.example/\"x",
        "https://app.example/`x|^{}",
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "java\nscript:alert(1)",
        "javascript://app.example/%0aalert(1)",
        "vbscript:x",
        "data:text/html,x",
        "blob:https://app.example/x",
        "file:///etc/passwd",
        "filesystem:https://app.example/x",
        "about:blank",
        "view-source:https://app.example",
        "intent://app.example",
        "ftp://app.example/cb",
        "ws://app.example/cb",
        "wss://app.example/cb",
        "com.example.app://user@host/cb",
        "1app:/cb",
        ":cb",
    ];
    for uri in refused {
        for application_type in ALL {
            assert!(register(uri, *application_type, true).is_err(), "{uri:?} {application_type}");
            assert!(register(uri, *application_type, false).is_err(), "{uri:?} {application_type}");
        }
    }
    let long = format!("https://app.example/{}", "a".repeat(MAX_BYTES));
    assert!(register(&long, ApplicationType::Web, true).is_err());
}

#[test]
fn rfc_9700_section_4_1_3_exact_comparison() {
    let registered = "https://app.example/cb";
    for application_type in ALL {
        assert!(matches(registered, registered, *application_type));
        for other in [
            "https://app.example/cb/",
            "https://app.example/CB",
            "https://APP.example/cb",
            "HTTPS://app.example/cb",
            "https://app.example:443/cb",
            "https://app.example:8443/cb",
            "https://app.example/cb?",
            "https://app.example/cb?x=1",
            "https://app.example/cb#",
            "https://app.example/%63b",
            "https://app.example/x/../cb",
            "https://app.example.evil.example/cb",
            "https://app.example@evil.example/cb",
            "http://app.example/cb",
            "https://app.example/cb ",
            "",
        ] {
            assert!(!matches(registered, other, *application_type), "{other}");
        }
    }
}

#[test]
fn rfc_8252_section_7_3_any_loopback_port() {
    use ApplicationType::{Native, Spa, Web};
    let accepted = [
        ("http://127.0.0.1/cb", "http://127.0.0.1:51004/cb"),
        ("http://127.0.0.1:80/cb", "http://127.0.0.1:51004/cb"),
        ("http://127.0.0.1:8080/cb", "http://127.0.0.1/cb"),
        ("http://localhost/cb?x=1", "http://localhost:1/cb?x=1"),
        ("http://[::1]/cb", "http://[::1]:65535/cb"),
        ("http://127.0.0.1", "http://127.0.0.1:9"),
    ];
    for (registered, requested) in accepted {
        assert!(matches(registered, requested, Native), "{requested}");
        assert!(!matches(registered, requested, Web) && !matches(registered, requested, Spa), "{requested}");
    }
    let refused = [
        ("http://127.0.0.1/cb", "http://localhost/cb"),
        ("http://localhost/cb", "http://127.0.0.1:5/cb"),
        ("http://127.0.0.1/cb", "http://[::1]:5/cb"),
        ("http://127.0.0.1/cb", "https://127.0.0.1:5/cb"),
        ("http://127.0.0.1/cb", "http://127.0.0.1:5/other"),
        ("http://127.0.0.1/cb", "http://127.0.0.1:5/cb/"),
        ("http://127.0.0.1/cb", "http://127.0.0.1:5/cb?x"),
        ("http://127.0.0.1/cb", "http://127.0.0.1:5/cb#x"),
        ("http://127.0.0.1/cb", "http://127.0.0.1:5"),
        ("http://127.0.0.1/cb", "http://127.0.0.1:/cb"),
        ("http://127.0.0.1/cb", "http://127.0.0.1:0/cb"),
        ("http://127.0.0.1/cb", "http://127.0.0.1:65536/cb"),
        ("http://127.0.0.1/cb", "http://127.0.0.1:+80/cb"),
        ("http://127.0.0.1/cb", "http://127.0.0.1:80:81/cb"),
        ("http://127.0.0.1/cb", "http://127.0.0.1:80@evil.example/cb"),
        ("http://127.0.0.1/cb", "http://127.0.0.1@evil.example/cb"),
        ("http://127.0.0.1/cb", "http://127.0.0.1.evil.example/cb"),
        ("http://127.0.0.1/cb", "http://127.0.0.1:80.evil.example/cb"),
        ("http://127.0.0.1/cb", "http://127.0.0.1:80\\@evil.example/cb"),
        ("http://127.0.0.1/cb", "http://127.0.0.1:80%2F@evil.example/cb"),
        ("http://127.0.0.1/cb", "http://user@127.0.0.1:80/cb"),
        ("http://127.0.0.1/cb", "http://evil.example/127.0.0.1:80/cb"),
        ("http://127.0.0.1/cb", "HTTP://127.0.0.1:80/cb"),
        ("http://127.0.0.1/cb", "http://127.1:80/cb"),
        ("http://127.0.0.1/cb", "http://127.0.0.2:80/cb"),
        ("http://127.0.0.1/cb", "http://127.0.0.1:８０/cb"),
        ("http://localhost/cb", "http://LOCALHOST:5/cb"),
        ("http://localhost/cb", "http://localhost.:5/cb"),
        ("http://localhost/cb", "http://localhost.evil.example:5/cb"),
        ("http://localhost/cb", "http://localhostevil:5/cb"),
        ("http://localhost/cb", "http://localhost:5\t/cb"),
        // Not even if such a URI were registered.
        ("http://127.0.0.1.evil.example/cb", "http://127.0.0.1:80.evil.example/cb"),
        ("http://127.0.0.1@evil.example/cb", "http://127.0.0.1:80@evil.example/cb"),
        ("http://localhostevil.example/cb", "http://localhost:80evil.example/cb"),
        // Only loopback: elsewhere another port is another server.
        ("http://app.example/cb", "http://app.example:8080/cb"),
        ("https://app.example/cb", "https://app.example:8443/cb"),
        ("https://localhost/cb", "https://localhost:5/cb"),
        ("com.example.app://localhost/cb", "com.example.app://localhost:5/cb"),
    ];
    for (registered, requested) in refused {
        assert!(!matches(registered, requested, Native), "{requested}");
    }
}

#[test]
fn origins() {
    let cases = [
        ("https://app.example/cb", Some("https://app.example")),
        ("https://App.Example:443/cb?x", Some("https://app.example")),
        ("http://localhost:3000/", Some("http://localhost:3000")),
        ("http://[::1]:3000/", Some("http://[::1]:3000")),
        ("capacitor://localhost/cb?x", Some("capacitor://localhost")),
        ("ionic://localhost", Some("ionic://localhost")),
        ("tauri://my-app.local/", Some("tauri://my-app.local")),
        ("Capacitor://localhost", Some("capacitor://localhost")),
        ("capacitor://LOCALHOST", None),
        ("capacitor://localhost:8080", None),
        ("capacitor://user@localhost", None),
        ("capacitor://user:pass@localhost", None),
        ("capacitor://local%68ost", None),
        ("capacitor://[::1]", None),
        ("capacitor://", None),
        ("capacitor:///cb", None),
        ("capacitor:/cb", None),
        ("capacitor:localhost", None),
        ("capacitors://localhost", None),
        ("com.example.app://host/cb", None),
        ("app://localhost", None),
        ("not a uri", None),
    ];
    for (uri, expected) in cases {
        assert_eq!(origin_of(uri).as_deref(), expected, "{uri}");
    }
}

proptest! {
    #[test]
    fn any_text_is_judged(text in "\\PC{0,120}|https?:[/\\\\@a-z0-9.:%?#\\[\\]]{0,60}") {
        for application_type in ALL {
            let _ = register(&text, *application_type, true);
            prop_assert!(matches(&text, &text, *application_type));
        }
        let _ = origin_of(&text);
    }

    /// Every parser sees the host that stands in the text of a registered browser URI.
    #[test]
    fn registered_text_names_its_host(text in "https?://[a-z0-9.:@%\\\\\\[\\]/?-]{1,40}") {
        if register(&text, ApplicationType::Web, false).is_ok() {
            let url = Url::parse(&text).unwrap();
            let authority = text.split("//").nth(1).unwrap().split(['/', '?']).next().unwrap();
            prop_assert!(authority.starts_with(url.host_str().unwrap()));
            prop_assert!(url.username().is_empty() && url.password().is_none() && url.fragment().is_none());
        }
    }

    /// The comparison with any port never leaves the machine: a browser's parser agrees on the host.
    #[test]
    fn relaxed_matches_stay_on_loopback(
        host in "127\\.0\\.0\\.1|localhost|\\[::1\\]",
        middle in "(:[0-9]{0,6})?[@.:%\\\\a-z0-9 /?#\t\u{a0}é]{0,12}",
        rest in "/cb|/cb\\?x=1|",
    ) {
        let registered = format!("http://{host}{rest}");
        let requested = format!("http://{host}{middle}{rest}");
        if matches(&registered, &requested, ApplicationType::Native) {
            let url = Url::parse(&requested).unwrap();
            prop_assert_eq!(url.host_str(), Some(host.as_str()));
            prop_assert!(url.username().is_empty() && url.password().is_none());
            prop_assert_eq!(url.path(), if rest.is_empty() { "/" } else { "/cb" });
        }
    }

    #[test]
    fn every_port_matches(port in 1u16.., path in "/[a-z0-9/]{0,20}") {
        let registered = format!("http://127.0.0.1{path}");
        let requested = format!("http://127.0.0.1:{port}{path}");
        prop_assert!(matches(&registered, &requested, ApplicationType::Native));
    }
}
