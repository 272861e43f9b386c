//! From a file's checkpoint to its end, as deliveries.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;

use mqtt_presence_core::event::{Limits, Place, Reader};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::NAME;
use super::ahead::Ahead;
use super::mark::Mark;
use crate::pipeline::{Closed, Delivery, Intake};
use crate::store::{Origin, Store, StoreError};

/// Records in a delivery.
pub(super) const RECORDS: usize = 1000;
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

impl From<Closed> for Stop {
    fn from(_: Closed) -> Stop {
        Stop::Shutdown
    }
}

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
        let mut ahead = Ahead::default();
        let read = self.hand_over(file, key, last, &mut ahead);
        self.runtime.block_on(ahead.committed())?;
        read
    }

    /// Hands deliveries over without waiting for each.
    fn hand_over(
        &self,
        file: &mut File,
        key: &str,
        last: bool,
        ahead: &mut Ahead,
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
                    self.submit(delivery, file, key, mark, ahead)?;
                }
            }
            resting = reader.resting_place().or(resting);
            if length == 0 {
                break;
            }
        }
        if !delivery.is_empty() {
            let mark = resting.map(|place| (place, next));
            self.submit(delivery, file, key, mark, ahead)?;
        }
        Ok(())
    }

    fn submit(
        &self,
        mut delivery: Delivery,
        file: &mut File,
        key: &str,
        mark: Option<(Place, u64)>,
        ahead: &mut Ahead,
    ) -> Result<(), Stop> {
        if let Some((place, next)) = mark {
            let here = file.stream_position()?;
            let mark = Mark::new(file, place, next)?;
            file.seek(SeekFrom::Start(here))?;
            let value = serde_json::to_string(&mark).map_err(io::Error::from)?;
            delivery.checkpoint = Some((key.to_owned(), value));
        }
        self.runtime
            .block_on(ahead.submit(&self.intake, delivery))?;
        Ok(())
    }
}

pub(super) fn origin(offset: u64) -> Origin {
    Origin {
        source: NAME.into(),
        offset: Some(offset),
        ..Origin::default()
    }
}
