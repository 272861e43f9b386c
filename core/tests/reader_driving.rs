//! How a reader is driven: when it gives what out, and what it gives with it.
#![allow(clippy::unwrap_used, reason = "a test stops at what is wrong")]

use mqtt_presence_core::event::{Code, Limits, Place, Reader, Record, Rejected};

const GOOD: &[u8] = br#"{"clientId":"a","channelId":"c","eventType":"connect","time":1}"#;

fn small() -> Limits {
    Limits {
        record: 20,
        depth: 3,
    }
}

/// Pushes `bytes` and takes what is complete.
fn push(reader: &mut Reader, bytes: &[u8]) -> Vec<Record> {
    reader.push(bytes);
    std::iter::from_fn(|| reader.next()).collect()
}

fn finish(reader: &mut Reader) -> Vec<Record> {
    reader.finish();
    std::iter::from_fn(|| reader.next()).collect()
}

fn rejected(record: &Record) -> &Rejected {
    record.outcome.as_ref().unwrap_err()
}

#[test]
fn a_record_comes_with_its_last_byte() {
    let mut reader = Reader::new(Limits::default());
    let (last, first) = GOOD.split_last().unwrap();
    assert!(push(&mut reader, first).is_empty());
    assert_eq!(push(&mut reader, &[*last]).len(), 1);
    assert_eq!(reader.buffered(), 0);
    assert!(finish(&mut reader).is_empty());
}

#[test]
fn a_record_that_is_too_large_comes_with_the_byte_that_passes_the_limit() {
    let mut reader = Reader::new(small());
    assert!(push(&mut reader, b"{\"a\":\"xxxxxxxxxxxxxx").is_empty());
    let records = push(&mut reader, b"x");
    assert_eq!(rejected(&records[0]).code, Code::TooLarge);
    assert_eq!(rejected(&records[0]).raw, b"{\"a\":\"xxxxxxxxxxxxxx");
    let behind = push(&mut reader, b"xxxx } xxxx\"} {}");
    assert_eq!(behind[0].place.offset, 35);
}

#[test]
fn a_scalar_comes_with_the_end_of_its_line() {
    let mut reader = Reader::new(Limits::default());
    assert!(push(&mut reader, b"42").is_empty());
    assert_eq!(push(&mut reader, b"\n").len(), 1);
}

#[test]
fn a_broken_record_comes_with_the_line_of_the_next_one() {
    let mut reader = Reader::new(Limits::default());
    assert!(push(&mut reader, b"{\"clientId\":\"a\",\n").is_empty());
    let records = push(&mut reader, b"{");
    assert_eq!(rejected(&records[0]).code, Code::InvalidJson);
    assert_eq!(rejected(&records[0]).raw, b"{\"clientId\":\"a\",");
}

#[test]
fn raw_is_the_record_as_far_as_the_limit_lets_it_be_kept() {
    for (input, raw) in [
        (
            &b"text of more than twenty bytes {"[..],
            &b"text of more than tw"[..],
        ),
        (b"text \r\n\xEF\xBB\xBF\x1e {", b"text"),
        (b"{\"clientId\": 1 }", b"{\"clientId\": 1 }"),
        (
            b"{\"x\":y,\"z\":\"more than twenty\"}",
            b"{\"x\":y,\"z\":\"more tha",
        ),
        (
            b"{\"a\":{\"b\":{\"c\":{}}}} {",
            b"{\"a\":{\"b\":{\"c\":{}}}}",
        ),
        (b"[[1,2,3,4,5,6,7,8,9,10,11,12]]", b"[1,2,3,4,5,6,7,8,9,1"),
        (b"[1,NaN]", b"1"),
        (b"[\"a\"", b"\"a\""),
        (b"\"a\\n\"", b"\"a\\n\""),
    ] {
        let mut reader = Reader::new(small());
        let mut records = push(&mut reader, input);
        records.extend(finish(&mut reader));
        assert_eq!(rejected(&records[0]).raw, raw, "{}", input.escape_ascii());
    }
}

#[test]
fn a_further_file_has_its_own_lines_and_goes_on_counting() {
    let mut reader = Reader::with_first_record(Limits::default(), 7);
    let first = push(&mut reader, &[b"\n", GOOD].concat());
    let place = |record, line, column, offset| Place {
        record,
        line,
        column,
        offset,
    };
    assert_eq!(first[0].place, place(7, 2, 1, 1));

    // A file that ends within a record, and nobody asked for the rest of it.
    reader.push(b"\n{\"clientId\"");
    reader.next_file();
    reader.push(&[b"\xEF\xBB\xBF", GOOD].concat());
    reader.finish();
    let rest: Vec<_> = std::iter::from_fn(|| reader.next()).collect();
    assert_eq!(rejected(&rest[0]).code, Code::Truncated);
    assert_eq!(rest[0].place, place(8, 3, 1, 65));
    assert_eq!(rest[1].place, place(9, 1, 4, 3));

    // What is pushed behind the end belongs to a further file.
    assert_eq!(push(&mut reader, GOOD)[0].place, place(10, 1, 1, 0));
}

#[test]
fn a_further_file_does_not_inherit_an_array() {
    let mut reader = Reader::new(Limits::default());
    let mut records = push(&mut reader, b"[{}");
    reader.next_file();
    records.extend(push(&mut reader, b"{},"));
    reader.next_file();
    records.extend(finish(&mut reader));
    let codes: Vec<_> = records.iter().map(|r| rejected(r).code).collect();
    use Code::*;
    assert_eq!(codes, [MissingField, Truncated, MissingField, InvalidJson]);
}

#[test]
fn without_limits_nothing_is_too_large() {
    let mut reader = Reader::new(Limits {
        record: usize::MAX,
        depth: usize::MAX,
    });
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let records = push(&mut reader, deep.as_bytes());
    assert_eq!(rejected(&records[0]).code, Code::MissingField);
}
