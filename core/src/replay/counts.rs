//! How many clients were online, as a line of steps.

use super::lanes::Raster;

/// A count that changes at some times.
#[derive(Debug, Default)]
pub(super) struct Counts {
    times: Vec<u64>,
    counts: Vec<u32>,
}

impl Counts {
    /// Notes the count from a time on; times must not go back.
    pub fn set(&mut self, time: u64, count: u32) {
        if self.times.last() == Some(&time) {
            self.times.pop();
            self.counts.pop();
        }
        if self.counts.last().copied().unwrap_or(0) != count {
            self.times.push(time);
            self.counts.push(count);
        }
    }

    /// The count at a time.
    pub fn at(&self, time: u64) -> u32 {
        let after = self.times.partition_point(|step| *step <= time);
        after.checked_sub(1).map_or(0, |step| self.counts[step])
    }

    /// Lowest and highest count of each column.
    pub fn draw(&self, raster: &Raster) -> (Vec<u32>, Vec<u32>) {
        let mut lows = Vec::with_capacity(raster.width);
        let mut highs = Vec::with_capacity(raster.width);
        let passed = |edge: f64| self.times.partition_point(|time| *time as f64 <= edge);
        let mut first = passed(raster.edge(0));
        for column in 0..raster.width {
            let end = raster.edge(column + 1);
            let before = |time: &u64| (*time as f64) < end;
            let steps = super::lanes::gallop(&self.times[first..], before);
            let at_start = first.checked_sub(1).map_or(0, |step| self.counts[step]);
            let within = &self.counts[first..first + steps];
            let (low, high) = within
                .iter()
                .fold((at_start, at_start), |(low, high), count| {
                    (low.min(*count), high.max(*count))
                });
            lows.push(low);
            highs.push(high);
            first += steps;
            // A step right on the edge is where the next column starts.
            first += self.times[first..]
                .first()
                .map_or(0, |time| usize::from(*time as f64 <= end));
        }
        (lows, highs)
    }
}
