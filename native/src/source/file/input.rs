//! Standard input.

use std::collections::VecDeque;
use std::io::Read;

use mqtt_presence_core::event::Reader;
use tokio::sync::mpsc;

use super::pump::{AHEAD, CHUNK, Committed, RECORDS, origin};
use super::{FileConfig, error};
use crate::pipeline::{Delivery, Intake};
use crate::source::{Context, Health, SourceError};

/// Reads standard input to its end. It has no checkpoint: what was not
/// committed when the service ends is gone with the pipe.
pub(super) async fn run(config: &FileConfig, context: Context) -> Result<(), SourceError> {
    context.health.send_replace(Health::Ready);
    let mut chunks = chunks();
    let mut reader = Reader::new(config.limits);
    let mut waiting = VecDeque::new();
    loop {
        let chunk = tokio::select! {
            chunk = chunks.recv() => chunk,
            () = context.shutdown.cancelled() => return Ok(()),
        };
        let last = chunk.is_none();
        match chunk {
            None => reader.finish(),
            Some(Ok(bytes)) => reader.push(&bytes),
            Some(Err(failed)) => {
                return Err(error(format!("reading standard input failed: {failed}")));
            }
        }
        let taken = submit(&mut reader, &context.intake, &mut waiting).await;
        if !taken || last {
            break;
        }
    }
    for committed in waiting {
        // What the pipeline gave up on at a shutdown is gone.
        let _ = committed.await;
    }
    Ok(())
}

/// Hands over what is complete; false when nothing is taken any more.
async fn submit(reader: &mut Reader, intake: &Intake, waiting: &mut VecDeque<Committed>) -> bool {
    loop {
        let mut delivery = Delivery::default();
        while delivery.len() < RECORDS
            && let Some(record) = reader.next()
        {
            let offset = record.place.offset;
            delivery.push(record, origin(offset));
        }
        if delivery.is_empty() {
            return true;
        }
        if waiting.len() >= AHEAD
            && let Some(oldest) = waiting.pop_front()
            && oldest.await.is_err()
        {
            return false;
        }
        match intake.submit(delivery).await {
            Ok(committed) => waiting.push_back(committed),
            Err(_) => return false,
        }
    }
}

/// A thread reads, because a read of standard input cannot be broken off; it
/// ends with the process.
fn chunks() -> mpsc::Receiver<std::io::Result<Vec<u8>>> {
    let (sender, receiver) = mpsc::channel(2);
    std::thread::spawn(move || {
        let mut input = std::io::stdin().lock();
        let mut buffer = vec![0; CHUNK];
        loop {
            let chunk = match input.read(&mut buffer) {
                Ok(0) => return,
                Ok(length) => Ok(buffer[..length].to_vec()),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => Err(error),
            };
            let failed = chunk.is_err();
            if sender.blocking_send(chunk).is_err() || failed {
                return;
            }
        }
    });
    receiver
}
