//! Paths of prices through the markets of a pool: any range of paths, in parallel, the same bits for any split.

use core::ops::Range;

use rayon::prelude::*;

use super::error::PricingError;
use crate::liquidation::{System, SystemState};
use crate::loss::{LossAccumulator, Spec};
use crate::price::{
    BlockPlan, BlockScratch, Detail, FilteredModel, FilteredScratch, ModelError, PathBlock, RareModel,
};

/// Paths of one block: its prices stay in the processor's cache while the markets pass over them.
const BLOCK: u64 = 64;

/// Fewest blocks that one accumulator gathers: it holds histograms, a block only a few losses.
const BLOCKS_TOGETHER: usize = 8;

/// Where paths come from, each with its weight.
#[derive(Clone, Debug)]
pub enum PathSource {
    /// A parametric model, drawn from a mixture or plainly.
    Parametric(RareModel),
    /// Filtered historical simulation; every weight is 1.
    Filtered(FilteredModel),
}

/// Buffers of a source, reused from block to block.
#[derive(Clone, Debug, Default)]
struct SourceScratch {
    parametric: BlockScratch,
    filtered: FilteredScratch,
}

impl PathSource {
    fn simulate(
        &self,
        plan: &BlockPlan,
        seed: u64,
        first: u64,
        buffers: &mut Buffers,
    ) -> Result<(), ModelError> {
        let Buffers { block, weights, scratch, count, .. } = buffers;
        match self {
            Self::Parametric(model) => {
                model.simulate_block(plan, seed, first, *count, block, weights, &mut scratch.parametric)
            }
            Self::Filtered(model) => {
                weights.clear();
                weights.resize(*count, 1.0);
                model.simulate_block(plan, seed, first, *count, block, &mut scratch.filtered)
            }
        }
    }
}

/// Buffers of one thread.
#[derive(Debug, Default)]
struct Buffers {
    block: PathBlock,
    weights: Vec<f64>,
    scratch: SourceScratch,
    state: SystemState,
    losses: Vec<f64>,
    count: usize,
}

/// A pool's markets under a price model, ready to be run along any paths.
#[derive(Clone, Debug)]
pub struct Simulation {
    /// Where paths come from.
    pub source: PathSource,
    /// The markets and what they share.
    pub system: System,
    /// Years to the last horizon. Regular steps need be no shorter than the diffusion asks: jumps are exact.
    pub years: f64,
    /// Horizons in steps, strictly rising.
    pub horizon_steps: Vec<usize>,
    /// Seed of the paths.
    pub seed: u64,
}

/// Prices of some paths and their weights, kept.
#[derive(Clone, Debug)]
pub struct KeptBlock {
    pub(super) block: PathBlock,
    /// Weight of each path.
    pub weights: Vec<f64>,
}

/// Losses of some paths, kept one by one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PathLosses {
    /// Weight of each path.
    pub weights: Vec<f64>,
    /// Gross losses, path-major, then horizon, then market.
    pub rows: Vec<f64>,
}

impl Simulation {
    /// Losses of one path: horizons times markets.
    #[must_use]
    pub fn width(&self) -> usize {
        self.horizon_steps.len() * self.system.width()
    }

    fn plan(&self) -> BlockPlan {
        let steps = self.horizon_steps.last().copied().unwrap_or(0);
        BlockPlan { horizon_years: self.years, steps, detail: Detail::Intervals }
    }

    /// Gathers the losses of a range of paths. `done` is told of paths as they are finished.
    ///
    /// # Errors
    /// Paths that cannot be made, markets that cannot be run along them, losses that cannot be gathered.
    pub fn accumulate(
        &self,
        spec: &Spec,
        paths: Range<u64>,
        done: &(dyn Fn(u64) + Sync),
    ) -> Result<LossAccumulator, PricingError> {
        let width = self.width();
        let empty = LossAccumulator::new(spec.clone())?;
        self.blocks(&paths)
            .into_par_iter()
            .with_min_len(BLOCKS_TOGETHER)
            .try_fold(
                || (empty.clone(), Buffers::default()),
                |(mut sums, mut buffers), (first, count)| {
                    self.run(first, count, &mut buffers)?;
                    let rows = buffers.losses.chunks_exact(width).zip(&buffers.weights);
                    for (path, (row, &weight)) in (first..).zip(rows) {
                        sums.add(path, weight, row)?;
                    }
                    done(count as u64);
                    Ok::<_, PricingError>((sums, buffers))
                },
            )
            .map(|part| part.map(|(sums, _)| sums))
            .try_reduce(
                || empty.clone(),
                |mut sums, other| {
                    sums.merge(&other)?;
                    Ok(sums)
                },
            )
    }

    /// The losses of a range of paths, kept.
    ///
    /// # Errors
    /// As for [`Simulation::accumulate`].
    pub fn keep(&self, paths: Range<u64>, done: &(dyn Fn(u64) + Sync)) -> Result<PathLosses, PricingError> {
        Ok(self.keep_beside(&[], paths, done)?.swap_remove(0))
    }

