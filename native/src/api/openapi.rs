//! `/openapi.json`, made from the handlers and their types.

use axum::Json;
use axum::extract::State;
use utoipa::openapi::OpenApi as Document;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_axum::router::OpenApiRouter;

use super::Shared;
use super::answer::{KindSchema, StateSchema, StatusSchema};
use super::problem::ProblemSchema;

/// What no handler says: title, tags, the token.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "mqtt-presence",
        description = "Which MQTT clients are online. Times are milliseconds since 1970; errors are RFC 9457 problem documents."
    ),
    tags(
        (name = "clients", description = "Who is online, and why"),
        (name = "events", description = "Events in, and what was rejected"),
        (name = "sinks", description = "Where transitions are delivered"),
        (name = "service", description = "How the service fares"),
    ),
    components(schemas(ProblemSchema, StatusSchema, StateSchema, KindSchema)),
    modifiers(&Token),
)]
pub struct Base;

struct Token;

impl Modify for Token {
    fn modify(&self, document: &mut Document) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("Needed when the service has tokens. One of the scope `read` is refused with 403 where something changes: events, reconcile, retry"))
            .build();
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("token", SecurityScheme::Http(scheme));
    }
}

/// Says of all operations of these routes that they want a token, where the service has any.
pub fn guarded(mut router: OpenApiRouter<Shared>) -> OpenApiRouter<Shared> {
    for item in router.get_openapi_mut().paths.paths.values_mut() {
        for operation in [&mut item.get, &mut item.post].into_iter().flatten() {
            let token = SecurityRequirement::new("token", [""; 0]);
            operation.security = Some(vec![SecurityRequirement::default(), token]);
        }
    }
    router
}

/// This document.
#[utoipa::path(get, path = "/openapi.json", tag = "service", responses((status = 200, description = "OpenAPI 3.1", content_type = "application/json")))]
pub async fn openapi(State(service): State<Shared>) -> Json<Document> {
    Json(
        service
            .document
            .get()
            .cloned()
            .unwrap_or_else(Base::openapi),
    )
}
