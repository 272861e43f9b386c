//! How many clients were online, as a line of steps.

use super::lanes::Raster;

/// Counts that change at some times: `LINES` of them over the same steps.
#[derive(Debug)]
pub(super) struct Counts<const LINES: usize> {
    times: Vec<u64>,
    counts: Vec<[u32; LINES]>,
}

/// Lowest and highest count of each column.
pub(super) type Bounds = (Vec<u32>, Vec<u32>);

impl<const LINES: usize> Counts<LINES> {
    pub fn new() -> Counts<LINES> {
        Counts {
            times: Vec::new(),
            counts: Vec::new(),
        }
    }

    /// Notes the counts from a time on; times must not go back.
    pub fn set(&mut self, time: u64, counts: [u32; LINES]) {
        if self.times.last() == Some(&time) {
            self.times.pop();
            self.counts.pop();
        }
        if self.counts.last().copied().unwrap_or([0; LINES]) != counts {
            self.times.push(time);
            self.counts.push(counts);
        }
    }

    /// The counts at a time.
    pub fn at(&self, time: u64) -> [u32; LINES] {
        self.after(self.times.partition_point(|step| *step <= time))
    }

    /// The counts after so many steps.
    fn after(&self, steps: usize) -> [u32; LINES] {
        steps
            .checked_sub(1)
            .map_or([0; LINES], |step| self.counts[step])
    }

    /// The bounds of each count.
    pub fn draw(&self, raster: &Raster) -> [Bounds; LINES] {
        let column = || Vec::with_capacity(raster.width);
        let mut bounds: [Bounds; LINES] = std::array::from_fn(|_| (column(), column()));
        let passed = |edge: f64| self.times.partition_point(|time| *time as f64 <= edge);
        let mut first = passed(raster.edge(0));
        for column in 0..raster.width {
            let end = raster.edge(column + 1);
            let before = |time: &u64| (*time as f64) < end;
            let steps = super::lanes::gallop(&self.times[first..], before);
            let (mut low, mut high) = (self.after(first), self.after(first));
            for counts in &self.counts[first..first + steps] {
                for (line, count) in counts.iter().enumerate() {
                    low[line] = low[line].min(*count);
                    high[line] = high[line].max(*count);
                }
            }
            for (line, (lows, highs)) in bounds.iter_mut().enumerate() {
                lows.push(low[line]);
                highs.push(high[line]);
            }
            first += steps;
            // A step right on the edge is where the next column starts.
            first += self.times[first..]
                .first()
                .map_or(0, |time| usize::from(*time as f64 <= end));
        }
        bounds
    }
}
