//! `POST /import`: applies a manifest, or shows what applying it would do.

mod answer;
mod apply;
mod body;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::AdminState;

pub(crate) use body::LARGEST;

pub(crate) fn routes() -> OpenApiRouter<AdminState> {
    OpenApiRouter::new().routes(routes!(apply::import_manifest))
}
