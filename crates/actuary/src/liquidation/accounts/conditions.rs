//! How a book of accounts is served beyond depth and seizure: when liquidators come, what is too small for them, what
//! their sales do to prices.

use super::AccountModelError;
use crate::liquidation::{ByRegime, DelaySpells, Feedback, Outages, Reservoir, SpellRates};

/// Conditions of service, each an option. The default has none: liquidators come at once, to the smallest debt, no sale
/// moves a price, and depth is a rate whose unused part lapses at the end of an interval.
#[derive(Clone, Debug, PartialEq)]
pub struct Conditions {
    /// Hours by which liquidators are behind the oracles, at least 0.
    pub delay_hours: ByRegime,
    /// Spells in which they are later, at the same times as those of the markets on the same path.
    pub congestion: Option<DelaySpells>,
    /// Spells in which an oracle stands still, each asset's column on its own, as the markets have them: liquidators judge
    /// an account by the last price of that asset and the present ones of the others, and sell at the true prices.
    pub outages: Option<Outages>,
    /// Depth as a reservoir that is consumed and refills, one an asset.
    pub reservoir: Option<Reservoir>,
    /// Cost of a liquidation, unit of account, at least 0. An account whose debt at the snapshot, times the bonus of its
    /// collateral (by value), is below it is dust: nobody liquidates it, and what it is under water by at a renewal or
    /// horizon is bad debt.
    pub gas: f64,
    /// Impact of the accounts' own forced sales; `markets` are the numbers of the assets whose price it moves, each in one
    /// of them at most. The price of an asset is moved where it is owed, too.
    pub impacts: Vec<Feedback>,
}

impl Default for Conditions {
    fn default() -> Self {
        Self {
            delay_hours: ByRegime::same(0.0),
            congestion: None,
            outages: None,
            reservoir: None,
            gas: 0.0,
            impacts: Vec::new(),
        }
    }
}

impl Conditions {
    /// Whether liquidators see every price at once.
    pub(super) fn is_prompt(&self) -> bool {
        let ByRegime { calm, stressed } = self.delay_hours;
        calm == 0.0 && stressed == 0.0 && self.congestion.is_none() && self.outages.is_none()
    }

    /// Checks the figures for a book of so many assets.
    pub(super) fn check(&self, assets: usize) -> Result<(), AccountModelError> {
        let not_negative = |x: f64| x >= 0.0 && x.is_finite();
        let positive = |x: f64| x > 0.0 && x.is_finite();
        let refuse = |field, found, expected| Err(AccountModelError::Rule { field, found, expected });
        let ByRegime { calm, stressed } = self.delay_hours;
        let mut figures = vec![
            ("delay", calm, not_negative(calm), "at least 0 and finite"),
            ("delay under stress", stressed, not_negative(stressed), "at least 0 and finite"),
            ("cost of a liquidation", self.gas, not_negative(self.gas), "at least 0 and finite"),
        ];
        if let Some(delay) = &self.congestion {
            let extra = delay.extra_hours;
            figures.push(("extra delay", extra, not_negative(extra), "at least 0 and finite"));
        }
        let rates = self.congestion.iter().map(|delay| &delay.rates);
        for SpellRates { per_year, at_crash, mean_hours } in
            rates.chain(self.outages.iter().map(|outages| &outages.rates))
        {
            for rate in [per_year.calm, per_year.stressed] {
                figures.push(("spells a year", rate, (0.0..=1e6).contains(&rate), "from 0 to 1000000"));
            }
            figures.push((
                "probability of a spell at a crash",
                *at_crash,
                (0.0..=1.0).contains(at_crash),
                "from 0 to 1",
            ));
            figures.push(("mean length of spells", *mean_hours, positive(*mean_hours), "above 0 and finite"));
        }
        if let Some(Reservoir { half_life_hours, crash_sensitivity, crash_half_life_hours }) = self.reservoir
        {
            for (field, hours) in [
                ("half-life of the reservoir", half_life_hours),
                ("half-life of a crash's effect on depth", crash_half_life_hours),
            ] {
                figures.push((field, hours, positive(hours), "above 0 and finite"));
            }
            let sound = not_negative(crash_sensitivity);
            figures.push((
                "sensitivity of depth to crashes",
                crash_sensitivity,
                sound,
                "at least 0 and finite",
            ));
        }
        let mut named = vec![false; assets];
        for Feedback { markets, depth, impact, half_life_hours, most_rounds, .. } in &self.impacts {
            figures.push(("depth of a price impact", *depth, positive(*depth), "above 0 and finite"));
            figures.push(("price impact", *impact, not_negative(*impact), "at least 0 and finite"));
            figures.push((
                "half-life of a price impact",
                *half_life_hours,
                *half_life_hours > 0.0,
                "above 0",
            ));
            figures.push(("number of rounds", f64::from(*most_rounds), *most_rounds > 0, "at least 1"));
            for &asset in markets {
                let free = named.get_mut(asset).is_some_and(|named| !core::mem::replace(named, true));
                let expected = "an asset of the book, named once";
                figures.push(("asset of a price impact", asset as f64, free, expected));
            }
        }
        match figures.into_iter().find(|(.., sound, _)| !sound) {
            Some((field, found, _, expected)) => refuse(field, found, expected),
            None => Ok(()),
        }
    }
}
