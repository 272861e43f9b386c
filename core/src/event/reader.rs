//! The incremental reader.

use std::collections::VecDeque;

use super::damage::Damage;
use super::gap::{Array, Run};
use super::look::Look;
use super::place::Cursor;
use super::resync::Resync;
use super::space;
use super::syntax::Syntax;
use super::{Code, Event, Limits, Record, Rejected};

/// How much more than its limits a reader may keep allocated once it is drained.
const SLACK: usize = 64 * 1024;

/// Cuts bytes into records, whatever the container.
///
/// The records do not depend on how the bytes were cut into chunks. Once
/// [`next`](Reader::next) has given `None`, a reader holds one unfinished record
/// and perhaps the beginning of the text before it: at most twice
/// [`Limits::record`] bytes and a few more, whatever was pushed.
///
/// A record of right syntax is given out with its last byte, one that is too
/// large with the byte that passes the limit. A broken or too deep record is
/// given out when it ends or passes the limit, text that is no JSON when it
/// ends: with the next record or the end of the input.
///
/// ```
/// use mqtt_presence_core::event::{Code, Limits, Reader};
///
/// let mut reader = Reader::new(Limits::default());
/// reader.push(b"INFO got {\"clientId\":\"a\",\"channel");
/// // The text before the record is one of its own, and is told by now.
/// let junk = reader.next().unwrap();
/// assert_eq!(junk.outcome.unwrap_err().code, Code::InvalidJson);
/// assert!(reader.next().is_none());
///
/// reader.push(b"Id\":\"c1\",\"eventType\":\"connect\",\"time\":1000}");
/// let record = reader.next().unwrap();
/// assert_eq!((record.place.record, record.place.column), (2, 10));
/// assert_eq!(record.outcome.unwrap().time, 1_000);
///
/// reader.finish();
/// assert!(reader.next().is_none());
/// ```
#[derive(Debug)]
pub struct Reader {
    pub(super) limits: Limits,
    /// Bytes not yet taken begin at `start`.
    buffer: Vec<u8>,
    start: usize,
    /// The place of the first byte not yet taken.
    pub(super) here: Cursor,
    /// Whether the input ends with the buffer.
    pub(super) ended: bool,
    /// The number of the next record.
    record: u64,
    ready: VecDeque<Record>,
    pub(super) mode: Mode,
    /// The array whose elements are being read.
    pub(super) array: Option<Array>,
    /// The text that is no JSON and has not ended yet.
    pub(super) run: Option<Run>,
    /// Whether only white space stands before this byte on its line.
    pub(super) line_clear: bool,
    pub(super) syntax: Syntax,
    pub(super) look: Look,
}

/// What the first byte not yet taken belongs to.
#[derive(Debug)]
pub(super) enum Mode {
    /// A file, of which it is the first byte.
    Start,
    /// What stands between records.
    Gap,
    /// A `[` that may open an array.
    Opening,
    /// What may be a scalar of its own.
    Scalar,
    /// An object, of which it is the first byte.
    Object,
    /// A value that is known to be rejected when it ends.
    Damaged(Box<Damage>),
    /// A value that was rejected.
    Skipped(Resync),
    /// A file in UTF-16.
    Utf16,
}

impl Reader {
    /// A reader at line 1, record 1.
    pub fn new(limits: Limits) -> Self {
        Reader::with_first_record(limits, 1)
    }

    /// A reader at line 1 that counts its records from `first`.
    pub fn with_first_record(limits: Limits, first: u64) -> Self {
        Reader {
            limits,
            buffer: Vec::new(),
            start: 0,
            here: Cursor::START,
            ended: false,
            record: first,
            ready: VecDeque::new(),
            mode: Mode::Start,
            array: None,
            run: None,
            line_clear: true,
            syntax: Syntax::new(limits.depth),
            look: Look::new(),
        }
    }

    /// Starts a further file: lines and offsets start anew, record numbers run
    /// on. The file before ends here, if [`finish`](Reader::finish) has not
    /// said so already.
    pub fn next_file(&mut self) {
        self.finish();
        while self.step() {}
        self.here = Cursor::START;
        self.ended = false;
        self.mode = Mode::Start;
        self.line_clear = true;
    }

