//! A strict parser of `.env` text.
//!
//! Own code although a library exists: `dotenvy` substitutes `$NAME` from the process environment, which changes
//! secrets that contain a dollar sign, and its errors quote the line, which may be a secret.
//!
//! ```text
//! line   = [ "export" ] NAME "=" value [ "#" comment ]
//! value  = 'literal' | "with \n \r \t \" \\ \$" | bare text up to " #"
//! ```

use std::collections::BTreeMap;

use crate::Problem;

/// Parses every line; a line with a problem is reported by number and skipped.
pub(crate) fn parse(text: &str) -> (BTreeMap<String, String>, Vec<Problem>) {
    let mut values = BTreeMap::new();
    let mut problems = Vec::new();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for (index, line) in text.lines().enumerate() {
        match parse_line(line) {
            Ok(None) => {}
            Ok(Some((name, _))) if values.contains_key(name) => {
                problems.push(problem(
                    index,
                    &format!("{name} stands here a second time"),
                    "keep one of the two",
                ));
            }
            Ok(Some((name, value))) => {
                values.insert(name.to_owned(), value);
            }
            Err((message, remedy)) => problems.push(problem(index, message, remedy)),
        }
    }
    (values, problems)
}

fn problem(index: usize, message: &str, remedy: &str) -> Problem {
    Problem::new(format!(".env line {}", index + 1), message, remedy)
}

type LineError = (&'static str, &'static str);

fn parse_line(line: &str) -> Result<Option<(&str, String)>, LineError> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let (name, value) = line.split_once('=').ok_or(("there is no `=`", "write NAME=value"))?;
    let name = name.trim();
    let name =
        name.strip_prefix("export").filter(|rest| rest.starts_with([' ', '\t'])).map_or(name, str::trim);
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if !is_name {
        return Err(("the name is not letters, digits and underscores", "write NAME=value"));
    }
    parse_value(value.trim()).map(|value| Some((name, value)))
}

fn parse_value(text: &str) -> Result<String, LineError> {
    const UNCLOSED: LineError = ("a quote is not closed", "close it on the same line");
    if let Some(rest) = text.strip_prefix('\'') {
        let (value, rest) = rest.split_once('\'').ok_or(UNCLOSED)?;
        return ends(rest).map(|()| value.to_owned());
    }
    if let Some(rest) = text.strip_prefix('"') {
        let (value, rest) = double_quoted(rest)?.ok_or(UNCLOSED)?;
        return ends(rest).map(|()| value);
    }
    let comment = text.match_indices('#').find(|(at, _)| *at == 0 || text[..*at].ends_with([' ', '\t']));
    let value = comment.map_or(text, |(at, _)| &text[..at]).trim_end();
    refuse_substitution(value)?;
    Ok(value.to_owned())
}

/// Returns the value and the rest after the closing quote; `None` if the quote is never closed.
fn double_quoted(text: &str) -> Result<Option<(String, &str)>, LineError> {
    let mut out = String::new();
    let mut characters = text.char_indices();
    while let Some((at, c)) = characters.next() {
        match c {
            '"' => return Ok(Some((out, &text[at + 1..]))),
            '\\' => out.push(match characters.next() {
                Some((_, 'n')) => '\n',
                Some((_, 'r')) => '\r',
                Some((_, 't')) => '\t',
                Some((_, kept @ ('"' | '\\' | '$'))) => kept,
                _ => {
                    return Err((
                        "an unknown escape follows a backslash",
                        "use single quotes for literal text",
                    ));
                }
            }),
            '$' => {
                refuse_substitution(text.get(at..at + 2).unwrap_or_default())?;
                out.push(c);
            }
            c => out.push(c),
        }
    }
    Ok(None)
}

/// Refuses `${…}`: taken literally, `${SECRET}` would become a secret that everybody can read in the documentation.
fn refuse_substitution(text: &str) -> Result<(), LineError> {
    if text.contains("${") {
        return Err((
            "`${…}` is not filled in here",
            "write the value itself, in single quotes if it is literal",
        ));
    }
    Ok(())
}

fn ends(rest: &str) -> Result<(), LineError> {
    let rest = rest.trim();
    if rest.is_empty() || rest.starts_with('#') {
        return Ok(());
    }
    Err(("text follows the closing quote", "quote the whole value"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(line: &str) -> Option<String> {
        let (values, problems) = parse(line);
        assert!(problems.is_empty(), "{line}: {problems:?}");
        values.into_values().next()
    }

    #[test]
    fn values_are_read_as_written() {
        for (line, value) in [
            ("A=b", "b"),
            ("export A=b", "b"),
            ("  A =  b c  ", "b c"),
            ("A=", ""),
            ("A= # nothing", ""),
            ("A=b # comment", "b"),
            ("A=b#c", "b#c"),
            ("A='b # c' # d", "b # c"),
            ("A=\"b\\n\\\"c\\\\\\$\"", "b\n\"c\\$"),
            ("A=p$w$d", "p$w$d"),
            ("A='${B}'", "${B}"),
            ("A=\"a$b\"", "a$b"),
            ("A=x=y=", "x=y="),
            ("export=1", "1"),
            ("\u{feff}A=b", "b"),
            ("A=it's", "it's"),
        ] {
            assert_eq!(one(line).as_deref(), Some(value), "{line}");
        }
        assert_eq!(one("\n# only a comment\n\n"), None);
        assert_eq!(parse("A=1\r\nB=2\r\n").0.len(), 2);
    }

    #[test]
    fn each_bad_line_is_reported_by_number_and_never_quoted() {
        let bad = [
            "no equals hunter2",
            "1A=hunter2",
            "A B=hunter2",
            "A='hunter2",
            "A=\"hunter2",
            "A=\"hunter2\\x\"",
            "A=\"hunter2\" hunter2",
            "A=${hunter2}",
            "A=x${hunter2}",
            "A=\"${hunter2}\"",
            "A=$${hunter2}",
            "=hunter2",
        ];
        let (values, problems) = parse(&bad.join("\n"));
        assert!(values.is_empty(), "{values:?}");
        assert_eq!(problems.len(), bad.len(), "{problems:?}");
        for (index, problem) in problems.iter().enumerate() {
            assert_eq!(problem.key, format!(".env line {}", index + 1));
            assert!(!problem.to_string().contains("hunter2"), "{problem}");
        }
    }

    #[test]
    fn a_name_given_twice_is_a_problem() {
        let (values, problems) = parse("A=1\nA=2");
        assert_eq!(values["A"], "1");
        assert_eq!(problems[0].key, ".env line 2");
    }
}
