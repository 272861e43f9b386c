//! The records that most recordings are full of, read without a copy.
//!
//! Whatever is not exactly so is left to the reader's own steps, which give
//! the same event for what is read here.

use super::gap::Behind;
use super::reader::{Mode, Reader};
use super::{Kind, Place};

/// An accepted record whose texts are still in the reader's buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plain<'a> {
    /// As of [`Event`](super::Event).
    pub client_id: &'a str,
    /// As of [`Event`](super::Event).
    pub channel_id: &'a str,
    /// As of [`Event`](super::Event).
    pub kind: Kind,
    /// As of [`Event`](super::Event).
    pub time: u64,
    /// As of [`Event`](super::Event).
    pub client_ip: Option<&'a str>,
}

/// Where a text lies.
type Span = (usize, usize);

/// A record by the places of its texts.
struct Found {
    client_id: Span,
    channel_id: Span,
    kind: Kind,
    time: u64,
    client_ip: Option<Span>,
    end: usize,
}

/// Longest id and address in bytes, as of `object`.
const LONGEST: usize = 1024;

impl Reader {
    /// The next record, if it is complete, accepted and of the plain sort: one
    /// line, no field but the known ones, ASCII without escapes. Otherwise
    /// `None`, and [`next`](Reader::next) gives whatever comes.
    pub fn next_plain(&mut self) -> Option<(Place, Plain<'_>)> {
        if !matches!(self.mode, Mode::Gap) || !self.nothing_ready() || self.run.is_some() {
            return None;
        }
        let rest = self.rest();
        let mut at = white(rest, 0);
        match self.array.as_ref().map(|array| array.behind) {
            None | Some(Behind::Bracket | Behind::Comma) => {}
            Some(Behind::Element) if rest.get(at) == Some(&b',') => at = white(rest, at + 1),
            Some(_) => return None,
        }
        if rest.get(at) != Some(&b'{') || self.limits.depth == 0 {
            return None;
        }
        let room = (rest.len() - at).min(self.limits.record);
        let found = read(&rest[at..at + room])?;
        self.take(at);
        let place = self.here.place(self.next_record());
        let from = self.take_plain(found.end);
        self.line_clear = false;
        self.set_behind(Behind::Element);
        let bytes = self.taken(from);
        let text = |(start, end): Span| str::from_utf8(&bytes[start..end]).ok();
        let plain = Plain {
            client_id: text(found.client_id)?,
            channel_id: text(found.channel_id)?,
            kind: found.kind,
            time: found.time,
            client_ip: match found.client_ip {
                None => None,
                Some(span) => Some(text(span)?),
            },
        };
        Some((place, plain))
    }
}

fn white(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    let is_white = |b: &&u8| matches!(b, b' ' | b'\n' | b'\r' | b'\t');
    at + rest.iter().take_while(is_white).count()
}

/// Blanks within a record; a line feed is not plain.
fn blanks(bytes: &[u8], mut at: usize) -> usize {
    while bytes.get(at) == Some(&b' ') {
        at += 1;
    }
    at
}

fn read(bytes: &[u8]) -> Option<Found> {
    let (mut client_id, mut channel_id, mut kind) = (None, None, None);
    let (mut time, mut client_ip) = (None, None);
    let mut at = 1;
    loop {
        at = blanks(bytes, at);
        let key = text(bytes, at)?;
        at = blanks(bytes, key.1 + 1);
        if bytes.get(at) != Some(&b':') {
            return None;
        }
        at = blanks(bytes, at + 1);
        let is_time = &bytes[key.0..key.1] == b"time";
        if is_time {
            let (value, end) = number(bytes, at)?;
            at = end;
            if time.replace(value).is_some() {
                return None;
            }
        } else {
            let value = text(bytes, at)?;
            at = value.1 + 1;
            let twice = match &bytes[key.0..key.1] {
                b"clientId" => client_id.replace(value).is_some(),
                b"channelId" => channel_id.replace(value).is_some(),
                b"clientIp" => client_ip.replace(value).is_some(),
                b"eventType" => {
                    let value = match &bytes[value.0..value.1] {
                        b"connect" => Kind::Connect,
                        b"disconnect" => Kind::Disconnect,
                        b"tcpclean" => Kind::Tcpclean,
                        _ => return None,
                    };
                    kind.replace(value).is_some()
                }
                _ => return None,
            };
            if twice {
                return None;
            }
        }
        at = blanks(bytes, at);
        match bytes.get(at)? {
            b',' => at += 1,
            b'}' => break,
            _ => return None,
        }
    }
    let id =
        |span: Option<Span>| span.filter(|(start, end)| (1..=LONGEST).contains(&(end - start)));
    if client_ip.is_some_and(|(start, end)| end - start > LONGEST) {
        return None;
    }
    Some(Found {
        client_id: id(client_id)?,
        channel_id: id(channel_id)?,
        kind: kind?,
        time: time?,
        client_ip,
        end: at + 1,
    })
}

/// The text of a string of ASCII without escapes, without its quotes.
fn text(bytes: &[u8], at: usize) -> Option<Span> {
    if bytes.get(at) != Some(&b'"') {
        return None;
    }
    let end = special(bytes, at + 1);
    (bytes.get(end) == Some(&b'"')).then_some((at + 1, end))
}

/// The index of the first byte that is a quote, a backslash, a control
/// character or beyond ASCII.
fn special(bytes: &[u8], mut at: usize) -> usize {
    const ONES: u64 = u64::MAX / 0xFF;
    const HIGHS: u64 = ONES << 7;
    // As `syntax::plain`; a byte beyond ASCII has its high bit set already.
    while let Some(eight) = bytes
        .get(at..at + 8)
        .and_then(|eight| eight.try_into().ok())
    {
        let word = u64::from_le_bytes(eight);
        let quote = word ^ (ONES * b'"' as u64);
        let slash = word ^ (ONES * b'\\' as u64);
        let special = word.wrapping_sub(ONES * 0x20)
            | (quote.wrapping_sub(ONES) & !quote)
            | (slash.wrapping_sub(ONES) & !slash)
            | word;
        if special & HIGHS != 0 {
            return at + (special & HIGHS).trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    let plain = |b: &u8| (0x20..0x80).contains(b) && *b != b'"' && *b != b'\\';
    let rest = &bytes[at..];
    at + rest.iter().position(|b| !plain(b)).unwrap_or(rest.len())
}

/// A positive integer of at most 15 digits, which is a time, and where it ends.
fn number(bytes: &[u8], at: usize) -> Option<(u64, usize)> {
    if !matches!(bytes.get(at)?, b'1'..=b'9') {
        return None;
    }
    let mut end = at;
    let mut value = 0;
    while let Some(digit @ b'0'..=b'9') = bytes.get(end) {
        if end - at == 15 {
            return None;
        }
        value = value * 10 + u64::from(digit - b'0');
        end += 1;
    }
    Some((value, end))
}
