//! Template engine: built-in templates, an operator's overrides, and the functions available to both.
//!
//! Templates see only their context. An operator's template has an instruction budget and cannot disable escaping; on
//! any error the built-in template is used.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::{fs, io};

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Kwargs, Serde, Value};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, Output, State, UndefinedBehavior};
use porta_core::{Slug, Timestamp};
use serde::Serialize;

use crate::embedded::{MAILS, OVERRIDABLE, TEMPLATES};
use crate::messages::{Catalogue, Messages, fill};
use crate::text::{escape, without_deceptive};

/// Instruction budget of one rendering; the largest built-in page needs a tenth of it.
const FUEL: u64 = 500_000;
/// Size limit of a template file.
const MAX_TEMPLATE_BYTES: u64 = 256 * 1024;
/// Folder for organizations that have none of their own.
const DEFAULT_FOLDER: &str = "default";
/// Filters that could turn data into markup.
const REMOVED_FILTERS: &[&str] = &["safe"];

/// Operator templates that cannot be used, each with its problem.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("; "))]
pub struct TemplateProblems(pub Vec<String>);

#[derive(Debug)]
pub(crate) struct Engine {
    environment: Environment<'static>,
    catalogue: Arc<Catalogue>,
    /// Names of the operator templates that compiled.
    overrides: BTreeSet<String>,
}

impl Engine {
    #[expect(clippy::expect_used, reason = "the templates are embedded and every test compiles them")]
    pub(crate) fn new() -> Self {
        let catalogue = Arc::new(Catalogue::embedded());
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment
            .set_auto_escape_callback(|name| if is_text(name) { AutoEscape::None } else { AutoEscape::Html });
        environment.set_formatter(write_value);
        environment.set_fuel(Some(FUEL));
        environment.set_syntax(
            SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build().expect("these options fit"),
        );
        for filter in REMOVED_FILTERS {
            environment.remove_filter(filter);
        }
        add_functions(&mut environment, &catalogue);
        for (name, source) in TEMPLATES {
            environment.add_template(name, source).expect("embedded templates compile");
        }
        Self { environment, catalogue, overrides: BTreeSet::new() }
    }

    pub(crate) fn messages(&self, locale: &str) -> Messages<'_> {
        self.catalogue.messages(locale)
    }

    /// Reads `{directory}/{organization or default}/…` once. Folder and file names are checked against the allowed
    /// ones, and no part of a request is ever used in a path.
    ///
    /// # Errors
    /// Everything that cannot be used: the directory, a file in it, a template that does not compile.
    pub(crate) fn load(&mut self, directory: &Path) -> Result<(), TemplateProblems> {
        let mut problems = Vec::new();
        let entries = fs::read_dir(directory).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        let entries = entries.unwrap_or_else(|error| {
            problems.push(format!("{} cannot be read: {error}", directory.display()));
            Vec::new()
        });
        for entry in entries {
            let Some(folder) = entry.file_name().to_str().map(str::to_owned) else { continue };
            if !entry.path().is_dir() || folder.starts_with('.') {
                continue;
            }
            if folder != DEFAULT_FOLDER && Slug::parse(&folder).is_err() {
                tracing::warn!(folder, "template folder is neither an organization's slug nor `default`");
                continue;
            }
            self.load_folder(&entry.path(), &folder, "", OVERRIDABLE, &mut problems);
            let mails = entry.path().join("emails");
            if mails.is_dir() {
                self.load_folder(&mails, &folder, "emails/", MAILS, &mut problems);
            }
        }
        if problems.is_empty() { Ok(()) } else { Err(TemplateProblems(problems)) }
    }

    fn load_folder(
        &mut self,
        path: &Path,
        folder: &str,
        prefix: &str,
        known: &[&str],
        problems: &mut Vec<String>,
    ) {
        let entries = match fs::read_dir(path).and_then(Iterator::collect::<io::Result<Vec<_>>>) {
            Ok(entries) => entries,
            Err(error) => return problems.push(format!("{folder}/{prefix} cannot be read: {error}")),
        };
        for entry in entries {
            let Some(file) = entry.file_name().to_str().map(str::to_owned) else { continue };
            if entry.path().is_dir() || file.starts_with('.') {
                continue;
            }
            let is_known = file.rsplit_once('.').is_some_and(|(name, suffix)| {
                known.contains(&name) && (suffix == "html" || (suffix == "txt" && !prefix.is_empty()))
            });
            if !is_known {
                tracing::warn!(folder, file, "no page or mail has a template of this name");
                continue;
            }
            let name = override_name(folder, &format!("{prefix}{file}"));
            let shown = format!("{folder}/{prefix}{file}");
            match read(&entry.path()).map(|source| self.environment.add_template_owned(name.clone(), source))
            {
                Ok(Ok(())) => {
                    self.overrides.insert(name);
                }
                Ok(Err(error)) => problems.push(format!("{shown} does not compile: {error}")),
                Err(error) => problems.push(format!("{shown} cannot be read: {error}")),
            }
        }
    }

    /// Renders the organization's template, else the operator's default, else the built-in one. If the chosen one
    /// fails, logs the error and renders the built-in one.
    pub(crate) fn render(
        &self,
        template: &str,
        organization: &str,
        context: &impl Serialize,
    ) -> Result<String, Error> {
        let context = Value::from(Serde(context));
        for folder in [organization, DEFAULT_FOLDER] {
            let name = override_name(folder, template);
            if !self.overrides.contains(&name) {
                continue;
            }
            match self.render_one(&name, &context) {
                Ok(text) => return Ok(text),
                Err(error) => {
                    tracing::error!(template = name, error = %error, "template cannot be rendered; the built-in one is used");
                    break;
                }
            }
        }
        self.render_one(template, &context)
    }

    fn render_one(&self, name: &str, context: &Value) -> Result<String, Error> {
        self.environment.get_template(name)?.render(context.clone())
    }
}

