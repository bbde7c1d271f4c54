//! YAML merge keys (`<<: *defaults`), and fields that are there twice.

use std::collections::HashSet;

use super::node::{Content, Entry, Node};
use super::{Found, below, shown};

const MERGE: &str = "<<";

/// Puts what is merged in its place, in a value and everything in it.
pub(super) fn merge(node: &mut Node, path: &str, problems: &mut Vec<Found>) {
    match &mut node.content {
        Content::List(items) => {
            for (i, item) in items.iter_mut().enumerate() {
                merge(item, &format!("{path}[{i}]"), problems);
            }
        }
        Content::Map(entries) => {
            for entry in entries.iter_mut() {
                merge(&mut entry.node, &below(path, &entry.key), problems);
            }
            find_repeated(entries, path, problems);
            take_merged(entries, path, problems);
        }
        Content::Null | Content::Flag(_) | Content::Number(_) | Content::Text(_) => {}
    }
}

fn find_repeated(entries: &[Entry], path: &str, problems: &mut Vec<Found>) {
    let mut seen = HashSet::new();
    for entry in entries {
        if !seen.insert(entry.key.as_str()) {
            let message = format!("duplicate field `{}`", shown(&entry.key));
            problems.push(Found::new(entry.ordinal, path, message));
        }
    }
}

/// Fields of the mapping itself come first, then those of the first mapping that has them.
fn take_merged(entries: &mut Vec<Entry>, path: &str, problems: &mut Vec<Found>) {
    while let Some(at) = entries.iter().position(|entry| entry.key == MERGE) {
        let merged = entries.remove(at).node;
        let sources = match merged.content {
            Content::List(items) => items,
            Content::Map(_) => vec![merged],
            Content::Null | Content::Flag(_) | Content::Number(_) | Content::Text(_) => {
                let message =
                    format!("`{MERGE}` takes a mapping, or a list of them; found {}", merged.kind());
                problems.push(Found::new(merged.ordinal, path, message));
                continue;
            }
        };
        for source in sources {
            let Content::Map(more) = source.content else {
                let message = format!("`{MERGE}` takes mappings; found {}", source.kind());
                problems.push(Found::new(source.ordinal, path, message));
                continue;
            };
            for entry in more {
                if entries.iter().all(|known| known.key != entry.key) {
                    entries.push(entry);
                }
            }
        }
    }
}
