//! What a risk steward can change, and what moves with it.
//!
//! - *Loan to value*: threshold, largest loan to value and the borrowers' own ratios rise together. A threshold of LT
//!   becomes LT + p; every loan borrows as much more as its threshold allows, `d' = d (LT + p) / LT`, so that its health
//!   factor and its break price stay what they were. What changes is what a fall through the break price leaves:
//!   `1 - (1 - s) / LT`. Borrowers who do not follow make the change cheaper: that is the next one.
//! - *Threshold alone*: LT + p with the debt as it is; loans break later and with less cover left. A loan that the
//!   lower threshold would liquidate at once is repaid down to it, `d' = LT' c S`: the change is announced, not sprung.
//! - *Volatility*: every move of log prices is scaled, diffusion, own jumps and common crash alike; the pegs' basis
//!   is not.
//! - *Depth*, *delay*, *renewal period*: as they say, in either state.
//! - *Largest position*: debt and collateral of the market's largest loan times a factor.
//! - *Cap on debt*: all loans of the market shrink together until the debt is the share given.
//!
//! For books of accounts with several collaterals the same, an account in place of a loan: its debt follows what its
//! collateral secures.

use thiserror::Error;

use super::exposure::Exposure;
use crate::liquidation::accounts::AccountModelError;
use crate::liquidation::system::AccountPass;
use crate::liquidation::{ByRegime, Depth, DepthError, SystemOptions};
use crate::price::{Dynamics, ModelParameters};

/// One change. Points are hundredths of a loan-to-value ratio (2.0 is from 80 % to 82 %).
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Change {
    /// Threshold, largest loan to value and the borrowers' ratios, by points.
    LoanToValue(f64),
    /// The threshold alone, by points.
    Threshold(f64),
    /// All moves of log prices, times a factor.
    Volatility(f64),
    /// Depth, times a factor.
    Depth(f64),
    /// Delay from threshold to sale, times a factor.
    Delay(f64),
    /// The largest loan of each market changed, times a factor.
    LargestPosition(f64),
    /// The debt of each market changed, to a share of what it is.
    DebtCap(f64),
    /// Days between redraws of the book.
    Renewal(f64),
}

/// Why a change makes no sense for a market.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum ChangeError {
    /// A threshold would leave (0, 1).
    #[error("market {market}: a threshold of {threshold} moved by {points} points is not inside (0, 1)")]
    Threshold {
        /// The market.
        market: String,
        /// A threshold as it is.
        threshold: f64,
        /// The change.
        points: f64,
    },
    /// A factor is negative or not finite, or 0 where it must not be.
    #[error("a factor of {0} is not positive and finite")]
    Factor(f64),
    /// A depth makes no sense.
    #[error(transparent)]
    Depth(#[from] DepthError),
    /// A change makes no sense for a book of accounts.
    #[error("accounts {name}: {source}")]
    Accounts {
        /// The book.
        name: String,
        /// Why.
        source: AccountModelError,
    },
}

impl Change {
    /// Whether the change moves the prices themselves, so that paths have to be drawn anew.
    #[must_use]
    pub fn moves_prices(self) -> bool {
        matches!(self, Self::Volatility(_))
    }

    /// Applies the change to one market. Changes of prices leave a market as it is.
    ///
    /// # Errors
    /// A threshold that would leave (0, 1), a factor that is not positive.
    pub fn apply(self, exposure: &mut Exposure) -> Result<(), ChangeError> {
        match self {
            Self::LoanToValue(points) => for_each_threshold(exposure, points, |position, threshold, _| {
                position.debt *= threshold / position.liquidation_threshold;
            }),
            Self::Threshold(points) => for_each_threshold(exposure, points, |position, threshold, spot| {
                let most = threshold * position.collateral * spot;
                let sound = position.debt < position.liquidation_threshold * position.collateral * spot;
                if sound && position.debt >= most {
                    // A hair below, so that it is not past its threshold at the opening.
                    position.debt = most * (1.0 - 1e-9);
                }
            }),
            Self::Volatility(factor) => positive(factor).map(|_| ()),
            Self::Depth(factor) => {
                let depth = exposure.depth.by_regime();
                let factor = positive(factor)?;
                exposure.depth = Depth::per_hour(depth.calm * factor, depth.stressed * factor)?;
                Ok(())
            }
            Self::Delay(factor) => {
                let factor = positive(factor)?;
                let ByRegime { calm, stressed } = exposure.delay_hours;
                exposure.delay_hours = ByRegime { calm: calm * factor, stressed: stressed * factor };
                Ok(())
            }
            Self::LargestPosition(factor) => {
                let factor = positive(factor)?;
                let positions = &mut exposure.market.positions;
                let largest = positions.iter_mut().max_by(|a, b| a.debt.total_cmp(&b.debt));
                if let Some(largest) = largest {
                    largest.debt *= factor;
                    largest.collateral *= factor;
                }
                Ok(())
            }
            Self::DebtCap(share) => {
                let share = positive(share)?;
                for position in &mut exposure.market.positions {
                    position.debt *= share;
                    position.collateral *= share;
                }
                Ok(())
            }
            Self::Renewal(days) => {
                exposure.renewal_days = Some(positive(days)?);
                Ok(())
            }
        }
    }

