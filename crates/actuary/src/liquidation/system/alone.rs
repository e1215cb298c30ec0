//! Markets that share nothing, along all paths of a block: a stretch of steps at a time.
//!
//! The lowest price of each path over the stretch is found first, in one wide pass over its cells. A path on which it
//! does not reach the market's next break price has no step in the stretch; the others are walked one after the other,
//! each with all its steps, so that the state of a path is at hand. The places in the ladder that a walk will ask for
//! are looked up before, for all paths: such look-ups wait for memory together.

use core::ops::Range;

use super::{quotes::Quote, run::Run, step_view::StepView};
use crate::liquidation::{
    ByRegime, Columns, Interval, Ladder, Liquidated,
    latency::Latency,
    supply::{Filling, Source},
};

/// Most steps of a stretch; a path's splits are bits of a word.
pub(super) const STRETCH: usize = 16;

/// Positions of a ladder below which a look-up does not wait for memory.
const NEARBY: usize = 4096;

/// A step of a path that is expected to reach the ladder.
#[derive(Clone, Copy, Debug)]
struct Hit {
    lane: usize,
    /// Number of the step in the stretch.
    number: usize,
    /// Ladder price of its low.
    low: f64,
    /// The least and the most positions that are broken at the low.
    window: (usize, usize),
}

/// Buffers of a stretch.
#[derive(Clone, Debug, Default)]
pub(super) struct Stretch {
    /// Lowest price of each path, relative to time 0, or a price that it does not fall below.
    lowest: Vec<f64>,
    /// Steps in which a column of the market is split on each path, a bit each.
    splits: Vec<u32>,
    /// Lowest price of the intervals before the last in such a step, [`STRETCH`] a path; elsewhere of no meaning.
    split_lows: Vec<f64>,
    /// Paths that are reached.
    reached: Vec<usize>,
    hits: Vec<Hit>,
}

/// What the intervals of a market need again and again.
#[derive(Clone, Copy)]
struct Terms<'a> {
    market: usize,
    pool: usize,
    ladder: &'a Ladder,
    keep: f64,
    delay: ByRegime,
    source: &'a Source,
    /// Whether there are spells of congestion or oracles that stand still.
    spells: bool,
    /// Whether its depth feels crashes.
    crashes: bool,
}

