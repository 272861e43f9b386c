//! All events of a recording, kept to be looked at along two axes: what a
//! consumer believed after n records, and what was so at a time.
//!
//! Name the files, push the records of a [`crate::event::Reader`], ask:
//!
//! ```text
//! add_file(name) → push(record, file) … → report(view), believed(n), actual(t)
//! ```
//!
//! ```
//! use mqtt_presence_core::event::{Limits, read_all};
//! use mqtt_presence_core::presence::Status;
//! use mqtt_presence_core::replay::{AnomalyKind, Options, Replay, View};
//!
//! let input = br#"[{"clientId":"a","channelId":"c1","eventType":"tcpclean","time":2000},
//!     {"clientId":"a","channelId":"c1","eventType":"connect","time":1000}]"#;
//! let mut replay = Replay::new(Options::default());
//! let file = replay.add_file("events.json");
//! for record in read_all(input, Limits::default()) {
//!     replay.push(record, file)?;
//! }
//! // The client was online for a second, and no consumer ever believed it.
//! assert_eq!(replay.actual(1_500).of("a"), Status::Online);
//! assert_eq!(replay.believed(1).of("a"), Status::Offline);
//! assert_eq!(replay.believed(2).of("a"), Status::Offline);
//! let report = replay.report(View::Whole);
//! assert_eq!(report.clients[0].anomalies[0].kind, AnomalyKind::OutOfOrder);
//! # Ok::<(), mqtt_presence_core::replay::Full>(())
//! ```
//!
//! Events lie in columns with numbers for strings, about 40 bytes an event
//! beside the strings. The joined state is 12 bytes a channel and is the same
//! thing on both axes, so a copy of it every so many events is all that a
//! faster seek needs. Replay never forgets, and knows no lease.

use std::fmt;
use std::sync::OnceLock;

use crate::event::{Place, Plain, Reader, Record, Rejected};
use crate::presence;

mod actual;
mod address;
mod anomaly;
mod answer;
mod bars;
mod believed;
mod column;
mod columns;
mod counts;
mod drawn;
mod entry;
mod export;
mod index;
mod input;
mod inspect;
mod intern;
mod joined;
mod lag;
mod lanes;
mod line;
mod merged;
mod offenders;
mod order;
mod overview;
mod places;
mod report;
mod rows;
mod scene;
mod shard;
mod survey;
mod timeline;
mod totals;

pub use anomaly::Kind as AnomalyKind;
pub use answer::Answers;
pub use bars::Bars;
pub use entry::EventEntry;
pub use input::{Input, Shape};
pub use inspect::{Explanation, InspectedChannel, Inspection, SlotEntry};
pub use lanes::{Lanes, Raster};
pub use merged::Merged;
pub use offenders::{Anomaly, AnomalySummary};
pub use order::{ClientFilter, Sort};
pub use overview::{Cursor, Overview, Standing};
pub use report::{AnomalyEntry, ChannelEntry, ClientEntry, ErrorEntry, FactEntry, Report, Summary};
pub use rows::{EventFilter, Rows};
pub use timeline::LaneState;
pub use totals::Totals;

use columns::Columns;
use drawn::Drawn;
use index::Index;
use rows::Selected;
use shard::Shard;
use survey::Survey;

/// How a recording is evaluated. All times are milliseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The rule: `closing` and `takeover` count. Replay keeps everything and
    /// has no present, so `retention` and `lease` do not.
    pub rule: presence::Options,
    /// So many transitions of one client within `flap_window` are flapping;
    /// at least 1. Default 5.
    pub flap_count: usize,
    /// Default 60,000.
    pub flap_window: u64,
    /// An event further than this behind the newest before it is late. Default 60,000.
    pub late_after: u64,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            rule: presence::Options::default(),
            flap_count: 5,
            flap_window: 60_000,
            late_after: 60_000,
        }
    }
}

