//! Reads files: syntax, shape, switches, and secrets from the environment and from other files. Every problem of a file is
//! found in one run, and told with its place. No message quotes a value: a wrong file may be a secret one.
//!
//! ```text
//! bytes ─► text ─► values with ordinals (node.rs) ─► merge keys ─► shape (check.rs) ─► Document ─► secrets
//! ```

use std::fmt;

use secrecy::ExposeSecret as _;
use serde_json::Value;

use super::document::{Document, SecretItem, SecretText};
use crate::Problem;

mod check;
mod fields;
mod merge;
mod node;
mod reference;
mod schema;
mod shape;

pub use reference::References;
pub use schema::json_schema;

pub(super) use fields::DOCUMENT;
pub(super) use shape::Kind;

use node::{Node, Ordinal};

/// Size limit in bytes, checked before parsing.
pub const MAXIMUM_BYTES: usize = 10 * 1024 * 1024;

/// Most problems whose places are looked up: each lookup reads the file again.
const LOCATED: usize = 100;

/// Syntax of a file. YAML includes JSON, but a JSON parser gives better error messages for JSON files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Yaml,
    Json,
}

impl Format {
    /// By the extension of a path; no extension (standard input) means YAML. `None` if unknown.
    pub fn of_extension(extension: Option<&str>) -> Option<Self> {
        match extension {
            None | Some("yaml" | "yml") => Some(Self::Yaml),
            Some("json") => Some(Self::Json),
            Some(_) => None,
        }
    }
}

/// A place in a file, both from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    pub line: usize,
    pub column: usize,
}

/// A problem with its place in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located {
    pub position: Option<Position>,
    pub problem: Problem,
}

impl Located {
    fn nowhere(message: String) -> Self {
        Self { position: None, problem: Problem::new("", message) }
    }
}

impl fmt::Display for Located {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(Position { line, column }) = self.position {
            write!(f, "{line}:{column}: ")?;
        }
        self.problem.fmt(f)
    }
}

/// All problems of a file that is not a valid document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the document was refused: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
pub struct ReadError(pub Vec<Located>);

/// A problem of a value that was read.
struct Found {
    ordinal: Ordinal,
    problem: Problem,
}

impl Found {
    fn new(ordinal: Ordinal, path: &str, message: impl Into<String>) -> Self {
        Self { ordinal, problem: Problem::new(path, message) }
    }
}