/// Steps of a stretch whose lowest price reaches the threshold, a bit each.
#[inline]
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
            spells: system.options.delay.is_some() || system.options.outages.is_some(),
            crashes: system.sources[pool].feels_crashes(),
        };
        let mut views = [None; STRETCH];
        for (view, step) in views.iter_mut().zip(steps.clone()) {
            *view = Some(StepView::new(&self.paths, columns, step));
        }
        let ratio = matches!(columns, Columns::Ratio { .. });
        let cells = views.map(|view| view.map_or(&[][..], |view| view.low));
        let mut stretch = core::mem::take(&mut self.work.stretch);
        self.survey(&mut stretch, &views, market, &steps);
        self.look_up(&mut stretch, &views, &terms);
        let mut hits = &stretch.hits[..];
        for &lane in &stretch.reached {
            let place = self.lanes.place(market, lane);
            let splits = stretch.splits[lane];
            let mut lows = [f64::INFINITY; STRETCH];
            if ratio {
                for (low, view) in lows.iter_mut().zip(views.iter().flatten()) {
                    *low = view.lowest(lane);
                }
            } else {
                for (low, cells) in lows.iter_mut().zip(&cells[..steps.len()]) {
                    *low = cells[lane];
                }
            }
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
                    self.split_step(&terms, steps.start + number, lane, open);
                } else {
                    let mut broken = None;
                    while let [hit, rest @ ..] = hits
                        && (hit.lane, hit.number) <= (lane, number)
                    {
                        broken = ((hit.lane, hit.number) == (lane, number)).then_some(hit.window.0);
                        hits = rest;
                    }
                    self.serve(&terms, lane, open, &view.whole(lane), broken);
                }
                threshold = self.lanes.states[place].threshold_at(per_scale);
                reaching = self::reaching(&lows, threshold) & (!1 << number);
            }
            self.lanes.threshold[place] = threshold;
        }
        self.work.stretch = stretch;
    }

    /// Finds the paths that are reached in a stretch.
    fn survey(
        &self,
        stretch: &mut Stretch,
        views: &[Option<StepView<'a>>],
        market: usize,
        steps: &Range<usize>,
    ) {
        let paths = self.lanes.paths;
        let columns = self.system.markets[market].columns();
        let Stretch { lowest, splits, split_lows, reached, .. } = stretch;
        lowest.clear();
        lowest.resize(paths, f64::INFINITY);
        views.iter().flatten().for_each(|view| view.lower(lowest));
        splits.clear();
        splits.resize(paths, 0);
        split_lows.resize(paths * STRETCH, 0.0);
        // A ratio that is split may be anywhere.
        let ratio = matches!(columns, Columns::Ratio { .. });
        for (number, step) in steps.clone().enumerate() {
            for place in self.paths.splits(step, columns.price()) {
                let split =
                    if ratio { f64::NEG_INFINITY } else { place.interval.low.min(place.interval.after) };
                lowest[place.path] = lowest[place.path].min(split);
                let low = &mut split_lows[place.path * STRETCH + number];
                let first = splits[place.path] >> number & 1 == 0;
                *low = if first { split } else { low.min(split) };
                splits[place.path] |= 1 << number;
            }
            for place in columns.debt().map_or(&[][..], |debt| self.paths.splits(step, debt)) {
                let low = &mut split_lows[place.path * STRETCH + number];
                if ratio {
                    lowest[place.path] = f64::NEG_INFINITY;
                    *low = f64::NEG_INFINITY;
                } else if splits[place.path] >> number & 1 == 0 {
                    *low = f64::INFINITY;
                }
                splits[place.path] |= 1 << number;
            }
        }
        reached.clear();
        let first = self.lanes.place(market, 0);
        let thresholds = &self.lanes.threshold[first..first + paths];
        for (number, (lowest, thresholds)) in lowest.chunks(8).zip(thresholds.chunks(8)).enumerate() {
            let reaches = |(lowest, threshold): (&f64, &f64)| lowest <= threshold;
            // Eight paths are one comparison.
            if !lowest.iter().zip(thresholds).fold(false, |any, pair| any | reaches(pair)) {
                continue;
            }
            let pairs = lowest.iter().zip(thresholds).enumerate();
            reached.extend(pairs.filter(|(_, pair)| reaches(*pair)).map(|(lane, _)| 8 * number + lane));
        }
    }

    /// Looks up the places that will be asked for: of the lows that lie below all before them in the stretch.
    fn look_up(&self, stretch: &mut Stretch, views: &[Option<StepView<'a>>], terms: &Terms<'a>) {
        let Stretch { splits, reached, hits, .. } = stretch;
        hits.clear();
        if terms.ladder.len() < NEARBY {
            return;
        }
        for &lane in &*reached {
            let place = self.lanes.place(terms.market, lane);
            let (mut level, scale) = (self.lanes.threshold[place], self.lanes.scale[place]);
            let from = self.lanes.states[place].first();
            for (number, view) in views.iter().flatten().enumerate() {
                let lowest = view.lowest(lane);
                if lowest <= level && splits[lane] >> number & 1 == 0 {
                    level = lowest;
                    let low = view.whole(lane).low * scale;
                    hits.push(Hit { lane, number, low, window: terms.ladder.window(from, low) });
                }
            }
        }
        for Hit { low, window, .. } in hits {
            let reach = terms.ladder.find(*window, *low);
            *window = (reach, reach);
        }
    }

    /// A step of a path that is split.
    #[inline(never)]
    fn split_step(&mut self, terms: &Terms<'a>, step: usize, lane: usize, (mut start, mut open): (f64, f64)) {
        self.read(terms.market, step, lane);
        for index in 0..self.work.quote.len() {
            let quote = self.work.quote[index];
            self.serve(terms, lane, (start, open), &quote, None);
            (start, open) = (quote.end, quote.after);
        }
    }

    /// One interval, from a time and price on; `broken` is the ladder's reach at the low, if it is known.
    #[inline]
    fn serve(
        &mut self,
        terms: &Terms<'a>,
        lane: usize,
        (start, open): (f64, f64),
        quote: &Quote,
        broken: Option<usize>,
    ) {
        let Terms { market, pool, ladder, keep, source, .. } = *terms;
        let (place, pool_place) = (self.lanes.place(market, lane), self.lanes.place(pool, lane));
        let scale = self.lanes.scale[place];
        let open = open * scale;
        let interval = Interval {
            low: quote.low * scale,
            close: quote.close * scale,
            after: quote.after * scale,
            years: quote.end - start,
            stressed: quote.stressed,
        };
        let delay = terms.delay.get(quote.stressed);
        let passing = (open, &interval, delay / interval.years);
        let state = &mut self.lanes.states[place];
        let broken = broken
            .map_or_else(|| ladder.reach(state.first(), interval.low), |broken| broken.max(state.first()));
        // The time since a rate was last drawn on does not matter to a market that has it for itself.
        if !terms.spells
            && let Some(cap) = source.evenly(interval.years, interval.stressed)
            && let Some(done) = state.step_plain(ladder, keep, passing, broken, |_| cap)
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
                .step_plain(ladder, keep, passing, broken, |demand| supply.limit(Filling::Crossing, demand));
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
    #[inline]
    fn lose(&mut self, place: usize, done: Liquidated, quote: &Quote) {
        if done.loss > 0.0 {
            self.lanes.realised[place] += done.loss * self.lanes.debt_scale[place] * quote.debt;
        }
    }
}
