//! What there is, as items of a manifest.

use std::collections::BTreeMap;

use porta_core::Slug;
use porta_core::application::{ClaimDefinition, Module, Permission, Role};
use porta_core::organization::Organization;
use porta_core::user::User;
use porta_directory::provision::Patch;
use porta_directory::provision::document::UserItemStatus;
use porta_directory::{ApplicationParts, NamedClient};
use porta_store::{ExportedRole, ExportedValue};
use serde_json::Value;

use super::{
    ManifestApplication, ManifestAssignment, ManifestClaim, ManifestClaimValue, ManifestClient,
    ManifestMapping, ManifestModule, ManifestOrganization, ManifestRight, ManifestUser,
};

/// Slugs that the items of an application name.
#[derive(Clone, Copy)]
pub(crate) struct Within<'s> {
    pub(crate) organization: &'s Slug,
    pub(crate) application: &'s Slug,
}

impl ManifestOrganization {
    pub(crate) fn of(organization: &Organization, settings: BTreeMap<String, Value>) -> Self {
        let branding = organization.branding.clone();
        Self {
            name: organization.name.clone(),
            slug: organization.slug.to_string(),
            default_login_methods: Some(organization.default_login_methods.clone()),
            default_locale: Patch::Set(organization.default_locale.clone()),
            two_factor_policy: Some(organization.two_factor_policy),
            branding_primary_color: branding.primary_color.into(),
            branding_company_name: branding.company_name.into(),
            branding_custom_css: branding.custom_css.into(),
            branding_logo_url: branding.logo_url.into(),
            branding_favicon_url: branding.favicon_url.into(),
            settings,
        }
    }
}

impl ManifestApplication {
    pub(crate) fn of(parts: &ApplicationParts, organization: &Slug) -> Self {
        let application = &parts.application;
        Self {
            name: application.name.clone(),
            slug: application.slug.to_string(),
            organization_slug: organization.to_string(),
            description: application.description.clone().into(),
        }
    }
}

impl ManifestClient {
    pub(crate) fn of(named: NamedClient, organization: &Slug) -> Self {
        let NamedClient { client, application, allowed_organizations } = named;
        Self {
            client_id: Some(client.client_id.to_string()),
            client_name: client.client_name,
            application_slug: application.to_string(),
            organization_slug: organization.to_string(),
            client_type: client.client_type,
            application_type: Some(client.application_type),
            grant_types: Some(client.grant_types),
            response_types: Some(client.response_types),
            redirect_uris: Some(client.redirect_uris),
            post_logout_redirect_uris: Some(client.post_logout_redirect_uris),
            allowed_origins: Some(client.allowed_origins),
            scope: Some(client.scope),
            login_methods: client.login_methods.into(),
            require_pkce: Some(client.require_pkce),
            token_endpoint_auth_method: Some(client.token_endpoint_auth_method),
            id_token_signed_response_alg: Some(client.id_token_signed_response_alg),
            userinfo_signed_response_alg: client.userinfo_signed_response_alg.into(),
            standard_claims_in_id_token: Some(client.standard_claims_in_id_token),
            allowed_organizations: Some(allowed_organizations.iter().map(Slug::to_string).collect()),
            secret_label: None,
            secret_expires_at: None,
            secret_value: None,
        }
    }
}

impl ManifestRight {
    pub(crate) fn of_role(role: &Role, within: Within<'_>) -> Self {
        Self {
            name: role.name.clone(),
            slug: role.slug.to_string(),
            application_slug: within.application.to_string(),
            organization_slug: within.organization.to_string(),
            description: role.description.clone().into(),
        }
    }

    pub(crate) fn of_permission(permission: &Permission, within: Within<'_>) -> Self {
        Self {
            name: permission.name.clone(),
            slug: permission.slug.clone(),
            application_slug: within.application.to_string(),
            organization_slug: within.organization.to_string(),
            description: permission.description.clone().into(),
        }
    }
}

