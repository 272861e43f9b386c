//! A process of its own that commits until it is killed.

use std::io::{BufRead, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use mqtt_presence::store::{Batch, Poison, Sqlite, SqliteSettings, Store, StoreError};
use mqtt_presence_core::event::Kind::{Connect, Tcpclean};
use mqtt_presence_core::presence::{Options, Presence};

use crate::Bench;
use crate::counts::compare;
use crate::fleet::{NOW, event, origin};

const FILE: &str = "PRESENCE_TEST_FILE";
const CACHE: &str = "PRESENCE_TEST_CACHE";
const EVENTS: u64 = 24;

/// The batch of a round: connects, and the ends of the round before.
pub fn batch_of(round: u64) -> Batch {
    let connect = |round: u64, n: u64| {
        let client = format!("client {:02}", (round * 7 + n * 13) % 97);
        event(&client, &format!("{round}-{n}"), Connect, NOW + round)
    };
    let mut events = Vec::new();
    for n in 0..EVENTS {
        if let Some(before) = round.checked_sub(1) {
            let mut end = connect(before, n);
            end.kind = Tcpclean;
            events.push((end, origin(round * 100 + n + 50)));
        }
        events.push((connect(round, n), origin(round * 100 + n)));
    }
    Batch {
        events,
        poison: vec![Poison {
            origin: origin(round),
            code: "invalid_json".to_owned(),
            field: None,
            message: String::new(),
            raw: round.to_string().into_bytes(),
        }],
        checkpoints: vec![("round".to_owned(), round.to_string())],
        now: NOW + round,
    }
}

/// What the rule says after these rounds, and how many flips there were.
pub fn expected(rounds: u64) -> (Presence, u64) {
    let mut presence = Presence::new(Options::default());
    let mut flips = 0;
    for round in 0..rounds {
        let batch = batch_of(round);
        for (event, origin) in &batch.events {
            let id = origin.message_id.as_deref();
            let flip = presence.apply(event, &origin.label(), id, batch.now);
            flips += u64::from(flip.is_some());
        }
    }
    (presence, flips)
}

/// Everything in the store is what so many whole rounds make: nothing lost,
/// nothing twice.
pub async fn holds(bench: &Bench, rounds: u64) {
    let (presence, flips) = expected(rounds);
    compare(bench, &presence, NOW).await;
    let transitions = bench.store.transitions_after(0, usize::MAX).await.unwrap();
    let ids: Vec<u64> = transitions.iter().map(|row| row.id).collect();
    assert_eq!(ids, (1..=flips).collect::<Vec<_>>());
    let kept = bench.store.quarantine(0, usize::MAX).await.unwrap();
    assert_eq!(kept.len() as u64, rounds);
    for (client, _) in presence.iter() {
        let all = transitions.iter();
        let own: Vec<_> = all
            .filter(|row| row.transition.client_id == client)
            .cloned()
            .collect();
        let history = bench.store.history(client, 0, u64::MAX, usize::MAX).await;
        assert_eq!(history.unwrap(), own);
    }
}

/// How many whole rounds the store has.
pub async fn rounds(store: &dyn Store) -> u64 {
    let round = store.checkpoint("round").await.unwrap();
    round.map_or(0, |round| round.parse::<u64>().unwrap() + 1)
}

pub struct Committer {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Committer {
    /// Starts committing into the file; `limit` in blocks of the shell's
    /// `ulimit -f` bounds the size of each file that it writes.
    pub fn start(file: &Path, cache_bytes: usize, limit: Option<u32>) -> Committer {
        let program = std::env::current_exe().unwrap();
        let mut command = match limit {
            None => Command::new(program),
            Some(blocks) => {
                let mut shell = Command::new("sh");
                let script = format!("trap '' XFSZ; ulimit -S -f {blocks}; exec \"$0\" \"$@\"");
                shell.arg("-c").arg(script).arg(program);
                shell
            }
        };
        let mut child = command
            .args(["--exact", "process::commits_until_killed", "--nocapture"])
            .env(FILE, file)
            .env(CACHE, cache_bytes.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Committer { child, lines }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The next line that the process printed about its work.
    pub fn line(&mut self) -> String {
        loop {
            let line = self.lines.next().expect("the process has ended").unwrap();
            if let Some((_, line)) = line.split_once("> ") {
                return line.to_owned();
            }
        }
    }

    /// Kills it and answers the last round that it acknowledged.
    pub fn kill(mut self) -> Option<u64> {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        let rest = self.lines.map_while(Result::ok);
        let rounds = rest.filter_map(|line| line.split_once("> ")?.1.parse().ok());
        rounds.last()
    }
}

/// The other process: no test, unless the variables are set.
#[test]
fn commits_until_killed() {
    let Some(file) = std::env::var_os(FILE) else {
        return;
    };
    let settings = SqliteSettings {
        cache_bytes: std::env::var(CACHE).unwrap().parse().unwrap(),
        ..SqliteSettings::new(file)
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let store = Sqlite::open(settings, Options::default()).unwrap();
        let mut round = rounds(&store).await;
        loop {
            match store.commit(Arc::new(batch_of(round))).await {
                Ok(_) => {
                    println!("> {round}");
                    round += 1;
                }
                Err(StoreError::Unavailable { reason, .. }) => {
                    println!("> unavailable: {reason}");
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                Err(error) => panic!("{error}"),
            }
        }
    });
}
