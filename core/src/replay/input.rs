//! From the bytes of files to a recording, whatever the files hold.

use super::{Full, Replay};
use crate::event::{Limits, Reader, Record};
use crate::lifecycle::{Format, Head, Lines, Recording};

/// Whose messages files hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shape {
    /// As the beginning of each file says: events, an AWS, EMQX or Mosquitto
    /// recording, or messages of any broker as `mosquitto_sub -F %j` prints
    /// them. Up to 128 KiB are held back until that is clear.
    #[default]
    Detected,
    /// Events, whatever they look like.
    Events,
    /// A broker's own messages.
    Of(Format),
}

/// Reads files one after another into a [`Replay`].
///
/// The records do not depend on how the bytes were cut; their numbers run on
/// from file to file, lines and offsets start anew.
///
/// ```
/// use mqtt_presence_core::event::Limits;
/// use mqtt_presence_core::lifecycle::Format;
/// use mqtt_presence_core::replay::{Input, Options, Replay, Shape};
///
/// let mut replay = Replay::new(Options::default());
/// let mut input = Input::new(Limits::default(), Shape::Detected);
/// input.begin(&mut replay, "mosquitto.log")?;
/// input.push(&mut replay, b"1700000000: New client connected from 10.0.0.1:5 as ")?;
/// input.push(&mut replay, b"dev1 (p2, c1, k60).\n")?;
/// input.finish(&mut replay)?;
/// assert_eq!(input.format(), Some(Format::Mosquitto));
/// assert_eq!(replay.records(), 1);
/// # Ok::<(), mqtt_presence_core::replay::Full>(())
/// ```
#[derive(Debug)]
pub struct Input {
    limits: Limits,
    shape: Shape,
    /// Number of the file, once there is one.
    file: Option<usize>,
    format: Option<Format>,
    reading: Reading,
}

/// How the bytes of the file are read.
#[derive(Debug)]
enum Reading {
    /// Not at all: no file has begun, or the last one has ended.
    Nothing,
    /// It is not clear yet.
    Head(Box<Head>),
    Events(Box<Reader>),
    Objects(Box<Reader>, Recording),
    Log(Lines, Recording),
}

impl Input {
    /// Nothing read yet.
    pub fn new(limits: Limits, shape: Shape) -> Input {
        Input {
            limits,
            shape,
            file: None,
            format: None,
            reading: Reading::Nothing,
        }
    }

    /// Begins a further file; the one before ends here, if
    /// [`finish`](Input::finish) has not said so already.
    ///
    /// # Errors
    /// As of [`Replay::push`].
    pub fn begin(&mut self, replay: &mut Replay, name: &str) -> Result<(), Full> {
        self.finish(replay)?;
        self.file = Some(replay.add_file(name));
        self.start(replay);
        Ok(())
    }

    /// The file's next bytes, cut anywhere. After [`finish`](Input::finish)
    /// they are those of a further file of the same name, and before any file
    /// those of one without a name.
    ///
    /// # Errors
    /// As of [`Replay::push`].
    pub fn push(&mut self, replay: &mut Replay, bytes: &[u8]) -> Result<(), Full> {
        if bytes.is_empty() {
            return Ok(());
        }
        if matches!(self.reading, Reading::Nothing) {
            self.file.get_or_insert_with(|| replay.add_file(""));
            self.start(replay);
        }
        let Reading::Head(head) = &mut self.reading else {
            return self.feed(replay, bytes);
        };
        let rest = head.push(bytes);
        match head.verdict(false) {
            None => Ok(()),
            Some(format) => {
                self.decide(replay, format)?;
                self.feed(replay, rest)
            }
        }
    }

    /// Says that the file ends here.
    ///
    /// # Errors
    /// As of [`Replay::push`].
    pub fn finish(&mut self, replay: &mut Replay) -> Result<(), Full> {
        if let Reading::Head(head) = &mut self.reading {
            let format = head.verdict(true).flatten();
            self.decide(replay, format)?;
        }
        let file = self.file.unwrap_or_default();
        match &mut self.reading {
            Reading::Events(reader) | Reading::Objects(reader, _) => reader.finish(),
            Reading::Log(lines, recording) => {
                lines.finish(|place, line| take(replay, recording.line(place, line), file))?;
            }
            Reading::Nothing | Reading::Head(_) => {}
        }
        self.feed(replay, b"")?;
        self.reading = Reading::Nothing;
        Ok(())
    }

    /// Leaves the file as it is: what was pushed of its last record is no record.
    pub fn abandon(&mut self) {
        self.file = None;
        self.reading = Reading::Nothing;
    }

    /// Whose messages the file holds that was begun last, as far as that is
    /// clear; `None` for events.
    pub fn format(&self) -> Option<Format> {
        self.format
    }

    fn start(&mut self, replay: &Replay) {
        match self.shape {
            Shape::Detected => {
                self.format = None;
                self.reading = Reading::Head(Box::new(Head::new()));
            }
            Shape::Events => self.read_as(replay, None),
            Shape::Of(format) => self.read_as(replay, Some(format)),
        }
    }

    fn read_as(&mut self, replay: &Replay, format: Option<Format>) {
        let reader = || Box::new(Reader::with_first_record(self.limits, replay.records() + 1));
        self.format = format;
        self.reading = match format {
            None => Reading::Events(reader()),
            Some(Format::Mosquitto) => {
                Reading::Log(Lines::default(), Recording::new(Format::Mosquitto))
            }
            Some(format) => Reading::Objects(reader(), Recording::new(format)),
        };
    }

    /// Goes on with what the head held back.
    fn decide(&mut self, replay: &mut Replay, format: Option<Format>) -> Result<(), Full> {
        let Reading::Head(head) = std::mem::replace(&mut self.reading, Reading::Nothing) else {
            return Ok(());
        };
        self.read_as(replay, format);
        self.feed(replay, &head.into_bytes())
    }

    fn feed(&mut self, replay: &mut Replay, bytes: &[u8]) -> Result<(), Full> {
        let file = self.file.unwrap_or_default();
        match &mut self.reading {
            Reading::Events(reader) => {
                reader.push(bytes);
                replay.drain(reader, file)
            }
            Reading::Objects(reader, recording) => {
                reader.push(bytes);
                while let Some(record) = reader.next() {
                    take(replay, recording.object(record), file)?;
                }
                Ok(())
            }
            Reading::Log(lines, recording) => lines.push(bytes, |place, line| {
                take(replay, recording.line(place, line), file)
            }),
            Reading::Nothing | Reading::Head(_) => Ok(()),
        }
    }
}

/// A message may mean no record or several: numbers count what it means.
fn take(replay: &mut Replay, records: Vec<Record>, file: usize) -> Result<(), Full> {
    for mut record in records {
        record.place.record = replay.records() + 1;
        replay.push(record, file)?;
    }
    Ok(())
}
