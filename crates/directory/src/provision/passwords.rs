//! Passwords of files that are applied at a server: only their hashes are sent.

use porta_core::user::Email;

use super::document::{Document, SecretText};
use super::words_around;
use crate::{DirectoryError, HashPassword, Problem, Result, hash_checked};

/// Replaces the passwords of a document by their hashes. The passwords keep the rules for everybody; those that do not are
/// the problems that are returned.
pub async fn hash_passwords(document: &mut Document, hasher: &dyn HashPassword) -> Result<Vec<Problem>> {
    let mut problems = Vec::new();
    for o in 0..document.organizations.len() {
        let users = document.organizations[o].users.len();
        for u in 0..users {
            let organization = &mut document.organizations[o];
            let user = &mut organization.users[u];
            let Some(password) = user.password.take() else { continue };
            // The hash counts. An invalid address is refused with the person.
            let (None, Ok(email)) = (&user.password_hash, Email::parse(&user.email)) else { continue };
            let words = words_around(&email, &organization.users[u], organization, None);
            match hash_checked(hasher, password.secret(), words).await {
                Ok(hash) => {
                    let hash = SecretText(hash.as_str().to_owned().into());
                    document.organizations[o].users[u].password_hash = Some(hash);
                }
                Err(DirectoryError::Invalid(refused)) => {
                    let path = format!("organizations[{o}].users[{u}]");
                    problems.extend(refused.into_iter().map(|problem| problem.within(&path)));
                }
                Err(other) => return Err(other),
            }
        }
    }
    Ok(problems)
}
