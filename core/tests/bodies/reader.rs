//! What must hold of the reader for any bytes. Called by the fuzz target and
//! by the property tests.

#![allow(clippy::unwrap_used, reason = "a check stops at what is wrong")]

use mqtt_presence_core::event::{Code, Limits, Reader, Record, read_all};

/// Longest piece of white space, beyond the limits, that may wait for its end.
const MARK: usize = 3;

/// Reads `input` whole and in chunks cut as `cuts` says, and checks both.
pub fn check(input: &[u8], cuts: &[u8], limits: Limits) {
    let whole = read_all(input, limits);
    check_records(input, &whole, limits);
    assert_eq!(whole, read_in_chunks(input, cuts, limits));
    assert_eq!(whole, read_in_chunks(input, &[0], limits));
}

/// Reads in chunks of the lengths in `cuts`, over and over, and checks how
/// much the reader holds between them.
pub fn read_in_chunks(input: &[u8], cuts: &[u8], limits: Limits) -> Vec<Record> {
    let mut reader = Reader::new(limits);
    let mut records = Vec::new();
    let mut lengths = cuts.iter().cycle();
    let mut rest = input;
    while !rest.is_empty() {
        let length = lengths
            .next()
            .map_or(rest.len(), |&cut| 1 + usize::from(cut));
        let (chunk, behind) = rest.split_at(length.min(rest.len()));
        rest = behind;
        reader.push(chunk);
        records.extend(std::iter::from_fn(|| reader.next()));
        // A run of text may be kept while an object or a look ahead begins.
        let bound = 2 * limits.record + MARK;
        assert!(
            reader.buffered() <= bound,
            "{} bytes held",
            reader.buffered()
        );
    }
    reader.finish();
    records.extend(std::iter::from_fn(|| reader.next()));
    assert_eq!(reader.buffered(), 0, "something was left over");
    records
}

fn check_records(input: &[u8], records: &[Record], limits: Limits) {
    for (number, record) in (1..).zip(records) {
        let place = record.place;
        let offset = usize::try_from(place.offset).unwrap();
        let before = &input[..offset];
        let line_start = before
            .iter()
            .rposition(|&b| b == b'\n')
            .map_or(0, |i| i + 1);
        let line = 1 + before.iter().filter(|&&b| b == b'\n').count() as u64;
        let column = 1 + (offset - line_start) as u64;
        assert_eq!(
            (place.record, place.line, place.column),
            (number, line, column)
        );
        match &record.outcome {
            Ok(event) => {
                assert_eq!(input[offset], b'{');
                assert!((1..=1024).contains(&event.client_id.len()));
                assert!((1..=1024).contains(&event.channel_id.len()));
                assert!(0 < event.time && event.time < 1 << 53);
                if let Some(extra) = &event.extra {
                    // `1e999` is JSON, but no number of this crate's.
                    let parsed = serde_json::from_str::<&serde_json::value::RawValue>(extra);
                    assert!(parsed.is_ok(), "{extra}");
                }
            }
            Err(rejected) => {
                assert!(input[offset..].starts_with(&rejected.raw), "{rejected:?}");
                assert!(rejected.raw.len() <= limits.record);
                assert!(rejected.message.matches('`').count() == 2, "{rejected:?}");
                assert!(!rejected.message.contains(char::is_control), "{rejected:?}");
                let named = rejected.message.contains(" at line ");
                assert_eq!(named, rejected.code == Code::InvalidJson, "{rejected:?}");
            }
        }
    }
}
