//! What stands between records: white space, arrays, scalars and text that is
//! no JSON.

use super::Code;
use super::look::{Seen, begins_scalar};
use super::place::Cursor;
use super::quote::quote;
use super::reader::{Mode, Reader};
use super::resync::{End, Resync};
use super::space;

/// An array whose elements are records.
#[derive(Debug)]
pub(super) struct Array {
    /// Where its `[` stands.
    pub(super) at: Cursor,
    pub(super) behind: Behind,
}

/// What stands before this byte in an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Behind {
    /// Its `[`.
    Bracket,
    /// A comma.
    Comma,
    /// An element.
    Element,
    /// A fault that was reported, perhaps with a comma in it.
    Fault,
    /// Text that is no JSON.
    Text,
}

/// A run of text that is no JSON: one record.
#[derive(Debug)]
pub(super) struct Run {
    at: Cursor,
    /// What is wrong with its first byte.
    says: String,
    /// As much of it as the limit lets us keep.
    pub(super) raw: Vec<u8>,
}

impl Run {
    pub(super) fn new(at: Cursor, says: String) -> Self {
        Run {
            at,
            says,
            raw: Vec::new(),
        }
    }
}

/// The sentence for a byte at fault.
pub(super) fn at_fault(says: &str, at: Cursor, text: &[u8]) -> String {
    format!(
        "{says} at line {}, column {}: {}",
        at.line,
        at.column,
        quote(text)
    )
}

impl Reader {
    pub(super) fn gap(&mut self) -> bool {
        let white = space::skip(self.rest(), 0);
        if white > 0 {
            self.line_clear |= self.rest()[..white].contains(&b'\n');
            self.pass(white);
        }
        let rest = self.rest();
        match rest.first() {
            None => self.ended && self.end_of_input(),
            Some(_) if space::cut_mark(rest) && !self.ended => false,
            Some(&b) => {
                match self.array.as_ref().map(|array| array.behind) {
                    None => self.between_values(b),
                    Some(behind) => self.between_elements(behind, b),
                }
                true
            }
        }
    }

    fn end_of_input(&mut self) -> bool {
        let unfinished = self.run.is_some() || self.array.is_some();
        self.end_run();
        if let Some(array) = self.array.take() {
            let message = format!("the input ends within this array: {}", quote(b"["));
            self.reject(array.at, Code::Truncated, None, message, b"[".to_vec());
        }
        unfinished
    }

    fn between_values(&mut self, b: u8) {
        match b {
            b'{' => self.begin_object(),
            b'[' => {
                self.look.restart(1);
                self.mode = Mode::Opening;
            }
            _ if self.line_clear && begins_scalar(b) => self.begin_scalar(),
            _ => self.text(|b| matches!(b, b'{' | b'[' | b'\n')),
        }
    }

    fn between_elements(&mut self, behind: Behind, b: u8) {
        match (behind, b) {
            (_, b']') => {
                if self.run.is_none() && behind == Behind::Comma {
                    self.fault_between("expected an element", b);
                }
                self.end_run();
                self.take(1);
                self.array = None;
                self.line_clear = false;
            }
            (Behind::Element | Behind::Fault | Behind::Text, b',') => {
                self.pass(1);
                self.set_behind(Behind::Comma);
            }
            (_, b',') => {
                self.no_json(1);
                self.set_behind(Behind::Comma);
            }
            (_, b'{') => {
                self.before_element(b);
                self.begin_object();
            }
            (_, b'[') => {
                self.before_element(b);
                self.begin_nested();
            }
            _ if behind != Behind::Text && begins_scalar(b) => self.begin_scalar(),
            _ => self.text_of_array(),
        }
    }

    fn text_of_array(&mut self) {
        self.text(|b| matches!(b, b'{' | b'[' | b']' | b','));
        self.set_behind(Behind::Text);
    }

    pub(super) fn set_behind(&mut self, behind: Behind) {
        if let Some(array) = &mut self.array {
            array.behind = behind;
        }
    }

    /// An element begins here: whatever is at fault before it ends.
    fn before_element(&mut self, b: u8) {
        let behind = self.array.as_ref().map(|array| array.behind);
        if self.run.is_none() && behind == Some(Behind::Element) {
            self.fault_between("expected a comma or a closing bracket", b);
        }
        self.end_run();
    }

    /// Reports that the array's own punctuation is at fault at this byte,
    /// which belongs to no run of text.
    fn fault_between(&mut self, says: &str, b: u8) {
        let message = at_fault(says, self.here, &[b]);
        self.reject(self.here, Code::InvalidJson, None, message, Vec::new());
    }

    /// Takes text that is no JSON, up to a byte that may end it.
    fn text(&mut self, may_end: impl Fn(u8) -> bool) {
        let rest = &self.rest()[1..];
        let more = rest.iter().position(|&b| may_end(b)).unwrap_or(rest.len());
        self.no_json(1 + more);
        self.line_clear = false;
    }

