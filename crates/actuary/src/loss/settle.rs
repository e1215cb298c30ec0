//! A path's gross losses through the settlement engine's own rules: policies and waterfall.
//!
//! Nothing is computed twice. A market's claim is [`seawall_engine::Policy::claim`] of a policy of which
//! nothing is used; layers pay by [`seawall_engine::waterfall::pour`]. Amounts go in and come out as whole
//! units, a power of two of the unit of account that is 2^-49 to 2^-48 of the pool's exposure (for a billion:
//! two millionths), so that conversion is exact in both directions as long as amounts stay below sixteen
//! times the exposure, and gross losses are rounded to the nearest unit.
//!
//! A path's loss within the horizon is booked at once, which gives the same as booking it in parts, because the
//! rules are cumulative.
//!
//! Not modelled: the event limit and the early bound, which need the times of the losses within the path, and
//! the smallest claim, below which nothing is booked (all three only lower what the pool pays); the mutual
//! layer is a plain last layer, without the sufferer's own bond first and the cap on other members' bonds. A
//! coinsurance is taken to the nearest millionth, as in the engine.

use seawall_engine::{EventWindow, Policy, PolicyId, Status, waterfall::pour};
use seawall_fixed::{Assets, Ppm};

use super::{
    exact::power_of_two_above,
    terms::{Layers, PolicyTerms, TermsError},
};

/// Units in the pool's exposure, as a power of two.
const UNIT_BITS: i32 = 49;

/// Amounts of so many units or more are unlimited; losses of as many are refused. Sums of them stay below
/// 2^128.
const UNITS_MAX: f64 = 1_267_650_600_228_229_401_496_703_205_376.0;

/// A gross loss by who bears it; the parts after `gross` add up to it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PolicyLoss {
    /// Loss of the market, in whole units.
    pub gross: f64,
    /// Paid from the insured's deductible bond.
    pub deductible: f64,
    /// Above the limit: the market's own.
    pub over_limit: f64,
    /// Kept by the insured as coinsurance.
    pub coinsured: f64,
    /// Owed by the pool.
    pub pay: f64,
}

/// What became of one path's losses.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settled {
    /// What the pool owes each market.
    pub owed: Vec<f64>,
    /// What the pool owes in all.
    pub total: f64,
    /// What each layer pays: reserve, tranches, mutual.
    pub taken: Vec<f64>,
    /// What no layer pays.
    pub residual: f64,
}

/// Policies and layers in whole units.
#[derive(Clone, Debug)]
pub struct Settlement {
    unit: f64,
    policies: Vec<Policy>,
    layers: Vec<Assets>,
}

impl Settlement {
    /// Policies, one a market, and layers; `exposure` is what the pool's markets can lose about, a positive
    /// amount, from which the size of a unit is chosen.
    ///
    /// # Errors
    /// An exposure that is not positive and finite.
    pub fn new(policies: &[PolicyTerms], layers: &Layers, exposure: f64) -> Result<Self, TermsError> {
        if !(exposure > 0.0 && exposure.is_finite()) {
            return Err(TermsError::Amount { name: "exposure", value: exposure });
        }
        let unit = libm::scalbn(power_of_two_above(exposure), -UNIT_BITS);
        Ok(Self {
            unit,
            policies: policies.iter().map(|terms| fresh(terms, unit)).collect(),
            layers: layers.sizes().iter().map(|&size| limit(size, unit)).collect(),
        })
    }

    /// One unit, in the unit of account.
    #[must_use]
    pub fn unit(&self) -> f64 {
        self.unit
    }

    /// An amount to the nearest unit.
    #[must_use]
    pub fn rounded(&self, amount: f64) -> f64 {
        libm::rint(amount / self.unit) * self.unit
    }

