//! Many people and organizations, the same in every run: names and addresses as people have them, more often the ones at
//! the beginning of the lists.

use std::fmt::Write as _;

use super::StoreKind;

/// Rows of one statement.
const BATCH: u64 = 500;
/// 2024-01-01, and the time from one person to the next.
const BEGIN: u64 = 1_704_067_200;
const STEP: u64 = 30;

/// The organization of all these people.
pub(crate) const LARGE: &str = "harbor-works";
/// The organization whose people are exported.
pub(crate) const EXPORTED: &str = "quay-logistics";

const ORGANIZATION_COLUMNS: &str = "id, name, slug, status, is_super_admin, default_locale, two_factor_policy, \
    default_login_methods, created_at, updated_at";
const USER_COLUMNS: &str = "id, organization_id, email, email_key, email_verified, given_name, family_name, \
    phone_number_verified, status, login_count, failed_login_count, created_at, updated_at";
const AUDIT_COLUMNS: &str =
    "id, organization_id, user_id, actor_id, event_type, category, metadata, ip_address, created_at";

/// As written, and as it stands in an address.
const GIVEN: [(&str, &str); 32] = [
    ("Maria", "maria"),
    ("Jan", "jan"),
    ("Anna", "anna"),
    ("Mohammed", "mohammed"),
    ("Sofía", "sofia"),
    ("Lukas", "lukas"),
    ("Emma", "emma"),
    ("Noah", "noah"),
    ("Zoë", "zoe"),
    ("Peter", "peter"),
    ("Fatima", "fatima"),
    ("Thomas", "thomas"),
    ("Chloé", "chloe"),
    ("Daniel", "daniel"),
    ("Ingrid", "ingrid"),
    ("Wei", "wei"),
    ("Olga", "olga"),
    ("Hans", "hans"),
    ("Priya", "priya"),
    ("José", "jose"),
    ("Yuki", "yuki"),
    ("Lars", "lars"),
    ("Amélie", "amelie"),
    ("Marek", "marek"),
    ("Nia", "nia"),
    ("Søren", "soren"),
    ("Ewa", "ewa"),
    ("Tariq", "tariq"),
    ("Beatriz", "beatriz"),
    ("Kofi", "kofi"),
    ("Xóchitl", "xochitl"),
    ("Zdeněk", "zdenek"),
];
const FAMILY: [(&str, &str); 40] = [
    ("Smith", "smith"),
    ("García", "garcia"),
    ("Müller", "mueller"),
    ("de Vries", "de.vries"),
    ("Nguyen", "nguyen"),
    ("Kowalski", "kowalski"),
    ("Rossi", "rossi"),
    ("Johansson", "johansson"),
    ("Martin", "martin"),
    ("Khan", "khan"),
    ("O'Brien", "obrien"),
    ("Silva", "silva"),
    ("Peeters", "peeters"),
    ("Wang", "wang"),
    ("Novák", "novak"),
    ("Hansen", "hansen"),
    ("Ivanova", "ivanova"),
    ("Schneider", "schneider"),
    ("Dubois", "dubois"),
    ("Tanaka", "tanaka"),
    ("van den Berg", "vandenberg"),
    ("Okafor", "okafor"),
    ("Lindqvist", "lindqvist"),
    ("Papadopoulos", "papadopoulos"),
    ("Fernández", "fernandez"),
    ("Yılmaz", "yilmaz"),
    ("Kim", "kim"),
    ("Murphy", "murphy"),
    ("Weber", "weber"),
    ("Costa", "costa"),
    ("Haddad", "haddad"),
    ("Bakker", "bakker"),
    ("Jensen", "jensen"),
    ("Horváth", "horvath"),
    ("Moreau", "moreau"),
    ("Ferrari", "ferrari"),
    ("Mwangi", "mwangi"),
    ("Quispe", "quispe"),
    ("Ångström", "angstroem"),
    ("Zwart", "zwart"),
];
const DOMAINS: [&str; 4] = ["harbor.example", "mail.example", "post.example", "works.example"];
const TRADES: [&str; 8] =
    ["Logistics", "Bakery", "Software", "Insurance", "Shipping", "Clinic", "Energy", "Studio"];

