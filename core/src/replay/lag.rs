//! How far each event is behind the newest before it.

use super::column::Column;

/// Four bytes an event as long as no event is 49 days behind.
#[derive(Debug)]
pub(super) enum Lag {
    Narrow(Column<u32>),
    Wide(Column<u64>),
}

impl Default for Lag {
    fn default() -> Lag {
        Lag::Narrow(Column::default())
    }
}

impl Lag {
    /// The next event's lag in milliseconds.
    pub fn push(&mut self, lag: u64) {
        if let Lag::Narrow(lags) = self {
            match u32::try_from(lag) {
                Ok(lag) => return lags.push(lag),
                Err(_) => {
                    let mut wide = Column::default();
                    lags.iter().for_each(|lag| wide.push(u64::from(lag)));
                    *self = Lag::Wide(wide);
                }
            }
        }
        if let Lag::Wide(lags) = self {
            lags.push(lag);
        }
    }

    /// The lag of an event in milliseconds.
    pub fn of(&self, event: u32) -> u64 {
        match self {
            Lag::Narrow(lags) => u64::from(lags[event as usize]),
            Lag::Wide(lags) => lags[event as usize],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Lag;

    #[test]
    fn a_long_lag_changes_none_before_it() {
        let mut lag = Lag::default();
        let long = u64::from(u32::MAX) + 1;
        for milliseconds in [3, u64::from(u32::MAX), long, 4] {
            lag.push(milliseconds);
        }
        let kept: Vec<u64> = (0..4).map(|event| lag.of(event)).collect();
        assert_eq!(kept, [3, u64::from(u32::MAX), long, 4]);
    }
}
