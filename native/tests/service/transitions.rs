use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::support::{Service, Stream, connects, event};

#[test]
fn flips_arrive_as_they_happen() {
    let service = Service::memory(&[]);
    service.tell(&connects(0..3));
    let mut stream = Stream::open(&service, "/v1/transitions", "");
    assert!(
        stream.head.contains("content-type: text/event-stream"),
        "{}",
        stream.head
    );
    assert_eq!(stream.placed(), 3, "without a place it begins now");
    service.tell(&connects(3..5));
    let (name, id, data) = stream.next().unwrap();
    assert_eq!((name.as_str(), id), ("", 4));
    assert_eq!(
        (&data["id"], &data["clientId"], &data["online"]),
        (&4.into(), &"GID_x@@@dev003".into(), &true.into())
    );
    assert_eq!(data["cause"]["eventType"], "connect");
    assert_eq!(stream.ids(1), [5]);
}

#[test]
fn a_prefix_selects_and_the_place_goes_on() {
    let service = Service::memory(&[]);
    let mut stream = Stream::open(&service, "/v1/transitions?prefix=b%40", "");
    assert_eq!(stream.placed(), 0);
    service.tell(&[
        event("a@1", "1", "connect", 1),
        event("b@1", "2", "connect", 2),
        event("a@2", "3", "connect", 3),
    ]);
    let (_, id, data) = stream.next().unwrap();
    assert_eq!((id, &data["clientId"]), (2, &"b@1".into()));
    assert_eq!(
        stream.placed(),
        3,
        "what was passed over is not looked at again"
    );
}

#[test]
fn a_follower_goes_on_over_restarts_without_gap_or_repeat() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("p.db");
    let mut seen = Vec::new();
    for round in 0..3 {
        let service = Service::sqlite(&file, &[]);
        // Some before the follower is back, some after, none read to the end.
        service.tell(&connects(round * 10..round * 10 + 5));
        let last = seen.last().copied().unwrap_or(0);
        let header = format!("Last-Event-ID: {last}\r\n");
        // The header is newer than what the address says.
        let mut stream = Stream::open(&service, "/v1/transitions?lastEventId=1", &header);
        service.tell(&connects(round * 10 + 5..round * 10 + 10));
        seen.extend(stream.ids(7));
        service.kill();
    }
    let service = Service::sqlite(&file, &[]);
    let last = format!("/v1/transitions?lastEventId={}", seen.last().unwrap());
    seen.extend(Stream::open(&service, &last, "").ids(9));
    assert_eq!(seen, (1..=30).collect::<Vec<u64>>());
}

#[test]
fn all_that_is_kept_can_be_asked_for() {
    let service = Service::memory(&[]);
    service.tell(&connects(0..600));
    let mut stream = Stream::open(&service, "/v1/transitions?lastEventId=0", "");
    assert_eq!(stream.ids(600), (1..=600).collect::<Vec<u64>>());
}

#[test]
fn a_place_that_is_gone_is_refused() {
    let service = Service::memory(&[]);
    service.tell(&connects(0..2));
    let gone = service.get_with("/v1/transitions", &[("last-event-id", "99")]);
    gone.is_problem(410, "transitions_gone", "99 is newer than the newest, 2");
    assert_eq!(
        (&gone.json["oldest"], &gone.json["newest"]),
        (&1.into(), &2.into())
    );
    let wrong = service.get_with("/v1/transitions", &[("last-event-id", "x")]);
    wrong.is_problem(422, "invalid_parameter", "`x`");
}

#[test]
fn followers_are_counted() {
    let service = Service::memory(&["--set", "api.max_streams=1"]);
    let mut stream = Stream::open(&service, "/v1/transitions", "");
    stream.placed();
    let refused = service.get("/v1/transitions");
    refused.is_problem(503, "too_many_streams", "1 follow");
    assert_eq!(refused.header("retry-after"), "5");
    drop(stream);
    crate::support::eventually("the place is free again", || {
        // The service notices that a follower left when it has something to say.
        service.tell(&[event(
            &format!("c{}", std::process::id()),
            "c",
            "connect",
            1,
        )]);
        Stream::open(&service, "/v1/transitions", "")
            .head
            .starts_with("HTTP/1.0 200")
    });
}

