//! Sanitises SVG by writing it anew from an allow-list. No markup of the file is passed through, so differences between
//! our parser and a browser's cannot be exploited.
//!
//! Editor leftovers (comments, metadata, foreign elements and attributes) are dropped. Anything that could run, animate
//! or load something is refused by name, so that no part of a logo disappears unnoticed.

use std::collections::BTreeSet;

use roxmltree::{Document, Node, ParsingOptions};

use super::svg_names::{ATTRIBUTES, ELEMENTS, REFERENCES};

const SVG: &str = "http://www.w3.org/2000/svg";
const XLINK: &str = "http://www.w3.org/1999/xlink";
/// Limit of nodes; a logo has hundreds.
const MAX_NODES: u32 = 20_000;
/// Limit of nesting; editors nest about a dozen levels.
const MAX_DEPTH: usize = 64;

/// Returns the sanitised drawing, or why it is refused.
pub(super) fn sanitise(text: &str) -> Result<String, String> {
    // Entities need a document type, so refusing the latter excludes both.
    let options = ParsingOptions { allow_dtd: false, nodes_limit: MAX_NODES, ..ParsingOptions::default() };
    let document = Document::parse_with_options(text, options)
        .map_err(|error| format!("the drawing cannot be read: {error}"))?;
    if let Some(instruction) = document.descendants().find_map(|node| node.pi()) {
        return Err(format!(
            "the processing instruction `{}` is not allowed in a drawing",
            instruction.target
        ));
    }
    let root = document.root_element();
    if !is_svg(root) || root.tag_name().name() != "svg" {
        return Err("the outermost element is not `svg` of http://www.w3.org/2000/svg".to_owned());
    }
    let mut out = String::with_capacity(text.len());
    element(root, 0, &mut out)?;
    no_use_in_use(&document)?;
    Ok(out)
}

fn is_svg(node: Node<'_, '_>) -> bool {
    node.tag_name().namespace() == Some(SVG)
}

fn reference<'a>(node: Node<'a, '_>) -> Option<&'a str> {
    node.attribute("href").or_else(|| node.attribute((XLINK, "href")))
}

/// Refuses nested `use`: the copies multiply with each level, so that ten lines can draw a billion shapes.
fn no_use_in_use(document: &Document<'_>) -> Result<(), String> {
    let uses: Vec<Node<'_, '_>> =
        document.descendants().filter(|node| node.has_tag_name((SVG, "use"))).collect();
    let targets: BTreeSet<&str> =
        uses.iter().filter_map(|node| reference(*node)?.strip_prefix('#')).collect();
    let is_copied = |node: &Node<'_, '_>| {
        node.ancestors().any(|above| above.attribute("id").is_some_and(|id| targets.contains(id)))
    };
    match uses.iter().find(|node| is_copied(node)) {
        Some(_) => Err("a `use` of something that contains a `use` is not allowed in a drawing".to_owned()),
        None => Ok(()),
    }
}

fn element(node: Node<'_, '_>, depth: usize, out: &mut String) -> Result<(), String> {
    if depth > MAX_DEPTH {
        return Err(format!("the drawing is nested more than {MAX_DEPTH} levels deep"));
    }
    let name = node.tag_name().name();
    if !is_svg(node) || name == "metadata" {
        return Ok(());
    }
    if !ELEMENTS.contains(&name) {
        return Err(format!("the element `{name}` is not allowed in a drawing"));
    }
    out.push('<');
    out.push_str(name);
    if node.parent_element().is_none() {
        attribute("xmlns", SVG, out);
    }
    attributes(node, name, out)?;
    out.push('>');
    let holds_text = matches!(name, "style" | "title" | "desc" | "text" | "tspan");
    let mut style = String::new();
    for child in node.children() {
        if child.is_element() {
            element(child, depth + 1, out)?;
        } else if let Some(text) = child.text().filter(|_| child.is_text() && holds_text) {
            style.push_str(text);
            escaped(text, out);
        }
    }
    if name == "style" {
        stays_inside(&style)?;
    }
    out.push_str("</");
    out.push_str(name);
    out.push('>');
    Ok(())
}

fn attributes(node: Node<'_, '_>, element: &str, out: &mut String) -> Result<(), String> {
    for given in node.attributes() {
        let name = given.name();
        let runs = name.len() > 2 && name.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("on"));
        if runs {
            return Err(format!("the attribute `{name}` is not allowed in a drawing"));
        }
        let is_reference = name == "href" && matches!(given.namespace(), None | Some(XLINK));
        if is_reference {
            // Written once, below.
            continue;
        }
        if given.namespace().is_some() || !ATTRIBUTES.contains(&name) {
            continue;
        }
        stays_inside(given.value())?;
        attribute(name, given.value(), out);
    }
    let Some(target) = reference(node) else { return Ok(()) };
    let is_fragment = target.len() > 1 && target.starts_with('#');
    if !is_fragment || !REFERENCES.contains(&element) {
        return Err(format!("a reference of `{element}` must be to a part of the drawing"));
    }
    attribute("href", target, out);
    Ok(())
}

/// Checks that CSS loads nothing: no at-rules, no escapes that could hide one, every `url` a fragment.
fn stays_inside(css: &str) -> Result<(), String> {
    let refuse = || Err("styles of a drawing must not load anything".to_owned());
    if css.contains(['@', '\\']) {
        return refuse();
    }
    let lower = css.to_ascii_lowercase();
    if ["image(", "image-set(", "src(", "expression(", "javascript:"].iter().any(|word| lower.contains(word))
    {
        return refuse();
    }
    for after in lower.split("url").skip(1) {
        let argument = after.trim_start().strip_prefix('(').map(str::trim_start);
        let argument = argument.map(|text| text.trim_start_matches(['"', '\'']));
        if argument.is_some_and(|argument| !argument.starts_with('#')) {
            return refuse();
        }
    }
    Ok(())
}

fn attribute(name: &str, value: &str, out: &mut String) {
    out.push(' ');
    out.push_str(name);
    out.push_str("=\"");
    escaped(value, out);
    out.push('"');
}

fn escaped(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
}
