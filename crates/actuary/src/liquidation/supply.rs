//! How much debt an interval can sell: depth as a rate, or as a reservoir.
//!
//! As a *rate*, capacity accrues evenly and what is not used by the end of an interval lapses.
//!
//! As a *reservoir* the market holds a stock `phi F`, with a full level `F` and a share `phi` that recovers towards 1
//! at the rate `lambda = ln 2 / half-life`: `d phi = lambda (1 - phi) dt - sales / F`. An empty reservoir refills
//! at `lambda F`, the depth per hour, so that `F = rate / lambda`. In an interval of length `t`:
//!
//! - *Backlog*, there from the beginning, is sold as soon as possible: the stock at once, then what flows in. It
//!   can take `F (phi + lambda t)`. After a sale of `x` above the stock the reservoir is empty at time
//!   `(x/F - phi) / lambda` and refills from then on; after a smaller one it refills from `phi - x/F`.
//! - *Crossings* of the diffusion come evenly over the time that is left, `x` in all. The share would be
//!   `c + (phi - c) e^(-lambda t)` at the end, `c = 1 - x / (lambda F t)`. If that is not negative all is sold. If it is,
//!   the reservoir runs dry at `T = ln((phi - c) / -c) / lambda`, and `x T / t + lambda F (t - T)` is sold. As `t`
//!   goes to 0 that is the stock.
//! - *A moment* (a jump at the end, a late observation inside) can take the stock of that moment, `phi F`.
//!
//! A regime changes `F` and leaves `phi`: liquidity is withdrawn in proportion. A crash of size `M` multiplies `F` by
//! `exp(-k M)` from its moment on, which fades with a half-life of its own; within an interval the value at its
//! middle is taken.
//!
//! Units: debt, or its value, consistently; time in years.

use super::{ByRegime, HOURS_PER_YEAR};

/// When in an interval the debt that is sold comes up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Filling {
    /// At its beginning.
    Backlog,
    /// Evenly over it.
    Crossing,
    /// At one moment.
    Moment,
}

/// Depth as a reservoir instead of a rate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reservoir {
    /// Hours in which half of what was sold is back, above 0. The full level is depth per hour x half-life / ln 2: a
    /// half-life of `ln 2` refill times makes it the largest single sale of a [`super::Depth`] from a curve.
    pub half_life_hours: f64,
    /// `k` in `exp(-k M)`, by which a crash of size `M` (log fall of an asset with loading 1) shrinks the level; at
    /// least 0.
    pub crash_sensitivity: f64,
    /// Hours in which half of a crash's log shrinkage has gone, above 0.
    pub crash_half_life_hours: f64,
}

/// Half of it back in an hour times ln 2 (what was sold is offered again after an hour), halved by a crash of 35 %,
/// which fades with a half-life of a day.
impl Default for Reservoir {
    fn default() -> Self {
        Self { half_life_hours: core::f64::consts::LN_2, crash_sensitivity: 2.0, crash_half_life_hours: 24.0 }
    }
}

/// The state of one reservoir on one path, carried from interval to interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Tank {
    /// Share of the full level that is there.
    pub fill: f64,
    /// Log of what crashes have taken off the full level.
    pub shrink: f64,
    /// Time up to which both are carried.
    pub time: f64,
}

impl Tank {
    /// Full, at time 0.
    pub const FULL: Self = Self { fill: 1.0, shrink: 0.0, time: 0.0 };
}

/// Depth of a market or of a pool of markets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Source {
    per_year: ByRegime,
    reservoir: Option<Rates>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Rates {
    refill: f64,
    crash: f64,
    sensitivity: f64,
}

impl Source {
    /// Depth per hour, may be infinite; the reservoir's numbers have been checked.
    pub fn new(per_hour: ByRegime, reservoir: Option<Reservoir>) -> Self {
        let rate = |hours: f64| core::f64::consts::LN_2 * HOURS_PER_YEAR / hours;
        Self {
            per_year: ByRegime {
                calm: per_hour.calm * HOURS_PER_YEAR,
                stressed: per_hour.stressed * HOURS_PER_YEAR,
            },
            reservoir: reservoir.map(|r| Rates {
                refill: rate(r.half_life_hours),
                crash: rate(r.crash_half_life_hours),
                sensitivity: r.crash_sensitivity,
            }),
        }
    }

