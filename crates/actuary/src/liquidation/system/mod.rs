//! All markets of a pool over a block of paths, paths side by side: the way losses are simulated.
//!
//! The next break price of each path stands in one array, in the block's own prices, so that an idle step is one
//! comparison a path; only paths on which a price reaches it, or on which something seen before may still trigger, do
//! more. Markets that share nothing are run one after the other, a stretch of steps at a time. Intervals are those of [`PathBlock`]: a column is split
//! where it jumps. Horizons and renewals fall on ends of steps.
//!
//! What markets share ([`SystemOptions`]): depth pooled over markets, the impact of forced sales on prices, spells of
//! congestion, oracles that stand still. Markets that share depth or impact form a *unit*; the intervals of its markets
//! are worked off in order of time, those that end together jointly:
//!
//! 1. observations that come to light, moment by moment;
//! 2. what broke before and is still under its break price, then what the diffusion crosses;
//! 3. the jump at the end. With impact this is repeated at the lower price until nothing more breaks.
//!
//! A market whose prices do not reach it is left out, unless it draws on the same pool as one that is reached: then its
//! intervals cut the time in which the pool's capacity accrues. Where forced sales lower prices so far that a market
//! left out is reached after all, the step is done again with it.
//!
//! Capacity of a pool that does not suffice is filled in falling order of `H` over the spot price across its
//! markets, so that splitting a market into several of the same pool changes nothing.
//!
//! A path's losses depend on its own prices, the seed and its number, whatever block it stands in.

mod allowance;
mod alone;
mod beside;
mod block_paths;
mod event;
mod lanes;
mod options;
mod plainly;
pub(super) mod pressure;
mod quotes;
mod run;
mod spells;
mod step_view;
mod stretch;
mod together;
mod units;

use std::sync::Arc;

use super::{AccountModelError, MarketModel, supply::Source};
use crate::price::PathBlock;
pub use beside::{AccountBuffers, AccountPass, AccountRun};
pub use options::{DelaySpells, DepthPool, Feedback, ImpactShape, Outages, SpellRates, SystemOptions};
pub use run::SystemState;
use units::Unit;

/// Why a system cannot be built or run.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SystemError {
    /// No market.
    #[error("a system needs at least one market")]
    Empty,
    /// An option is out of range.
    #[error("{name} {value} is not {range}")]
    Option {
        /// What it is.
        name: &'static str,
        /// Its value.
        value: f64,
        /// What it should be.
        range: &'static str,
    },
    /// A pool or an impact names a market that does not exist.
    #[error("market {market} in {owner}: there are {markets}")]
    Unknown {
        /// Where it is named.
        owner: &'static str,
        /// Number given.
        market: usize,
        /// Markets there are.
        markets: usize,
    },
    /// A market is named twice.
    #[error("market {market} in more than one {owner}")]
    Twice {
        /// Where it is named.
        owner: &'static str,
        /// Its number.
        market: usize,
    },
    /// A market has a column that the block does not have.
    #[error("market {market}: column {column} in a block of {columns}")]
    Column {
        /// Name of the market.
        market: String,
        /// Column wanted.
        column: usize,
        /// Columns of the block.
        columns: usize,
    },
    /// The block has closes only.
    #[error("the block was simulated without intervals")]
    Detail,
    /// A horizon is not after the one before, or after the last step.
    #[error("horizon {index} after {step} steps: {previous} steps before it, {steps} in the block")]
    Horizon {
        /// Index of the horizon.
        index: usize,
        /// Steps given.
        step: usize,
        /// Steps of the horizon before.
        previous: usize,
        /// Steps of the block.
        steps: usize,
    },
    /// The slice for the losses has the wrong length.
    #[error("room for {found} losses where {expected} are due")]
    Losses {
        /// Entries found.
        found: usize,
        /// Entries due.
        expected: usize,
    },
    /// A book of accounts cannot be run along the block.
    #[error("accounts {name}: {source}")]
    Accounts {
        /// Name of the book.
        name: String,
        /// Why.
        source: AccountModelError,
    },
    /// A loss is not finite and non-negative: the path has such a price.
    #[error("path {path}, market {market}: loss {loss} is not finite and non-negative")]
    Loss {
        /// Number of the path.
        path: u64,
        /// Name of the market.
        market: String,
        /// The loss.
        loss: f64,
    },
}

