//! Figures as people read them: money in groups of three, shares in percent, an error behind its estimate.

use seawall_actuary::loss::Estimate;

use crate::output::grouped;

pub use seawall_quote::hex::encode as hex;

/// An amount without decimals: `1,234,567`.
pub fn money(amount: f64) -> String {
    if !amount.is_finite() {
        return "-".to_owned();
    }
    let whole = amount.abs().round();
    // A cast from float saturates; amounts are far below.
    let text = grouped(whole as u128);
    if amount < 0.0 && whole > 0.0 { format!("-{text}") } else { text }
}

/// An amount in millions: `1.23m`; below ten thousand in full.
pub fn short(amount: f64) -> String {
    match amount.abs() {
        size if size >= 9_999_500.0 => format!("{:.1}m", amount / 1e6),
        size if size >= 999_500.0 => format!("{:.2}m", amount / 1e6),
        size if size >= 9_999.5 => format!("{:.0}k", amount / 1e3),
        _ => money(amount),
    }
}

/// An amount and its standard error: `1,234 ± 56`.
pub fn with_error(estimate: Estimate) -> String {
    format!("{} ± {}", money(estimate.value), money(estimate.standard_error))
}

/// A share in percent with two decimals: `1.23 %`; four below a hundredth of a percent.
pub fn percent(share: f64) -> String {
    let value = share * 100.0;
    match value.abs() {
        size if size > 0.0 && size < 0.01 => format!("{value:.4} %"),
        _ => format!("{value:.2} %"),
    }
}

/// A share and its standard error, in percent.
pub fn percent_with_error(estimate: Estimate) -> String {
    format!("{:.2} ± {:.2} %", estimate.value * 100.0, estimate.standard_error * 100.0)
}

/// A level such as 0.995 as `99.5 %`.
pub fn level(level: f64) -> String {
    // 0.999 x 100 is not 99.9 in binary.
    format!("{} %", (level * 1e8).round() / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_keep_their_size() {
        assert_eq!(money(1_234_567.4), "1,234,567");
        assert_eq!(money(-1_234.6), "-1,235");
        assert_eq!(money(-0.2), "0");
        assert_eq!(money(f64::INFINITY), "-");
        assert_eq!(
            [short(9_999.0), short(12_400.0), short(1_234_567.0), short(63.3e6)],
            ["9,999", "12k", "1.23m", "63.3m"]
        );
        assert_eq!([short(999_600.0), short(999_400.0)], ["1.00m", "999k"]);
        assert_eq!([percent(0.0123), percent(0.000_012), percent(0.0)], ["1.23 %", "0.0012 %", "0.00 %"]);
        assert_eq!([level(0.995), level(0.9), level(0.999)], ["99.5 %", "90 %", "99.9 %"]);
    }
}
