//! Whether Mosquitto has restarted, by what it says of its uptime.

/// Where it says so, every 10 s unless its `sys_interval` says otherwise.
pub(super) const TOPIC: &str = "$SYS/broker/uptime";
/// It counts whole seconds, so one start is told with so much difference,
const COUNTING: u64 = 1_000;
/// and with some more where a message was held up.
const SLACK: u64 = 2_000;

/// When the broker has started, as far as one knows. In milliseconds since
/// 1970, by this machine's clock.
#[derive(Debug, Default)]
pub(super) struct Uptime {
    started: Option<u64>,
    /// When the connection to it broke, if it was since the last message.
    pub broken: Option<u64>,
}

impl Uptime {
    /// As a bridge before this one knew it.
    pub fn known(started: Option<u64>) -> Uptime {
        Uptime {
            started,
            broken: None,
        }
    }

    pub fn started(&self) -> Option<u64> {
        self.started
    }

    /// Takes a message that was just heard. Where it speaks of another start
    /// than before, every channel from before this time has ended.
    pub fn hear(&mut self, message: &[u8], now: u64) -> Option<u64> {
        let seconds = std::str::from_utf8(message)
            .ok()
            .and_then(|text| text.strip_suffix(" seconds")?.parse::<u64>().ok())?;
        let started = now.saturating_sub(seconds.saturating_mul(1_000));
        let broken = self.broken.take();
        // The same start, even if the broker's clock is not this one. Where the
        // connection broke, the broker may have restarted soon after a start.
        let slack = broken.map_or(SLACK, |_| COUNTING);
        let before = self.started.replace(started);
        if before.is_some_and(|before| started <= before + slack) {
            return None;
        }
        // Channels carry whole seconds. When the connection broke at the
        // restart, what began before the break is gone; otherwise allow for the counting.
        Some(match broken {
            Some(broken) if broken <= started + SLACK => broken / 1_000 * 1_000,
            _ => started.saturating_sub(SLACK),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: u64 = 1_700_000_000_000;

    fn told(uptime: &mut Uptime, seconds: u64, now: u64) -> Option<u64> {
        uptime.hear(format!("{seconds} seconds").as_bytes(), START + now)
    }

    #[test]
    fn a_later_start_is_a_restart() {
        let mut uptime = Uptime::known(Some(START));
        assert_eq!(told(&mut uptime, 10, 10_400), None);
        assert_eq!(told(&mut uptime, 20, 21_300), None);
        uptime.broken = Some(START + 25_700);
        assert_eq!(told(&mut uptime, 1, 28_200), Some(START + 25_000));
        assert_eq!(told(&mut uptime, 11, 38_100), None);
        // Nobody saw the connection break.
        assert_eq!(told(&mut uptime, 3, 50_000), Some(START + 45_000));
    }

    #[test]
    fn a_restart_soon_after_a_start_is_one() {
        let mut uptime = Uptime::known(Some(START + 900));
        uptime.broken = Some(START + 2_500);
        assert_eq!(told(&mut uptime, 0, 2_900), Some(START + 2_000));
        // The connection alone broke.
        uptime.broken = Some(START + 4_000);
        assert_eq!(told(&mut uptime, 2, 5_100), None);
    }

    #[test]
    fn a_broker_whose_clock_is_behind_has_not_restarted_at_each_message() {
        let mut uptime = Uptime::default();
        // What was open before the bridge knew of it may be from before.
        assert_eq!(told(&mut uptime, 0, 60_000), Some(START + 58_000));
        for message in 1..5 {
            let seconds = message * 10;
            assert_eq!(told(&mut uptime, seconds, 60_000 + seconds * 1_000), None);
        }
    }

    #[test]
    fn other_words_say_nothing() {
        let mut uptime = Uptime::default();
        for text in ["", "10", "ten seconds", "-1 seconds"] {
            assert_eq!(uptime.hear(text.as_bytes(), START), None, "{text}");
        }
        assert_eq!(told(&mut uptime, u64::MAX, 0), Some(0));
    }
}
