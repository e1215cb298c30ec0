//! What the buyers of each asset can still take: depth as a rate, or a reservoir an asset.

use super::AccountModel;
use crate::liquidation::{
    ByRegime, HOURS_PER_YEAR,
    supply::{Filling, Source, Supply, Tank},
};

/// Buyers of all assets along a path. Amounts are value of debt extinguished.
#[derive(Clone, Debug, Default)]
pub(super) struct Buyers {
    /// Reservoirs; empty where depth is a rate.
    sources: Vec<Source>,
    tanks: Vec<Tank>,
    /// Crashes that each tank has felt.
    felt: Vec<usize>,
    supplies: Vec<Option<Supply>>,
    /// Whether a supply has been shrunk by the crash at the end of the interval.
    shrunk: Vec<bool>,
    endless: Vec<ByRegime>,
    interval: (f64, f64, bool),
    crashes: Vec<(f64, f64)>,
    /// Size of a crash at the end of the interval, once it is there.
    crash: Option<f64>,
    /// What each asset can still take.
    pub capacity: Vec<f64>,
    /// What was sold of each in the order.
    pub used: Vec<f64>,
    /// Whether an order may ask for it.
    pub asked: Vec<bool>,
    /// What is asked for of each in the order; of meaning where [`Buyers::wants_demand`].
    pub demand: Vec<f64>,
    limits: Vec<f64>,
    /// What was sold of each and has not been felt by its price.
    pub sold: Vec<f64>,
}

impl Buyers {
    /// Back to the beginning of a path.
    pub fn restart(&mut self, model: &AccountModel, crashes: &[(f64, f64)]) {
        let assets = model.spot.len();
        self.sources.clear();
        if let Some(reservoir) = model.conditions.reservoir {
            self.sources.extend(model.capacity_per_year.iter().map(|by| {
                let ByRegime { calm, stressed } = *by;
                let per_hour = ByRegime { calm: calm / HOURS_PER_YEAR, stressed: stressed / HOURS_PER_YEAR };
                Source::new(per_hour, Some(reservoir))
            }));
            self.crashes.clear();
            self.crashes.extend_from_slice(crashes);
            self.tanks.clear();
            self.tanks.resize(assets, Tank::FULL);
            self.felt.clear();
            self.felt.resize(assets, 0);
            self.endless.clone_from(&model.capacity_per_year);
        }
        for values in [&mut self.capacity, &mut self.used, &mut self.demand, &mut self.limits, &mut self.sold]
        {
            values.clear();
            values.resize(assets, 0.0);
        }
        self.asked.clear();
        self.asked.resize(assets, false);
        self.supplies.clear();
        self.supplies.resize(assets, None);
        self.shrunk.clear();
        self.shrunk.resize(assets, false);
    }

    /// Whether what an order asks for has to be known before it is served.
    pub fn wants_demand(&self, filling: Filling) -> bool {
        !self.sources.is_empty() && filling == Filling::Crossing
    }

    /// Begins an interval.
    pub fn begin(&mut self, model: &AccountModel, (start, end, stressed): (f64, f64, bool), years: f64) {
        if self.sources.is_empty() {
            let rate = |rate: f64| if rate.is_infinite() { rate } else { rate * years };
            self.capacity.clear();
            self.capacity.extend(model.capacity_per_year.iter().map(|by| rate(by.get(stressed))));
            return;
        }
        self.interval = (start, end, stressed);
        self.supplies.fill(None);
        self.shrunk.fill(false);
        self.crash = None;
    }

    /// The jump at the end of the interval: a crash of that moment shrinks depth first.
    pub fn jump(&mut self) {
        let end = self.interval.1;
        let now = self.crashes.iter().filter(|crash| crash.0 == end).map(|crash| crash.1);
        self.crash = now.reduce(|sum, size| sum + size);
    }

    /// Opens what an order may ask for, so many years before the end at the latest. Where something that is to be sold
    /// evenly is short, the others give what is asked of them and what they then have left at the end.
    pub fn open(&mut self, filling: Filling, years_left: f64) {
        if self.sources.is_empty() {
            return;
        }
        let mut short = filling != Filling::Crossing;
        for asset in 0..self.asked.len() {
            if self.asked[asset] {
                let limit = self.limit(asset, filling, years_left);
                self.limits[asset] = limit;
                short |= limit < self.demand[asset];
            }
        }
        for asset in 0..self.asked.len() {
            self.used[asset] = 0.0;
            if !self.asked[asset] {
                continue;
            }
            let demand = self.demand[asset];
            if !short {
                self.limits[asset] = f64::INFINITY;
            } else if filling == Filling::Crossing
                && self.limits[asset] >= demand
                && let Some(mut rest) = self.supplies[asset]
            {
                rest.take(filling, demand, demand);
                rest.advance(0.0);
                self.limits[asset] = demand + rest.limit(Filling::Moment, f64::INFINITY);
            }
            self.capacity[asset] = self.limits[asset];
        }
    }

    /// The most that an asset gives.
    fn limit(&mut self, asset: usize, filling: Filling, years_left: f64) -> f64 {
        let (start, end, stressed) = self.interval;
        if self.endless[asset].get(stressed).is_infinite() {
            return f64::INFINITY;
        }
        let (source, tank) = (&self.sources[asset], &mut self.tanks[asset]);
        let supply = self.supplies[asset].get_or_insert_with(|| {
            let felt = &mut self.felt[asset];
            while let Some(&(time, size)) = self.crashes.get(*felt).filter(|crash| crash.0 < end) {
                source.crash(tank, time, size);
                *felt += 1;
            }
            source.open(tank, start, end, stressed)
        });
        if let Some(size) = self.crash.filter(|_| !self.shrunk[asset]) {
            supply.shrink(source.left_by_crash(size));
            self.shrunk[asset] = true;
        }
        supply.advance(years_left);
        supply.limit(filling, self.demand[asset])
    }

    /// Takes a sale from an asset; `all` where it was all that was left.
    #[inline]
    pub fn take(&mut self, asset: usize, value: f64, all: bool) {
        let left = self.capacity[asset];
        self.capacity[asset] = if all { 0.0 } else { (left - value).max(0.0) };
        self.used[asset] += value;
        self.sold[asset] += value;
    }

    /// Ends an order: gives what was sold to the reservoirs.
    pub fn close(&mut self, filling: Filling) {
        for asset in 0..self.asked.len() {
            let asked = core::mem::take(&mut self.asked[asset]);
            let demand = core::mem::take(&mut self.demand[asset]);
            let Some(supply) = self.supplies[asset].as_mut().filter(|_| asked) else { continue };
            if self.capacity[asset] == 0.0 {
                supply.take(filling, demand, self.limits[asset]);
            } else {
                supply.take(filling, self.used[asset], self.used[asset]);
            }
        }
    }

    /// Ends the interval.
    pub fn end(&mut self) {
        let end = self.interval.1;
        for asset in 0..self.sources.len() {
            let Some(supply) = self.supplies[asset].take() else { continue };
            let (source, tank) = (&self.sources[asset], &mut self.tanks[asset]);
            supply.close(source, tank, end);
            let felt = &mut self.felt[asset];
            while let Some(&(_, size)) = self.crashes.get(*felt).filter(|crash| crash.0 <= end) {
                source.crash(tank, end, size);
                *felt += 1;
            }
        }
    }
}
