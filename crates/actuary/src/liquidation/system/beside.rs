//! Books of accounts with several collaterals and debts beside the markets of a system, on the same prices.
//!
//! Each is one more column of losses after the markets'. The accounts have depth of their own: whoever builds the system
//! divides a pool of depth between its markets and the accounts that sell into it. They are served as
//! [`crate::liquidation::accounts`] says. Spells of congestion and of oracles are those of the markets on the same path;
//! price impact is that of the accounts' own sales.

use super::block_paths::BlockIndex;
use super::spells::{Owner, Spells};
use super::{System, SystemError};
use crate::liquidation::accounts::block::BlockReader;
use crate::liquidation::accounts::{AccountModelError, AccountState, ClusterState, PathEvents};
use crate::liquidation::{AccountLoss, AccountModel, AssetPath, ClusterModel, SystemOptions};
use crate::price::PathBlock;

/// A book of accounts, ready to be run beside markets.
#[derive(Clone, Debug)]
pub struct AccountPass {
    name: String,
    model: AccountModel,
    clusters: Option<ClusterModel>,
}

/// Buffers of one thread.
#[derive(Debug, Default)]
pub struct AccountBuffers {
    reader: BlockReader,
    path: AssetPath,
    agents: AccountState,
    ladders: ClusterState,
    index: BlockIndex,
    spells: Spells,
    /// Of each path of the block.
    events: Vec<PathEvents>,
    intervals: Vec<usize>,
    of_path: Vec<AccountLoss>,
}

/// A book of accounts along the paths of a block.
#[derive(Debug)]
pub struct AccountRun<'a> {
    pass: &'a AccountPass,
    block: &'a PathBlock,
    buffers: &'a mut AccountBuffers,
}

impl AccountBuffers {
    /// Share of accounts and periods left out by exact pruning so far.
    #[must_use]
    pub fn pruned_share(&self) -> f64 {
        self.agents.pruned_share()
    }
}

impl AccountPass {
    /// Account by account, exactly.
    #[must_use]
    pub fn exact(name: &str, model: AccountModel) -> Self {
        Self { name: name.to_owned(), model, clusters: None }
    }

    /// As ladders of accounts of like composition, which were made of this model.
    #[must_use]
    pub fn clustered(name: &str, model: AccountModel, clusters: ClusterModel) -> Self {
        Self { name: name.to_owned(), model, clusters: Some(clusters) }
    }

    /// The same with changed accounts, gathered into as many clusters anew where it is run by clusters.
    ///
    /// # Errors
    /// What the change refuses; clusters without a ladder.
    pub fn changed(
        &self,
        change: impl FnOnce(&AccountModel) -> Result<AccountModel, AccountModelError>,
    ) -> Result<Self, AccountModelError> {
        let model = change(&self.model)?;
        let clusters = self.clusters.as_ref().map(|clusters| model.cluster(clusters.len())).transpose()?;
        Ok(Self { name: self.name.clone(), model, clusters })
    }

    /// Name of the book.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The accounts.
    #[must_use]
    pub fn model(&self) -> &AccountModel {
        &self.model
    }

    /// Their clusters, where they are run as such.
    #[must_use]
    pub fn clusters(&self) -> Option<&ClusterModel> {
        self.clusters.as_ref()
    }

    /// The book along a block. Spells are drawn for `seed` and paths from `first_path` on.
    #[must_use]
    pub fn along<'a>(
        &'a self,
        block: &'a PathBlock,
        seed: u64,
        first_path: u64,
        buffers: &'a mut AccountBuffers,
    ) -> AccountRun<'a> {
        let AccountBuffers { index, spells, events, .. } = &mut *buffers;
        let conditions = self.model.conditions();
        events.resize_with(block.paths(), PathEvents::default);
        events.iter_mut().for_each(PathEvents::clear);
        let paths = index.build(block);
        if conditions.reservoir.is_some() {
            for (lane, events) in events.iter_mut().enumerate() {
                let crashes = paths.crashes(lane).iter();
                events.crashes.extend(crashes.map(|crash| (crash.time, crash.size)));
            }
        }
        if let Some(congestion) = &conditions.congestion {
            spells.draw(&congestion.rates, Owner::Everyone, &paths, seed, first_path);
            for (lane, events) in events.iter_mut().enumerate() {
                events.congestion.extend(spells.of(lane));
            }
        }
        if let Some(outages) = &conditions.outages {
            let columns = self.model.columns();
            for (asset, column) in columns.iter().enumerate() {
                let Some(column) = *column else { continue };
                spells.draw(&outages.rates, Owner::Oracle(column), &paths, seed, first_path);
                for (lane, events) in events.iter_mut().enumerate() {
                    events.outages.resize_with(columns.len(), Vec::new);
                    events.outages[asset].extend(spells.of(lane));
                }
            }
        }
        AccountRun { pass: self, block, buffers }
    }
}

