//! What several operations on clients take.

use porta_core::OrganizationId;
use porta_directory::{DirectoryError, Problem, Transaction};

use crate::error::{AdminError, Result};

/// Organizations that one request may allow: each is looked up.
const MOST_ALLOWED: usize = 1000;

/// The ids of organizations that are named by id or slug.
pub(super) async fn organizations(unit: &mut Transaction, names: &[String]) -> Result<Vec<OrganizationId>> {
    if names.len() > MOST_ALLOWED {
        let problem = format!("name at most {MOST_ALLOWED} organizations");
        return Err(AdminError::invalid("allowedOrganizations", problem));
    }
    let mut ids = Vec::with_capacity(names.len());
    for name in names {
        ids.push(unit.organization(name).await?.id);
    }
    Ok(ids)
}

/// The error in the words of a request. Rules name the fields of a provisioning file; `fields` has the name there and
/// that of the request.
pub(super) fn in_words_of(
    fields: &'static [(&'static str, &'static str)],
) -> impl Fn(DirectoryError) -> AdminError {
    move |error| match error {
        DirectoryError::Invalid(problems) => {
            let renamed = problems.into_iter().map(|problem| {
                let name = fields.iter().find(|(there, _)| *there == problem.path);
                match name {
                    Some((_, here)) => Problem::new(*here, problem.message),
                    None => problem,
                }
            });
            DirectoryError::Invalid(renamed.collect()).into()
        }
        other => other.into(),
    }
}
