//! From a file's checkpoint to its end, as deliveries.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;

use mqtt_presence_core::event::{Limits, Place, Reader};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::NAME;
use super::mark::Mark;
use crate::pipeline::{Delivery, Intake, OnCommit};
use crate::store::{Origin, Store, StoreError};

/// Records in a delivery.
pub(super) const RECORDS: usize = 1000;
/// Deliveries that wait to be committed at most: two commits' worth. With more,
/// those of other sources would wait behind a large file for seconds.
pub(super) const AHEAD: usize = 16;
/// Bytes that are read at once.
pub(super) const CHUNK: usize = 64 * 1024;

/// Why reading stopped before the end of the file.
#[derive(Debug)]
pub(super) enum Stop {
    /// The service is shutting down.
    Shutdown,
    /// The file cannot be read.
    File(io::Error),
    /// Its checkpoint cannot be read.
    Store(StoreError),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Stop {
        Stop::File(error)
    }
}

/// Is told when the store has a delivery.
pub(super) type Committed = oneshot::Receiver<()>;

/// What reading a file takes.
pub(super) struct Pump {
    pub intake: Intake,
    pub shutdown: CancellationToken,
    pub store: Arc<dyn Store>,
    pub runtime: Handle,
    pub limits: Limits,
}

impl Pump {
    /// The checkpoint under this key.
    pub fn mark(&self, key: &str) -> Result<Option<Mark>, Stop> {
        let value = self.runtime.block_on(self.store.checkpoint(key));
        let value = value.map_err(Stop::Store)?;
        // One that cannot be read is as good as none: events may come twice.
        Ok(value.and_then(|value| serde_json::from_str(&value).ok()))
    }

    /// Reads from the checkpoint to the end; `last` says that nothing will
    /// be added, so what is unfinished there is an error. The store has all of
    /// it then, and the checkpoint for the next look.
    pub fn read(&self, file: &mut File, key: &str, last: bool) -> Result<(), Stop> {
        let mut waiting = VecDeque::new();
        let read = self.hand_over(file, key, last, &mut waiting);
        for committed in waiting {
            wait(committed)?;
        }
        read
    }

    /// Hands deliveries over without waiting for each.
    fn hand_over(
        &self,
        file: &mut File,
        key: &str,
        last: bool,
        waiting: &mut VecDeque<Committed>,
    ) -> Result<(), Stop> {
        let mark = match self.mark(key)? {
            Some(mark) if mark.fits(file)? => Some(mark),
            _ => None,
        };
        let (mut reader, done) = match &mark {
            Some(mark) => (Reader::resume_at(self.limits, mark.place()), mark.next),
            None => (Reader::new(self.limits), 1),
        };
        let mut resting = reader.resting_place();
        file.seek(SeekFrom::Start(mark.map_or(0, |mark| mark.place().offset)))?;
        let mut next = done;
        let mut delivery = Delivery::default();
        let mut chunk = vec![0; CHUNK];
        loop {
            if self.shutdown.is_cancelled() {
                return Err(Stop::Shutdown);
            }
            let length = file.read(&mut chunk)?;
            match length {
                0 if last => reader.finish(),
                0 => {}
                _ => reader.push(&chunk[..length]),
            }
            while let Some(record) = reader.next() {
                if record.place.record < done {
                    continue;
                }
                next = record.place.record + 1;
                let offset = record.place.offset;
                delivery.push(record, origin(offset));
                if delivery.len() >= RECORDS {
                    resting = reader.resting_place().or(resting);
                    let mark = resting.map(|place| (place, next));
                    let delivery = std::mem::take(&mut delivery);
                    self.submit(delivery, file, key, mark, waiting)?;
                }
            }
            resting = reader.resting_place().or(resting);
            if length == 0 {
                break;
            }
        }
        if !delivery.is_empty() {
            let mark = resting.map(|place| (place, next));
            self.submit(delivery, file, key, mark, waiting)?;
        }
        Ok(())
    }

    fn submit(
        &self,
        mut delivery: Delivery,
        file: &mut File,
        key: &str,
        mark: Option<(Place, u64)>,
        waiting: &mut VecDeque<Committed>,
    ) -> Result<(), Stop> {
        if let Some((place, next)) = mark {
            let here = file.stream_position()?;
            let mark = Mark::new(file, place, next)?;
            file.seek(SeekFrom::Start(here))?;
            let value = serde_json::to_string(&mark).map_err(io::Error::from)?;
            delivery.checkpoint = Some((key.to_owned(), value));
        }
        if waiting.len() >= AHEAD
            && let Some(oldest) = waiting.pop_front()
        {
            wait(oldest)?;
        }
        let (tell, committed) = oneshot::channel();
        self.intake
            .submit_blocking(delivery, OnCommit::tell(tell))
            .map_err(|_| Stop::Shutdown)?;
        waiting.push_back(committed);
        Ok(())
    }
}

/// Waits until the store has it.
fn wait(committed: Committed) -> Result<(), Stop> {
    committed.blocking_recv().map_err(|_| Stop::Shutdown)
}

pub(super) fn origin(offset: u64) -> Origin {
    Origin {
        source: NAME.into(),
        offset: Some(offset),
        ..Origin::default()
    }
}
