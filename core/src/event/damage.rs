//! One object from its `{` to its end, and what becomes of a value that is at
//! fault.

use std::mem;
use std::str;

use super::Code;
use super::gap::{at_fault, keep};
use super::look::bad_utf8;
use super::object;
use super::place::Cursor;
use super::quote::quote;
use super::reader::{Mode, Reader};
use super::resync::{End, Resync};
use super::space;
use super::syntax::{Fault, Scan, Syntax};

/// A value that is rejected when it ends.
#[derive(Debug)]
pub(super) struct Damage {
    /// Where it begins.
    at: Cursor,
    cause: Cause,
    resync: Resync,
    /// As much of it as the limit lets us keep.
    pub(super) raw: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
enum Cause {
    /// The byte at this index and place.
    Syntax(usize, Cursor, Fault),
    /// It nests too deep.
    Deep,
    /// It is an array within an array.
    Nested,
}

impl Reader {
    pub(super) fn begin_object(&mut self) {
        self.end_run();
        self.syntax.restart();
        self.mode = Mode::Object;
    }

    pub(super) fn begin_nested(&mut self) {
        let damage = self.damage(Cause::Nested, Resync::new(b'[', false));
        self.mode = Mode::Damaged(damage);
    }

    /// A damaged value that begins here.
    fn damage(&self, cause: Cause, resync: Resync) -> Box<Damage> {
        Box::new(Damage {
            at: self.here,
            cause,
            resync,
            raw: Vec::new(),
        })
    }

    pub(super) fn object(&mut self) -> bool {
        let (limit, ended) = (self.limits.record, self.ended);
        let (syntax, rest) = self.syntax_and_rest();
        let object = &rest[..rest.len().min(limit)];
        let passed = rest.len() > limit;
        match syntax.feed(object) {
            Scan::Done(end) => self.record(end),
            Scan::Fault(at, fault) => match bad_utf8(&object[..at]) {
                Some(at) => self.broken(at, Fault::Utf8),
                None => self.broken(at, fault),
            },
            Scan::More if !passed && !ended => return false,
            Scan::More => match bad_utf8(object) {
                Some(at) => self.broken(at, Fault::Utf8),
                None if passed => self.too_large(Resync::new(b'{', false)),
                None => self.cut_off(),
            },
        }
        true
    }

    /// Takes an object of right syntax that ends before index `end`.
    fn record(&mut self, end: usize) {
        let bytes = &self.rest()[..end];
        let text = match str::from_utf8(bytes) {
            Ok(text) => text,
            Err(e) => return self.broken(e.valid_up_to(), Fault::Utf8),
        };
        match object::decode(text) {
            Ok(event) => self.accept(event),
            Err(flaw) => {
                let message = match flaw.at {
                    None => flaw.message,
                    Some(at) => {
                        let at = self.here.after(&bytes[..at]);
                        format!("{} at line {}, column {}", flaw.message, at.line, at.column)
                    }
                };
                let raw = bytes.to_vec();
                self.reject(self.here, flaw.code, flaw.field, message, raw);
            }
        }
        self.take(end);
        self.resume(End::Closed);
    }

    /// The object that begins here has a fault at index `at`.
    fn broken(&mut self, at: usize, fault: Fault) {
        let damage = if fault == Fault::Depth {
            // Up to here it is sound, so no line of it begins another record.
            let mut damage = self.damage(Cause::Deep, Resync::new(b'{', false));
            self.follow(&mut damage, at);
            damage.resync.lines = true;
            damage
        } else {
            let place = self.here.after(&self.rest()[..at]);
            self.damage(Cause::Syntax(at, place, fault), Resync::new(b'{', true))
        };
        self.mode = Mode::Damaged(damage);
    }

    /// The value that begins here has passed the limit: it is rejected at
    /// once, and what follows of it is skipped.
    pub(super) fn too_large(&mut self, mut resync: Resync) {
        let limit = self.limits.record;
        let at = self.here;
        let mut raw = self.rest()[..limit].to_vec();
        let within = self.record_within(&raw);
        raw.truncate(within.unwrap_or(limit));
        let message = format!("record has more than {limit} bytes: {}", quote(&raw));
        self.take(raw.len());
        if within.is_some() {
            self.resume(End::Line(self.rest()[0]));
        } else {
            resync.feed(&raw);
            resync.lines = raw.first() == Some(&b'{');
            self.mode = Mode::Skipped(resync);
        }
        self.reject(at, Code::TooLarge, None, message, raw);
    }

