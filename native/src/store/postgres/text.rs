//! Text that PostgreSQL can hold: all but U+0000.
//!
//! U+0000 is written as U+0001 U+0001 and U+0001 as U+0001 U+0002, which keeps
//! byte order and prefixes. Every other text is written as it is.

use std::borrow::Cow;

pub(super) fn write(text: &str) -> Cow<'_, str> {
    if !text.contains(['\0', '\u{1}']) {
        return Cow::Borrowed(text);
    }
    let mut written = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match character {
            '\0' => written.push_str("\u{1}\u{1}"),
            '\u{1}' => written.push_str("\u{1}\u{2}"),
            other => written.push(other),
        }
    }
    Cow::Owned(written)
}

pub(super) fn read(written: String) -> String {
    if !written.contains('\u{1}') {
        return written;
    }
    let mut text = String::with_capacity(written.len());
    let mut characters = written.chars();
    while let Some(character) = characters.next() {
        match character {
            '\u{1}' => text.push(match characters.next() {
                Some('\u{1}') => '\0',
                _ => '\u{1}',
            }),
            other => text.push(other),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{read, write};

    #[test]
    fn order_and_text_stay() {
        let mut texts = [
            "", "a", "a\0", "a\0\0", "a\0b", "a\u{1}", "a\u{1}\0", "a\u{2}", "ä",
        ];
        texts.sort_unstable();
        let written: Vec<_> = texts.iter().map(|text| write(text).into_owned()).collect();
        assert!(written.is_sorted());
        for (text, written) in texts.iter().zip(written) {
            assert!(!written.contains('\0'));
            assert_eq!(read(written), *text);
        }
    }
}
