//! A look ahead: is this `[` an array, is this scalar a value of its own?

use std::str;

use super::space;
use super::syntax::{Scan, Syntax};

/// What a look ahead saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// A byte that begins no scalar.
    Byte(u8),
    /// A whole scalar and the byte that follows; no byte where the input ends
    /// or the room does.
    Scalar { end: usize, next: Option<u8> },
    /// Text that begins like a scalar and is none.
    NoScalar,
    /// A scalar that is valid as far as the input goes.
    Cut,
    /// A scalar that is valid as far as the room goes.
    Long,
    /// Nothing but white space to the end of the input or of the room.
    Nothing,
}

#[derive(Clone, Copy, Debug)]
enum Stage {
    /// In the white space before the scalar.
    Before,
    /// In the scalar that began at this index.
    Within(usize),
    /// In the white space behind the scalar that ended at this index.
    Behind(usize),
}

/// A look ahead that goes on where it stopped when more bytes have come.
#[derive(Debug)]
pub(super) struct Look {
    syntax: Syntax,
    stage: Stage,
    at: usize,
}

impl Look {
    pub(super) fn new() -> Self {
        Look {
            syntax: Syntax::new(0),
            stage: Stage::Before,
            at: 0,
        }
    }

    /// Begins anew, `from` bytes into the text.
    pub(super) fn restart(&mut self, from: usize) {
        self.syntax.restart();
        self.stage = Stage::Before;
        self.at = from;
    }

    /// Goes on with `text`, which has grown since the last call; `None` when
    /// more is wanted. `room` is how many bytes may be looked at, `ended`
    /// whether the input ends with `text`. With `in_line`, a line feed is a
    /// byte that follows a scalar, not white space.
    pub(super) fn see(
        &mut self,
        text: &[u8],
        room: usize,
        ended: bool,
        in_line: bool,
    ) -> Option<Seen> {
        let view = &text[..text.len().min(room)];
        let full = text.len() > room;
        loop {
            match self.stage {
                Stage::Before => {
                    self.at = space::skip(view, self.at);
                    match view.get(self.at) {
                        None => return (full || ended).then_some(Seen::Nothing),
                        Some(_) if space::cut_mark(&view[self.at..]) && !full && !ended => {
                            return None;
                        }
                        Some(&b) if begins_scalar(b) => self.stage = Stage::Within(self.at),
                        Some(&b) => return Some(Seen::Byte(b)),
                    }
                }
                Stage::Within(start) => {
                    let scalar = &view[start..];
                    match self.syntax.feed(scalar) {
                        Scan::Done(length) => {
                            if str::from_utf8(&scalar[..length]).is_err() {
                                return Some(Seen::NoScalar);
                            }
                            self.at = start + length;
                            self.stage = Stage::Behind(self.at);
                        }
                        Scan::Fault(..) => return Some(Seen::NoScalar),
                        Scan::More if !full && !ended => return None,
                        Scan::More if !may_become_utf8(scalar) => return Some(Seen::NoScalar),
                        Scan::More if full => return Some(Seen::Long),
                        Scan::More if !self.syntax.ends_here() => return Some(Seen::Cut),
                        Scan::More => {
                            self.at = view.len();
                            self.stage = Stage::Behind(self.at);
                        }
                    }
                }
                Stage::Behind(end) => {
                    self.at = match in_line {
                        true => space::skip_in_line(view, self.at),
                        false => space::skip(view, self.at),
                    };
                    return match view.get(self.at) {
                        None if !full && !ended => None,
                        Some(_) if space::cut_mark(&view[self.at..]) && !full && !ended => None,
                        next => Some(Seen::Scalar {
                            end,
                            next: next.copied(),
                        }),
                    };
                }
            }
        }
    }
}

/// Whether a scalar can begin with `b`.
pub(super) fn begins_scalar(b: u8) -> bool {
    matches!(b, b'"' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n')
}

/// Whether the bytes are UTF-8 but for a character that is cut at their end.
fn may_become_utf8(bytes: &[u8]) -> bool {
    bad_utf8(bytes).is_none()
}

/// The index of the first byte that is not UTF-8, a character cut at the end
/// not counted.
pub(super) fn bad_utf8(bytes: &[u8]) -> Option<usize> {
    match str::from_utf8(bytes) {
        Err(e) if e.error_len().is_some() => Some(e.valid_up_to()),
        _ => None,
    }
}
