//! A stretch of steps of a market that shares nothing: which paths are reached, by which lows, at which places of the
//! ladder.

use core::ops::Range;

use super::{alone::Terms, run::Run, step_view::StepView};
use crate::liquidation::Columns;

/// Most steps of a stretch; a path's splits are bits of a word.
pub(super) const STRETCH: usize = 16;

/// Positions of a ladder below which a look-up does not wait for memory.
const NEARBY: usize = 4096;

/// A step of a path that is expected to reach the ladder.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hit {
    pub lane: usize,
    /// Number of the step in the stretch.
    pub number: usize,
    /// Ladder price of its low.
    low: f64,
    /// The least and the most positions that are broken at the low.
    pub window: (usize, usize),
}

/// Buffers of a stretch.
#[derive(Clone, Debug, Default)]
pub(super) struct Stretch {
    /// Lowest price of each path, relative to time 0, or a price that it does not fall below.
    lowest: Vec<f64>,
    /// Steps in which a column of the market is split on each path, a bit each.
    pub splits: Vec<u32>,
    /// Lowest price of the intervals before the last in such a step, [`STRETCH`] a path; elsewhere of no meaning.
    pub split_lows: Vec<f64>,
    /// Paths that are reached.
    pub reached: Vec<usize>,
    pub hits: Vec<Hit>,
    /// Lowest prices of the last intervals of the steps, of each path that is reached.
    pub lows: Vec<[f64; STRETCH]>,
}

impl Stretch {
    /// Gathers the lows of the paths that are reached, before any of them is walked.
    #[inline(always)]
    pub fn gather(&mut self, views: &[Option<StepView>]) {
        self.lows.clear();
        self.lows.resize(self.reached.len(), [f64::INFINITY; STRETCH]);
        for (number, view) in views.iter().flatten().enumerate() {
            for (lows, &lane) in self.lows.iter_mut().zip(&self.reached) {
                lows[number] = view.lowest(lane);
            }
        }
    }
}

impl<'a> Run<'a> {
    /// Finds the paths that are reached in a stretch.
    #[inline(always)]
    pub(super) fn survey(
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
    #[inline(always)]
    pub(super) fn look_up(&self, stretch: &mut Stretch, views: &[Option<StepView<'a>>], terms: &Terms<'a>) {
        let Stretch { splits, reached, hits, .. } = stretch;
        hits.clear();
        if terms.ladder.len() < NEARBY {
            return;
        }
        for &lane in &*reached {
            let place = self.lanes.place(terms.market, lane);
            let (mut level, scale) = (self.lanes.threshold[place], self.lanes.scale[place]);
            for (number, view) in views.iter().flatten().enumerate() {
                let lowest = view.lowest(lane);
                if lowest <= level && splits[lane] >> number & 1 == 0 {
                    level = lowest;
                    let low = view.whole(lane).low * scale;
                    hits.push(Hit { lane, number, low, window: terms.ladder.window_by_table(low) });
                }
            }
        }
        for Hit { low, window, .. } in hits {
            let (reach, _) = terms.ladder.find(*window, *low);
            *window = (reach, reach);
        }
    }
}
