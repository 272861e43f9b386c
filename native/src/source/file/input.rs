//! Standard input.

use std::io::Read;

use mqtt_presence_core::event::Reader;
use tokio::sync::mpsc;

use super::ahead::Ahead;
use super::pump::{CHUNK, RECORDS, origin};
use super::{FileConfig, error};
use crate::pipeline::{Delivery, Intake};
use crate::source::{Context, Health, SourceError};

/// Reads standard input to its end. It has no checkpoint: what was not
/// committed when the service ends is gone with the pipe.
pub(super) async fn run(config: &FileConfig, context: Context) -> Result<(), SourceError> {
    context.health.send_replace(Health::Ready);
    let mut chunks = chunks();
    let mut reader = Reader::new(config.limits);
    let mut ahead = Ahead::default();
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
        let taken = submit(&mut reader, &context.intake, &mut ahead).await;
        if !taken || last {
            break;
        }
    }
    // What the pipeline gave up on at a shutdown is gone.
    let _ = ahead.committed().await;
    Ok(())
}

/// Hands over what is complete; false when nothing is taken any more.
async fn submit(reader: &mut Reader, intake: &Intake, ahead: &mut Ahead) -> bool {
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
        if ahead.submit(intake, delivery).await.is_err() {
            return false;
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
