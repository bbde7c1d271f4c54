//! Catalogue of all texts that people read, by flat key. A key has one text, or one for each plural form of the
//! language (CLDR cardinal rules). Every language uses Latin digits, because codes are typed with them.

use std::collections::BTreeMap;

use icu_locale_core::Locale;
use icu_plurals::{PluralCategory, PluralRuleType, PluralRules};
use porta_core::Timestamp;
use serde::Deserialize;

/// Fallback language.
pub(crate) const FALLBACK: &str = "en";
pub(crate) const SOURCES: &[(&str, &str)] = &[
    (FALLBACK, include_str!("../locales/en.json")),
    ("de", include_str!("../locales/de.json")),
    ("fr", include_str!("../locales/fr.json")),
    ("es", include_str!("../locales/es.json")),
    ("nl", include_str!("../locales/nl.json")),
    ("pt", include_str!("../locales/pt.json")),
    ("ja", include_str!("../locales/ja.json")),
    ("ar", include_str!("../locales/ar.json")),
];
/// Languages written from right to left.
const RIGHT_TO_LEFT: &[&str] = &["ar", "dv", "fa", "he", "ps", "ur", "yi"];
const MONTHS: [&str; 12] = [
    "date.month_1",
    "date.month_2",
    "date.month_3",
    "date.month_4",
    "date.month_5",
    "date.month_6",
    "date.month_7",
    "date.month_8",
    "date.month_9",
    "date.month_10",
    "date.month_11",
    "date.month_12",
];

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Entry {
    Text(String),
    Plural(PluralForms),
}

/// Plural forms of a text. CLDR decides which of them a language uses; a test checks that these are present.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PluralForms {
    zero: Option<String>,
    one: Option<String>,
    two: Option<String>,
    few: Option<String>,
    many: Option<String>,
    other: String,
}

impl PluralForms {
    fn form(&self, category: PluralCategory) -> &str {
        let form = match category {
            PluralCategory::Zero => self.zero.as_ref(),
            PluralCategory::One => self.one.as_ref(),
            PluralCategory::Two => self.two.as_ref(),
            PluralCategory::Few => self.few.as_ref(),
            PluralCategory::Many => self.many.as_ref(),
            PluralCategory::Other => None,
        };
        form.unwrap_or(&self.other)
    }
}

type Entries = BTreeMap<String, Entry>;

/// CLDR plural category of a count. The rules are compiled in, so creating them is cheap; they are not cached because
/// they are not `Sync`.
fn category(language: &str, count: u64) -> PluralCategory {
    let rules = Locale::try_from_str(language)
        .ok()
        .and_then(|locale| PluralRules::try_new(locale.into(), PluralRuleType::Cardinal.into()).ok());
    rules.map_or(PluralCategory::Other, |rules| rules.category_for(count))
}

#[derive(Debug)]
pub(crate) struct Catalogue {
    bundles: BTreeMap<&'static str, Entries>,
}

/// One language of the catalogue.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Messages<'a> {
    pub(crate) language: &'static str,
    own: Option<&'a Entries>,
    fallback: Option<&'a Entries>,
}

/// Supported languages, the fallback first.
pub fn languages() -> impl Iterator<Item = &'static str> {
    SOURCES.iter().map(|(language, _)| *language)
}

/// Base language of a locale (`nl-BE` → `nl`) if supported.
pub(crate) fn supported(locale: &str) -> Option<&'static str> {
    let base = locale.split(['-', '_']).next().unwrap_or_default();
    languages().find(|language| language.eq_ignore_ascii_case(base))
}

impl Catalogue {
    pub(crate) fn embedded() -> Self {
        let bundles = SOURCES.iter().map(|(language, json)| {
            // Tests parse every embedded file; a malformed one would fall back to English.
            (*language, serde_json::from_str(json).unwrap_or_default())
        });
        Self { bundles: bundles.collect() }
    }

    /// Texts for a locale by its base language, else English.
    pub(crate) fn messages(&self, locale: &str) -> Messages<'_> {
        let language = supported(locale).unwrap_or(FALLBACK);
        Messages { language, own: self.bundles.get(language), fallback: self.bundles.get(FALLBACK) }
    }
}

