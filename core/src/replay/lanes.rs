//! Lanes at the resolution of a screen.

use super::timeline::{LaneState, Step, Timeline};

/// A range of time cut into columns. All times are milliseconds since 1970,
/// fractions allowed: a column may be shorter than a millisecond.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Raster {
    /// Start of the first column.
    pub from: f64,
    /// End of the last column, which does not belong to it.
    pub to: f64,
    /// How many columns.
    pub width: usize,
}

impl Raster {
    /// Where a column starts; the one after the last is the end.
    pub(super) fn edge(&self, column: usize) -> f64 {
        self.from + (self.to - self.from) * column as f64 / self.width as f64
    }

    /// The first whole millisecond at or after the start of a column.
    pub(super) fn whole(&self, column: usize) -> u64 {
        // Negative and not a number become 0.
        self.edge(column).ceil() as u64
    }
}

/// Columns of several lanes, lane after lane.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lanes {
    /// [`LaneState`] of what was so.
    pub actual: Vec<u8>,
    /// [`LaneState`] of what was believed.
    pub believed: Vec<u8>,
    /// Share of the column in which `actual` is online, 0 to 255; at least 1
    /// where there is any.
    pub fill: Vec<u8>,
    /// Events of the column, 65,535 for more.
    pub count: Vec<u16>,
    /// [`bit`](super::AnomalyKind::bit)s of the column's anomalies.
    pub anomalies: Vec<u16>,
}

impl Lanes {
    /// Appends the lane of a client.
    pub(super) fn draw(&mut self, timeline: &Timeline, raster: &Raster) {
        let (mut actual, mut believed) = (Pointer::new(), Pointer::new());
        let (mut event, mut mark) = (0, 0);
        let (times, marks) = (&timeline.times, &timeline.marks);
        event += gallop(&times[event..], |time| *time < raster.whole(0));
        mark += gallop(&marks[mark..], |(time, _)| *time < raster.whole(0));
        let mut online = online_until(timeline, raster.edge(0), &mut Pointer::new());
        let mut online_pointer = Pointer::new();
        for column in 0..raster.width {
            let (start, end) = (raster.edge(column), raster.edge(column + 1));
            let whole_end = raster.whole(column + 1);
            let state = actual.over(&timeline.actual, start, end);
            self.actual.push(state as u8);
            self.believed
                .push(believed.over(&timeline.believed, start, end) as u8);
            let until = online_until(timeline, end, &mut online_pointer);
            self.fill.push(match state {
                LaneState::Online => u8::MAX,
                LaneState::Mixed => share(until - online, end - start),
                _ => 0,
            });
            online = until;
            let events = gallop(&times[event..], |time| *time < whole_end);
            self.count.push(u16::try_from(events).unwrap_or(u16::MAX));
            event += events;
            let found = gallop(&marks[mark..], |(time, _)| *time < whole_end);
            let bits = marks[mark..mark + found].iter().map(|(_, bit)| bit);
            self.anomalies
                .push(bits.fold(0, |all, bit| all | *bit as u16));
            mark += found;
        }
    }
}

/// 0 only for nothing, 255 only for everything.
fn share(part: f64, whole: f64) -> u8 {
    if part <= 0.0 {
        0
    } else {
        (part / whole * 255.0).clamp(1.0, 255.0) as u8
    }
}

/// Milliseconds online from the beginning up to a time.
fn online_until(timeline: &Timeline, time: f64, pointer: &mut Pointer) -> f64 {
    let steps = &timeline.actual;
    pointer.pass(steps, time);
    let Some(step) = pointer.passed.checked_sub(1) else {
        return 0.0;
    };
    let before = timeline.online_before[step] as f64;
    match steps[step].state {
        LaneState::Online => before + (time - steps[step].time as f64),
        _ => before,
    }
}

/// Goes along the steps of a line from column to column.
struct Pointer {
    /// Steps at or before the last edge.
    passed: usize,
}

impl Pointer {
    fn new() -> Pointer {
        Pointer { passed: 0 }
    }

    fn pass(&mut self, steps: &[Step], edge: f64) {
        self.passed += gallop(&steps[self.passed..], |step| step.time as f64 <= edge);
    }

    /// The state over a column; columns must be asked for in their order.
    fn over(&mut self, steps: &[Step], start: f64, end: f64) -> LaneState {
        self.pass(steps, start);
        let state = self
            .passed
            .checked_sub(1)
            .map_or(LaneState::Unknown, |step| steps[step].state);
        match steps.get(self.passed) {
            Some(next) if (next.time as f64) < end => LaneState::Mixed,
            _ => state,
        }
    }
}

/// How many leading items pass; cheap where few do, which is so from column to column.
pub(super) fn gallop<T>(items: &[T], passes: impl Fn(&T) -> bool) -> usize {
    let mut bound = 1;
    while bound <= items.len() && passes(&items[bound - 1]) {
        bound *= 2;
    }
    let low = bound / 2;
    low + items[low..(bound - 1).min(items.len()).max(low)].partition_point(passes)
}

#[cfg(test)]
mod tests {
    use super::gallop;

    #[test]
    fn galloping_counts_what_passes() {
        for length in 0..20 {
            let items: Vec<usize> = (0..length).collect();
            for bound in 0..22 {
                assert_eq!(gallop(&items, |item| *item < bound), bound.min(length));
            }
        }
    }
}
