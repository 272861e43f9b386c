//! Plain records are the records that the reader gives without the short cut.

use mqtt_presence_core::event::{Event, Limits, Reader, Record, read_all};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// Plain records, records that come close to it, and what may stand between.
const PIECES: &[&str] = &[
    r#"{"clientId":"a","channelId":"c1","eventType":"connect","time":1700000000000,"clientIp":"10.0.0.1:5000"}"#,
    r#"{ "time" : 17 , "eventType" : "tcpclean", "clientId":"a", "channelId":"c2" }"#,
    r#"{"clientId":"a","channelId":"c3","eventType":"disconnect","time":1,"clientIp":""}"#,
    r#"{"clientId":"é","channelId":"c1","eventType":"connect","time":5}"#,
    r#"{"clientId":"","channelId":"c1","eventType":"connect","time":5}"#,
    r#"{"clientId":"a","channelId":"c\u0031","eventType":"connect","time":5}"#,
    r#"{"clientId":"a","clientId":"a","channelId":"c1","eventType":"connect","time":5}"#,
    r#"{"clientId":"a","channelId":"c1","eventType":"opened","time":5}"#,
    r#"{"clientId":"a","channelId":"c1","eventType":"connect","time":0}"#,
    r#"{"clientId":"a","channelId":"c1","eventType":"connect","time":05}"#,
    r#"{"clientId":"a","channelId":"c1","eventType":"connect","time":9007199254740992}"#,
    r#"{"clientId":"a","channelId":"c1","eventType":"connect","time":1e3}"#,
    r#"{"clientId":"a","channelId":"c1","eventType":"connect","time":5,"remark":1}"#,
    r#"{"clientId":"a","channelId":"c1","eventType":"connect","time":5,}"#,
    r#"{"clientId":"a","channelId":"c1","eventType":"connect"}"#,
    "{\"clientId\":\"a\",\n\"channelId\":\"c1\",\"eventType\":\"connect\",\"time\":5}",
    "{}",
    "{",
    "}",
    "[",
    "]",
    ",",
    "\n",
    "\n",
    "\r\n",
    " ",
    "\t",
    "x",
    "17",
    "\"",
    "\u{feff}",
    "\u{1e}",
];

/// What the reader gives when plain records are asked for first.
fn with_plain(input: &[u8], chunk: usize, limits: Limits) -> (Vec<Record>, usize) {
    let mut reader = Reader::new(limits);
    let (mut records, mut plain) = (Vec::new(), 0);
    let mut take = |reader: &mut Reader| {
        loop {
            while let Some((place, event)) = reader.next_plain() {
                plain += 1;
                let outcome = Ok(Event {
                    client_id: event.client_id.to_owned(),
                    channel_id: event.channel_id.to_owned(),
                    kind: event.kind,
                    time: event.time,
                    client_ip: event.client_ip.map(str::to_owned),
                    extra: None,
                });
                records.push(Record { place, outcome });
            }
            match reader.next() {
                Some(record) => records.push(record),
                None => break,
            }
        }
    };
    for bytes in input.chunks(chunk) {
        reader.push(bytes);
        take(&mut reader);
    }
    reader.finish();
    take(&mut reader);
    (records, plain)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_short_cut_changes_nothing(
        pieces in vec(select(PIECES), 0..12), chunk in 1..400_usize, depth in 0..3_usize, record in 60..200_usize,
    ) {
        let input = pieces.concat();
        for limits in [Limits::default(), Limits { record, depth }] {
            let (records, _) = with_plain(input.as_bytes(), chunk, limits);
            prop_assert_eq!(records, read_all(input.as_bytes(), limits), "{}", input);
        }
    }

    #[test]
    fn any_change_of_a_byte_is_seen(at in any::<prop::sample::Index>(), byte in any::<u8>(), piece in 0..3_usize) {
        let mut input = [PIECES[0], PIECES[piece], PIECES[2]].join("\n").into_bytes();
        let at = at.index(input.len());
        input[at] = byte;
        let (records, _) = with_plain(&input, usize::MAX, Limits::default());
        prop_assert_eq!(records, read_all(&input, Limits::default()));
    }
}

#[test]
fn most_records_of_a_plain_recording_take_the_short_cut() {
    let line = PIECES[0];
    for input in [
        [line; 50].join("\n"),
        format!("[{}]", [line; 50].join(",\n ")),
    ] {
        let (records, plain) = with_plain(input.as_bytes(), usize::MAX, Limits::default());
        assert_eq!(
            (records.len(), plain),
            (50, 49),
            "the first finds the encoding"
        );
    }
}
