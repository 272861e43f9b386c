//! Times as brokers write them for people.

/// Of `2026-01-01T08:30:00.123456+0800`; nothing before 1970.
pub(super) fn milliseconds(text: &str) -> Option<u64> {
    let number = |from: usize, to: usize| -> Option<u64> {
        let digits = text.get(from..to)?;
        let all = digits.bytes().all(|byte| byte.is_ascii_digit());
        if all { digits.parse().ok() } else { None }
    };
    let stands = |at: usize, byte: u8| text.as_bytes().get(at) == Some(&byte);
    if ![(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')]
        .into_iter()
        .all(|(at, byte)| stands(at, byte))
    {
        return None;
    }
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || year < 1970 {
        return None;
    }
    let mut at = 19;
    let mut fraction = 0;
    if stands(at, b'.') {
        let digits = text[20..].bytes().take_while(u8::is_ascii_digit).count();
        let three: String = text[20..20 + digits]
            .chars()
            .chain("00".chars())
            .take(3)
            .collect();
        fraction = three.parse().ok()?;
        at = 20 + digits;
    }
    let zone = text.get(at..)?;
    let ahead = match zone.as_bytes().first() {
        Some(b'Z') if zone.len() == 1 => 0,
        Some(sign @ (b'+' | b'-')) => {
            let minutes = number(at + 1, at + 3)? * 60 + number(text.len() - 2, text.len())?;
            let minutes = i64::try_from(minutes).ok()?;
            if *sign == b'-' { -minutes } else { minutes }
        }
        _ => return None,
    };
    let seconds = days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second;
    u64::try_from(i64::try_from(seconds).ok()? - ahead * 60)
        .ok()
        .map(|seconds| seconds * 1_000 + fraction)
}

/// Days from 1970 to a date of the Gregorian calendar.
fn days(year: u64, month: u64, day: u64) -> u64 {
    // Years that begin in March, so that the leap day is a year's last.
    let (year, month) = match month {
        1 | 2 => (year - 1, month + 9),
        _ => (year, month - 3),
    };
    year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day - 1 - 719_468
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_their_zone() {
        for text in [
            "2026-01-01T08:30:00.123456+0000",
            "2026-01-01T16:30:00.123+08:00",
            "2026-01-01T03:00:00.123999-0530",
            "2026-01-01T08:30:00.123Z",
        ] {
            assert_eq!(milliseconds(text), Some(1_767_256_200_123), "{text}");
        }
        assert_eq!(
            milliseconds("2024-02-29T00:00:00Z"),
            Some(1_709_164_800_000)
        );
        assert_eq!(
            milliseconds("2024-03-01T00:00:00.5Z"),
            Some(1_709_251_200_500)
        );
        for text in [
            "",
            "2026-01-01",
            "2026-13-01T08:30:00Z",
            "2026-01-01T08:30:00",
            "2026-01-01T08:30:00.Ü",
        ] {
            assert_eq!(milliseconds(text), None, "{text}");
        }
    }
}
