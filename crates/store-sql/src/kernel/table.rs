//! The columns of a table, declared once: for `SELECT` and `INSERT` lists, for the assignments of an `UPDATE`, and as an
//! enum by whose names rows are read.
//!
//! ```text
//! macro_rules! role_columns {
//!     ($($form:tt)+) => { $crate::kernel::columns! { $($form)+; id, application_id, name } };
//! }
//! role_columns!(enum RoleColumn of "roles");
//!
//! role_columns!(list "r.")       "r.id, r.application_id, r.name"
//! role_columns!(arguments 2)     "$2, $3, $4"
//! ```

use super::Value;

/// The columns of a table. [`columns!`] declares the implementations.
pub(crate) trait Columns: Copy + 'static {
    const TABLE: &'static str;
    /// In the order of the declaration, which is that of the lists.
    const ALL: &'static [Self];

    /// Position in the list.
    fn position(self) -> usize;
    fn name(self) -> &'static str;
}

/// The values of an entity for all columns, in their order.
pub(crate) fn values_of<'v, C: Columns>(value: impl Fn(C) -> Value<'v>) -> Vec<Value<'v>> {
    C::ALL.iter().map(|column| value(*column)).collect()
}

/// Expands a list of columns to one of its forms:
///
/// - `list "u."`: `u.id, u.email`, for `SELECT` and `INSERT`
/// - `arguments 2`: `$2, $3`, one argument per column, the first of which is `$2`
/// - `assignments 4`: `id = $4, email = $5`, for `UPDATE`
/// - `enum Column of "users"`: declares the enum of the names
/// - `some Column`: `[Column::id, Column::email]`
///
/// Up to 45 columns.
macro_rules! columns {
    (list $prefix:literal; $first:ident $(, $rest:ident)* $(,)?) => {
        concat!($prefix, stringify!($first) $(, ", ", $prefix, stringify!($rest))*)
    };
    (enum $column:ident of $table:literal; $($name:ident),+ $(,)?) => {
        #[expect(non_camel_case_types, reason = "the names of the columns")]
        #[derive(Clone, Copy)]
        pub(crate) enum $column { $($name),+ }

        impl $crate::kernel::Columns for $column {
            const TABLE: &'static str = $table;
            const ALL: &'static [Self] = &[$(Self::$name),+];

            fn position(self) -> usize {
                self as usize
            }

            fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name)),+ }
            }
        }
    };
    (some $column:ident; $($name:ident),+ $(,)?) => {
        [$($column::$name),+]
    };
    ($form:ident $start:tt; $($name:ident),+ $(,)?) => {
        $crate::kernel::columns!(@from $start $form [$($name)+]
            "$1" "$2" "$3" "$4" "$5" "$6" "$7" "$8" "$9" "$10" "$11" "$12" "$13" "$14" "$15" "$16" "$17"
            "$18" "$19" "$20" "$21" "$22" "$23" "$24" "$25" "$26" "$27" "$28" "$29" "$30" "$31" "$32" "$33"
            "$34" "$35" "$36" "$37" "$38" "$39" "$40" "$41" "$42" "$43" "$44" "$45" "$46" "$47" "$48")
    };
    // Leaves out the numbers before the first argument.
    (@from 1 $form:ident $names:tt $($n:literal)+) => {
        $crate::kernel::columns!(@$form $names $($n)+)
    };
    (@from 2 $form:ident $names:tt $one:literal $($n:literal)+) => {
        $crate::kernel::columns!(@$form $names $($n)+)
    };
    (@from 3 $form:ident $names:tt $one:literal $two:literal $($n:literal)+) => {
        $crate::kernel::columns!(@$form $names $($n)+)
    };
    (@from 4 $form:ident $names:tt $one:literal $two:literal $three:literal $($n:literal)+) => {
        $crate::kernel::columns!(@$form $names $($n)+)
    };
    (@from 5 $form:ident $names:tt $one:literal $two:literal $three:literal $four:literal $($n:literal)+) => {
        $crate::kernel::columns!(@$form $names $($n)+)
    };
    // Pairs names with numbers, one per step.
    (@arguments [$last:ident] $n:literal $($more:literal)*) => { $n };
    (@arguments [$name:ident $($names:ident)+] $n:literal $($more:literal)+) => {
        concat!($n, ", ", $crate::kernel::columns!(@arguments [$($names)+] $($more)+))
    };
    (@assignments [$last:ident] $n:literal $($more:literal)*) => {
        concat!(stringify!($last), " = ", $n)
    };
    (@assignments [$name:ident $($names:ident)+] $n:literal $($more:literal)+) => {
        concat!(stringify!($name), " = ", $n, ", ", $crate::kernel::columns!(@assignments [$($names)+] $($more)+))
    };
}
pub(crate) use columns;

#[cfg(test)]
mod tests {
    use super::*;

    macro_rules! person_columns {
        ($($form:tt)+) => {
            $crate::kernel::columns! { $($form)+; id, email, status }
        };
    }
    person_columns!(enum PersonColumn of "people");

    #[test]
    fn one_declaration_gives_every_list() {
        assert_eq!(person_columns!(list ""), "id, email, status");
        assert_eq!(person_columns!(list "p."), "p.id, p.email, p.status");
        assert_eq!(person_columns!(arguments 1), "$1, $2, $3");
        assert_eq!(person_columns!(arguments 4), "$4, $5, $6");
        assert_eq!(person_columns!(assignments 2), "id = $2, email = $3, status = $4");
    }

    #[test]
    fn the_enum_has_the_order_of_the_list() {
        let names: Vec<_> = PersonColumn::ALL.iter().map(|column| column.name()).collect();
        assert_eq!(names.join(", "), person_columns!(list ""));
        let positions = person_columns!(some PersonColumn).map(Columns::position);
        assert_eq!(positions, [0, 1, 2]);
        assert_eq!(PersonColumn::TABLE, "people");
    }
}
