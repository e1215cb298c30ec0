//! Both passes over many paths, side by side on all processors.
//!
//! Every path is a function of its number alone, and results stand in the order of the paths: any number of threads, and
//! any split of the paths over machines, gives the same bits.

use std::ops::Range;

use rayon::prelude::*;

use super::{
    AccountModel, AccountModelError, AccountState, AssetPath, ClusterModel, ClusterState, TwoLevel,
    TwoLevelError,
};
use crate::price::PricePath;

/// Losses of a range of paths on both levels.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Levels {
    /// Weight of each path.
    pub weights: Vec<f64>,
    /// Loss of each path by the fast pass.
    pub fast: Vec<f64>,
    /// Number in the range, and loss by the exact pass, of every path that has one.
    pub exact: Vec<(usize, f64)>,
}

/// Why the passes stopped.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum LevelsError<E> {
    /// No path would be exact.
    #[error("an exact pass every 0 paths, expected at least 1")]
    Never,
    /// A path cannot be made.
    #[error("path {path}: {source}")]
    Path {
        /// Number of the path.
        path: u64,
        /// Why.
        source: E,
    },
    /// A path does not fit the book.
    #[error("path {path}: {source}")]
    Model {
        /// Number of the path.
        path: u64,
        /// Why.
        source: AccountModelError,
    },
}

/// Buffers of one thread.
#[derive(Default)]
struct Buffers<S> {
    path: PricePath,
    scratch: S,
    read: AssetPath,
    agents: AccountState,
    ladders: ClusterState,
}

impl Levels {
    /// Runs the fast pass on all paths of a range and the exact pass on those whose number is a multiple of
    /// `exact_every`. `simulate` fills a path of this number and returns its weight, 1 without importance sampling; its
    /// second buffer is one a thread. `clusters` were made of this model.
    ///
    /// # Errors
    /// `exact_every` of 0, a path that cannot be made or has other columns than the book.
    pub fn run<S: Default, E: Send>(
        model: &AccountModel,
        clusters: &ClusterModel,
        paths: Range<u64>,
        exact_every: u64,
        simulate: impl Fn(u64, &mut PricePath, &mut S) -> Result<f64, E> + Sync,
    ) -> Result<Self, LevelsError<E>> {
        if exact_every == 0 {
            return Err(LevelsError::Never);
        }
        let one = |buffers: &mut Buffers<S>, path: u64| {
            let Buffers { path: prices, scratch, read, agents, ladders } = buffers;
            let weight =
                simulate(path, prices, scratch).map_err(|source| LevelsError::Path { path, source })?;
            read.read(model, prices).map_err(|source| LevelsError::Model { path, source })?;
            let fast = clusters.run(read, ladders).bad_debt;
            let exact = path.is_multiple_of(exact_every).then(|| model.run(read, agents).bad_debt);
            Ok((weight, fast, exact))
        };
        let rows: Result<Vec<_>, LevelsError<E>> =
            paths.into_par_iter().map_init(Buffers::default, one).collect();
        let mut levels = Self::default();
        for (number, (weight, fast, exact)) in rows?.into_iter().enumerate() {
            levels.weights.push(weight);
            levels.fast.push(fast);
            levels.exact.extend(exact.map(|loss| (number, loss)));
        }
        Ok(levels)
    }

    /// Joins the paths that follow.
    pub fn append(&mut self, next: &Self) {
        let before = self.fast.len();
        self.weights.extend_from_slice(&next.weights);
        self.fast.extend_from_slice(&next.fast);
        self.exact.extend(next.exact.iter().map(|&(number, loss)| (before + number, loss)));
    }

    /// The two-level estimate of these paths.
    ///
    /// # Errors
    /// As [`TwoLevel::of`].
    pub fn estimate(&self) -> Result<TwoLevel, TwoLevelError> {
        TwoLevel::of(&self.fast, &self.exact, Some(&self.weights))
    }
}
