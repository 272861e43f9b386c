//! Request bodies: media type, encoding, size and pace.

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, StatusCode, header};
use futures_util::StreamExt;

use super::problem::Problem;
use crate::config::{Api, Span};

/// Refuses a body of another media type or an encoded one. A page of another
/// site can send forms and plain text without asking first, so a type is required.
///
/// # Errors
/// 415 with what is taken.
pub fn media_type(headers: &HeaderMap, taken: &[&str]) -> Result<(), Problem> {
    let given = headers
        .get(header::CONTENT_TYPE)
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    let essence = given
        .as_deref()
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_lowercase();
    if taken.contains(&essence.as_str()) {
        return encoding(headers);
    }
    let given = given.map_or_else(|| "missing".to_owned(), |given| format!("`{given}`"));
    let detail = format!(
        "the header `Content-Type` is {given}; send `{}`",
        taken.join("`, `")
    );
    Err(Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "unsupported_media_type",
        detail,
    ))
}

/// Refuses a body that is compressed or otherwise encoded: it would be read as
/// it is, and its bytes taken for broken records.
///
/// # Errors
/// 415 with what is taken.
fn encoding(headers: &HeaderMap) -> Result<(), Problem> {
    let all = headers.get_all(header::CONTENT_ENCODING).iter();
    let given: Vec<_> = all
        .map(|value| String::from_utf8_lossy(value.as_bytes()))
        .collect();
    let mut each = given.iter().flat_map(|value| value.split(','));
    let plain = |name: &str| name.is_empty() || name.eq_ignore_ascii_case("identity");
    if each.all(|name| plain(name.trim())) {
        return Ok(());
    }
    let detail = format!(
        "the header `Content-Encoding` is `{}`; send the body as it is, without that header",
        given.join(", ")
    );
    let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
    Err(Problem::new(status, "unsupported_content_encoding", detail).takes_plain())
}

/// A body in chunks that never is larger than its limit, and never silent for
/// longer than `api.body_timeout`.
pub struct Chunks {
    stream: axum::body::BodyDataStream,
    left: usize,
    limit: usize,
    silence: Span,
}

impl Chunks {
    /// Refuses at once what says that it is too large.
    ///
    /// # Errors
    /// 413.
    pub fn new(body: Body, headers: &HeaderMap, api: &Api) -> Result<Chunks, Problem> {
        let limit = api.body_limit;
        let announced = headers
            .get(header::CONTENT_LENGTH)
            .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        if announced.is_some_and(|length| length > limit as u64) {
            return Err(Problem::too_large(limit));
        }
        Ok(Chunks {
            limit,
            left: limit,
            ..Chunks::endless(body, api)
        })
    }

    /// Of any size, for what is read piece by piece.
    pub fn endless(body: Body, api: &Api) -> Chunks {
        Chunks {
            stream: body.into_data_stream(),
            left: usize::MAX,
            limit: usize::MAX,
            silence: api.body_timeout,
        }
    }

    /// The next chunk, `None` at the end.
    ///
    /// # Errors
    /// 413 beyond the limit, 400 when the connection broke, 408 when nothing
    /// came for too long.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        let silence = self.silence;
        let next = tokio::time::timeout(silence.duration(), self.stream.next());
        let next = next.await.map_err(|_| {
            let detail = format!("nothing of the body came within {silence} (`api.body_timeout`)");
            Problem::new(StatusCode::REQUEST_TIMEOUT, "body_incomplete", detail)
        })?;
        let Some(chunk) = next else {
            return Ok(None);
        };
        let chunk = chunk.map_err(|error| {
            Problem::new(
                StatusCode::BAD_REQUEST,
                "body_incomplete",
                format!("the body did not arrive whole: {error}"),
            )
        })?;
        self.left = self
            .left
            .checked_sub(chunk.len())
            .ok_or_else(|| Problem::too_large(self.limit))?;
        Ok(Some(chunk))
    }
}

/// A body as a whole.
///
/// # Errors
/// As [`Chunks`].
pub async fn whole(body: Body, headers: &HeaderMap, api: &Api) -> Result<Vec<u8>, Problem> {
    let mut chunks = Chunks::new(body, headers, api)?;
    let mut bytes = Vec::new();
    while let Some(chunk) = chunks.next().await? {
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}
