//! The body of the call, read as it comes: a list may be larger than memory.

use std::cell::Cell;
use std::fmt;
use std::io::{self, Read};

use axum::body::Bytes;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use tokio::sync::mpsc;

/// Entries that are handed over at once.
pub const CHUNK: usize = 1_000;
/// Most bytes from one entry to the next.
const ENTRY: usize = 64 * 1024;
/// Longest id in bytes, as of events.
const ID: usize = 1_024;

/// What stands before the channels.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Head {
    pub full: bool,
    pub prefix: String,
    pub as_of: Option<u64>,
}

/// A channel of the list.
#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    pub client_id: String,
    pub channel_id: String,
}

/// A part of the list, in order.
#[derive(Debug, PartialEq)]
pub enum Part {
    Some(Head, Vec<Entry>),
    /// The list is whole.
    End(Head),
}

/// Reads a list and hands its parts to `take`, which answers false to stop.
///
/// # Errors
/// What is wrong with it; nothing follows the parts that were handed over.
pub fn read(
    chunks: mpsc::Receiver<Bytes>,
    mut take: impl FnMut(Part) -> bool,
) -> Result<(), serde_json::Error> {
    let since = Cell::new(0);
    let reader = Chunks {
        chunks,
        chunk: Bytes::new(),
        since: &since,
    };
    let mut json = serde_json::Deserializer::from_reader(reader);
    let head = json.deserialize_map(Whole {
        since: &since,
        take: &mut take,
    })?;
    json.end()?;
    take(Part::End(head));
    Ok(())
}

/// Chunks as one stream, in which each entry is short.
struct Chunks<'a> {
    chunks: mpsc::Receiver<Bytes>,
    chunk: Bytes,
    since: &'a Cell<usize>,
}

impl Read for Chunks<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.chunk.is_empty() {
            match self.chunks.blocking_recv() {
                Some(chunk) => self.chunk = chunk,
                None => return Ok(0),
            }
        }
        let count = buffer.len().min(self.chunk.len());
        self.since.set(self.since.get() + count);
        if self.since.get() > ENTRY {
            return Err(io::Error::other(format!(
                "an entry is longer than {ENTRY} bytes"
            )));
        }
        buffer[..count].copy_from_slice(&self.chunk.split_to(count));
        Ok(count)
    }
}

struct Whole<'a, F> {
    since: &'a Cell<usize>,
    take: &'a mut F,
}

impl<'de, F: FnMut(Part) -> bool> Visitor<'de> for Whole<'_, F> {
    type Value = Head;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object `{\"full\":…,\"asOf\":…,\"clients\":[…]}`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Head, A::Error> {
        let (mut full, mut prefix, mut as_of) = (None, None, None);
        let twice = |name: &str| Err(A::Error::custom(format!("`{name}` is given twice")));
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "full" if full.is_none() => full = Some(map.next_value::<bool>()?),
                "prefix" if prefix.is_none() => prefix = Some(map.next_value::<String>()?),
                "asOf" if as_of.is_none() => as_of = Some(map.next_value::<u64>()?),
                name @ ("full" | "prefix" | "asOf") => return twice(name),
                "clients" => {
                    let head = Head {
                        full: full.unwrap_or(false),
                        prefix: prefix.take().unwrap_or_default(),
                        as_of,
                    };
                    map.next_value_seed(Entries {
                        head: &head,
                        since: self.since,
                        take: self.take,
                    })?;
                    return match map.next_key::<String>()? {
                        None => Ok(head),
                        Some(name) => Err(A::Error::custom(format!(
                            "`{name}` stands after `clients`, which comes last"
                        ))),
                    };
                }
                name => {
                    return Err(A::Error::custom(format!(
                        "unknown field `{name}`; there are `full`, `prefix`, `asOf` and `clients`"
                    )));
                }
            }
        }
        Err(A::Error::custom("`clients` is missing"))
    }
}

struct Entries<'a, F> {
    head: &'a Head,
    since: &'a Cell<usize>,
    take: &'a mut F,
}

impl<'de, F: FnMut(Part) -> bool> DeserializeSeed<'de> for Entries<'_, F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, F: FnMut(Part) -> bool> Visitor<'de> for Entries<'_, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of `{\"clientId\":\"…\",\"channelId\":\"…\"}`")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let mut chunk = Vec::new();
        let mut hand = |chunk| match (self.take)(Part::Some(self.head.clone(), chunk)) {
            true => Ok(()),
            false => Err(A::Error::custom("stopped")),
        };
        while let Some(entry) = entries.next_element::<Entry>()? {
            self.since.set(0);
            for (name, id) in [
                ("clientId", &entry.client_id),
                ("channelId", &entry.channel_id),
            ] {
                if !(1..=ID).contains(&id.len()) {
                    return Err(A::Error::custom(format!(
                        "`{name}` is empty or longer than {ID} bytes"
                    )));
                }
            }
            if !entry.client_id.starts_with(&self.head.prefix) {
                return Err(A::Error::custom(format!(
                    "client `{}` does not begin with the `prefix` of the list",
                    entry.client_id
                )));
            }
            chunk.push(entry);
            if chunk.len() == CHUNK {
                hand(std::mem::take(&mut chunk))?;
            }
        }
        hand(chunk)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// Reads it in chunks of three bytes.
    fn parts(text: &str) -> Result<Vec<Part>, String> {
        let (sender, receiver) = mpsc::channel(text.len() + 1);
        for chunk in text.as_bytes().chunks(3) {
            sender.try_send(Bytes::copy_from_slice(chunk)).unwrap();
        }
        drop(sender);
        let mut parts = Vec::new();
        read(receiver, |part| {
            parts.push(part);
            true
        })
        .map_err(|error| error.to_string())?;
        Ok(parts)
    }

    #[test]
    fn reads_the_head_and_the_channels() {
        let text = r#"{"asOf":7,"full":true,"prefix":"a","clients":[
            {"clientId":"ab","channelId":"1","node":{"x":[]}},{"channelId":"2","clientId":"a"}]} "#;
        let head = Head {
            full: true,
            prefix: "a".into(),
            as_of: Some(7),
        };
        let entry = |client_id: &str, channel_id: &str| Entry {
            client_id: client_id.into(),
            channel_id: channel_id.into(),
        };
        let entries = vec![entry("ab", "1"), entry("a", "2")];
        let expected = [Part::Some(head.clone(), entries), Part::End(head)];
        assert_eq!(parts(text).unwrap(), expected);
    }

    #[test]
    fn says_what_is_wrong() {
        let long = format!(r#"{{"clients":[{{"clientId":"{}"#, "x".repeat(2 * ENTRY));
        for (text, part) in [
            ("[]", "an object"),
            ("{}", "`clients` is missing"),
            (r#"{"clients":[],"asOf":1}"#, "comes last"),
            (r#"{"full":true,"full":true}"#, "given twice"),
            (r#"{"fulll":true}"#, "unknown field `fulll`"),
            (r#"{"clients":[{"clientId":"a"}]}"#, "channelId"),
            (
                r#"{"clients":[{"clientId":"","channelId":"1"}]}"#,
                "`clientId` is empty",
            ),
            (
                r#"{"prefix":"b","clients":[{"clientId":"a","channelId":"1"}]}"#,
                "`a` does not begin",
            ),
            (r#"{"clients":[{"clientId":"a","channelId":"1"}"#, "EOF"),
            (r#"{"clients":[]}{"#, "trailing"),
            (&long, "longer than 65536 bytes"),
        ] {
            let said = parts(text).unwrap_err();
            assert!(said.contains(part), "{said}");
        }
    }
}
