//! A recording is filled on all cores: each thread reads every byte, and keeps
//! the events of its share of the clients.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use mqtt_presence_core::event::Limits;
use mqtt_presence_core::lifecycle::Format;
use mqtt_presence_core::replay::{Full, Input, Options, Replay, Shape};

/// How many chunks the reading of files may be ahead of a thread.
const AHEAD: usize = 8;

/// How bytes become a recording.
pub(super) struct Filling {
    pub options: Options,
    pub shape: Shape,
    pub limits: Limits,
}

/// What is in the files, told in their order.
#[derive(Clone)]
pub(super) enum Told {
    /// A file of this name begins.
    File(String),
    Bytes(Arc<Vec<u8>>),
    /// The file ends.
    End,
}

pub(super) struct Filled {
    /// The recording, or why a shard stopped listening.
    pub shards: Result<Vec<Replay>, Full>,
    /// Of each file that was told to its end: whose messages it holds.
    pub formats: Vec<Option<Format>>,
}

impl Filling {
    /// Fills so many shards with what `read` tells; telling is false once a
    /// shard no longer listens.
    pub fn side_by_side<T>(
        &self,
        shards: u32,
        read: impl FnOnce(&dyn Fn(Told) -> bool) -> T,
    ) -> (T, Filled) {
        thread::scope(|scope| {
            let (mut tellers, mut threads) = (Vec::new(), Vec::new());
            for number in 0..shards {
                let (teller, told) = sync_channel(AHEAD);
                tellers.push(teller);
                threads.push(scope.spawn(move || self.fill(number, shards, told)));
            }
            let tell = |told: Told| {
                let mut listening = tellers.iter().map(|to| to.send(told.clone()).is_ok());
                listening.all(|listens| listens)
            };
            let read = read(&tell);
            drop(tellers);
            let mut all = Filled {
                shards: Ok(Vec::new()),
                formats: Vec::new(),
            };
            for thread in threads {
                let (shard, formats) = thread.join().expect("a shard is filled without a panic");
                all.formats = formats;
                all.shards = all.shards.and_then(|mut shards| {
                    shards.push(shard?);
                    Ok(shards)
                });
            }
            (read, all)
        })
    }

    fn fill(
        &self,
        number: u32,
        shards: u32,
        told: Receiver<Told>,
    ) -> (Result<Replay, Full>, Vec<Option<Format>>) {
        let mut shard = Replay::shard(self.options.clone(), number, shards);
        let mut input = Input::new(self.limits, self.shape);
        let mut formats = Vec::new();
        let filled = told.into_iter().try_for_each(|told| match told {
            Told::File(name) => input.begin(&mut shard, &name),
            Told::Bytes(bytes) => input.push(&mut shard, &bytes),
            Told::End => {
                input.finish(&mut shard)?;
                formats.push(input.format());
                Ok(())
            }
        });
        (filled.map(|()| shard), formats)
    }
}
