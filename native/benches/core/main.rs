//! Bytes to events to state on one core, and what a client takes in memory.
//!
//! `cargo bench --no-default-features --bench core -- [CLIENTS] [EVENTS] [FILE]`:
//! clients connect once each, timed as one run; then EVENTS events of clients
//! drawn at random, timed as another. Making the text is not timed. With FILE
//! the text is written there too, for a peer.
//!
//! All of it twice: memory is looked at in the first round, the clock in the
//! second, whose memory was touched before. A guest whose host takes back what
//! is free pays dearly for each first touch, whoever asks for it; with
//! `MIMALLOC_PURGE_DELAY=-1` the allocator keeps it between the rounds.
#![allow(clippy::unwrap_used, missing_docs)]

use std::fmt::Write;
use std::fs::File;
use std::io::Write as _;
use std::time::{Duration, Instant};

use mqtt_presence_core::event::{Limits, Reader};
use mqtt_presence_core::presence::{Options, Presence};

/// As of the service.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Bytes that are pushed at once.
const CHUNK: usize = 64 * 1024;
/// The clock of the first event in milliseconds.
const BEGIN: u64 = 1_767_225_600_000;

fn main() {
    // `cargo bench` adds `--bench`.
    let arguments = || std::env::args().skip(1).filter(|word| word != "--bench");
    let mut numbers = arguments().filter_map(|word| word.parse().ok());
    let file = arguments().find(|word| word.parse::<u64>().is_err());
    let clients: u64 = numbers.next().unwrap_or(1_000_000);
    let events: u64 = numbers.next().unwrap_or(4_000_000);
    let mut run = Run::new(clients, None);
    let empty = resident();
    run.apply(0..clients);
    // Ids as the fleet's: 25 and 32 bytes.
    let ids = 25 + 32;
    let bytes = (resident() - empty) as f64 / clients as f64;
    println!(
        "bytes of a live client: {bytes:.0}; beyond its two ids: {:.0}",
        bytes - f64::from(ids)
    );
    if events == 0 {
        return;
    }
    let drawn =
        |run: &mut Run| -> Vec<u64> { (0..events).map(|_| run.draws.next() % clients).collect() };
    let untimed = drawn(&mut run);
    run.apply(untimed);
    drop(run);
    let mut run = Run::new(clients, file.map(|path| File::create(path).unwrap()));
    let connecting = run.apply(0..clients);
    report("connects of new clients", clients, connecting);
    let drawn = drawn(&mut run);
    run.reading = Duration::ZERO;
    let changing = run.apply(drawn);
    report("of which reading alone", events, run.reading);
    report("events of clients drawn at random", events, changing);
    let stats = run.presence.stats(BEGIN);
    println!("{:?}", stats);
    let full = resident();
    let gone = run.presence.forget(u64::MAX >> 1);
    println!(
        "{gone} channels forgotten: {} MB, then {} MB",
        full >> 20,
        resident() >> 20
    );
}

fn report(what: &str, events: u64, took: Duration) {
    let rate = events as f64 / took.as_secs_f64();
    println!("{what}: {rate:.0} a second");
}

struct Run {
    presence: Presence,
    reader: Reader,
    /// Reads the same once more, and nothing else.
    alone: Reader,
    reading: Duration,
    draws: Draws,
    /// The number of each client's connection, 0 before the first, and
    /// whether it is live.
    fleet: Vec<(u32, bool)>,
    now: u64,
    file: Option<File>,
}

impl Run {
    fn new(clients: u64, file: Option<File>) -> Run {
        Run {
            file,
            presence: Presence::new(Options::default()),
            reader: Reader::new(Limits::default()),
            alone: Reader::new(Limits::default()),
            reading: Duration::ZERO,
            draws: Draws(7),
            // Written, so that its memory is taken before any is measured.
            fleet: (0..clients)
                .map(|_| std::hint::black_box((0, false)))
                .collect(),
            now: BEGIN,
        }
    }

    /// Applies the next change of each of these clients.
    fn apply(&mut self, clients: impl IntoIterator<Item = u64>) -> Duration {
        let mut took = Duration::ZERO;
        let mut text = String::with_capacity(2 * CHUNK);
        for client in clients {
            self.write(client, &mut text);
            if text.len() >= CHUNK {
                took += self.push(&mut text);
            }
        }
        took + self.push(&mut text)
    }

    fn push(&mut self, text: &mut String) -> Duration {
        if let Some(file) = &mut self.file {
            file.write_all(text.as_bytes()).unwrap();
        }
        let began = Instant::now();
        self.alone.push(text.as_bytes());
        while !self.alone.next_plains().is_empty() || self.alone.next().is_some() {}
        self.reading += began.elapsed();
        let began = Instant::now();
        self.reader.push(text.as_bytes());
        loop {
            loop {
                let events = self.reader.next_plains();
                if events.is_empty() {
                    break;
                }
                self.presence.apply_all(&events, "", self.now, |_, _| ());
            }
            match self.reader.next() {
                Some(record) => {
                    let event = record.outcome.unwrap();
                    self.presence.apply_plain(&(&event).into(), "", self.now);
                }
                None => break,
            }
        }
        text.clear();
        began.elapsed()
    }

    fn write(&mut self, client: u64, text: &mut String) {
        let (connection, live) = &mut self.fleet[client as usize];
        let kind = if *live { "tcpclean" } else { "connect" };
        if !*live {
            *connection += 1;
        }
        *live = !*live;
        let channel = Draws(client << 20 | u64::from(*connection)).next();
        let other = Draws(channel).next();
        self.now += 1;
        writeln!(
            text,
            r#"{{"clientId":"GID_fleet@@@device-{client:06}","channelId":"{channel:016x}{other:016x}","eventType":"{kind}","time":{},"clientIp":"10.{}.{}.{}:{}"}}"#,
            self.now,
            client >> 16 & 255,
            client >> 8 & 255,
            client & 255,
            1024 + other % 60_000,
        )
        .unwrap();
    }
}

/// splitmix64.
struct Draws(u64);

impl Draws {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

/// Bytes of this process in memory, 0 where the system does not say.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    kilobytes.unwrap_or(0) * 1024
}
