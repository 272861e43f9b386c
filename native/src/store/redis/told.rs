//! Transitions as the stream holds them: some in one entry, which costs the
//! server little more than one would. The entry's id has the number of the
//! last; each is a line of JSON without what the entry says of all.

use mqtt_presence_core::event::Kind;
use mqtt_presence_core::presence::{Cause, Transition};
use serde::{Deserialize, Serialize};

use super::fault::damaged;
use super::read::{Row, bytes, number, text};
use crate::store::join::Flip;
use crate::store::{Numbered, StoreError};

/// Most transitions of an entry: whoever wants one reads them all.
pub(super) const MOST: usize = 32;

/// An entry to be written.
#[derive(Debug)]
pub(super) struct Told {
    pub count: usize,
    /// Of each, the transition of the same client before it; blanks between.
    pub previous: String,
    pub lines: Vec<u8>,
}

/// A line, as an array.
#[derive(Serialize, Deserialize)]
struct Line<T>(
    /// Client id, answer, time.
    T,
    bool,
    u64,
    /// Of the cause: channel, kind, message id, topic, queue, offset.
    T,
    Kind,
    Option<T>,
    Option<T>,
    Option<u32>,
    Option<u64>,
    /// Whether it is synthetic.
    bool,
);

/// The entries of these flips.
pub(super) fn write(flips: &[Flip]) -> Result<Vec<Told>, StoreError> {
    flips.chunks(MOST).map(entry).collect()
}

fn entry(flips: &[Flip]) -> Result<Told, StoreError> {
    let mut previous = String::with_capacity(10 * flips.len());
    let mut lines = Vec::with_capacity(200 * flips.len());
    for flip in flips {
        if !previous.is_empty() {
            previous.push(' ');
            lines.push(b'\n');
        }
        previous.push_str(&flip.previous.to_string());
        let told = &flip.numbered.transition;
        let cause = &told.cause;
        let line = Line(
            told.client_id.as_str(),
            told.online,
            told.time,
            cause.channel_id.as_str(),
            cause.event_type,
            cause.message_id.as_deref(),
            cause.topic.as_deref(),
            cause.queue,
            cause.offset,
            told.synthetic,
        );
        serde_json::to_writer(&mut lines, &line).map_err(|e| damaged("a transition", e))?;
    }
    Ok(Told {
        count: flips.len(),
        previous,
        lines,
    })
}

/// The transitions of an entry.
pub(super) fn read(row: &Row) -> Result<Vec<Numbered>, StoreError> {
    let observed_at = text(row, 3)?;
    let lines: Vec<&[u8]> = bytes(row, 5).split(|byte| *byte == b'\n').collect();
    let first = (number(&row.0) + 1).saturating_sub(lines.len() as u64);
    let told = (first..).zip(lines);
    told.map(|(id, line)| one(id, observed_at, line)).collect()
}

/// A transition of its line.
pub(super) fn one(id: u64, observed_at: u64, line: &[u8]) -> Result<Numbered, StoreError> {
    let Line(
        client_id,
        online,
        time,
        channel_id,
        event_type,
        message_id,
        topic,
        queue,
        offset,
        synthetic,
    ): Line<String> = serde_json::from_slice(line)
        .map_err(|error| damaged(&format!("transition `{id}`"), error))?;
    Ok(Numbered {
        id,
        transition: Transition {
            client_id,
            online,
            time,
            observed_at,
            cause: Cause {
                channel_id,
                event_type,
                message_id,
                topic,
                queue,
                offset,
            },
            synthetic,
        },
    })
}