    /// Hands over the next bytes, cut anywhere. After
    /// [`finish`](Reader::finish) they are those of a further file.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.ended && !bytes.is_empty() {
            self.next_file();
        }
        // Moving the rest to the front only when it is the smaller part
        // keeps pushing byte by byte linear.
        if self.start >= self.buffer.len() - self.start {
            self.compact();
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// Says that the input ends here.
    pub fn finish(&mut self) {
        self.ended = true;
    }

    /// The next record that is complete, `None` when more bytes are wanted.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Option<Record> {
        loop {
            if let Some(record) = self.ready.pop_front() {
                return Some(record);
            }
            if !self.step() {
                let bound = self.limits.record.saturating_mul(2).saturating_add(SLACK);
                if self.buffer.capacity() > bound && self.rest().len() <= bound / 2 {
                    self.compact();
                    self.buffer.shrink_to(bound / 2);
                }
                return None;
            }
        }
    }

    /// How many bytes of input the reader holds.
    pub fn buffered(&self) -> usize {
        let run = self.run.as_ref().map_or(0, |run| run.raw.len());
        let damaged = match &self.mode {
            Mode::Damaged(damage) => damage.raw.len(),
            _ => 0,
        };
        self.rest().len() + run + damaged
    }

    /// Goes one step further; false when that needs more bytes.
    fn step(&mut self) -> bool {
        match self.mode {
            Mode::Start => self.start(),
            Mode::Gap => self.gap(),
            Mode::Opening => self.opening(),
            Mode::Scalar => self.scalar(),
            Mode::Object => self.object(),
            Mode::Damaged(_) => self.damaged(),
            Mode::Skipped(_) => self.skipped(),
            Mode::Utf16 => self.utf_16(),
        }
    }

    fn start(&mut self) -> bool {
        let rest = self.rest();
        let decided = match rest {
            [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => true,
            [a, b, ..] if *a != 0 && *b != 0 => true,
            _ => rest.len() >= space::ENCODING_BYTES,
        };
        if !decided && !self.ended {
            return false;
        }
        self.mode = match space::utf_16(rest) {
            None => Mode::Gap,
            Some(encoding) => {
                self.run = Some(Run::new(
                    self.here,
                    format!("expected UTF-8, found {encoding}"),
                ));
                Mode::Utf16
            }
        };
        true
    }

    fn utf_16(&mut self) -> bool {
        match self.rest().len() {
            0 if self.ended => {
                self.end_run();
                self.mode = Mode::Gap;
                true
            }
            0 => false,
            rest => {
                self.pass(rest);
                true
            }
        }
    }

    /// Whether every record that was cut off has been given out.
    pub(super) fn nothing_ready(&self) -> bool {
        self.ready.is_empty()
    }

    /// The number of the next record.
    pub(super) fn next_record(&self) -> u64 {
        self.record
    }

    /// The bytes not yet taken.
    pub(super) fn rest(&self) -> &[u8] {
        &self.buffer[self.start..]
    }

    /// The bytes not yet taken and the machine that checks them.
    pub(super) fn syntax_and_rest(&mut self) -> (&mut Syntax, &[u8]) {
        (&mut self.syntax, &self.buffer[self.start..])
    }

    /// The bytes not yet taken and the look ahead.
    pub(super) fn look_and_rest(&mut self) -> (&mut Look, &[u8]) {
        (&mut self.look, &self.buffer[self.start..])
    }

    /// Takes `count` bytes.
    pub(super) fn take(&mut self, count: usize) {
        let taken = &self.buffer[self.start..self.start + count];
        self.here = self.here.after(taken);
        self.start += count;
    }

    /// Takes a record of `count` bytes in one line.
    pub(super) fn take_plain(&mut self, count: usize) {
        self.here = self.here.in_line(count);
        self.start += count;
        self.record += 1;
    }

    /// The place of the buffer until which bytes were taken.
    pub(super) fn taken_until(&self) -> usize {
        self.start
    }

    /// What was taken since this place of the buffer.
    pub(super) fn taken(&self, from: usize) -> &[u8] {
        &self.buffer[from..self.start]
    }

    fn compact(&mut self) {
        self.buffer.drain(..self.start);
        self.start = 0;
    }

    /// Gives out an accepted record that begins here.
    pub(super) fn accept(&mut self, event: Event) {
        self.give(self.here, Ok(event));
    }

    /// Gives out a rejected record that began `at`.
    pub(super) fn reject(
        &mut self,
        at: Cursor,
        code: Code,
        field: Option<String>,
        message: String,
        raw: Vec<u8>,
    ) {
        self.give(
            at,
            Err(Box::new(Rejected {
                code,
                field,
                message,
                raw,
            })),
        );
    }

    fn give(&mut self, at: Cursor, outcome: Result<Event, Box<Rejected>>) {
        let place = at.place(self.record);
        self.record += 1;
        self.ready.push_back(Record { place, outcome });
    }
}

/// The records of one input that is in memory as a whole.
pub fn read_all(bytes: &[u8], limits: Limits) -> Vec<Record> {
    let mut reader = Reader::new(limits);
    reader.push(bytes);
    reader.finish();
    std::iter::from_fn(|| reader.next()).collect()
}
