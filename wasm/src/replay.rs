//! A recording.

use mqtt_presence_core::event::Limits;
use mqtt_presence_core::replay::{self, Cursor, Input, Raster, Shape};
use wasm_bindgen::prelude::*;

use crate::output::{Answer, error, plain, taken};
use crate::{filter, panic};

/// Everything that was said by a recording of events, to be looked at.
///
/// `addFile`, `push` until the file ends, `finishFile`, and so on with the
/// next; questions may be asked at any time. Times are milliseconds since
/// 1970, clients are numbers in order of their first event.
#[wasm_bindgen]
pub struct Replay {
    pub(crate) replay: replay::Replay,
    limits: Limits,
    shape: Shape,
    input: Input,
}

#[wasm_bindgen]
impl Replay {
    /// An empty recording. Options, each of which may be left out: `closing`,
    /// `takeover`, `flapCount`, `flapWindow`, `lateAfter`, `maxRecord`, `maxDepth`.
    #[wasm_bindgen(constructor)]
    pub fn new(options: &JsValue) -> Result<Replay, JsValue> {
        panic::watch();
        panic::check()?;
        let limits = filter::limits(options)?;
        Ok(Replay {
            replay: replay::Replay::new(filter::options(options)?),
            limits,
            shape: Shape::Detected,
            input: Input::new(limits, Shape::Detected),
        })
    }

    /// Begins a further file.
    #[wasm_bindgen(js_name = addFile)]
    pub fn add_file(&mut self, name: &str) -> Result<(), JsValue> {
        panic::check()?;
        taken(self.input.begin(&mut self.replay, name))
    }

