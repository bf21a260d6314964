//! Points in time as the meta API writes them (RFC 3339, which is a part of ISO 8601).

use core::ops::RangeInclusive;

/// Writes milliseconds since 1970 as `2026-01-31T23:59:59.123Z`. What lies beyond the year 9999, which the format cannot
/// express, becomes its last moment.
#[must_use]
pub fn format(unix_millis: u64) -> String {
    let (seconds, millis) =
        (unix_millis.min(LAST_MILLI) / 1000, unix_millis.min(LAST_MILLI) % 1000);
    let (days, second) = (seconds / SECONDS_PER_DAY, seconds % SECONDS_PER_DAY);
    let (year, month, day) = date(days);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")
}

const SECONDS_PER_DAY: u64 = 24 * 60 * 60;

/// The end of the year 9999.
const LAST_MILLI: u64 = 253_402_300_799_999;

/// Year, month and day of the Gregorian calendar, from the days since 1970.
///
/// Counts from 1 March of the year 0, so that the leap day is the last of its year, in eras of 400 years.
const fn date(days: u64) -> (u64, u64, u64) {
    const TO_1970: u64 = 719_468;
    const ERA: u64 = 146_097;
    let (era, day) = ((days + TO_1970) / ERA, (days + TO_1970) % ERA);
    let year = (day - day / 1_460 + day / 36_524 - day / (ERA - 1)) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    // Months from March have 31 30 31 30 31 days, twice over, and then 31 and what is left.
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, next_year) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (era * 400 + year + next_year, month, day)
}

/// A moment that a client named, as exact as we keep time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    /// Whole milliseconds since 1970; negative before it.
    pub(crate) millis: i64,
    /// Whether it lies between this millisecond and the next.
    pub(crate) is_between: bool,
}

/// Reads a date and time of RFC 3339, with whatever offset and fraction: `2026-01-31T23:59:59.123456+02:00`.
pub(crate) fn parse(text: &str) -> Option<Moment> {
    let (date, rest) = text.as_bytes().split_at_checked(10)?;
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = *date else { return None };
    let year = number(&[y1, y2, y3, y4], 0..=9999)?;
    let month = number(&[m1, m2], 1..=12)?;
    let day = number(&[d1, d2], 1..=days_of(year, month))?;
    let (time, rest) = rest.split_at_checked(9)?;
    let [b'T' | b't' | b' ', h1, h2, b':', n1, n2, b':', s1, s2] = *time else { return None };
    let (hour, minute) = (number(&[h1, h2], 0..=23)?, number(&[n1, n2], 0..=59)?);
    // A leap second is the first of the next minute.
    let second = number(&[s1, s2], 0..=60)?;
    let (millis, is_between, rest) = fraction(rest)?;
    let offset = offset_in_minutes(rest)?;
    let minutes = (days_since_1970(year, month, day) * 24 + hour) * 60 + minute - offset;
    Some(Moment { millis: (minutes * 60 + second) * 1000 + millis, is_between })
}

/// The milliseconds of a fraction, whether it has a further part, and what follows it.
fn fraction(text: &[u8]) -> Option<(i64, bool, &[u8])> {
    let Some(digits) = text.strip_prefix(b".") else { return Some((0, false, text)) };
    let length = digits.iter().take_while(|b| b.is_ascii_digit()).count();
    if length == 0 {
        return None;
    }
    let (digits, rest) = digits.split_at(length);
    let digit = |at| digits.get(at).map_or(0, |digit: &u8| i64::from(digit - b'0'));
    let is_between = digits.iter().skip(3).any(|digit| *digit != b'0');
    Some((digit(0) * 100 + digit(1) * 10 + digit(2), is_between, rest))
}

/// How many minutes the clock of an offset is ahead of UTC.
fn offset_in_minutes(text: &[u8]) -> Option<i64> {
    let [sign, h1, h2, b':', m1, m2] = *text else {
        return matches!(text, b"Z" | b"z").then_some(0);
    };
    let minutes = number(&[h1, h2], 0..=23)? * 60 + number(&[m1, m2], 0..=59)?;
    match sign {
        b'+' => Some(minutes),
        b'-' => Some(-minutes),
        _ => None,
    }
}