    /// Applies the change to a book of accounts.
    ///
    /// # Errors
    /// As for [`Change::apply`].
    pub fn apply_to_accounts(self, pass: &AccountPass) -> Result<AccountPass, ChangeError> {
        let changed = match self {
            Self::LoanToValue(points) => pass.changed(|model| model.with_thresholds(points / 100.0, true)),
            Self::Threshold(points) => pass.changed(|model| model.with_thresholds(points / 100.0, false)),
            Self::Depth(factor) => pass.changed(|model| model.with_depth(factor)),
            Self::LargestPosition(factor) => pass.changed(|model| model.with_largest(factor)),
            Self::DebtCap(share) => pass.changed(|model| model.with_all(share)),
            Self::Renewal(days) => pass.changed(|model| model.with_renewal(days)),
            Self::Delay(factor) => pass.changed(|model| model.with_delay(factor)),
            Self::Volatility(factor) => {
                positive(factor)?;
                Ok(pass.clone())
            }
        };
        changed.map_err(|source| ChangeError::Accounts { name: pass.name().to_owned(), source })
    }

    /// Applies the change to what markets share: depth is that of the pools with any of the markets (all where none is
    /// named), and with it the depth against which forced sales move the price.
    ///
    /// # Errors
    /// A factor that is not positive.
    pub fn apply_to_shared(self, options: &mut SystemOptions, markets: &[usize]) -> Result<(), ChangeError> {
        let Self::Depth(factor) = self else { return Ok(()) };
        let factor = positive(factor)?;
        let concerned =
            |members: &[usize]| markets.is_empty() || members.iter().any(|market| markets.contains(market));
        for pool in options.pools.iter_mut().filter(|pool| concerned(&pool.markets)) {
            let depth = pool.depth.by_regime();
            pool.depth = Depth::per_hour(depth.calm * factor, depth.stressed * factor)?;
        }
        for feedback in options.feedback.iter_mut().filter(|feedback| concerned(&feedback.markets)) {
            feedback.depth *= factor;
        }
        Ok(())
    }

    /// The price model under the change: as it is, but for volatility.
    ///
    /// # Errors
    /// A factor that is not positive.
    pub fn parameters(self, parameters: &ModelParameters) -> Result<ModelParameters, ChangeError> {
        let Self::Volatility(factor) = self else { return Ok(parameters.clone()) };
        let factor = positive(factor)?;
        let mut changed = parameters.clone();
        for asset in &mut changed.assets {
            match &mut asset.dynamics {
                Dynamics::JumpDiffusion(d) => {
                    d.volatility *= factor;
                    d.jumps.up_rate /= factor;
                    d.jumps.down_rate /= factor;
                    d.jumps.up_floor *= factor;
                    d.jumps.down_floor *= factor;
                }
                Dynamics::Merton(d) => {
                    d.volatility *= factor;
                    d.jumps.mean *= factor;
                    d.jumps.deviation *= factor;
                }
                Dynamics::Peg(_) => {}
            }
        }
        if let Some(crash) = &mut changed.crash {
            crash.floor *= factor;
            crash.excess.scale *= factor;
        }
        Ok(changed)
    }
}

/// Moves every threshold by points; `also` sees the loan with its old threshold, the new one and the spot price.
fn for_each_threshold(
    exposure: &mut Exposure,
    points: f64,
    also: impl Fn(&mut crate::book::Position, f64, f64),
) -> Result<(), ChangeError> {
    let spot = exposure.collateral_price / exposure.debt_price;
    let name = exposure.market.name.clone();
    for position in &mut exposure.market.positions {
        let threshold = position.liquidation_threshold + points / 100.0;
        if !(threshold > 0.0 && threshold < 1.0) {
            let threshold = position.liquidation_threshold;
            return Err(ChangeError::Threshold { market: name, threshold, points });
        }
        also(position, threshold, spot);
        position.liquidation_threshold = threshold;
    }
    Ok(())
}