/// The path of a field.
fn below(path: &str, key: &str) -> String {
    let key = shown(key);
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// A name, if it looks like one.
fn shown(name: &str) -> &str {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-:.@".contains(c);
    if name.len() <= 100 && name.chars().all(is_plain) { name } else { "…" }
}

/// A file that has the shape of a document.
pub struct SourceFile {
    text: String,
    format: Format,
    root: Node,
}

impl SourceFile {
    /// Reads a file.
    pub fn parse(bytes: &[u8], format: Format) -> Result<Self, ReadError> {
        if bytes.len() > MAXIMUM_BYTES {
            return Err(ReadError(vec![Located::nowhere("the file is larger than 10 MiB".to_owned())]));
        }
        let text = std::str::from_utf8(bytes).map_err(|error| ReadError(vec![not_utf8(bytes, &error)]))?;
        // Editors may prefix a byte order mark, which parsers treat as content.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut root = Node::parse(text, format).map_err(|refused| ReadError(vec![refused]))?;
        let mut problems = Vec::new();
        merge::merge(&mut root, "", &mut problems);
        check::check(&mut root, &Kind::Map(&DOCUMENT), "", &mut problems);
        check::find_duplicates(&root, &mut problems);
        if problems.is_empty() {
            return Ok(Self { text: text.to_owned(), format, root });
        }
        Err(ReadError(located(text, format, problems)))
    }

    /// The document, with its secrets filled in.
    pub fn document(&self, references: &dyn References) -> Result<Document, ReadError> {
        let mut document: Document =
            serde_path_to_error::deserialize(self.root.to_value()).map_err(|error| {
                let path = error.path().to_string();
                self.refused(vec![Problem::new(path.trim_matches('.'), "is not what this field takes")])
            })?;
        let mut problems = Vec::new();
        if document.version != "1.0" {
            problems.push(Problem::new("version", "this program reads version \"1.0\""));
        }
        secrets(&mut document, references, &mut problems);
        if problems.is_empty() { Ok(document) } else { Err(self.refused(problems)) }
    }

    /// The values as they are written: secrets are not filled in.
    pub fn to_value(&self) -> Value {
        self.root.to_value()
    }

    /// Problems that are found later, with their places.
    pub fn refused(&self, problems: Vec<Problem>) -> ReadError {
        let found = problems.into_iter().map(|problem| {
            let ordinal = self.root.at(&problem.path).ordinal;
            Found { ordinal, problem }
        });
        ReadError(located(&self.text, self.format, found.collect()))
    }
}

fn located(text: &str, format: Format, problems: Vec<Found>) -> Vec<Located> {
    let locate = |(i, found): (usize, Found)| Located {
        position: (i < LOCATED).then(|| node::position(text, format, found.ordinal)).flatten(),
        problem: found.problem,
    };
    let mut all: Vec<Located> = problems.into_iter().enumerate().map(locate).collect();
    all.sort_by_key(|located| located.position.map_or((usize::MAX, 0), |at| (at.line, at.column)));
    all
}

fn not_utf8(bytes: &[u8], error: &std::str::Utf8Error) -> Located {
    let good = &bytes[..error.valid_up_to()];
    let line = good.split(|byte| *byte == b'\n').count();
    let since = good.iter().rev().take_while(|byte| **byte != b'\n').count();
    let position = Some(Position { line, column: since + 1 });
    Located { position, problem: Problem::new("", "the file is not UTF-8") }
}

/// Parses and checks a text. `environment` resolves `${NAME}` and `env:NAME` in secrets; other files are not read.
pub fn read(
    text: &str,
    format: Format,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Document, ReadError> {
    SourceFile::parse(text.as_bytes(), format)?.document(&reference::Variables(environment))
}

fn secrets(document: &mut Document, references: &dyn References, problems: &mut Vec<Problem>) {
    let allow_passwords = document.allow_passwords;
    for (o, organization) in document.organizations.iter_mut().enumerate() {
        for (a, application) in organization.applications.iter_mut().enumerate() {
            for (c, client) in application.clients.iter_mut().enumerate() {
                let Some(secret) = &mut client.secret else { continue };
                let at = format!("organizations[{o}].applications[{a}].clients[{c}].secret");
                client_secret(secret, &at, references, problems);
            }
        }
        for (u, user) in organization.users.iter_mut().enumerate() {
            let Some(password) = &mut user.password else { continue };
            let at = format!("organizations[{o}].users[{u}].password");
            if !allow_passwords {
                problems.push(Problem::new(&at, "passwords in a file need `allow_passwords: true`"));
            }
            fill(password, &at, references, problems);
        }
    }
}

fn client_secret(
    secret: &mut SecretItem,
    at: &str,
    references: &dyn References,
    problems: &mut Vec<Problem>,
) {
    if secret.expires_at.is_some() && secret.expires_in.is_some() {
        problems.push(Problem::new(at, "use expires_at or expires_in, not both"));
    }
    if let Some(value) = &mut secret.value {
        fill(value, &format!("{at}.value"), references, problems);
    }
}

fn fill(text: &mut SecretText, at: &str, references: &dyn References, problems: &mut Vec<Problem>) {
    match reference::resolve(text.0.expose_secret(), references) {
        Ok(filled) => text.0 = filled,
        Err(problem) => problems.push(Problem::new(at, problem)),
    }
}

#[cfg(test)]
mod tests;
