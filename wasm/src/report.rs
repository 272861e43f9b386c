//! What a recording says record by record: rows, anomalies, files to save.

use mqtt_presence_core::replay::{Anomaly, Rows};
use wasm_bindgen::prelude::*;

use crate::output::{Answer, plain};
use crate::replay::Replay;
use crate::{filter, panic};

#[wasm_bindgen]
impl Replay {
    /// Rows `first .. first + count` of the events that pass a filter.
    pub fn events(
        &mut self,
        filter: &JsValue,
        first: f64,
        count: usize,
    ) -> Result<JsValue, JsValue> {
        panic::check()?;
        let filter = filter::events(filter)?;
        let rows = self.replay.rows(&filter, first as u64, count);
        Ok(columns(&rows))
    }

    /// Where a record is among the rows of a filter, or the next one after it.
    #[wasm_bindgen(js_name = rowOf)]
    pub fn row_of(&mut self, filter: &JsValue, record: f64) -> Result<f64, JsValue> {
        panic::check()?;
        let filter = filter::events(filter)?;
        Ok(self.replay.row_of(&filter, record as u64) as f64)
    }

    /// The kinds of which there are anomalies.
    pub fn anomalies(&self) -> Result<JsValue, JsValue> {
        panic::check()?;
        plain(&self.replay.anomaly_summaries())
    }

    /// The first anomaly after a record, or with a negative direction the last
    /// before it, of one kind or of any.
    #[wasm_bindgen(js_name = nextAnomaly)]
    pub fn next_anomaly(
        &self,
        record: f64,
        direction: i32,
        kind: Option<String>,
    ) -> Result<JsValue, JsValue> {
        panic::check()?;
        let kind = kind.as_deref().map(filter::kind).transpose()?;
        let anomaly: Option<Anomaly<'_>> = if direction < 0 {
            self.replay.anomaly_before(record as u64, kind)
        } else {
            self.replay.anomaly_after(record as u64, kind)
        };
        plain(&anomaly)
    }

    /// One page of the anomalies of a kind, by record.
    pub fn offenders(&self, kind: &str, first: usize, count: usize) -> Result<JsValue, JsValue> {
        panic::check()?;
        plain(&self.replay.offenders(filter::kind(kind)?, first, count))
    }

    /// One page of the rejected records.
    pub fn errors(&self, first: usize, count: usize) -> Result<JsValue, JsValue> {
        panic::check()?;
        plain(&self.replay.rejected(first, count))
    }

    /// One piece of a file to save, `{text, next}`: `ndjson`, `csv` or
    /// `report`; `next` is where the next piece begins, `null` after the last.
    /// The report needs a survey of everything.
    #[wasm_bindgen(js_name = exportPiece)]
    pub fn export_piece(
        &mut self,
        what: &str,
        filter: &JsValue,
        from: f64,
    ) -> Result<JsValue, JsValue> {
        panic::check()?;
        let (filter, from) = (filter::events(filter)?, from as u64);
        let (text, next) = match what {
            "ndjson" => self.replay.export_ndjson(&filter, from),
            "csv" => self.replay.export_csv(filter.clients.as_deref(), from),
            "report" => self.replay.export_report(from),
            _ => return Err(filter::unknown("what", what)),
        };
        Ok(Answer::new()
            .bytes("bytes", text.as_bytes())
            .with(
                "next",
                next.map_or(JsValue::NULL, |next| JsValue::from_f64(next as f64)),
            )
            .into())
    }
}

fn columns(rows: &Rows<'_>) -> JsValue {
    let numbers = |numbers: &[u64]| -> Vec<f64> { numbers.iter().map(|n| *n as f64).collect() };
    let bytes: Vec<u8> = rows.kind.iter().map(|kind| *kind as u8).collect();
    let believed: Vec<u8> = rows
        .believed_after
        .iter()
        .map(|state| *state as u8)
        .collect();
    let actual: Vec<u8> = rows.actual_then.iter().map(|state| *state as u8).collect();
    Answer::new()
        .with("total", rows.total as f64)
        .numbers("record", numbers(&rows.record).into_iter())
        .numbers("time", numbers(&rows.time).into_iter())
        .numbers("lag", numbers(&rows.lag).into_iter())
        .words("client", &rows.client)
        .bytes("kind", &bytes)
        .bytes("believedAfter", &believed)
        .bytes("actualThen", &actual)
        .shorts("anomalies", &rows.anomalies)
        .texts("clientIds", rows.client_ids.iter().map(|id| Some(*id)))
        .texts("channelIds", rows.channel_ids.iter().map(|id| Some(*id)))
        .texts("clientIps", rows.client_ips.iter().map(Option::as_deref))
        .into()
}
