//! Somebody who follows all transitions and never stays long: each time at
//! the next instance, after the last id that was heard.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::Value;
use xtask::random::Random;

/// A transition as it was told.
#[derive(Clone)]
pub struct Flip {
    pub id: u64,
    pub client: String,
    pub online: bool,
}

/// What was told so far.
#[derive(Default)]
pub struct Heard {
    pub flips: Vec<Flip>,
    /// Answers that a follower must never get, such as of a gap.
    pub refusals: Vec<String>,
    /// How often it went to another instance.
    pub hops: u64,
}

/// The follower; stopped when dropped.
pub struct Follower {
    heard: Arc<Mutex<Heard>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Follower {
    pub fn start(ports: Vec<u16>, seed: u64) -> Follower {
        let heard = Arc::new(Mutex::new(Heard::default()));
        let stop = Arc::new(AtomicBool::new(false));
        let (into, told) = (Arc::clone(&heard), Arc::clone(&stop));
        let thread = thread::spawn(move || {
            let mut random = Random(seed);
            for port in ports.iter().cycle() {
                if told.load(Ordering::Relaxed) {
                    return;
                }
                let stay = Duration::from_millis(200 + random.below(2_000));
                // An instance that is down, or whose store is: the next one.
                if follow(*port, stay, &told, &into).is_err() {
                    thread::sleep(Duration::from_millis(50));
                }
                into.lock().unwrap().hops += 1;
            }
        });
        Follower {
            heard,
            stop,
            thread: Some(thread),
        }
    }

    /// Looks at what was heard.
    pub fn heard<T>(&self, look: impl FnOnce(&Heard) -> T) -> T {
        look(&self.heard.lock().unwrap())
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn follow(
    port: u16,
    stay: Duration,
    stop: &AtomicBool,
    heard: &Mutex<Heard>,
) -> std::io::Result<()> {
    // 0 stands for the oldest.
    let last = heard.lock().unwrap().flips.last().map_or(0, |flip| flip.id);
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(Duration::from_millis(100)))?;
    write!(
        stream,
        "GET /v1/transitions HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\nLast-Event-ID: {last}\r\n\r\n"
    )?;
    let end = Instant::now() + stay;
    let mut lines = Lines {
        stream: BufReader::new(stream),
        line: Vec::new(),
    };
    // An answer may take as long as the store does, but not for ever.
    let patience = end + Duration::from_secs(15);
    let status = lines.next(patience, stop)?;
    let mut event = Event::default();
    if !status.contains(" 200 ") {
        if status.contains(" 410 ") {
            let mut rest = String::new();
            let _ = lines.stream.read_to_string(&mut rest);
            refuse(heard, format!("after {last}: {status}\n{rest}"));
        }
        return Err(ErrorKind::NotConnected.into());
    }
    while !lines.next(patience, stop)?.is_empty() {}
    loop {
        let line = lines.next(end, stop)?;
        let (field, value) = line.split_once(": ").unwrap_or((&line, ""));
        match field {
            "id" => event.id = value.parse().ok(),
            "data" => event.data = Some(value.to_owned()),
            "event" => refuse(heard, format!("after {last}: event `{value}`")),
            "" => event.take(heard),
            _ => {}
        }
    }
}

fn refuse(heard: &Mutex<Heard>, sentence: String) {
    heard.lock().unwrap().refusals.push(sentence);
}

#[derive(Default)]
struct Event {
    id: Option<u64>,
    data: Option<String>,
}

impl Event {
    /// The event is whole. One without data only names a place.
    fn take(&mut self, heard: &Mutex<Heard>) {
        let (id, data) = (self.id.take(), self.data.take());
        let (Some(id), Some(data)) = (id, data) else {
            return;
        };
        let data: Value = serde_json::from_str(&data).unwrap();
        heard.lock().unwrap().flips.push(Flip {
            id,
            client: data["clientId"].as_str().unwrap().to_owned(),
            online: data["online"].as_bool().unwrap(),
        });
    }
}

struct Lines {
    stream: BufReader<TcpStream>,
    line: Vec<u8>,
}

impl Lines {
    /// The next line; an error when it has not come by `end`.
    fn next(&mut self, end: Instant, stop: &AtomicBool) -> std::io::Result<String> {
        loop {
            if Instant::now() > end || stop.load(Ordering::Relaxed) {
                return Err(ErrorKind::TimedOut.into());
            }
            match self.stream.read_until(b'\n', &mut self.line) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(_) if self.line.ends_with(b"\n") => {
                    let line = String::from_utf8_lossy(&self.line).trim_end().to_owned();
                    self.line.clear();
                    return Ok(line);
                }
                Ok(_) => {}
                Err(error)
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(error) => return Err(error),
            }
        }
    }
}
