//! Language negotiation for pages and mails.

use porta_core::weights::weighted;

use crate::messages::{FALLBACK, supported};

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
        for (range, weight) in weighted(header) {
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
