//! Phase 3: clients and their secrets.

use porta_core::application::Application;
use porta_core::client::{Client, ClientId, ClientType, GrantType, ResponseType, TokenEndpointAuthMethod};
use porta_core::organization::Organization;
use porta_core::{OrganizationId, Slug, Timestamp};
use time::{Date, Month};

use super::Mode;
use super::document::{ClientItem, SecretItem};
use super::importer::{Importer, Item, updated};
use super::organizations::split;
use super::patch::{Patch, replace};
use super::report::{ItemKind, ItemOutcome};
use crate::{DirectoryError, IssuedSecret, NewClient, NewSecret, Result};

/// Result of processing one client.
struct ClientResult {
    client: Client,
    has_new_id: bool,
    secret: Option<IssuedSecret>,
}

pub(super) async fn import_clients(importer: &mut Importer<'_>) -> Result<()> {
    for position in importer.application_positions() {
        for (i, item) in position.item.clients.iter().enumerate() {
            let path = format!("{}.clients[{i}]", position.path());
            let Some((organization, application)) = importer.at(position) else {
                let error = importer.without_application(position);
                importer.record_orphan(ItemKind::Client, &item.client_name, path, error);
                continue;
            };
            importer.work.savepoint().await?;
            let (outcome, processed) =
                split(import_client(importer, &organization, &application, item).await);
            let entry = Item {
                kind: ItemKind::Client,
                slug: item.client_name.clone(),
                name: &item.client_name,
                path,
            };
            let stands = importer.record_outcome(entry, outcome).await?;
            if let Some(processed) = processed.filter(|_| stands) {
                importer.report.credential(&processed.client, processed.has_new_id, processed.secret);
            }
        }
    }
    Ok(())
}

async fn import_client(
    importer: &mut Importer<'_>,
    organization: &Organization,
    application: &Application,
    item: &ClientItem,
) -> Result<(ItemOutcome, ClientResult)> {
    let Some(before) = existing_client(importer, organization, application, item).await? else {
        let new = new_client(importer, item).await?;
        let has_new_id = new.client_id.is_none();
        let (client, secret) = importer.work.clients().create(organization, application, new).await?;
        return Ok((ItemOutcome::Created, ClientResult { client, has_new_id, secret }));
    };
    if importer.mode == Mode::Merge {
        let processed = ClientResult { client: before, has_new_id: false, secret: None };
        return Ok((ItemOutcome::Skipped("Already exists"), processed));
    }
    let after = updated_client(importer, &before, item).await?;
    let (client, mut fields) = importer.work.clients().update(organization, &before, after).await?;
    let secret = add_given_secret(importer, organization, &client, item).await?;
    if secret.is_some() {
        fields.push("secret");
    }
    Ok((updated(fields), ClientResult { client, has_new_id: false, secret }))
}

/// Finds a client by `client_id` if the file names one, else by name. Only within the organization and application,
/// so that equal names of two tenants do not collide.
async fn existing_client(
    importer: &mut Importer<'_>,
    organization: &Organization,
    application: &Application,
    item: &ClientItem,
) -> Result<Option<Client>> {
    let mut clients = importer.work.unit.clients(organization.id);
    // PostgreSQL refuses a zero byte, and no name has one: creating the client says so.
    let by_name = if item.client_name.contains('\0') {
        None
    } else {
        clients.by_name(application.id, &item.client_name).await?
    };
    let Some(text) = &item.client_id else { return Ok(by_name) };
    let client_id = ClientId::parse(text)?;
    match clients.by_client_id(&client_id).await? {
        Some(found) if found.application_id == application.id => Ok(Some(found)),
        Some(_) => {
            let problem = format!("client `{client_id}` belongs to another application");
            Err(DirectoryError::invalid("client_id", problem))
        }
        None => match by_name {
            Some(other) => {
                let problem = format!("a client of this name exists with client_id `{}`", other.client_id);
                Err(DirectoryError::invalid("client_id", problem))
            }
            None => Ok(None),
        },
    }
}

