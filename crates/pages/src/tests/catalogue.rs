//! Compares the catalogue with its uses, and each language with English.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::messages::{Catalogue, SOURCES};

/// Keys are always written in full, so that they can be searched for.
fn used_keys() -> BTreeSet<String> {
    fn collect(directory: &Path, found: &mut BTreeSet<String>, namespaces: &BTreeSet<String>) {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                if !path.ends_with("tests") {
                    collect(&path, found, namespaces);
                }
                continue;
            }
            let source = std::fs::read_to_string(&path).unwrap();
            for word in source.split('"') {
                let is_key =
                    word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._".contains(&b));
                let suffix = word.rsplit('.').next().unwrap_or_default();
                let namespace = word.split('.').next().unwrap_or_default();
                if is_key
                    && word.contains('.')
                    && namespaces.contains(namespace)
                    && !["html", "txt"].contains(&suffix)
                {
                    found.insert(word.to_owned());
                }
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let namespaces = english().keys().filter_map(|key| key.split('.').next()).map(str::to_owned).collect();
    let mut found = BTreeSet::new();
    collect(&root.join("src"), &mut found, &namespaces);
    collect(&root.join("templates"), &mut found, &namespaces);
    found
}

type Raw = BTreeMap<String, serde_json::Value>;

fn raw(json: &str) -> Raw {
    serde_json::from_str(json).unwrap()
}

fn english() -> Raw {
    raw(SOURCES[0].1)
}

/// Patterns of an entry by plural form; a plain text counts as `other`.
fn forms(value: &serde_json::Value) -> BTreeMap<&str, &str> {
    match value {
        serde_json::Value::Object(forms) => {
            forms.iter().map(|(form, text)| (form.as_str(), text.as_str().unwrap())).collect()
        }
        text => BTreeMap::from([("other", text.as_str().unwrap())]),
    }
}

fn places(pattern: &str) -> BTreeSet<&str> {
    pattern.split("{{").skip(1).map(|rest| rest.split_once("}}").unwrap().0).collect()
}

#[test]
fn no_key_is_missing_and_none_is_unused() {
    let defined: BTreeSet<String> = english().into_keys().collect();
    let used = used_keys();
    let missing: Vec<_> = used.difference(&defined).collect();
    let unused: Vec<_> = defined.difference(&used).collect();
    assert!(missing.is_empty() && unused.is_empty(), "missing {missing:?}, unused {unused:?}");
}

#[test]
fn every_language_has_every_key_with_the_same_places() {
    let english = english();
    for (language, json) in SOURCES {
        let own = raw(json);
        let keys = |raw: &Raw| raw.keys().cloned().collect::<BTreeSet<_>>();
        let difference: Vec<_> = keys(&own).symmetric_difference(&keys(&english)).cloned().collect();
        assert!(difference.is_empty(), "{language}: {difference:?}");
        for (key, value) in &own {
            let theirs = &english[key];
            assert_eq!(value.is_object(), theirs.is_object(), "{language} {key}");
            let expected = places(forms(theirs)["other"]);
            for (form, pattern) in forms(value) {
                assert!(!pattern.trim().is_empty() && pattern == pattern.trim(), "{language} {key} {form}");
                let found = places(pattern);
                // Zero, one and two may be written without the digit; the general form always shows it.
                let may_omit = ["zero", "one", "two"].contains(&form);
                let is_right = found == expected
                    || may_omit
                        && expected.iter().filter(|p| **p != "count").copied().eq(found.iter().copied());
                assert!(is_right, "{language} {key} {form}: {found:?}");
            }
        }
    }
}

#[test]
fn every_language_has_the_plural_forms_its_rules_ask_for() {
    for (language, json) in SOURCES {
        let needed: BTreeSet<&str> =
            (0..1_000).map(|n| crate::messages::category_name(language, n)).chain(["other"]).collect();
        for (key, value) in raw(json).iter().filter(|(_, value)| value.is_object()) {
            let given: BTreeSet<&str> = forms(value).into_keys().collect();
            assert_eq!(given, needed, "{language} {key}");
        }
    }
}

#[test]
fn no_text_was_left_in_english_or_carries_markup() {
    // Texts that are the same in both languages, and names.
    const SAME: usize = 20;
    let english = english();
    for (language, json) in SOURCES {
        let own = raw(json);
        let same = own.iter().filter(|(key, value)| english[*key] == **value).count();
        assert!(*language == "en" || same < SAME, "{language}: {same} texts are the English ones");
        for (key, value) in &own {
            for text in forms(value).values() {
                assert!(!text.contains(['<', '>', '\n', '\u{202e}', '\u{feff}']), "{language} {key}");
                assert!(!text.contains("  "), "{language} {key}: two blanks");
            }
        }
    }
}

#[test]
fn every_file_reads_and_no_key_stands_twice() {
    let catalogue = Catalogue::embedded();
    for (language, json) in SOURCES {
        let own = raw(json);
        let lines = json.lines().filter(|line| line.starts_with("  \"")).count();
        assert_eq!(lines, own.len(), "{language}: a key stands twice");
        let messages = catalogue.messages(language);
        assert_eq!(messages.language, *language);
        assert!(own.keys().all(|key| messages.get(key, Some(2)).is_some()), "{language}");
    }
}