impl<'a> Messages<'a> {
    /// Pattern of a key, in the plural form for `count`.
    pub(crate) fn get(self, key: &str, count: Option<u64>) -> Option<&'a str> {
        let own = self.own.and_then(|entries| entries.get(key)).map(|entry| (self.language, entry));
        let fallback = || self.fallback.and_then(|entries| entries.get(key)).map(|entry| (FALLBACK, entry));
        match own.or_else(fallback)? {
            (_, Entry::Text(text)) => Some(text),
            (language, Entry::Plural(plural)) => {
                Some(plural.form(count.map_or(PluralCategory::Other, |count| category(language, count))))
            }
        }
    }

    /// Text of an existing key with its placeholders filled.
    pub(crate) fn translate(self, key: &str, arguments: &[(&str, &str)]) -> String {
        let find =
            |name: &str| arguments.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned());
        fill(self.get(key, None).unwrap_or_default(), str::to_owned, find)
    }

    fn plural(self, key: &str, count: u64) -> String {
        let pattern = self.get(key, Some(count)).unwrap_or_default();
        fill(pattern, str::to_owned, |name| (name == "count").then(|| count.to_string()))
    }

    pub(crate) fn direction(self) -> &'static str {
        if RIGHT_TO_LEFT.contains(&self.language) { "rtl" } else { "ltr" }
    }

    /// A lifetime as text, rounded to the nearest minute to compensate for the time a mail takes to be written. Exactly
    /// one or at least two hours or days are given in that unit, rounded down.
    pub(crate) fn duration(self, seconds: u64) -> String {
        const HOUR: u64 = 60;
        const DAY: u64 = 24 * HOUR;
        match seconds.saturating_add(30) / 60 {
            minutes if minutes == DAY || minutes >= 2 * DAY => self.plural("duration.days", minutes / DAY),
            minutes if minutes == HOUR || minutes >= 2 * HOUR => {
                self.plural("duration.hours", minutes / HOUR)
            }
            minutes => self.plural("duration.minutes", minutes.max(1)),
        }
    }

    /// When to try again, rounded up, so that the next attempt is not too early.
    pub(crate) fn wait(self, seconds: u64) -> String {
        match seconds {
            0..=30 => self.translate("errors.retry_moment", &[]),
            more => self.plural("errors.retry_minutes", more.div_ceil(60)),
        }
    }

    /// The date in UTC; the server does not know the reader's time zone.
    pub(crate) fn date(self, at: Timestamp) -> String {
        let at = at.to_offset();
        let month = self.get(MONTHS[usize::from(u8::from(at.month()) - 1)], None).unwrap_or_default();
        let (day, year) = (at.day().to_string(), at.year().to_string());
        self.translate("date.date", &[("day", &day), ("month", month), ("year", &year)])
    }

    /// Browser and system of a `User-Agent` header as text.
    pub(crate) fn browser(self, user_agent: &str) -> String {
        match crate::user_agent::browser_and_system(user_agent) {
            (Some(browser), Some(system)) => {
                self.translate("agent.browser_on_system", &[("browser", browser), ("system", system)])
            }
            (Some(name), None) | (None, Some(name)) => name.to_owned(),
            (None, None) => self.translate("agent.unknown", &[]),
        }
    }

    /// Date and time, marked as UTC.
    pub(crate) fn moment(self, at: Timestamp) -> String {
        let time = format!("{:02}:{:02}", at.to_offset().hour(), at.to_offset().minute());
        self.translate("date.moment", &[("date", &self.date(at)), ("time", &time)])
    }
}

/// Fills `{{name}}` placeholders. `literal` and `argument` transform the two kinds of piece. An unfilled placeholder
/// stays visible, and a test fails.
pub(crate) fn fill(
    pattern: &str,
    literal: impl Fn(&str) -> String,
    argument: impl Fn(&str) -> Option<String>,
) -> String {
    let mut out = String::with_capacity(pattern.len() + 32);
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((name, after)) = after.split_once("}}") else { break };
        out.push_str(&literal(before));
        out.push_str(&argument(name).unwrap_or_else(|| literal(&format!("{{{{{name}}}}}"))));
        rest = after;
    }
    out.push_str(&literal(rest));
    out
}

