//! From weighted path losses, one by one, to all figures of a quote.
//!
//! Memory is that of histograms and of the worst losses, whatever the number of paths. Everything is a sum of
//! integers ([`super::exact`]) or a set that does not depend on the order of its making (`worst`), so that one
//! run, any split over threads, and shards of several machines merged in any order give the same bits.
//!
//! Each accumulator holds its histograms (about 16 bytes x grid steps x horizons x (2 markets + 2)): make one a
//! thread or shard, not one a block of paths.

use super::{
    exact::{ExactSum, Sums, merge_all},
    exceedance::Curve,
    figures::LossFigures,
    histogram::{Grid, PartsGrid},
    layer::LayerSums,
    moments::{Frequency, Moments},
    settle::{Settled, Settlement},
    spec::{LossError, Spec, WEIGHT_MAX},
    tail::tail_mass,
    worst::{Entry, WorstLosses},
};

/// Gathers path losses.
#[derive(Clone, Debug)]
pub struct LossAccumulator {
    pub(crate) spec: Spec,
    settlement: Settlement,
    settled: Settled,
    pub(crate) paths: u64,
    pub(crate) weights: WeightSums,
    pub(crate) horizons: Vec<HorizonSums>,
    /// The same of each replicate, where there are any.
    pub(crate) replicates: Vec<Self>,
}

/// Sums of w and of w^2 over all paths.
pub(crate) type WeightSums = [ExactSum; 2];

/// Sums of one horizon.
#[derive(Clone, Debug)]
pub(crate) struct HorizonSums {
    pub(crate) markets: Vec<MarketSums>,
    pub(crate) gross: GrossSums,
    pub(crate) owed: OwedSums,
    /// Reserve, tranches, mutual, residual.
    pub(crate) layers: Vec<LayerSums>,
}

/// Sums of a gross loss.
#[derive(Clone, Debug)]
pub(crate) struct GrossSums {
    pub(crate) moments: Moments,
    pub(crate) grid: Grid,
    pub(crate) curve: Curve,
    pub(crate) worst: WorstLosses,
}

/// Sums of one market.
#[derive(Clone, Debug)]
pub(crate) struct MarketSums {
    pub(crate) gross: GrossSums,
    pub(crate) owed: Moments,
    pub(crate) claim: Frequency,
    /// The policy's limit is used up.
    pub(crate) used_up: Frequency,
}

/// Sums of what the pool owes.
#[derive(Clone, Debug)]
pub(crate) struct OwedSums {
    pub(crate) moments: Moments,
    pub(crate) grid: PartsGrid,
    pub(crate) curve: Curve,
    /// With what is owed to each market.
    pub(crate) worst: WorstLosses,
}

impl LossAccumulator {
    /// An accumulator without a path.
    ///
    /// # Errors
    /// A specification that makes no sense.
    pub fn new(spec: Spec) -> Result<Self, LossError> {
        spec.check()?;
        let exposure = if spec.exposure() > 0.0 { spec.exposure() } else { 1.0 };
        let settlement = Settlement::new(&spec.policies, &spec.layers, exposure)?;
        // Somewhat more than the mass of the lowest level, for the errors of quantiles at its border.
        let planned = spec.planned_paths as f64;
        let mass = tail_mass(planned, spec.shortfall_level.min(spec.at_risk_level))?;
        let mass = mass + 3.0 * libm::sqrt(mass) + 1.0;
        let horizons = (0..spec.horizons)
            .map(|_| HorizonSums::new(&spec, &settlement, exposure, mass))
            .collect::<Result<Vec<_>, LossError>>()?;
        let replicates = match spec.of_replicate() {
            Some(part) => vec![Self::new(part)?; spec.replicates as usize],
            None => Vec::new(),
        };
        Ok(Self {
            replicates,
            settlement,
            settled: Settled::default(),
            paths: 0,
            weights: WeightSums::default(),
            horizons,
            spec,
        })
    }

    /// What is gathered.
    #[must_use]
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// Paths added so far.
    #[must_use]
    pub fn paths(&self) -> u64 {
        self.paths
    }

