//! Second factors.

use porta_core::organization::Organization;
use porta_core::user::{TwoFactorMethod, User};
use porta_store::FactorCounts;

use super::Queries;
use crate::Result;

/// The second factor of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FactorStatus {
    pub method: Option<TwoFactorMethod>,
    /// There is a confirmed authenticator.
    pub has_authenticator: bool,
    pub recovery_codes_left: u64,
}

pub struct SecondFactorQueries<'q>(&'q Queries);

impl Queries {
    pub fn second_factors(&self) -> SecondFactorQueries<'_> {
        SecondFactorQueries(self)
    }
}

impl SecondFactorQueries<'_> {
    pub async fn status(&self, user: &User) -> Result<FactorStatus> {
        let mut repositories = self.0.repositories();
        let mut factors = repositories.second_factors(user.organization_id);
        Ok(FactorStatus {
            method: user.two_factor_method,
            has_authenticator: factors.totp(user.id).await?.is_some(),
            recovery_codes_left: factors.unused_recovery_codes(user.id).await?,
        })
    }

    /// How many people of an organization have which factor.
    pub async fn counts(&self, organization: &Organization) -> Result<FactorCounts> {
        Ok(self.0.repositories().second_factors(organization.id).counts().await?)
    }
}
