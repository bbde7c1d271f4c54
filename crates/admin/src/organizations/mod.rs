//! Organizations and their branding.

mod asset;
mod branding;
mod create;
mod destroy;
mod get;
mod input;
mod list;
mod preview;
mod status;
mod test_email;
mod update;
mod upload;
mod validate_slug;
mod view;

pub(crate) use self::view::OrganizationView;
pub(crate) use input::style_sheet_problem;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::AdminState;

pub(crate) fn routes() -> OpenApiRouter<AdminState> {
    OpenApiRouter::new()
        .routes(routes!(list::list_organizations, create::create_organization))
        .routes(routes!(validate_slug::validate_organization_slug))
        .routes(routes!(get::get_organization, update::update_organization, destroy::destroy_organization))
        .routes(routes!(status::suspend_organization))
        .routes(routes!(status::activate_organization))
        .routes(routes!(status::archive_organization))
        .routes(routes!(status::restore_organization))
        .routes(routes!(test_email::send_test_email))
        .routes(routes!(branding::get_branding, branding::update_branding))
        .routes(routes!(preview::preview_branding))
        .routes(routes!(asset::get_branding_asset, asset::put_branding_asset, asset::delete_branding_asset))
}
