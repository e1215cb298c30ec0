//! Path losses of all markets for many paths, in parallel and bit-identical for any number of threads.
//!
//! A path's losses depend on its index alone, blocks of paths are fixed, and each block writes its own rows, so
//! no sum depends on who finished first; reductions run over the rows in path order afterwards.

use rayon::prelude::*;

use crate::{
    liquidation::{LadderState, MarketModel, MarketModelError},
    price::{Model, ModelError, PricePath, Scratch},
};

/// Paths of one unit of parallel work. Fixed: it is no function of the number of threads.
const BLOCK_PATHS: usize = 64;

/// What to simulate.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Number of paths.
    pub paths: usize,
    /// Horizons in years, strictly rising; one simulation serves them all.
    pub horizons: Vec<f64>,
    /// Largest size of the loss matrix, bytes.
    pub memory_limit_bytes: usize,
}

impl Plan {
    /// Losses within the policy's term and within 365 days, at most 1 GiB of losses. A term of a year or more
    /// gives its own horizon after the year's.
    #[must_use]
    pub fn term_and_year(paths: usize, term_days: f64) -> Self {
        let mut horizons = vec![term_days / 365.0, 1.0];
        horizons.sort_by(f64::total_cmp);
        horizons.dedup();
        Self { paths, horizons, memory_limit_bytes: 1 << 30 }
    }

    /// Place of the horizon of so many days among the horizons.
    #[must_use]
    pub fn horizon_of_days(&self, days: f64) -> Option<usize> {
        self.horizons.iter().position(|&h| h == days / 365.0)
    }
}

/// Why a simulation could not be run.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SimulationError {
    /// No market, no path or no horizon.
    #[error("nothing to simulate: {markets} markets, {paths} paths, {horizons} horizons")]
    Empty {
        /// Markets given.
        markets: usize,
        /// Paths wanted.
        paths: usize,
        /// Horizons given.
        horizons: usize,
    },
    /// Horizons are not positive, finite and strictly rising.
    #[error("horizon {index} ({years} years) is not finite and above {previous}")]
    Horizon {
        /// Index of the horizon.
        index: usize,
        /// Its length in years.
        years: f64,
        /// The horizon before it, or 0.
        previous: f64,
    },
    /// The losses would take more memory than allowed.
    #[error("{paths} paths of {columns} losses are more than the limit of {limit_bytes} bytes")]
    Memory {
        /// Paths wanted.
        paths: usize,
        /// Losses a path.
        columns: usize,
        /// Bytes allowed.
        limit_bytes: usize,
    },
    /// A path could not be made.
    #[error("path {path}: {source}")]
    Path {
        /// Index of the path.
        path: u64,
        /// What went wrong.
        source: ModelError,
    },
    /// A market could not be run.
    #[error("path {path}: {source}")]
    Market {
        /// Index of the path.
        path: u64,
        /// What went wrong.
        source: MarketModelError,
    },
    /// A loss is not a number, is infinite or negative: the path has such a price.
    #[error("path {path}, market {market}: loss {loss} is not finite and non-negative")]
    Loss {
        /// Index of the path.
        path: u64,
        /// Index of the market.
        market: usize,
        /// The loss.
        loss: f64,
    },
}

/// One loss per path, horizon and market.
#[derive(Clone, Debug, PartialEq)]
pub struct LossMatrix {
    markets: usize,
    horizons: usize,
    /// Path-major, then horizon, then market.
    values: Vec<f64>,
}

impl LossMatrix {
    /// Number of paths.
    #[must_use]
    pub fn paths(&self) -> usize {
        self.values.len() / (self.markets * self.horizons)
    }

    /// Number of markets.
    #[must_use]
    pub fn markets(&self) -> usize {
        self.markets
    }

    /// Number of horizons.
    #[must_use]
    pub fn horizons(&self) -> usize {
        self.horizons
    }

    /// Losses of each path within a horizon, one slice of all markets a path, in path order. Empty for a horizon
    /// that was not simulated.
    pub fn rows(&self, horizon: usize) -> impl Iterator<Item = &[f64]> {
        let start = horizon * self.markets;
        let known = horizon < self.horizons;
        self.values
            .chunks_exact(self.markets * self.horizons)
            .filter(move |_| known)
            .map(move |row| &row[start..start + self.markets])
    }

    /// Losses of one market within a horizon, in path order. Empty for a market or horizon not simulated.
    #[must_use]
    pub fn column(&self, horizon: usize, market: usize) -> Vec<f64> {
        self.rows(horizon).filter_map(|row| row.get(market).copied()).collect()
    }

    /// Losses of all markets together within a horizon, in path order, markets added in their order.
    #[must_use]
    pub fn totals(&self, horizon: usize) -> Vec<f64> {
        self.rows(horizon).map(|row| row.iter().sum()).collect()
    }
}

