//! Pages and their opaque cursors: where the next one begins.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::parameters::Parameters;
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

/// The number after which a page begins: `cursor` of a page that is in order of
/// numbers, 0 for the first.
///
/// # Errors
/// 422: it is no cursor of such a page.
pub fn number(parameters: &mut Parameters) -> Result<u64, Problem> {
    let Some(text) = parameters.take("cursor")? else {
        return Ok(0);
    };
    decode(&text)?.parse().map_err(|_| {
        Problem::unprocessable(format!(
            "`cursor` is `{text}`; give the `nextCursor` of a page of this call"
        ))
    })
}

/// Cuts what was found, one more than the page takes if there are more; the
/// cursor of the next page, `None` on the last.
pub fn cut<T>(found: &mut Vec<T>, limit: usize, id: impl Fn(&T) -> String) -> Option<String> {
    let more = found.len() > limit;
    found.truncate(limit);
    found.last().filter(|_| more).map(|last| encode(&id(last)))
}
