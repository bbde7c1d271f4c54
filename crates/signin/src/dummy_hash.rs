//! Cost of the dummy hash for unknown addresses and for accounts without a password (decision 0037).
//!
//! An organization may hold hashes of several functions and costs, after the cost was raised or after an import. With
//! one fixed dummy cost, timing would reveal the accounts whose hashes cost something else (user enumeration). So a
//! keyed digest of the address chooses function and cost, the same each time, in the proportions in which they are in
//! use.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use porta_core::password_hash::{HashFunction, ParsedHash};
use porta_core::{OrganizationId, Timestamp};
use porta_session::{BackendError, OperationContext};

use crate::sign_in_core::SignInCore;

/// Lifetime of cached proportions; they change as slowly as people sign in.
const LIFETIME: Duration = Duration::from_mins(10);
/// Maximum of organizations in the cache; beyond it the cache is cleared.
const ORGANIZATIONS: usize = 10_000;

/// Functions with their costs, each with the number of hashes that have it.
type Costs = Arc<[(HashFunction, u64)]>;

/// Chooses the cost of dummy hashes.
pub(crate) struct DummyHashCosts {
    core: Arc<SignInCore>,
    /// Cache of the costs in use, by organization.
    known: Mutex<HashMap<OrganizationId, (Timestamp, Costs)>>,
}

impl DummyHashCosts {
    pub(crate) fn new(core: Arc<SignInCore>) -> Self {
        Self { core, known: Mutex::default() }
    }

    fn known(&self, organization: OrganizationId, now: Timestamp) -> Option<Costs> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let (until, costs) = known.get(&organization)?;
        (now < *until).then(|| Arc::clone(costs))
    }

    fn remember(&self, organization: OrganizationId, until: Timestamp, costs: &Costs) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= ORGANIZATIONS {
            known.clear();
        }
        known.insert(organization, (until, Arc::clone(costs)));
    }

    /// Returns the cost of the dummy hash for this address. Called for existing accounts as well, so that a cache miss
    /// takes the same time for both.
    pub(crate) async fn cost_for(
        &self,
        cx: OperationContext<'_>,
        email_key: &str,
    ) -> Result<HashFunction, BackendError> {
        let (organization, now) = (cx.tenant.organization.id, cx.now);
        let costs = if let Some(costs) = self.known(organization, now) {
            costs
        } else {
            let mut repositories = self.core.shared.store().repositories();
            let stored = repositories.users(organization).hash_samples().await?;
            // An unusable hash costs a dummy hash.
            let usable = stored.iter().filter_map(|(hash, n)| Some((ParsedHash::of_stored(hash).ok()?, *n)));
            let mut costs: Vec<_> = usable.map(|(hash, n)| (hash.function, n)).collect();
            costs.sort_unstable();
            let costs = Costs::from(costs);
            self.remember(organization, now + LIFETIME, &costs);
            costs
        };
        let number = self.core.factors.uniform_number(organization, email_key);
        Ok(chosen(&costs, number).unwrap_or(self.core.hasher.function()))
    }
}

/// Maps an evenly distributed number to a cost, in proportion to the counts. One more hash moves the boundaries only a
/// little, so nearly every address keeps its cost.
fn chosen(costs: &[(HashFunction, u64)], number: u64) -> Option<HashFunction> {
    let total: u64 = costs.iter().map(|(_, n)| n).sum();
    let mut left = u64::try_from((u128::from(number) * u128::from(total)) >> 64).ok()?;
    costs.iter().find_map(|(cost, n)| match left.checked_sub(*n) {
        None => Some(*cost),
        Some(rest) => {
            left = rest;
            None
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_are_chosen_in_their_proportions() {
        let cost = |cost| HashFunction::Bcrypt { cost };
        let costs = [(cost(6), 3), (cost(7), 1)];
        let all = |costs: &[(HashFunction, u64)]| -> Vec<HashFunction> {
            (0..8).map(|n| chosen(costs, n << 61).unwrap()).collect()
        };
        assert_eq!(all(&costs), [6, 6, 6, 6, 6, 6, 7, 7].map(cost));
        assert_eq!(all(&[(cost(6), 3000), (cost(7), 1001)]), all(&costs), "a hash more redraws nobody");
        assert_eq!(chosen(&costs, u64::MAX), Some(cost(7)));
        assert_eq!(chosen(&[], 7), None);
        assert_eq!(chosen(&[(cost(6), 0)], 7), None);
    }
}
