//! The loop over steps, markets and paths.

use super::{
    System, SystemError,
    block_paths::{BlockIndex, BlockPaths},
    lanes::Lanes,
    plainly::Plan,
    quotes::{Quote, Quotes},
    spells::{Owner, Spells},
    step_view::StepView,
    stretch::{STRETCH, Stretch},
    together::Together,
    units::Unit,
};
use crate::liquidation::{
    Columns, HOURS_PER_YEAR, Ladder,
    class::Rung,
    latency::{Latency, Spell},
};
use crate::price::PathBlock;

/// Share by which the end of a step may fall short of a renewal and still be taken for it.
const TIME_TOLERANCE: f64 = 1e-9;

/// Buffers of a system's run over a block, reused from block to block.
#[derive(Clone, Debug, Default)]
pub struct SystemState {
    lanes: Lanes,
    index: BlockIndex,
    /// Spells of congestion.
    delay: Spells,
    /// Spells of each oracle.
    outages: Vec<Spells>,
    work: Work,
    active_steps: u64,
    steps: u64,
}

impl SystemState {
    /// Steps (of one market on one path) in which something was to be done, and all, since the state was made.
    #[must_use]
    pub fn active_steps(&self) -> (u64, u64) {
        (self.active_steps, self.steps)
    }
}

/// A ladder price that is likely to be asked for, and the ladder's reach at it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected {
    pub price: f64,
    pub broken: usize,
    /// The rung there.
    pub rung: Rung,
}

impl Expected {
    const NOTHING: Self =
        Self { price: f64::NAN, broken: 0, rung: Rung { h: f64::NAN, debt: 0.0, collateral: 0.0 } };

    /// The ladder's reach at a price from a place on, looked up if it is not what was expected, and the rung there.
    #[inline]
    pub fn reach(&self, ladder: &Ladder, first: usize, price: f64) -> (usize, Rung) {
        if price == self.price && self.broken >= first {
            return (self.broken, self.rung);
        }
        let broken = ladder.reach(first, price);
        (broken, ladder.order()[broken])
    }
}

/// Buffers of a step.
#[derive(Clone, Debug, Default)]
pub(super) struct Work {
    /// Whether each market of a unit is active on each path.
    pub flags: Vec<bool>,
    /// The lowest price of each market of a unit in the step, relative to time 0, or one that it does not fall below.
    pub lowest: Vec<f64>,
    /// Whether a column of each market of a unit is split in the step.
    pub split: Vec<bool>,
    /// What is expected of each market of a unit on each path.
    pub expected: Vec<Expected>,
    /// Where it is looked for, with the cell that it is for.
    windows: Vec<(usize, (usize, usize))>,
    /// Paths on which any is.
    active: Vec<bool>,
    /// Of a market that shares nothing.
    pub stretch: Stretch,
    quotes: Quotes,
    pub quote: Vec<Quote>,
    pub plan: Plan,
    pub together: Together,
}

/// A run over one block.
pub(super) struct Run<'a> {
    pub system: &'a System,
    pub paths: BlockPaths<'a>,
    pub lanes: &'a mut Lanes,
    delay: &'a Spells,
    outages: &'a [Spells],
    pub work: &'a mut Work,
    /// Of each market of a unit.
    pub views: Vec<StepView<'a>>,
    pub active_steps: u64,
}

