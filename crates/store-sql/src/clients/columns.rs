//! The columns of a client and of its secrets, and how these are read.

use porta_core::Version;
use porta_core::client::{
    ApplicationType, Client, ClientId, ClientSecret, ClientStatus, ClientType, SecretStatus,
    TokenEndpointAuthMethod,
};
use porta_core::signing_key::SigningAlgorithm;
use porta_store::Result;

use crate::kernel::{
    Reader, Record, Value, at, digest, flag, int, json, opt_at, opt_json, opt_text, text, uuid,
};

macro_rules! stored_columns {
    ($($form:tt)+) => {
        $crate::kernel::columns! {
            $($form)+;
            id,
            organization_id,
            application_id,
            client_id,
            client_name,
            client_type,
            application_type,
            redirect_uris,
            post_logout_redirect_uris,
            grant_types,
            response_types,
            scope,
            token_endpoint_auth_method,
            allowed_origins,
            require_pkce,
            login_methods,
            id_token_signed_response_alg,
            userinfo_signed_response_alg,
            standard_claims_in_id_token,
            status,
            created_at,
            updated_at,
            version
        }
    };
}
pub(super) use stored_columns;
stored_columns!(enum ClientColumn of "clients");

/// The columns that an update writes.
macro_rules! edited_columns {
    ($($form:tt)+) => {
        $crate::kernel::columns! {
            $($form)+;
            client_name,
            client_type,
            application_type,
            redirect_uris,
            post_logout_redirect_uris,
            grant_types,
            response_types,
            scope,
            token_endpoint_auth_method,
            allowed_origins,
            require_pkce,
            login_methods,
            id_token_signed_response_alg,
            userinfo_signed_response_alg,
            standard_claims_in_id_token,
            updated_at
        }
    };
}
pub(super) use edited_columns;

/// Every column of client `c`, and the organizations that may use it.
macro_rules! client_columns {
    (postgres) => {
        concat!(
            $crate::clients::columns::stored_columns!(list "c."),
            ", (SELECT json_agg(co.organization_id ORDER BY co.organization_id) \
            FROM client_organizations co WHERE co.client_id = c.id)"
        )
    };
    (sqlite) => {
        concat!(
            $crate::clients::columns::stored_columns!(list "c."),
            ", (SELECT json_group_array(lower(hex(co.organization_id)) \
            ORDER BY co.organization_id) FROM client_organizations co WHERE co.client_id = c.id)"
        )
    };
}
pub(super) use client_columns;

macro_rules! secret_columns {
    ($($form:tt)+) => {
        $crate::kernel::columns! {
            $($form)+; id, client_id, digest, label, expires_at, status, last_used_at, created_at
        }
    };
}
pub(super) use secret_columns;
secret_columns!(enum SecretColumn of "client_secrets");

pub(super) fn value(c: &Client, column: ClientColumn) -> Value<'_> {
    match column {
        ClientColumn::id => uuid(c.id),
        ClientColumn::organization_id => uuid(c.organization_id),
        ClientColumn::application_id => uuid(c.application_id),
        ClientColumn::client_id => text(c.client_id.as_str()),
        ClientColumn::client_name => text(&c.client_name),
        ClientColumn::client_type => text(c.client_type.as_str()),
        ClientColumn::application_type => text(c.application_type.as_str()),
        ClientColumn::redirect_uris => json(&c.redirect_uris),
        ClientColumn::post_logout_redirect_uris => json(&c.post_logout_redirect_uris),
        ClientColumn::grant_types => json(&c.grant_types),
        ClientColumn::response_types => json(&c.response_types),
        ClientColumn::scope => text(&c.scope),
        ClientColumn::token_endpoint_auth_method => text(c.token_endpoint_auth_method.as_str()),
        ClientColumn::allowed_origins => json(&c.allowed_origins),
        ClientColumn::require_pkce => flag(c.require_pkce),
        ClientColumn::login_methods => opt_json(c.login_methods.as_ref()),
        ClientColumn::id_token_signed_response_alg => text(c.id_token_signed_response_alg.as_str()),
        ClientColumn::userinfo_signed_response_alg => {
            opt_text(c.userinfo_signed_response_alg.map(SigningAlgorithm::as_str))
        }
        ClientColumn::standard_claims_in_id_token => flag(c.standard_claims_in_id_token),
        ClientColumn::status => text(c.status.as_str()),
        ClientColumn::created_at => at(c.created_at),
        ClientColumn::updated_at => at(c.updated_at),
        ClientColumn::version => int(c.version.number()),
    }
}