/// All markets of a pool and what they share. Immutable; blocks and threads share it, and so do copies the books.
#[derive(Clone, Debug)]
pub struct System {
    markets: Vec<Arc<MarketModel>>,
    options: SystemOptions,
    units: Vec<Unit>,
    /// Depth of each pool; pools of the options first, then one for each market in none.
    sources: Vec<Source>,
    /// Pool of each market.
    pool_of: Vec<usize>,
    /// What one debt token of each market takes from its pool: its value at the snapshot, or 1 if it has the pool
    /// to itself.
    weight: Vec<f64>,
    /// Impact on each market's collateral.
    feedback_of: Vec<Option<usize>>,
    /// Price columns with an oracle that may stand still, and the number of each market's.
    oracles: Vec<usize>,
    oracle_of: Vec<usize>,
    /// Books of accounts beside the markets.
    accounts: Vec<AccountPass>,
}

impl System {
    /// Checks the options and finds out which markets must be run together.
    ///
    /// # Errors
    /// No market, options out of range, a market named twice or not there.
    pub fn new(markets: Vec<MarketModel>, options: SystemOptions) -> Result<Self, SystemError> {
        units::build(markets.into_iter().map(Arc::new).collect(), options)
    }

    /// The markets, in their order.
    #[must_use]
    pub fn markets(&self) -> &[Arc<MarketModel>] {
        &self.markets
    }

    /// The options.
    #[must_use]
    pub fn options(&self) -> &SystemOptions {
        &self.options
    }

    /// Buffers for [`System::run_block`], reused from block to block; one a thread.
    #[must_use]
    pub fn state(&self) -> SystemState {
        SystemState::default()
    }

    /// Runs all markets along the paths of a block. `losses`, path-major, then horizon, then market, become the bad
    /// debt made within `horizon_steps[h]` steps (rising, 1 to the block's number), in the unit of account, with what
    /// is unserved and under water then; books of accounts come after the markets. Spells are drawn for `seed` and paths from `first_path` on. Nothing is
    /// allocated once the buffers have grown.
    ///
    /// # Errors
    /// A block without the columns or intervals needed, horizons that do not fit it, the wrong number of losses, a
    /// price that makes a loss that is not a number.
    pub fn run_block(
        &self,
        block: &PathBlock,
        horizon_steps: &[usize],
        seed: u64,
        first_path: u64,
        state: &mut SystemState,
        losses: &mut [f64],
    ) -> Result<(), SystemError> {
        let all: Vec<usize> = (0..self.markets.len()).collect();
        if self.accounts.is_empty() {
            return self.run(&self.units, &all, block, horizon_steps, (seed, first_path), state, losses);
        }
        let mut own = vec![0.0; block.paths() * horizon_steps.len() * all.len()];
        if !all.is_empty() {
            self.run(&self.units, &all, block, horizon_steps, (seed, first_path), state, &mut own)?;
        }
        self.beside_markets(&own, block, horizon_steps, (seed, first_path), losses)
    }

    /// The markets that must be run with one, itself included: those with which it shares depth or price impact. In
    /// rising order; empty for a market that is not there.
    #[must_use]
    pub fn together(&self, market: usize) -> &[usize] {
        self.units.iter().find(|unit| unit.members.contains(&market)).map_or(&[], |unit| &unit.members)
    }

    /// Runs a market and those run [`together`](System::together) with it, with the losses that they have in [`System::run_block`],
    /// to the bit: path-major, then horizon, then these markets.
    ///
    /// # Errors
    /// As for [`System::run_block`]; a market that is not there.
    #[expect(clippy::too_many_arguments)]
    pub fn run_together(
        &self,
        market: usize,
        block: &PathBlock,
        horizon_steps: &[usize],
        seed: u64,
        first_path: u64,
        state: &mut SystemState,
        losses: &mut [f64],
    ) -> Result<(), SystemError> {
        let Some(unit) = self.units.iter().find(|unit| unit.members.contains(&market)) else {
            return Err(SystemError::Unknown { owner: "the system", market, markets: self.markets.len() });
        };
        let units = core::slice::from_ref(unit);
        self.run(units, &unit.members, block, horizon_steps, (seed, first_path), state, losses)
    }

    /// Puts another market in the place of one: its book has changed. What it shares stays.
    ///
    /// # Errors
    /// A market that is not there.
    pub fn replace_market(&mut self, market: usize, model: MarketModel) -> Result<(), SystemError> {
        let markets = self.markets.len();
        if market >= markets {
            return Err(SystemError::Unknown { owner: "the system", market, markets });
        }
        let mut all = self.markets.clone();
        all[market] = Arc::new(model);
        *self = units::build(all, self.options.clone())?.with_accounts(core::mem::take(&mut self.accounts));
        Ok(())
    }
}