#[cfg(test)]
pub(crate) fn category_name(language: &str, count: u64) -> &'static str {
    match category(language, count) {
        PluralCategory::Zero => "zero",
        PluralCategory::One => "one",
        PluralCategory::Two => "two",
        PluralCategory::Few => "few",
        PluralCategory::Many => "many",
        PluralCategory::Other => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locale_finds_its_language_or_english() {
        let catalogue = Catalogue::embedded();
        for (locale, language, direction) in [
            ("en", "en", "ltr"),
            ("en-GB", "en", "ltr"),
            ("EN_us", "en", "ltr"),
            ("pt-BR", "pt", "ltr"),
            ("AR-eg", "ar", "rtl"),
            ("xx", "en", "ltr"),
            ("", "en", "ltr"),
            ("💥", "en", "ltr"),
            ("english", "en", "ltr"),
        ] {
            let messages = catalogue.messages(locale);
            assert_eq!((messages.language, messages.direction()), (language, direction), "{locale}");
            assert!(messages.get("login.title", None).is_some());
        }
        assert_eq!(catalogue.messages("en").get("nothing.at_all", None), None);
    }

    #[test]
    fn places_are_filled_once_and_never_again() {
        let arguments = |name: &str| (name == "a").then(|| "{{b}}".to_owned());
        assert_eq!(fill("x {{a}} y", str::to_owned, arguments), "x {{b}} y");
        assert_eq!(fill("{{a}", str::to_owned, arguments), "{{a}");
        assert_eq!(fill("{{z}}", str::to_owned, arguments), "{{z}}");
    }

    #[test]
    fn arabic_has_six_forms() {
        let catalogue = Catalogue::embedded();
        let arabic = catalogue.messages("ar");
        let all: Vec<String> =
            [0, 1, 2, 3, 11, 100].map(|n| arabic.plural("duration.minutes", n)).into_iter().collect();
        for (index, text) in all.iter().enumerate() {
            let place = all.iter().position(|other| other == text);
            assert_eq!(place, Some(index), "{text}");
        }
        assert_eq!(arabic.plural("duration.minutes", 103), "103 دقائق");
    }

    #[test]
    fn a_lifetime_is_said_in_units_a_person_counts_in() {
        let catalogue = Catalogue::embedded();
        let messages = catalogue.messages("en");
        for (seconds, text) in [
            (0, "1 minute"),
            (59, "1 minute"),
            (60, "1 minute"),
            (89, "1 minute"),
            (890, "15 minutes"),
            (869, "14 minutes"),
            (3_540, "59 minutes"),
            (3_600, "1 hour"),
            (5_400, "90 minutes"),
            (7_140, "119 minutes"),
            (10_000, "2 hours"),
            (86_340, "23 hours"),
            (86_400, "1 day"),
            (129_600, "36 hours"),
            (604_795, "7 days"),
            (604_740, "6 days"),
        ] {
            assert_eq!(messages.duration(seconds), text, "{seconds}");
        }
    }

    #[test]
    fn dates_are_in_the_readers_language_and_in_utc() {
        let at = Timestamp::parse_rfc3339("2026-03-14T01:05:00+02:00").unwrap();
        let catalogue = Catalogue::embedded();
        for (language, date) in [
            ("en", "13 March 2026"),
            ("de", "13. März 2026"),
            ("fr", "13 mars 2026"),
            ("es", "13 de marzo de 2026"),
            ("nl", "13 maart 2026"),
            ("pt", "13 de março de 2026"),
            ("ja", "2026年3月13日"),
            ("ar", "13 مارس 2026"),
        ] {
            let messages = catalogue.messages(language);
            assert_eq!(messages.date(at), date);
            let moment = messages.moment(at);
            assert!(moment.contains(date) && moment.contains("23:05") && moment.contains("UTC"), "{moment}");
        }
        for extreme in [i64::MIN, i64::MAX] {
            assert!(catalogue.messages("en").date(Timestamp::from_micros(extreme)).contains("January"));
        }
    }
}
