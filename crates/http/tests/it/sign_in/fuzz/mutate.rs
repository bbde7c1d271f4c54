//! Mutations of a request.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

use super::draft::{Draft, Pairs};
use super::nasty::{bearer, value};
use super::planted::{Planted, secret};

const METHODS: &[&str] =
    &["GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "BREW", "get"];

/// Parameter names of all endpoints.
const NAMES: &[&str] = &[
    "client_id",
    "redirect_uri",
    "response_type",
    "response_mode",
    "scope",
    "state",
    "nonce",
    "prompt",
    "max_age",
    "login_hint",
    "id_token_hint",
    "acr_values",
    "ui_locales",
    "claims",
    "claims_locales",
    "display",
    "resource",
    "code_challenge",
    "code_challenge_method",
    "request",
    "request_uri",
    "registration",
    "grant_type",
    "code",
    "code_verifier",
    "refresh_token",
    "client_secret",
    "client_assertion",
    "client_assertion_type",
    "token",
    "token_type_hint",
    "access_token",
    "post_logout_redirect_uri",
    "logout_hint",
    "continue",
    "xsrf",
    "logout",
    "_csrf",
    "email",
    "password",
    "decision",
    "dpop_jkt",
    "__proto__",
    "a[]",
    "",
];

/// Parameters whose value is a secret.
const SECRET_NAMES: &[&str] = &[
    "state",
    "nonce",
    "code",
    "code_verifier",
    "refresh_token",
    "client_secret",
    "token",
    "access_token",
    "id_token_hint",
    "xsrf",
    "_csrf",
    "password",
    "request",
    "client_assertion",
];

const HEADERS: &[&str] = &[
    "accept",
    "accept-language",
    "accept-encoding",
    "origin",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "forwarded",
    "host",
    "if-none-match",
    "range",
    "content-length",
    "content-type",
    "content-encoding",
    "user-agent",
    "referer",
    "expect",
    "te",
    "x-request-id",
    "x-http-method-override",
    "dpop",
    "access-control-request-method",
    "access-control-request-headers",
];

const MEDIA_TYPES: &[&str] = &[
    "application/json",
    "text/plain",
    "multipart/form-data; boundary=x",
    "application/x-www-form-urlencoded; charset=utf-16",
    "APPLICATION/X-WWW-FORM-URLENCODED",
    "application/x-www-form-urlencoded,text/html",
    "*/*",
    "",
    ";",
];

fn pick<'a>(rng: &mut ChaCha8Rng, list: &[&'a str]) -> &'a str {
    list[rng.random_range(0..list.len())]
}

pub(super) fn mutate(draft: &mut Draft, rng: &mut ChaCha8Rng, planted: &Planted) {
    match rng.random_range(0..100) {
        0..=39 => parameter(draft, rng, planted),
        40..=49 => encoding(draft, rng),
        50..=61 => path(draft, rng, planted),
        62..=68 => draft.method = pick(rng, METHODS).into(),
        69..=79 => header(draft, rng),
        80..=87 => cookie(draft, rng, planted),
        88..=94 => authorization(draft, rng, planted),
        _ => body(draft, rng),
    }
}

fn parameters<'a>(draft: &'a mut Draft, rng: &mut ChaCha8Rng) -> &'a mut Pairs {
    match &mut draft.form {
        Some(form) if rng.random_range(0..10) > 0 => form,
        Some(_) | None => &mut draft.query,
    }
}

fn parameter(draft: &mut Draft, rng: &mut ChaCha8Rng, planted: &Planted) {
    let what = rng.random_range(0..6);
    let (name, new) = if rng.random_range(0..4) == 0 {
        (pick(rng, SECRET_NAMES), bearer(rng, planted))
    } else {
        (pick(rng, NAMES), value(rng))
    };
    let at = rng.random_range(0..1_000_usize);
    let list = parameters(draft, rng);
    let index = if list.is_empty() { None } else { Some(at % list.len()) };
    match (what, index) {
        (0 | 1, Some(index)) => list[index].1 = new,
        (2, Some(index)) => list.push(list[index].clone()),
        (3, Some(index)) => drop(list.remove(index)),
        (4, Some(index)) => {
            let copy = (list[index].0.clone(), new);
            list.push(copy);
        }
        _ => list.push((name.into(), new)),
    }
}

/// Byte sequences that a form encoder never produces.
fn encoding(draft: &mut Draft, rng: &mut ChaCha8Rng) {
    const BROKEN: &[&[u8]] = &[
        b"&%",
        b"&a=%z",
        b"&a=%00",
        b"&a=%ff%fe",
        b"&&&=",
        b"&=x",
        b"&a=%C3",
        b"&a=+%2B",
        b"&%00=1",
        b";a=1",
    ];
    let piece = BROKEN[rng.random_range(0..BROKEN.len())];
    if let (Some(form), 0..=2) = (&draft.form, rng.random_range(0..4)) {
        let mut raw = draft.raw_body.take().unwrap_or_else(|| super::draft::encode(form));
        raw.extend_from_slice(piece);
        if rng.random_range(0..2) == 0 {
            raw.extend((0..rng.random_range(1..20)).map(|_| rng.random::<u8>()));
        }
        draft.raw_body = Some(raw);
        return;
    }
    draft.raw_query.extend_from_slice(piece);
    if rng.random_range(0..200) == 0 {
        draft.raw_query.extend(b"&a=1".repeat(200));
    }
}

