//! References to secrets: `${NAME}` within a text, `env:NAME` or `file:PATH` as the whole of it.

use secrecy::SecretString;

/// Where secrets are kept.
pub trait References {
    /// An environment variable.
    fn variable(&self, name: &str) -> Option<String>;

    /// The content of a file; the error says why there is none.
    fn file(&self, path: &str) -> Result<String, String>;
}

/// Environment variables only.
pub(super) struct Variables<'f>(pub(super) &'f dyn Fn(&str) -> Option<String>);

impl References for Variables<'_> {
    fn variable(&self, name: &str) -> Option<String> {
        (self.0)(name)
    }

    fn file(&self, _: &str) -> Result<String, String> {
        Err("files are not read here".to_owned())
    }
}

pub(super) fn resolve(text: &str, references: &dyn References) -> Result<SecretString, String> {
    if let Some(name) = text.strip_prefix("env:") {
        if !is_variable_name(name) {
            return Err("`env:` is followed by the name of an environment variable".to_owned());
        }
        return Ok(variable(name, references)?.into());
    }
    if let Some(path) = text.strip_prefix("file:") {
        let content = references.file(path)?;
        // Editors end a file with a line break.
        let content = content.strip_suffix('\n').unwrap_or(&content);
        let content = content.strip_suffix('\r').unwrap_or(content);
        if content.is_empty() {
            return Err("the file of the secret is empty".to_owned());
        }
        return Ok(content.into());
    }
    interpolate(text, references)
}

fn variable(name: &str, references: &dyn References) -> Result<String, String> {
    let value = references.variable(name).filter(|value| !value.is_empty());
    value.ok_or_else(|| format!("environment variable {name} is not set"))
}

/// Replaces every `${NAME}`; other dollar signs are literal.
fn interpolate(text: &str, references: &dyn References) -> Result<SecretString, String> {
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
        out.push_str(&variable(name, references)?);
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
mod tests {
    use rstest::rstest;
    use secrecy::ExposeSecret as _;

    use super::*;

    struct Known;

    impl References for Known {
        fn variable(&self, name: &str) -> Option<String> {
            match name {
                "CRANE_SECRET" => Some("a-secret-of-the-crane".to_owned()),
                "EMPTY" => Some(String::new()),
                _ => None,
            }
        }

        fn file(&self, path: &str) -> Result<String, String> {
            match path {
                "/run/crane" => Ok("from a file\r\n".to_owned()),
                "/run/two-lines" => Ok("one\ntwo\n".to_owned()),
                "/run/empty" => Ok("\n".to_owned()),
                _ => Err("cannot be read".to_owned()),
            }
        }
    }

    #[rstest]
    #[case("${CRANE_SECRET}", Ok("a-secret-of-the-crane"))]
    #[case("<${CRANE_SECRET}>", Ok("<a-secret-of-the-crane>"))]
    #[case("${CRANE_SECRET}${CRANE_SECRET}", Ok("a-secret-of-the-cranea-secret-of-the-crane"))]
    #[case("pa$$word ${not a name} $", Ok("pa$$word ${not a name} $"))]
    #[case("ends ${OPEN", Ok("ends ${OPEN"))]
    #[case("a ${", Ok("a ${"))]
    #[case("${MISSING}", Err("environment variable MISSING is not set"))]
    #[case("${EMPTY}", Err("environment variable EMPTY is not set"))]
    #[case("env:CRANE_SECRET", Ok("a-secret-of-the-crane"))]
    #[case("env:MISSING", Err("environment variable MISSING is not set"))]
    #[case("env:not a name", Err("`env:` is followed by the name of an environment variable"))]
    #[case("file:/run/crane", Ok("from a file"))]
    #[case("file:/run/two-lines", Ok("one\ntwo"))]
    #[case("file:/run/empty", Err("the file of the secret is empty"))]
    #[case("file:/run/nowhere", Err("cannot be read"))]
    fn secrets_come_from_where_a_file_says(#[case] text: &str, #[case] expected: Result<&str, &str>) {
        let filled = resolve(text, &Known).map(|secret| secret.expose_secret().to_owned());
        assert_eq!(filled, expected.map(str::to_owned).map_err(str::to_owned));
    }
}