    /// Adds a path: its number, its weight (1 in plain sampling) and the gross loss of each market within each
    /// horizon, horizon-major. No number may be added twice, which is not checked.
    ///
    /// # Errors
    /// A row of other length, a weight or loss out of range, more paths than planned, sums that overflow.
    pub fn add(&mut self, path: u64, weight: f64, row: &[f64]) -> Result<(), LossError> {
        let markets = self.spec.markets();
        let expected = self.spec.horizons * markets;
        if row.len() != expected {
            return Err(LossError::Row { path, found: row.len(), expected });
        }
        if !(0.0..=WEIGHT_MAX).contains(&weight) {
            return Err(LossError::Weight { path, weight });
        }
        if let Some(index) = row.iter().position(|&loss| !(loss >= 0.0 && loss.is_finite())) {
            let (horizon, market) = (index / markets, index % markets);
            return Err(LossError::Loss { path, horizon, market, loss: row[index] });
        }
        if self.paths >= self.spec.planned_paths {
            return Err(LossError::Paths { paths: self.paths + 1, planned: self.spec.planned_paths });
        }
        self.paths += 1;
        self.weights[0].add(weight)?;
        self.weights[1].add(weight * weight)?;
        for (sums, gross) in self.horizons.iter_mut().zip(row.chunks_exact(markets)) {
            if gross.iter().all(|&loss| loss == 0.0) {
                continue;
            }
            self.settlement.settle(gross, &mut self.settled)?;
            sums.add(&self.spec, path, weight, gross, &self.settled)?;
        }
        match self.replicates.len() as u64 {
            0 => Ok(()),
            // Below the number of replicates, which fits.
            count => self.replicates[(path % count) as usize].add(path, weight, row),
        }
    }

    /// Adds all paths of another accumulator.
    ///
    /// # Errors
    /// An accumulator of another specification, more paths than planned, sums that overflow.
    pub fn merge(&mut self, other: &Self) -> Result<(), LossError> {
        if self.spec != other.spec {
            return Err(LossError::Different);
        }
        let paths = self.paths.saturating_add(other.paths);
        if paths > self.spec.planned_paths {
            return Err(LossError::Paths { paths, planned: self.spec.planned_paths });
        }
        self.paths = paths;
        for (mine, theirs) in self.replicates.iter_mut().zip(&other.replicates) {
            mine.paths += theirs.paths;
        }
        merge_all(self.all_sums_mut(), other.all_sums())?;
        for (mine, theirs) in self.worst_mut().into_iter().zip(other.worst()) {
            mine.merge(theirs)?;
        }
        Ok(())
    }

    /// All figures of the paths added; their errors are those of the replicates, where there are any.
    ///
    /// # Errors
    /// No path.
    pub fn finish(&self) -> Result<LossFigures, LossError> {
        let whole = LossFigures::of(self, &self.settlement)?;
        if self.replicates.is_empty() {
            return Ok(whole);
        }
        let parts: Vec<LossFigures> = self
            .replicates
            .iter()
            .filter(|part| part.paths > 0)
            .map(Self::finish)
            .collect::<Result<_, _>>()?;
        Ok(whole.with_errors_of(&parts))
    }

    /// All sums, in a fixed order.
    pub(crate) fn all_sums(&self) -> Vec<&[ExactSum]> {
        let mut all: Vec<&[ExactSum]> = vec![&self.weights];
        for horizon in &self.horizons {
            horizon.sums(&mut all);
        }
        all.extend(self.replicates.iter().flat_map(Self::all_sums));
        all
    }

    pub(crate) fn all_sums_mut(&mut self) -> Vec<&mut [ExactSum]> {
        let mut all: Vec<&mut [ExactSum]> = vec![&mut self.weights];
        for horizon in &mut self.horizons {
            horizon.sums_mut(&mut all);
        }
        all.extend(self.replicates.iter_mut().flat_map(Self::all_sums_mut));
        all
    }

    /// All worst losses, in a fixed order.
    pub(crate) fn worst(&self) -> Vec<&WorstLosses> {
        let mut all = Vec::new();
        for horizon in &self.horizons {
            all.extend(horizon.markets.iter().map(|market| &market.gross.worst));
            all.extend([&horizon.gross.worst, &horizon.owed.worst]);
        }
        all.extend(self.replicates.iter().flat_map(Self::worst));
        all
    }

    pub(crate) fn worst_mut(&mut self) -> Vec<&mut WorstLosses> {
        let mut all = Vec::new();
        for horizon in &mut self.horizons {
            all.extend(horizon.markets.iter_mut().map(|market| &mut market.gross.worst));
            all.extend([&mut horizon.gross.worst, &mut horizon.owed.worst]);
        }
        all.extend(self.replicates.iter_mut().flat_map(Self::worst_mut));
        all
    }
}

