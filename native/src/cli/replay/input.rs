//! From files and standard input into a recording.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use indicatif::ProgressBar;
use mqtt_presence_core::event::Limits;
use mqtt_presence_core::replay::{Full, Input, Replay, Shape};

use crate::cli::failure::Failure;
use crate::cli::progress::{self, Unit};

/// Below so many bytes no progress is shown.
const LARGE: u64 = 32 << 20;

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
    let mut input = Input::new(limits, shape);
    for file in files {
        input.begin(replay, &file.to_string_lossy()).map_err(full)?;
        let mut bytes = open(file).map_err(|error| unreadable(file, &error))?;
        feed(&mut *bytes, &mut input, replay, &bar).map_err(|stop| match stop {
            Stop::Input(error) => unreadable(file, &error),
            Stop::Full(error) => full(error),
        })?;
        if let (Shape::Detected, Some(format)) = (shape, input.format()) {
            anstream::eprintln!(
                "`{}` is read as `{format}`; `--format-in events` reads it as events",
                file.display()
            );
        }
    }
    bar.finish_and_clear();
    Ok(())
}

enum Stop {
    Input(io::Error),
    Full(Full),
}

/// Pushes one file through, to its end.
fn feed(
    bytes: &mut dyn Read,
    input: &mut Input,
    replay: &mut Replay,
    bar: &ProgressBar,
) -> Result<(), Stop> {
    let mut chunk = vec![0; 1 << 17];
    loop {
        let length = match bytes.read(&mut chunk) {
            Ok(0) => break,
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(Stop::Input(error)),
        };
        input.push(replay, &chunk[..length]).map_err(Stop::Full)?;
        bar.inc(length as u64);
    }
    input.finish(replay).map_err(Stop::Full)
}

fn full(error: Full) -> Failure {
    Failure::Said(error.to_string())
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
