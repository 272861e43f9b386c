//! Plain records are the records that the reader gives without the short cut.

use mqtt_presence_core::event::{Event, Limits, Plain, Reader, Record, read_all};
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

/// Reads in chunks, and has `take` ask for records after each and at the end.
fn drive(input: &[u8], chunk: usize, limits: Limits, mut take: impl FnMut(&mut Reader)) {
    let mut reader = Reader::new(limits);
    for bytes in input.chunks(chunk) {
        reader.push(bytes);
        take(&mut reader);
    }
    reader.finish();
    take(&mut reader);
}

/// What the reader gives when plain records are asked for first.
fn with_plain(input: &[u8], chunk: usize, limits: Limits) -> (Vec<Record>, usize) {
    let (mut records, mut plain) = (Vec::new(), 0);
    drive(input, chunk, limits, |reader| {
        loop {
            while let Some((place, event)) = reader.next_plain() {
                plain += 1;
                let outcome = Ok(owned(&event));
                records.push(Record { place, outcome });
            }
            match reader.next() {
                Some(record) => records.push(record),
                None => break,
            }
        }
    });
    (records, plain)
}

fn owned(event: &Plain<'_>) -> Event {
    Event {
        client_id: event.client_id.to_owned(),
        channel_id: event.channel_id.to_owned(),
        kind: event.kind,
        time: event.time,
        client_ip: event.client_ip.map(str::to_owned),
        extra: None,
    }
}

/// The outcomes when many plain records are asked for at once, and the places
/// of those that were not.
fn with_batches(input: &[u8], chunk: usize, limits: Limits) -> Vec<Record> {
    let whole = read_all(input, limits);
    let mut records: Vec<Record> = Vec::new();
    drive(input, chunk, limits, |reader| {
        loop {
            loop {
                let events = reader.next_plains();
                if events.is_empty() {
                    break;
                }
                for event in events.iter() {
                    let at = records.len();
                    let place = whole[at.min(whole.len() - 1)].place;
                    records.push(Record {
                        place,
                        outcome: Ok(owned(event)),
                    });
                }
            }
            match reader.next() {
                Some(record) => records.push(record),
                None => break,
            }
        }
    });
    records
}

/// Values that a field of a real record may have, spelt as JSON or nearly so.
const VALUES: &[&str] = &[
    "\"a\"",
    "\"GID_fleet@@@device-000001\"",
    "\"6180b9e529ea7d11fcc40b6ad546418c\"",
    "\"connect\"",
    "\"disconnect\"",
    "\"tcpclean\"",
    "\"Connect\"",
    "1767225600071",
    "\"1767225600071\"",
    "0",
    "-1",
    "1.5",
    "1e3",
    "007",
    "\"007\"",
    "\"\"",
    "null",
    "true",
    "{}",
    "[1,{}]",
    "{\"a\":1,\"a\":2}",
    "\"10.1.109.186:64084\"",
    "\"\\u0061\"",
    "\"\\ud800\"",
    "\"é\"",
    "\"\t\"",
    "9007199254740991",
    "9007199254740992",
    "\"",
    "",
];

const KEYS: &[&str] = &[
    "\"clientId\"",
    "\"channelId\"",
    "\"eventType\"",
    "\"time\"",
    "\"clientIp\"",
    "\"remark\"",
    "\"client\\u0049d\"",
    "\"clientid\"",
    "clientId",
    "\"timestamp\"",
    "\"\"",
];

const BETWEEN: &[&str] = &[
    "", "", "", " ", "  ", "\n", "\t", "\r", "\u{feff}", "\u{1e}",
];

/// A record that differs from a real one in some fields, their order, or the space around.
fn nearly_real() -> impl Strategy<Value = String> {
    let real = [
        ("\"clientId\"", "\"GID_fleet@@@device-093627\""),
        ("\"channelId\"", "\"6180b9e529ea7d11fcc40b6ad546418c\""),
        ("\"eventType\"", "\"connect\""),
        ("\"time\"", "1767225600071"),
        ("\"clientIp\"", "\"10.1.109.186:64084\""),
    ];
    let fields = Just(
        real.map(|(key, value)| (key.to_owned(), value.to_owned()))
            .to_vec(),
    )
    .prop_shuffle();
    let change = (0..6_usize, 0..4_u8, select(KEYS), select(VALUES));
    let space = vec(select(BETWEEN), 24);
    (fields, vec(change, 0..3), space).prop_map(|(mut fields, changes, space)| {
        for (at, what, key, value) in changes {
            match (what, at < fields.len()) {
                (0, true) => fields[at].0 = key.to_owned(),
                (1, true) => fields[at].1 = value.to_owned(),
                (2, true) => drop(fields.remove(at)),
                _ => fields.push((key.to_owned(), value.to_owned())),
            }
        }
        let mut space = space.into_iter().cycle();
        let mut between = || space.next().unwrap_or_default();
        let fields: Vec<String> = fields
            .into_iter()
            .map(|(key, value)| {
                format!(
                    "{}{key}{}:{}{value}{}",
                    between(),
                    between(),
                    between(),
                    between()
                )
            })
            .collect();
        format!("{{{}}}", fields.join(","))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_nearly_a_real_record_is_read_the_same_by_both(
        records in vec(nearly_real(), 1..6),
        separator in select(vec!["\n", "\r\n", "", ",", ",\n", " "]),
        in_array: bool,
        change in proptest::option::of((any::<prop::sample::Index>(), any::<u8>())),
        chunk in 1..400_usize,
    ) {
        let mut input = records.join(separator);
        if in_array {
            input = format!("[{input}]");
        }
        let mut input = input.into_bytes();
        if let Some((at, byte)) = change {
            let at = at.index(input.len());
            input[at] = byte;
        }
        let expected = read_all(&input, Limits::default());
        prop_assert_eq!(&with_plain(&input, chunk, Limits::default()).0, &expected);
        prop_assert_eq!(&with_batches(&input, chunk, Limits::default()), &expected);
    }
}

/// Every cut of two records in two, and byte by byte.
#[test]
fn no_cut_shows() {
    for input in [
        PIECES[..2].join("\n"),
        format!("[{}]", PIECES[..2].join(",")),
        PIECES[2..5].join("\r\n"),
    ] {
        let input = input.as_bytes();
        let expected = read_all(input, Limits::default());
        for chunk in 1..=input.len() {
            assert_eq!(
                with_plain(input, chunk, Limits::default()).0,
                expected,
                "{chunk}"
            );
            assert_eq!(
                with_batches(input, chunk, Limits::default()),
                expected,
                "{chunk}"
            );
        }
    }
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
            prop_assert_eq!(&records, &read_all(input.as_bytes(), limits), "{}", input);
            prop_assert_eq!(with_batches(input.as_bytes(), chunk, limits), records, "{}", input);
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

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Eight digits are read at once: of each length, and with what lies next to digits among them.
    #[test]
    fn a_time_is_read_the_same_by_both(
        digits in "[0-9]{1,17}", change in proptest::option::of((any::<prop::sample::Index>(), "[/:;?@ .p]")),
    ) {
        let mut time = digits;
        if let Some((at, other)) = change {
            let at = at.index(time.len());
            time.replace_range(at..=at, &other);
        }
        let line = PIECES[0].replace("1700000000000", &time);
        let input = [PIECES[0], &line, PIECES[2]].join("\n");
        let expected = read_all(input.as_bytes(), Limits::default());
        prop_assert_eq!(with_plain(input.as_bytes(), usize::MAX, Limits::default()).0, expected);
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
