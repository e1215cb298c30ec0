//! An order to liquidate whatever is under water at some prices, whoever carries it out.

use crate::liquidation::supply::Filling;

/// Prices of the assets where they secure and where they are owed, one each an asset.
#[derive(Clone, Copy, Debug)]
pub(super) struct Prices<'a> {
    pub collateral: &'a [f64],
    pub debt: &'a [f64],
}

impl<'a> Prices<'a> {
    /// The same on both sides.
    pub fn same(prices: &'a [f64]) -> Self {
        Self { collateral: prices, debt: prices }
    }
}

/// What liquidators see of one asset in an interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Sight {
    /// Whether its price moves at all.
    pub moving: bool,
    /// Whether what broke before acts on the last observation.
    pub late: bool,
    /// Share of the interval after which they see its diffusion; none if they do not in the interval.
    pub crossing: Option<f64>,
    /// Whether they see the jump at the end at once.
    pub jump: bool,
}

/// Part of an interval in which assets are seen differently.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Part {
    /// `news`: an observation has come to light in the interval, so that who is late has been served.
    Backlog {
        news: bool,
    },
    Crossing,
    Jump,
}

/// Whom an order concerns where assets are seen differently.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mask<'a> {
    pub sights: &'a [Sight],
    pub part: Part,
}

/// An order. Accounts are judged at the trigger; their collateral is sold at the sale.
#[derive(Clone, Copy, Debug)]
pub(super) struct Order<'a> {
    pub trigger: Prices<'a>,
    /// Prices at which they must be under water, too.
    pub also: Option<Prices<'a>>,
    /// True prices; with `at_break` those at the close.
    pub sale: Prices<'a>,
    /// For what the diffusion crosses: sold where the health factor passes 1, moved by the lag towards the sale.
    pub at_break: Option<Passing<'a>>,
    /// None where all assets are seen alike.
    pub mask: Option<Mask<'a>>,
    pub filling: Filling,
    pub years_left: f64,
}

/// How the diffusion passes over the break of an account.
#[derive(Clone, Copy, Debug)]
pub(super) struct Passing<'a> {
    /// Share of the way to the close, where all assets are seen alike.
    pub lag: f64,
    /// Prices of what is owed.
    pub high: &'a [f64],
}

impl Order<'_> {
    /// Whether the order concerns a holder of these assets, and the lag of the sale.
    #[inline]
    pub fn admits(&self, assets: impl Iterator<Item = u32> + Clone) -> Option<f64> {
        let lag = self.at_break.map_or(0.0, |passing| passing.lag);
        let Some(Mask { sights, part }) = self.mask else { return Some(lag) };
        let mut own = assets.map(|asset| sights[asset as usize]).filter(|sight| sight.moving);
        match part {
            Part::Backlog { news } => (!news || own.all(|sight| !sight.late)).then_some(0.0),
            Part::Crossing => own.filter_map(|sight| sight.crossing).reduce(f64::max),
            Part::Jump => own.any(|sight| sight.jump).then_some(0.0),
        }
    }

    /// Whether the diffusion of an asset is not seen in the order.
    #[inline]
    pub fn hides(&self, asset: usize) -> bool {
        self.mask.is_some_and(|mask| {
            let sight = mask.sights[asset];
            mask.part == Part::Crossing && sight.moving && sight.crossing.is_none()
        })
    }

    /// What a token of collateral is sold for, `raise` being that of the lows at the break.
    #[inline]
    pub fn sale_price(&self, asset: usize, raise: f64, lag: f64) -> f64 {
        if self.at_break.is_none() || self.hides(asset) {
            return self.sale.collateral[asset];
        }
        let at_break = self.trigger.collateral[asset] * raise;
        if lag == 0.0 { at_break } else { (1.0 - lag) * at_break + lag * self.sale.collateral[asset] }
    }

    /// What a token owed costs at the sale.
    #[inline]
    pub fn debt_price(&self, asset: usize, lag: f64) -> f64 {
        match self.at_break {
            None => self.sale.debt[asset],
            Some(Passing { high, .. }) if lag == 0.0 => high[asset],
            Some(Passing { high, .. }) => (1.0 - lag) * high[asset] + lag * self.sale.debt[asset],
        }
    }
}

/// Who carries out orders: accounts one by one, or clusters of them.
pub(super) trait Seller {
    /// Carries out an order as far as depth goes. True if anything was sold.
    fn serve(&mut self, order: &Order<'_>, buyers: &mut super::buyers::Buyers) -> bool;

    /// Looks again for who may be reached: sales have lowered prices.
    fn look_again(&mut self, span: super::desk::Span<'_>);
}
