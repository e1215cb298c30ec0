//! Soft liquidation by bands, as crvUSD does it (Egorov, *Curve stablecoin design*, 2022).
//!
//! A loan's collateral lies in `N` bands of prices. Band `i` reaches from `P q^i` down to `P q^(i+1)`, `q = (A-1)/A`,
//! and is sold within it, on average at its geometric middle `p_i = P q^(i+1/2)`. The loan's threshold in the book,
//! `LT = (1 - x) q^(N/2)` with the discount `x`, puts the upper end at `P = d / (c LT)`, where the loan begins to be
//! converted.
//!
//! In the ladder a loan is `N` rungs at these prices, with collateral `c/N` each and the debt that it covers there in
//! proportion to its proceeds, `d_i = d p_i / sum p`. All rungs of a loan then have the same threshold,
//! `d_i / (c/N p_i) = d N / (c sum p)`, which is `1 - x` but for the spacing of the bands: loans of any number of
//! bands nearly share one class, and are given the class `1 - x` exactly by moving `p_i` by that factor.
//!
//! Diffusion through a band sells at its price and covers its debt. A jump sells the bands that it passes at the price
//! after it, under water below `(1 - x) / (1 - s)` of the band's price: the hard liquidation of what the jump has
//! left without health.
//!
//! What is left out. A band that was sold stays sold: at a recovery the collateral is not bought back, so that a
//! second fall in the same period of renewal meets less debt (understates), and no loss of a round trip is charged to
//! the borrower. Surplus of one band does not pay for another (overstates).

use crate::book::Position;

/// Bands of a market's loans.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SoftLiquidation {
    /// `q`, lower over upper price of a band, in (0, 1); 0.99 for an amplification of 100.
    pub ratio: f64,
    /// `x`, the discount in a loan's threshold `(1 - x) q^(N/2)`, in [0, 1); 0.06 for crvUSD.
    pub discount: f64,
    /// Most bands of a loan, at least 1; 50 for crvUSD. A threshold that asks for more has that many.
    pub most_bands: u32,
}

/// crvUSD.
impl Default for SoftLiquidation {
    fn default() -> Self {
        Self { ratio: 0.99, discount: 0.06, most_bands: 50 }
    }
}

impl SoftLiquidation {
    /// Whether all numbers are in range.
    pub(super) fn is_sound(&self) -> bool {
        self.ratio > 0.0 && self.ratio < 1.0 && (0.0..1.0).contains(&self.discount) && self.most_bands > 0
    }

    /// Number of bands that a threshold stands for, at least 1.
    #[must_use]
    pub fn bands(&self, threshold: f64) -> u32 {
        let exact = 2.0 * libm::log(threshold / (1.0 - self.discount)) / libm::log(self.ratio);
        // A float to integer cast saturates, and turns NaN into 0.
        (libm::round(exact) as u32).clamp(1, self.most_bands)
    }

    /// The rungs of a loan: positions that break at the prices of its bands.
    pub(super) fn rungs(&self, loan: &Position) -> impl Iterator<Item = Position> + use<> {
        let (count, threshold) = (self.bands(loan.liquidation_threshold), 1.0 - self.discount);
        let (ratio, parts) = (self.ratio, f64::from(count));
        let price = move |band: u32| libm::pow(ratio, f64::from(band) + 0.5);
        let sum: f64 = (0..count).map(price).sum();
        let (debt, collateral) = (loan.debt, loan.collateral / parts);
        (0..count).map(move |band| Position {
            collateral,
            debt: debt * price(band) / sum,
            liquidation_threshold: threshold,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rungs_add_up_and_stand_at_the_prices_of_the_bands() {
        let soft = SoftLiquidation::default();
        for bands in [4_u32, 10, 50] {
            let threshold = 0.94 * libm::pow(0.99, f64::from(bands) / 2.0);
            assert_eq!(soft.bands(threshold), bands);
            let loan = Position { collateral: 3.0, debt: 4000.0, liquidation_threshold: threshold };
            let rungs: Vec<Position> = soft.rungs(&loan).collect();
            assert_eq!(rungs.len(), bands as usize);
            assert!((rungs.iter().map(|r| r.debt).sum::<f64>() - 4000.0).abs() < 1e-9);
            assert!((rungs.iter().map(|r| r.collateral).sum::<f64>() - 3.0).abs() < 1e-12);
            let breaks: Vec<f64> = rungs.iter().map(Position::break_price).collect();
            assert!(breaks.windows(2).all(|pair| (pair[1] / pair[0] - 0.99).abs() < 1e-12));
            // The first band begins where the loan breaks in the book, but for the spacing of the bands.
            let upper = loan.break_price() * libm::sqrt(0.99);
            assert!((breaks[0] / upper - 1.0).abs() < 0.012, "{} {upper}", breaks[0]);
        }
        assert_eq!(soft.bands(0.95), 1);
        assert_eq!(soft.bands(0.1), 50);
    }
}