pub(super) fn secret_value(s: &ClientSecret, column: SecretColumn) -> Value<'_> {
    match column {
        SecretColumn::id => uuid(s.id),
        SecretColumn::client_id => uuid(s.client),
        SecretColumn::digest => digest(&s.digest),
        SecretColumn::label => opt_text(s.label.as_deref()),
        SecretColumn::expires_at => opt_at(s.expires_at),
        SecretColumn::status => text(s.status.as_str()),
        SecretColumn::last_used_at => opt_at(s.last_used_at),
        SecretColumn::created_at => at(s.created_at),
    }
}

/// A client from here on, which [`client_columns`] selected.
pub(super) fn next_client(reader: &mut Reader<'_>) -> Result<Client> {
    let r = reader.record();
    Ok(Client {
        id: r.id(ClientColumn::id)?,
        organization_id: r.id(ClientColumn::organization_id)?,
        application_id: r.id(ClientColumn::application_id)?,
        client_id: r.parsed(ClientColumn::client_id, |s| ClientId::parse(s).ok())?,
        client_name: r.text(ClientColumn::client_name)?,
        client_type: r.parsed(ClientColumn::client_type, ClientType::parse)?,
        application_type: r.parsed(ClientColumn::application_type, ApplicationType::parse)?,
        redirect_uris: r.json(ClientColumn::redirect_uris)?,
        post_logout_redirect_uris: r.json(ClientColumn::post_logout_redirect_uris)?,
        grant_types: r.json(ClientColumn::grant_types)?,
        response_types: r.json(ClientColumn::response_types)?,
        scope: r.text(ClientColumn::scope)?,
        token_endpoint_auth_method: r
            .parsed(ClientColumn::token_endpoint_auth_method, TokenEndpointAuthMethod::parse)?,
        allowed_origins: r.json(ClientColumn::allowed_origins)?,
        require_pkce: r.flag(ClientColumn::require_pkce)?,
        login_methods: r.opt_json(ClientColumn::login_methods)?,
        id_token_signed_response_alg: r
            .parsed(ClientColumn::id_token_signed_response_alg, SigningAlgorithm::parse)?,
        userinfo_signed_response_alg: r
            .opt_parsed(ClientColumn::userinfo_signed_response_alg, SigningAlgorithm::parse)?,
        standard_claims_in_id_token: r.flag(ClientColumn::standard_claims_in_id_token)?,
        status: r.parsed(ClientColumn::status, ClientStatus::parse)?,
        created_at: r.time(ClientColumn::created_at)?,
        updated_at: r.time(ClientColumn::updated_at)?,
        version: Version::stored(r.int(ClientColumn::version)?),
        allowed_organizations: reader.opt_json()?.unwrap_or_default(),
    })
}

pub(super) fn read_secret(r: &Record<'_, SecretColumn>) -> Result<ClientSecret> {
    Ok(ClientSecret {
        id: r.id(SecretColumn::id)?,
        client: r.id(SecretColumn::client_id)?,
        digest: r.digest(SecretColumn::digest)?,
        label: r.opt_text(SecretColumn::label)?,
        expires_at: r.opt_time(SecretColumn::expires_at)?,
        status: r.parsed(SecretColumn::status, SecretStatus::parse)?,
        last_used_at: r.opt_time(SecretColumn::last_used_at)?,
        created_at: r.time(SecretColumn::created_at)?,
    })
}