    /// The value that begins here is sound and goes on where the input ends.
    pub(super) fn cut_off(&mut self) {
        let at = self.here;
        let mut raw = self.rest().to_vec();
        raw.truncate(self.record_within(&raw).unwrap_or(raw.len()));
        let message = format!("the input ends within this record: {}", quote(&raw));
        self.take(raw.len());
        self.reject(at, Code::Truncated, None, message, raw);
        // The element and its array are one fault.
        self.array = None;
        self.mode = Mode::Gap;
    }

    /// The index of a line within a sound but unfinished object that begins
    /// with a whole record: then the object was cut just where a value may
    /// stand, and swallowed what was not its own.
    fn record_within(&self, object: &[u8]) -> Option<usize> {
        if object.first() != Some(&b'{') {
            return None;
        }
        let is_record = |at: usize| {
            let first = match object[at..] {
                [b'[', ..] => space::skip(object, at + 1),
                _ => at,
            };
            let record = &object[first..];
            match Syntax::new(self.limits.depth).feed(record) {
                Scan::Done(end) if record[0] == b'{' => {
                    str::from_utf8(&record[..end]).is_ok_and(|text| object::decode(text).is_ok())
                }
                _ => false,
            }
        };
        // Sound so far, so every line feed stands between tokens.
        let feeds = (0..object.len()).filter(|&at| object[at] == b'\n');
        feeds
            .map(|feed| space::skip_marks(object, feed + 1))
            .find(|&at| at < object.len() && is_record(at))
    }

    pub(super) fn skipped(&mut self) -> bool {
        let (mut resync, rest) = match mem::replace(&mut self.mode, Mode::Gap) {
            Mode::Skipped(resync) => (resync, self.rest()),
            _ => return true,
        };
        let length = rest.len();
        let (taken, end) = resync.feed(rest);
        match end {
            End::More if self.ended => {
                self.take(length);
                self.resume(end);
            }
            End::More => {
                self.take(taken);
                self.mode = Mode::Skipped(resync);
                return false;
            }
            _ => {
                self.take(taken);
                self.resume(end);
            }
        }
        true
    }

    pub(super) fn damaged(&mut self) -> bool {
        let Mode::Damaged(mut damage) = mem::replace(&mut self.mode, Mode::Gap) else {
            return true;
        };
        let end = self.follow(&mut damage, self.rest().len());
        if end == End::More && self.ended {
            // What is left can only be the beginning of a byte order mark.
            keep(&mut damage.raw, self.rest(), self.limits.record);
            self.take(self.rest().len());
        } else if end == End::More {
            // With as much of it as may be kept there is nothing to wait for,
            // unless its end decides what it is.
            let full = damage.raw.len() >= self.limits.record;
            if !full || matches!(damage.cause, Cause::Nested) {
                self.mode = Mode::Damaged(damage);
                return false;
            }
            self.report(&damage, end);
            self.mode = Mode::Skipped(damage.resync);
            return true;
        }
        self.report(&damage, end);
        self.resume(end);
        true
    }

    /// Follows a damaged value through at most `count` bytes.
    fn follow(&mut self, damage: &mut Damage, count: usize) -> End {
        let bytes = &self.rest()[..count];
        let (taken, end) = damage.resync.feed(bytes);
        keep(&mut damage.raw, &bytes[..taken], self.limits.record);
        self.take(taken);
        end
    }

    fn report(&mut self, damage: &Damage, end: End) {
        let raw = space::trim_end(&damage.raw);
        let (code, message) = match damage.cause {
            Cause::Syntax(at, place, fault) if at < damage.raw.len() => {
                let text = &damage.raw[at..];
                (Code::InvalidJson, at_fault(&fault.says(), place, text))
            }
            // The record was found to end before the byte that gave it away.
            Cause::Syntax(..) => (
                Code::InvalidJson,
                at_fault("record does not end before the next one", self.here, raw),
            ),
            Cause::Deep => {
                let depth = self.limits.depth;
                let message = format!("record nests more than {depth} deep: {}", quote(raw));
                (Code::TooLarge, message)
            }
            Cause::Nested if end == End::More && self.valid_so_far(&damage.raw) => (
                Code::Truncated,
                format!("the input ends within this array: {}", quote(raw)),
            ),
            Cause::Nested => (
                Code::NotAnObject,
                format!("record must be an object, not {}", quote(raw)),
            ),
        };
        let raw = raw.to_vec();
        self.reject(damage.at, code, None, message, raw);
    }

    /// Whether a nested array that does not end is valid as far as it goes,
    /// or is too long to tell.
    fn valid_so_far(&self, raw: &[u8]) -> bool {
        raw.len() >= self.limits.record
            || Syntax::new(usize::MAX).feed(raw) == Scan::More && bad_utf8(raw).is_none()
    }
}
