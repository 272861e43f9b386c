//! Those who send slowly, too much or too often cost the others nothing.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use crate::support::{Service, Stream, connects, eventually};

fn connect(service: &Service) -> TcpStream {
    let stream = TcpStream::connect(service.address()).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    stream
}

/// What comes until the connection ends, which it must.
fn rest(mut stream: &TcpStream) -> String {
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
        Err(error) => panic!("the connection did not end: {error}"),
    }
    String::from_utf8(answer).unwrap()
}

#[test]
fn a_head_that_dribbles_is_cut_off_while_others_are_served() {
    let service = Service::memory(&["--set", "api.header_timeout=1s"]);
    let dribbling: Vec<TcpStream> = (0..20).map(|_| connect(&service)).collect();
    let start = Instant::now();
    let mut alive = dribbling.iter().collect::<Vec<_>>();
    let mut served = 0;
    // A byte each now and then, as long as there is somebody to take it.
    for byte in
        b"GET /v1/stats HTTP/1.1\r\nX-Slow: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
            .iter()
            .cycle()
    {
        alive.retain_mut(|stream| stream.write_all(&[*byte]).is_ok());
        if alive.is_empty() {
            break;
        }
        assert!(
            start.elapsed() < Duration::from_secs(15),
            "{} still dribble",
            alive.len()
        );
        assert_eq!(service.get("/v1/stats").status, 200);
        served += 1;
        thread::sleep(Duration::from_millis(50));
    }
    assert!(
        start.elapsed() >= Duration::from_secs(1),
        "not at once: {:?}",
        start.elapsed()
    );
    assert!(served > 10);
}

#[test]
fn a_connection_that_says_nothing_more_is_closed() {
    let service = Service::memory(&["--set", "api.header_timeout=1s"]);
    let mut used = connect(&service);
    let silent = connect(&service);
    let start = Instant::now();
    write!(
        used,
        "GET /healthz HTTP/1.1\r\nHost: {}\r\n\r\n",
        service.address()
    )
    .unwrap();
    assert!(rest(&used).starts_with("HTTP/1.1 200 "));
    rest(&silent);
    assert!(
        start.elapsed() < Duration::from_secs(5),
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn a_head_that_is_too_large_is_refused() {
    let service = Service::memory(&[]);
    for head in [
        format!("X-Large: {}\r\n", "a".repeat(200_000)),
        (0..200).map(|n| format!("X-{n}: 1\r\n")).collect(),
    ] {
        let mut stream = connect(&service);
        // It may be refused before all of it is sent.
        let _ = write!(
            stream,
            "GET /v1/stats HTTP/1.1\r\nHost: {}\r\n{head}\r\n",
            service.address()
        );
        let answer = rest(&stream);
        assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    }
    assert_eq!(service.get("/v1/stats").status, 200);
}

#[test]
fn a_body_that_stops_is_not_waited_for() {
    let service = Service::memory(&["--set", "api.body_timeout=1s"]);
    for path in ["/v1/events", "/v1/clients/query", "/v1/reconcile"] {
        let mut stream = connect(&service);
        let start = Instant::now();
        write!(
            stream,
            "POST {path} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{{",
            service.address()
        )
        .unwrap();
        assert_eq!(service.get("/v1/stats").status, 200);
        let answer = rest(&stream);
        assert!(answer.starts_with("HTTP/1.1 408 "), "{path}: {answer}");
        assert!(
            answer.contains("body_incomplete") && answer.contains("`api.body_timeout`"),
            "{answer}"
        );
        assert!(
            start.elapsed() < Duration::from_secs(10),
            "{:?}",
            start.elapsed()
        );
    }
}

#[test]
fn an_answer_that_nobody_reads_is_given_up() {
    let service = Service::memory(&[
        "--set",
        "api.write_timeout=1s",
        "--set",
        "api.header_timeout=1h",
        "--set",
        "api.max_connections=2",
    ]);
    service.tell(&connects(0..2_000));
    let mut unread = connect(&service);
    let request = format!(
        "GET /v1/clients?limit=1000 HTTP/1.1\r\nHost: {}\r\n\r\n",
        service.address()
    );
    // Far more than the buffers of both ends hold.
    for _ in 0..200 {
        if unread.write_all(request.as_bytes()).is_err() {
            break;
        }
    }
    // The client that told the events keeps its connection: both places are taken.
    eventually("its place is free again", || {
        let mut third = connect(&service);
        let _ = write!(
            third,
            "GET /healthz HTTP/1.0\r\nHost: {}\r\n\r\n",
            service.address()
        );
        rest(&third).starts_with("HTTP/1.0 200 ")
    });
    drop(unread);
}

#[test]
fn more_connections_than_allowed_are_told_so() {
    let service = Service::memory(&[
        "--set",
        "api.max_connections=3",
        "--set",
        "api.header_timeout=2s",
    ]);
    let held: Vec<TcpStream> = (0..3).map(|_| connect(&service)).collect();
    let mut one_more = connect(&service);
    write!(
        one_more,
        "GET /healthz HTTP/1.1\r\nHost: {}\r\n\r\n",
        service.address()
    )
    .unwrap();
    let answer = rest(&one_more);
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    for part in [
        "retry-after: 1",
        "application/problem+json",
        "too_many_connections",
        "`api.max_connections`",
    ] {
        assert!(answer.contains(part), "{answer} lacks {part}");
    }
    drop(held);
    eventually("places are free again", || {
        let mut stream = connect(&service);
        let _ = write!(
            stream,
            "GET /metrics HTTP/1.0\r\nHost: {}\r\n\r\n",
            service.address()
        );
        let answer = rest(&stream);
        answer.starts_with("HTTP/1.0 200 ")
            && answer.contains("mqtt_presence_connections_refused_total ")
    });
}

#[test]
fn more_followers_than_allowed_are_told_so() {
    let service = Service::memory(&["--set", "api.max_streams=2"]);
    let mut first = Stream::open(&service, "/v1/transitions", "");
    let mut second = Stream::open(&service, "/v1/transitions", "");
    first.placed();
    second.placed();
    let refused = service.get("/v1/transitions");
    refused.is_problem(503, "too_many_streams", "`api.max_streams`");
    assert_eq!(refused.header("retry-after"), "5");
    service.tell(&connects(0..1));
    assert_eq!(first.ids(1), [1], "those who follow go on");
    drop(second);
    eventually("a place is free again", || {
        // Somebody who left is noticed when something is sent.
        service.tell(&connects(0..1));
        let third = Stream::open(&service, "/v1/transitions", "");
        third.head.starts_with("HTTP/1.0 200 ")
    });
}