impl ManifestClaim {
    pub(crate) fn of(claim: &ClaimDefinition, within: Within<'_>) -> Self {
        Self {
            name: claim.display_name.clone().unwrap_or_else(|| claim.claim_name.clone()),
            slug: claim.claim_name.clone(),
            application_slug: within.application.to_string(),
            organization_slug: within.organization.to_string(),
            claim_type: claim.claim_type,
            description: claim.description.clone().into(),
            include_in_id_token: Some(claim.include_in_id_token),
            include_in_access_token: Some(claim.include_in_access_token),
            include_in_userinfo: Some(claim.include_in_userinfo),
        }
    }
}

impl ManifestMapping {
    pub(crate) fn of(role: &Role, permissions: &[String], within: Within<'_>) -> Self {
        Self {
            role_slug: role.slug.to_string(),
            permission_slugs: permissions.to_vec(),
            application_slug: within.application.to_string(),
            organization_slug: within.organization.to_string(),
        }
    }
}

impl ManifestModule {
    pub(crate) fn of(module: &Module, within: Within<'_>) -> Self {
        Self {
            name: module.name.clone(),
            slug: module.slug.to_string(),
            application_slug: within.application.to_string(),
            organization_slug: within.organization.to_string(),
            description: module.description.clone().into(),
            status: Some(module.status),
        }
    }
}

/// A field that is left out if it is not set.
fn if_set(value: Option<&String>) -> Patch<String> {
    value.cloned().map_or(Patch::Keep, Patch::Set)
}

impl ManifestUser {
    pub(crate) fn of(user: &User, organization: &Slug) -> Self {
        let profile = &user.profile;
        let address = &profile.address;
        // Somebody who may not sign in here must not be able to elsewhere. An automatic lock ends by itself.
        let status = if user.may_continue() { UserItemStatus::Active } else { UserItemStatus::Inactive };
        Self {
            email: user.email.shown().to_owned(),
            organization_slug: organization.to_string(),
            given_name: if_set(profile.given_name.as_ref()),
            family_name: if_set(profile.family_name.as_ref()),
            middle_name: if_set(profile.middle_name.as_ref()),
            nickname: if_set(profile.nickname.as_ref()),
            preferred_username: if_set(profile.preferred_username.as_ref()),
            profile_url: if_set(profile.profile_url.as_ref()),
            picture_url: if_set(profile.picture_url.as_ref()),
            website_url: if_set(profile.website_url.as_ref()),
            gender: if_set(profile.gender.as_ref()),
            birthdate: if_set(profile.birthdate.as_ref()),
            zoneinfo: if_set(profile.zoneinfo.as_ref()),
            locale: if_set(profile.locale.as_ref()),
            phone_number: if_set(profile.phone_number.as_ref()),
            phone_number_verified: profile.phone_number_verified.then_some(true),
            address_street: if_set(address.street.as_ref()),
            address_locality: if_set(address.locality.as_ref()),
            address_region: if_set(address.region.as_ref()),
            address_postal_code: if_set(address.postal_code.as_ref()),
            address_country: if_set(address.country.as_ref()),
            status: Some(status),
            email_verified: Some(user.email_verified),
            password: None,
            password_hash: None,
            password_change_required: None,
        }
    }
}

impl ManifestAssignment {
    pub(crate) fn of(role: ExportedRole, organization: &Slug) -> Self {
        Self {
            email: role.email,
            organization_slug: organization.to_string(),
            application_slug: role.application.to_string(),
            role_slug: role.role.to_string(),
        }
    }
}

impl ManifestClaimValue {
    pub(crate) fn of(value: ExportedValue, organization: &Slug) -> Self {
        Self {
            email: value.email,
            organization_slug: organization.to_string(),
            application_slug: value.application.to_string(),
            claim_slug: value.claim,
            value: value.value,
        }
    }
}
