//! A reader that goes on at a resting place gives the rest of the records.
#![allow(clippy::unwrap_used)]

use mqtt_presence_core::event::{Limits, Reader, Record};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

const GOOD: &str = r#"{"clientId":"a","channelId":"c","eventType":"connect","time":17}"#;

const PIECES: &[&[u8]] = &[
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b"\"",
    b"\n",
    b"\n",
    b"\r\n",
    b" ",
    b"\x1e",
    b"\xEF\xBB\xBF",
    b"\xFF",
    b"\0",
    b"x",
    b"0",
    b"-1",
    b"true",
    b"INFO",
    b"\"a\"",
    b"[{",
    b"[[",
    b"]]",
    GOOD.as_bytes(),
    GOOD.as_bytes(),
    b"{\"clientId\":\"b\",\n\"channelId\":\"c2\",\n\"eventType\":\"tcpclean\",\n\"time\":\"17\"\n}",
];

fn drain(reader: &mut Reader) -> Vec<Record> {
    std::iter::from_fn(|| reader.next()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn going_on_elsewhere_changes_nothing(
        pieces in vec(select(PIECES), 0..40),
        cut in any::<prop::sample::Index>(),
    ) {
        let input = pieces.concat();
        let (before, behind) = input.split_at(cut.index(input.len() + 1));
        let mut reader = Reader::new(Limits::default());
        reader.push(before);
        drain(&mut reader);
        let place = reader.resting_place();
        reader.push(behind);
        reader.finish();
        let rest = drain(&mut reader);
        if let Some(place) = place {
            let mut other = Reader::resume_at(Limits::default(), place);
            other.push(&input[place.offset as usize..]);
            other.finish();
            prop_assert_eq!(drain(&mut other), rest);
        }
    }
}

#[test]
fn a_line_is_a_resting_place_and_an_array_is_not() {
    let mut reader = Reader::new(Limits::default());
    reader.push(format!("{GOOD}\n{GOOD}\n{{").as_bytes());
    drain(&mut reader);
    let place = reader.resting_place().unwrap();
    assert_eq!((place.record, place.line), (3, 3));
    assert_eq!(place.offset as usize, 2 * (GOOD.len() + 1));

    let mut reader = Reader::new(Limits::default());
    reader.push(format!("[{GOOD},\n{GOOD}\n,").as_bytes());
    assert_eq!(drain(&mut reader).len(), 2);
    assert_eq!(reader.resting_place(), None);
    reader.push(format!("{GOOD}]\n").as_bytes());
    assert_eq!(drain(&mut reader).len(), 1);
    assert_eq!(reader.resting_place().unwrap().record, 4);
}
