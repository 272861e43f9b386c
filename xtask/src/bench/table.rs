//! The table that a benchmark prints.

/// One measured figure, and what it is held against.
pub(super) struct Row {
    /// What was measured.
    pub(super) what: String,
    pub(super) figure: f64,
    pub(super) unit: String,
    /// What users would pick instead, in the same run and unit.
    pub(super) peer: Option<(String, f64)>,
    pub(super) aim: Option<Aim>,
}

/// What a figure should reach.
#[derive(Clone, Copy)]
pub(super) enum Aim {
    AtLeast(f64),
    AtMost(f64),
    /// So many times the peer's.
    Times(f64),
}

impl Row {
    pub(super) fn new(what: impl Into<String>, figure: f64, unit: &str) -> Row {
        Row {
            what: what.into(),
            figure,
            unit: unit.to_owned(),
            peer: None,
            aim: None,
        }
    }

    /// Events a second.
    pub(super) fn rate(what: impl Into<String>, events: u64, seconds: f64) -> Row {
        Row::new(what, events as f64 / seconds, "events/s")
    }

    pub(super) fn beside(mut self, peer: impl Into<String>, figure: f64) -> Row {
        self.peer = Some((peer.into(), figure));
        self
    }

    pub(super) fn aim(mut self, aim: Aim) -> Row {
        self.aim = Some(aim);
        self
    }

    /// Times the peer's figure.
    pub(super) fn ratio(&self) -> Option<f64> {
        self.peer.as_ref().map(|(_, theirs)| self.figure / theirs)
    }

    /// The share of the aim that is reached, 1 when just reached.
    pub(super) fn reached(&self) -> Option<f64> {
        Some(match self.aim? {
            Aim::AtLeast(least) => self.figure / least,
            Aim::AtMost(most) => most / self.figure,
            Aim::Times(times) => self.ratio()? / times,
        })
    }
}

/// The rows as Markdown.
pub(super) fn markdown(rows: &[Row]) -> String {
    let mut text = "| what | figure | peer, same run | figure ÷ peer | aim | reached |\n|---|---:|---|---:|---:|---|\n"
        .to_owned();
    for row in rows {
        let Row {
            what, figure, unit, ..
        } = row;
        let peer = match &row.peer {
            Some((peer, theirs)) => format!("{peer}: {}", number(*theirs)),
            None => String::new(),
        };
        let ratio = row.ratio().map_or(String::new(), number);
        let aim = match row.aim {
            Some(Aim::AtLeast(least)) => format!("≥ {}", number(least)),
            Some(Aim::AtMost(most)) => format!("≤ {}", number(most)),
            Some(Aim::Times(times)) => format!("≥ {} ×", number(times)),
            None => String::new(),
        };
        let reached = match row.reached() {
            Some(share) if share < 1.0 => "**no**",
            Some(_) => "yes",
            None => "",
        };
        text += &format!(
            "| {what} | {} {unit} | {peer} | {ratio} | {aim} | {reached} |\n",
            number(*figure)
        );
    }
    text
}

/// Whole from a hundred on, in groups of three digits; else three digits.
pub(super) fn number(value: f64) -> String {
    if value >= 100.0 {
        let digits = format!("{value:.0}");
        let mut text = String::new();
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) {
                text.push(',');
            }
            text.push(digit);
        }
        return text;
    }
    let decimals = if value >= 10.0 { 1 } else { 2 };
    let text = format!("{value:.decimals$}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_aim_is_reached_or_not() {
        let row = || Row::rate("r", 300, 2.0).beside("p", 50.0);
        let share = |aim| row().aim(aim).reached();
        assert_eq!(share(Aim::AtLeast(100.0)), Some(1.5));
        assert_eq!(share(Aim::AtMost(75.0)), Some(0.5));
        assert_eq!(share(Aim::Times(6.0)), Some(0.5));
        assert_eq!(row().reached(), None);
        let missed = markdown(&[row().aim(Aim::Times(6.0))]);
        assert!(
            missed.ends_with("| r | 150 events/s | p: 50 | 3 | ≥ 6 × | **no** |\n"),
            "{missed}"
        );
    }

    #[test]
    fn numbers_are_short() {
        let texts = [0.0, 0.954, 5.0, 17.46, 150.2, 1_406_301.4].map(number);
        assert_eq!(texts, ["0", "0.95", "5", "17.5", "150", "1,406,301"]);
    }
}
