//! What differs from the table. A test of a rule collects all of it, so that one run tells everything.

use std::fmt::Debug;

use porta_testkit::Answer;
use serde_json::Value;

#[derive(Default)]
pub(super) struct Differences(Vec<String>);

impl Differences {
    /// `about` tells the operation, and what the answer was.
    pub(super) fn equal<A, B>(&mut self, about: &str, found: &A, expected: &B)
    where
        A: PartialEq<B> + Debug + ?Sized,
        B: Debug + ?Sized,
    {
        if found != expected {
            self.add(format!("{about}\n    {found:?} in place of {expected:?}"));
        }
    }

    /// Adds a difference unless `fact` holds.
    pub(super) fn holds(&mut self, about: &str, fact: bool) {
        if !fact {
            self.add(about.to_owned());
        }
    }

    pub(super) fn add(&mut self, difference: String) {
        self.0.push(difference);
    }

    /// Ends the test.
    pub(super) fn none(self) {
        assert!(self.0.is_empty(), "{} differences:\n{}", self.0.len(), self.0.join("\n"));
    }
}

/// The JSON of an answer; `null` if it is none.
pub(super) fn parsed(answer: &Answer) -> Value {
    serde_json::from_str(&answer.body).unwrap_or_default()
}
