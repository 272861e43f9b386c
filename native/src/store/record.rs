//! A client in few bytes, for stores whose rows nobody else reads.
//!
//! That is a byte for the version and one of flags, the last flip, the newest
//! connect that was forgotten, and each channel: its id, a byte of flags, its
//! facts by kind, and its clocks. A word begins with its length times four and
//! its form: a text, hexadecimal digits two to a byte, or none.

use mqtt_presence_core::presence::{Channel, Client, Fact, Last};

use super::bytes::{Decoder, number};

/// The first byte of each.
const VERSION: u8 = 1;

/// Flags of a client.
const FLIPPED: u8 = 1;
const ONLINE: u8 = 1 << 1;
const FORGOTTEN: u8 = 1 << 2;

/// Flags of a channel; those of its facts are the bits before.
const CLOSED: u8 = 1 << 3;
const CONFIRMED: u8 = 1 << 4;

/// Forms of a word: what [`NONE`] says has no bytes, or is the word before.
const NONE: u64 = 0;
const TEXT: u64 = 1;
const LOWER: u64 = 2;
const UPPER: u64 = 3;
/// With [`NONE`], in the place of the length.
const SAME: u64 = 1;

/// Appends the client.
pub(super) fn write(client: &Client, bytes: &mut Vec<u8>) {
    bytes.reserve(40 + 120 * client.channels.len());
    write_head(client, bytes);
    for (id, channel) in &client.channels {
        write_channel(id, channel, bytes);
    }
}

/// Appends what comes before the channels.
pub(super) fn write_head(client: &Client, bytes: &mut Vec<u8>) {
    let Client {
        channels: _,
        newest_forgotten,
        last,
    } = client;
    bytes.push(VERSION);
    let mut flags = 0;
    if let Some(last) = last {
        flags |= FLIPPED | if last.online { ONLINE } else { 0 };
    }
    if newest_forgotten.is_some() {
        flags |= FORGOTTEN;
    }
    bytes.push(flags);
    if let Some(last) = last {
        number(bytes, last.time);
        number(bytes, last.observed_at);
    }
    if let Some((time, channel)) = newest_forgotten {
        number(bytes, *time);
        word(bytes, channel);
    }
}

/// Appends a channel; their order is of no account.
pub(super) fn write_channel(id: &str, channel: &Channel, bytes: &mut Vec<u8>) {
    word(bytes, id);
    let facts = [&channel.connect, &channel.disconnect, &channel.tcpclean];
    let mut flags = 0;
    for (bit, fact) in facts.iter().enumerate() {
        flags |= u8::from(fact.is_some()) << bit;
    }
    for (flag, clock) in [(CLOSED, channel.closed_at), (CONFIRMED, channel.confirmed)] {
        flags |= if clock.is_some() { flag } else { 0 };
    }
    bytes.push(flags);
    let mut before = None;
    for fact in facts.into_iter().flatten() {
        number(bytes, fact.time);
        match fact.client_ip.as_deref() {
            None => number(bytes, NONE),
            same if same == before => number(bytes, NONE | SAME << 2),
            Some(ip) => word(bytes, ip),
        }
        before = fact.client_ip.as_deref();
        word(bytes, &fact.origin);
    }
    for clock in [channel.closed_at, channel.confirmed].into_iter().flatten() {
        number(bytes, clock);
    }
}

/// Appends a word: the same bytes for the same text.
pub(super) fn word(bytes: &mut Vec<u8>, word: &str) {
    let form = match word.as_bytes() {
        digits if digits.len() < 8 || digits.len() % 2 == 1 => TEXT,
        digits
            if digits
                .iter()
                .all(|d| matches!(d, b'0'..=b'9' | b'a'..=b'f')) =>
        {
            LOWER
        }
        digits
            if digits
                .iter()
                .all(|d| matches!(d, b'0'..=b'9' | b'A'..=b'F')) =>
        {
            UPPER
        }
        _ => TEXT,
    };
    if form == TEXT {
        number(bytes, (word.len() as u64) << 2 | form);
        return bytes.extend_from_slice(word.as_bytes());
    }
    number(bytes, (word.len() as u64 / 2) << 2 | form);
    let value = |digit: u8| (digit & 15) + if digit > b'9' { 9 } else { 0 };
    let (pairs, _) = word.as_bytes().as_chunks::<2>();
    bytes.extend(
        pairs
            .iter()
            .map(|[high, low]| value(*high) << 4 | value(*low)),
    );
}

