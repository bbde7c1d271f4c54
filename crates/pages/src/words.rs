//! The catalogue: every string a person reads, by flat key. One language today; another is one more file here.

use std::collections::BTreeMap;

/// Language of last resort.
const FALLBACK: &str = "en";
const SOURCES: &[(&str, &str)] = &[("en", include_str!("../locales/en.json"))];
/// Languages written from right to left.
const RIGHT_TO_LEFT: &[&str] = &["ar", "dv", "fa", "he", "ps", "ur", "yi"];

type Bundle = BTreeMap<String, String>;

#[derive(Debug)]
pub(crate) struct Catalogue {
    bundles: BTreeMap<&'static str, Bundle>,
}

/// One language of the catalogue.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Words<'a> {
    pub(crate) language: &'a str,
    bundle: Option<&'a Bundle>,
    fallback: Option<&'a Bundle>,
}

impl Catalogue {
    pub(crate) fn embedded() -> Self {
        let bundles = SOURCES.iter().map(|(language, json)| {
            // Tests parse every embedded file; an unreadable one would fall back to English.
            (*language, serde_json::from_str(json).unwrap_or_default())
        });
        Self { bundles: bundles.collect() }
    }

    /// The language for a locale by its base (`nl-BE` → `nl`), or English.
    pub(crate) fn words(&self, locale: &str) -> Words<'_> {
        let base = locale.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
        let (language, bundle) = match self.bundles.get_key_value(base.as_str()) {
            Some((language, bundle)) => (*language, Some(bundle)),
            None => (FALLBACK, self.bundles.get(FALLBACK)),
        };
        Words { language, bundle, fallback: self.bundles.get(FALLBACK) }
    }
}

impl<'a> Words<'a> {
    pub(crate) fn get(&self, key: &str) -> Option<&'a str> {
        let find = |bundle: Option<&'a Bundle>| bundle.and_then(|b| b.get(key)).map(String::as_str);
        find(self.bundle).or_else(|| find(self.fallback))
    }

    pub(crate) fn direction(&self) -> &'static str {
        if RIGHT_TO_LEFT.contains(&self.language) { "rtl" } else { "ltr" }
    }
}

/// Fills `{{name}}` places. `literal` and `argument` prepare the two kinds of piece; a place nobody fills stays
/// visible, and a test refuses it.
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
mod tests {
    use super::*;

    #[test]
    fn every_embedded_file_is_a_flat_object_of_text() {
        for (language, json) in SOURCES {
            let bundle: Bundle = serde_json::from_str(json).unwrap();
            assert!(bundle.values().all(|text| !text.trim().is_empty()), "{language}");
            assert_eq!(json.matches("\": \"").count(), bundle.len(), "{language}: a key stands twice");
        }
    }

    #[test]
    fn a_locale_finds_its_language_or_english() {
        let catalogue = Catalogue::embedded();
        for locale in ["en", "en-GB", "EN_us", "xx", "", "💥"] {
            let words = catalogue.words(locale);
            assert_eq!((words.language, words.direction()), ("en", "ltr"), "{locale}");
            assert!(words.get("login.title").is_some());
        }
        assert_eq!(catalogue.words("en").get("login.nothing"), None);
    }

    #[test]
    fn places_are_filled_once_and_never_again() {
        let arguments = |name: &str| (name == "a").then(|| "{{b}}".to_owned());
        assert_eq!(fill("x {{a}} y", str::to_owned, arguments), "x {{b}} y");
        assert_eq!(fill("{{a}", str::to_owned, arguments), "{{a}");
        assert_eq!(fill("{{z}}", str::to_owned, arguments), "{{z}}");
    }
}
