//! A client as its field holds it: the number of its newest transition, the
//! commit that wrote it, and core's record.

use mqtt_presence_core::presence::Client;
use serde::{Deserialize, Serialize};

use super::fault::damaged;
use crate::store::StoreError;
use crate::store::join::Entry;

#[derive(Serialize)]
struct Written<'a>(u64, &'a str, &'a Client);

#[derive(Deserialize)]
struct Read(u64, String, Client);

pub(super) fn write(entry: &Entry, token: &str) -> Result<Vec<u8>, StoreError> {
    serde_json::to_vec(&Written(entry.newest, token, &entry.client))
        .map_err(|error| damaged("a client", error))
}

/// The entry, and the commit that wrote it.
pub(super) fn read(id: &str, record: &[u8]) -> Result<(Entry, String), StoreError> {
    let Read(newest, token, client) = serde_json::from_slice(record)
        .map_err(|error| damaged(&format!("client `{id}`"), error))?;
    Ok((Entry { client, newest }, token))
}
