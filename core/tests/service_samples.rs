//! The samples of `docs/services.md` are of the shape that they stand for.

#![allow(clippy::unwrap_used)]

use mqtt_presence_core::event::Limits;
use mqtt_presence_core::replay::{Input, Options, Replay, Shape, View};

#[test]
fn every_sample_is_detected_and_read() {
    let page = include_str!("../../docs/services.md");
    let mut seen = Vec::new();
    for block in page.split("```json ").skip(1) {
        let (name, rest) = block.split_once('\n').unwrap();
        let sample = rest.split("```").next().unwrap();
        let mut replay = Replay::new(Options::default());
        let mut input = Input::new(Limits::default(), Shape::Detected);
        input.begin(&mut replay, name).unwrap();
        input.push(&mut replay, sample.as_bytes()).unwrap();
        input.finish(&mut replay).unwrap();
        let found = input.format().map_or("alibaba", |format| format.as_str());
        assert_eq!(found, name);
        let report = replay.report(View::Whole);
        assert_eq!(report.summary.accepted, 2, "{name}");
        assert_eq!(report.summary.rejected, 0, "{name}");
        // Both messages are of one channel, which has ended.
        assert_eq!(report.clients.len(), 1, "{name}");
        assert_eq!(report.clients[0].channels.len(), 1, "{name}");
        assert!(!report.clients[0].online, "{name}");
        seen.push(name);
    }
    assert_eq!(seen, ["alibaba", "aws", "emqx"]);
}