impl System {
    /// Runs units over a block; `markets` are those whose losses are wanted, in their order.
    #[expect(clippy::too_many_arguments)]
    pub(super) fn run(
        &self,
        units: &[Unit],
        markets: &[usize],
        block: &PathBlock,
        horizon_steps: &[usize],
        (seed, first_path): (u64, u64),
        state: &mut SystemState,
        losses: &mut [f64],
    ) -> Result<(), SystemError> {
        self.check_block(markets, block, horizon_steps, losses.len())?;
        let SystemState { lanes, index, delay, outages, work, active_steps, steps } = state;
        let paths = index.build(block);
        lanes.restart(self, markets, block.paths());
        if let Some(options) = &self.options.delay {
            delay.draw(&options.rates, Owner::Everyone, &paths, seed, first_path);
        }
        outages.resize_with(self.oracles.len(), Spells::default);
        if let Some(options) = &self.options.outages {
            for (spells, &column) in outages.iter_mut().zip(&self.oracles) {
                spells.draw(&options.rates, Owner::Oracle(column), &paths, seed, first_path);
            }
        }
        let mut run =
            Run { system: self, paths, lanes, delay, outages, work, views: Vec::new(), active_steps: 0 };
        for unit in units {
            // One unit after the other: its ladders stay in the processor's cache from step to step.
            run.unit(unit, markets, horizon_steps, losses);
        }
        let last = horizon_steps.last().copied().unwrap_or(0);
        let row = horizon_steps.len() * markets.len();
        *active_steps += run.active_steps;
        *steps += (last * markets.len() * block.paths()) as u64;
        for (place, &loss) in losses.iter().enumerate() {
            if !(loss >= 0.0 && loss.is_finite()) {
                let path = first_path.wrapping_add((place / row) as u64);
                let market = self.markets[markets[place % markets.len()]].name().to_owned();
                return Err(SystemError::Loss { path, market, loss });
            }
        }
        Ok(())
    }

    fn check_block(
        &self,
        markets: &[usize],
        block: &PathBlock,
        horizon_steps: &[usize],
        found: usize,
    ) -> Result<(), SystemError> {
        let columns = block.columns();
        for &market in markets {
            let model = &self.markets[market];
            let wanted = model.columns();
            for column in [Some(wanted.price()), wanted.debt()].into_iter().flatten() {
                if column >= columns {
                    return Err(SystemError::Column { market: model.name().to_owned(), column, columns });
                }
            }
        }
        let mut previous = 0;
        for (index, &step) in horizon_steps.iter().enumerate() {
            if step <= previous || step > block.steps() {
                return Err(SystemError::Horizon { index, step, previous, steps: block.steps() });
            }
            previous = step;
        }
        if block.low(0, 0).is_empty() && block.paths() > 0 {
            return Err(SystemError::Detail);
        }
        let expected = block.paths() * horizon_steps.len() * markets.len();
        if found == expected { Ok(()) } else { Err(SystemError::Losses { found, expected }) }
    }
}

impl<'a> Run<'a> {
    /// Carries a unit through all steps. `markets` are those whose losses are wanted.
    fn unit(&mut self, unit: &Unit, markets: &[usize], horizon_steps: &[usize], losses: &mut [f64]) {
        let row = horizon_steps.len() * markets.len();
        // Each market of the unit with its place among the losses and the time of its next renewal.
        let mut members: Vec<(usize, usize, f64)> = Vec::with_capacity(unit.members.len());
        for (place, &market) in markets.iter().enumerate() {
            if unit.members.contains(&market) {
                let renewal = self.system.markets[market].renewal_years().unwrap_or(f64::INFINITY);
                members.push((market, place, renewal));
            }
        }
        let mut open_horizons = horizon_steps.iter().enumerate().peekable();
        let last = horizon_steps.last().copied().unwrap_or(0);
        let mut next = 0;
        while next < last {
            let first = next;
            next += 1;
            if let [market] = unit.members[..]
                && unit.is_alone()
            {
                // Up to the next horizon or renewal.
                let stops = |steps: usize| {
                    let by_then = self.paths.block.time(steps - 1) * (1.0 + TIME_TOLERANCE);
                    horizon_steps.contains(&steps)
                        || members.iter().any(|(_, _, renewal)| *renewal <= by_then)
                };
                while next < last && next - first < STRETCH && !stops(next) {
                    next += 1;
                }
                self.alone(market, first..next);
            } else {
                self.step(unit, first);
            }
            let step = next - 1;
            while let Some((horizon, _)) = open_horizons.next_if(|(_, due)| **due == step + 1) {
                for &(market, place, _) in &members {
                    let first = horizon * markets.len() + place;
                    self.horizon(market, step, &mut losses[first..], row);
                }
            }
            let by_now = self.paths.block.time(step) * (1.0 + TIME_TOLERANCE);
            for (market, _, renewal) in &mut members {
                let Some(period) = self.system.markets[*market].renewal_years() else { continue };
                if *renewal <= by_now {
                    self.renew(*market, step);
                    while *renewal <= by_now {
                        *renewal += period;
                    }
                }
            }
        }
    }

