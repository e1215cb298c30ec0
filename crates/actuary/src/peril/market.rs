//! What events will cost one market: rate, mean and distribution, before and after its own record.
//!
//! The number of events within a term is negative binomial: Poisson with the rate of all causes together at the
//! market's kind of venue, times the venue's own factor ([`VenueSpread`]), both uncertain, with squared coefficients
//! of variation that multiply as `1 + c^2 = (1 + c_rate^2)(1 + c_factor^2)`. The severity is the mixture of the
//! causes' damage ratios by their rates, times `min(exposure, cap)`. Units: amounts in USD, rates a venue-year.

use super::error::{PerilError, positive};
use super::model::{Cause, EventPeril, Venue};
use super::spread::{RateExperience, VenueSpread};
use crate::aggregate::{Discretisation, Frequency, Grid, GridLoss, Transform, TransformTerms};
use crate::math::Estimate;

/// A market's own record of events.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct OwnEvents {
    /// Years that the market, or its venue, was watched.
    pub years: f64,
    /// Events of all causes of event peril in them.
    pub events: u32,
}

/// The market to be rated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PerilRisk {
    /// Kind of its venue.
    pub venue: Venue,
    /// Term, years.
    pub years: f64,
    /// Debt of the market.
    pub exposure: f64,
    /// Most that one event can cost, for instance a supply cap; infinite for none.
    pub cap: f64,
    /// Its own record; the default for none.
    pub own: OwnEvents,
}

/// A cause's share in a market's event peril.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MarketCause {
    /// The cause.
    pub cause: Cause,
    /// Events a year, own record included.
    pub rate: f64,
    /// Expected cost of one event.
    pub severity: f64,
}

/// Event peril of a market over its term.
#[derive(Clone, Debug, PartialEq)]
pub struct MarketPeril {
    /// By cause.
    pub causes: Vec<MarketCause>,
    /// What the own record does to the rate.
    pub experience: RateExperience,
    /// Events a year at venues of the kind, with the deviation of the estimate (not of the venues).
    pub collective_rate: Estimate,
    /// Events a year of this market, with the deviation that remains after its record.
    pub rate: Estimate,
    /// Expected cost over the term without the own record.
    pub collective_mean: f64,
    /// Expected cost over the term, with the errors of rate and of mean damage.
    pub mean: Estimate,
    /// Cost over the term by the collective's rate.
    pub collective: GridLoss,
    /// Cost over the term.
    pub distribution: GridLoss,
}

impl MarketPeril {
    /// By how much the own record moves the expected cost of events.
    #[must_use]
    pub fn movement(&self) -> f64 {
        self.mean.value - self.collective_mean
    }
}

impl EventPeril {
    /// Event peril of a market. `spread` says how far venues differ, which decides how much its own record counts.
    ///
    /// # Errors
    /// A kind of venue without exposure in the fit; term, exposure or cap that are not positive; an own record with
    /// negative years, or with events and no years.
    pub fn market(
        &self,
        risk: &PerilRisk,
        spread: &VenueSpread,
        grid: Grid,
    ) -> Result<MarketPeril, PerilError> {
        positive("years", risk.years)?;
        let no_rate = PerilError::Sample { what: "the rate of this kind of venue", count: 0 };
        let rates = self
            .causes
            .iter()
            .map(|cause| cause.rates.iter().find(|(kind, _)| *kind == risk.venue).map(|(_, rate)| *rate))
            .collect::<Option<Vec<_>>>()
            .ok_or(no_rate)?;
        let rate: f64 = rates.iter().map(|r| r.mean()).sum();
        let variance: f64 = rates.iter().map(|r| r.deviation() * r.deviation()).sum();
        let experience = spread.experience(rate, risk.own.events, risk.own.years)?;
        // Mixture of the causes' claims on the grid.
        let mut severity = vec![0.0; grid.buckets()];
        let mut causes = Vec::with_capacity(self.causes.len());
        let (mut mean_claim, mut claim_variance) = (0.0, 0.0);
        for (cause, own) in self.causes.iter().zip(&rates) {
            let claim = cause.damage.claim(risk.exposure, risk.cap)?;
            let (first, second) = claim.moments();
            let weight = own.mean() / rate;
            let on_grid = claim.discretised(&grid, Discretisation::LocalMoments);
            severity.iter_mut().zip(on_grid).for_each(|(sum, p)| *sum += weight * p);
            mean_claim += weight * first;
            // Causes with pooled damage share one estimate; added as they are, an upper bound.
            let ratios = cause.ratios_used.max(1) as f64;
            claim_variance += weight * ((second - first * first).max(0.0) / ratios);
            causes.push(MarketCause {
                cause: cause.cause,
                rate: own.mean() * experience.factor,
                severity: first,
            });
        }
        let transform = Transform::new(grid.buckets(), TransformTerms::PRECISE)?;
        let relative = variance / (rate * rate);
        let over_term = |factor: f64, shape: f64| -> Result<(GridLoss, f64, f64), PerilError> {
            let squared = (1.0 + relative) * (1.0 + 1.0 / shape) - 1.0;
            let count = risk.years * rate * factor;
            let frequency = Frequency::NegativeBinomial { mean: count, size: 1.0 / squared };
            let mut mass = transform.compound(&frequency, &severity)?;
            transform.clean(&mut mass);
            let mean = count * mean_claim;
            Ok((GridLoss::with_rest(grid, mass, mean), mean, squared))
        };
        let (collective, collective_mean, _) = over_term(1.0, spread.shape())?;
        let (distribution, mean, squared) = over_term(experience.factor, experience.shape)?;
        let claim_error = if mean_claim > 0.0 { claim_variance / (mean_claim * mean_claim) } else { 0.0 };
        let own_rate = rate * experience.factor;
        Ok(MarketPeril {
            causes,
            experience,
            collective_rate: Estimate { value: rate, standard_error: variance.sqrt() },
            rate: Estimate { value: own_rate, standard_error: own_rate * squared.sqrt() },
            collective_mean,
            mean: Estimate { value: mean, standard_error: mean * (squared + claim_error).sqrt() },
            collective,
            distribution,
        })
    }
}
