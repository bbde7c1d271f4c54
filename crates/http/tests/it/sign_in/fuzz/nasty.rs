//! Hostile values.

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

use super::planted::{Planted, secret};

/// Short values, as raw bytes.
const VALUES: &[&[u8]] = &[
    b"",
    b" ",
    b"\0",
    b"a\0b",
    b"\xff\xfe",
    b"\xc0\x80",
    b"\xed\xa0\x80",
    b"\r\nSet-Cookie: x=y",
    b"\r\n\r\n<html>",
    b"\t\x0b\x7f",
    b"../../../etc/passwd",
    b"..%2f..%2f",
    b"%2e%2e%2f",
    b"%00",
    b"%",
    b"%zz",
    b"%25%32%65",
    b"{{7*7}}${7*7}<%= 7*7 %>",
    b"\"><script>alert(1)</script>",
    b"' OR 1=1; DROP TABLE users; --",
    b"javascript:alert(1)",
    b"//evil.example/",
    b"https://evil.example/cb",
    b"https://web.test/cb#x",
    b"https://web.test/cb/../x",
    b"https://web.test@evil.example/cb",
    b"-1",
    b"0",
    b"99999999999999999999999999",
    b"1e309",
    b"NaN",
    b"null",
    b"true",
    b"[]",
    b"{}",
    b"{\"userinfo\":{\"sub\":{\"value\":1}},\"id_token\":null}",
    b"{\"id_token\":{\"acr\":{\"essential\":true,\"values\":[null,[],{}]}}}",
    b"none login consent select_account create",
    b"openid openid  openid \\ \" \x7f",
    b"a.b.c",
    b"..",
    b"....",
    b"eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.",
    b"eyJhbGciOiJFUzI1NiIsImtpZCI6Ii4uLy4uLyJ9.e30.AA",
    b"eyJhbGciOiJIUzI1NiIsImp3ayI6e319.e30.AAAA",
    "а\u{441}me".as_bytes(),
    "аna＠acme.test".as_bytes(),
    "\u{202e}\u{2066}\u{feff}\u{200b}".as_bytes(),
    "💩".as_bytes(),
    "e\u{301}\u{301}\u{301}".as_bytes(),
    "İıßſ".as_bytes(),
    b"porta_at_",
    b"porta_ac_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    b"porta_rt_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    b"porta_se_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    b"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    b"authorization_code",
    b"refresh_token",
    b"client_credentials",
    b"password",
    b"urn:ietf:params:oauth:grant-type:device_code",
    b"code id_token token",
    b"form_post",
    b"fragment",
    b"plain",
    b"S256",
];

/// Returns one of them, a long one, or random bytes.
pub(super) fn value(rng: &mut ChaCha8Rng) -> Vec<u8> {
    match rng.random_range(0..40) {
        0 => b"A".repeat(rng.random_range(300..9_000)),
        1 => "💩".repeat(rng.random_range(1..400)).into_bytes(),
        2 => b"[".repeat(rng.random_range(1..3_000)),
        3 => b"{\"a\":".repeat(rng.random_range(1..500)),
        4 => b"a ".repeat(rng.random_range(1..2_000)),
        5..=7 => (0..rng.random_range(1..40)).map(|_| rng.random::<u8>()).collect(),
        _ => VALUES[rng.random_range(0..VALUES.len())].to_vec(),
    }
}

/// Returns a secret, real or made up, intact or mutated.
pub(super) fn bearer(rng: &mut ChaCha8Rng, planted: &Planted) -> Vec<u8> {
    let real = planted.bearers();
    let mut bytes = match rng.random_range(0..3) {
        0 => secret("token").into_bytes(),
        _ => real[rng.random_range(0..real.len())].as_bytes().to_vec(),
    };
    match rng.random_range(0..8) {
        0 => bytes.push(b'x'),
        1 => bytes.insert(0, b' '),
        2 => {
            let at = rng.random_range(0..bytes.len());
            bytes[at] ^= 1;
        }
        3 => bytes.extend_from_slice(&bytes.clone()),
        _ => {}
    }
    bytes
}