impl AccountRun<'_> {
    /// Bad debt of one path within rising horizons (steps), by the pass that is priced, or by the exact one.
    ///
    /// # Errors
    /// A block without the columns needed.
    pub fn losses(
        &mut self,
        path: usize,
        horizon_steps: &[usize],
        exact: bool,
        losses: &mut [f64],
    ) -> Result<(), SystemError> {
        let AccountPass { name, model, clusters } = self.pass;
        let failed = |source| SystemError::Accounts { name: name.clone(), source };
        let AccountBuffers { reader, path: read, agents, ladders, events, intervals, of_path, .. } =
            &mut *self.buffers;
        reader.open(model, self.block, path).map_err(failed)?;
        let end = |steps: usize| self.block.time(steps.saturating_sub(1));
        let Some(&last) = horizon_steps.last() else { return Ok(()) };
        let none = PathEvents::default();
        reader.read_until(model, end(last), events.get(path).unwrap_or(&none), read).map_err(failed)?;
        intervals.clear();
        intervals.extend(horizon_steps.iter().map(|&steps| reader.intervals_until(end(steps))));
        of_path.clear();
        of_path.resize(horizon_steps.len(), AccountLoss::default());
        match clusters {
            Some(clusters) if !exact => clusters.run_within(read, intervals, ladders, of_path),
            _ => model.run_within(read, intervals, agents, of_path),
        }
        for (loss, of_path) in losses.iter_mut().zip(of_path) {
            *loss = of_path.bad_debt;
        }
        Ok(())
    }
}

impl System {
    /// A system without markets, to which books of accounts are added.
    #[must_use]
    pub fn without_markets() -> Self {
        Self {
            markets: Vec::new(),
            options: SystemOptions::default(),
            units: Vec::new(),
            sources: Vec::new(),
            pool_of: Vec::new(),
            weight: Vec::new(),
            feedback_of: Vec::new(),
            oracles: Vec::new(),
            oracle_of: Vec::new(),
            accounts: Vec::new(),
        }
    }

    /// The same with books of accounts after the markets.
    #[must_use]
    pub fn with_accounts(mut self, accounts: Vec<AccountPass>) -> Self {
        self.accounts = accounts;
        self
    }

    /// The books of accounts, in their order.
    #[must_use]
    pub fn accounts(&self) -> &[AccountPass] {
        &self.accounts
    }

    /// Losses of a path and horizon: markets, then books of accounts.
    #[must_use]
    pub fn width(&self) -> usize {
        self.markets.len() + self.accounts.len()
    }

    /// Puts the losses of the markets where they belong and runs the accounts along the block.
    pub(super) fn beside_markets(
        &self,
        own: &[f64],
        block: &PathBlock,
        horizon_steps: &[usize],
        (seed, first_path): (u64, u64),
        losses: &mut [f64],
    ) -> Result<(), SystemError> {
        let (markets, width, horizons) = (self.markets.len(), self.width(), horizon_steps.len());
        let expected = block.paths() * horizons * width;
        if losses.len() != expected {
            return Err(SystemError::Losses { found: losses.len(), expected });
        }
        if markets > 0 {
            for (row, own) in losses.chunks_exact_mut(width).zip(own.chunks_exact(markets)) {
                row[..markets].copy_from_slice(own);
            }
        }
        let mut buffers = AccountBuffers::default();
        let mut of_path = vec![0.0; horizons];
        for (number, pass) in self.accounts.iter().enumerate() {
            let mut run = pass.along(block, seed, first_path, &mut buffers);
            for (path, rows) in losses.chunks_exact_mut(horizons * width).enumerate() {
                run.losses(path, horizon_steps, false, &mut of_path)?;
                for (row, &loss) in rows.chunks_exact_mut(width).zip(&of_path) {
                    if !(loss >= 0.0 && loss.is_finite()) {
                        let (path, market) = (block.first_path() + path as u64, pass.name.clone());
                        return Err(SystemError::Loss { path, market, loss });
                    }
                    row[markets + number] = loss;
                }
            }
        }
        Ok(())
    }
}