/// Name of an override; the prefix keeps it distinct from built-in names, whatever the organization is called.
fn override_name(folder: &str, template: &str) -> String {
    format!("override/{folder}/{template}")
}

fn read(path: &Path) -> io::Result<String> {
    if fs::metadata(path)?.len() > MAX_TEMPLATE_BYTES {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "larger than 256 KiB"));
    }
    let text = fs::read_to_string(path)?;
    // Editors may prefix a byte order mark, which would appear before the document type.
    Ok(match text.strip_prefix('\u{feff}') {
        Some(rest) => rest.to_owned(),
        None => text,
    })
}

fn is_text(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, suffix)| suffix == "txt")
}

/// Chooses the escaping by the template's name and ignores its `autoescape` blocks.
fn write_value(out: &mut Output<'_>, state: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    let text = value.as_str().map_or_else(|| Cow::Owned(value.to_string()), Cow::Borrowed);
    let written = if is_text(state.name()) {
        out.write_str(&without_deceptive(&text))
    } else if value.is_safe() {
        out.write_str(&text)
    } else {
        out.write_str(&escape(&without_deceptive(&text)))
    };
    written.map_err(Error::from)
}

fn add_functions(environment: &mut Environment<'static>, catalogue: &Arc<Catalogue>) {
    let messages = Arc::clone(catalogue);
    environment.add_function("t", move |state: &State<'_, '_>, key: &str, arguments: Kwargs| {
        plain(messages.messages(&language(state)), key, &arguments)
    });
    let messages = Arc::clone(catalogue);
    environment.add_function("rich", move |state: &State<'_, '_>, key: &str, arguments: Kwargs| {
        rich(messages.messages(&language(state)), key, &arguments)
    });
    let messages = Arc::clone(catalogue);
    environment.add_function("scope", move |state: &State<'_, '_>, name: &str| {
        let markup = fill(
            messages.messages(&language(state)).get(scope_key(name), None).unwrap_or_default(),
            escape,
            |_| Some(emphasised(name)),
        );
        Value::from_safe_string(markup)
    });
    let messages = Arc::clone(catalogue);
    environment.add_function("duration", move |state: &State<'_, '_>, seconds: u64| {
        messages.messages(&language(state)).duration(seconds)
    });
    let messages = Arc::clone(catalogue);
    environment.add_function("wait", move |state: &State<'_, '_>, seconds: u64| {
        messages.messages(&language(state)).wait(seconds)
    });
    let messages = Arc::clone(catalogue);
    environment.add_function("date", move |state: &State<'_, '_>, micros: i64| {
        messages.messages(&language(state)).date(Timestamp::from_micros(micros))
    });
    let messages = Arc::clone(catalogue);
    environment.add_function("moment", move |state: &State<'_, '_>, micros: i64| {
        messages.messages(&language(state)).moment(Timestamp::from_micros(micros))
    });
    let messages = Arc::clone(catalogue);
    environment.add_function("browser", move |state: &State<'_, '_>, user_agent: &str| {
        messages.messages(&language(state)).browser(user_agent)
    });
}

fn language(state: &State<'_, '_>) -> String {
    state.lookup("lang").and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}

/// The pattern of `key` in the plural form for the argument `count`, and a function that looks up placeholders. `none`
/// arguments count as missing.
fn pattern<'w>(
    messages: Messages<'w>,
    key: &str,
    arguments: &Kwargs,
) -> Result<(&'w str, impl Fn(&str) -> Option<String>), Error> {
    let mut given = Vec::new();
    for name in arguments.args() {
        let value: Value = arguments.get(name)?;
        if !value.is_none() {
            given.push((name.to_owned(), value));
        }
    }
    let find = move |name: &str| {
        let value = given.iter().find(|(n, _)| n == name).map(|(_, value)| value)?;
        Some(value.as_str().map_or_else(|| value.to_string(), str::to_owned))
    };
    let count = find("count").and_then(|count| count.parse().ok());
    let pattern = messages
        .get(key, count)
        .ok_or_else(|| Error::new(ErrorKind::InvalidOperation, format!("the catalogue has no `{key}`")))?;
    Ok((pattern, find))
}

/// Text of a key as plain text; the template escapes it.
fn plain(messages: Messages<'_>, key: &str, arguments: &Kwargs) -> Result<String, Error> {
    let (pattern, find) = pattern(messages, key, arguments)?;
    Ok(fill(pattern, str::to_owned, find))
}

/// Text of a key as markup: arguments are escaped, emphasised and isolated from the surrounding text direction.
fn rich(messages: Messages<'_>, key: &str, arguments: &Kwargs) -> Result<Value, Error> {
    let (pattern, find) = pattern(messages, key, arguments)?;
    let markup = fill(pattern, escape, |name| find(name).map(|text| emphasised(&text)));
    Ok(Value::from_safe_string(markup))
}

fn emphasised(text: &str) -> String {
    format!("<bdi class=\"name\">{}</bdi>", escape(&without_deceptive(text)))
}

fn scope_key(scope: &str) -> &'static str {
    match scope {
        "openid" => "consent.scope_openid",
        "profile" => "consent.scope_profile",
        "email" => "consent.scope_email",
        "phone" => "consent.scope_phone",
        "address" => "consent.scope_address",
        "offline_access" => "consent.scope_offline_access",
        _ => "consent.scope_other",
    }
}
