//! Parses and checks a document: syntax, version, switches, and secrets from environment variables.

use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize as _;

use super::document::{Document, SecretItem, SecretText};
use crate::Problem;

/// Size limit in bytes, checked before parsing.
const MAXIMUM_BYTES: usize = 10 * 1024 * 1024;

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

/// All problems of a text that is not a valid document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the document was refused: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
pub struct ReadError(pub Vec<Problem>);

/// Parses and checks a document. `environment` resolves `${NAME}` in secrets.
pub fn read(
    text: &str,
    format: Format,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Document, ReadError> {
    if text.len() > MAXIMUM_BYTES {
        return Err(ReadError(vec![Problem::new("", "the file is larger than 10 MiB")]));
    }
    // Editors may prefix a byte order mark, which parsers treat as content.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut document = match format {
        Format::Yaml => parse(serde_yaml_ng::Deserializer::from_str(text))?,
        Format::Json => parse(&mut serde_json::Deserializer::from_str(text))?,
    };
    let mut problems = Vec::new();
    if document.version != "1.0" {
        problems.push(Problem::new("version", "this program reads version \"1.0\""));
    }
    secrets(&mut document, environment, &mut problems);
    if problems.is_empty() { Ok(document) } else { Err(ReadError(problems)) }
}

fn parse<'de, D>(deserializer: D) -> Result<Document, ReadError>
where
    D: serde::Deserializer<'de>,
    D::Error: std::fmt::Display,
{
    let mut track = serde_path_to_error::Track::new();
    let deserializer = serde_path_to_error::Deserializer::new(deserializer, &mut track);
    Document::deserialize(deserializer).map_err(|error| {
        let path = track.path().to_string();
        let path = if path == "." { String::new() } else { path };
        // The YAML parser repeats the path, or its beginning, in the message: remove it there.
        let message = error.to_string();
        let rest = message.split_once(": ").filter(|(head, _)| path.starts_with(head)).map(|(_, rest)| rest);
        let message = rest.unwrap_or(&message).to_owned();
        ReadError(vec![Problem::new(path, message)])
    })
}

fn secrets(
    document: &mut Document,
    environment: &dyn Fn(&str) -> Option<String>,
    problems: &mut Vec<Problem>,
) {
    let allow_passwords = document.allow_passwords;
    for (o, organization) in document.organizations.iter_mut().enumerate() {
        for (a, application) in organization.applications.iter_mut().enumerate() {
            for (c, client) in application.clients.iter_mut().enumerate() {
                let Some(secret) = &mut client.secret else { continue };
                let at = format!("organizations[{o}].applications[{a}].clients[{c}].secret");
                client_secret(secret, &at, environment, problems);
            }
        }
        for (u, user) in organization.users.iter_mut().enumerate() {
            let Some(password) = &mut user.password else { continue };
            let at = format!("organizations[{o}].users[{u}].password");
            if !allow_passwords {
                problems.push(Problem::new(&at, "passwords in a file need `allow_passwords: true`"));
            }
            fill(password, &at, environment, problems);
        }
    }
}

fn client_secret(
    secret: &mut SecretItem,
    at: &str,
    environment: &dyn Fn(&str) -> Option<String>,
    problems: &mut Vec<Problem>,
) {
    if secret.expires_at.is_some() && secret.expires_in.is_some() {
        problems.push(Problem::new(at, "use expires_at or expires_in, not both"));
    }
    if let Some(value) = &mut secret.value {
        fill(value, &format!("{at}.value"), environment, problems);
    }
}

fn fill(
    text: &mut SecretText,
    at: &str,
    environment: &dyn Fn(&str) -> Option<String>,
    problems: &mut Vec<Problem>,
) {
    match interpolate(text.0.expose_secret(), environment) {
        Ok(filled) => text.0 = filled,
        Err(problem) => problems.push(Problem::new(at, problem)),
    }
}

/// Replaces every `${NAME}`; other dollar signs are literal.
fn interpolate(text: &str, environment: &dyn Fn(&str) -> Option<String>) -> Result<SecretString, String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let (before, from) = rest.split_at(start);
        out.push_str(before);
        let Some(end) = from.find('}') else { break };
        let name = &from[2..end];
        if !is_variable_name(name) {
            out.push_str("${");
            rest = &from[2..];
            continue;
        }
        match environment(name).filter(|value| !value.is_empty()) {
            Some(value) => out.push_str(&value),
            None => return Err(format!("environment variable {name} is not set")),
        }
        rest = &from[end + 1..];
    }
    if let Some(start) = rest.find("${") {
        // No closing brace: literal.
        out.push_str(&rest[start..]);
    } else {
        out.push_str(rest);
    }
    Ok(out.into())
}

fn is_variable_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

#[cfg(test)]
mod tests;