    /// The file's next bytes, cut anywhere.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), JsValue> {
        panic::check()?;
        taken(self.input.push(&mut self.replay, bytes))
    }

    /// Says that the file ends here.
    #[wasm_bindgen(js_name = finishFile)]
    pub fn finish_file(&mut self) -> Result<(), JsValue> {
        panic::check()?;
        taken(self.input.finish(&mut self.replay))
    }

    /// Leaves the file as it is: what was pushed of its last record is no record.
    #[wasm_bindgen(js_name = abandonFile)]
    pub fn abandon_file(&mut self) -> Result<(), JsValue> {
        panic::check()?;
        self.input.abandon();
        Ok(())
    }

    /// Whose messages the file holds that was added last, as far as that is
    /// clear: `aws`, `emqx`, `mosquitto` or `vernemq`; nothing for events.
    #[wasm_bindgen(js_name = fileFormat)]
    pub fn file_format(&self) -> Result<Option<String>, JsValue> {
        panic::check()?;
        Ok(self.input.format().map(|format| format.to_string()))
    }

    /// Evaluates the recording by other options; the limits stay.
    #[wasm_bindgen(js_name = setOptions)]
    pub fn set_options(&mut self, options: &JsValue) -> Result<(), JsValue> {
        panic::check()?;
        self.replay.set_options(filter::options(options)?);
        Ok(())
    }

    /// Forgets everything but the options.
    pub fn clear(&mut self) -> Result<(), JsValue> {
        panic::check()?;
        self.replay = replay::Replay::new(self.replay.options().clone());
        self.input = Input::new(self.limits, self.shape);
        Ok(())
    }

    /// Forgets all files, and takes those to come for what `formatIn` says:
    /// the name of a format or `events`; without it each file's beginning tells.
    #[wasm_bindgen(js_name = readAs)]
    pub fn read_as(&mut self, options: &JsValue) -> Result<(), JsValue> {
        self.shape = filter::shape(options)?;
        self.clear()
    }

    /// Goes on looking at all clients until about so many events have been
    /// seen; true once everything is surveyed. Counts, order and anomalies are
    /// as of the last survey that was completed.
    pub fn survey(&mut self, events: u32) -> Result<bool, JsValue> {
        panic::check()?;
        Ok(self.replay.survey(events))
    }

    /// Whether a survey is worth its time while the recording still grows.
    #[wasm_bindgen(js_name = surveyDue)]
    pub fn survey_due(&self) -> Result<bool, JsValue> {
        panic::check()?;
        Ok(self.replay.survey_due())
    }

    /// Counts so far, with `from` and `to`, the oldest and the newest event time.
    pub fn totals(&self) -> Result<JsValue, JsValue> {
        panic::check()?;
        let totals = self.replay.totals();
        let (from, to) = self.replay.span().unwrap_or_default();
        Ok(Answer::new()
            .with("records", totals.records as f64)
            .with("accepted", totals.accepted as f64)
            .with("rejected", totals.rejected as f64)
            .with("clients", totals.clients as f64)
            .with("duplicates", totals.duplicates as f64)
            .with("online", totals.online as f64)
            .with("anomalies", totals.anomalies as f64)
            .with("from", from as f64)
            .with("to", to as f64)
            .into())
    }

    /// Clients online, lowest and highest of each of `width` columns.
    pub fn overview(&self, from: f64, to: f64, width: usize) -> Result<JsValue, JsValue> {
        panic::check()?;
        let overview = self.replay.overview(&raster(from, to, width)?);
        Ok(Answer::new()
            .words("believedMin", &overview.believed_min)
            .words("believedMax", &overview.believed_max)
            .words("actualMin", &overview.actual_min)
            .words("actualMax", &overview.actual_max)
            .words("possibleMax", &overview.possible_max)
            .words("anomalies", &overview.anomalies)
            .into())
    }

    /// Lanes of these clients in `width` columns, lane after lane.
    pub fn lanes(
        &mut self,
        clients: &[u32],
        from: f64,
        to: f64,
        width: usize,
    ) -> Result<JsValue, JsValue> {
        panic::check()?;
        let lanes = self.replay.lanes(clients, &raster(from, to, width)?);
        Ok(Answer::new()
            .with("width", width as f64)
            .bytes("actual", &lanes.actual)
            .bytes("believed", &lanes.believed)
            .bytes("fill", &lanes.fill)
            .shorts("count", &lanes.count)
            .shorts("anomalies", &lanes.anomalies)
            .into())
    }

    /// Channels of these clients that meet a range of event time.
    pub fn channels(&self, clients: &[u32], from: f64, to: f64) -> Result<JsValue, JsValue> {
        panic::check()?;
        let bars = self.replay.bars(clients, from, to);
        let times = |times: &[Option<u64>]| -> Vec<f64> {
            let time = |time: &Option<u64>| time.map_or(f64::NAN, |time| time as f64);
            times.iter().map(time).collect()
        };
        let states: Vec<u8> = bars.state.iter().map(|state| *state as u8).collect();
        Ok(Answer::new()
            .words("first", &bars.first)
            .texts("ids", bars.ids.iter().map(|id| Some(*id)))
            .numbers("start", times(&bars.start).into_iter())
            .numbers("end", times(&bars.end).into_iter())
            .bytes("state", &states)
            .into())
    }

    /// Client numbers by `anomalies`, `flaps` or `name`.
    pub fn order(&mut self, sort: &str, filter: &JsValue) -> Result<Vec<u32>, JsValue> {
        panic::check()?;
        Ok(self
            .replay
            .order(filter::sort(sort)?, &filter::clients(filter)?))
    }

    /// Ids of these clients.
    pub fn names(&self, clients: &[u32]) -> Result<Vec<String>, JsValue> {
        panic::check()?;
        let name = |client: &u32| self.replay.name(*client).to_owned();
        Ok(clients.iter().map(name).collect())
    }

    /// The number of the client with this id.
    pub fn find(&self, client_id: &str) -> Result<Option<u32>, JsValue> {
        panic::check()?;
        Ok(self.replay.find(client_id))
    }

    /// How many were online at a cursor, and how these clients read.
    pub fn standing(
        &mut self,
        clients: &[u32],
        record: f64,
        time: f64,
    ) -> Result<JsValue, JsValue> {
        panic::check()?;
        let standing = self.replay.standing(clients, cursor(record, time));
        Ok(Answer::new()
            .with("believedOnline", f64::from(standing.believed_online))
            .with("actualOnline", f64::from(standing.actual_online))
            .with("actualOpen", f64::from(standing.actual_open))
            .bytes("believed", &standing.believed)
            .bytes("actual", &standing.actual)
            .into())
    }

    /// The record after which belief is that of a time.
    #[wasm_bindgen(js_name = recordAt)]
    pub fn record_at(&self, time: f64) -> Result<f64, JsValue> {
        panic::check()?;
        // Below 0 nothing had arrived, as at 0.
        Ok(self.replay.record_at(time as u64) as f64)
    }

    /// When a record is taken to have arrived.
    #[wasm_bindgen(js_name = timeOf)]
    pub fn time_of(&self, record: f64) -> Result<f64, JsValue> {
        panic::check()?;
        Ok(self.replay.time_of(record as u64) as f64)
    }

    /// One client at a cursor; `null` for a number that no client has.
    pub fn inspect(&self, client: u32, record: f64, time: f64) -> Result<JsValue, JsValue> {
        panic::check()?;
        plain(&self.replay.inspect(client, cursor(record, time)))
    }

    /// The client's entry of the report, as JSON.
    #[wasm_bindgen(js_name = clientJson)]
    pub fn client_json(&self, client: u32) -> Result<Option<String>, JsValue> {
        panic::check()?;
        Ok(self.replay.client_json(client))
    }
}

fn cursor(record: f64, time: f64) -> Cursor {
    Cursor {
        record: record as u64,
        time: time as u64,
    }
}

fn raster(from: f64, to: f64, width: usize) -> Result<Raster, JsValue> {
    if from < to && width > 0 && width <= 1 << 16 {
        Ok(Raster { from, to, width })
    } else {
        Err(error(
            "out_of_range",
            &format!("`{from}` to `{to}` in {width} columns is no range to draw"),
        ))
    }
}