/// Defaults for new clients; they differ from the API's (`docs/provisioning.md`).
async fn new_client(importer: &mut Importer<'_>, item: &ClientItem) -> Result<NewClient> {
    let method = match item.client_type {
        ClientType::Public => TokenEndpointAuthMethod::None,
        ClientType::Confidential => TokenEndpointAuthMethod::ClientSecretPost,
    };
    Ok(NewClient {
        client_id: item.client_id.clone(),
        client_name: item.client_name.clone(),
        client_type: Some(item.client_type),
        application_type: item.application_type,
        redirect_uris: item.redirect_uris.clone().unwrap_or_default(),
        post_logout_redirect_uris: item.post_logout_redirect_uris.clone().unwrap_or_default(),
        grant_types: Some(item.grant_types.clone().unwrap_or_else(|| vec![GrantType::AuthorizationCode])),
        response_types: Some(item.response_types.clone().unwrap_or_else(|| vec![ResponseType::Code])),
        scope: Some(item.scope.clone().unwrap_or_else(|| "openid".to_owned())),
        token_endpoint_auth_method: Some(item.token_endpoint_auth_method.unwrap_or(method)),
        allowed_origins: item.allowed_origins.clone().unwrap_or_default(),
        require_pkce: item.require_pkce,
        login_methods: item.login_methods.value(),
        id_token_signed_response_alg: item.id_token_signed_response_alg,
        userinfo_signed_response_alg: item.userinfo_signed_response_alg.value(),
        standard_claims_in_id_token: item.standard_claims_in_id_token.unwrap_or(false),
        allowed_organizations: match &item.allowed_organizations {
            Some(slugs) => guests(importer, slugs).await?,
            None => Vec::new(),
        },
        secret: match &item.secret {
            Some(secret) => new_secret(secret, importer.work.now)?,
            None => NewSecret::default(),
        },
    })
}

async fn updated_client(importer: &mut Importer<'_>, before: &Client, item: &ClientItem) -> Result<Client> {
    let mut after =
        Client { client_name: item.client_name.clone(), client_type: item.client_type, ..before.clone() };
    replace(&mut after.application_type, item.application_type.as_ref());
    replace(&mut after.grant_types, item.grant_types.as_ref());
    replace(&mut after.response_types, item.response_types.as_ref());
    replace(&mut after.redirect_uris, item.redirect_uris.as_ref());
    replace(&mut after.post_logout_redirect_uris, item.post_logout_redirect_uris.as_ref());
    replace(&mut after.allowed_origins, item.allowed_origins.as_ref());
    replace(&mut after.scope, item.scope.as_ref());
    item.login_methods.apply(&mut after.login_methods);
    replace(&mut after.require_pkce, item.require_pkce.as_ref());
    replace(&mut after.token_endpoint_auth_method, item.token_endpoint_auth_method.as_ref());
    replace(&mut after.id_token_signed_response_alg, item.id_token_signed_response_alg.as_ref());
    match &item.userinfo_signed_response_alg {
        Patch::Keep => {}
        given => after.userinfo_signed_response_alg = given.value(),
    }
    replace(&mut after.standard_claims_in_id_token, item.standard_claims_in_id_token.as_ref());
    if let Some(slugs) = &item.allowed_organizations {
        after.allowed_organizations = guests(importer, slugs).await?;
    }
    Ok(after)
}

/// In overwrite mode existing secrets stay valid; the file's secret is added if the client does not have it yet.
async fn add_given_secret(
    importer: &mut Importer<'_>,
    organization: &Organization,
    client: &Client,
    item: &ClientItem,
) -> Result<Option<IssuedSecret>> {
    let Some(secret) = &item.secret else { return Ok(None) };
    let Some(value) = &secret.value else { return Ok(None) };
    if importer.work.clients().has_secret(organization, client, value.secret()).await? {
        return Ok(None);
    }
    let new = new_secret(secret, importer.work.now)?;
    Ok(Some(importer.work.clients().create_secret(organization, client, new).await?))
}

