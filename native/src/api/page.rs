//! `/`: a first page, with its style and script beside it so that the
//! content security policy can forbid everything inline.

use axum::http::header;
use axum::response::IntoResponse;

/// The page.
#[utoipa::path(get, path = "/", tag = "service", responses((status = 200, body = String, content_type = "text/html")))]
pub async fn page() -> impl IntoResponse {
    (
        [(header::CONTENT_TYPE, "text/html; charset=utf-8")],
        include_str!("page/index.html"),
    )
}

/// Its script.
#[utoipa::path(get, path = "/page.js", tag = "service", responses((status = 200, body = String, content_type = "text/javascript")))]
pub async fn script() -> impl IntoResponse {
    (
        [(header::CONTENT_TYPE, "text/javascript; charset=utf-8")],
        include_str!("page/page.js"),
    )
}

/// Its style.
#[utoipa::path(get, path = "/page.css", tag = "service", responses((status = 200, body = String, content_type = "text/css")))]
pub async fn style() -> impl IntoResponse {
    (
        [(header::CONTENT_TYPE, "text/css; charset=utf-8")],
        include_str!("page/page.css"),
    )
}
