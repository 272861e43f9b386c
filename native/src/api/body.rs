//! Request bodies: media type and size.

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, StatusCode, header};
use futures_util::StreamExt;

use super::problem::Problem;

/// Refuses a body of another media type. A page of another site can send
/// forms and plain text without asking first, so a type is required.
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
        return Ok(());
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

/// A body in chunks that never is larger than its limit.
pub struct Chunks {
    stream: axum::body::BodyDataStream,
    left: usize,
    limit: usize,
}

impl Chunks {
    /// Refuses at once what says that it is too large.
    ///
    /// # Errors
    /// 413.
    pub fn new(body: Body, headers: &HeaderMap, limit: usize) -> Result<Chunks, Problem> {
        let announced = headers
            .get(header::CONTENT_LENGTH)
            .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        if announced.is_some_and(|length| length > limit as u64) {
            return Err(Problem::too_large(limit));
        }
        Ok(Chunks {
            stream: body.into_data_stream(),
            left: limit,
            limit,
        })
    }

    /// The next chunk, `None` at the end.
    ///
    /// # Errors
    /// 413 beyond the limit, 400 when the connection broke.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        let Some(chunk) = self.stream.next().await else {
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
pub async fn whole(body: Body, headers: &HeaderMap, limit: usize) -> Result<Vec<u8>, Problem> {
    let mut chunks = Chunks::new(body, headers, limit)?;
    let mut bytes = Vec::new();
    while let Some(chunk) = chunks.next().await? {
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}