const SETTLE: &str = "/v1/transitions?settle=400ms";
const HALF: Duration = Duration::from_millis(200);

/// Channel `channel` of a client begins or ends.
fn tell(service: &Service, client: &str, channel: u64, kind: &str) {
    service.tell(&[event(client, &format!("{client}{channel}"), kind, channel)]);
}

#[test]
fn a_settled_stream_tells_what_lasted() {
    let service = Service::memory(&[]);
    let mut stream = Stream::open(&service, SETTLE, "");
    stream.placed();
    tell(&service, "a", 1, "connect");
    tell(&service, "b", 1, "connect");
    tell(&service, "b", 1, "tcpclean");
    let told = Instant::now();
    let (_, id, data) = stream.next().unwrap();
    assert_eq!((id, &data["clientId"]), (1, &"a".into()));
    assert!(told.elapsed() > HALF, "{:?}", told.elapsed());
    // A blink of one that is online is no news, a longer absence is.
    tell(&service, "a", 1, "tcpclean");
    tell(&service, "a", 2, "connect");
    sleep(3 * HALF);
    tell(&service, "a", 2, "tcpclean");
    let (_, id, data) = stream.next().unwrap();
    assert_eq!((id, &data["online"]), (6, &false.into()));
    // What did not last is not looked at again.
    tell(&service, "b", 2, "connect");
    tell(&service, "b", 2, "tcpclean");
    while stream.placed() < 8 {}
}

#[test]
fn a_settled_stream_goes_on_in_the_middle_of_settling() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("p.db");
    let service = Service::sqlite(&file, &[]);
    let mut stream = Stream::open(&service, SETTLE, "");
    assert_eq!(stream.placed(), 0);
    tell(&service, "a", 1, "connect");
    sleep(HALF);
    tell(&service, "b", 1, "connect");
    assert_eq!(stream.ids(1), [1]);
    // `b` is still settling, and has gone when the service is back.
    service.kill();
    let service = Service::sqlite(&file, &[]);
    tell(&service, "c", 1, "connect");
    let mut stream = Stream::open(&service, SETTLE, "Last-Event-ID: 1\r\n");
    assert_eq!(stream.ids(2), [2, 3]);
    // In the middle of a blink: what was told before it cannot be known.
    tell(&service, "a", 1, "tcpclean");
    drop(stream);
    let mut stream = Stream::open(&service, SETTLE, "Last-Event-ID: 4\r\n");
    tell(&service, "a", 2, "connect");
    let (_, id, data) = stream.next().unwrap();
    assert_eq!((id, &data["online"]), (5, &true.into()));
}

#[test]
fn a_long_log_settles_as_a_short_one() {
    let service = Service::memory(&[]);
    // More than wait at once, half of them in pairs that undo each other.
    for round in 0..20_u64 {
        let events: Vec<_> = (0..1_000)
            .flat_map(|n| {
                let client = format!("{round}-{n}");
                let connect = event(&client, &client, "connect", 1);
                let end = event(&client, &client, "tcpclean", 2);
                if n % 2 == 0 {
                    vec![connect, end]
                } else {
                    vec![connect]
                }
            })
            .collect();
        service.tell(&events);
    }
    let path = "/v1/transitions?settle=1s&lastEventId=0";
    let mut stream = Stream::open(&service, path, "");
    let mut clients = Vec::new();
    for _ in 0..10_000 {
        let (_, _, data) = stream.next().unwrap();
        clients.push(data["clientId"].as_str().unwrap().to_owned());
    }
    let lasting =
        (0..20).flat_map(|round| (1..1_000).step_by(2).map(move |n| format!("{round}-{n}")));
    assert_eq!(clients, lasting.collect::<Vec<_>>());
    service
        .get("/v1/transitions?settle=2h")
        .is_problem(422, "invalid_parameter", "`2h`");
}
