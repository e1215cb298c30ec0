//! Likelihood-ratio tests of the number and the spacing of VaR exceedances.
//!
//! P. Kupiec, "Techniques for verifying the accuracy of risk measurement models", Journal of Derivatives 3
//! (1995): `LR = -2 ln [(1-p)^(T-N) p^N] + 2 ln [(1-N/T)^(T-N) (N/T)^N]`, chi-squared with one degree of freedom.
//! P. Christoffersen, "Evaluating interval forecasts", International Economic Review 39 (1998): the same ratio
//! between a two-state Markov chain and independent exceedances; the two add up to conditional coverage, with
//! two degrees.

use super::{BacktestError, inside};
use crate::math::incomplete::gamma_upper;

/// A likelihood ratio and how probable one as large is if the forecasts are right.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CoverageTest {
    /// Likelihood ratio.
    pub statistic: f64,
    /// Degrees of freedom of its chi-squared distribution.
    pub degrees: u32,
    /// Probability of a ratio at least as large.
    pub p_value: f64,
}

impl CoverageTest {
    fn new(statistic: f64, degrees: u32) -> Self {
        let statistic = statistic.max(0.0);
        Self { statistic, degrees, p_value: gamma_upper(0.5 * f64::from(degrees), 0.5 * statistic) }
    }
}

/// Kupiec's test: `exceedances` in `periods` where a share `probability` is expected.
///
/// # Errors
/// No period, more exceedances than periods, a probability outside (0, 1).
pub fn kupiec(exceedances: u32, periods: u32, probability: f64) -> Result<CoverageTest, BacktestError> {
    inside(probability)?;
    if periods == 0 || exceedances > periods {
        return Err(BacktestError::Count { exceedances, periods });
    }
    let (hits, misses) = (f64::from(exceedances), f64::from(periods - exceedances));
    let expected = log_likelihood(hits, misses, probability);
    let found = log_likelihood(hits, misses, hits / (hits + misses));
    Ok(CoverageTest::new(2.0 * (found - expected), 1))
}

/// Christoffersen's test of independence: whether an exceedance makes another in the next period more, or less,
/// likely. `exceeded` says for each period in order whether the loss was above the VaR.
///
/// # Errors
/// Fewer than two periods.
pub fn christoffersen_independence(exceeded: &[bool]) -> Result<CoverageTest, BacktestError> {
    if exceeded.len() < 2 {
        return Err(BacktestError::Count { exceedances: 0, periods: exceeded.len() as u32 });
    }
    // count[i][j]: periods in state j after one in state i.
    let mut count = [[0.0; 2]; 2];
    for pair in exceeded.windows(2) {
        count[usize::from(pair[0])][usize::from(pair[1])] += 1.0;
    }
    let share = |row: [f64; 2]| if row[0] + row[1] > 0.0 { row[1] / (row[0] + row[1]) } else { 0.0 };
    let both = [count[0][0] + count[1][0], count[0][1] + count[1][1]];
    let independent = log_likelihood(both[1], both[0], share(both));
    let chain: f64 = count.iter().map(|row| log_likelihood(row[1], row[0], share(*row))).sum();
    Ok(CoverageTest::new(2.0 * (chain - independent), 1))
}

/// Conditional coverage: number and spacing together, two degrees of freedom.
///
/// # Errors
/// As for [`kupiec`] and [`christoffersen_independence`].
pub fn conditional_coverage(exceeded: &[bool], probability: f64) -> Result<CoverageTest, BacktestError> {
    let hits = exceeded.iter().filter(|e| **e).count() as u32;
    let number = kupiec(hits, exceeded.len() as u32, probability)?;
    let spacing = christoffersen_independence(exceeded)?;
    Ok(CoverageTest::new(number.statistic + spacing.statistic, 2))
}

/// ln of `p^hits (1-p)^misses`, with 0 ln 0 = 0.
fn log_likelihood(hits: f64, misses: f64, p: f64) -> f64 {
    let term = |count: f64, log: f64| if count == 0.0 { 0.0 } else { count * log };
    term(hits, libm::log(p)) + term(misses, libm::log1p(-p))
}