/// Equal numbers give equal results (Steele, Lea and Flood 2014).
fn mixed(number: u64) -> u64 {
    let z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// An item, more often one at the beginning.
fn pick<T: Copy>(items: &[T], chance: u64) -> T {
    let share = chance & 0xffff;
    let place = (usize::try_from(share * share).unwrap_or(0) * items.len()) >> 32;
    items[place.min(items.len() - 1)]
}

/// The hyphenated form of a version 7 UUID of a kind of row.
fn id(kind: u64, number: u64, seconds: u64) -> String {
    let (milliseconds, low) = (seconds * 1_000, number & 0xffff_ffff);
    let (high, middle) = (milliseconds >> 16, milliseconds & 0xffff);
    format!("{high:08x}-{middle:04x}-7{kind:03x}-8000-0000{low:08x}")
}

pub(crate) struct Person {
    pub(crate) id: String,
    pub(crate) email: String,
    given_name: &'static str,
    family_name: &'static str,
    seconds: u64,
}

impl Person {
    /// `kind` tells organizations apart.
    fn number(kind: u64, number: u64) -> Self {
        let chance = mixed(number);
        let (given_name, given) = pick(&GIVEN, chance);
        let (family_name, family) = pick(&FAMILY, chance >> 16);
        let domain = pick(&DOMAINS, chance >> 32);
        let seconds = BEGIN + number * STEP;
        let email = format!("{given}.{family}{number}@{domain}");
        Self { id: id(kind, number, seconds), email, given_name, family_name, seconds }
    }
}

/// How many there are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Population {
    pub(crate) users: u64,
    pub(crate) organizations: u64,
    pub(crate) exported: u64,
}

const PLAIN: u64 = 1;
const IN_LARGE: u64 = 2;
const IN_EXPORTED: u64 = 3;
const SIGN_IN: u64 = 4;

impl Population {
    pub(crate) fn large_id() -> String {
        id(PLAIN, u64::from(u32::MAX), BEGIN)
    }

    fn exported_id() -> String {
        id(PLAIN, u64::from(u32::MAX) - 1, BEGIN)
    }

    /// A person of the large organization.
    pub(crate) fn person(number: u64) -> Person {
        Person::number(IN_LARGE, number)
    }

    /// The statements that insert everybody.
    pub(crate) fn statements(self, kind: StoreKind) -> impl Iterator<Item = String> {
        let sql = Literals(kind);
        let two =
            [(Self::large_id(), "Harbor Works", LARGE), (Self::exported_id(), "Quay Logistics", EXPORTED)];
        let named: Vec<_> =
            two.iter().map(|(id, name, slug)| sql.organization(id, name, slug, BEGIN)).collect();
        let first = insert("organizations", ORGANIZATION_COLUMNS, &named);
        let organizations =
            batches("organizations", ORGANIZATION_COLUMNS, self.organizations, move |number| {
                let chance = mixed(number);
                let ((family, slug), trade) = (pick(&FAMILY, chance), pick(&TRADES, chance >> 16));
                let slug = format!("{}-{}-{number}", slug.replace('.', "-"), trade.to_lowercase());
                let seconds = BEGIN + number;
                sql.organization(
                    &id(PLAIN, number, seconds),
                    &format!("{family} {trade} {number}"),
                    &slug,
                    seconds,
                )
            });
        let people = |kind: u64, organization: String, number: u64| {
            batches("users", USER_COLUMNS, number, move |number| {
                sql.user(&organization, &Person::number(kind, number))
            })
        };
        // One of ten people signed in.
        let sign_ins = batches("audit_log", AUDIT_COLUMNS, self.users / 10, move |number| {
            sql.sign_in(&Self::large_id(), &Self::person(number * 10), number)
        });
        std::iter::once(first)
            .chain(organizations)
            .chain(people(IN_LARGE, Self::large_id(), self.users))
            .chain(people(IN_EXPORTED, Self::exported_id(), self.exported))
            .chain(sign_ins)
    }
}

fn batches(
    table: &'static str,
    columns: &'static str,
    number: u64,
    row: impl Fn(u64) -> String,
) -> impl Iterator<Item = String> {
    (0..number.div_ceil(BATCH)).map(move |batch| {
        let numbers = batch * BATCH..number.min((batch + 1) * BATCH);
        insert(table, columns, &numbers.map(&row).collect::<Vec<_>>())
    })
}

