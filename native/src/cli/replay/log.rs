//! A broker's log, line by line.

use std::io::{self, BufRead, BufReader, Read};

use mqtt_presence_core::event::Place;
use mqtt_presence_core::lifecycle::{Format, Recording};
use mqtt_presence_core::replay::{Full, Replay};

/// Why reading ended early.
pub(super) enum Stop {
    Input(io::Error),
    Full(Full),
}

/// Longest line; a broker cuts its own far below.
const LINE: u64 = 65_536;

/// Reads a log of Mosquitto after `records` records; answers how many there
/// are then. Lines of other matters are no records.
pub(super) fn read(
    input: &mut dyn Read,
    mut records: u64,
    file: usize,
    replay: &mut Replay,
) -> Result<u64, Stop> {
    let mut input = BufReader::new(input);
    let mut recording = Recording::new(Format::Mosquitto);
    let (mut number, mut offset) = (0, 0);
    let mut line = Vec::new();
    loop {
        line.clear();
        let length = input
            .by_ref()
            .take(LINE)
            .read_until(b'\n', &mut line)
            .map_err(Stop::Input)?;
        if length == 0 {
            return Ok(records);
        }
        number += 1;
        let place = Place {
            record: records + 1,
            line: number,
            column: 1,
            offset,
        };
        offset += length as u64;
        for record in recording.line(place, &line) {
            records += 1;
            replay.push(record, file).map_err(Stop::Full)?;
        }
    }
}
