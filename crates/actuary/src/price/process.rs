//! Either kind of price model behind one face: whoever takes blocks of paths need not care which.

use super::batch::{BlockPlan, BlockScratch, PathBlock};
use super::filtered::{FilteredModel, FilteredScratch};
use super::model::{Model, ModelError};

/// A price model, ready to simulate.
#[derive(Clone, Debug)]
pub enum PriceModel {
    /// Brownian motion, Merton's or Kou's jump diffusions with common crashes and a stress state.
    Parametric(Model),
    /// Filtered historical simulation.
    Filtered(FilteredModel),
}

/// Buffers of a simulation, reused from block to block; they fit either kind.
#[derive(Clone, Debug, Default)]
pub struct PriceScratch {
    parametric: BlockScratch,
    filtered: FilteredScratch,
}

impl PriceModel {
    /// Number of columns of a path: assets, pegs, pairs.
    #[must_use]
    pub fn columns(&self) -> usize {
        match self {
            Self::Parametric(model) => model.columns(),
            Self::Filtered(model) => model.columns(),
        }
    }

    /// Column of an asset.
    #[must_use]
    pub fn column(&self, symbol: &str) -> Option<usize> {
        match self {
            Self::Parametric(model) => model.column(symbol),
            Self::Filtered(model) => model.column(symbol),
        }
    }

    /// Column of the price of `base` in units of `quote`, if the model was given that pair.
    #[must_use]
    pub fn pair_column(&self, base: &str, quote: &str) -> Option<usize> {
        match self {
            Self::Parametric(model) => model.pair_column(base, quote),
            Self::Filtered(model) => model.pair_column(base, quote),
        }
    }

    /// Simulates `paths` paths from number `first_path` on into `block`.
    ///
    /// # Errors
    /// Those of [`Model::simulate_block`] and [`FilteredModel::simulate_block`].
    pub fn simulate_block(
        &self,
        plan: &BlockPlan,
        seed: u64,
        first_path: u64,
        paths: usize,
        block: &mut PathBlock,
        scratch: &mut PriceScratch,
    ) -> Result<(), ModelError> {
        match self {
            Self::Parametric(model) => {
                model.simulate_block(plan, seed, first_path, paths, block, &mut scratch.parametric)
            }
            Self::Filtered(model) => {
                model.simulate_block(plan, seed, first_path, paths, block, &mut scratch.filtered)
            }
        }
    }
}

impl From<Model> for PriceModel {
    fn from(model: Model) -> Self {
        Self::Parametric(model)
    }
}

impl From<FilteredModel> for PriceModel {
    fn from(model: FilteredModel) -> Self {
        Self::Filtered(model)
    }
}
