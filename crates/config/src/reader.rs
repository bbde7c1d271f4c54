//! Typed reading that collects problems: an unusable value is noted and replaced by a placeholder, so that one start
//! reports every problem. Placeholders never leave this crate: [`Reader::finish`] returns the problems instead.

use porta_trust::Roots;
use secrecy::SecretString;

use crate::Problem;
use crate::source::Source;
use crate::variable::{Kind, VariableDoc};

/// A secret as read. `Refused`: it is unusable and the problem was noted, which is not the same as absent.
pub(crate) enum SecretInput {
    Absent,
    Refused,
    Value(SecretString),
}

impl SecretInput {
    pub(crate) fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }
}

pub(crate) struct Reader<'s> {
    source: &'s Source<'s>,
    problems: Vec<Problem>,
    /// Trusted roots of outgoing TLS, once they were read.
    pub(crate) roots: Option<Roots>,
}

impl<'s> Reader<'s> {
    pub(crate) fn new(source: &'s Source<'s>) -> Self {
        Self { source, problems: source.dotenv_problems().to_vec(), roots: None }
    }

    pub(crate) fn source(&self) -> &'s Source<'s> {
        self.source
    }

    pub(crate) fn note(
        &mut self,
        variable: &VariableDoc,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.problems.push(Problem::new(variable.name, message, remedy));
    }

    pub(crate) fn note_all(&mut self, problems: impl IntoIterator<Item = Problem>) {
        self.problems.extend(problems);
    }

    /// Returns the problems as the error, if there are any.
    pub(crate) fn check(self) -> Result<(), Vec<Problem>> {
        if self.problems.is_empty() { Ok(()) } else { Err(self.problems) }
    }

    pub(crate) fn finish<T>(self, value: T) -> Result<T, Vec<Problem>> {
        self.check().map(|()| value)
    }

    /// The value as given, untrimmed.
    fn raw(&mut self, variable: &VariableDoc) -> Option<String> {
        match self.source.find(variable) {
            Ok(value) => value,
            Err(problem) => {
                self.problems.push(problem);
                None
            }
        }
    }

    /// Returns the trimmed value of a variable that is no secret.
    pub(crate) fn text(&mut self, variable: &VariableDoc) -> Option<String> {
        let value = self.raw(variable)?.trim().to_owned();
        if value.chars().any(char::is_control) {
            self.note(variable, "the value contains control characters", "write it on one line");
        }
        Some(value)
    }

    pub(crate) fn secret(&mut self, variable: &VariableDoc) -> SecretInput {
        match self.source.find(variable) {
            Ok(None) => SecretInput::Absent,
            Ok(Some(value)) => SecretInput::Value(SecretString::from(value)),
            Err(problem) => {
                self.problems.push(problem);
                SecretInput::Refused
            }
        }
    }

    pub(crate) fn note_missing(&mut self, variable: &VariableDoc) {
        let file = if variable.secret { format!(" or {}_FILE", variable.name) } else { String::new() };
        self.note(variable, "it is not set", format!("set it{file} ({})", variable.kind));
    }

    pub(crate) fn boolean(&mut self, variable: &VariableDoc) -> Option<bool> {
        let value = self.raw(variable)?;
        match value.trim().to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => Some(true),
            "false" | "0" | "no" | "off" => Some(false),
            _ => {
                self.note(variable, format!("{} is neither yes nor no", quoted(&value)), "use true or false");
                None
            }
        }
    }

    pub(crate) fn number(&mut self, variable: &VariableDoc) -> Option<u64> {
        let Kind::Number { minimum, maximum } = variable.kind else { return None };
        let value = self.raw(variable)?;
        let digits = value.trim();
        let is_plain = digits.bytes().all(|b| b.is_ascii_digit());
        let number = digits.parse().ok().filter(|n| is_plain && (minimum..=maximum).contains(n));
        if number.is_none() {
            let message = format!("{} is not a whole number from {minimum} to {maximum}", quoted(&value));
            self.note(variable, message, "use a number within these bounds");
        }
        number
    }

    /// The number, or the declared default.
    pub(crate) fn number_or_default(&mut self, variable: &VariableDoc) -> u64 {
        self.number(variable).or_else(|| variable.default?.parse().ok()).unwrap_or_default()
    }

    /// One of the declared words.
    pub(crate) fn word(&mut self, variable: &VariableDoc) -> Option<&'static str> {
        let Kind::OneOf(words) = variable.kind else { return None };
        let value = self.raw(variable)?;
        let found = words.iter().copied().find(|word| word.eq_ignore_ascii_case(value.trim()));
        if found.is_none() {
            self.note(
                variable,
                format!("{} is not known", quoted(&value)),
                format!("use {}", words.join(", ")),
            );
        }
        found
    }

    /// Items of a comma separated list, trimmed; an empty one is a problem.
    pub(crate) fn list(&mut self, variable: &VariableDoc) -> Vec<String> {
        let Some(value) = self.text(variable) else { return Vec::new() };
        let items: Vec<String> = value.split(',').map(|item| item.trim().to_owned()).collect();
        if items.iter().any(String::is_empty) {
            self.note(variable, "an item of the list is empty", "remove the extra comma");
            return Vec::new();
        }
        items
    }
}

/// A short excerpt of a value, for messages. Only for kinds that hold no secret.
fn quoted(value: &str) -> String {
    let short: String = value.trim().chars().take(24).collect();
    format!("{short:?}")
}