fn number(digits: &[u8], range: RangeInclusive<i64>) -> Option<i64> {
    let digit = |b: &u8| b.is_ascii_digit().then(|| i64::from(b - b'0'));
    let number = digits.iter().try_fold(0, |number, b| Some(number * 10 + digit(b)?))?;
    range.contains(&number).then_some(number)
}

const fn days_of(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// The other way round than [`date`].
const fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    365 * year + leap_days + (153 * month + 2) / 5 + day - 1 - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_as_moments() {
        let table = [
            ("1970-01-01T00:00:00Z", 0, false),
            ("1970-01-01t00:00:00.001z", 1, false),
            ("1970-01-01 00:00:00.5+00:00", 500, false),
            ("1970-01-01T00:00:00.0019999Z", 1, true),
            ("1970-01-01T00:00:00.001000000000000000000000Z", 1, false),
            ("1970-01-01T02:00:00+02:00", 0, false),
            ("1969-12-31T18:30:00.25-05:30", 250, false),
            ("1970-01-01T00:00:00-00:00", 0, false),
            ("1969-12-31T23:59:59.999Z", -1, false),
            ("2016-12-31T23:59:60Z", 1_483_228_800_000, false),
            ("2000-02-29T23:59:59.999Z", 951_868_799_999, false),
            ("2024-02-29T00:00:00Z", 1_709_164_800_000, false),
            ("9999-12-31T23:59:59.999Z", 253_402_300_799_999, false),
            ("0000-01-01T00:00:00Z", -62_167_219_200_000, false),
        ];
        for (text, millis, is_between) in table {
            assert_eq!(parse(text), Some(Moment { millis, is_between }), "{text}");
        }
    }

    #[test]
    fn what_is_no_date_is_not_read() {
        let wrong = [
            "",
            "now",
            "2024-01-01",
            "2024-01-01T00:00:00",
            "2024-01-01T00:00Z",
            "2024-1-1T00:00:00Z",
            "2024-01-01T00:00:00.Z",
            "2024-01-01T00:00:00,5Z",
            "2024-01-01T24:00:00Z",
            "2024-01-01T00:60:00Z",
            "2024-01-01T00:00:61Z",
            "2024-13-01T00:00:00Z",
            "2024-00-01T00:00:00Z",
            "2024-02-30T00:00:00Z",
            "2023-02-29T00:00:00Z",
            "1900-02-29T00:00:00Z",
            "2024-01-01T00:00:00+0200",
            "2024-01-01T00:00:00+24:00",
            "2024-01-01T00:00:00+00:60",
            "2024-01-01T00:00:00Zz",
            "2024-01-01T00:00:00Z ",
            "+024-01-01T00:00:00Z",
            "2024-01-01T00:00:0\u{664}Z",
            "\u{ff12}024-01-01T00:00:00Z",
            "-2024-01-01T00:00:00Z",
        ];
        for text in wrong {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        for millis in (0..LAST_MILLI).step_by(9_999_999_937).chain([LAST_MILLI]) {
            let moment = parse(&format(millis)).unwrap();
            assert_eq!(u64::try_from(moment.millis), Ok(millis));
            assert!(!moment.is_between);
        }
    }

    #[test]
    fn moments_are_written_as_dates() {
        let table = [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (951_868_799_999, "2000-02-29T23:59:59.999Z"),
            (951_868_800_000, "2000-03-01T00:00:00.000Z"),
            (1_000_000_000_007, "2001-09-09T01:46:40.007Z"),
            (1_709_164_800_000, "2024-02-29T00:00:00.000Z"),
            (1_767_225_599_999, "2025-12-31T23:59:59.999Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (LAST_MILLI, "9999-12-31T23:59:59.999Z"),
            (u64::MAX, "9999-12-31T23:59:59.999Z"),
        ];
        for (millis, text) in table {
            assert_eq!(format(millis), text, "{millis}");
        }
    }

    #[test]
    fn every_day_follows_the_one_before() {
        let mut expected = (1970, 1, 1);
        for days in 0..400 * 366 {
            assert_eq!(date(days), expected);
            let (year, month, day) = expected;
            let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            let length = match month {
                2 if leap => 29,
                2 => 28,
                4 | 6 | 9 | 11 => 30,
                _ => 31,
            };
            expected = match (month, day) {
                (12, 31) => (year + 1, 1, 1),
                (_, day) if day == length => (year, month + 1, 1),
                _ => (year, month, day + 1),
            };
        }
    }
}