fn insert(table: &str, columns: &str, rows: &[String]) -> String {
    let mut text = format!("INSERT INTO {table} ({columns}) VALUES ");
    for (place, row) in rows.iter().enumerate() {
        // Writing to a String does not fail.
        let _ = write!(text, "{}({row})", if place == 0 { "" } else { ", " });
    }
    text
}

/// Values as one of the databases takes them.
#[derive(Clone, Copy)]
struct Literals(StoreKind);

impl Literals {
    fn id(self, id: &str) -> String {
        match self.0 {
            StoreKind::Embedded => format!("x'{}'", id.replace('-', "")),
            StoreKind::Postgres => format!("'{id}'"),
        }
    }

    fn time(self, seconds: u64) -> String {
        match self.0 {
            StoreKind::Embedded => format!("{}", seconds * 1_000_000),
            StoreKind::Postgres => format!("to_timestamp({seconds})"),
        }
    }

    fn text(text: &str) -> String {
        format!("'{}'", text.replace('\'', "''"))
    }

    fn organization(self, id: &str, name: &str, slug: &str, seconds: u64) -> String {
        let (id, at) = (self.id(id), self.time(seconds));
        let (name, slug) = (Self::text(name), Self::text(slug));
        format!("{id}, {name}, {slug}, 'active', FALSE, 'en', 'optional', '[\"password\"]', {at}, {at}")
    }

    fn user(self, organization: &str, person: &Person) -> String {
        let (id, at) = (self.id(&person.id), self.time(person.seconds));
        let (organization, email) = (self.id(organization), Self::text(&person.email));
        let (given, family) = (Self::text(person.given_name), Self::text(person.family_name));
        format!(
            "{id}, {organization}, {email}, {email}, TRUE, {given}, {family}, FALSE, 'active', 0, 0, {at}, {at}"
        )
    }

    fn sign_in(self, organization: &str, person: &Person, number: u64) -> String {
        let (organization, user) = (self.id(organization), self.id(&person.id));
        let event = self.id(&id(SIGN_IN, number, person.seconds));
        let at = self.time(person.seconds + 60);
        format!(
            "{event}, {organization}, {user}, {user}, 'user.login.password', 'authentication', '{{}}', \
             '192.0.2.7', {at}"
        )
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn everybody_has_an_address_and_an_id_of_their_own() {
        let people: Vec<Person> = (0..5_000).map(Population::person).collect();
        let addresses: BTreeSet<&str> = people.iter().map(|person| person.email.as_str()).collect();
        let ids: BTreeSet<&str> = people.iter().map(|person| person.id.as_str()).collect();
        assert_eq!((addresses.len(), ids.len()), (5_000, 5_000));
        assert!(people.iter().all(|person| person.id.len() == 36 && person.id.as_bytes()[14] == b'7'));
        assert!(people.windows(2).all(|pair| pair[0].id < pair[1].id), "in the order of their creation");
        assert_eq!(Population::person(7).email, Population::person(7).email);
    }

    #[test]
    fn some_names_are_frequent() {
        let marias = (0..10_000).filter(|n| Population::person(*n).given_name == "Maria").count();
        assert!((1_000..3_000).contains(&marias), "{marias}");
        let rare = (0..10_000).filter(|n| Population::person(*n).given_name == "Zdeněk").count();
        assert!((10..500).contains(&rare), "{rare}");
    }

    #[test]
    fn a_name_is_quoted_and_every_row_is_in_one_statement() {
        let population = Population { users: 1_200, organizations: 3, exported: 20 };
        for kind in [StoreKind::Embedded, StoreKind::Postgres] {
            let statements: Vec<String> = population.statements(kind).collect();
            let rows = |table: &str| {
                let start = format!("INSERT INTO {table} ");
                let of_table = statements.iter().filter(|text| text.starts_with(&start));
                of_table.map(|text| text.matches("'active', ").count()).collect::<Vec<_>>()
            };
            assert_eq!(rows("organizations"), [2, 3]);
            assert_eq!(rows("users"), [500, 500, 200, 20]);
            assert!(statements.iter().any(|text| text.contains("'O''Brien'")));
        }
    }
}
