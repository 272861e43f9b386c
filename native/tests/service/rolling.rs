//! Three instances over one Redis, restarted one after the other while events
//! flow: nobody sees a gap, and each says that it leaves before its port closes.

use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;
use ureq::Agent;
use xtask::redis::Server;

use crate::support::{Service, Stream, connects, eventually, run};

const INSTANCES: usize = 3;
const NOTICE: Duration = Duration::from_secs(2);

/// As a load balancer has it: addresses with what readiness said last.
type Addresses = Arc<Mutex<Vec<(String, bool)>>>;

fn start(redis: &Server, bind: &str) -> Service {
    let url = format!("store.url={}", redis.url());
    let notice = format!("shutdown.notice={}s", NOTICE.as_secs());
    let service = Service::start(&[
        "--store", "redis", "--bind", bind, "--set", &url, "--set", &notice,
    ]);
    eventually("it is ready", || service.get("/readyz").status == 200);
    service
}

fn agent() -> Agent {
    Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(10)))
        .proxy(None)
        .build()
        .into()
}

/// One that is ready.
fn next(addresses: &Addresses, turn: usize) -> String {
    let addresses = addresses.lock().unwrap();
    let ready: Vec<&String> = addresses
        .iter()
        .filter(|(_, ready)| *ready)
        .map(|(address, _)| address)
        .collect();
    ready[turn % ready.len()].clone()
}

/// Sends one client after another to the next instance that is ready; nothing
/// that is sent to one of those may fail.
fn send(addresses: &Addresses, stop: &AtomicBool, sent: &AtomicU64) {
    let agent = agent();
    for turn in 0.. {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        let address = next(addresses, turn);
        let number = sent.load(Ordering::Relaxed);
        let body = json!(connects(number..number + 1)).to_string();
        let answer = agent
            .post(format!("http://{address}/v1/events"))
            .content_type("application/json")
            .send(body)
            .unwrap_or_else(|error| panic!("{address} was ready: {error}"));
        assert_eq!(answer.status(), 200, "{address} was ready");
        sent.fetch_add(1, Ordering::Relaxed);
        thread::sleep(Duration::from_millis(5));
    }
}

/// Follows at an instance until that ends, then at the next one that is ready.
fn follow(addresses: &Addresses, stop: &AtomicBool, heard: &Mutex<Vec<u64>>) {
    for turn in 0.. {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        let address = next(addresses, turn);
        let last = heard.lock().unwrap().last().copied().unwrap_or(0);
        let headers = format!("Last-Event-ID: {last}\r\n");
        let mut stream = Stream::at(&address, "/v1/transitions", &headers);
        assert!(stream.head.contains(" 200 "), "{}", stream.head);
        while let Some((_, id, _)) = stream.next() {
            heard.lock().unwrap().push(id);
            if stop.load(Ordering::Relaxed) {
                return;
            }
        }
    }
}

#[test]
fn a_rolling_restart_leaves_no_gap() {
    let folder = tempfile::tempdir().unwrap();
    let redis = Server::start(folder.path(), &["--appendonly", "yes"]).unwrap();
    let mut services: Vec<Service> = (0..INSTANCES)
        .map(|_| start(&redis, "127.0.0.1:0"))
        .collect();
    let addresses = services.iter().map(|one| (one.address().to_owned(), true));
    let addresses: Addresses = Arc::new(Mutex::new(addresses.collect()));
    let stop = AtomicBool::new(false);
    let (sent, heard) = (AtomicU64::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        let sender = scope.spawn(|| send(&addresses, &stop, &sent));
        scope.spawn(|| follow(&addresses, &stop, &heard));
        for (number, service) in services.iter_mut().enumerate() {
            let address = addresses.lock().unwrap()[number].0.clone();
            let before = sent.load(Ordering::Relaxed);
            service.signal("TERM");
            let told = Instant::now();
            // Red while the port is open and all else goes on.
            eventually("it says that it leaves", || {
                service.get("/readyz").status == 503
            });
            assert!(told.elapsed() < NOTICE, "the port was still open");
            assert_eq!(service.get("/healthz").status, 200);
            let url = service.url.as_str();
            let (code, _, said) = run(&["health", "--url", url]);
            assert_eq!(code, 1, "{said}");
            assert!(said.contains("is not ready"), "{said}");
            assert_eq!(run(&["health", "--alive", "--url", url]).0, 0);
            addresses.lock().unwrap()[number].1 = false;
            assert_eq!(service.ended().code(), Some(0), "{}", service.log());
            assert!(told.elapsed() >= NOTICE);
            assert!(TcpStream::connect(&address).is_err());
            *service = start(&redis, &address);
            addresses.lock().unwrap()[number].1 = true;
            assert!(
                sent.load(Ordering::Relaxed) > before,
                "events flowed meanwhile"
            );
        }
        stop.store(true, Ordering::Relaxed);
        sender.join().unwrap();
        // One more, for the follower to look up.
        let last = sent.load(Ordering::Relaxed);
        services[0].tell(&connects(last..last + 1));
        sent.fetch_add(1, Ordering::Relaxed);
    });
    let sent = sent.load(Ordering::Relaxed);
    let mut heard = heard.into_inner().unwrap();
    // What came after the follower was told to stop.
    let last = heard.last().copied().unwrap_or(0);
    let headers = format!("Last-Event-ID: {last}\r\n");
    let mut rest = Stream::open(&services[1], "/v1/transitions", &headers);
    heard.extend(rest.ids((sent - last) as usize));
    assert_eq!(heard, (1..=sent).collect::<Vec<_>>(), "each once, in order");
    assert_eq!(services[2].get("/v1/stats").json["online"], sent);
}
