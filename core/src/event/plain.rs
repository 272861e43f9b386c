//! The records that most recordings are full of, read without a copy.
//!
//! Whatever is not exactly so is left to the reader's own steps, which give
//! the same event for what is read here.

use super::gap::Behind;
use super::reader::{Mode, Reader};
use super::{Event, Kind, Place};

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

impl Plain<'_> {
    /// What fills the places behind the last record.
    const NONE: Plain<'static> = Plain {
        client_id: "",
        channel_id: "",
        kind: Kind::Connect,
        time: 0,
        client_ip: None,
    };
}

impl<'a> From<&'a Event> for Plain<'a> {
    fn from(event: &'a Event) -> Plain<'a> {
        Plain {
            client_id: &event.client_id,
            channel_id: &event.channel_id,
            kind: event.kind,
            time: event.time,
            client_ip: event.client_ip.as_deref(),
        }
    }
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

/// Plain records that stand one after another.
#[derive(Clone, Copy, Debug)]
pub struct Plains<'a> {
    events: [Plain<'a>; MOST],
    count: usize,
}

/// Records in [`Plains`].
const MOST: usize = 32;

impl<'a> std::ops::Deref for Plains<'a> {
    type Target = [Plain<'a>];

    fn deref(&self) -> &[Plain<'a>] {
        &self.events[..self.count]
    }
}

impl Reader {
    /// The next record, if it is complete, accepted and of the plain sort: one
    /// line, no field but the known ones, ASCII without escapes. Otherwise
    /// `None`, and [`next`](Reader::next) gives whatever comes.
    pub fn next_plain(&mut self) -> Option<(Place, Plain<'_>)> {
        let (place, found) = self.find_plain()?;
        let from = self.taken_until() - found.end;
        let text = str::from_utf8(self.taken(from)).ok()?;
        Some((place, found.in_text(0, text)?))
    }

    /// As [`next_plain`](Reader::next_plain) up to 32 times, without the
    /// places; empty where that gives `None`.
    pub fn next_plains(&mut self) -> Plains<'_> {
        let begin = self.taken_until();
        let mut all = [const { None }; MOST];
        for slot in &mut all {
            let Some((_, found)) = self.find_plain() else {
                break;
            };
            *slot = Some((self.taken_until() - found.end - begin, found));
        }
        // ASCII, as each text was seen to be: checked once, not text by text.
        let text = str::from_utf8(self.taken(begin)).unwrap_or_default();
        let mut plains = Plains {
            events: [Plain::NONE; MOST],
            count: 0,
        };
        let found = all.iter().map_while(Option::as_ref);
        for (at, found) in found {
            let Some(event) = found.in_text(*at, text) else {
                break;
            };
            plains.events[plains.count] = event;
            plains.count += 1;
        }
        plains
    }

    /// Takes the next plain record.
    fn find_plain(&mut self) -> Option<(Place, Found)> {
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
        self.take_plain(found.end);
        self.line_clear = false;
        self.set_behind(Behind::Element);
        Some((place, found))
    }
}

impl Found {
    /// The record, which begins in the text at `at`.
    fn in_text<'a>(&self, at: usize, text: &'a str) -> Option<Plain<'a>> {
        let part = |(start, end): Span| text.get(at + start..at + end);
        Some(Plain {
            client_id: part(self.client_id)?,
            channel_id: part(self.channel_id)?,
            kind: self.kind,
            time: self.time,
            client_ip: match self.client_ip {
                None => None,
                Some(span) => Some(part(span)?),
            },
        })
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
        let (key, end) = key(bytes, at)?;
        at = blanks(bytes, end);
        if bytes.get(at) != Some(&b':') {
            return None;
        }
        at = blanks(bytes, at + 1);
        let slot = match key {
            Key::Time => {
                let (value, end) = time_of(bytes, at)?;
                at = end;
                if time.replace(value).is_some() {
                    return None;
                }
                None
            }
            Key::EventType => {
                let (value, end) = kind_of(bytes, at)?;
                at = end;
                if kind.replace(value).is_some() {
                    return None;
                }
                None
            }
            Key::ClientId => Some(&mut client_id),
            Key::ChannelId => Some(&mut channel_id),
            Key::ClientIp => Some(&mut client_ip),
        };
        if let Some(slot) = slot {
            let value = text(bytes, at)?;
            at = value.1 + 1;
            if slot.replace(value).is_some() {
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

#[derive(Clone, Copy)]
enum Key {
    ClientId,
    ChannelId,
    EventType,
    Time,
    ClientIp,
}

/// A known key, and where it ends behind its quote. Looked at by words, because
/// half of a record is keys.
fn key(bytes: &[u8], at: usize) -> Option<(Key, usize)> {
    const CLIENT: u64 = u64::from_le_bytes(*b"\"clientI");
    const CHANNEL: u64 = u64::from_le_bytes(*b"\"channel");
    const EVENT: u64 = u64::from_le_bytes(*b"\"eventTy");
    const TIME: u64 = u64::from_le_bytes(*b"\"time\"\0\0");
    const SIX: u64 = (1 << 48) - 1;
    match word(bytes, at)? {
        CLIENT => match bytes.get(at + 8..at + 10)? {
            [b'd', b'"'] => Some((Key::ClientId, at + 10)),
            [b'p', b'"'] => Some((Key::ClientIp, at + 10)),
            _ => None,
        },
        CHANNEL => match bytes.get(at + 8..at + 11)? {
            [b'I', b'd', b'"'] => Some((Key::ChannelId, at + 11)),
            _ => None,
        },
        EVENT => match bytes.get(at + 8..at + 11)? {
            [b'p', b'e', b'"'] => Some((Key::EventType, at + 11)),
            _ => None,
        },
        other if other & SIX == TIME => Some((Key::Time, at + 6)),
        _ => None,
    }
}

/// The value of `eventType`, and where it ends behind its quote.
fn kind_of(bytes: &[u8], at: usize) -> Option<(Kind, usize)> {
    const CONNECT: u64 = u64::from_le_bytes(*b"\"connect");
    const DISCONNECT: u64 = u64::from_le_bytes(*b"\"disconn");
    const TCPCLEAN: u64 = u64::from_le_bytes(*b"\"tcpclea");
    let rest = bytes.get(at + 8..)?;
    match (word(bytes, at)?, rest) {
        (CONNECT, [b'"', ..]) => Some((Kind::Connect, at + 9)),
        (DISCONNECT, [b'e', b'c', b't', b'"', ..]) => Some((Kind::Disconnect, at + 12)),
        (TCPCLEAN, [b'n', b'"', ..]) => Some((Kind::Tcpclean, at + 10)),
        _ => None,
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u64> {
    let eight = bytes.get(at..at + 8)?.try_into().ok()?;
    Some(u64::from_le_bytes(eight))
}

/// The value of `time`, also as a string, and where it ends.
fn time_of(bytes: &[u8], at: usize) -> Option<(u64, usize)> {
    if bytes.get(at) != Some(&b'"') {
        return number(bytes, at);
    }
    let (value, end) = number(bytes, at + 1)?;
    (bytes.get(end) == Some(&b'"')).then_some((value, end + 1))
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
    // Times of today have 13 digits.
    let (mut value, mut end) = match word(bytes, at).and_then(eight_digits) {
        Some(value) => (value, at + 8),
        None => (0, at),
    };
    while let Some(digit @ b'0'..=b'9') = bytes.get(end) {
        if end - at == 15 {
            return None;
        }
        value = value * 10 + u64::from(digit - b'0');
        end += 1;
    }
    Some((value, end))
}

/// The number that eight digits make, the first in the lowest byte.
fn eight_digits(word: u64) -> Option<u64> {
    const ONES: u64 = u64::MAX / 0xFF;
    let digits = word ^ (ONES * 0x30);
    // A digit is below ten: six more leave its upper half empty.
    if (digits | (digits.wrapping_add(ONES * 6))) & (ONES * 0xF0) != 0 {
        return None;
    }
    let pairs = (digits.wrapping_mul(10).wrapping_add(digits >> 8)) & 0x00FF_00FF_00FF_00FF;
    let fours = (pairs.wrapping_mul(100).wrapping_add(pairs >> 16)) & 0x0000_FFFF_0000_FFFF;
    Some((fours.wrapping_mul(10_000).wrapping_add(fours >> 32)) & 0xFFFF_FFFF)
}
