//! White space between tokens, and what the first bytes say of the encoding.

/// The byte order mark of UTF-8, white space wherever it stands.
const MARK: &[u8] = b"\xEF\xBB\xBF";

/// RFC 7464's record separator, white space too.
pub(super) const SEPARATOR: u8 = 0x1E;

/// The index of the first byte at or after `at` that is no white space. It
/// also stops at a byte order mark whose end is not there yet, see [`cut_mark`].
pub(super) fn skip(bytes: &[u8], at: usize) -> usize {
    skip_where(bytes, at, |b| {
        matches!(b, b' ' | b'\n' | b'\r' | b'\t' | SEPARATOR)
    })
}

/// As [`skip`], but a line feed stops it.
pub(super) fn skip_in_line(bytes: &[u8], at: usize) -> usize {
    skip_where(bytes, at, |b| matches!(b, b' ' | b'\r' | b'\t' | SEPARATOR))
}

fn skip_where(bytes: &[u8], mut at: usize, is_space: impl Fn(u8) -> bool) -> usize {
    while let Some(&b) = bytes.get(at) {
        if is_space(b) {
            at += 1;
        } else if starts_with_mark(&bytes[at..]) {
            at += MARK.len();
        } else {
            break;
        }
    }
    at
}

/// Whether a byte order mark stands first.
pub(super) fn starts_with_mark(rest: &[u8]) -> bool {
    rest.first() == Some(&MARK[0]) && rest.starts_with(MARK)
}

/// Whether `rest` is the beginning of a byte order mark and no more.
pub(super) fn cut_mark(rest: &[u8]) -> bool {
    !rest.is_empty() && rest.len() < MARK.len() && MARK.starts_with(rest)
}

/// The bytes without the white space at their end.
pub(super) fn trim_end(mut bytes: &[u8]) -> &[u8] {
    loop {
        match bytes {
            [head @ .., b' ' | b'\n' | b'\r' | b'\t' | SEPARATOR] => bytes = head,
            [head @ .., 0xEF, 0xBB, 0xBF] => bytes = head,
            _ => return bytes,
        }
    }
}

/// How many first bytes [`utf_16`] wants to see.
pub(super) const ENCODING_BYTES: usize = 4;

/// The UTF-16 encoding that the first bytes of an input show, by their byte
/// order mark or by every other byte of two ASCII characters being zero.
pub(super) fn utf_16(first: &[u8]) -> Option<&'static str> {
    match *first {
        [0xFF, 0xFE, ..] => Some("UTF-16 (little endian)"),
        [0xFE, 0xFF, ..] => Some("UTF-16 (big endian)"),
        [a, 0, b, 0, ..] if a != 0 && b != 0 => Some("UTF-16 (little endian)"),
        [0, a, 0, b, ..] if a != 0 && b != 0 => Some("UTF-16 (big endian)"),
        _ => None,
    }
}
