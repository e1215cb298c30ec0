//! Times and durations as people write them. The machine's clock is read here and nowhere else. Units: Unix
//! seconds and seconds.

use std::time::{SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use seawall_fixed::{EPOCH_SECONDS, Seconds};

use crate::output::Failure;

/// Units of durations, largest first; an epoch is the pool's week.
const UNITS: [(&str, Seconds); 6] =
    [("epochs", EPOCH_SECONDS), ("w", EPOCH_SECONDS), ("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];

/// The time of a command: `--at` when given, else the machine's clock.
///
/// # Errors
/// `--at` is neither RFC 3339 nor Unix seconds; the clock stands before 1970.
pub fn of_command(at: Option<&str>) -> Result<Seconds, Failure> {
    match at {
        Some(text) => parse("--at", text),
        None => SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map(|since| since.as_secs())
            .map_err(|_| Failure::environment("the machine's clock stands before 1970").hint("pass --at")),
    }
}

/// Reads an RFC 3339 time or Unix seconds.
///
/// # Errors
/// Neither; the message names `field`.
pub fn parse(field: &str, text: &str) -> Result<Seconds, Failure> {
    if let Ok(seconds) = text.parse() {
        return Ok(seconds);
    }
    let bad = |why: String| {
        let failure = Failure::input(format!("{field}: {text:?} is no time: {why}"));
        failure.hint("write it like 2026-03-01T12:00:00Z, or as Unix seconds")
    };
    let timestamp: Timestamp = text.parse().map_err(|error: jiff::Error| bad(error.to_string()))?;
    if timestamp.subsec_nanosecond() != 0 {
        return Err(bad("the pool counts whole seconds".to_owned()));
    }
    Seconds::try_from(timestamp.as_second()).map_err(|_| bad("it is before 1970".to_owned()))
}

/// A time in RFC 3339; Unix seconds where no calendar reaches.
pub fn text(at: Seconds) -> String {
    let timestamp = i64::try_from(at).ok().and_then(|second| Timestamp::from_second(second).ok());
    timestamp.map_or_else(|| format!("second {at}"), |timestamp| timestamp.to_string())
}

/// Reads a duration: a number and one of `s`, `m`, `h`, `d`, `w` or `epochs`; without a unit, seconds.
///
/// # Errors
/// Neither; the message names `field`.
pub fn duration(field: &str, text: &str) -> Result<Seconds, Failure> {
    let trimmed = text.trim();
    let digits = trimmed.trim_end_matches(|letter: char| !letter.is_ascii_digit());
    let unit = trimmed[digits.len()..].trim();
    let scale = if unit.is_empty() {
        Some(1)
    } else {
        UNITS.iter().find(|(name, _)| *name == unit).map(|(_, seconds)| *seconds)
    };
    let seconds = scale.and_then(|scale| digits.parse::<Seconds>().ok()?.checked_mul(scale));
    seconds.ok_or_else(|| {
        Failure::input(format!("{field}: {text:?} is no duration")).hint("write it like 14d, 36h or 2epochs")
    })
}

/// A duration in its largest whole unit: 1,209,600 seconds are `14d`.
pub fn duration_text(seconds: Seconds) -> String {
    let units = UNITS.iter().skip(2);
    let fitting = units.clone().find(|(_, scale)| seconds >= *scale && seconds.is_multiple_of(*scale));
    fitting.map_or_else(|| format!("{seconds}s"), |(name, scale)| format!("{}{name}", seconds / scale))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_to_write_a_time_agree() {
        assert_eq!(parse("--at", "2023-09-07T00:00:00Z").unwrap(), 1_694_044_800);
        assert_eq!(parse("--at", "2023-09-07T02:00:00+02:00").unwrap(), 1_694_044_800);
        assert_eq!(parse("--at", "1694044800").unwrap(), 1_694_044_800);
        assert_eq!(text(1_694_044_800), "2023-09-07T00:00:00Z");
        for bad in ["yesterday", "1969-12-31T23:59:59Z", "2023-09-07", "2023-09-07T00:00:00.5Z", "-5"] {
            assert!(parse("--at", bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn durations_keep_their_unit() {
        for (written, seconds, shown) in [
            ("14d", 1_209_600, "14d"),
            ("2 epochs", 1_209_600, "14d"),
            ("36h", 129_600, "36h"),
            ("7", 7, "7s"),
        ] {
            assert_eq!(duration("x", written).unwrap(), seconds);
            assert_eq!(duration_text(seconds), shown);
        }
        for bad in ["", "d", "1y", "1.5d", "-1d", "99999999999999999999d"] {
            assert!(duration("x", bad).is_err(), "{bad}");
        }
        assert_eq!(duration_text(0), "0s");
    }
}
