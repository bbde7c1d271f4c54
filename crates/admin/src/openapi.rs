//! The OpenAPI 3.1 document. Each operation describes its own part; what all of them share is added here.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    ContentBuilder, Header, Info, ObjectBuilder, OpenApi, Ref, RefOr, Required, Response, ResponseBuilder,
    Schema, Server, Type,
};
use utoipa::{PartialSchema as _, ToSchema as _};
use utoipa_axum::router::OpenApiRouter;

use crate::body::JSON;
use crate::document_paths::{names_in, operations_of};
use crate::error::ErrorBody;
use crate::examples::add_example;
use crate::links::add_links;
use crate::refusals::{REFUSALS, Refusal};
use crate::state::AdminState;

/// Prefix of all paths.
pub(crate) const BASE: &str = "/api/admin";
const SCHEME: &str = "bearer";
/// Operations that anybody may call.
const PUBLIC: [&str; 1] = ["get_metadata"];

/// Adds what all operations share.
pub(crate) fn completed(mut api: OpenApi) -> OpenApi {
    api.info = Info::new("Porta Admin API", env!("CARGO_PKG_VERSION"));
    api.info.description = Some(
        "Manages organizations, applications, clients, users and everything else of an installation."
            .to_owned(),
    );
    api.servers = Some(vec![Server::new(BASE)]);
    let components = api.components.get_or_insert_default();
    let mut schemas = vec![(ErrorBody::name().into_owned(), ErrorBody::schema())];
    ErrorBody::schemas(&mut schemas);
    components.schemas.extend(schemas);
    let mut scheme = Http::new(HttpAuthScheme::Bearer);
    scheme.description = Some("An access token of a client of the application `porta-admin`.".to_owned());
    components.add_security_scheme(SCHEME, SecurityScheme::Http(scheme));
    for (path, item) in &mut api.paths.paths {
        let parameters: Vec<_> = path_parameters(path).map(RefOr::T).collect();
        for operation in operations_of(item) {
            complete(operation, &parameters);
            add_example(operation);
            relax_body(operation, &components.schemas);
        }
        if let Some(operation) = &mut item.post {
            operation.parameters.get_or_insert_default().push(RefOr::T(idempotency_key()));
        }
        if let Some(operation) = &mut item.get {
            describe_condition(operation);
        }
    }
    add_links(&mut api.paths);
    api
}

fn complete(operation: &mut Operation, parameters: &[RefOr<Parameter>]) {
    operation.parameters.get_or_insert_default().extend(parameters.iter().cloned());
    let id = operation.operation_id.as_deref().unwrap_or_default();
    let is_public = PUBLIC.contains(&id);
    if !is_public {
        operation.security = Some(vec![SecurityRequirement::new::<_, [&str; 0], &str>(SCHEME, [])]);
    }
    for refusal in REFUSALS.iter().filter(|refusal| !is_public || refusal.concerns_everybody) {
        let response = RefOr::T(refused(refusal));
        operation.responses.responses.entry(refusal.status.as_str().to_owned()).or_insert(response);
    }
}

/// A read whose answer has a tag may be conditional.
fn describe_condition(operation: &mut Operation) {
    let responses = &mut operation.responses.responses;
    let Some(RefOr::T(found)) = responses.get("200") else { return };
    let Some(tag) = found.headers.get("ETag").cloned() else { return };
    let mut unchanged = Response::new("The entity is as the caller knows it.");
    unchanged.headers.insert("ETag".to_owned(), tag);
    responses.insert(StatusCode::NOT_MODIFIED.as_str().to_owned(), RefOr::T(unchanged));
    let condition = ParameterBuilder::new()
        .name("If-None-Match")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some("The `ETag` of an answer that the caller has: 304 if it is still the same."))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
        .build();
    operation.parameters.get_or_insert_default().push(RefOr::T(condition));
}

/// A body without required fields may be left out: it counts as an empty object.
fn relax_body(operation: &mut Operation, schemas: &BTreeMap<String, RefOr<Schema>>) {
    let Some(RefOr::T(body)) = &mut operation.request_body else { return };
    let Some(RefOr::T(content)) = body.content.get(JSON) else { return };
    if content.schema.as_ref().is_some_and(|schema| !needs_fields(schema, schemas)) {
        body.required = Some(Required::False);
    }
}

/// Whether an empty object does not fit a schema.
fn needs_fields(schema: &RefOr<Schema>, schemas: &BTreeMap<String, RefOr<Schema>>) -> bool {
    match schema {
        RefOr::Ref(reference) => {
            let name = reference.ref_location.rsplit('/').next().unwrap_or_default();
            schemas.get(name).is_none_or(|schema| needs_fields(schema, schemas))
        }
        RefOr::T(Schema::Object(object)) => !object.required.is_empty(),
        RefOr::T(Schema::AllOf(all)) => all.items.iter().any(|schema| needs_fields(schema, schemas)),
        RefOr::T(_) => true,
    }
}

fn refused(refusal: &Refusal) -> Response {
    let body = ContentBuilder::new().schema(Some(Ref::from_schema_name(ErrorBody::name()))).build();
    let response = ResponseBuilder::new().description(refusal.description).content(JSON, body);
    match refusal.status {
        StatusCode::UNAUTHORIZED => response.header("WWW-Authenticate", Header::default()),
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
            response.header("Retry-After", Header::new(ObjectBuilder::new().schema_type(Type::Integer)))
        }
        _ => response,
    }
    .build()
}

/// The parameters that stand in a path.
fn path_parameters(path: &str) -> impl Iterator<Item = Parameter> {
    names_in(path).map(|name| {
        let description = match name {
            "orgId" => "Id or slug of the organization.",
            "appId" => "Id or slug of the application.",
            "type" => "`logo` or `favicon`.",
            "moduleId" => "Id of the module.",
            "clientId" => "Id of the client, or its OAuth client id.",
            _ => "Id.",
        };
        ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Path)
            .required(Required::True)
            .description(Some(description))
            .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
            .build()
    })
}

fn idempotency_key() -> Parameter {
    ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some("Sent again with the same key within a day, the request gets the same answer and is not carried out again."))
        .schema(Some(
            ObjectBuilder::new()
                .schema_type(Type::String)
                .min_length(Some(1))
                .max_length(Some(255))
                .pattern(Some(r"^[!-~]([\t -~]*[!-~])?$")),
        ))
        .build()
}

/// Names the operations of a router that is also nested elsewhere: operation ids are unique.
pub(crate) fn by_id(mut router: OpenApiRouter<AdminState>) -> OpenApiRouter<AdminState> {
    for item in router.get_openapi_mut().paths.paths.values_mut() {
        for operation in operations_of(item) {
            if let Some(id) = &mut operation.operation_id {
                id.push_str("_by_id");
            }
        }
    }
    router
}