    /// Takes `count` bytes that are no JSON.
    fn no_json(&mut self, count: usize) {
        if self.run.is_none() {
            let says = match self.array.as_ref().map(|array| array.behind) {
                None => "text that is not JSON",
                Some(Behind::Bracket | Behind::Comma) => "expected an element",
                Some(_) => "expected a comma or a closing bracket",
            };
            self.run = Some(Run::new(self.here, says.to_owned()));
        }
        self.pass(count);
    }

    /// Takes `count` bytes, which belong to the run of text if there is one.
    pub(super) fn pass(&mut self, count: usize) {
        if let Some(mut run) = self.run.take() {
            keep(&mut run.raw, &self.rest()[..count], self.limits.record);
            self.run = Some(run);
        }
        self.take(count);
    }

    /// The run of text ends here, if there is one.
    pub(super) fn end_run(&mut self) {
        if let Some(run) = self.run.take() {
            let raw = space::trim_end(&run.raw);
            let message = at_fault(&run.says, run.at, raw);
            let raw = raw.to_vec();
            self.reject(run.at, Code::InvalidJson, None, message, raw);
        }
    }

    fn begin_scalar(&mut self) {
        self.look.restart(0);
        self.mode = Mode::Scalar;
    }

    /// Decides whether a `[` opens an array. What would take more room to
    /// decide than a record may have, or does not end, is taken for one.
    pub(super) fn opening(&mut self) -> bool {
        let (room, ended) = (self.limits.record, self.ended);
        let (look, rest) = self.look_and_rest();
        let Some(seen) = look.see(rest, room, ended, false) else {
            return false;
        };
        self.mode = Mode::Gap;
        match seen {
            Seen::Byte(b'{' | b'[' | b']')
            | Seen::Scalar {
                next: None | Some(b',' | b']'),
                ..
            }
            | Seen::Cut
            | Seen::Long
            | Seen::Nothing => {
                self.end_run();
                self.array = Some(Array {
                    at: self.here,
                    behind: Behind::Bracket,
                });
                self.take(1);
            }
            Seen::Byte(_) | Seen::Scalar { .. } | Seen::NoScalar => {
                self.no_json(1);
                self.line_clear = false;
            }
        }
        true
    }

    /// Decides whether a scalar is a value of its own or part of other text.
    pub(super) fn scalar(&mut self) -> bool {
        let (room, ended, in_line) = (self.limits.record, self.ended, self.array.is_none());
        let (look, rest) = self.look_and_rest();
        let Some(seen) = look.see(rest, room, ended, in_line) else {
            return false;
        };
        let first = rest[0];
        self.mode = Mode::Gap;
        let alone = match seen {
            Seen::Scalar { next: None, .. } | Seen::Cut | Seen::Long => true,
            Seen::Scalar { next: Some(b), .. } if in_line => b == b'\n',
            Seen::Scalar { next: Some(b), .. } => matches!(b, b',' | b']'),
            Seen::Byte(_) | Seen::NoScalar | Seen::Nothing => false,
        };
        if !alone {
            // Only its first byte is settled: a record may begin within.
            self.no_json(1);
            self.line_clear = false;
            self.set_behind(Behind::Text);
            return true;
        }
        self.before_element(first);
        self.line_clear = false;
        self.set_behind(Behind::Element);
        match seen {
            Seen::Scalar { end, .. } => {
                let raw = self.rest()[..end].to_vec();
                let message = format!("record must be an object, not {}", quote(&raw));
                self.reject(self.here, Code::NotAnObject, None, message, raw);
                self.take(end);
            }
            Seen::Cut => self.cut_off(),
            _ => self.too_large(Resync::new(first, false)),
        }
        true
    }

    /// The value that begins here is valid and goes on where the input ends.
    pub(super) fn cut_off(&mut self) {
        let raw = self.rest().to_vec();
        let message = format!("the input ends within this record: {}", quote(&raw));
        self.reject(self.here, Code::Truncated, None, message, raw);
        self.take(self.rest().len());
        // The element and its array are one fault.
        self.array = None;
        self.mode = Mode::Gap;
    }

    /// A rejected value ended.
    pub(super) fn resume(&mut self, end: End) {
        self.mode = Mode::Gap;
        self.line_clear = matches!(end, End::Line(_));
        match end {
            End::Closed => self.set_behind(Behind::Element),
            // A new array, rather than one within the array whose element
            // swallowed the end.
            End::Line(b'[') => self.array = None,
            End::Line(_) => self.set_behind(Behind::Fault),
            End::More => self.array = None,
        }
    }
}

/// Appends to `kept` what `limit` leaves room for.
pub(super) fn keep(kept: &mut Vec<u8>, bytes: &[u8], limit: usize) {
    let room = limit.saturating_sub(kept.len());
    kept.extend_from_slice(&bytes[..bytes.len().min(room)]);
}
