//! The live state of all clients.

use mqtt_presence_core::event::{Plain, Reader, RejectedAnswer};
use mqtt_presence_core::presence::{self, Status};
use serde::Serialize;
use wasm_bindgen::prelude::*;

use crate::flips::Flips;
use crate::output::{Answer, List, error, json, plain};
use crate::{filter, panic};

/// Who is online, by the events pushed so far.
///
/// Times and clocks are milliseconds since 1970; the clock is an argument.
#[wasm_bindgen]
pub struct Presence {
    presence: presence::Presence,
    reader: Reader,
    flips: Flips,
    rejections: List,
}

#[wasm_bindgen]
impl Presence {
    /// No clients yet. Options, each of which may be left out: `closing`,
    /// `takeover`, `lease`, `retention`, `maxRecord`, `maxDepth`.
    #[wasm_bindgen(constructor)]
    pub fn new(options: &JsValue) -> Result<Presence, JsValue> {
        panic::watch();
        Ok(Presence {
            presence: presence::Presence::new(filter::rule(options)?),
            reader: Reader::new(filter::limits(options)?),
            flips: Flips::default(),
            rejections: List::default(),
        })
    }

    /// The next bytes, cut anywhere: how many records were accepted. What
    /// else they did is kept for `takeTransitions` and `takeErrors`.
    pub fn push(&mut self, bytes: &[u8], now: f64) -> Result<u32, JsValue> {
        self.reader.push(bytes);
        self.take(now as u64)
    }

    /// Says that the input ends here; what is pushed next is a further input.
    pub fn finish(&mut self, now: f64) -> Result<u32, JsValue> {
        self.reader.finish();
        self.take(now as u64)
    }

    fn take(&mut self, now: u64) -> Result<u32, JsValue> {
        let Presence {
            presence,
            reader,
            flips,
            rejections,
        } = self;
        let mut accepted = 0;
        loop {
            // Nearly all there is, and nothing of it is copied.
            loop {
                let events = reader.next_plains();
                if events.is_empty() {
                    break;
                }
                accepted += events.len() as u32;
                presence.apply_all(&events, "", now, |event, online| flips.add(event, online));
            }
            let Some(record) = reader.next() else {
                return Ok(accepted);
            };
            match record.outcome {
                Ok(event) => {
                    accepted += 1;
                    let event = Plain::from(&event);
                    if let Some(online) = presence.apply_plain(&event, "", now) {
                        flips.add(&event, online);
                    }
                }
                Err(rejected) => {
                    rejections.add(&RejectedAnswer::new(record.place, *rejected))?;
                }
            }
        }
    }

    /// The flips since the last call, if there were any: `{text, numbers}`.
    #[wasm_bindgen(js_name = takeFlips)]
    pub fn take_flips(&mut self) -> Option<JsValue> {
        self.flips.take()
    }

    /// The rejected records since the last call as a JSON array in bytes.
    #[wasm_bindgen(js_name = takeErrors)]
    pub fn take_errors(&mut self) -> Option<Vec<u8>> {
        self.rejections.take()
    }

    /// `online`, `offline`, `suspect` or `unknown`.
    pub fn status(&self, client_id: &str, now: f64) -> String {
        self.presence
            .status(client_id, now as u64)
            .as_str()
            .to_owned()
    }

    /// One client with its channels and the sentence why it reads as it does.
    pub fn client(&self, client_id: &str, now: f64) -> Result<JsValue, JsValue> {
        plain(&self.presence.explain(client_id, now as u64))
    }

    /// Up to `limit` clients whose ids begin with `prefix` and come after
    /// `after`, in byte order: a JSON array.
    pub fn clients(
        &self,
        prefix: &str,
        after: Option<String>,
        limit: u32,
        now: f64,
    ) -> Result<String, JsValue> {
        let page = self.presence.page(prefix, after.as_deref());
        let listed = page.take(limit as usize).map(|client| {
            let status = client.status(now as u64);
            Listed {
                client_id: client.id(),
                online: status == Status::Online,
                status,
                since: client.since(),
            }
        });
        json(&listed.collect::<Vec<_>>())
    }

    /// Clients and channels, counted.
    pub fn stats(&self, now: f64) -> Result<JsValue, JsValue> {
        let stats = self.presence.stats(now as u64);
        Ok(Answer::new()
            .with("clients", stats.clients as f64)
            .with("online", stats.online as f64)
            .with("suspect", stats.suspect as f64)
            .with("channels", plain(&stats.channels)?)
            .into())
    }

    /// The state as bytes, the same for the same state on every target.
    pub fn snapshot(&self) -> Vec<u8> {
        self.presence.snapshot()
    }

    /// Takes the state that a snapshot holds in place of its own.
    pub fn restore(&mut self, snapshot: &[u8]) -> Result<(), JsValue> {
        self.presence = restored(snapshot, self.presence.options().clone())?;
        Ok(())
    }

    /// Joins the state that a snapshot holds into this one; the flips as JSON.
    pub fn merge(&mut self, snapshot: &[u8], now: f64) -> Result<String, JsValue> {
        let other = restored(snapshot, self.presence.options().clone())?;
        json(&self.presence.merge(&other, now as u64))
    }

    /// Drops the channels that retention no longer keeps; how many.
    pub fn forget(&mut self, now: f64) -> f64 {
        self.presence.forget(now as u64) as f64
    }
}

fn restored(bytes: &[u8], options: presence::Options) -> Result<presence::Presence, JsValue> {
    presence::Presence::restore(bytes, options)
        .map_err(|refused| error("bad_snapshot", &refused.to_string()))
}

/// A client's answer alone.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Listed<'a> {
    client_id: &'a str,
    online: bool,
    status: Status,
    since: Option<u64>,
}