/// The client; `None` when the bytes are damaged.
pub(super) fn read(bytes: &[u8]) -> Option<Client> {
    let mut rest = Decoder { bytes };
    if rest.byte()? != VERSION {
        return None;
    }
    let flags = rest.byte()?;
    let mut client = Client::default();
    if flags & FLIPPED != 0 {
        client.last = Some(Last {
            online: flags & ONLINE != 0,
            time: rest.number()?,
            observed_at: rest.number()?,
        });
    }
    if flags & FORGOTTEN != 0 {
        client.newest_forgotten = Some((rest.number()?, read_word(&mut rest)??));
    }
    while !rest.bytes.is_empty() {
        let (id, channel) = read_channel(&mut rest)?;
        client.channels.insert(id, channel);
    }
    Some(client)
}

/// A channel and its id.
pub(super) fn read_channel(rest: &mut Decoder<'_>) -> Option<(String, Box<Channel>)> {
    let id = read_word(rest)??;
    let flags = rest.byte()?;
    let mut channel = Channel::default();
    let facts = [
        &mut channel.connect,
        &mut channel.disconnect,
        &mut channel.tcpclean,
    ];
    let mut before = None;
    for (bit, slot) in facts.into_iter().enumerate() {
        if flags & 1 << bit == 0 {
            continue;
        }
        let time = rest.number()?;
        let mut ahead = Decoder { bytes: rest.bytes };
        let client_ip = if ahead.number()? == SAME << 2 {
            rest.bytes = ahead.bytes;
            before.clone()
        } else {
            read_word(rest)?
        };
        before.clone_from(&client_ip);
        *slot = Some(Fact {
            time,
            client_ip,
            origin: read_word(rest)??,
        });
    }
    for (flag, clock) in [
        (CLOSED, &mut channel.closed_at),
        (CONFIRMED, &mut channel.confirmed),
    ] {
        if flags & flag != 0 {
            *clock = Some(rest.number()?);
        }
    }
    Some((id, Box::new(channel)))
}

/// A word; `Some(None)` where there is none.
fn read_word(rest: &mut Decoder<'_>) -> Option<Option<String>> {
    let head = rest.number()?;
    let digits = match head & 3 {
        NONE => return Some(None),
        TEXT => {
            let text = rest.take(head >> 2)?.to_vec();
            return Some(Some(String::from_utf8(text).ok()?));
        }
        LOWER => b"0123456789abcdef",
        _ => b"0123456789ABCDEF",
    };
    let mut text = String::with_capacity(rest.bytes.len().min(64));
    for byte in rest.take(head >> 2)? {
        text.push(char::from(digits[usize::from(byte >> 4)]));
        text.push(char::from(digits[usize::from(byte & 15)]));
    }
    Some(Some(text))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fact() -> impl Strategy<Value = Option<Fact>> {
        let ip = proptest::option::of("[0-9.:]{0,9}|same");
        let origin = "[0-9A-F]{8,34}|[0-9a-f]{8,34}|.{0,12}";
        let fact = (any::<u64>(), ip, origin).prop_map(|(time, client_ip, origin)| Fact {
            time,
            client_ip,
            origin,
        });
        proptest::option::of(fact)
    }

    fn channel() -> impl Strategy<Value = Box<Channel>> {
        let facts = (fact(), fact(), fact());
        let clocks = any::<(Option<u64>, Option<u64>)>();
        (facts, clocks).prop_map(
            |((connect, disconnect, tcpclean), (closed_at, confirmed))| {
                Box::new(Channel {
                    connect,
                    disconnect,
                    tcpclean,
                    closed_at,
                    confirmed,
                })
            },
        )
    }

    fn client() -> impl Strategy<Value = Client> {
        let channels = prop::collection::btree_map("[0-9a-fA-F]{32}|.{0,9}", channel(), 0..4);
        let forgotten = proptest::option::of((any::<u64>(), ".{0,9}"));
        let all = (channels, forgotten, any::<Option<(bool, u64, u64)>>());
        all.prop_map(|(channels, newest_forgotten, last)| Client {
            channels,
            newest_forgotten,
            last: last.map(|(online, time, observed_at)| Last {
                online,
                time,
                observed_at,
            }),
        })
    }

    fn written(client: &Client) -> Vec<u8> {
        let mut bytes = Vec::new();
        write(client, &mut bytes);
        bytes
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        #[test]
        fn reads_what_it_wrote(client in client()) {
            prop_assert_eq!(read(&written(&client)), Some(client));
        }

        #[test]
        fn damage_is_an_answer_and_no_panic(
            client in client(),
            cut in any::<prop::sample::Index>(),
            other in any::<u8>(),
        ) {
            let mut bytes = written(&client);
            let at = cut.index(bytes.len());
            let _ = read(&bytes[..at]);
            bytes[at] = other;
            let _ = read(&bytes);
        }
    }
}