impl HorizonSums {
    fn new(spec: &Spec, settlement: &Settlement, exposure: f64, mass: f64) -> Result<Self, LossError> {
        let gross = |size: f64, top: f64| -> Result<GrossSums, LossError> {
            Ok(GrossSums {
                moments: Moments::new(size),
                grid: Grid::new(top, spec.grid_steps, size),
                curve: Curve::new(size),
                worst: WorstLosses::new(mass, 0)?,
            })
        };
        let market = |market: usize| -> Result<MarketSums, LossError> {
            // A market without exposure loses nothing; should it, the pool's exposure is scale enough.
            let size = if spec.exposures[market] > 0.0 { spec.exposures[market] } else { exposure };
            Ok(MarketSums {
                gross: gross(size, spec.gross_top(market))?,
                owed: Moments::new(size),
                claim: Frequency::default(),
                used_up: Frequency::default(),
            })
        };
        let markets = (0..spec.markets()).map(market).collect::<Result<Vec<_>, _>>()?;
        let top = (0..spec.markets()).map(|market| spec.gross_top(market)).sum();
        // In whole units, so that a layer that is used up loses its size. One of less than a unit never loses.
        let in_units =
            |&size: &f64| Some(settlement.rounded(size)).filter(|&size| size > 0.0).unwrap_or(size);
        let sizes = spec.layers.sizes().iter().map(in_units).chain([f64::INFINITY]);
        Ok(Self {
            markets,
            gross: gross(exposure, top)?,
            owed: OwedSums {
                moments: Moments::new(exposure),
                grid: PartsGrid::new(spec.owed_top(), spec.grid_steps, exposure, spec.markets()),
                curve: Curve::new(exposure),
                worst: WorstLosses::new(mass, spec.markets())?,
            },
            layers: sizes.map(|size| LayerSums::new(size, exposure)).collect(),
        })
    }

    fn add(
        &mut self,
        spec: &Spec,
        path: u64,
        weight: f64,
        gross: &[f64],
        settled: &Settled,
    ) -> Result<(), LossError> {
        for (index, (market, (&gross, &owed))) in
            self.markets.iter_mut().zip(gross.iter().zip(&settled.owed)).enumerate()
        {
            if gross == 0.0 {
                continue;
            }
            market.gross.add(path, weight, gross)?;
            market.owed.add(weight, owed)?;
            if gross >= spec.smallest_claim {
                market.claim.add(weight)?;
            }
            let terms = &spec.policies[index];
            if gross >= terms.deductible + terms.limit {
                market.used_up.add(weight)?;
            }
        }
        self.gross.add(path, weight, gross.iter().sum())?;
        if settled.total > 0.0 {
            self.owed.moments.add(weight, settled.total)?;
            self.owed.grid.add(weight, settled.total, &settled.owed)?;
            self.owed.curve.add(weight, settled.total)?;
            self.owed.worst.add(Entry { loss: settled.total, path, weight }, &settled.owed)?;
            let losses = settled.taken.iter().chain([&settled.residual]);
            for (layer, &loss) in self.layers.iter_mut().zip(losses) {
                layer.add(weight, loss)?;
            }
        }
        Ok(())
    }
}

impl Sums for HorizonSums {
    fn sums<'a>(&'a self, all: &mut Vec<&'a [ExactSum]>) {
        for market in &self.markets {
            market.gross.sums(all);
            market.owed.sums(all);
            market.claim.sums(all);
            market.used_up.sums(all);
        }
        self.gross.sums(all);
        self.owed.moments.sums(all);
        self.owed.grid.sums(all);
        self.owed.curve.sums(all);
        for layer in &self.layers {
            layer.sums(all);
        }
    }

    fn sums_mut<'a>(&'a mut self, all: &mut Vec<&'a mut [ExactSum]>) {
        for market in &mut self.markets {
            market.gross.sums_mut(all);
            market.owed.sums_mut(all);
            market.claim.sums_mut(all);
            market.used_up.sums_mut(all);
        }
        self.gross.sums_mut(all);
        self.owed.moments.sums_mut(all);
        self.owed.grid.sums_mut(all);
        self.owed.curve.sums_mut(all);
        for layer in &mut self.layers {
            layer.sums_mut(all);
        }
    }
}

impl GrossSums {
    fn add(&mut self, path: u64, weight: f64, loss: f64) -> Result<(), LossError> {
        self.moments.add(weight, loss)?;
        self.grid.add(weight, loss)?;
        self.curve.add(weight, loss)?;
        self.worst.add(Entry { loss, path, weight }, &[])?;
        Ok(())
    }
}

impl Sums for GrossSums {
    fn sums<'a>(&'a self, all: &mut Vec<&'a [ExactSum]>) {
        self.moments.sums(all);
        self.grid.sums(all);
        self.curve.sums(all);
    }

    fn sums_mut<'a>(&'a mut self, all: &mut Vec<&'a mut [ExactSum]>) {
        self.moments.sums_mut(all);
        self.grid.sums_mut(all);
        self.curve.sums_mut(all);
    }
}
