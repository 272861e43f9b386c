//! A client as its field holds it: the number of its newest transition, the
//! commit that wrote it, each with a blank behind it, for the script to read;
//! then [`record`].

use std::io::Write;
use std::sync::Arc;

use super::fault::damaged;
use crate::store::join::Entry;
use crate::store::{StoreError, record};

pub(super) fn write(entry: &Entry, token: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    head(entry.newest, token, &mut bytes);
    record::write(&entry.client, &mut bytes);
    bytes
}

/// Appends what comes before the record of all stores.
pub(super) fn head(newest: u64, token: &str, bytes: &mut Vec<u8>) {
    // Into memory, which never fails.
    let _ = write!(bytes, "{newest} {token} ");
}

/// The entry, and the commit that wrote it.
pub(super) fn read(id: &str, bytes: &[u8]) -> Result<(Entry, Arc<str>), StoreError> {
    decode(bytes).ok_or_else(|| damaged(&format!("client `{id}`"), "its record is damaged"))
}

fn decode(bytes: &[u8]) -> Option<(Entry, Arc<str>)> {
    let mut parts = bytes.splitn(3, |byte| *byte == b' ');
    let newest = std::str::from_utf8(parts.next()?).ok()?.parse().ok()?;
    let token = std::str::from_utf8(parts.next()?).ok()?.into();
    let client = record::read(parts.next()?)?;
    Some((Entry { client, newest }, token))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use mqtt_presence_core::presence::Client;

    use super::*;

    #[test]
    fn reads_what_it_wrote() {
        let client = Client {
            newest_forgotten: Some((8, "a b".to_owned())),
            ..Client::default()
        };
        let bytes = write(&Entry { client, newest: 7 }, "0a-7");
        let (entry, token) = read("c", &bytes).unwrap();
        assert_eq!((entry.newest, &*token), (7, "0a-7"));
        assert_eq!(entry.client.newest_forgotten, Some((8, "a b".to_owned())));
        for end in 0..bytes.len() {
            assert!(decode(&bytes[..end]).is_none());
        }
    }
}
