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
        self.damage(Cause::Nested, Resync::new(b'[', false));
    }

    fn damage(&mut self, cause: Cause, resync: Resync) {
        self.mode = Mode::Damaged(Box::new(Damage {
            at: self.here,
            cause,
            resync,
            raw: Vec::new(),
        }));
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
        if fault == Fault::Depth {
            // Up to here it is sound, so no line of it begins another record.
            self.damage(Cause::Deep, Resync::new(b'{', false));
            self.follow(at);
            if let Mode::Damaged(damage) = &mut self.mode {
                damage.resync.lines = true;
            }
        } else {
            let place = self.here.after(&self.rest()[..at]);
            let cause = Cause::Syntax(at, place, fault);
            self.damage(cause, Resync::new(b'{', true));
        }
    }

    /// The value that begins here has passed the limit: it is rejected at
    /// once, and what follows of it is skipped.
    pub(super) fn too_large(&mut self, mut resync: Resync) {
        let limit = self.limits.record;
        let raw = self.rest()[..limit].to_vec();
        resync.feed(&raw);
        resync.lines = raw.first() == Some(&b'{');
        let message = format!("record has more than {limit} bytes: {}", quote(&raw));
        self.reject(self.here, Code::TooLarge, None, message, raw);
        self.take(limit);
        self.mode = Mode::Skipped(resync);
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
        let end = self.follow(self.rest().len());
        if end == End::More && !self.ended {
            return false;
        }
        let Mode::Damaged(mut damage) = mem::replace(&mut self.mode, Mode::Gap) else {
            return true;
        };
        if end == End::More {
            // What is left can only be the beginning of a byte order mark.
            let limit = self.limits.record;
            keep(&mut damage.raw, self.rest(), limit);
            self.take(self.rest().len());
        }
        self.report(*damage, end);
        self.resume(end);
        true
    }

    /// Follows the damaged value through at most `count` bytes.
    fn follow(&mut self, count: usize) -> End {
        let Mode::Damaged(mut damage) = mem::replace(&mut self.mode, Mode::Gap) else {
            return End::More;
        };
        let bytes = &self.rest()[..count];
        let (taken, end) = damage.resync.feed(bytes);
        keep(&mut damage.raw, &bytes[..taken], self.limits.record);
        self.mode = Mode::Damaged(damage);
        self.take(taken);
        end
    }

    fn report(&mut self, damage: Damage, end: End) {
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
