//! Natural allocation of the pool's expected shortfall (co-measure; Mildenhall and Major, "Pricing Insurance
//! Risk", Wiley 2022, chapter 14): line i gets `E[X_i | X in the tail]`, X the sum of the lines.
//!
//! Samples of equal total at the border of the tail share the border's mass evenly, so that the allocation does
//! not depend on the order of the paths, and the parts add up to the pool's figure exactly, up to rounding.
//!
//! Standard errors: as for the expected shortfall (Manistre and Hancock 2005), with the line in place of the
//! total: `sqrt((Var(X_i | tail) + q (a_i - E[X_i | X = VaR])^2) / (n (1 - q)))`, the conditional mean at the VaR
//! taken over the `sqrt(n (1 - q))` nearest samples by rank on either side; with weights, the error of the
//! weighted mean that this is.
//!
//! Columns are held in memory here; [`crate::loss::LossAccumulator`] does the same from a stream of paths.

use crate::loss::statistics::{StatisticsError, Tail};
use crate::loss::weighted::sample;
use crate::math::Estimate;

/// The pool's expected shortfall and each line's part of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Allocation {
    /// VaR and ES of the sum of the lines.
    pub pool: Tail,
    /// Each line's part of the expected shortfall, in the order of the lines.
    pub lines: Vec<Estimate>,
}

/// Allocates the expected shortfall at `level` of the sum of the lines to the lines. Each line has one loss a
/// path, all of equal length.
///
/// # Errors
/// No line, no sample, lines of different lengths, a loss that is not finite, a level outside (0, 1).
pub fn allocate_expected_shortfall<L: AsRef<[f64]>>(
    lines: &[L],
    level: f64,
) -> Result<Allocation, StatisticsError> {
    let paths = lines.first().map_or(0, |line| line.as_ref().len());
    allocate_weighted_shortfall(lines, &vec![1.0; paths], level)
}

/// The same of paths with weights.
///
/// # Errors
/// As for [`allocate_expected_shortfall`]; weights of other number, negative or not finite.
pub fn allocate_weighted_shortfall<L: AsRef<[f64]>>(
    lines: &[L],
    weights: &[f64],
    level: f64,
) -> Result<Allocation, StatisticsError> {
    let expected = lines.first().map_or(0, |line| line.as_ref().len());
    for (line, values) in lines.iter().enumerate() {
        let values = values.as_ref();
        if values.len() != expected {
            return Err(StatisticsError::Length { line, length: values.len(), expected });
        }
        if let Some(index) = values.iter().position(|x| !x.is_finite()) {
            return Err(StatisticsError::NotFinite { index, value: values[index] });
        }
    }
    let totals: Vec<f64> =
        (0..expected).map(|path| lines.iter().map(|line| line.as_ref()[path]).sum()).collect();
    let worst = sample(&totals, weights)?;
    let cut = worst.cut(level)?;
    let path = |index: usize| worst.entries()[index].path as usize;
    let lines = lines.iter().map(|line| worst.part(&cut, |index| line.as_ref()[path(index)])).collect();
    Ok(Allocation { pool: cut.tail, lines })
}
