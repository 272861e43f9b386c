//! A recording and its answers, without what only a screen asks for.

use mqtt_presence_core::event::Reader;
use mqtt_presence_core::replay::{self, Answers, View};
use serde::Serialize;
use wasm_bindgen::prelude::*;

use crate::output::{error, json, line};
use crate::{filter, panic};

/// All events of some files. `addFile`, `push` until the file ends,
/// `finishFile`, and so on with the next; questions may be asked at any time.
#[wasm_bindgen]
pub struct Recording {
    replay: replay::Replay,
    reader: Reader,
    file: Option<usize>,
}

#[derive(Serialize)]
struct Reading<'a>(&'a str, &'a str);

#[wasm_bindgen]
impl Recording {
    /// An empty recording. Options, each of which may be left out: `closing`,
    /// `takeover`, `flapCount`, `flapWindow`, `lateAfter`, `maxRecord`, `maxDepth`.
    #[wasm_bindgen(constructor)]
    pub fn new(options: &JsValue) -> Result<Recording, JsValue> {
        panic::watch();
        Ok(Recording {
            replay: replay::Replay::new(filter::options(options)?),
            reader: Reader::new(filter::limits(options)?),
            file: None,
        })
    }

    /// Begins a further file.
    #[wasm_bindgen(js_name = addFile)]
    pub fn add_file(&mut self, name: &str) -> Result<(), JsValue> {
        if self.file.is_some() {
            self.finish_file()?;
            self.reader.next_file();
        }
        self.file = Some(self.replay.add_file(name));
        Ok(())
    }

    /// The file's next bytes, cut anywhere.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), JsValue> {
        self.reader.push(bytes);
        self.take()
    }

    /// Says that the file ends here.
    #[wasm_bindgen(js_name = finishFile)]
    pub fn finish_file(&mut self) -> Result<(), JsValue> {
        self.reader.finish();
        self.take()
    }

    fn take(&mut self) -> Result<(), JsValue> {
        let file = match self.file {
            Some(file) => file,
            None => *self.file.insert(self.replay.add_file("")),
        };
        self.replay
            .drain(&mut self.reader, file)
            .map_err(|full| error("full", &full.to_string()))
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