async fn guests(importer: &mut Importer<'_>, slugs: &[String]) -> Result<Vec<OrganizationId>> {
    let mut guests = Vec::with_capacity(slugs.len());
    for (i, text) in slugs.iter().enumerate() {
        let field = format!("allowed_organizations[{i}]");
        let found = match Slug::parse(text) {
            Ok(slug) => importer.work.unit.organizations().by_slug(&slug).await?,
            Err(_) => None,
        };
        let Some(organization) = found else {
            let problem = format!("organization `{text}` was not found");
            return Err(DirectoryError::invalid(field, problem));
        };
        guests.push(organization.id);
    }
    Ok(guests)
}

fn new_secret(item: &SecretItem, now: Timestamp) -> Result<NewSecret> {
    let expires_at = match (&item.expires_at, &item.expires_in) {
        (None, None) => None,
        (Some(text), _) => Some(point_in_time(text).ok_or_else(|| {
            let problem = "use RFC 3339 such as 2030-01-31T12:00:00Z, or a date";
            DirectoryError::invalid("secret.expires_at", problem)
        })?),
        (None, Some(text)) => Some(expires_in(now, text).ok_or_else(|| {
            let problem = "use a number followed by h, d, m (months) or y, such as 6m";
            DirectoryError::invalid("secret.expires_in", problem)
        })?),
    };
    let value = item.value.as_ref().map(|text| text.secret().clone());
    Ok(NewSecret { label: item.label.clone(), expires_at, value })
}

fn point_in_time(text: &str) -> Option<Timestamp> {
    Timestamp::parse_rfc3339(text).or_else(|| {
        let date = Date::parse(text, time::macros::format_description!("[year]-[month]-[day]")).ok()?;
        Some(Timestamp::from_offset(date.midnight().assume_utc()))
    })
}

/// When a lifetime ends. `m` means calendar months: 31 January plus one month is the last day of February.
pub fn expires_in(now: Timestamp, text: &str) -> Option<Timestamp> {
    let (count, unit) = text.trim().split_at_checked(text.trim().len().checked_sub(1)?)?;
    let count: u32 = count.parse().ok().filter(|n| (1..=100_000).contains(n))?;
    let start = now.to_offset();
    let end = match unit {
        "h" => start.checked_add(time::Duration::hours(count.into()))?,
        "d" => start.checked_add(time::Duration::days(count.into()))?,
        "m" => start.replace_date(months_later(start.date(), count)?),
        "y" => start.replace_date(months_later(start.date(), count.checked_mul(12)?)?),
        _ => return None,
    };
    Some(Timestamp::from_offset(end))
}

fn months_later(date: Date, months: u32) -> Option<Date> {
    let total = i64::from(date.year()) * 12 + i64::from(u8::from(date.month())) - 1 + i64::from(months);
    let year = i32::try_from(total.div_euclid(12)).ok()?;
    let month = Month::try_from(u8::try_from(total.rem_euclid(12) + 1).ok()?).ok()?;
    Date::from_calendar_date(year, month, date.day().min(month.length(year))).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_rfc3339(text).unwrap()
    }

    #[test]
    fn months_are_calendar_months() {
        let now = at("2026-01-31T10:00:00Z");
        assert_eq!(expires_in(now, "1m"), Some(at("2026-02-28T10:00:00Z")));
        assert_eq!(expires_in(now, "6m"), Some(at("2026-07-31T10:00:00Z")));
        assert_eq!(expires_in(now, "2y"), Some(at("2028-01-31T10:00:00Z")));
        assert_eq!(expires_in(now, "36h"), Some(at("2026-02-01T22:00:00Z")));
        assert_eq!(expires_in(now, "30d"), Some(at("2026-03-02T10:00:00Z")));
    }

    #[test]
    fn spans_that_are_none_are_refused() {
        for bad in ["", "m", "0d", "-1d", "6", "6w", "1.5y", "99999999999d", "100000y", "6 é"] {
            assert_eq!(expires_in(at("2026-01-31T10:00:00Z"), bad), None, "{bad}");
        }
    }

    #[test]
    fn dates_are_midnight_in_utc() {
        assert_eq!(point_in_time("2030-01-31"), Some(at("2030-01-31T00:00:00Z")));
        assert_eq!(point_in_time("31.01.2030"), None);
    }
}
