//! Markets that share nothing, along all paths of a block: a stretch of steps at a time.
//!
//! The lowest price of each path over the stretch is found first, in one wide pass over its cells. A path on which it
//! does not reach the market's next break price has no step in the stretch; the others are walked one after the other,
//! each with all its steps, so that the state of a path is at hand. The places in the ladder that a walk will ask for
//! are looked up before, for all paths: such look-ups wait for memory together.

use core::ops::Range;

use super::{
    allowance::Allowance,
    quotes::Quote,
    run::Run,
    step_view::StepView,
    stretch::{STRETCH, Stretch},
};
use crate::liquidation::{
    ByRegime, Columns, Ladder, Liquidated,
    latency::Latency,
    supply::{Filling, Source},
};
use crate::math::wide::{Kernel, Width};

/// What the intervals of a market need again and again.
#[derive(Clone, Copy)]
pub(super) struct Terms<'a> {
    pub market: usize,
    pool: usize,
    pub ladder: &'a Ladder,
    keep: f64,
    delay: ByRegime,
    source: &'a Source,
    ratio: bool,
    /// Whether there are spells of congestion or oracles that stand still.
    spells: bool,
    /// Whether its depth feels crashes.
    crashes: bool,
}

/// A stretch of a market on all paths of a block, compiled for wide registers as well.
struct Walk<'s, 'r, 'a> {
    run: &'s mut Run<'a>,
    stretch: &'s mut Stretch,
    terms: Terms<'a>,
    views: &'r [Option<StepView<'a>>; STRETCH],
    allowances: &'r [Option<[Allowance; 2]>; STRETCH],
    steps: Range<usize>,
}

impl Kernel for Walk<'_, '_, '_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Walk { run, stretch, terms, views, allowances, steps } = self;
        run.survey(stretch, views, terms.market, &steps);
        run.look_up(stretch, views, &terms);
        stretch.gather(views);
        run.walk(stretch, &terms, views, allowances, steps.start);
    }
}

/// Steps of a stretch whose lowest price reaches the threshold, a bit each.
#[inline(always)]
fn reaching(lows: &[f64; STRETCH], threshold: f64) -> u32 {
    lows.iter().zip(0..).fold(0, |bits, (&low, number)| bits | u32::from(low <= threshold) << number)
}

impl<'a> Run<'a> {
    /// Carries a market that shares nothing through a stretch of steps.
    pub(super) fn alone(&mut self, market: usize, steps: Range<usize>) {
        let (system, columns) = (self.system, self.system.markets[market].columns());
        let (model, pool) = (&system.markets[market], system.pool_of[market]);
        let delay = |stressed: bool| model.service().delay_years(stressed);
        let terms = Terms {
            market,
            pool,
            ladder: model.ladder(),
            keep: model.service().keep(),
            delay: ByRegime { calm: delay(false), stressed: delay(true) },
            source: &system.sources[pool],
            ratio: matches!(columns, Columns::Ratio { .. }),
            spells: system.options.delay.is_some() || system.options.outages.is_some(),
            crashes: system.sources[pool].feels_crashes(),
        };
        let mut views = [None; STRETCH];
        for (view, step) in views.iter_mut().zip(steps.clone()) {
            *view = Some(StepView::new(&self.paths, columns, step));
        }
        let mut allowances = [None; STRETCH];
        if !terms.spells && !terms.ratio {
            for (allowance, view) in allowances.iter_mut().zip(views.iter().flatten()) {
                let years = view.end - view.start;
                *allowance = Allowance::over(years, terms.ladder, terms.keep, terms.delay, terms.source);
            }
        }
        let mut stretch = core::mem::take(&mut self.work.stretch);
        let walk =
            Walk { run: self, stretch: &mut stretch, terms, views: &views, allowances: &allowances, steps };
        Width::Widest.run(walk);
        self.work.stretch = stretch;
    }

