//! Errors as RFC 9457 problem documents.

use std::any::Any;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use crate::store::StoreError;

/// The media type of a problem document.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// What a client must show, in the words of RFC 6750.
const REALM: &str = "Bearer realm=\"mqtt-presence\"";

/// A problem document. `code` is stable, `detail` is for people.
#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: String,
    more: Map<String, Value>,
    retry_after: Option<u32>,
    challenge: Option<String>,
    plain: bool,
}

/// A problem document as OpenAPI describes it.
#[derive(utoipa::ToSchema)]
#[schema(as = Problem)]
#[allow(dead_code)]
pub struct ProblemSchema {
    /// `urn:mqtt-presence:problem:CODE`, stable.
    r#type: String,
    /// The status in words.
    title: String,
    /// The HTTP status.
    status: u16,
    /// What is wrong and what to do.
    detail: String,
}

impl Problem {
    /// A problem with this status, stable code and sentence.
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Problem {
        Problem {
            status,
            code,
            detail: detail.into(),
            more: Map::new(),
            retry_after: None,
            challenge: None,
            plain: false,
        }
    }

    /// The token is valid, but not for this call.
    pub fn lacks_scope(wanted: &str, given: &str) -> Problem {
        let detail = format!(
            "this call needs a token of the scope `{wanted}`; the one that was sent has the scope `{given}`"
        );
        let mut problem = Problem::new(StatusCode::FORBIDDEN, "insufficient_scope", detail);
        problem.challenge = Some(format!(
            "{REALM}, error=\"insufficient_scope\", scope=\"{wanted}\""
        ));
        problem
    }

    /// A parameter or field whose value is wrong.
    pub fn unprocessable(detail: impl Into<String>) -> Problem {
        Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "invalid_parameter",
            detail,
        )
    }

    /// The service cannot do it now.
    pub fn unavailable(code: &'static str, detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, code, detail).retry_after(1)
    }

    /// The pipeline took nothing more.
    pub fn shutting_down() -> Problem {
        let detail =
            "the service is shutting down and nothing of this body was acknowledged; send it again";
        Problem::unavailable("shutting_down", detail)
    }

    /// The body is larger than `limit` bytes.
    pub fn too_large(limit: usize) -> Problem {
        let detail = format!(
            "the body is larger than {limit} bytes; send it in parts, or raise `api.body_limit`"
        );
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", detail)
    }

    /// Adds a member.
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Problem {
        self.more.insert(name.into(), value.into());
        self
    }

    /// Adds `Retry-After`, in seconds.
    pub fn retry_after(mut self, seconds: u32) -> Problem {
        self.retry_after = Some(seconds);
        self
    }

    /// Adds `Accept-Encoding`: bodies are taken as they are.
    pub fn takes_plain(mut self) -> Problem {
        self.plain = true;
        self
    }

    /// The document.
    pub fn document(&self) -> Value {
        let mut document = json!({
            "type": format!("urn:mqtt-presence:problem:{}", self.code),
            "title": self.status.canonical_reason().unwrap_or("Error"),
            "status": self.status.as_u16(),
            "detail": self.detail,
        });
        if let Some(object) = document.as_object_mut() {
            object.extend(self.more.clone());
        }
        document
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status, self.document().to_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.plain {
            headers.insert(
                header::ACCEPT_ENCODING,
                HeaderValue::from_static("identity"),
            );
        }
        let challenge = match (self.challenge, self.status) {
            (Some(challenge), _) => HeaderValue::from_str(&challenge).ok(),
            (None, StatusCode::UNAUTHORIZED) => Some(HeaderValue::from_static(REALM)),
            _ => None,
        };
        if let Some(challenge) = challenge {
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Problem {
        tracing::warn!(%error, "the store did not answer");
        Problem::unavailable(
            "store_unavailable",
            format!("the store did not answer: {error}"),
        )
    }
}

/// No such route.
pub fn not_found(uri: &axum::http::Uri) -> Problem {
    let detail = format!(
        "there is no `{}` here; `/openapi.json` lists every call",
        uri.path()
    );
    Problem::new(StatusCode::NOT_FOUND, "not_found", detail)
}

/// The route has no such method; axum adds `Allow`.
pub async fn method_not_allowed(method: axum::http::Method, uri: axum::http::Uri) -> Problem {
    let detail = format!(
        "`{}` does not take {method}; the header `Allow` says what it takes",
        uri.path()
    );
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail)
}

/// A handler panicked; the panic is in the log, not in the answer.
#[allow(clippy::needless_pass_by_value)]
pub fn panicked(_: Box<dyn Any + Send + 'static>) -> Response {
    let detail = "this request met a defect of the service; its log says more";
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail).into_response()
}