    /// What can be sold in so many years, if depth is a rate.
    #[inline]
    pub fn evenly(&self, years: f64, stressed: bool) -> Option<f64> {
        let rate = self.per_year.get(stressed);
        let all = if rate.is_infinite() { rate } else { rate * years };
        self.reservoir.is_none().then_some(all)
    }

    /// Whether crashes shrink the level.
    pub fn feels_crashes(&self) -> bool {
        self.reservoir.is_some_and(|rates| rates.sensitivity > 0.0)
    }

    /// A crash of size `size` at `time`, not before the tank's.
    pub fn crash(&self, tank: &mut Tank, time: f64, size: f64) {
        let Some(rates) = self.reservoir else { return };
        self.rest(tank, time);
        tank.shrink += rates.sensitivity * size.max(0.0);
    }

    /// What a crash leaves of the level.
    pub fn left_by_crash(&self, size: f64) -> f64 {
        self.reservoir.map_or(1.0, |rates| libm::exp(-rates.sensitivity * size.max(0.0)))
    }

    /// Carries a tank from which nothing is sold to `time`.
    pub fn rest(&self, tank: &mut Tank, time: f64) {
        let Some(rates) = self.reservoir else { return };
        let years = time - tank.time;
        if years > 0.0 {
            tank.fill = refilled(tank.fill, rates.refill * years);
            if tank.shrink > 0.0 {
                tank.shrink *= libm::exp(-rates.crash * years);
            }
            tank.time = time;
        }
    }

    /// What can be sold in an interval from `start` (or from the tank's time, if later) to `end`. The tank must
    /// be given back with [`Supply::close`].
    pub fn open(&self, tank: &mut Tank, start: f64, end: f64, stressed: bool) -> Supply {
        self.rest(tank, start);
        self.over(tank, end - start.max(tank.time), stressed)
    }

    /// As [`Source::open`], for an interval of so many years from the tank's time on.
    pub fn over(&self, tank: &Tank, years: f64, stressed: bool) -> Supply {
        if let Some(left) = self.evenly(years, stressed) {
            return Supply::Rate { left };
        }
        let rate = self.per_year.get(stressed);
        match self.reservoir {
            None => Supply::Rate { left: rate },
            Some(rates) => {
                let mut level = rate / rates.refill;
                if tank.shrink > 0.0 {
                    let middle = tank.shrink * libm::exp(-0.5 * rates.crash * years);
                    level *= libm::exp(-middle);
                }
                Supply::Stock(Stock {
                    level,
                    fill: tank.fill,
                    refill: rates.refill,
                    years,
                    length: years,
                    passed: f64::NAN,
                })
            }
        }
    }
}

/// Share of the level after some time, in mean times of refilling. A full one stays full, exactly.
#[inline]
fn refilled(fill: f64, times: f64) -> f64 {
    if fill == 1.0 { fill } else { 1.0 - (1.0 - fill) * libm::exp(-times) }
}

/// What is left to sell within an interval.
#[derive(Clone, Copy, Debug)]
pub(super) enum Supply {
    /// Capacity that has not been used.
    Rate {
        /// Debt.
        left: f64,
    },
    /// A reservoir.
    Stock(Stock),
}

/// A reservoir within an interval.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stock {
    level: f64,
    fill: f64,
    refill: f64,
    /// Time left in the interval.
    years: f64,
    length: f64,
    /// Share of what is missing that flows in over the time left; not a number until it is asked for.
    passed: f64,
}

impl Supply {
    /// Moves to so many years before the interval's end; only forwards.
    pub fn advance(&mut self, years_left: f64) {
        if let Self::Stock(stock) = self
            && years_left < stock.years
        {
            stock.rest(stock.years - years_left);
        }
    }