    /// Walks the paths that are reached, one after the other.
    #[inline(always)]
    fn walk(
        &mut self,
        stretch: &Stretch,
        terms: &Terms<'a>,
        views: &[Option<StepView<'a>>; STRETCH],
        allowances: &[Option<[Allowance; 2]>; STRETCH],
        first_step: usize,
    ) {
        let mut hits = &stretch.hits[..];
        for (&lane, lows) in stretch.reached.iter().zip(&stretch.lows) {
            let place = self.lanes.place(terms.market, lane);
            let splits = stretch.splits[lane];
            let mut lows = *lows;
            let mut left = splits;
            while left != 0 {
                let number = left.trailing_zeros() as usize;
                left &= left - 1;
                lows[number] = lows[number].min(stretch.split_lows[lane * STRETCH + number]);
            }
            let scale = self.lanes.scale[place];
            let per_scale = 1.0 / scale;
            let mut threshold = self.lanes.threshold[place];
            let mut reaching = reaching(&lows, threshold);
            while reaching != 0 {
                let number = reaching.trailing_zeros() as usize;
                let Some(view) = &views[number] else { break };
                self.active_steps += 1;
                let open = (view.start, view.open(lane));
                if splits >> number & 1 == 1 {
                    self.split_step(terms, first_step + number, lane, open);
                } else {
                    let mut broken = None;
                    while let [hit, rest @ ..] = hits
                        && (hit.lane, hit.number) <= (lane, number)
                    {
                        broken = ((hit.lane, hit.number) == (lane, number)).then_some(hit.window.0);
                        hits = rest;
                    }
                    let quote = view.whole(lane);
                    let interval = quote.interval(scale, view.end - view.start);
                    let state = &mut self.lanes.states[place];
                    let broken = match broken {
                        Some(broken) => broken.max(state.first()),
                        None => terms.ladder.reach(state.first(), interval.low),
                    };
                    let plain = match &allowances[number] {
                        Some(regimes) => {
                            let Allowance { cap, lag, dry } = regimes[usize::from(quote.stressed)];
                            let bound = (terms.keep, dry * interval.close);
                            let passing = (open.1 * scale, &interval, lag);
                            state.step_plain(terms.ladder, bound, passing, broken, |_| cap)
                        }
                        None => None,
                    };
                    match plain {
                        Some(done) => self.lose(place, done, &quote),
                        None => self.serve(terms, lane, open, &quote, broken),
                    }
                }
                threshold = self.lanes.states[place].threshold_at(per_scale);
                reaching = self::reaching(&lows, threshold) & (!1 << number);
            }
            self.lanes.threshold[place] = threshold;
        }
    }

    /// A step of a path that is split.
    #[inline(never)]
    fn split_step(&mut self, terms: &Terms<'a>, step: usize, lane: usize, (mut start, mut open): (f64, f64)) {
        self.read(terms.market, step, lane);
        let place = self.lanes.place(terms.market, lane);
        for index in 0..self.work.quote.len() {
            let quote = self.work.quote[index];
            let interval = quote.interval(self.lanes.scale[place], quote.end - start);
            let broken = terms.ladder.reach(self.lanes.states[place].first(), interval.low);
            self.serve(terms, lane, (start, open), &quote, broken);
            (start, open) = (quote.end, quote.after);
        }
    }

    /// One interval, from a time and price on; `broken` is the ladder's reach at the low.
    #[inline(never)]
    fn serve(
        &mut self,
        terms: &Terms<'a>,
        lane: usize,
        (start, open): (f64, f64),
        quote: &Quote,
        broken: usize,
    ) {
        let Terms { market, pool, ladder, keep, source, .. } = *terms;
        let (place, pool_place) = (self.lanes.place(market, lane), self.lanes.place(pool, lane));
        let scale = self.lanes.scale[place];
        let open = open * scale;
        let interval = quote.interval(scale, quote.end - start);
        let delay = terms.delay.get(quote.stressed);
        let passing = (open, &interval, delay / interval.years);
        let bound = (keep, f64::NEG_INFINITY);
        let state = &mut self.lanes.states[place];
        // The time since a rate was last drawn on does not matter to a market that has it for itself.
        if !terms.spells
            && let Some(cap) = source.evenly(interval.years, interval.stressed)
            && let Some(done) = state.step_plain(ladder, bound, passing, broken, |_| cap)
        {
            self.lose(place, done, quote);
            return;
        }
        let latency =
            if terms.spells { self.latency(market, lane, start, quote) } else { Latency::of(delay) };
        let crash = if terms.crashes { self.crash(pool, lane, quote.end) } else { None };
        let state = &mut self.lanes.states[place];
        state.open(open, start);
        let tank = &mut self.lanes.tanks[pool_place];
        let mut supply = source.open(tank, start, quote.end, quote.stressed);
        let plain = if latency.is_plain() && crash.is_none() {
            let done = state
                .step_plain(ladder, bound, passing, broken, |demand| supply.limit(Filling::Crossing, demand));
            done.inspect(|done| supply.take(Filling::Crossing, done.debt, done.debt))
        } else {
            None
        };
        let ends = (&interval, quote.end);
        let done = match plain {
            Some(done) => done,
            None => {
                let left = crash.map_or(1.0, |size| source.left_by_crash(size));
                let (done, rest) = state.step_active(ladder, keep, ends, &latency, supply, left);
                supply = rest;
                done
            }
        };
        supply.close(source, tank, quote.end);
        if let Some(size) = crash {
            source.crash(tank, quote.end, size);
        }
        self.lose(place, done, quote);
    }

    /// Books a loss.
    #[inline(always)]
    fn lose(&mut self, place: usize, done: Liquidated, quote: &Quote) {
        if done.loss > 0.0 {
            self.lanes.realised[place] += done.loss * self.lanes.debt_scale[place] * quote.debt;
        }
    }
}
