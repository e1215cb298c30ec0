//! Moments: unix seconds, RFC 3339, days.

use jiff::Timestamp;
use jiff::civil::Date;

/// What a moment must look like.
pub(crate) const MOMENT: &str = "unix seconds or an RFC 3339 time such as 2023-11-15T04:00:00Z";
/// What a day must look like.
pub(crate) const DAY: &str = "a day such as 2023-11-15";

/// Unix seconds of a moment written as seconds or in RFC 3339, on a full second from 1970 on.
pub(crate) fn moment(text: &str) -> Result<u64, &'static str> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().map_err(|_| MOMENT);
    }
    let moment: Timestamp = text.parse().map_err(|_| MOMENT)?;
    if moment.subsec_nanosecond() != 0 {
        return Err("a time on a full second");
    }
    u64::try_from(moment.as_second()).map_err(|_| MOMENT)
}

/// Unix seconds of the first moment of a UTC day written as YYYY-MM-DD, from 1970 on.
pub(crate) fn day(text: &str) -> Result<u64, &'static str> {
    let bytes = text.as_bytes();
    let shape = bytes.len() == 10
        && bytes.iter().enumerate().all(|(index, byte)| {
            if index == 4 || index == 7 { *byte == b'-' } else { byte.is_ascii_digit() }
        });
    if !shape {
        return Err(DAY);
    }
    let date: Date = text.parse().map_err(|_| DAY)?;
    let epoch = Date::constant(1970, 1, 1);
    let days = (date - epoch).get_days();
    u64::try_from(days).map(|days| days * 86_400).map_err(|_| DAY)
}

/// Unix seconds as an RFC 3339 time; beyond the calendar as they are.
pub(crate) fn shown_moment(seconds: u64) -> String {
    let moment = i64::try_from(seconds).ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    moment.map_or_else(|| seconds.to_string(), |moment| moment.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments() {
        assert_eq!(moment("1700020800"), Ok(1_700_020_800));
        assert_eq!(moment("2023-11-15T04:00:00Z"), Ok(1_700_020_800));
        assert_eq!(moment("2023-11-15T05:00:00+01:00"), Ok(1_700_020_800));
        for text in
            ["", "yesterday", "-5", "1.5", "2023-11-15", "2023-13-01T00:00:00Z", "1960-01-01T00:00:00Z"]
        {
            assert!(moment(text).is_err(), "{text:?}");
        }
        assert!(moment("2023-11-15T04:00:00.5Z").is_err());
        assert!(moment("99999999999999999999").is_err());
    }

    #[test]
    fn days() {
        assert_eq!(day("1970-01-01"), Ok(0));
        assert_eq!(day("2023-11-15"), Ok(1_700_006_400));
        for text in ["", "2023-11-31", "2023-1-5", "20231115", "1969-12-31", "2023-11-15T00", "２023-11-15"]
        {
            assert!(day(text).is_err(), "{text:?}");
        }
    }
}
