//! Single fields: names, numbers and their ranges.

/// The range a number must be in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Range {
    /// Finite.
    Finite,
    /// Finite, at least 0.
    NonNegative,
    /// Finite, above 0.
    Positive,
    /// Above 0 and below 1.
    Fraction,
    /// At least 0 and below 1.
    FractionOrZero,
}

impl Range {
    /// What is expected, in words.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Finite => "a finite number",
            Self::NonNegative => "a finite number of at least 0",
            Self::Positive => "a finite number above 0",
            Self::Fraction => "a fraction above 0 and below 1",
            Self::FractionOrZero => "a fraction of at least 0 and below 1",
        }
    }

    fn holds(self, value: f64) -> bool {
        match self {
            Self::Finite => true,
            Self::NonNegative => value >= 0.0,
            Self::Positive => value > 0.0,
            Self::Fraction => value > 0.0 && value < 1.0,
            Self::FractionOrZero => (0.0..1.0).contains(&value),
        }
    }
}

/// The number, or what was expected. `inf` and `nan`, which the standard parser takes, are refused; so is a
/// number too large to be held. Minus zero becomes zero.
pub(crate) fn number(text: &str, range: Range) -> Result<f64, &'static str> {
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() && range.holds(value) => Ok(value + 0.0),
        _ => Err(range.words()),
    }
}

/// A name: not empty, without control characters (which would disturb a terminal).
pub(crate) fn name(text: &str) -> Result<&str, &'static str> {
    if text.is_empty() || text.chars().any(char::is_control) {
        return Err("a name of printable characters");
    }
    Ok(text)
}

/// The bytes as text, or a readable form of them.
pub(crate) fn utf8(bytes: &[u8]) -> Result<&str, String> {
    std::str::from_utf8(bytes).map_err(|_| shown(&String::from_utf8_lossy(bytes)))
}

/// The text as an error shows it: at most 80 characters.
pub(crate) fn shown(text: &str) -> String {
    const LONGEST: usize = 80;
    if text.chars().nth(LONGEST).is_none() {
        return text.to_owned();
    }
    text.chars().take(LONGEST).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_and_out_of_range() {
        assert_eq!(number("1.5e3", Range::NonNegative), Ok(1_500.0));
        assert!(number("-0", Range::NonNegative).unwrap().is_sign_positive());
        for text in ["", "inf", "NaN", "1e999", "-1", "1,000", "1_000", "0x10", "80%", "１"] {
            assert_eq!(number(text, Range::NonNegative), Err(Range::NonNegative.words()), "{text:?}");
        }
        assert!(number("0", Range::Positive).is_err());
        assert!(number("1", Range::Fraction).is_err() && number("0", Range::Fraction).is_err());
        assert_eq!(number("0", Range::FractionOrZero), Ok(0.0));
    }

    #[test]
    fn names_and_long_texts() {
        assert!(name("wstETH/ETH v2").is_ok() && name("крипто").is_ok());
        assert!(name("").is_err() && name("a\u{1b}[31m").is_err() && name("a\nb").is_err());
        assert_eq!(shown(&"é".repeat(80)).chars().count(), 80);
        assert_eq!(shown(&"é".repeat(81)).chars().count(), 81);
    }
}
