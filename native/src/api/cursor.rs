//! Opaque cursors: where the next page begins.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::problem::Problem;

/// A cursor that stands for the last id of a page.
pub fn encode(last: &str) -> String {
    URL_SAFE_NO_PAD.encode(last)
}

/// The id that a cursor stands for.
///
/// # Errors
/// 422: it is no cursor of this service.
pub fn decode(cursor: &str) -> Result<String, Problem> {
    URL_SAFE_NO_PAD
        .decode(cursor)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(|| {
            Problem::unprocessable(format!(
                "`cursor` is `{cursor}`; give the `nextCursor` of a page"
            ))
        })
}
