//! What a soak has seen: a line a round, and a table at its end.

use std::time::{Duration, Instant};

use super::fault::Fault;
use super::say;
use super::verdict::Verdict;

/// An instance that takes more than this has grown beyond bounds: with the
/// clients of a soak it needs a fraction of it.
const RESIDENT: u64 = 512 << 20;
const MIB: u64 = 1 << 20;

#[derive(Clone, Copy, Default)]
struct Row {
    rounds: u64,
    strikes: u64,
    events: usize,
    /// The longest wait until everything was right again.
    healed: Duration,
    wrong: u64,
    lost: u64,
    doubled: u64,
    missing: u64,
    lag: u64,
}

/// Memory of one instance, in bytes, at the ends of rounds.
#[derive(Clone, Copy)]
struct Memory {
    first: u64,
    most: u64,
    last: u64,
}

/// Prints its table when dropped, so that a run that panics shows it too.
pub struct Tally {
    store: &'static str,
    seed: u64,
    began: Instant,
    rounds: u64,
    rows: [Row; Fault::ALL.len()],
    memory: Vec<Memory>,
    fault: Option<String>,
}

impl Tally {
    pub fn new(store: &'static str, seed: u64) -> Tally {
        Tally {
            store,
            seed,
            began: Instant::now(),
            rounds: 0,
            rows: [Row::default(); Fault::ALL.len()],
            memory: Vec::new(),
            fault: None,
        }
    }

    /// Adds one round, and says so.
    pub fn round(
        &mut self,
        fault: Fault,
        strikes: u64,
        events: usize,
        healed: Duration,
        lag: u64,
        verdict: Verdict,
    ) {
        self.rounds += 1;
        let place = Fault::ALL.iter().position(|one| *one == fault).unwrap();
        let row = &mut self.rows[place];
        row.rounds += 1;
        row.strikes += strikes;
        row.events += events;
        row.healed = row.healed.max(healed);
        row.wrong += verdict.wrong;
        row.lost += verdict.lost;
        row.doubled += verdict.doubled;
        row.missing += verdict.missing;
        row.lag = row.lag.max(lag);
        if !verdict.is_clean() {
            self.fault = Some(format!("{}: {:#?}", fault.name(), verdict.examples));
        } else if lag > 0 {
            self.fault = Some(format!("{}: the lag stays at {lag}", fault.name()));
        }
        let resident: Vec<u64> = self.memory.iter().map(|one| one.last / MIB).collect();
        say(&format!(
            "{:4} s  round {}, {}: {events} events, right again after {:.1} s, lag {lag}, MiB {resident:?}\n",
            self.began.elapsed().as_secs(),
            self.rounds,
            fault.name(),
            healed.as_secs_f32(),
        ));
    }

    /// Looks at the memory of each instance.
    pub fn resident(&mut self, now: impl Iterator<Item = Option<u64>>) {
        for (place, bytes) in now.enumerate() {
            let Some(bytes) = bytes else { continue };
            match self.memory.get_mut(place) {
                Some(memory) => {
                    memory.most = memory.most.max(bytes);
                    memory.last = bytes;
                }
                None => self.memory.push(Memory {
                    first: bytes,
                    most: bytes,
                    last: bytes,
                }),
            }
            if bytes > RESIDENT {
                let mebibytes = bytes / MIB;
                self.fault = Some(format!("instance {place} takes {mebibytes} MiB"));
            }
        }
    }

    /// What was wrong first, in a sentence.
    pub fn fault(&self) -> Option<String> {
        self.fault.clone()
    }
}

impl Drop for Tally {
    fn drop(&mut self) {
        let (store, seed, seconds) = (self.store, self.seed, self.began.elapsed().as_secs());
        let mut text = format!(
            "\n{store}, seed {seed}, {} rounds in {seconds} s\n\n\
             | fault | rounds | times | events | wrong | lost | doubled | missing | lag left | right again after at most |\n\
             |---|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n",
            self.rounds
        );
        for (fault, row) in Fault::ALL.iter().zip(&self.rows) {
            let Row {
                rounds,
                strikes,
                events,
                healed,
                wrong,
                lost,
                doubled,
                missing,
                lag,
            } = row;
            text += &format!(
                "| {} | {rounds} | {strikes} | {events} | {wrong} | {lost} | {doubled} | {missing} | {lag} | {:.1} s |\n",
                fault.name(),
                healed.as_secs_f32()
            );
        }
        text += "\n| instance | MiB first | most | last |\n|---|---:|---:|---:|\n";
        for (place, memory) in self.memory.iter().enumerate() {
            let [first, most, last] = [memory.first, memory.most, memory.last].map(|it| it / MIB);
            text += &format!("| {place} | {first} | {most} | {last} |\n");
        }
        say(&text);
    }
}
