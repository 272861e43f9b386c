//! From files and standard input into a recording.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use indicatif::ProgressBar;
use mqtt_presence_core::replay::{Replay, Shape};

use super::fill::{Filling, Told};
use crate::cli::failure::Failure;
use crate::cli::progress::{self, Unit};

/// Below so many bytes no progress is shown.
const LARGE: u64 = 32 << 20;

/// Below so many bytes a thread costs more than it saves.
const SMALL: u64 = 1 << 20;

/// Bytes that are read at once.
const CHUNK: usize = 1 << 17;

/// Reads all files in their order, into one shard a thread.
pub(super) fn read(
    files: &[PathBuf],
    filling: &Filling,
    threads: u32,
) -> Result<Vec<Replay>, Failure> {
    if files.iter().filter(|file| is_standard_input(file)).count() > 1 {
        return Err(Failure::Said(
            "standard input (`-`) can be read only once".to_owned(),
        ));
    }
    let total = total(files);
    let bar = progress::bar(Unit::Bytes, total, LARGE);
    let small = total.is_some_and(|total| total < SMALL);
    let shards = if small { 1 } else { threads };
    let (read, filled) = filling.side_by_side(shards, |tell| tell_all(files, tell, &bar));
    bar.finish_and_clear();
    for (file, format) in files.iter().zip(filled.formats) {
        if let (Shape::Detected, Some(format)) = (filling.shape, format) {
            anstream::eprintln!(
                "`{}` is read as `{format}`; `--format-in events` reads it as events",
                file.display()
            );
        }
    }
    // A shard that is full is so by bytes before those that could not be read.
    let shards = filled.shards;
    let shards = shards.map_err(|full| Failure::Said(full.to_string()))?;
    read.map(|()| shards)
}

/// Tells what is in the files, until nobody listens.
fn tell_all(
    files: &[PathBuf],
    tell: &dyn Fn(Told) -> bool,
    bar: &ProgressBar,
) -> Result<(), Failure> {
    for file in files {
        if !tell(Told::File(file.to_string_lossy().into_owned())) {
            break;
        }
        let told = open(file).and_then(|mut bytes| tell_bytes(&mut *bytes, tell, bar));
        told.map_err(|error| Failure::Said(format!("cannot read `{}`: {error}", file.display())))?;
    }
    Ok(())
}

/// Tells one file's bytes and its end.
fn tell_bytes(
    bytes: &mut dyn Read,
    tell: &dyn Fn(Told) -> bool,
    bar: &ProgressBar,
) -> io::Result<()> {
    loop {
        let mut chunk = vec![0; CHUNK];
        let length = match bytes.read(&mut chunk) {
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        chunk.truncate(length);
        let told = match length {
            0 => Told::End,
            _ => Told::Bytes(chunk.into()),
        };
        if !tell(told) || length == 0 {
            return Ok(());
        }
        bar.inc(length as u64);
    }
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
