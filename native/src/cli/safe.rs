//! Text of others on a terminal.

use std::borrow::Cow;

use serde_json::Value;

/// The text with its control characters escaped, so that a client id cannot
/// move the cursor or change colours.
pub(super) fn safe(text: &str) -> Cow<'_, str> {
    // Direction marks reorder the line around them.
    let unsafe_char = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if !text.contains(unsafe_char) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if unsafe_char(c) {
            escaped.extend(c.escape_unicode());
        } else {
            escaped.push(c);
        }
    }
    Cow::Owned(escaped)
}

/// The same of a text in an answer; `-` where there is none.
pub(super) fn text(value: &Value) -> String {
    safe(value.as_str().unwrap_or("-")).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_shown_not_sent() {
        assert_eq!(safe("GID_a@@@b"), "GID_a@@@b");
        assert_eq!(safe("a\u{1b}[31mb\u{202e}"), "a\\u{1b}[31mb\\u{202e}");
    }
}
