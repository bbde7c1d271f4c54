//! Every command and option is named by a test of the executable (docs/reference/cli-coverage.md).
//!
//! The words of commands are read from the sources of the tests: texts that follow each other, as in
//! `["org", "create", "--name"]`; the first text of the helper `about` stands before what it is called with. A command in a
//! loop is its last word alone, in a test that names the family.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use clap::{Arg, Command, CommandFactory as _};
use porta_testkit::reference::{compare, table};

use super::sources;
use crate::cli::Cli;

/// A function or constant of the tests, with the texts in it.
struct Unit {
    file: String,
    name: String,
    words: Vec<String>,
    /// What the helper `about` puts before its words, if it is called.
    about: Option<String>,
}

#[test]
fn every_command_and_option_is_tested() {
    let mut cli = Cli::command();
    cli.build();
    let mut commands = Vec::new();
    collect(&cli, &[], &mut commands);
    let families: BTreeSet<&str> =
        commands.iter().flat_map(|(path, _)| path[..path.len() - 1].iter().map(String::as_str)).collect();
    let units = units();
    let (mut rows, mut gaps) = (Vec::new(), Vec::new());
    for (path, command) in &commands {
        let name = path.join(" ");
        let tests: Vec<&Unit> = units.iter().filter(|unit| unit.names(path, &families)).collect();
        if tests.is_empty() {
            gaps.push(format!("porta {name}"));
        }
        let files: BTreeSet<&str> = tests.iter().map(|unit| unit.file.as_str()).collect();
        let words: BTreeSet<&str> = files.iter().flat_map(|file| words_of(&units, file)).collect();
        let mut options = Vec::new();
        for option in command.get_arguments().filter(|option| is_own(option)) {
            let long = format!("--{}", option.get_long().unwrap_or_default());
            let short = option.get_short().map(|letter| format!("-{letter}"));
            if !words.contains(long.as_str()) && !short.is_some_and(|short| words.contains(short.as_str())) {
                gaps.push(format!("porta {name} {long}"));
            }
            options.push(format!("`{long}`"));
        }
        let shown: Vec<String> =
            tests.iter().take(3).map(|unit| format!("`{}::{}`", unit.file, unit.name)).collect();
        rows.push(vec![format!("`{name}`"), options.join(" "), shown.join(", ")]);
    }
    assert_eq!(gaps, Vec::<String>::new(), "no test of the executable names them");
    compare("reference/cli-coverage.md", "commands", &table(&["Command", "Options", "Tests"], rows));
}

#[test]
fn every_option_of_all_commands_is_tested() {
    let mut cli = Cli::command();
    cli.build();
    let units = units();
    let words: BTreeSet<&str> = units.iter().flat_map(|unit| unit.words.iter().map(String::as_str)).collect();
    let mut commands = Vec::new();
    collect(&cli, &[], &mut commands);
    let mut tested: BTreeMap<String, bool> = BTreeMap::new();
    for option in commands.iter().flat_map(|(_, command)| command.get_arguments()) {
        let Some(long) = option.get_long().filter(|_| option.is_global_set()) else { continue };
        tested.insert(format!("--{long}"), words.contains(format!("--{long}").as_str()));
    }
    let gaps: Vec<&String> =
        tested.iter().filter(|(_, is_tested)| !**is_tested).map(|(name, _)| name).collect();
    assert!(gaps.is_empty() && tested.len() > 8, "{gaps:?} of {tested:?}");
}

fn words_of<'u>(units: &'u [Unit], file: &str) -> BTreeSet<&'u str> {
    let of_file = units.iter().filter(|unit| unit.file == file);
    of_file.flat_map(|unit| unit.words.iter().map(String::as_str)).collect()
}

/// Options of one command, without those that all have.
fn is_own(option: &Arg) -> bool {
    let name = option.get_long().unwrap_or_default();
    !option.is_global_set() && !matches!(name, "" | "help" | "version")
}

/// The commands that do something.
fn collect<'c>(command: &'c Command, path: &[String], all: &mut Vec<(Vec<String>, &'c Command)>) {
    for below in command.get_subcommands().filter(|below| below.get_name() != "help") {
        let path = [path, &[below.get_name().to_owned()]].concat();
        if below.has_subcommands() {
            collect(below, &path, all);
        } else {
            all.push((path, below));
        }
    }
}

impl Unit {
    fn names(&self, path: &[String], families: &BTreeSet<&str>) -> bool {
        if self.has(path) || self.about.as_ref() == path.first() && self.has(&path[1..]) {
            return true;
        }
        let Some((last, family)) = path.split_last().filter(|(_, family)| !family.is_empty()) else {
            return false;
        };
        let is_alone = |i: usize| i == 0 || !families.contains(self.words[i - 1].as_str());
        let mut places = self.words.iter().enumerate().filter(|(_, word)| *word == last);
        let is_family =
            self.has(family) || self.about.as_ref().is_some_and(|about| family == [about.clone()]);
        is_family && places.any(|(i, _)| is_alone(i))
    }

    fn has(&self, path: &[String]) -> bool {
        !path.is_empty() && self.words.windows(path.len()).any(|words| words == path)
    }
}

fn units() -> Vec<Unit> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    let mut units = Vec::new();
    let mut files = sources(&root);
    files.sort();
    for path in files {
        let file = path.strip_prefix(&root).unwrap().with_extension("").display().to_string();
        let source = fs::read_to_string(&path).unwrap();
        let about = source.split_once("\nfn about").map(|(_, rest)| texts(rest).swap_remove(0));
        let (mut name, mut text) = (String::new(), String::new());
        for line in source.lines().chain(["fn end("]) {
            if let Some(next) = beginning(line) {
                let words = texts(&text);
                let about = about.clone().filter(|_| text.contains("about("));
                units.push(Unit { file: file.clone(), name, words, about });
                (name, text) = (next, String::new());
            }
            if !line.trim_start().starts_with("//") {
                text.push_str(line);
                text.push('\n');
            }
        }
    }
    units
}

/// The name of a function or constant that a line begins.
fn beginning(line: &str) -> Option<String> {
    let line = line.trim_start().trim_start_matches("pub(crate) ").trim_start_matches("async ");
    let rest = ["fn ", "const ", "static "].iter().find_map(|word| line.strip_prefix(word))?;
    Some(rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect())
}

/// The texts between quotes, in order.
fn texts(source: &str) -> Vec<String> {
    let (mut all, mut rest) = (Vec::new(), source);
    while let Some(start) = rest.find('"') {
        let body = &rest[start + 1..];
        let mut end = None;
        let mut is_escaped = false;
        for (i, c) in body.char_indices() {
            match c {
                _ if is_escaped => is_escaped = false,
                '\\' => is_escaped = true,
                '"' => {
                    end = Some(i);
                    break;
                }
                _ => {}
            }
        }
        let Some(end) = end else { break };
        all.push(body[..end].to_owned());
        rest = &body[end + 1..];
    }
    all
}