/// Runs all markets along all paths. `make_generator` is called once a block and gives a generator (the price
/// model with its buffers) that fills the path of a given index; it must depend on nothing but the index.
///
/// # Errors
/// A plan that makes no sense, more memory than allowed, a path that does not fit the markets, a price that
/// makes a loss that is not a number. With several errors, that of the lowest path is reported.
pub fn simulate<M, G>(
    markets: &[MarketModel],
    plan: &Plan,
    make_generator: M,
) -> Result<LossMatrix, SimulationError>
where
    M: Fn() -> G + Sync,
    G: FnMut(u64, &mut PricePath) -> Result<(), ModelError>,
{
    check(markets, plan)?;
    let (width, horizons) = (markets.len(), plan.horizons.len());
    let row = width * horizons;
    let too_big =
        || SimulationError::Memory { paths: plan.paths, columns: row, limit_bytes: plan.memory_limit_bytes };
    let cells = plan.paths.checked_mul(row).ok_or_else(too_big)?;
    if cells > plan.memory_limit_bytes / size_of::<f64>() {
        return Err(too_big());
    }
    let mut values = vec![0.0; cells];
    let outcomes: Vec<Result<(), SimulationError>> = values
        .par_chunks_mut(BLOCK_PATHS * row)
        .enumerate()
        .map(|(block, rows)| {
            let mut runner = Runner::new(markets, &plan.horizons, make_generator());
            for (offset, row) in rows.chunks_exact_mut(width * horizons).enumerate() {
                runner.run((block * BLOCK_PATHS + offset) as u64, row)?;
            }
            Ok(())
        })
        .collect();
    outcomes.into_iter().collect::<Result<(), _>>()?;
    Ok(LossMatrix { markets: width, horizons, values })
}

/// Runs all markets along the paths of a price model, `steps_per_year` regular steps a year up to the last
/// horizon; the columns of the markets are those of the model.
///
/// # Errors
/// As for [`simulate`]; no step.
pub fn simulate_model(
    markets: &[MarketModel],
    plan: &Plan,
    model: &Model,
    steps_per_year: u32,
    seed: u64,
) -> Result<LossMatrix, SimulationError> {
    let horizon = plan.horizons.last().copied().unwrap_or(0.0);
    // A float to integer cast saturates; a step too few would only lengthen the others a little.
    let steps = libm::ceil(horizon * f64::from(steps_per_year) * (1.0 - 1e-12)) as usize;
    simulate(markets, plan, || {
        let mut scratch = Scratch::default();
        move |index, path: &mut PricePath| model.simulate(horizon, steps, seed, index, path, &mut scratch)
    })
}

fn check(markets: &[MarketModel], plan: &Plan) -> Result<(), SimulationError> {
    if markets.is_empty() || plan.paths == 0 || plan.horizons.is_empty() {
        let (markets, paths, horizons) = (markets.len(), plan.paths, plan.horizons.len());
        return Err(SimulationError::Empty { markets, paths, horizons });
    }
    let mut previous = 0.0;
    for (index, &years) in plan.horizons.iter().enumerate() {
        if !(years.is_finite() && years > previous) {
            return Err(SimulationError::Horizon { index, years, previous });
        }
        previous = years;
    }
    Ok(())
}

/// The buffers of one block of paths.
struct Runner<'a, G> {
    markets: &'a [MarketModel],
    horizons: &'a [f64],
    generator: G,
    path: PricePath,
    states: Vec<LadderState>,
    losses: Vec<f64>,
}

impl<'a, G: FnMut(u64, &mut PricePath) -> Result<(), ModelError>> Runner<'a, G> {
    fn new(markets: &'a [MarketModel], horizons: &'a [f64], generator: G) -> Self {
        Self {
            markets,
            horizons,
            generator,
            path: PricePath::default(),
            states: markets.iter().map(MarketModel::state).collect(),
            losses: vec![0.0; horizons.len()],
        }
    }

    fn run(&mut self, path: u64, row: &mut [f64]) -> Result<(), SimulationError> {
        (self.generator)(path, &mut self.path).map_err(|source| SimulationError::Path { path, source })?;
        for (index, (market, state)) in self.markets.iter().zip(&mut self.states).enumerate() {
            market
                .run(&self.path, self.horizons, state, &mut self.losses)
                .map_err(|source| SimulationError::Market { path, source })?;
            for (horizon, &loss) in self.losses.iter().enumerate() {
                if !(loss >= 0.0 && loss.is_finite()) {
                    return Err(SimulationError::Loss { path, market: index, loss });
                }
                row[horizon * self.markets.len() + index] = loss;
            }
        }
        Ok(())
    }
}
