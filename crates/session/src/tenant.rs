//! Organizations as requests see them.

use std::sync::Arc;
use std::time::Duration;

use porta_core::organization::{LoginMethod, Organization, TwoFactorPolicy};
use porta_core::settings::Settings;

use crate::document::DocumentWithEtag;
use crate::tenant_keys::TenantKeys;

/// An active organization with everything its endpoints need without a round trip.
#[derive(Debug)]
pub struct Tenant {
    /// Its branding contains the URLs of uploaded pictures.
    pub organization: Organization,
    /// `{base}/{slug}`; never taken from a request (decision D10).
    pub issuer: String,
    pub settings: Settings,
    pub keys: TenantKeys,
    pub discovery: DocumentWithEtag,
}

impl Tenant {
    /// Maximum time from the last sign-in to the end of a session, however much it is used.
    pub fn longest_session(&self) -> Duration {
        let requires_second_factor = self.organization.two_factor_policy != TwoFactorPolicy::Optional;
        self.settings.longest_session(requires_second_factor)
    }

    /// Whether people of the organization use passwords, regardless of what single clients offer.
    pub fn offers_passwords(&self) -> bool {
        self.organization.default_login_methods.contains(&LoginMethod::Password)
    }
}

/// The result of resolving a slug. Archived and unknown look the same.
#[derive(Debug, Clone)]
pub enum TenantLookup {
    Active(Arc<Tenant>),
    Suspended,
    Unknown,
}
