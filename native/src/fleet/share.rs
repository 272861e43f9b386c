//! A share of all events, in whole millionths.

use std::fmt;
use std::str::FromStr;

use super::random::Random;

const WHOLE: u32 = 1_000_000;

/// A share from 0 to 1, kept in millionths so that no rounding differs
/// between machines. Reads `0.05` and `5%`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Share {
    millionths: u32,
}

impl Share {
    /// Nothing.
    pub const NONE: Share = Share { millionths: 0 };
    /// Everything.
    pub const ALL: Share = Share { millionths: WHOLE };

    /// Whether one drawn event belongs to the share.
    pub(super) fn draw(self, random: &mut Random) -> bool {
        random.below(u64::from(WHOLE)) < u64::from(self.millionths)
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = format!("{:06}", self.millionths % WHOLE);
        let digits = digits.trim_end_matches('0');
        let whole = self.millionths / WHOLE;
        if digits.is_empty() {
            write!(f, "{whole}")
        } else {
            write!(f, "{whole}.{digits}")
        }
    }
}

/// The text is no share.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no share: give a number from 0 to 1 such as `0.05`, or a percentage such as `5%`, with at most millionths"
)]
pub struct ParseShareError(String);

impl FromStr for Share {
    type Err = ParseShareError;

    fn from_str(text: &str) -> Result<Share, ParseShareError> {
        let error = || ParseShareError(text.to_owned());
        let (number, unit, places) = match text.strip_suffix('%') {
            Some(number) => (number, WHOLE / 100, 4),
            None => (text, WHOLE, 6),
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
        let digits =
            |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(whole) || !digits(fraction) || fraction.len() > places {
            return Err(error());
        }
        let whole: u32 = whole.parse().map_err(|_| error())?;
        let fraction: u32 = format!("{fraction:0<places$}")
            .parse()
            .map_err(|_| error())?;
        whole
            .checked_mul(unit)
            .and_then(|whole| whole.checked_add(fraction))
            .filter(|millionths| *millionths <= WHOLE)
            .map(|millionths| Share { millionths })
            .ok_or_else(error)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn fractions_and_percentages_read_alike() {
        for (text, millionths) in [
            ("0", 0),
            ("0.05", 50_000),
            ("5%", 50_000),
            ("0.000001", 1),
            ("0.0001%", 1),
            ("1", WHOLE),
            ("100%", WHOLE),
            ("1.0", WHOLE),
        ] {
            assert_eq!(text.parse(), Ok(Share { millionths }), "{text}");
        }
        assert_eq!("5%".parse::<Share>().unwrap().to_string(), "0.05");
        assert_eq!(Share::ALL.to_string(), "1");
    }

    #[test]
    fn what_is_no_share_is_quoted() {
        for text in [
            "",
            "-1",
            "1.1",
            "101%",
            "0.0000001",
            ".",
            "5 %",
            "x",
            "0.5.1",
            "99999999999",
        ] {
            let error = text.parse::<Share>().unwrap_err().to_string();
            assert!(error.contains(&format!("`{text}`")), "{error}");
        }
    }
}