fn path(draft: &mut Draft, rng: &mut ChaCha8Rng, planted: &Planted) {
    const PIECES: &[&str] = &[
        "/",
        "//",
        "/.",
        "/..",
        "/../beta/auth",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/%00",
        "%00",
        "/%ff",
        "%2F",
        "/..%2f",
        "/;x=y",
        "/%",
        "/%zz",
        "\\",
        "/a/b/c/d/e",
        "/acme",
        "/login",
        "/%F0%9F%92%A9",
        "%20",
        "/{uid}",
        "/*",
        ".json",
        "~",
    ];
    match rng.random_range(0..6) {
        0..=2 => draft.path.extend_from_slice(pick(rng, PIECES).as_bytes()),
        3 => {
            let slugs = [
                "beta",
                "nowhere",
                "%61cme",
                "ACME",
                "ac%ff",
                "acm%D0%B5",
                "-",
                "..",
                "%2e%2e",
                "acme%00",
                "default",
                "admin",
            ];
            let text = String::from_utf8_lossy(&draft.path).into_owned();
            draft.path = text.replacen("acme", pick(rng, &slugs), 1).into_bytes();
        }
        4 => {
            let bent: String = url::form_urlencoded::byte_serialize(&bearer(rng, planted)).collect();
            let text = String::from_utf8_lossy(&draft.path).into_owned();
            draft.path = text.replacen(&planted.uid, &bent, 1).into_bytes();
        }
        _ => {
            draft.path.push(b'/');
            draft.path.extend(b"a".repeat(rng.random_range(1..3_000)));
        }
    }
}

fn header(draft: &mut Draft, rng: &mut ChaCha8Rng) {
    let name = pick(rng, HEADERS);
    let new = match name {
        "x-forwarded-for" => {
            let octet = || "192.0.2.".to_owned();
            let list = [
                format!("{}{}", octet(), rng.random::<u8>()),
                "::1".to_owned(),
                "2001:db8::1".to_owned(),
                ", , ,".to_owned(),
            ];
            list[rng.random_range(0..list.len())].clone().into_bytes()
        }
        "accept" => pick(rng, &["text/html", "application/json", "*/*", "text/html;q=0"]).into(),
        "origin" => {
            pick(rng, &["https://web.test", "https://evil.example", "null", "https://id.test"]).into()
        }
        "content-type" => pick(rng, MEDIA_TYPES).into(),
        _ => value(rng),
    };
    if rng.random_range(0..2) == 0 {
        draft.headers.retain(|(n, _)| n != name.as_bytes());
    }
    let times = if rng.random_range(0..100) == 0 { 50 } else { 1 };
    for _ in 0..times {
        draft.headers.push((name.into(), new.clone()));
    }
    if rng.random_range(0..200) == 0 {
        draft.headers.push((name.into(), b"h".repeat(60_000)));
    }
}

fn cookie(draft: &mut Draft, rng: &mut ChaCha8Rng, planted: &Planted) {
    let names =
        ["__Secure-_session", "_session", "__Secure-_interaction", "__Secure-_interaction_resume", "", "a"];
    let mut cookies: Vec<u8> = Vec::new();
    for _ in 0..rng.random_range(0..4) {
        cookies.extend_from_slice(pick(rng, &names).as_bytes());
        cookies.extend_from_slice(pick(rng, &["=", "==", "", " = "]).as_bytes());
        cookies.extend(if rng.random_range(0..2) == 0 { bearer(rng, planted) } else { value(rng) });
        cookies.extend_from_slice(pick(rng, &["; ", ";", ";;", ", "]).as_bytes());
    }
    if rng.random_range(0..2) == 0 {
        draft.headers.retain(|(n, _)| n != b"cookie");
    }
    draft.headers.push((b"cookie".to_vec(), cookies));
}

fn authorization(draft: &mut Draft, rng: &mut ChaCha8Rng, planted: &Planted) {
    let client_secret = secret("basic");
    let basic = match rng.random_range(0..6) {
        0 => STANDARD.encode(format!("web:{client_secret}")),
        1 => STANDARD.encode("web:web-secret-0123456789abcdef"),
        2 => STANDARD.encode(format!("w%65b:{client_secret}%")),
        3 => STANDARD.encode([&b"web:"[..], &value(rng)].concat()),
        4 => STANDARD.encode(b"\xff\xfe:\x00"),
        _ => "====".to_owned(),
    };
    let scheme = pick(
        rng,
        &["Basic ", "basic ", "Bearer ", "bearer  ", "DPoP ", "Digest ", "Negotiate ", "", "Basic"],
    );
    let mut text = scheme.as_bytes().to_vec();
    if scheme.to_ascii_lowercase().starts_with("basic") {
        text.extend(basic.into_bytes());
    } else {
        text.extend(bearer(rng, planted));
    }
    if rng.random_range(0..3) > 0 {
        draft.headers.retain(|(n, _)| n != b"authorization");
    }
    draft.headers.push((b"authorization".to_vec(), text));
}

fn body(draft: &mut Draft, rng: &mut ChaCha8Rng) {
    draft.raw_body = Some(match rng.random_range(0..40) {
        0 => b"a=".iter().copied().chain(b"x".repeat(1 << 20)).collect(),
        1..=4 => b"a=1&".repeat(rng.random_range(90..120)),
        5..=9 => [b"a=".as_slice(), &b"x".repeat(rng.random_range(57_000..58_000))].concat(),
        10..=20 => (0..rng.random_range(1..400)).map(|_| rng.random::<u8>()).collect(),
        21..=30 => format!("{{\"password\":\"{}\"}}", secret("json")).into_bytes(),
        _ => Vec::new(),
    });
}
