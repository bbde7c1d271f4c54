//! The list of tables as a test compares it with the schema of the databases.

use std::collections::BTreeMap;

use crate::kernel::ColumnType;
use crate::tables::TABLES;

/// Tables, each with its columns and the names of their types in PostgreSQL.
pub fn columns() -> impl Iterator<Item = (String, BTreeMap<String, String>)> {
    TABLES.iter().map(|table| {
        let column =
            |(name, kind): &(&'static str, ColumnType)| ((*name).to_owned(), type_of(*kind).to_owned());
        (table.name.to_owned(), table.columns.iter().map(column).collect())
    })
}

/// Tables in the order of the copy, each with the columns of its key.
pub fn keys() -> impl Iterator<Item = (&'static str, Vec<&'static str>)> {
    TABLES.iter().map(|table| {
        let key = table.columns[..table.key].iter().map(|(name, _)| *name);
        (table.name, key.collect())
    })
}

fn type_of(kind: ColumnType) -> &'static str {
    match kind {
        ColumnType::Uuid | ColumnType::Owner => "uuid",
        ColumnType::Text => "text",
        ColumnType::Bytes => "bytea",
        ColumnType::Bool => "boolean",
        ColumnType::Int => "bigint",
        ColumnType::Time => "timestamp with time zone",
        ColumnType::Json => "jsonb",
    }
}