/// Which part of a recording an answer is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// Everything.
    Whole,
    /// The first so many records in arrival order, rejected ones too.
    After(u64),
    /// The state at this event time, in milliseconds since 1970, from all records.
    At(u64),
}

/// More records, lines or different texts than a replay can number: 4,294,967,293.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

impl fmt::Display for Full {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "a replay holds at most 4,294,967,293 records, lines and different texts; \
             replay the files one by one",
        )
    }
}

impl std::error::Error for Full {}

/// A recording.
#[derive(Debug)]
pub struct Replay {
    options: Options,
    shard: Shard,
    /// How many records were pushed, other shards' too.
    records: u64,
    columns: Columns,
    rejections: Vec<Rejection>,
    files: Vec<String>,
    /// First record and file of each stretch of records from one file.
    stretches: Vec<(u64, usize)>,
    index: OnceLock<Index>,
    /// The last survey that is complete, and the one that is on its way.
    surveyed: Option<Box<Survey>>,
    surveying: Option<Box<Survey>>,
    drawn: Drawn,
    selected: Selected,
    by_name: Vec<u32>,
}

/// What stays of a rejected record.
#[derive(Debug)]
struct Rejection {
    place: Place,
    code: crate::event::Code,
    field: Option<String>,
    message: String,
}

impl Replay {
    /// An empty recording.
    pub fn new(options: Options) -> Replay {
        Replay::of(Shard::WHOLE, options)
    }

    /// One of `shards` recordings, the `number`th from 0, that divide the
    /// clients among them. Push every record to each of them: it counts all,
    /// keeps the events of its own clients, and answers for those alone;
    /// rejected records are the first's. [`Merged`] is the report of all.
    ///
    /// ```
    /// use mqtt_presence_core::event::Limits;
    /// use mqtt_presence_core::replay::{Input, Merged, Options, Replay, Shape, View};
    ///
    /// let input = br#"{"clientId":"a","channelId":"c1","eventType":"connect","time":1000}
    ///     {"clientId":"b","channelId":"c2","eventType":"connect","time":2000}"#;
    /// let shards = [0, 1].map(|number| {
    ///     let mut shard = Replay::shard(Options::default(), number, 2);
    ///     let mut reading = Input::new(Limits::default(), Shape::Detected);
    ///     reading.push(&mut shard, input).unwrap();
    ///     reading.finish(&mut shard).unwrap();
    ///     shard
    /// });
    /// let reports = shards.each_ref().map(|shard| shard.report(View::Whole));
    /// let merged = Merged::new(&reports);
    /// assert_eq!(merged.summary.online, 2);
    /// assert_eq!(merged.clients[0].client_id, "a");
    /// ```
    ///
    /// # Panics
    /// Unless `number` is below `shards`.
    pub fn shard(options: Options, number: u32, shards: u32) -> Replay {
        Replay::of(Shard::new(number, shards), options)
    }

    fn of(shard: Shard, options: Options) -> Replay {
        Replay {
            options: of_replay(options),
            shard,
            records: 0,
            columns: Columns::default(),
            rejections: Vec::new(),
            files: Vec::new(),
            stretches: Vec::new(),
            index: OnceLock::new(),
            surveyed: None,
            surveying: None,
            drawn: Drawn::default(),
            selected: Selected::default(),
            by_name: Vec::new(),
        }
    }

    /// Names a further file; the number goes with each of its records.
    pub fn add_file(&mut self, name: &str) -> usize {
        self.files.push(name.to_owned());
        self.files.len() - 1
    }

    /// Takes the next record. Record numbers must grow from call to call, as
    /// those of one [`crate::event::Reader`] do.
    ///
    /// # Errors
    /// [`Full`] beyond 4,294,967,293 records; the recording stays as it was.
    pub fn push(&mut self, record: Record, file: usize) -> Result<(), Full> {
        let place = record.place;
        match record.outcome {
            Ok(event) => {
                self.keep(&Plain::from(&event), event.extra.as_deref(), &place)?;
            }
            Err(rejected) if self.shard.keeps_rejections() => {
                let Rejected {
                    code,
                    field,
                    message,
                    ..
                } = *rejected;
                self.rejections.push(Rejection {
                    place,
                    code,
                    field,
                    message,
                });
            }
            Err(_) => {}
        }
        self.took(place, file);
        Ok(())
    }

