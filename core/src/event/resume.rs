//! Going on in the middle of an input.

use super::place::Cursor;
use super::reader::Mode;
use super::{Limits, Place, Reader};

impl Reader {
    /// Where another reader can go on: what has been given out ends before
    /// this place, and [`resume_at`](Reader::resume_at) there gives the rest, record
    /// for record. `None` within an array, a record, a run of text or a line.
    pub fn resting_place(&self) -> Option<Place> {
        let between = self.nothing_ready() && self.array.is_none() && self.run.is_none();
        let rests = match self.mode {
            Mode::Start | Mode::Object => true,
            Mode::Gap => self.line_clear,
            _ => false,
        };
        (between && rests).then(|| self.here.place(self.next_record()))
    }

    /// A reader of a file from this place on. Feed it the bytes from
    /// `place.offset`.
    pub fn resume_at(limits: Limits, place: Place) -> Reader {
        let mut reader = Reader::with_first_record(limits, place.record);
        if place.offset > 0 {
            reader.here = Cursor::at(place);
            // Only the beginning of a file says how it is encoded.
            reader.mode = Mode::Gap;
        }
        reader
    }
}
