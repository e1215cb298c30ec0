//! Event peril in the price: losses that the simulation of prices does not contain, put beside those that it does.
//!
//! A market's simulated loss and its events are independent. Their sum within the term goes through deductible, limit
//! and coinsurance; what the events add to the payment is a line of the premium, split into what the collective's
//! record says and what the market's own record changes. Over the capital horizon what the events add to each market's
//! payment joins the distribution of what the pool owes, with each market's part of it, so that expected shortfall and
//! its allocation to the markets include them and add up. All sums of independent losses are by padded transforms
//! on the grids of the simulation's histograms ([`crate::aggregate`], [`crate::capital::GridPool`]).

use super::error::PricingError;
use crate::aggregate::{Grid, GridLoss};
use crate::capital::GridPool;
use crate::loss::{HorizonFigures, LineFigures, LossHistogram, PolicyTerms};
use crate::peril::{
    Collective, EventPeril, LossExperience, MarketPeril, OwnEvents, PerilRisk, Period, Venue, VenueSpread,
};

/// What is known of events: the collective's record, and each market's own.
#[derive(Clone, Debug)]
pub struct EventRisks {
    /// The collective's record, fitted.
    pub peril: EventPeril,
    /// How far venues of a kind differ.
    pub spread: VenueSpread,
    /// The markets, in their order.
    pub markets: Vec<EventRisk>,
}

/// One market's exposure to events, and its record.
#[derive(Clone, Debug, PartialEq)]
pub struct EventRisk {
    /// Kind of its venue.
    pub venue: Venue,
    /// Debt that an event can hit, unit of account.
    pub exposure: f64,
    /// Most that one event can cost; infinite for none.
    pub cap: f64,
    /// Its own record of events.
    pub own: OwnEvents,
    /// Its own record of losses made by prices: loss ratios by period, weighed by debt times years.
    pub losses: Vec<Period>,
}

/// How wrong the simulation may be for a market: coefficient of variation of its true loss ratio around the modelled
/// one. Stated: back-tests of ladders on recorded crashes are within a factor of two.
pub const MODEL_ERROR: f64 = 0.5;

/// What events do to one market within the term.
#[derive(Clone, Debug, PartialEq)]
pub struct MarketEvents {
    /// Rate, severity and distribution.
    pub peril: MarketPeril,
    /// What they add to the expected payment by the collective's record.
    pub collective: f64,
    /// What the own record of events adds to that or takes off.
    pub experience: f64,
    /// What the own record of losses does to the simulated payment; none without a record.
    pub losses: Option<LossExperience>,
    /// Probability of a claim, prices and events together.
    pub claim_probability: f64,
}

impl EventRisks {
    /// What events and records do to each market over the term with the given simulated losses. `year` are the losses
    /// over the capital horizon of so many years, against which a record of losses is held.
    ///
    /// # Errors
    /// A market, record or grid that makes no sense.
    pub fn within(
        &self,
        simulated: &HorizonFigures,
        years: f64,
        (year, horizon_years): (&HorizonFigures, f64),
        policies: &[PolicyTerms],
        smallest_claim: f64,
    ) -> Result<Vec<MarketEvents>, PricingError> {
        let markets = self.markets.iter().zip(&simulated.markets).zip(&year.markets).zip(policies);
        markets
            .map(|(((risk, market), annual), terms)| {
                let losses = loss_experience(risk, &annual.gross, horizon_years)?;
                let gross = grid_loss(&market.gross_histogram)?;
                let peril = self.market(risk, years, gross.grid())?;
                let alone = gross.expected_payment(terms);
                let by_collective = gross.convolved(&peril.collective)?.expected_payment(terms) - alone;
                let both = gross.convolved(&peril.distribution)?;
                let own = both.expected_payment(terms) - alone;
                Ok(MarketEvents {
                    collective: by_collective.max(0.0),
                    experience: own - by_collective,
                    losses,
                    claim_probability: both.probability_from(smallest_claim).clamp(0.0, 1.0),
                    peril,
                })
            })
            .collect()
    }

    /// What the pool owes over a period with events, each market's part kept; `pool` is that without events. What an event
    /// adds to a market's payment is put beside the pool's simulated total as if independent of it. In truth it adds less
    /// where the simulated loss has used up the limit, so that sums above all the limits come about: they are taken for
    /// the limits.
    ///
    /// # Errors
    /// A market or grid that makes no sense.
    pub fn pool(
        &self,
        pool: &GridPool,
        simulated: &HorizonFigures,
        years: f64,
        policies: &[PolicyTerms],
    ) -> Result<GridPool, PricingError> {
        let markets = self.markets.iter().zip(&simulated.markets).zip(policies);
        let added = markets
            .map(|((risk, market), terms)| {
                let gross = grid_loss(&market.gross_histogram)?;
                let peril = self.market(risk, years, gross.grid())?;
                Ok(gross.payment_added_by(&peril.distribution, terms, pool.grid())?)
            })
            .collect::<Result<Vec<GridLoss>, PricingError>>()?;
        let most = pool.grid().point(pool.mass().len() - 1);
        Ok(pool.with_events(&added)?.limited(most)?)
    }

    fn market(&self, risk: &EventRisk, years: f64, grid: Grid) -> Result<MarketPeril, PricingError> {
        let EventRisk { venue, exposure, cap, own, .. } = *risk;
        Ok(self.peril.market(&PerilRisk { venue, years, exposure, cap, own }, &self.spread, grid)?)
    }
}

/// What a market's record of losses does to its simulated loss; none without a record, or where the simulation makes
/// no loss that it could be held against.
fn loss_experience(
    risk: &EventRisk,
    simulated: &LineFigures,
    years: f64,
) -> Result<Option<LossExperience>, PricingError> {
    if risk.losses.is_empty() || simulated.mean.value <= 0.0 {
        return Ok(None);
    }
    let (mean, deviation) = (simulated.mean.value, simulated.deviation.value);
    let collective = Collective::of_simulation(mean, deviation, risk.exposure, years, MODEL_ERROR)?;
    Ok(Some(collective.rated(&risk.losses)?))
}

/// The pool of a simulation on its own grid, without events.
///
/// # Errors
/// A histogram that makes no distribution.
pub fn grid_pool(simulated: &HorizonFigures) -> Result<GridPool, PricingError> {
    let owed = &simulated.owed_histogram;
    let grid = Grid::new(owed.total.step, owed.total.masses.len())?;
    // What is owed nothing is what the other points leave of one, whatever the weights add up to.
    let mut masses = owed.total.masses.clone();
    masses[0] = 0.0;
    // The grid ends at the most the pool can owe: nothing lies beyond but rounding.
    let none = vec![0.0; owed.parts.len()];
    Ok(GridPool::of_histogram(grid, &masses, &owed.parts, 0.0, &none)?)
}

fn grid_loss(histogram: &LossHistogram) -> Result<GridLoss, PricingError> {
    let grid = Grid::new(histogram.step, histogram.masses.len())?;
    // No loss has what the other points leave of one.
    let points = histogram.masses.iter().enumerate().skip(1).map(|(index, &mass)| (mass, grid.point(index)));
    let beyond = (histogram.overflow > 0.0).then_some((histogram.overflow, histogram.overflow_mean));
    Ok(GridLoss::of_atoms(grid, points.chain(beyond))?)
}
