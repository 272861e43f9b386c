//! The same bytes from however many threads.
#![allow(clippy::unwrap_used)]

use std::fmt::Write;

use mqtt_presence_core::event::Limits;
use mqtt_presence_core::replay::{Input, Merged, Options, Replay, Shape, View};

use super::fill::{Filling, Told};
use super::{print, reports};

/// Events of 3,000 clients out of order, and lines that are no records.
fn recording() -> String {
    let mut text = String::new();
    for number in 0..10_000 {
        let (client, time) = (number * 7 % 3_000, 1_000 + number * 7_919 % 100_000);
        let kind = ["connect", "tcpclean", "disconnect"][number % 3];
        writeln!(
            text,
            r#"{{"clientId":"dev{client}","channelId":"c{}","eventType":"{kind}","time":{time}}}"#,
            number % 4
        )
        .unwrap();
        if number % 100 == 0 {
            text.push_str("no record\n");
        }
    }
    text
}

fn filling() -> Filling {
    Filling {
        options: Options::default(),
        shape: Shape::Detected,
        limits: Limits::default(),
    }
}

fn fill(text: &str, threads: u32) -> Vec<Replay> {
    let (told, filled) = filling().side_by_side(threads, |tell| {
        let mut told = tell(Told::File("events".to_owned()));
        for bytes in text.as_bytes().chunks(1_000) {
            told &= tell(Told::Bytes(bytes.to_vec().into()));
        }
        told & tell(Told::End)
    });
    assert!(told, "a shard stopped listening");
    assert_eq!(filled.formats, [None], "the file was told to its end");
    filled.shards.unwrap()
}

#[test]
fn threads_do_not_show() {
    let text = recording();
    let mut whole = Replay::new(Options::default());
    let mut input = Input::new(Limits::default(), Shape::Detected);
    input.begin(&mut whole, "events").unwrap();
    input.push(&mut whole, text.as_bytes()).unwrap();
    input.finish(&mut whole).unwrap();
    let expected = whole.report(View::Whole);
    let json = serde_json::to_string(&expected).unwrap() + "\n";
    let clients = expected.clients.iter().map(serde_json::to_string);
    let errors = expected.errors.iter().map(serde_json::to_string);
    let lines: Vec<String> = clients.chain(errors).map(Result::unwrap).collect();
    let ndjson = lines.join("\n") + "\n";
    for threads in 1..6 {
        let shards = fill(&text, threads);
        let reports = reports(&shards, View::Whole);
        let merged = Merged::new(&reports);
        let mut printed = Vec::new();
        print::json(&mut printed, &merged, threads as usize).unwrap();
        assert!(printed == json.as_bytes(), "{threads} threads, JSON");
        printed.clear();
        print::ndjson(&mut printed, &merged, threads as usize).unwrap();
        assert!(printed == ndjson.as_bytes(), "{threads} threads, NDJSON");
    }
}

/// Who reads the output may stop.
#[test]
fn a_closed_output_ends_the_making_of_texts() {
    struct Closed;
    impl std::io::Write for Closed {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let shards = fill(&recording(), 2);
    let reports = reports(&shards, View::Whole);
    let ended = print::ndjson(&mut Closed, &Merged::new(&reports), 2);
    assert_eq!(ended.unwrap_err().kind(), std::io::ErrorKind::BrokenPipe);
}
