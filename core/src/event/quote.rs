//! The user's text in backticks, short and safe to print.

use std::fmt::Write;

/// The longest quote in characters, as printed.
const LONGEST: usize = 80;

/// `text` in backticks: at most 80 characters, then `…`. Control characters,
/// backticks and bytes that are not UTF-8 are written as escapes, which count
/// as printed and are never cut.
pub(crate) fn quote(text: &[u8]) -> String {
    let mut quoted = String::from("`");
    let mut printed = 0;
    let mut piece = String::new();
    // No character is longer than four bytes, so what is beyond this cannot
    // be printed; the message of a large record costs no more than a small one's.
    let seen = &text[..text.len().min(4 * (LONGEST + 1))];
    for chunk in seen.utf8_chunks() {
        let chars = chunk.valid().chars().map(Ok);
        let bytes = chunk.invalid().iter().map(|&b| Err(b));
        for part in chars.chain(bytes) {
            piece.clear();
            escape(part, &mut piece);
            let width = piece.chars().count();
            if printed + width > LONGEST {
                quoted.push_str("…`");
                return quoted;
            }
            printed += width;
            quoted.push_str(&piece);
        }
    }
    quoted.push('`');
    quoted
}

/// Writes a character, or a byte that is none.
fn escape(part: Result<char, u8>, out: &mut String) {
    let written = match part {
        Ok('\n') => out.write_str("\\n"),
        Ok('\r') => out.write_str("\\r"),
        Ok('\t') => out.write_str("\\t"),
        Ok(c) if c == '`' || c.is_control() => write!(out, "\\u{:04x}", u32::from(c)),
        Ok(c) => out.write_char(c),
        Err(b) => write!(out, "\\x{b:02x}"),
    };
    written.expect("a string takes every write");
}

#[cfg(test)]
mod tests {
    use super::quote;

    #[test]
    fn eighty_characters_pass_and_more_is_cut() {
        assert_eq!(
            quote("é".repeat(80).as_bytes()),
            format!("`{}`", "é".repeat(80))
        );
        assert_eq!(
            quote("é".repeat(81).as_bytes()),
            format!("`{}…`", "é".repeat(80))
        );
        let emoji = "😀".repeat(100_000);
        assert_eq!(quote(emoji.as_bytes()), format!("`{}…`", "😀".repeat(80)));
    }

    #[test]
    fn what_a_terminal_or_a_reader_could_take_amiss_is_escaped() {
        assert_eq!(quote(b"a\n\t\r\x1b\x7f"), "`a\\n\\t\\r\\u001b\\u007f`");
        assert_eq!(quote("`\u{85}".as_bytes()), "`\\u0060\\u0085`");
        assert_eq!(quote(b"a\xff\xc3"), "`a\\xff\\xc3`");
    }

    #[test]
    fn an_escape_is_never_cut() {
        let mut text = vec![b'a'; 79];
        text.push(0xff);
        assert_eq!(quote(&text), format!("`{}…`", "a".repeat(79)));
    }
}