    /// The most that can be sold of a demand.
    pub fn limit(&mut self, filling: Filling, demand: f64) -> f64 {
        match self {
            Self::Rate { left } => *left,
            Self::Stock(stock) => stock.limit(filling, demand),
        }
    }

    /// Takes what was sold of a demand: at most its [`Supply::limit`].
    pub fn take(&mut self, filling: Filling, demand: f64, sold: f64) {
        match self {
            Self::Rate { left } => *left = (*left - sold).max(0.0),
            Self::Stock(stock) => stock.take(filling, demand, sold),
        }
    }

    /// Multiplies a reservoir's level, as a crash at the end of the interval does before its jump is served.
    pub fn shrink(&mut self, factor: f64) {
        if let Self::Stock(stock) = self {
            stock.level *= factor;
        }
    }

    /// Gives what is left at `end` back to the tank.
    pub fn close(mut self, source: &Source, tank: &mut Tank, end: f64) {
        self.advance(0.0);
        if let (Self::Stock(stock), Some(rates)) = (self, source.reservoir) {
            tank.fill = stock.fill;
            if tank.shrink > 0.0 {
                tank.shrink *= libm::exp(-rates.crash * stock.length);
            }
        }
        tank.time = end;
    }
}

impl Stock {
    fn rest(&mut self, years: f64) {
        if years > 0.0 {
            self.fill = refilled(self.fill, self.refill * years);
            self.leave(self.years - years);
        }
    }

    /// Sets the time left.
    fn leave(&mut self, years: f64) {
        self.years = years;
        self.passed = f64::NAN;
    }

    fn limit(&mut self, filling: Filling, demand: f64) -> f64 {
        if self.level <= 0.0 {
            return 0.0;
        }
        match filling {
            Filling::Moment => self.fill * self.level,
            Filling::Backlog => self.level * (self.fill + self.refill * self.years),
            Filling::Crossing if self.years <= 0.0 => self.fill * self.level,
            Filling::Crossing => self.dry_after(demand).map_or(demand, |dry| {
                demand * (dry / self.years) + self.level * self.refill * (self.years - dry)
            }),
        }
    }

    /// Share of the full level after the time left, had a demand been sold that comes evenly; negative if it cannot be.
    /// Written without `1 / t`, so that it holds for the shortest time.
    fn after_crossing(&mut self, demand: f64) -> f64 {
        let x = self.refill * self.years;
        if self.passed.is_nan() {
            self.passed = -libm::expm1(-x);
        }
        let passed = self.passed;
        let mean = if x > 0.0 { passed / x } else { 1.0 };
        self.fill * (1.0 - passed) + passed - demand / self.level * mean
    }

    /// Time after which a demand that comes evenly has emptied the stock; none if it does not.
    fn dry_after(&mut self, demand: f64) -> Option<f64> {
        let x = self.refill * self.years;
        // Where the end is negative more is wanted than flows in, so that the difference is positive.
        (self.after_crossing(demand) < 0.0).then(|| {
            let dry = libm::log1p(self.fill * x / (demand / self.level - x)) / self.refill;
            dry.min(self.years)
        })
    }

    fn take(&mut self, filling: Filling, demand: f64, sold: f64) {
        if sold <= 0.0 || !self.level.is_finite() {
            return;
        }
        let share = sold / self.level;
        match filling {
            Filling::Moment => self.fill = (self.fill - share).max(0.0),
            Filling::Backlog if share <= self.fill => self.fill -= share,
            Filling::Backlog => {
                let dry = (share - self.fill) / self.refill;
                self.fill = 0.0;
                let left = self.years - dry;
                // What rounding leaves of the time is none.
                self.leave(if left > 1e-12 * self.length { left } else { 0.0 });
            }
            Filling::Crossing => {
                let dry = self.after_crossing(demand) < 0.0;
                self.fill = if dry { 0.0 } else { self.after_crossing(sold).max(0.0) };
                self.leave(0.0);
            }
        }
    }
}
