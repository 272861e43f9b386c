//! The syntax of one JSON value, byte by byte and resumable.

use super::space;

/// What was found so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scan {
    /// Valid as far as it goes; more bytes are wanted.
    More,
    /// The value ends before this index.
    Done(usize),
    /// The byte at this index is at fault.
    Fault(usize, Fault),
}

/// What is wrong with a byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// Something else must stand here.
    Expected(&'static str),
    /// A control character within a string.
    Control,
    /// A line feed within a string.
    LineFeed,
    /// A backslash that begins no escape.
    Escape,
    /// Half of a surrogate pair.
    Surrogate,
    /// A byte that is not UTF-8.
    Utf8,
    /// A bracket that nests too deep.
    Depth,
}

impl Fault {
    /// The beginning of a sentence.
    pub(super) fn says(self) -> String {
        match self {
            Fault::Expected(what) => format!("expected {what}"),
            Fault::Control => "control character within a string".into(),
            Fault::LineFeed => "line feed within a string".into(),
            Fault::Escape => "backslash that begins no escape".into(),
            Fault::Surrogate => "lone surrogate".into(),
            Fault::Utf8 => "byte that is not UTF-8".into(),
            Fault::Depth => "nested too deep".into(),
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// Before a value.
    Value,
    /// Behind `[`.
    FirstElement,
    /// Behind `{`.
    FirstKey,
    /// Behind the comma of an object.
    Key,
    /// Behind a key.
    Colon,
    /// Behind a value within a bracket.
    Next,
    /// Within a string.
    Text,
    /// Behind the backslash at `from`.
    Escape { from: usize },
    /// Within `\uXXXX` that began at `from`.
    Hex { from: usize, value: u16, left: u8 },
    /// Within a number.
    Number(Number),
    /// Within `true`, `false` or `null`; the rest of it.
    Word(&'static [u8]),
}

/// The part of a number that the last byte belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Number {
    Minus,
    Zero,
    Integer,
    Point,
    Fraction,
    Exponent,
    Sign,
    Power,
}

impl Number {
    fn ends(self) -> bool {
        use Number::*;
        matches!(self, Zero | Integer | Fraction | Power)
    }

    fn then(self, b: u8) -> Option<Number> {
        use Number::*;
        Some(match (self, b) {
            (Minus, b'0') => Zero,
            (Minus, b'1'..=b'9') | (Integer, b'0'..=b'9') => Integer,
            (Zero | Integer, b'.') => Point,
            (Point | Fraction, b'0'..=b'9') => Fraction,
            (Zero | Integer | Fraction, b'e' | b'E') => Exponent,
            (Exponent, b'+' | b'-') => Sign,
            (Exponent | Sign | Power, b'0'..=b'9') => Power,
            _ => return None,
        })
    }
}

/// A machine that checks one value against RFC 8259, with strings that hold no
/// lone surrogate. UTF-8 is left to whoever has the whole text.
#[derive(Debug)]
pub(super) struct Syntax {
    state: State,
    /// The open brackets, outermost first.
    open: Vec<u8>,
    depth: usize,
    /// Whether the string is a key.
    key: bool,
    /// Where the escape of a high surrogate began that waits for its other half.
    high: Option<usize>,
    /// How many bytes were taken.
    taken: usize,
}

impl Syntax {
    /// A machine before a value that may nest `depth` brackets.
    pub(super) fn new(depth: usize) -> Self {
        Syntax {
            state: State::Value,
            open: Vec::new(),
            depth,
            key: false,
            high: None,
            taken: 0,
        }
    }

    /// Begins anew, before another value.
    pub(super) fn restart(&mut self) {
        self.state = State::Value;
        self.open.clear();
        self.key = false;
        self.high = None;
        self.taken = 0;
    }

    /// Whether the value is complete if the text ends here: only a number
    /// does not say so itself.
    pub(super) fn ends_here(&self) -> bool {
        self.open.is_empty() && matches!(self.state, State::Number(n) if n.ends())
    }

    /// Goes on with `text`, which begins with the first byte of the value and
    /// has grown since the last call.
    pub(super) fn feed(&mut self, text: &[u8]) -> Scan {
        let mut at = self.taken;
        let found = loop {
            if at >= text.len() {
                break Scan::More;
            }
            match self.state {
                State::Text => {
                    if let Some(from) = self.high
                        && text[at] != b'\\'
                    {
                        break Scan::Fault(from, Fault::Surrogate);
                    }
                    at = plain(text, at);
                    match text.get(at) {
                        None => break Scan::More,
                        Some(b'"') => {
                            at += 1;
                            if self.key {
                                self.state = State::Colon;
                            } else if self.value_ended() {
                                break Scan::Done(at);
                            }
                        }
                        Some(b'\\') => {
                            self.state = State::Escape { from: at };
                            at += 1;
                        }
                        Some(b'\n') => break Scan::Fault(at, Fault::LineFeed),
                        Some(_) => break Scan::Fault(at, Fault::Control),
                    }
                }
                State::Escape { from } => {
                    if let Some(high) = self.high
                        && text[at] != b'u'
                    {
                        break Scan::Fault(high, Fault::Surrogate);
                    }
                    self.state = match text[at] {
                        b'u' => State::Hex {
                            from,
                            value: 0,
                            left: 4,
                        },
                        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => State::Text,
                        _ => break Scan::Fault(at, Fault::Escape),
                    };
                    at += 1;
                }
                State::Hex { from, value, left } => {
                    let Some(digit) = char::from(text[at]).to_digit(16) else {
                        break Scan::Fault(at, Fault::Escape);
                    };
                    at += 1;
                    let value = value << 4 | digit as u16;
                    if left > 1 {
                        let left = left - 1;
                        self.state = State::Hex { from, value, left };
                        continue;
                    }
                    self.state = State::Text;
                    self.high = match (self.high, value) {
                        (None, 0xD800..=0xDBFF) => Some(from),
                        (None, 0xDC00..=0xDFFF) => break Scan::Fault(from, Fault::Surrogate),
                        (Some(_), 0xDC00..=0xDFFF) | (None, _) => None,
                        (Some(high), _) => break Scan::Fault(high, Fault::Surrogate),
                    };
                }
                State::Number(part) => match part.then(text[at]) {
                    Some(part) => {
                        self.state = State::Number(part);
                        at += 1;
                    }
                    None if !part.ends() => {
                        break Scan::Fault(at, Fault::Expected("a digit"));
                    }
                    None if self.value_ended() => break Scan::Done(at),
                    None => {}
                },
                State::Word(rest) => {
                    if text[at] != rest[0] {
                        break Scan::Fault(at, Fault::Expected("true, false or null"));
                    }
                    at += 1;
                    if let [_, rest @ ..] = rest
                        && !rest.is_empty()
                    {
                        self.state = State::Word(rest);
                    } else if self.value_ended() {
                        break Scan::Done(at);
                    }
                }
                _ => {
                    at = space::skip(text, at);
                    if at >= text.len() || space::cut_mark(&text[at..]) {
                        break Scan::More;
                    }
                    match self.token(text[at]) {
                        Ok(false) => at += 1,
                        Ok(true) => break Scan::Done(at + 1),
                        Err(fault) => break Scan::Fault(at, fault),
                    }
                }
            }
        };
        self.taken = at;
        found
    }

    /// Takes a byte outside of strings, numbers and words; whether it ended
    /// the value.
    fn token(&mut self, b: u8) -> Result<bool, Fault> {
        self.state = match (self.state, b) {
            (State::Key | State::FirstKey, b'"') => {
                self.key = true;
                State::Text
            }
            (State::Colon, b':') => State::Value,
            (State::Next, b',') => match self.open.last() {
                Some(b'{') => State::Key,
                _ => State::Value,
            },
            (State::Next, b'}') if self.open.last() == Some(&b'{') => return Ok(self.close()),
            (State::Next, b']') if self.open.last() == Some(&b'[') => return Ok(self.close()),
            (State::FirstKey, b'}') | (State::FirstElement, b']') => return Ok(self.close()),
            (State::Value | State::FirstElement, _) => match b {
                b'"' => {
                    self.key = false;
                    State::Text
                }
                b'{' | b'[' => {
                    if self.open.len() >= self.depth {
                        return Err(Fault::Depth);
                    }
                    self.open.push(b);
                    match b {
                        b'{' => State::FirstKey,
                        _ => State::FirstElement,
                    }
                }
                b'-' => State::Number(Number::Minus),
                b'0' => State::Number(Number::Zero),
                b'1'..=b'9' => State::Number(Number::Integer),
                b't' => State::Word(b"rue"),
                b'f' => State::Word(b"alse"),
                b'n' => State::Word(b"ull"),
                _ => return Err(Fault::Expected("a value")),
            },
            (State::Colon, _) => return Err(Fault::Expected("a colon")),
            (State::FirstKey, _) => {
                return Err(Fault::Expected("a key in double quotes or a closing brace"));
            }
            (State::Key, _) => return Err(Fault::Expected("a key in double quotes")),
            _ => {
                return Err(Fault::Expected(match self.open.last() {
                    Some(b'{') => "a comma or a closing brace",
                    _ => "a comma or a closing bracket",
                }));
            }
        };
        Ok(false)
    }

    fn close(&mut self) -> bool {
        self.open.pop();
        self.value_ended()
    }

    /// A value ended; whether it was the whole one.
    fn value_ended(&mut self) -> bool {
        self.state = State::Next;
        self.open.is_empty()
    }
}

/// The index of the first byte at or after `at` that is not plain text of a
/// string: a quote, a backslash or a control character.
pub(super) fn plain(text: &[u8], at: usize) -> usize {
    const ONES: u64 = u64::MAX / 0xFF;
    const HIGHS: u64 = ONES << 7;
    let mut at = at;
    // Eight bytes at a time. Subtracting makes the high bit of a byte that is
    // below the bound; a borrow can only mark a byte behind the first one.
    while let Some(eight) = text.get(at..at + 8) {
        let word = u64::from_le_bytes(eight.try_into().expect("eight bytes"));
        let quote = word ^ (ONES * b'"' as u64);
        let slash = word ^ (ONES * b'\\' as u64);
        let special = (word.wrapping_sub(ONES * 0x20) & !word)
            | (quote.wrapping_sub(ONES) & !quote)
            | (slash.wrapping_sub(ONES) & !slash);
        if special & HIGHS != 0 {
            return at + (special & HIGHS).trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    let rest = &text[at..];
    at + rest
        .iter()
        .position(|&b| b == b'"' || b == b'\\' || b < 0x20)
        .unwrap_or(rest.len())
}
