//! Natural allocation of the pool's expected shortfall (co-measure; Mildenhall and Major, "Pricing Insurance
//! Risk", Wiley 2022, chapter 14): line i gets `E[X_i | X in the tail]`, X the sum of the lines.
//!
//! Samples of equal total at the border of the tail share the border's mass evenly, so that the allocation does
//! not depend on the order of the paths, and the parts add up to the pool's figure exactly, up to rounding.
//!
//! Standard errors: as for the expected shortfall (Manistre and Hancock 2005), with the line in place of the
//! total: `sqrt((Var(X_i | tail) + q (a_i - E[X_i | X = VaR])^2) / (n (1 - q)))`, the conditional mean at the VaR
//! taken over the `sqrt(n (1 - q))` nearest samples by rank on either side.

use crate::loss::statistics::{StatisticsError, Tail, TailMass, sum};
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
    let mass = TailMass::new(expected, level)?;
    let totals: Vec<f64> =
        (0..expected).map(|path| lines.iter().map(|line| line.as_ref()[path]).sum()).collect();
    // Worst first; equal totals in path order.
    let mut order: Vec<usize> = (0..expected).collect();
    order.sort_by(|&a, &b| totals[b].total_cmp(&totals[a]).then(a.cmp(&b)));
    let sorted: Vec<f64> = order.iter().rev().map(|&path| totals[path]).collect();
    let pool = Tail::of_sorted(&sorted, level)?;
    let border = pool.value_at_risk.value;
    let above = order.partition_point(|&path| totals[path] > border);
    let tied = order[above..].partition_point(|&path| totals[path] >= border);
    let weight = (mass.mass - above as f64) / tied as f64;
    let tail = Cut { worst: &order[..above], tied: &order[above..above + tied], weight, mass: mass.mass };
    let reach = (mass.mass.sqrt().floor() as usize).max(1);
    let middle = mass.border_rank - 1;
    let near =
        &order[middle.saturating_sub(reach).min(above)..(middle + reach + 1).max(above + tied).min(expected)];
    let lines = lines.iter().map(|line| tail.part(line.as_ref(), near, level)).collect();
    Ok(Allocation { pool, lines })
}

/// The paths of the tail: all of the worst, a share of the tied ones.
struct Cut<'a> {
    worst: &'a [usize],
    tied: &'a [usize],
    weight: f64,
    mass: f64,
}

impl Cut<'_> {
    fn mean(&self, value: impl Fn(usize) -> f64) -> f64 {
        let worst = sum(self.worst.iter().map(|&path| value(path)));
        let tied = sum(self.tied.iter().map(|&path| value(path)));
        (worst + self.weight * tied) / self.mass
    }

    fn part(&self, line: &[f64], near: &[usize], level: f64) -> Estimate {
        let value = self.mean(|path| line[path]);
        let variance = self.mean(|path| (line[path] - value) * (line[path] - value));
        let at_border = sum(near.iter().map(|&path| line[path])) / near.len() as f64;
        let gap = value - at_border;
        Estimate { value, standard_error: ((variance + level * gap * gap) / self.mass).sqrt() }
    }
}
