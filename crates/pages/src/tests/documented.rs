//! Compares `docs/branding.md` with the real contexts, using templates that list the members of their context.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::*;
use crate::embedded::{MAILS, OVERRIDABLE};

const LISTER: &str = "\
{% for name in ROOT %}\
{{ name }} \
{% if ROOT[name] is mapping %}{% for part in ROOT[name] %}{{ name }}.{{ part }} {% endfor %}\
{% elif ROOT[name] is sequence %}{% for row in ROOT[name] %}{% if row is mapping %}\
{% for part in row %}{{ name }}[].{{ part }} {% endfor %}{% endif %}{% endfor %}\
{% endif %}\
{% endfor %}";

type Members = BTreeMap<String, BTreeSet<String>>;

/// Members of each template's context, by the template's name, over all samples.
fn given() -> (Members, Members) {
    let directory = tempfile::tempdir().unwrap();
    fs::create_dir_all(directory.path().join("default/emails")).unwrap();
    let put = |file: String, root: &str| {
        fs::write(directory.path().join("default").join(file), LISTER.replace("ROOT", root)).unwrap();
    };
    for name in OVERRIDABLE {
        put(format!("{name}.html"), "page");
    }
    for name in MAILS {
        put(format!("emails/{name}.txt"), "mail");
    }
    let pages = Pages::with_overrides(directory.path()).unwrap();
    let collect = |listed: Vec<(String, String)>| {
        let mut members = Members::new();
        for (name, text) in listed {
            let name = name.split("--").next().unwrap().to_owned();
            members.entry(name).or_default().extend(text.split_whitespace().map(str::to_owned));
        }
        members
    };
    let all = samples::every_page(&pages, &acme(), &FRIENDLY).into_iter();
    let mut of_pages = collect(all.map(|(name, page)| (name, page.html)).collect());
    of_pages.retain(|name, _| OVERRIDABLE.contains(&name.as_str()));
    let all = samples::every_mail(&pages, &acme(), &FRIENDLY).unwrap().into_iter();
    (of_pages, collect(all.map(|(name, mail)| (name, mail.text)).collect()))
}

fn documentation() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/branding.md")).unwrap()
}

/// The table after a comment: the names of its first column with those of the second.
fn table(documentation: &str, mark: &str) -> Members {
    let after = documentation.split_once(&format!("<!-- {mark}")).unwrap().1;
    let rows = after.lines().skip(3).take_while(|line| line.starts_with('|'));
    rows.map(|row| {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let quoted = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
        (quoted(cells[1]).remove(0), quoted(cells[2]).into_iter().collect())
    })
    .collect()
}

fn top(members: &Members) -> Members {
    let is_top = |name: &&String| !name.contains('.');
    members
        .iter()
        .map(|(template, names)| (template.clone(), names.iter().filter(is_top).cloned().collect()))
        .collect()
}

/// The expected rows of the table, for pasting.
fn rows(members: &Members) -> String {
    let row = |(name, parts): (&String, &BTreeSet<String>)| {
        let parts: Vec<_> = parts.iter().map(|part| format!("`{part}`")).collect();
        format!("| `{name}` | {} |\n", parts.join(" "))
    };
    members.iter().map(row).collect()
}

#[test]
fn the_members_of_every_context_are_the_documented_ones() {
    let documentation = documentation();
    let (pages, mails) = given();
    let named = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(pages.keys().cloned().collect::<BTreeSet<_>>(), named(OVERRIDABLE));
    assert_eq!(mails.keys().cloned().collect::<BTreeSet<_>>(), named(MAILS));
    assert_eq!(table(&documentation, "pages"), top(&pages), "\n{}", rows(&top(&pages)));
    assert_eq!(table(&documentation, "mails"), top(&mails), "\n{}", rows(&top(&mails)));
    let mut parts = Members::new();
    for name in pages.values().chain(mails.values()).flatten() {
        if let Some((member, part)) = name.split_once('.') {
            parts.entry(member.to_owned()).or_default().insert(part.to_owned());
        }
    }
    assert_eq!(table(&documentation, "parts"), parts, "\n{}", rows(&parts));
}

#[test]
fn the_variables_of_every_template_are_the_documented_ones() {
    let documentation = documentation();
    for (heading, file, names) in [
        (
            "### Variables of every page",
            "logout-success.html",
            "lang dir title company_name logo favicon monogram styles script page",
        ),
        (
            "### Variables of every mail",
            "emails/welcome.txt",
            "lang dir subject company_name logo primary on_primary accent accent_dark mail",
        ),
    ] {
        let section = documentation.split_once(heading).unwrap().1;
        let section = section.split_once("<!--").unwrap().0;
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir_all(directory.path().join("default/emails")).unwrap();
        let asked: Vec<_> = names.split(' ').map(|name| format!("{{{{ {name} is defined }}}}")).collect();
        fs::write(directory.path().join("default").join(file), asked.join(" ")).unwrap();
        let pages = Pages::with_overrides(directory.path()).unwrap();
        let mail = WelcomeMail { name: None, organization: "Acme", url: None };
        let text = if file.starts_with("emails") {
            pages.render_mail(&acme(), &mail).unwrap().text
        } else {
            pages.render(&acme(), &LogoutSuccessPage {}).html
        };
        assert!(text.split(' ').all(|answer| answer == "True"), "{heading}: {text}");
        assert!(names.split(' ').all(|name| section.contains(&format!("`{name}`"))), "{heading}");
    }
}

#[test]
fn the_functions_languages_and_hooks_are_the_documented_ones() {
    let documentation = documentation();
    let functions = documentation.split_once("### Functions").unwrap().1;
    for name in ["t", "rich", "scope", "duration", "wait", "date", "moment", "browser"] {
        assert!(functions.contains(&format!("`{name}(")), "{name}");
    }
    for word in ["English", "German", "French", "Spanish", "Dutch", "Portuguese", "Japanese", "Arabic"] {
        assert!(documentation.contains(word), "{word}");
    }
    let everything: String =
        every_page(&acme()).into_iter().map(|(_, page)| page.html).collect::<Vec<_>>().join("\n");
    for id in documentation
        .split_once("- ids:")
        .unwrap()
        .1
        .split_once("\n- ")
        .unwrap()
        .0
        .split('`')
        .skip(1)
        .step_by(2)
    {
        assert!(everything.contains(&format!(" id=\"{id}\"")), "{id}");
    }
    let classes = documentation.split_once("- classes:").unwrap().1.split_once("\n- ").unwrap().0;
    let css = include_str!("../../templates/base.css");
    for class in classes.split('`').skip(1).step_by(2) {
        assert!(css.contains(&format!(".{class}")) || everything.contains(class), "{class}");
    }
}