    /// One market's gross loss by who bears it.
    ///
    /// # Errors
    /// A loss that is negative, not a number or too large; a market without a policy.
    pub fn claim(&self, market: usize, gross: f64) -> Result<PolicyLoss, TermsError> {
        let markets = self.policies.len();
        let policy = self
            .policies
            .get(market)
            .ok_or(TermsError::Policies { policies: markets, markets: market + 1 })?;
        let units = loss(gross, self.unit)?;
        let claim = policy.claim(units, 0, 0, Ppm::ONE).map_err(|_| too_large(gross))?;
        let amount = |assets: Assets| assets.get() as f64 * self.unit;
        Ok(PolicyLoss {
            gross: amount(claim.gross),
            deductible: amount(claim.deductible),
            over_limit: amount(claim.over_limit),
            coinsured: amount(claim.coinsured),
            pay: amount(claim.owed),
        })
    }

    /// Sends one path's gross losses, one a market, through policies and layers. `settled` is overwritten.
    ///
    /// # Errors
    /// A loss that is negative, not a number or too large, a number of losses other than that of policies.
    pub fn settle(&self, gross: &[f64], settled: &mut Settled) -> Result<(), TermsError> {
        if gross.len() != self.policies.len() {
            return Err(TermsError::Policies { policies: self.policies.len(), markets: gross.len() });
        }
        settled.owed.clear();
        settled.taken.clear();
        let mut total = Assets::ZERO;
        for (policy, &gross) in self.policies.iter().zip(gross) {
            if gross == 0.0 {
                settled.owed.push(0.0);
                continue;
            }
            let units = loss(gross, self.unit)?;
            let owed = policy.claim(units, 0, 0, Ppm::ONE).map_err(|_| too_large(gross))?.owed;
            settled.owed.push(owed.get() as f64 * self.unit);
            total += owed;
        }
        settled.total = total.get() as f64 * self.unit;
        // What a layer takes in all does not depend on how the claims share it, so they go in as one.
        let mut left = [total];
        for &size in &self.layers {
            let mut layer = size;
            if !left[0].is_zero() {
                pour(&mut layer, &mut left);
            }
            settled.taken.push((size - layer).get() as f64 * self.unit);
        }
        settled.residual = left[0].get() as f64 * self.unit;
        Ok(())
    }
}

/// A policy of which nothing is used, in force for ever, past its early period.
fn fresh(terms: &PolicyTerms, unit: f64) -> Policy {
    let (deductible, limit) = (limit(terms.deductible, unit), limit(terms.limit, unit));
    // Checked to be in [0, 1].
    let coinsurance = Ppm::new(libm::rint(terms.coinsurance * f64::from(Ppm::ONE.get())) as u32);
    Policy {
        id: PolicyId::default(),
        buyer: Default::default(),
        digest: [0; 32],
        limit,
        event_limit: Assets::MAX,
        coinsurance,
        start: 0,
        end: u64::MAX,
        term_end: u64::MAX,
        premium: Assets::ZERO,
        bonus: Assets::ZERO,
        rates: Default::default(),
        charge_bought: Assets::ZERO,
        charge: Assets::ZERO,
        member: None,
        status: Status::Active,
        cancelled: false,
        seen: 0,
        deductible_left: deductible,
        bond_left: deductible,
        limit_left: limit,
        event: EventWindow::default(),
        eligible_cum: Assets::ZERO,
        insured_cum: Assets::ZERO,
        paid_cum: Assets::ZERO,
        tickets: 0,
        first_start: 0,
        first_limit: limit,
    }
}

/// A deductible, limit or layer: to the nearest unit, or unlimited.
fn limit(amount: f64, unit: f64) -> Assets {
    let units = libm::rint(amount / unit);
    if units < UNITS_MAX { Assets::new(units as u128) } else { Assets::new(UNITS_MAX as u128) }
}

fn loss(gross: f64, unit: f64) -> Result<Assets, TermsError> {
    let units = libm::rint(gross / unit);
    if gross >= 0.0 && units < UNITS_MAX { Ok(Assets::new(units as u128)) } else { Err(too_large(gross)) }
}

fn too_large(gross: f64) -> TermsError {
    TermsError::Amount { name: "gross loss", value: gross }
}
