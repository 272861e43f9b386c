//! A recording as files to save, piece by piece.

use std::borrow::Cow;

use serde::Serialize;

use super::{EventFilter, Replay, Summary};
use crate::event::Kind;

/// How many events or clients one piece is of.
const PIECE: u64 = 8_192;

/// An event as a record, with the fields that the rule ignores behind its own.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Record<'a> {
    client_id: &'a str,
    channel_id: &'a str,
    event_type: Kind,
    time: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_ip: Option<Cow<'a, str>>,
}

impl Replay {
    /// The piece at `from` of the events that pass a filter, one record a
    /// line; with it goes where the next begins, `None` after the last.
    pub fn export_ndjson(&mut self, filter: &EventFilter, from: u64) -> (String, Option<u64>) {
        let events = self.select(filter);
        let end = from.saturating_add(PIECE).min(events.total());
        let next = (end < events.total()).then_some(end);
        let piece: Vec<u32> = (from.min(end)..end).map(|row| events.at(row)).collect();
        let mut text = String::new();
        for event in piece {
            self.write_record(event, &mut text);
        }
        (text, next)
    }

    fn write_record(&self, event: u32, text: &mut String) {
        let columns = &self.columns;
        let record = Record {
            client_id: columns.clients.text(columns.client(event)),
            channel_id: columns.channels.text(columns.channel(event)),
            event_type: columns.kind(event),
            time: columns.time(event),
            client_ip: columns.client_ip(event),
        };
        text.push_str(&serde_json::to_string(&record).expect("strings and a number serialize"));
        if let Some(extra) = columns.extra(event) {
            // Both are objects, and neither has a field of the other.
            text.pop();
            text.push(',');
            text.push_str(&extra[1..]);
        }
        text.push('\n');
    }

    /// The piece at client `from` of the channels of these clients as CSV with
    /// a heading; an open end is an empty field. `None` is all clients.
    pub fn export_csv(&mut self, clients: Option<&[u32]>, from: u64) -> (String, Option<u64>) {
        let all = match clients {
            Some(clients) => clients.len(),
            None => self.columns.clients.len(),
        } as u64;
        let end = from.saturating_add(PIECE / 16).min(all);
        let mut text = String::new();
        if from == 0 {
            text.push_str("clientId,channelId,start,end,state\r\n");
        }
        for place in from.min(end)..end {
            let client = match clients {
                Some(clients) => clients[place as usize],
                None => place as u32,
            };
            let bars = self.bars(&[client], f64::NEG_INFINITY, f64::INFINITY);
            for bar in 0..bars.ids.len() {
                let time = |time: Option<u64>| time.map(|time| time.to_string());
                let fields = [
                    Some(field(self.name(client))),
                    Some(field(bars.ids[bar])),
                    time(bars.start[bar]),
                    time(bars.end[bar]),
                    Some(bars.state[bar].to_string()),
                ];
                let fields = fields.map(Option::unwrap_or_default);
                text.push_str(&fields.join(","));
                text.push_str("\r\n");
            }
        }
        (text, (end < all).then_some(end))
    }

    /// The piece at client `from` of the report on the whole recording: the
    /// JSON of [`report`](Replay::report), with one line feed at its end. The
    /// recording must be surveyed.
    pub fn export_report(&mut self, from: u64) -> (String, Option<u64>) {
        self.sort_names();
        let all = self.by_name.len() as u64;
        let end = from.saturating_add(PIECE / 16).min(all);
        let mut text = String::new();
        if from == 0 {
            text.push_str("{\"summary\":");
            text.push_str(&json(&self.summary()));
            text.push_str(",\"clients\":[");
        }
        for place in from.min(end)..end {
            if place > 0 {
                text.push(',');
            }
            let client = self.client_json(self.by_name[place as usize]);
            text.push_str(&client.unwrap_or_default());
        }
        if end < all {
            return (text, Some(end));
        }
        text.push_str("],\"errors\":");
        text.push_str(&json(&self.rejected(0, usize::MAX)));
        text.push_str("}\n");
        (text, None)
    }

    fn summary(&self) -> Summary {
        let totals = self.totals();
        Summary {
            records: totals.records,
            accepted: totals.accepted,
            rejected: totals.rejected,
            duplicates: totals.duplicates,
            clients: totals.clients,
            online: totals.online,
        }
    }
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("numbers and strings serialize")
}

/// A field of CSV: quoted where it has to be, and never taken for a formula.
fn field(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let quoted = formula || text.contains(['"', ',', '\n', '\r']);
    if !quoted {
        return text.to_owned();
    }
    let inner = text.replace('"', "\"\"");
    let guard = if formula { "'" } else { "" };
    format!("\"{guard}{inner}\"")
}
