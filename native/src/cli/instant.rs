//! A moment as an argument and as it is shown.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;

/// Milliseconds since 1970; reads RFC 3339 or the number itself. Moments
/// before 1970 read as 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Instant(pub u64);

impl FromStr for Instant {
    type Err = String;

    fn from_str(text: &str) -> Result<Instant, String> {
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return text
                .parse()
                .map(Instant)
                .map_err(|_| format!("`{text}` is too large for milliseconds since 1970"));
        }
        let moment: Timestamp = text.parse().map_err(|_| {
            format!(
                "`{text}` is no time: give RFC 3339 such as `2026-01-01T08:30:00Z`, \
                 or milliseconds since 1970 such as `1767256200000`"
            )
        })?;
        Ok(Instant(u64::try_from(moment.as_millisecond()).unwrap_or(0)))
    }
}

/// RFC 3339 in UTC; the number where a calendar cannot show it.
impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let moment = i64::try_from(self.0)
            .ok()
            .and_then(|milliseconds| Timestamp::from_millisecond(milliseconds).ok());
        match moment {
            Some(moment) => write!(f, "{moment:.3}"),
            None => write!(f, "{}", self.0),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_read_alike() {
        for text in [
            "1767256200000",
            "2026-01-01T08:30:00Z",
            "2026-01-01T16:30:00+08:00",
            "2026-01-01t08:30:00.0009z",
        ] {
            assert_eq!(text.parse(), Ok(Instant(1_767_256_200_000)), "{text}");
        }
        assert_eq!("1969-12-31T23:59:59Z".parse(), Ok(Instant(0)));
        assert_eq!(
            Instant(1_767_256_200_000).to_string(),
            "2026-01-01T08:30:00.000Z"
        );
        assert_eq!(Instant(u64::MAX).to_string(), u64::MAX.to_string());
    }

    #[test]
    fn what_is_no_time_is_quoted() {
        for text in [
            "",
            "-1",
            "yesterday",
            "2026-01-01",
            "2026-13-01T00:00:00Z",
            "99999999999999999999",
        ] {
            let error = text.parse::<Instant>().unwrap_err();
            assert!(error.contains(&format!("`{text}`")), "{error}");
        }
    }
}