    /// Takes every record that the reader has complete, as by
    /// [`push`](Replay::push), and faster.
    ///
    /// # Errors
    /// As of [`push`](Replay::push).
    pub fn drain(&mut self, reader: &mut Reader, file: usize) -> Result<(), Full> {
        loop {
            while let Some((place, plain)) = reader.next_plain() {
                self.keep(&plain, None, &place)?;
                self.took(place, file);
            }
            match reader.next() {
                Some(record) => self.push(record, file)?,
                None => return Ok(()),
            }
        }
    }

    /// Appends an event, if its client is one of this shard's.
    fn keep(&mut self, event: &Plain<'_>, extra: Option<&str>, place: &Place) -> Result<(), Full> {
        if self.shard.keeps(event.client_id) {
            self.columns.push(event, extra, place)
        } else {
            self.columns.pass(event.time, place)
        }
    }

    /// Counts a record that was taken, and notes its file.
    fn took(&mut self, place: Place, file: usize) {
        self.records += 1;
        if self.stretches.last().is_none_or(|(_, last)| *last != file) {
            self.stretches.push((place.record, file));
        }
        self.index.take();
    }

    /// How many records were pushed, rejected ones too.
    pub fn records(&self) -> u64 {
        self.records
    }

    /// How the recording is evaluated.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Evaluates it otherwise from now on.
    pub fn set_options(&mut self, options: Options) {
        self.options = of_replay(options);
        self.surveyed = None;
        self.surveying = None;
        self.drawn.clear();
        self.selected = Selected::default();
    }

    /// Goes on with the survey of all clients until about so many events have
    /// been seen; true once everything that was pushed is surveyed. Counts,
    /// order and anomalies are as of the last survey that was completed.
    pub fn survey(&mut self, events: u32) -> bool {
        let (columns, options) = (&self.columns, &self.options);
        let everything = |survey: &Survey| survey.covers == columns.len();
        if self.surveyed.as_deref().is_some_and(everything) {
            return true;
        }
        let mut survey = match self.surveying.take() {
            Some(survey) => survey,
            None => Box::new(Survey::new(columns)),
        };
        if survey.advance(columns, options, events) {
            let done = everything(&survey);
            self.surveyed = Some(survey);
            // Rows show what the survey found.
            self.selected = Selected::default();
            return done;
        }
        self.surveying = Some(survey);
        false
    }

    /// Whether a survey is worth its time while the recording still grows: one
    /// is on its way, or there is four times as much as the last one saw.
    pub fn survey_due(&self) -> bool {
        let seen = self.surveyed.as_deref().map_or(0, |survey| survey.covers);
        self.surveying.is_some() || (seen < self.columns.len() && seen <= self.columns.len() / 4)
    }

    fn surveyed(&self) -> Option<&Survey> {
        self.surveyed.as_deref()
    }

    fn index(&self) -> &Index {
        self.index.get_or_init(|| Index::new(&self.columns))
    }

    /// The file of a record, where more than one was given.
    fn file(&self, record: u64) -> Option<&str> {
        if self.files.len() < 2 {
            return None;
        }
        let after = self
            .stretches
            .partition_point(|(first, _)| *first <= record);
        let (_, file) = self.stretches.get(after.checked_sub(1)?)?;
        self.files.get(*file).map(String::as_str)
    }
}

/// Replay knows no lease and forgets nothing.
fn of_replay(mut options: Options) -> Options {
    options.rule.lease = None;
    options.rule.retention = u64::MAX;
    options.flap_count = options.flap_count.max(1);
    options
}
