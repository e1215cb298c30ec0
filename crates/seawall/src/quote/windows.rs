//! Windows of time: the crashes that are held out of every calibration, and windows given by the user.
//! Units: Unix seconds; a window is half-open, [from, to).

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::output::Failure;

/// Days of a known crash. The price of cover must not know the crash that it is tried on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crash {
    /// Name of the scenario.
    pub name: &'static str,
    /// What happened.
    pub title: &'static str,
    /// Unix seconds of the first hour.
    pub from: u64,
    /// Unix seconds after the last hour.
    pub to: u64,
}

/// The crashes held out of calibration.
pub const CRASHES: [Crash; 3] = [
    Crash { name: "mar-2020", title: "11-14 March 2020", from: 1_583_884_800, to: 1_584_230_400 },
    Crash { name: "may-2021", title: "18-23 May 2021", from: 1_621_296_000, to: 1_621_814_400 },
    Crash { name: "nov-2022", title: "6-10 November 2022", from: 1_667_692_800, to: 1_668_124_800 },
];

/// Reads `YYYY-MM-DD..YYYY-MM-DD`: whole days, UTC, the last one not included.
pub fn parse(text: &str) -> Result<(u64, u64), String> {
    let expected = || format!("{text:?} is not FROM..TO with days such as 2020-03-11..2020-03-15");
    let (from, to) = text.split_once("..").ok_or_else(expected)?;
    match (midnight(from), midnight(to)) {
        (Some(from), Some(to)) if from < to => Ok((from, to)),
        _ => Err(expected()),
    }
}

/// First second of a day, UTC.
pub fn midnight(day: &str) -> Option<u64> {
    let date: Date = day.parse().ok()?;
    let second = date.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second();
    u64::try_from(second).ok()
}

/// A day as YYYY-MM-DD.
pub fn day(at: u64) -> String {
    stamp(at, "%Y-%m-%d")
}

/// Windows of whole days in a file, each as `FROM..TO`.
pub mod as_days {
    use serde::de::{Deserialize, Deserializer, Error};
    use serde::ser::Serializer;

    /// Writes the days.
    pub fn serialize<S: Serializer>(windows: &[(u64, u64)], to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(windows.iter().map(|&window| super::days(window)))
    }

    /// Reads the days.
    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<(u64, u64)>, D::Error> {
        let texts = Vec::<String>::deserialize(from)?;
        texts.iter().map(|text| super::parse(text).map_err(D::Error::custom)).collect()
    }
}

/// A window as [`parse`] reads it.
pub fn days((from, to): (u64, u64)) -> String {
    format!("{}..{}", day(from), day(to))
}

/// A moment as YYYY-MM-DD hh:mm, UTC.
pub fn minute(at: u64) -> String {
    stamp(at, "%Y-%m-%d %H:%M")
}

/// A moment in a format of `strftime`; Unix seconds where no calendar reaches.
pub fn stamp(at: u64, format: &str) -> String {
    i64::try_from(at)
        .ok()
        .and_then(|second| jiff::Timestamp::from_second(second).ok())
        .map_or_else(|| at.to_string(), |timestamp| timestamp.strftime(format).to_string())
}

/// The known crashes that lie within a history, as windows.
pub fn known_crashes(from: u64, to: u64) -> Vec<(u64, u64)> {
    let known = CRASHES.iter().map(|crash| (crash.from, crash.to));
    known.filter(|window| from <= window.0 && window.1 <= to).collect()
}

/// The windows to hold out: those asked for, and the known crashes if they are wanted, too.
///
/// # Errors
/// A window asked for that lies outside the history.
pub fn hold_out(asked: &[(u64, u64)], known: bool, from: u64, to: u64) -> Result<Vec<(u64, u64)>, Failure> {
    if let Some(outside) = asked.iter().find(|window| window.1 <= from || to <= window.0) {
        return Err(Failure::input(format!(
            "--hold-out {} lies outside the price history, {}",
            days(*outside),
            days((from, to))
        ))
        .hint("leave it out, or give a longer history with --prices"));
    }
    let mut windows = if known { known_crashes(from, to) } else { Vec::new() };
    windows.extend_from_slice(asked);
    windows.sort_unstable();
    windows.dedup();
    Ok(windows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crash_windows_are_the_days_they_say() {
        let ends: Vec<(String, String)> =
            CRASHES.iter().map(|crash| (day(crash.from), day(crash.to))).collect();
        let expected =
            [("2020-03-11", "2020-03-15"), ("2021-05-18", "2021-05-24"), ("2022-11-06", "2022-11-11")];
        for (found, (from, to)) in ends.iter().zip(expected) {
            assert_eq!((found.0.as_str(), found.1.as_str()), (from, to));
        }
        assert_eq!(parse("2020-03-11..2020-03-15"), Ok((CRASHES[0].from, CRASHES[0].to)));
        for Crash { from, to, .. } in CRASHES {
            assert_eq!(parse(&days((from, to))), Ok((from, to)), "whole days: a file has nothing finer");
        }
        for bad in ["2020-03-11", "2020-03-15..2020-03-11", "2020-02-30..2020-03-01", "a..b", ".."] {
            assert!(parse(bad).is_err(), "{bad}");
        }
        assert_eq!(minute(1_700_020_800), "2023-11-15 04:00");
    }
}
