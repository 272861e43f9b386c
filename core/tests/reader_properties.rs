//! What holds of the reader for any bytes, not only for the vectors.

use mqtt_presence_core::event::{Event, Kind, Limits, Record, read_all};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

#[path = "bodies/reader.rs"]
mod body;

const GOOD: &str = r#"{"clientId":"GID_a@@@1","channelId":"c1","eventType":"connect","time":1700000000000,"clientIp":"10.0.0.1:5000","remark":{"n":[1,{"a":"\u00e9"}]}}"#;

/// Pieces of which streams are made that come close to records.
const PIECES: &[&[u8]] = &[
    b"{", b"}", b"[", b"]", b",", b":", b"\"", b"\\", b"\n", b"\r\n", b" ", b"\x1e", b"\xEF\xBB\xBF",
    b"\xEF", b"\xFF", b"\0", b"x", b"0", b"-1", b"1e9", b"1.", b"true", b"nul", b"NaN", b"INFO",
    b"\"a\"", b"\"clientId\"", b"\"time\":", b"\\ud83d", b"\\ude00", b"\\u00", "é".as_bytes(),
    b"\n{", b"\n[", b"{\"a\":", b"{\"a\":{\"b\":1},", b"[{", b"[[", b"]]",
    GOOD.as_bytes(),
    b"{\"clientId\":\"b\",\n \"channelId\":\"c2\",\n \"eventType\":\"tcpclean\",\n \"time\":\"17\"\n}",
];

fn small_limits() -> impl Strategy<Value = Limits> {
    prop_oneof![
        Just(Limits::default()),
        (1usize..300, 0usize..5).prop_map(|(record, depth)| Limits { record, depth }),
    ]
}

fn accepted(records: &[Record]) -> Vec<&Event> {
    records
        .iter()
        .filter_map(|r| r.outcome.as_ref().ok())
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_bytes(input in vec(any::<u8>(), 0..200), cuts in vec(0u8..9, 0..9), limits in small_limits()) {
        body::check(&input, &cuts, limits);
    }

    #[test]
    fn anything_made_of_pieces(
        pieces in vec(select(PIECES), 0..40),
        cuts in vec(0u8..40, 0..9),
        limits in small_limits(),
    ) {
        body::check(&pieces.concat(), &cuts, limits);
    }

    #[test]
    fn valid_streams_with_some_bytes_changed(
        records in 1usize..8,
        separator in select(vec!["\n", ",\n", "", "\r\n"]),
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        cuts in vec(any::<u8>(), 0..9),
    ) {
        let mut input = vec![GOOD; records].join(separator).into_bytes();
        for (at, byte) in changes {
            let at = at.index(input.len());
            input[at] = byte;
        }
        body::check(&input, &cuts, Limits::default());
    }

    #[test]
    fn a_record_behind_text_without_brackets_is_found(
        junk in "[^{}\\[\\]\u{0}]{0,200}",
    ) {
        let records = read_all(format!("{junk}\n{GOOD}").as_bytes(), Limits::default());
        prop_assert_eq!(accepted(&records).len(), 1);
    }

    #[test]
    fn what_serde_json_writes_is_read_back(
        client_id in "\\PC{1,200}",
        channel_id in "[\\x00-\\x7f]{1,200}",
        kind in select(vec![Kind::Connect, Kind::Disconnect, Kind::Tcpclean]),
        time in 1u64..1 << 53,
        time_as_text: bool,
        client_ip in proptest::option::of(any::<String>().prop_filter("too long", |s| s.len() <= 1024)),
        extra in proptest::option::of(any::<String>()),
        pretty: bool,
    ) {
        let mut body = serde_json::json!({
            "clientId": client_id, "channelId": channel_id, "eventType": kind, "clientIp": client_ip,
        });
        body["time"] = match time_as_text {
            true => time.to_string().into(),
            false => time.into(),
        };
        if let Some(extra) = &extra {
            body["remark"] = extra.as_str().into();
        }
        let text = match pretty {
            true => serde_json::to_string_pretty(&body),
            false => serde_json::to_string(&body),
        };
        let records = read_all(text.unwrap().as_bytes(), Limits::default());
        prop_assert_eq!(records.len(), 1);
        let expected = Event {
            client_id,
            channel_id,
            kind,
            time,
            client_ip,
            extra: extra.map(|extra| format!("{{\"remark\":{}}}", serde_json::json!(extra))),
        };
        prop_assert_eq!(records[0].outcome.as_ref(), Ok(&expected));
    }
}

#[test]
fn a_record_that_is_cut_anywhere_costs_only_itself() {
    for cut in 1..GOOD.len() {
        for behind in 1..=3 {
            let input = GOOD[..cut].to_owned() + &format!("\n{GOOD}").repeat(behind);
            let records = read_all(input.as_bytes(), Limits::default());
            assert_eq!(records.len(), 1 + behind, "cut at {cut}");
            assert_eq!(accepted(&records).len(), behind, "cut at {cut}");
        }
    }
}

#[test]
fn a_record_that_is_cut_anywhere_in_an_array_costs_only_itself() {
    for cut in 1..GOOD.len() {
        let start = &GOOD[..cut];
        let whole = format!("[\n{start},\n{GOOD},\n{GOOD}\n]\n{GOOD}");
        let arrays = format!("[{start}\n[{GOOD},{GOOD}]\n{GOOD}");
        for input in [whole, arrays] {
            let records = read_all(input.as_bytes(), Limits::default());
            assert_eq!(accepted(&records).len(), 3, "cut at {cut}");
            assert_eq!(records.len(), 4, "cut at {cut}");
        }
    }
}

#[test]
fn what_never_ends_is_not_held() {
    let limits = Limits::default();
    for (start, piece) in [
        ("", "x".repeat(4096)),
        ("", "[".repeat(4096)),
        ("", "{".repeat(4096)),
        ("", "[ ".to_owned() + &" ".repeat(4096)),
        ("\"", "x".repeat(4096)),
        ("", "7".repeat(4096)),
        ("[", "7".repeat(4096)),
        ("[[", "\"".to_owned() + &"x".repeat(4096)),
        ("{\"a\":", " ".repeat(4096)),
        ("{\"a\":\"", "x".repeat(4096)),
        ("{\"a\":[", "1,".repeat(2048)),
        ("{!", "\u{feff}".repeat(2000)),
        ("{!\n", "\u{1e}".repeat(4096)),
        ("text {\"a\":", " ".repeat(4096)),
        ("\u{1e}1", " ".repeat(4096)),
    ] {
        let input = start.to_owned() + &piece.repeat(64);
        let records = body::read_in_chunks(input.as_bytes(), &[255], limits);
        assert_eq!(records, read_all(input.as_bytes(), limits), "{start}");
    }
}
