//! `POST /organizations`.

use axum::extract::State;
use porta_core::organization::{Branding, LoginMethod};
use porta_directory::NewOrganization;
use porta_web::reply::Reply;
use serde::Deserialize;
use utoipa::ToSchema;

use super::input::BrandingInput;
use super::view::OrganizationView;
use crate::access::{Authorized, CreateOrganizations};
use crate::answer::{self, Data};
use crate::body::JsonBody;
use crate::error::Result;
use crate::etag::with_etag;
use crate::state::AdminState;

/// A new organization.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewOrganizationBody {
    #[schema(min_length = 1, max_length = 255)]
    name: String,
    /// Made from the name if it is left out. Never changes.
    #[schema(min_length = 3, max_length = 100)]
    slug: Option<String>,
    /// A language tag such as `en` or `pt-BR`; `en` if it is left out.
    #[schema(min_length = 2, max_length = 10)]
    default_locale: Option<String>,
    /// `password`, `magic_link`; both if they are left out.
    #[schema(value_type = Option<Vec<String>>)]
    default_login_methods: Option<Vec<LoginMethod>>,
    branding: Option<BrandingInput>,
}

/// Create an organization. It gets signing keys, so that people can sign in at once.
#[utoipa::path(post, path = "/organizations", tag = "organizations", request_body = NewOrganizationBody,
    responses((status = 201, body = Data<OrganizationView>, headers(("ETag" = String)))))]
pub(crate) async fn create_organization(
    caller: Authorized<CreateOrganizations>,
    State(state): State<AdminState>,
    JsonBody(body): JsonBody<NewOrganizationBody>,
) -> Result<Reply> {
    let branding = body.branding.unwrap_or_default().applied_to(&Branding::default(), "branding")?;
    let new = NewOrganization {
        name: body.name,
        slug: body.slug,
        default_locale: body.default_locale,
        default_login_methods: body.default_login_methods,
        branding,
        ..NewOrganization::default()
    };
    let mut unit = state.directory.begin(caller.into_actor()).await?;
    let organization = unit.organizations().create(new).await?;
    unit.commit().await?;
    let tag = OrganizationView::tag(&organization);
    Ok(with_etag(answer::created(OrganizationView::from(organization)), &tag))
}
