//! `porta user doubles`: mailboxes that several users share (decision 0043). No operation of the Admin API finds them: the
//! whole table is compared.

use clap::Args;
use porta_core::user::User;
use porta_directory::DuplicateMailbox;
use serde_json::{Value, json};

use crate::cli::Global;
use crate::cli::access::Access;
use crate::failure::Failure;
use crate::output;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Slug or id of the organization; all of them without it.
    #[arg(long)]
    org: Option<String>,
}

pub(super) async fn run(global: Global, access: &Access, arguments: &Arguments) -> Result<(), Failure> {
    let direct = access.database().await?;
    let mut work = direct.begin().await?;
    let organizations = match &arguments.org {
        Some(org) => vec![work.organization(org).await?],
        None => work.organizations().all().await?,
    };
    let mut found: Vec<(String, DuplicateMailbox)> = Vec::new();
    for organization in &organizations {
        let duplicates = work.users().duplicate_mailboxes(organization).await?;
        found.extend(duplicates.into_iter().map(|duplicate| (organization.slug.to_string(), duplicate)));
    }
    if global.json {
        output::json(&found.iter().map(duplicate_as_json).collect());
    } else if found.is_empty() {
        output::done("nobody has a mailbox twice");
    } else {
        let rows: Vec<Vec<String>> = found.iter().flat_map(duplicate_as_rows).collect();
        output::table(&["Organization", "Mailbox", "Address", "Id", "Status", "Last sign-in"], &rows);
        output::warning("give all but one of each another address, or suspend them: nothing is merged");
    }
    Ok(())
}

fn last_login(person: &User) -> Option<String> {
    person.last_login_at.map(porta_core::Timestamp::rfc3339)
}

fn duplicate_as_json((organization, duplicate): &(String, DuplicateMailbox)) -> Value {
    let people = duplicate.people.iter().map(|person| {
        json!({
            "id": person.id, "email": person.email.shown(), "status": person.status,
            "lastLoginAt": last_login(person),
        })
    });
    json!({
        "organization": organization, "mailbox": duplicate.mailbox, "people": people.collect::<Vec<_>>(),
    })
}

fn duplicate_as_rows((organization, duplicate): &(String, DuplicateMailbox)) -> Vec<Vec<String>> {
    let row = |person: &User| {
        vec![
            organization.clone(),
            duplicate.mailbox.clone(),
            person.email.shown().to_owned(),
            person.id.to_string(),
            person.status.to_string(),
            output::local_or_dash(last_login(person).as_ref()),
        ]
    };
    duplicate.people.iter().map(row).collect()
}
