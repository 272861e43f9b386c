//! From files and standard input into a recording.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use indicatif::ProgressBar;
use mqtt_presence_core::event::{Limits, Reader};
use mqtt_presence_core::lifecycle::{Format, Recording, detect};
use mqtt_presence_core::replay::Replay;

use super::log;
use crate::cli::failure::Failure;
use crate::cli::progress::{self, Unit};

/// Below so many bytes no progress is shown.
const LARGE: u64 = 32 << 20;

/// So many bytes say whose recording it is.
const HEAD: u64 = 1 << 17;

/// Whose messages the files hold.
#[derive(Clone, Copy, Debug)]
pub(super) enum Shape {
    /// As each file's beginning says.
    Detected,
    /// Events, whatever they look like.
    Events,
    /// A broker's own.
    Of(Format),
}

/// Reads all files in their order.
pub(super) fn read(
    files: &[PathBuf],
    shape: Shape,
    limits: Limits,
    replay: &mut Replay,
) -> Result<(), Failure> {
    if files.iter().filter(|file| is_standard_input(file)).count() > 1 {
        return Err(Failure::Said(
            "standard input (`-`) can be read only once".to_owned(),
        ));
    }
    let bar = progress::bar(Unit::Bytes, total(files), LARGE);
    let mut reader = Reader::new(limits);
    // Numbers run on over all files; the reader does not count those of logs.
    let (mut last, mut logged) = (0, 0);
    for (number, file) in files.iter().enumerate() {
        if number > 0 {
            reader.next_file();
        }
        let index = replay.add_file(&file.to_string_lossy());
        let mut input = open(file).map_err(|error| unreadable(file, &error))?;
        let mut head = Vec::new();
        let format = match shape {
            Shape::Events => None,
            Shape::Of(format) => Some(format),
            Shape::Detected => {
                let begin = input.by_ref().take(HEAD).read_to_end(&mut head);
                begin.map_err(|error| unreadable(file, &error))?;
                let found = detect(&head);
                if let Some(format) = found {
                    anstream::eprintln!(
                        "`{}` is read as `{format}`; `--format-in events` reads it as events",
                        file.display()
                    );
                }
                found
            }
        };
        let mut input: Box<dyn Read> = Box::new(io::Cursor::new(head).chain(input));
        if format == Some(Format::Mosquitto) {
            let end = log::read(&mut *input, last, index, replay).map_err(|stop| match stop {
                log::Stop::Input(error) => unreadable(file, &error),
                log::Stop::Full(full) => Failure::Said(full.to_string()),
            })?;
            logged += end - last;
            last = end;
            continue;
        }
        let mut recording = format.map(Recording::new);
        feed(&mut *input, &mut reader, &bar, &mut |reader| {
            while let Some(mut record) = reader.next() {
                record.place.record += logged;
                last = record.place.record;
                if let Some(recording) = &mut recording {
                    record = recording.object(record);
                }
                replay
                    .push(record, index)
                    .map_err(|full| Failure::Said(full.to_string()))?;
            }
            Ok(())
        })
        .map_err(|stop| match stop {
            Stop::Input(error) => unreadable(file, &error),
            Stop::Failure(failure) => failure,
        })?;
    }
    bar.finish_and_clear();
    Ok(())
}

enum Stop {
    Input(io::Error),
    Failure(Failure),
}

/// Pushes one input through the reader, to its end.
fn feed(
    input: &mut dyn Read,
    reader: &mut Reader,
    bar: &ProgressBar,
    take: &mut dyn FnMut(&mut Reader) -> Result<(), Failure>,
) -> Result<(), Stop> {
    let mut chunk = vec![0; 1 << 17];
    loop {
        let length = match input.read(&mut chunk) {
            Ok(0) => break,
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(Stop::Input(error)),
        };
        reader.push(&chunk[..length]);
        take(reader).map_err(Stop::Failure)?;
        bar.inc(length as u64);
    }
    reader.finish();
    take(reader).map_err(Stop::Failure)
}

fn is_standard_input(file: &Path) -> bool {
    file.as_os_str() == "-"
}

fn open(file: &Path) -> io::Result<Box<dyn Read>> {
    if is_standard_input(file) {
        Ok(Box::new(io::stdin().lock()))
    } else {
        Ok(Box::new(File::open(file)?))
    }
}

/// `None` when an input does not say how long it is.
fn total(files: &[PathBuf]) -> Option<u64> {
    files
        .iter()
        .map(|file| {
            let metadata = std::fs::metadata(file).ok()?;
            metadata.is_file().then_some(metadata.len())
        })
        .sum()
}

fn unreadable(file: &Path, error: &io::Error) -> Failure {
    Failure::Said(format!("cannot read `{}`: {error}", file.display()))
}