    /// Carries a unit through a step.
    fn step(&mut self, unit: &Unit, step: usize) {
        let paths = self.lanes.paths;
        let cells = unit.members.len() * paths;
        self.work.flags.resize(cells, false);
        self.work.lowest.resize(cells, 0.0);
        self.work.split.clear();
        self.work.split.resize(cells, false);
        self.views.clear();
        self.work.active.clear();
        self.work.active.resize(paths, false);
        for (member, &market) in unit.members.iter().enumerate() {
            self.screen(market, step, member);
            let flags = &self.work.flags[member * paths..(member + 1) * paths];
            self.work.active.iter_mut().zip(flags).for_each(|(active, &flag)| *active |= flag);
        }
        self.expect(unit);
        for lane in 0..paths {
            if self.work.active[lane] && !self.carry_plainly(unit, lane) {
                self.carry(unit, step, lane);
            }
        }
    }

    /// Looks up the reach of the ladders at the lows of the step, for all active markets and paths: such look-ups wait for
    /// memory together.
    fn expect(&mut self, unit: &Unit) {
        let paths = self.lanes.paths;
        self.work.expected.resize(unit.members.len() * paths, Expected::NOTHING);
        for (member, &market) in unit.members.iter().enumerate() {
            let (ladder, view) = (self.system.markets[market].ladder(), self.views[member]);
            let Work { flags, split, expected, windows, .. } = &mut *self.work;
            windows.clear();
            for lane in 0..paths {
                let cell = member * paths + lane;
                if !flags[cell] || split[cell] {
                    expected[cell].price = f64::NAN;
                    continue;
                }
                let place = self.lanes.place(market, lane);
                let before = self.lanes.scale[place] * self.lanes.felt(self.system, market, lane, view.start);
                let price = view.whole(lane).low * before;
                expected[cell].price = price;
                windows.push((cell, ladder.window_by_table(price)));
            }
            for &(cell, window) in &*windows {
                (expected[cell].broken, expected[cell].rung) = ladder.find(window, expected[cell].price);
            }
        }
    }

    /// Marks the paths on which a market has something to do.
    fn screen(&mut self, market: usize, step: usize, member: usize) {
        let paths = self.lanes.paths;
        let columns = self.system.markets[market].columns();
        let thresholds = &self.lanes.threshold[market * paths..(market + 1) * paths];
        let cells = member * paths..(member + 1) * paths;
        let Work { flags, lowest, split, .. } = &mut *self.work;
        let (flags, lowest) = (&mut flags[cells.clone()], &mut lowest[cells.clone()]);
        let split = &mut split[cells];
        let view = StepView::new(&self.paths, columns, step);
        lowest.fill(f64::INFINITY);
        view.lower(lowest);
        for place in self.paths.splits(step, columns.price()) {
            let low = place.interval.low.min(place.interval.after);
            lowest[place.path] = lowest[place.path].min(low);
            split[place.path] = true;
        }
        for place in columns.debt().map_or(&[][..], |debt| self.paths.splits(step, debt)) {
            split[place.path] = true;
        }
        for ((flag, &lowest), &threshold) in flags.iter_mut().zip(&*lowest).zip(thresholds) {
            *flag = lowest <= threshold;
        }
        if matches!(columns, Columns::Ratio { .. }) {
            // A ratio that is split may be anywhere.
            flags.iter_mut().zip(split).for_each(|(flag, split)| *flag |= *split);
        }
        self.views.push(view);
    }

    pub(super) fn read(&mut self, market: usize, step: usize, lane: usize) {
        self.work.quote.clear();
        let columns = self.system.markets[market].columns();
        self.work.quotes.read(&self.paths, columns, step, lane, &mut self.work.quote);
    }

