//! The stock of each asset's buyers.

use super::{HOURS, Order, Stock, When, World};

impl World<'_> {
    pub(super) fn open_stocks(&mut self, start: f64, end: f64, stressed: bool) {
        for a in 0..self.stocks.len() {
            let rate = self.rules.depth[a].get(stressed) * HOURS;
            let Some(r) = self.rules.conditions.reservoir else {
                self.rate[a] = if rate.is_finite() { rate * (end - start) } else { rate };
                continue;
            };
            let stock = &mut self.stocks[a];
            // Crashes strictly inside the interval, then the rest of it.
            let since = stock.time;
            for crash in self.events.crashes.iter().filter(|c| c.0 > since && c.0 < end) {
                stock.relax(r.half_life_hours, crash.0 - stock.time);
                stock.shrink *= 0.5_f64.powf((crash.0 - stock.time) * HOURS / r.crash_half_life_hours);
                stock.shrink += r.crash_sensitivity * crash.1;
                stock.time = crash.0;
            }
            stock.years = end - stock.time.max(start);
            if start > stock.time {
                stock.relax(r.half_life_hours, start - stock.time);
                stock.shrink *= 0.5_f64.powf((start - stock.time) * HOURS / r.crash_half_life_hours);
                stock.time = start;
            }
            let middle = stock.shrink * 0.5_f64.powf(0.5 * stock.years * HOURS / r.crash_half_life_hours);
            stock.level = rate / (2.0_f64.ln() * HOURS / r.half_life_hours) * (-middle).exp();
        }
    }

    pub(super) fn close_stocks(&mut self, end: f64, crash: f64) {
        let Some(r) = self.rules.conditions.reservoir else { return };
        for stock in &mut self.stocks {
            stock.relax(r.half_life_hours, stock.years);
            stock.shrink *= 0.5_f64.powf((end - stock.time) * HOURS / r.crash_half_life_hours);
            stock.shrink += r.crash_sensitivity * crash;
            stock.time = end;
            stock.years = 0.0;
        }
    }

    pub(super) fn limit(&mut self, a: usize, order: &Order, demand: f64) -> f64 {
        let r = self.rules.conditions.reservoir.unwrap();
        let stock = &mut self.stocks[a];
        if order.left < stock.years {
            stock.relax(r.half_life_hours, stock.years - order.left);
            stock.years = order.left;
        }
        let refill = 2.0_f64.ln() * HOURS / r.half_life_hours;
        if stock.level == 0.0 {
            return 0.0;
        }
        match order.when {
            When::Now => stock.fill * stock.level,
            When::Start => stock.level * (stock.fill + refill * stock.years),
            When::Even if stock.years <= 0.0 => stock.fill * stock.level,
            When::Even => {
                if stock.after_even(refill, demand, stock.years) >= 0.0 {
                    return demand;
                }
                let (mut low, mut high) = (0.0, stock.years);
                for _ in 0..200 {
                    let middle = 0.5 * (low + high);
                    if stock.after_even(refill, demand, middle) > 0.0 { low = middle } else { high = middle }
                }
                demand * low / stock.years + refill * stock.level * (stock.years - low)
            }
        }
    }

    /// What a stock holds at the end of an interval over which this was sold evenly.
    pub(super) fn left_over(&self, a: usize, sold: f64) -> f64 {
        let stock = &self.stocks[a];
        let refill = 2.0_f64.ln() * HOURS / self.rules.conditions.reservoir.unwrap().half_life_hours;
        let fill = match stock.years {
            years if years <= 0.0 => stock.fill - sold / stock.level,
            years => stock.after_even(refill, sold, years),
        };
        if stock.level == 0.0 { 0.0 } else { fill.max(0.0) * stock.level }
    }

    pub(super) fn take(&mut self, a: usize, when: When, demand: f64, sold: f64) {
        let r = self.rules.conditions.reservoir.unwrap();
        let refill = 2.0_f64.ln() * HOURS / r.half_life_hours;
        let stock = &mut self.stocks[a];
        if sold <= 0.0 || stock.level == 0.0 {
            return;
        }
        let share = sold / stock.level;
        match when {
            When::Now => stock.fill = (stock.fill - share).max(0.0),
            When::Start if share <= stock.fill => stock.fill -= share,
            When::Start => {
                let dry = (share - stock.fill) / refill;
                stock.years = if stock.years - dry < 1e-12 * stock.years { 0.0 } else { stock.years - dry };
                stock.fill = 0.0;
            }
            When::Even if stock.years <= 0.0 => stock.fill = (stock.fill - share).max(0.0),
            When::Even => {
                let dry = stock.after_even(refill, demand, stock.years) < 0.0;
                stock.fill = if dry { 0.0 } else { stock.after_even(refill, sold, stock.years).max(0.0) };
                stock.years = 0.0;
            }
        }
    }
}
impl Stock {
    fn relax(&mut self, half_life_hours: f64, years: f64) {
        self.fill = 1.0 - (1.0 - self.fill) * 0.5_f64.powf(years * HOURS / half_life_hours);
    }

    /// How full it is after part of a demand that comes evenly over the time left.
    fn after_even(&self, refill: f64, demand: f64, years: f64) -> f64 {
        let passed = -(-refill * years).exp_m1();
        self.fill * (1.0 - passed) + passed - passed * (demand / self.level) / (refill * self.years)
    }
}
