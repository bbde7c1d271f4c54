//! The values of a file, each with an ordinal that leads back to its place: a parser tells the place of an error only, so
//! the file is read a second time and stopped there.

use std::cell::Cell;
use std::fmt;

use serde::Deserializer;
use serde::de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::{Format, Located, Position};
use crate::Problem;

/// Most values of a file. One that is repeated by a YAML alias counts each time.
const MOST: u32 = 2_000_000;

/// Number of a value or of a key, in the order of the file.
pub(super) type Ordinal = u32;

#[derive(Clone)]
pub(super) struct Node {
    pub(super) ordinal: Ordinal,
    pub(super) content: Content,
}

#[derive(Clone)]
pub(super) enum Content {
    Null,
    Flag(bool),
    Number(Number),
    Text(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

#[derive(Clone)]
pub(super) struct Entry {
    pub(super) key: String,
    /// Of the key.
    pub(super) ordinal: Ordinal,
    pub(super) node: Node,
}

impl Node {
    /// Reads a text. The error tells the place where it is not YAML or JSON.
    pub(super) fn parse(text: &str, format: Format) -> Result<Self, Located> {
        let counter = Cell::new(0);
        let reader = Reader { counter: &counter, stop_at: None };
        reader.read(text, format).map_err(|refused| Located {
            position: refused.position,
            problem: Problem::new("", refused.message),
        })
    }

    pub(super) fn entries(&self) -> &[Entry] {
        if let Content::Map(entries) = &self.content { entries } else { &[] }
    }

    pub(super) fn items(&self) -> &[Self] {
        if let Content::List(items) = &self.content { items } else { &[] }
    }

    /// A field of a mapping.
    pub(super) fn field(&self, name: &str) -> Option<&Self> {
        self.entries().iter().find(|entry| entry.key == name).map(|entry| &entry.node)
    }

    /// A field of a mapping that is a text.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        if let Content::Text(text) = &self.field(name)?.content { Some(text) } else { None }
    }

    /// What it is, for messages. They never quote a value: a wrong file may be a secret one.
    pub(super) fn kind(&self) -> &'static str {
        match &self.content {
            Content::Null => "nothing",
            Content::Flag(_) => "true or false",
            Content::Number(_) => "a number",
            Content::Text(_) => "a text",
            Content::List(_) => "a list",
            Content::Map(_) => "a mapping",
        }
    }

    pub(super) fn to_value(&self) -> Value {
        match &self.content {
            Content::Null => Value::Null,
            Content::Flag(flag) => Value::Bool(*flag),
            Content::Number(number) => Value::Number(number.clone()),
            Content::Text(text) => Value::String(text.clone()),
            Content::List(items) => items.iter().map(Self::to_value).collect(),
            Content::Map(entries) => {
                let pair = |entry: &Entry| (entry.key.clone(), entry.node.to_value());
                Value::Object(entries.iter().map(pair).collect::<Map<_, _>>())
            }
        }
    }

    /// The innermost value on a path such as `organizations[0].users[2].email`.
    pub(super) fn at(&self, path: &str) -> &Self {
        let mut node = self;
        for step in path.split(['.', '[']).filter(|step| !step.is_empty()) {
            let next = match step.strip_suffix(']') {
                Some(index) => index.parse().ok().and_then(|index: usize| node.items().get(index)),
                None => node.field(step),
            };
            match next {
                Some(inner) => node = inner,
                None => break,
            }
        }
        node
    }
}

/// The place of a value or key. The file is read again up to there.
pub(super) fn position(text: &str, format: Format, ordinal: Ordinal) -> Option<Position> {
    let counter = Cell::new(0);
    let reader = Reader { counter: &counter, stop_at: Some(ordinal) };
    reader.read(text, format).err()?.position
}

/// Why reading ended.
struct Refused {
    position: Option<Position>,
    message: String,
}

