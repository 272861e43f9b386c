//! Ids within sentences.

use std::fmt;

/// The most characters of an id that a sentence shows.
const SHOWN: usize = 80;

/// An id in backticks: cut after 80 characters, control characters and
/// backticks escaped, so that no id can break a line or end the quote.
pub(super) struct Quoted<'a>(pub &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`")?;
        let mut chars = self.0.chars();
        for c in chars.by_ref().take(SHOWN) {
            if c.is_control() || c == '`' {
                write!(f, "{}", c.escape_unicode())?;
            } else {
                write!(f, "{c}")?;
            }
        }
        if chars.next().is_some() {
            f.write_str("…")?;
        }
        f.write_str("`")
    }
}

#[cfg(test)]
mod tests {
    use super::Quoted;

    #[test]
    fn a_plain_id_stands_as_it_is() {
        assert_eq!(Quoted("GID_a@@@é").to_string(), "`GID_a@@@é`");
    }

    #[test]
    fn nothing_in_an_id_ends_the_quote_or_the_line() {
        assert_eq!(Quoted("a`b\nc").to_string(), r"`a\u{60}b\u{a}c`");
    }

    #[test]
    fn eighty_characters_are_shown() {
        assert_eq!(
            Quoted(&"é".repeat(80)).to_string(),
            format!("`{}`", "é".repeat(80))
        );
        assert_eq!(
            Quoted(&"é".repeat(81)).to_string(),
            format!("`{}…`", "é".repeat(80))
        );
    }
}