    /// The losses of the same paths under this system and under others, each kept: blocks of prices are drawn once.
    ///
    /// # Errors
    /// As for [`Simulation::accumulate`]; systems of other numbers of markets have rows of other lengths.
    pub fn keep_beside(
        &self,
        others: &[System],
        paths: Range<u64>,
        done: &(dyn Fn(u64) + Sync),
    ) -> Result<Vec<PathLosses>, PricingError> {
        type Part = (Vec<f64>, Vec<Vec<f64>>);
        let parts: Vec<Result<Part, PricingError>> = self
            .blocks(&paths)
            .into_par_iter()
            .map_init(Buffers::default, |buffers, (first, count)| {
                self.run(first, count, buffers)?;
                let mut rows = vec![buffers.losses.clone()];
                for system in others {
                    self.pass(system, first, count, buffers)?;
                    rows.push(buffers.losses.clone());
                }
                done(count as u64);
                Ok((buffers.weights.clone(), rows))
            })
            .collect();
        let mut kept = vec![PathLosses::default(); 1 + others.len()];
        for part in parts {
            let (weights, rows) = part?;
            for (kept, rows) in kept.iter_mut().zip(&rows) {
                kept.weights.extend_from_slice(&weights);
                kept.rows.extend_from_slice(rows);
            }
        }
        Ok(kept)
    }

    /// The prices of a range of paths, kept.
    ///
    /// # Errors
    /// Paths that cannot be made.
    pub fn keep_blocks(&self, paths: Range<u64>) -> Result<Vec<KeptBlock>, PricingError> {
        self.blocks(&paths)
            .into_par_iter()
            .map_init(Buffers::default, |buffers, (first, count)| {
                buffers.count = count;
                self.source.simulate(&self.plan(), self.seed, first, buffers)?;
                let (block, weights) = (core::mem::take(&mut buffers.block), buffers.weights.clone());
                Ok(KeptBlock { block, weights })
            })
            .collect()
    }

    /// The losses of all markets along kept prices, as [`PathLosses::rows`].
    ///
    /// # Errors
    /// Markets that cannot be run along them.
    pub fn run_kept(&self, kept: &KeptBlock) -> Result<Vec<f64>, PricingError> {
        let mut losses = vec![0.0; kept.weights.len() * self.width()];
        let (first, mut state) = (kept.block.first_path(), self.system.state());
        self.system.run_block(&kept.block, &self.horizon_steps, self.seed, first, &mut state, &mut losses)?;
        Ok(losses)
    }

    /// The losses of a market and of those run with it along kept prices: path-major, then horizon, then
    /// [`System::together`].
    ///
    /// # Errors
    /// As for [`System::run_together`].
    pub fn run_together(
        &self,
        market: usize,
        kept: &KeptBlock,
        state: &mut SystemState,
    ) -> Result<Vec<f64>, PricingError> {
        let steps = &self.horizon_steps;
        let together = self.system.together(market).len();
        let mut losses = vec![0.0; kept.weights.len() * steps.len() * together];
        let first = kept.block.first_path();
        self.system.run_together(market, &kept.block, steps, self.seed, first, state, &mut losses)?;
        Ok(losses)
    }

    /// First path and number of paths of each block of a range.
    fn blocks(&self, paths: &Range<u64>) -> Vec<(u64, usize)> {
        let mut blocks = Vec::new();
        let mut first = paths.start;
        while first < paths.end {
            let count = BLOCK.min(paths.end - first);
            blocks.push((first, count as usize));
            first += count;
        }
        blocks
    }

    fn run(&self, first: u64, count: usize, buffers: &mut Buffers) -> Result<(), PricingError> {
        buffers.count = count;
        self.source.simulate(&self.plan(), self.seed, first, buffers)?;
        self.pass(&self.system, first, count, buffers)
    }
}

impl Simulation {
    /// Runs a system along the block just drawn.
    fn pass(
        &self,
        system: &System,
        first: u64,
        count: usize,
        buffers: &mut Buffers,
    ) -> Result<(), PricingError> {
        let Buffers { block, state, losses, .. } = buffers;
        losses.clear();
        losses.resize(count * self.horizon_steps.len() * system.width(), 0.0);
        system.run_block(block, &self.horizon_steps, self.seed, first, state, losses)?;
        Ok(())
    }
}

impl PathLosses {
    /// Number of paths.
    #[must_use]
    pub fn paths(&self) -> usize {
        self.weights.len()
    }

    /// Gathers the losses as a run of the same paths would.
    ///
    /// # Errors
    /// As for [`LossAccumulator::add`].
    pub fn accumulate(&self, spec: &Spec, first_path: u64) -> Result<LossAccumulator, PricingError> {
        let mut sums = LossAccumulator::new(spec.clone())?;
        let rows = self.rows.chunks_exact(spec.horizons * spec.markets()).zip(&self.weights);
        for (path, (row, &weight)) in (first_path..).zip(rows) {
            sums.add(path, weight, row)?;
        }
        Ok(sums)
    }

    /// The same for paths from number 0 on, on all threads.
    ///
    /// # Errors
    /// As for [`PathLosses::accumulate`].
    pub fn accumulate_in_parallel(&self, spec: &Spec) -> Result<LossAccumulator, PricingError> {
        let width = spec.horizons * spec.markets();
        let together = self.paths().div_ceil(rayon::current_num_threads()).max(1);
        let empty = LossAccumulator::new(spec.clone())?;
        self.rows
            .par_chunks(together * width)
            .zip(self.weights.par_chunks(together))
            .enumerate()
            .map(|(part, (rows, weights))| {
                let mut sums = empty.clone();
                let first = (part * together) as u64;
                for (path, (row, &weight)) in (first..).zip(rows.chunks_exact(width).zip(weights)) {
                    sums.add(path, weight, row)?;
                }
                Ok::<_, PricingError>(sums)
            })
            .try_reduce(
                || empty.clone(),
                |mut sums, other| {
                    sums.merge(&other)?;
                    Ok(sums)
                },
            )
    }
}
