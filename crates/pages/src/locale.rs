//! Language negotiation for pages and mails.

use crate::messages::{FALLBACK, supported};

/// Only this much of a header is read; no person lists that many languages.
const MAX_HEADER_BYTES: usize = 4_096;

/// Sources of a language preference, highest precedence first. Each may be absent, unknown or malformed.
#[derive(Debug, Clone, Copy, Default)]
pub struct LocaleCandidates<'a> {
    /// The `ui_locales` parameter: languages by preference, separated by spaces (OpenID Connect Core §3.1.2.1).
    pub ui_locales: Option<&'a str>,
    pub accept_language: Option<&'a str>,
    /// Stored with the account.
    pub user: Option<&'a str>,
    pub organization: Option<&'a str>,
    pub platform: Option<&'a str>,
}

/// Chooses the best supported language; English if none matches. A region falls back to its language (`pt-BR` → `pt`,
/// RFC 4647 §3.4).
pub fn negotiate(candidates: &LocaleCandidates<'_>) -> &'static str {
    let asked = candidates.ui_locales.unwrap_or_default().split_ascii_whitespace().find_map(supported);
    if let Some(language) = asked {
        return language;
    }
    let header = AcceptedLanguages::read(candidates.accept_language.unwrap_or_default());
    let stored = [candidates.user, candidates.organization, candidates.platform];
    header
        .best
        .or_else(|| {
            let stored = stored.into_iter().flatten().filter_map(supported);
            stored.chain(std::iter::once(FALLBACK)).find(|language| !header.refuses(language))
        })
        .unwrap_or(FALLBACK)
}

/// The supported languages that an `Accept-Language` header prefers and refuses (RFC 9110 §12.5.4).
#[derive(Debug, Default)]
struct AcceptedLanguages {
    best: Option<&'static str>,
    refused: Vec<&'static str>,
}

impl AcceptedLanguages {
    fn read(header: &str) -> Self {
        let mut weighed: Vec<(&'static str, u16)> = Vec::new();
        let mut refused = Vec::new();
        let mut any = 0;
        for (range, weight) in ranges(header) {
            if range == "*" {
                any = any.max(weight);
            } else if let Some(language) = supported(range) {
                // `de-AT;q=0` refuses only a region, and there are no regional texts.
                match weight {
                    0 if range.eq_ignore_ascii_case(language) => refused.push(language),
                    0 => {}
                    weight => weighed.push((language, weight)),
                }
            }
        }
        weighed.retain(|(language, _)| !refused.contains(language));
        // Among equal weights the first wins.
        let mut best: Option<(&'static str, u16)> = None;
        for (language, weight) in weighed {
            if best.is_none_or(|(_, highest)| weight > highest) {
                best = Some((language, weight));
            }
        }
        // If `*` outweighs every named language, the stored preferences decide.
        let best = best.filter(|(_, weight)| *weight >= any).map(|(language, _)| language);
        Self { best, refused }
    }

    fn refuses(&self, language: &str) -> bool {
        self.refused.contains(&language)
    }
}

/// Language ranges with their weights in thousandths; malformed ones are skipped.
fn ranges(header: &str) -> impl Iterator<Item = (&str, u16)> {
    let end = header.floor_char_boundary(MAX_HEADER_BYTES);
    header[..end].split(',').filter_map(|element| {
        let mut parts = element.split(';').map(str::trim);
        let range = parts.next().filter(|range| !range.is_empty())?;
        let mut weight = 1_000;
        for parameter in parts {
            let (name, value) = parameter.split_once('=')?;
            if name.trim().eq_ignore_ascii_case("q") {
                weight = thousandths(value.trim())?;
            }
        }
        Some((range, weight))
    })
}

/// Parses a `qvalue`: `0` to `1` with at most three decimals (RFC 9110 §12.4.2).
fn thousandths(text: &str) -> Option<u16> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    if decimals.len() > 3 || !decimals.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let fraction: u16 = format!("{decimals:0<3}").parse().ok()?;
    match whole {
        "0" => Some(fraction),
        "1" if fraction == 0 => Some(1_000),
        _ => None,
    }
}
