//! The total of claims by simulation, one addressed stream of random numbers a path, so that the sample has the
//! same bits for any number of threads.

use rayon::prelude::*;

use super::claim::Claim;
use super::error::AggregateError;
use super::frequency::Frequency;
use crate::random::Stream;

/// Factor of the streams of claims; far from the numbers that price factors take.
pub const CLAIMS_FACTOR: u32 = 0x4147_4752;

/// Totals of `paths` periods. The count of a path is its first draw, the claims follow.
///
/// # Errors
/// A frequency out of range.
pub fn simulate(
    frequency: &Frequency,
    claim: &Claim,
    paths: usize,
    seed: u64,
) -> Result<Vec<f64>, AggregateError> {
    frequency.check()?;
    let cumulative = frequency.cumulative();
    let total = |path: usize| {
        let mut random = Stream::new(seed, path as u64, CLAIMS_FACTOR);
        let rank = random.uniform();
        let count = cumulative.partition_point(|c| *c < rank);
        (0..count).fold(0.0, |total, _| total + claim.at(random.uniform()))
    };
    Ok((0..paths).into_par_iter().map(total).collect())
}
