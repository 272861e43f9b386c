//! A recording and its answers, without what only a screen asks for.

use mqtt_presence_core::replay::{self, Answers, Input, View};
use serde::Serialize;
use wasm_bindgen::prelude::*;

use crate::output::{json, line, taken};
use crate::{filter, panic};

/// All events of some files. `addFile`, `push` until the file ends,
/// `finishFile`, and so on with the next; questions may be asked at any time.
#[wasm_bindgen]
pub struct Recording {
    replay: replay::Replay,
    input: Input,
}

#[derive(Serialize)]
struct Reading<'a>(&'a str, &'a str);

#[wasm_bindgen]
impl Recording {
    /// An empty recording. Options, each of which may be left out: `closing`,
    /// `takeover`, `flapCount`, `flapWindow`, `lateAfter`, `maxRecord`, `maxDepth`,
    /// `formatIn`.
    #[wasm_bindgen(constructor)]
    pub fn new(options: &JsValue) -> Result<Recording, JsValue> {
        panic::watch();
        Ok(Recording {
            replay: replay::Replay::new(filter::options(options)?),
            input: Input::new(filter::limits(options)?, filter::shape(options)?),
        })
    }

    /// Begins a further file.
    #[wasm_bindgen(js_name = addFile)]
    pub fn add_file(&mut self, name: &str) -> Result<(), JsValue> {
        taken(self.input.begin(&mut self.replay, name))
    }

    /// The file's next bytes, cut anywhere.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), JsValue> {
        taken(self.input.push(&mut self.replay, bytes))
    }

    /// Says that the file ends here.
    #[wasm_bindgen(js_name = finishFile)]
    pub fn finish_file(&mut self) -> Result<(), JsValue> {
        taken(self.input.finish(&mut self.replay))
    }

    /// Whose messages the file holds that was added last, as far as that is
    /// clear; nothing for events.
    #[wasm_bindgen(js_name = fileFormat)]
    pub fn file_format(&self) -> Option<String> {
        self.input.format().map(|format| format.to_string())
    }

    /// What a consumer believed after the first so many records: pairs of
    /// client id and status, as JSON.
    pub fn believed(&self, records: f64) -> Result<String, JsValue> {
        pairs(&self.replay.believed(records as u64))
    }

    /// What was so at a time: pairs of client id and status, as JSON.
    pub fn actual(&self, time: f64) -> Result<String, JsValue> {
        pairs(&self.replay.actual(time as u64))
    }

    /// What `mqtt-presence replay --format json` prints, in bytes; of the first
    /// `after` records, or `at` a time, or of everything.
    pub fn report(&self, after: Option<f64>, at: Option<f64>) -> Result<Vec<u8>, JsValue> {
        let view = match (after, at) {
            (Some(records), _) => View::After(records as u64),
            (None, Some(time)) => View::At(time as u64),
            (None, None) => View::Whole,
        };
        line(&self.replay.report(view))
    }
}

fn pairs(answers: &Answers<'_>) -> Result<String, JsValue> {
    let pairs: Vec<Reading<'_>> = answers
        .iter()
        .map(|(id, status)| Reading(id, status.as_str()))
        .collect();
    json(&pairs)
}
