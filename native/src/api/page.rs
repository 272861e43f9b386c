//! `/`: the page, embedded as `cargo xtask page` built it.

use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use rust_embed::{Embed, EmbeddedFile};

use super::problem::{self, Problem, ProblemSchema};

#[derive(Embed)]
#[folder = "../web/dist"]
struct Page;

/// Files here have a hash of their content in their name.
const HASHED: &str = "assets/";

/// The page.
#[utoipa::path(get, path = "/", tag = "service", responses(
    (status = 200, body = String, content_type = "text/html"),
    (status = 404, body = ProblemSchema, content_type = problem::MEDIA_TYPE, description = "this build has no page"),
))]
pub async fn page(headers: HeaderMap) -> Response {
    match Page::get("index.html") {
        Some(file) => answer("index.html", file, &headers),
        None => Problem::new(
            StatusCode::NOT_FOUND,
            "no_page",
            "this build has no page: run `cargo xtask page`, then build `mqtt-presence` again",
        )
        .into_response(),
    }
}

/// What the page loads; all that is neither this nor a route is not found.
pub async fn file(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let name = uri.path().trim_start_matches('/');
    match Page::get(name) {
        Some(file) if method == Method::GET || method == Method::HEAD => {
            answer(name, file, &headers)
        }
        _ => problem::not_found(&uri).into_response(),
    }
}

fn answer(name: &str, file: EmbeddedFile, headers: &HeaderMap) -> Response {
    let tag: String = file.metadata.sha256_hash()[..16]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let tag = format!("\"{tag}\"");
    let cache = if name.starts_with(HASHED) {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let common = [
        (header::CACHE_CONTROL, cache.to_owned()),
        (header::ETAG, tag.clone()),
    ];
    let known = headers
        .get(header::IF_NONE_MATCH)
        .and_then(|tags| tags.to_str().ok())
        .is_some_and(|tags| tags.contains(&tag));
    if known {
        return (StatusCode::NOT_MODIFIED, common).into_response();
    }
    let kind = match file.metadata.mimetype() {
        kind if kind.starts_with("text/") => format!("{kind}; charset=utf-8"),
        kind => kind.to_owned(),
    };
    (common, [(header::CONTENT_TYPE, kind)], file.data).into_response()
}