    /// Price after the first `steps` steps, relative to time 0.
    fn relative(&self, columns: Columns, steps: usize, lane: usize) -> f64 {
        let Some(step) = steps.checked_sub(1) else { return 1.0 };
        let price = self.paths.block.close(step, columns.price())[lane];
        match columns {
            Columns::Ratio { debt, .. } => price / self.paths.block.close(step, debt)[lane],
            _ => price,
        }
    }

    pub(super) fn latency(&self, market: usize, lane: usize, start: f64, quote: &Quote) -> Latency {
        let delay = self.system.markets[market].service().delay_years(quote.stressed);
        let mut latency = Latency::of(delay);
        if let Some(options) = &self.system.options.delay {
            latency.extra = options.extra_hours / HOURS_PER_YEAR;
            // An observation may be older than the interval by the delay.
            latency.congestion = self.delay.touching(lane, start, quote.end);
        }
        if self.system.options.outages.is_some() {
            let spells: &Spells = &self.outages[self.system.oracle_of[market]];
            latency.outage = spells.touching(lane, start, quote.end);
        }
        debug_assert!(latency.congestion == Spell::NONE || latency.congestion.until > start);
        latency
    }

    /// Lets a pool feel the crashes before `end`; gives the size of one at that very moment.
    pub(super) fn crash(&mut self, pool: usize, lane: usize, end: f64) -> Option<f64> {
        let source = &self.system.sources[pool];
        if !source.feels_crashes() {
            return None;
        }
        let place = self.lanes.place(pool, lane);
        let mut now = None;
        for crash in &self.paths.crashes(lane)[self.lanes.crashes[place] as usize..] {
            if crash.time > end {
                break;
            }
            self.lanes.crashes[place] += 1;
            if crash.time == end {
                now = Some(now.unwrap_or(0.0) + crash.size);
            } else {
                source.crash(&mut self.lanes.tanks[place], crash.time, crash.size);
            }
        }
        now
    }

    /// Ladder price of a market after a step, forced sales included.
    fn price(&self, market: usize, step: usize, lane: usize) -> f64 {
        let columns = self.system.markets[market].columns();
        let impact = self.lanes.impact(self.system, market, lane, self.paths.block.time(step));
        self.relative(columns, step + 1, lane) * self.lanes.scale[self.lanes.place(market, lane)] * impact
    }

    /// Bad debt that a market shows after a step without having been served, unit of account.
    fn unserved(&self, market: usize, step: usize, lane: usize) -> f64 {
        let (model, place) = (&self.system.markets[market], self.lanes.place(market, lane));
        let price = self.price(market, step, lane);
        if price > model.first_break() {
            return 0.0;
        }
        let debt = model.columns().debt().map_or(1.0, |column| self.paths.block.close(step, column)[lane]);
        model.unserved(&self.lanes.states[place], price) * self.lanes.debt_scale[place] * debt
    }

    /// Writes the losses of a market within a horizon, `row` apart.
    fn horizon(&self, market: usize, step: usize, losses: &mut [f64], row: usize) {
        for lane in 0..self.lanes.paths {
            let realised = self.lanes.realised[self.lanes.place(market, lane)];
            losses[lane * row] = realised + self.unserved(market, step, lane);
        }
    }

    /// Redraws the book of a market at the snapshot's profile.
    fn renew(&mut self, market: usize, step: usize) {
        let (system, end) = (self.system, self.paths.block.time(step));
        let model = &system.markets[market];
        for lane in 0..self.lanes.paths {
            let place = self.lanes.place(market, lane);
            self.lanes.realised[place] += self.unserved(market, step, lane);
            // The book is drawn at the price that forced sales have left.
            let relative = self.relative(model.columns(), step + 1, lane);
            self.lanes.scale[place] =
                model.spot() / (relative * self.lanes.impact(system, market, lane, end));
            let debt =
                model.columns().debt().map_or(1.0, |column| self.paths.block.close(step, column)[lane]);
            self.lanes.debt_scale[place] = model.debt_price() / debt;
            let state = &mut self.lanes.states[place];
            if state.is_busy() || state.next_break() < model.ladder().first_break() || state.served() > 0.0 {
                state.restart(model.ladder(), model.spot());
            }
            self.lanes.rearm(system, market, lane, end);
        }
    }
}