impl Refused {
    /// Parsers tell the place at the end of their messages, too, and some things in words of programmers.
    fn new(position: Option<Position>, message: &str) -> Self {
        let message = message.split(" at line ").next().unwrap_or(message);
        let message = match message {
            "recursion limit exceeded" => {
                "values are nested too deeply, or an alias stands in what it refers to"
            }
            "repetition limit exceeded" => "aliases repeat too many values",
            "deserializing from YAML containing more than one document is not supported" => {
                "the file has more than one document"
            }
            other => other,
        };
        Self { position, message: message.to_owned() }
    }
}

#[derive(Clone, Copy)]
struct Reader<'c> {
    counter: &'c Cell<Ordinal>,
    stop_at: Option<Ordinal>,
}

impl Reader<'_> {
    fn read(self, text: &str, format: Format) -> Result<Node, Refused> {
        match format {
            Format::Yaml => self.deserialize(serde_yaml_ng::Deserializer::from_str(text)).map_err(|error| {
                let place = error.location();
                let position = place.map(|at| Position { line: at.line(), column: at.column() });
                Refused::new(position, &error.to_string())
            }),
            Format::Json => {
                let mut deserializer = serde_json::Deserializer::from_str(text);
                let read = self.deserialize(&mut deserializer);
                read.and_then(|node| deserializer.end().map(|()| node)).map_err(|error| {
                    let position = Position { line: error.line(), column: error.column() };
                    Refused::new(Some(position), &error.to_string())
                })
            }
        }
    }

    fn next<E: de::Error>(self) -> Result<Ordinal, E> {
        let ordinal = self.counter.get();
        self.counter.set(ordinal + 1);
        if self.stop_at == Some(ordinal) {
            return Err(E::custom("here"));
        }
        if ordinal >= MOST {
            return Err(E::custom("the file has too many values"));
        }
        Ok(ordinal)
    }

    fn node<E: de::Error>(self, content: Content) -> Result<Node, E> {
        Ok(Node { ordinal: self.next()?, content })
    }
}

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value without a tag")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Node, E> {
        self.node(Content::Null)
    }

    fn visit_bool<E: de::Error>(self, flag: bool) -> Result<Node, E> {
        self.node(Content::Flag(flag))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Node, E> {
        self.node(Content::Number(number.into()))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Node, E> {
        self.node(Content::Number(number.into()))
    }

    fn visit_i128<E: de::Error>(self, _: i128) -> Result<Node, E> {
        Err(E::custom("a number is too large: put it in quotes"))
    }

    fn visit_u128<E: de::Error>(self, _: u128) -> Result<Node, E> {
        Err(E::custom("a number is too large: put it in quotes"))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Node, E> {
        let number = Number::from_f64(number).ok_or_else(|| E::custom("a number is finite"))?;
        self.node(Content::Number(number))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Node, E> {
        self.node(Content::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Node, A::Error> {
        let ordinal = self.next()?;
        let mut items = Vec::new();
        while let Some(item) = list.next_element_seed(self)? {
            items.push(item);
        }
        Ok(Node { ordinal, content: Content::List(items) })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let ordinal = self.next()?;
        let mut entries = Vec::new();
        while let Some(Key { ordinal, key }) = map.next_key_seed(KeyReader(self))? {
            entries.push(Entry { key, ordinal, node: map.next_value_seed(self)? });
        }
        Ok(Node { ordinal, content: Content::Map(entries) })
    }
}

struct Key {
    ordinal: Ordinal,
    key: String,
}

struct KeyReader<'c>(Reader<'c>);

impl<'de> DeserializeSeed<'de> for KeyReader<'_> {
    type Value = Key;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Key, D::Error> {
        let node = deserializer.deserialize_any(self.0)?;
        let Content::Text(key) = node.content else {
            return Err(de::Error::custom("the name of a field is a text"));
        };
        Ok(Key { ordinal: node.ordinal, key })
    }
}