fn positive(factor: f64) -> Result<f64, ChangeError> {
    if factor > 0.0 && factor.is_finite() { Ok(factor) } else { Err(ChangeError::Factor(factor)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book::{Market, Position};
    use crate::liquidation::{Columns, LiquidationRules};

    fn exposure() -> Exposure {
        let loan = |collateral, debt| Position { collateral, debt, liquidation_threshold: 0.8 };
        let accounts = ["a", "b", "c"].map(str::to_owned).to_vec();
        let positions = vec![loan(1.0, 1_000.0), loan(4.0, 3_000.0), loan(2.0, 3_100.0)];
        Exposure {
            market: Market::new("m", "WETH", "USDC", accounts, positions).unwrap(),
            collateral_price: 2_000.0,
            debt_price: 1.0,
            columns: Columns::Collateral(0),
            bonus: 0.05,
            depth: Depth::per_hour(10.0, 4.0).unwrap(),
            delay_hours: ByRegime { calm: 0.25, stressed: 1.0 },
            renewal_days: Some(30.0),
            rules: LiquidationRules::default(),
        }
    }

    fn changed(change: Change) -> Exposure {
        let mut exposure = exposure();
        change.apply(&mut exposure).unwrap();
        exposure
    }

    #[test]
    fn loan_to_value_moves_thresholds_and_borrowers_together() {
        let (before, after) = (exposure(), changed(Change::LoanToValue(2.0)));
        for (old, new) in before.market.positions.iter().zip(&after.market.positions) {
            assert!((new.liquidation_threshold - 0.82).abs() < 1e-15);
            assert!((new.debt / old.debt - 0.82 / 0.8).abs() < 1e-15);
            assert!((new.break_price() / old.break_price() - 1.0).abs() < 1e-14, "the break price stays");
        }
    }

    #[test]
    fn a_threshold_alone_leaves_debts_but_liquidates_nobody_at_once() {
        let up = changed(Change::Threshold(2.0));
        assert_eq!(up.market.debt(), exposure().market.debt());
        let down = changed(Change::Threshold(-5.0));
        assert!((down.market.positions[2].debt - 0.75 * 4_000.0).abs() < 1e-5);
        assert!(!down.market.positions[2].is_liquidatable(2_000.0, 1.0));
        assert_eq!(down.market.positions[1].debt, 3_000.0);
        let refused = Change::Threshold(20.0).apply(&mut exposure()).unwrap_err();
        assert_eq!(refused, ChangeError::Threshold { market: "m".to_owned(), threshold: 0.8, points: 20.0 });
    }

    #[test]
    fn concentration_cap_depth_and_delay() {
        let after = changed(Change::LargestPosition(0.5));
        assert_eq!(
            after.market.positions[2],
            Position { collateral: 1.0, debt: 1_550.0, liquidation_threshold: 0.8 }
        );
        assert_eq!(after.market.positions[1], exposure().market.positions[1]);
        let after = changed(Change::DebtCap(0.5));
        assert_eq!(
            (after.debt(), after.collateral()),
            (exposure().debt() / 2.0, exposure().collateral() / 2.0)
        );
        assert_eq!(changed(Change::Depth(2.0)).depth.by_regime(), ByRegime { calm: 20.0, stressed: 8.0 });
        assert_eq!(changed(Change::Delay(4.0)).delay_hours, ByRegime { calm: 1.0, stressed: 4.0 });
        assert_eq!(changed(Change::Renewal(7.0)).renewal_days, Some(7.0));
        for factor in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(matches!(Change::Depth(factor).apply(&mut exposure()), Err(ChangeError::Factor(_))));
        }
    }

    /// Scaling every move by f scales a path's log returns by f, whatever made them.
    #[test]
    fn volatility_scales_every_move() {
        use crate::math::pareto::GeneralisedPareto;
        use crate::price::{AssetModel, CommonCrash, JumpDiffusion, KouJumps, Model};
        let jumps = KouJumps {
            intensity: 20.0,
            up_probability: 0.4,
            up_rate: 30.0,
            down_rate: 20.0,
            up_floor: 0.01,
            down_floor: 0.02,
        };
        let dynamics = JumpDiffusion { volatility: 0.6, growth: 0.0, jumps, crash_loading: 1.0 };
        let excess = GeneralisedPareto { shape: 0.2, scale: 0.05 };
        let parameters = ModelParameters {
            assets: vec![AssetModel::jump_diffusion("X", dynamics)],
            correlation: vec![vec![1.0]],
            crash: Some(CommonCrash { intensity: 5.0, floor: 0.1, excess }),
            ..ModelParameters::default()
        };
        let moves = |parameters: ModelParameters| {
            let model = Model::new(parameters).unwrap();
            let (mut path, mut scratch) = Default::default();
            model.simulate(1.0, 50, 3, 0, &mut path, &mut scratch).unwrap();
            let logs = path.close.iter().zip(&path.after).map(|(close, after)| libm::log(after / close));
            logs.collect::<Vec<f64>>()
        };
        let (plain, scaled) =
            (moves(parameters.clone()), moves(Change::Volatility(0.5).parameters(&parameters).unwrap()));
        assert!(plain.iter().filter(|jump| **jump != 0.0).count() > 10);
        for (plain, scaled) in plain.iter().zip(&scaled) {
            assert!((scaled - 0.5 * plain).abs() < 1e-12, "{plain} {scaled}");
        }
    }
}
