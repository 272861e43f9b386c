//! The samples of `docs/services.md` are of the shape that they stand for.

#![allow(clippy::unwrap_used)]

use mqtt_presence_core::event::{Limits, Reader};
use mqtt_presence_core::lifecycle::{Recording, detect};

#[test]
fn every_sample_is_detected_and_read() {
    let page = include_str!("../../docs/services.md");
    let mut seen = Vec::new();
    for block in page.split("```json ").skip(1) {
        let (name, rest) = block.split_once('\n').unwrap();
        let sample = rest.split("```").next().unwrap();
        let format = detect(sample.as_bytes());
        let found = format.map_or("alibaba", |format| format.as_str());
        assert_eq!(found, name);
        let mut recording = format.map(Recording::new);
        let mut reader = Reader::new(Limits::default());
        reader.push(sample.as_bytes());
        reader.finish();
        let mut channels = Vec::new();
        while let Some(mut record) = reader.next() {
            if let Some(recording) = &mut recording {
                record = recording.object(record);
            }
            channels.push(record.outcome.expect(name).channel_id);
        }
        assert_eq!(channels.len(), 2, "{name}");
        assert_eq!(channels[0], channels[1], "{name}");
        seen.push(name);
    }
    assert_eq!(seen, ["alibaba", "aws", "emqx"]);
}
