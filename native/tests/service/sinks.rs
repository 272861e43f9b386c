//! Transitions delivered to a receiver that fails, dies and comes back.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;

use xtask::certificates::Certificates;

use crate::receiver::{Receiver, Reply};
use crate::support::{Service, connects, event, eventually, run};

const SECRET: &str = "not to be guessed";

/// A configuration with one sink, `crm`.
fn config(folder: &Path, receiver: &Receiver, more: &str) -> PathBuf {
    let file = folder.join("presence.toml");
    let url = receiver.url();
    let sink = format!(
        "[[sink]]\nkind = 'webhook'\nname = 'crm'\nurl = '{url}'\nsecret = '{SECRET}'\ntimeout = '1s'\n{more}\n"
    );
    std::fs::write(&file, sink).unwrap();
    file
}

fn sqlite(folder: &Path, config: &Path) -> Service {
    let config = config.to_str().unwrap();
    Service::sqlite(&folder.join("p.db"), &["--config", config])
}

fn sink(service: &Service) -> Value {
    service.get("/v1/sinks").json["sinks"][0].clone()
}

fn count_to(last: u64) -> Vec<u64> {
    (1..=last).collect()
}

/// By another implementation than ours.
fn python_hmac(secret: &str, seconds: &str, body: &[u8]) -> String {
    let program = "import hmac, hashlib, sys\n\
        signed = sys.argv[2].encode() + b'.' + sys.stdin.buffer.read()\n\
        print(hmac.new(sys.argv[1].encode(), signed, hashlib.sha256).hexdigest())";
    let mut python = Command::new("python3")
        .args(["-c", program, secret, seconds])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    python.stdin.take().unwrap().write_all(body).unwrap();
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn transitions_arrive_in_order_and_signed() {
    let (folder, receiver) = (tempfile::tempdir().unwrap(), Receiver::start());
    let config = config(folder.path(), &receiver, "batch = 100");
    let service = sqlite(folder.path(), &config);
    service.tell(&connects(0..250));
    eventually("all arrive", || {
        receiver.book(|book| book.taken.len()) >= 250
    });
    assert_eq!(receiver.book(|book| book.taken.clone()), count_to(250));
    receiver.book(|book| {
        for (headers, body) in &book.requests {
            let header = headers["mqtt-presence-signature"].to_str().unwrap();
            let (seconds, signature) = header
                .strip_prefix("t=")
                .and_then(|rest| rest.split_once(",v1="))
                .unwrap();
            assert_eq!(signature, python_hmac(SECRET, seconds, body));
            assert_ne!(signature, python_hmac("another", seconds, body));
            let age = mqtt_presence::clock::now() / 1000 - seconds.parse::<u64>().unwrap();
            assert!(age < 60, "{header}");
            let body: Value = serde_json::from_slice(body).unwrap();
            let transitions = body["transitions"].as_array().unwrap();
            assert_eq!(body["sink"], "crm");
            assert!((1..=100).contains(&transitions.len()));
            assert_eq!(transitions[0]["online"], true);
            assert_eq!(transitions[0]["cause"]["eventType"], "connect");
        }
    });
    let stands = || {
        let sink = sink(&service);
        (
            sink["state"].clone(),
            sink["place"].clone(),
            sink["behind"].clone(),
        )
    };
    eventually("it says so", || {
        stands() == ("delivering".into(), 250.into(), 0.into())
    });
    let metrics = service.get("/metrics").text;
    assert!(metrics.contains("mqtt_presence_sink_delivered_total{sink=\"crm\"} 250"));
    assert!(!service.log().contains(SECRET));
}

#[test]
fn a_receiver_that_fails_gets_everything_in_the_end() {
    let (folder, mut receiver) = (tempfile::tempdir().unwrap(), Receiver::start());
    let config = config(folder.path(), &receiver, "batch = 10");
    let service = sqlite(folder.path(), &config);
    let plan = [
        Reply::ComeBackIn("3"),
        Reply::Status(429),
        Reply::Hang,
        Reply::Status(500),
        Reply::Status(200),
    ];
    receiver.book(|book| book.plan.extend(plan));
    let began = Instant::now();
    service.tell(&connects(0..30));
    eventually("it is tried again", || {
        receiver.book(|book| book.requests.len()) >= 2
    });
    assert!(
        began.elapsed() >= Duration::from_secs(3),
        "it was told when to come again"
    );
    eventually("all arrive", || receiver.firsts() == count_to(30));
    receiver.die();
    service.tell(&connects(30..60));
    eventually("it says what is wrong", || {
        sink(&service)["state"] == "failing"
    });
    assert!(
        sink(&service)["error"]
            .as_str()
            .unwrap()
            .contains("does not answer")
    );
    // Whether a receiver is there does not decide on readiness.
    assert_eq!(service.get("/readyz").status, 200);
    receiver.again();
    eventually("all arrive", || receiver.firsts() == count_to(60));
    assert_eq!(sink(&service)["deadLetters"], 0);
}

#[test]
fn what_is_refused_is_kept_and_delivered_when_asked() {
    let (folder, receiver) = (tempfile::tempdir().unwrap(), Receiver::start());
    let config = config(folder.path(), &receiver, "");
    receiver.book(|book| book.otherwise = Reply::Status(410));
    let service = sqlite(folder.path(), &config);
    service.tell(&connects(0..5));
    eventually("it is given up", || sink(&service)["deadLetters"] == 5);
    assert_eq!(sink(&service)["place"], 5);
    service.kill();

    let service = sqlite(folder.path(), &config);
    let page = service.get("/v1/sinks/crm/dead-letters?limit=3").json;
    let letters = page["deadLetters"].as_array().unwrap();
    assert_eq!(letters.len(), 3);
    assert_eq!(letters[2]["transition"]["id"], 3);
    let reason = letters[0]["reason"].as_str().unwrap();
    assert!(reason.contains("410 Gone: `as it was told`"), "{reason}");
    let next = page["nextCursor"].as_str().unwrap();
    let page = service
        .get(&format!("/v1/sinks/crm/dead-letters?cursor={next}"))
        .json;
    assert_eq!(page["deadLetters"][1]["transition"]["id"], 5);
    assert_eq!(page["nextCursor"], Value::Null);

    let retry = || {
        service
            .post("/v1/sinks/crm/dead-letters/retry", "", "")
            .json
    };
    let refused = retry();
    assert_eq!(
        (&refused["delivered"], &refused["left"]),
        (&0.into(), &5.into())
    );
    assert!(refused["error"].as_str().unwrap().contains("410"));
    receiver.book(|book| book.otherwise = Reply::Status(200));
    let taken = retry();
    assert_eq!(
        (&taken["delivered"], &taken["left"]),
        (&5.into(), &0.into())
    );
    assert_eq!(receiver.firsts(), count_to(5));
    let absent = service.get("/v1/sinks/nobody/dead-letters");
    absent.is_problem(404, "no_such_sink", "nobody");
}

#[test]
fn a_batch_is_given_up_after_its_time() {
    let (folder, receiver) = (tempfile::tempdir().unwrap(), Receiver::start());
    let config = config(folder.path(), &receiver, "give_up_after = '1s'");
    receiver.book(|book| book.otherwise = Reply::Status(502));
    let service = sqlite(folder.path(), &config);
    service.tell(&connects(0..3));
    eventually("it is given up", || sink(&service)["deadLetters"] == 3);
    assert!(receiver.book(|book| book.requests.len()) >= 2);
    receiver.book(|book| book.otherwise = Reply::Status(200));
    service.tell(&connects(3..6));
    eventually("it goes on", || receiver.firsts() == [4, 5, 6]);
}

#[test]
fn over_tls_the_named_authority_alone_is_trusted() {
    let folder = tempfile::tempdir().unwrap();
    let certificates = Certificates::make(&folder.path().join("tls")).unwrap();
    let receiver = Receiver::over_tls(&certificates);
    let trusting = |name: &str| {
        let ca = format!("tls_ca = '{}'", certificates.path(name).display());
        sqlite(folder.path(), &config(folder.path(), &receiver, &ca))
    };
    let service = trusting("other.pem");
    service.tell(&connects(0..5));
    eventually("it says what is wrong", || {
        let error = sink(&service)["error"].to_string();
        error.contains(&receiver.url())
            && error.contains("is not accepted")
            && error.contains("`tls_ca`")
    });
    assert!(receiver.book(|book| book.requests.is_empty()));
    service.kill();
    let service = trusting("ca.pem");
    eventually("all arrive", || receiver.firsts() == count_to(5));
    assert_eq!(sink(&service)["deadLetters"], 0);
}

#[test]
fn a_prefix_and_a_time_select() {
    let (folder, receiver) = (tempfile::tempdir().unwrap(), Receiver::start());
    let config = config(folder.path(), &receiver, "prefix = 'b@'\nsettle = '1s'");
    let service = sqlite(folder.path(), &config);
    service.tell(&[
        event("a@1", "1", "connect", 1),
        event("b@1", "2", "connect", 2),
        event("b@2", "3", "connect", 3),
        event("b@2", "3", "tcpclean", 4),
        event("b@3", "4", "connect", 5),
    ]);
    eventually("those that lasted arrive", || receiver.firsts() == [2, 5]);
}

#[test]
fn killed_again_and_again_nothing_is_missing() {
    let (folder, receiver) = (tempfile::tempdir().unwrap(), Receiver::start());
    let config = config(folder.path(), &receiver, "batch = 7");
    receiver.book(|book| book.pause = Duration::from_millis(5));
    let mut cut = 0;
    for round in 0..6 {
        let service = sqlite(folder.path(), &config);
        service.tell(&connects(round * 100..round * 100 + 100));
        sleep(Duration::from_millis(20 * round));
        let behind = receiver.firsts().len() as u64;
        cut += u64::from(behind < (round + 1) * 100);
        service.kill();
    }
    assert!(cut > 0, "it was always killed after its work");
    let service = sqlite(folder.path(), &config);
    eventually("all arrive", || receiver.firsts().len() == 600);
    assert_eq!(receiver.firsts(), count_to(600));
    assert_eq!(sink(&service)["deadLetters"], 0);
}

#[test]
fn a_new_sink_begins_now_or_with_the_oldest() {
    let (folder, receiver) = (tempfile::tempdir().unwrap(), Receiver::start());
    let service = Service::sqlite(&folder.path().join("p.db"), &[]);
    service.tell(&connects(0..3));
    assert_eq!(
        service.get("/v1/sinks").json["sinks"],
        Value::Array(Vec::new())
    );
    service.kill();
    let last = config(folder.path(), &receiver, "");
    let service = sqlite(folder.path(), &last);
    service.tell(&connects(3..5));
    eventually("the new ones arrive", || receiver.firsts() == [4, 5]);
    service.kill();
    let all = receiver.url();
    let first = format!(
        "[[sink]]\nkind = 'webhook'\nname = 'all'\nurl = '{all}'\nsecret = 's'\nfrom = 'first'\n"
    );
    std::fs::write(&last, first).unwrap();
    let _service = sqlite(folder.path(), &last);
    eventually("all arrive", || {
        receiver.book(|book| book.taken.ends_with(&count_to(5)))
    });
}

/// Two instances over one store: one delivers; it is killed, the other goes on.
fn two_instances(store: &str) {
    let (folder, receiver) = (tempfile::tempdir().unwrap(), Receiver::start());
    let config = config(folder.path(), &receiver, &format!("batch = 5\n{store}"));
    let config = config.to_str().unwrap();
    let mut services = vec![
        Service::start(&["--config", config]),
        Service::start(&["--config", config]),
    ];
    let states = |services: &[Service]| -> Vec<String> {
        let state = |service: &Service| sink(service)["state"].as_str().unwrap().to_owned();
        services.iter().map(state).collect()
    };
    eventually("one delivers", || {
        let mut states = states(&services);
        states.sort();
        states == ["delivering", "elsewhere"]
    });
    services[0].tell(&connects(0..50));
    services[1].tell(&connects(50..100));
    eventually("all arrive", || receiver.firsts() == count_to(100));
    receiver.book(|book| book.pause = Duration::from_millis(20));
    services[0].tell(&connects(100..200));
    let delivers = states(&services)
        .iter()
        .position(|state| state == "delivering");
    services.remove(delivers.unwrap()).kill();
    eventually("the other goes on", || receiver.firsts() == count_to(200));
    services[0].tell(&connects(200..220));
    eventually("all arrive", || receiver.firsts() == count_to(220));
    // Told to end, it lets go at once.
    let last = Service::start(&["--config", config]);
    eventually("it waits", || sink(&last)["state"] == "elsewhere");
    services[0].signal("TERM");
    let began = Instant::now();
    assert!(services[0].ended().success());
    eventually("the last goes on", || sink(&last)["state"] == "delivering");
    assert!(
        began.elapsed() < Duration::from_secs(9),
        "it waited for the lease"
    );
    assert_eq!(receiver.book(|book| book.at_once), 1);
}

#[test]
fn one_of_two_instances_over_redis_delivers() {
    let folder = tempfile::tempdir().unwrap();
    let server = xtask::redis::Server::start(&folder.path().join("redis"), &[]).unwrap();
    let port = server.port();
    two_instances(&format!(
        "[store]\nkind = 'redis'\nurl = 'redis://127.0.0.1:{port}'"
    ));
}

#[test]
fn one_of_two_instances_over_postgres_delivers() {
    let server = xtask::postgres::Postgres::start().unwrap();
    let url = server.url("postgres");
    two_instances(&format!("[store]\nkind = 'postgres'\nurl = '{url}'"));
}

#[test]
fn the_doctor_tries_the_receiver() {
    let (folder, mut receiver) = (tempfile::tempdir().unwrap(), Receiver::start());
    let path = folder.path().join("p.db");
    let store = format!("[store]\npath = '{}'", path.display());
    let config = config(folder.path(), &receiver, &store);
    let doctor = || run(&["doctor", "--config", config.to_str().unwrap()]);
    let (code, text, _) = doctor();
    assert!(
        text.contains("sink `crm` (webhook): the receiver"),
        "{text}"
    );
    assert_eq!(code, 0, "{text}");
    assert!(receiver.book(|book| book.requests.is_empty()));
    receiver.die();
    let (code, text, _) = doctor();
    assert!(text.contains("does not accept a connection"), "{text}");
    assert_eq!(code, 1, "{text}");
}
