//! Where a value that is at fault ends, so that reading can go on.

use super::space;

/// What ended a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Nothing yet.
    More,
    /// Its matching bracket or closing quote.
    Closed,
    /// A line that begins with this bracket.
    Line(u8),
}

/// Follows brackets and strings through text that need not be JSON. It counts
/// only brackets of the kind that opened the value, and so needs no memory
/// however deep they nest; a line feed ends a string.
#[derive(Debug)]
pub(super) struct Resync {
    open: u8,
    depth: u64,
    in_string: bool,
    escaped: bool,
    line_start: bool,
    /// Whether a line that begins with a bracket ends the value.
    pub(super) lines: bool,
}

impl Resync {
    /// Before the first byte of a value that begins with `open`: `{`, `[`,
    /// `"` or the first byte of a number.
    pub(super) fn new(open: u8, lines: bool) -> Self {
        Resync {
            open,
            depth: 0,
            in_string: false,
            escaped: false,
            line_start: false,
            lines,
        }
    }

    /// Goes through `bytes`: how many of them belong to the value, and what
    /// ended it.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> (usize, End) {
        let mut at = 0;
        while let Some(&b) = bytes.get(at) {
            if self.in_string {
                match b {
                    b'\n' => {
                        self.in_string = false;
                        self.escaped = false;
                        if self.open == b'"' {
                            return (at, End::Closed);
                        }
                        self.line_start = true;
                    }
                    _ if self.escaped => self.escaped = false,
                    b'\\' => self.escaped = true,
                    b'"' => {
                        self.in_string = false;
                        if self.open == b'"' {
                            return (at + 1, End::Closed);
                        }
                    }
                    _ => {}
                }
                at += 1;
                continue;
            }
            if self.line_start && self.lines {
                let rest = &bytes[at..];
                if space::cut_mark(rest) {
                    break;
                }
                if space::starts_with_mark(rest) {
                    at += 3;
                    continue;
                }
                if b == b'{' || b == b'[' {
                    return (at, End::Line(b));
                }
            }
            self.line_start = b == b'\n' || (self.line_start && b == space::SEPARATOR);
            match (self.open, b) {
                (b'{' | b'[' | b'"', b'"') => self.in_string = true,
                (b'{', b'{') | (b'[', b'[') => self.depth += 1,
                (b'{', b'}') | (b'[', b']') => {
                    self.depth -= 1;
                    if self.depth == 0 {
                        return (at + 1, End::Closed);
                    }
                }
                (b'{' | b'[' | b'"', _) => {}
                (_, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E') => {}
                // A number ends before the first byte that cannot be in one.
                _ => return (at, End::Closed),
            }
            at += 1;
        }
        (at, End::More)
    }
}
