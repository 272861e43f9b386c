use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use crate::support::{Service, Stream, command, connects, event, eventually, finished, run};

#[test]
fn told_to_end_it_finishes_what_it_took_in() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("p.db");
    for signal in ["TERM", "INT"] {
        let mut service = Service::sqlite(&file, &[]);
        let mut stream = Stream::open(&service, "/v1/transitions", "");
        stream.placed();
        // Half a request when the signal comes; the other half after it.
        let body = event(signal, signal, "connect", 1).to_string();
        let mut request = TcpStream::connect(service.address()).unwrap();
        request
            .set_read_timeout(Some(Duration::from_secs(10)))
            .unwrap();
        let (address, length) = (service.address(), body.len());
        write!(request, "POST /v1/events HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n").unwrap();
        std::thread::sleep(Duration::from_millis(200));
        let start = Instant::now();
        service.signal(signal);
        std::thread::sleep(Duration::from_millis(200));
        request.write_all(body.as_bytes()).unwrap();
        let mut answer = String::new();
        request.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        while stream.next().is_some() {}
        assert_eq!(service.ended().code(), Some(0), "{}", service.log());
        assert!(
            start.elapsed() < Duration::from_secs(8),
            "it need not wait for the deadline"
        );
        assert!(TcpStream::connect(service.address()).is_err());
    }
    let service = Service::sqlite(&file, &[]);
    assert_eq!(service.get("/v1/clients/TERM").json["online"], true);
    assert_eq!(service.get("/v1/clients/INT").json["online"], true);
}

#[test]
fn one_who_dawdles_does_not_hold_up_the_end() {
    let mut service = Service::memory(&["--set", "shutdown.deadline=500ms"]);
    let mut request = TcpStream::connect(service.address()).unwrap();
    let host = service.address();
    write!(request, "POST /v1/events HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n").unwrap();
    std::thread::sleep(Duration::from_millis(200));
    let start = Instant::now();
    service.signal("TERM");
    assert_eq!(
        service.ended().code(),
        Some(1),
        "what was under way is left: {}",
        service.log()
    );
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[test]
fn what_a_pipe_brought_in_vain_is_no_success() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("p.db");
    let (input, mut feed) = std::io::pipe().unwrap();
    let settings = [
        "--path",
        file.to_str().unwrap(),
        "--set=source.0.kind=file",
        "--set=source.0.path=-",
        "--set=shutdown.deadline=2s",
    ];
    let mut service = Service::fed(&settings, input);
    let stored = event("stored", "c", "connect", 1).to_string() + "\n";
    feed.write_all(stored.as_bytes()).unwrap();
    eventually("the first", || {
        service.get("/v1/clients/stored").json["online"] == true
    });
    // Somebody else holds the file.
    let foreign = Connection::open(&file).unwrap();
    foreign.execute_batch("BEGIN IMMEDIATE").unwrap();
    let lost = event("lost", "c", "connect", 1).to_string() + "\n";
    feed.write_all(lost.as_bytes()).unwrap();
    eventually("the store fails", || service.get("/readyz").status == 503);
    service.signal("TERM");
    assert_eq!(service.ended().code(), Some(1), "{}", service.log());
    assert!(
        service
            .log()
            .contains("not all that was taken in is stored")
    );
}

#[test]
fn a_start_that_waits_for_its_store_can_be_ended() {
    // Nobody listens there.
    let child = command(&[
        "serve",
        "--bind=127.0.0.1:0",
        "--store=redis",
        "--set=store.url=redis://127.0.0.1:1",
    ])
    .spawn()
    .unwrap();
    let id = child.id().to_string();
    std::thread::sleep(Duration::from_secs(2));
    let began = Instant::now();
    let told = Command::new("kill").args(["-TERM", &id]).status().unwrap();
    assert!(told.success());
    let (code, _, said) = finished(child.wait_with_output().unwrap());
    assert_eq!(code, 0, "{said}");
    assert!(
        said.contains("the service starts when the store is there"),
        "{said}"
    );
    assert!(began.elapsed() < Duration::from_secs(20), "{said}");
}

#[test]
fn a_second_signal_ends_at_once() {
    let mut service = Service::memory(&["--set", "shutdown.deadline=1h"]);
    let mut request = TcpStream::connect(service.address()).unwrap();
    let host = service.address();
    write!(request, "POST /v1/events HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n").unwrap();
    std::thread::sleep(Duration::from_millis(200));
    service.signal("TERM");
    std::thread::sleep(Duration::from_millis(200));
    service.signal("INT");
    assert_eq!(service.ended().code(), Some(130));
}

#[test]
fn what_was_answered_with_200_survives_kill_9() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("p.db");
    let service = Service::sqlite(&file, &[]);
    service.tell(&connects(0..50));
    service.kill();
    let service = Service::sqlite(&file, &[]);
    assert_eq!(service.get("/v1/stats").json["online"], 50);
}

#[test]
fn what_stands_in_the_way_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("p.db");
    let service = Service::sqlite(&file, &[]);
    let (code, _, said) = run(&["serve", "--store", "memory", "--bind", service.address()]);
    assert_eq!(code, 1);
    assert!(
        said.contains("is taken by another process") && said.contains(service.address()),
        "{said}"
    );
    let path = file.to_str().unwrap();
    let (code, _, said) = run(&["serve", "--bind", "127.0.0.1:0", "--path", path]);
    assert_eq!(code, 1);
    assert!(said.contains(path), "{said}");
    let (code, _, said) = run(&[
        "serve",
        "--bind",
        "127.0.0.1:0",
        "--path",
        "/no/such/folder/p.db",
    ]);
    assert_eq!(code, 1);
    assert!(said.contains("/no/such/folder"), "{said}");
    let (code, _, said) = run(&["serve", "--config", "no-such.toml"]);
    assert_eq!(code, 2);
    assert!(
        said.contains("`no-such.toml`: there is no such file"),
        "{said}"
    );
}
