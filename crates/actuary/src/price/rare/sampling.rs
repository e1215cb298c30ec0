//! How the leading random numbers of a path are drawn: independently, or from scrambled Sobol points.
//!
//! The component of the mixture, source, time and size of its further jump, the state at the start, the first spell,
//! and wait and size of the first crash decide most about a path. Drawn from a sequence that fills the cube evenly,
//! they are stratified: each component and each source of a further jump gets its share of the paths to within a
//! path or so.
//!
//! Path i belongs to replicate `i mod R` and is its point `i / R`. Replicates are scrambled independently, so their
//! spread gives the standard error ([`crate::loss::ReplicatedStatistics`]); a path depends on seed and number alone, so
//! any split over shards gives the same bits.

use crate::random::{Sobol, philox4x32_10};

/// How the leading random numbers of a path are drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sampling {
    /// Independently.
    #[default]
    Independent,
    /// From scrambled Sobol points.
    Sobol {
        /// Number of independent scrambles; 0 counts as 1.
        replicates: u32,
    },
}

impl Sampling {
    /// The replicate that a path belongs to; each path is its own where draws are independent.
    #[must_use]
    pub fn replicate(self, path: u64) -> u64 {
        match self {
            Self::Independent => path,
            Self::Sobol { replicates } => path % u64::from(replicates.max(1)),
        }
    }
}

/// Scrambled points in the leading dimensions.
#[derive(Clone, Debug)]
pub(super) struct Sequence {
    sobol: Sobol,
    replicates: u32,
}

impl Sequence {
    /// The points of a way of sampling, if it has any.
    pub fn of(sampling: Sampling) -> Option<Self> {
        let Sampling::Sobol { replicates } = sampling else { return None };
        let sobol = Sobol::new(crate::price::timeline::Lead::WORDS).ok()?;
        Some(Self { sobol, replicates: replicates.max(1) })
    }

    /// Words whose uniforms are the coordinates of the path's point.
    pub fn words(&self, seed: u64, path: u64, words: &mut [u64]) {
        let replicate = (path % u64::from(self.replicates)) as u32;
        let index = path / u64::from(self.replicates);
        // Beyond 2^32 points of a replicate the sequence starts anew under another scramble.
        let (index, round) = (index as u32, (index >> 32) as u32);
        let [low, high, ..] =
            philox4x32_10([replicate, round, 0, 0x50B2], [seed as u32, (seed >> 32) as u32]);
        let scramble = u64::from(low) | u64::from(high) << 32;
        for (dimension, word) in words.iter_mut().enumerate() {
            *word = self.sobol.scrambled_word(index, dimension, scramble);
        }
    }
}
