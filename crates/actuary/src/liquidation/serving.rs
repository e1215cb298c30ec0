//! Serving a market up to a place in its ladder, and the bad debt that this leaves.

use super::{
    class::{Part, Rung},
    ladder::Ladder,
    shortfall::{Sale, class_loss, pair_loss},
    state::{LadderState, Liquidated},
};

/// Places that a step moves at most while their classes are looked up one by one.
const FEW: usize = 8;

impl LadderState {
    /// Debt that an order at this trigger asks for, debt tokens.
    pub(super) fn demand(&self, ladder: &Ladder, trigger: f64) -> f64 {
        if trigger > self.next {
            return 0.0;
        }
        self.demand_until(ladder, ladder.reach(self.first, trigger))
    }

    /// Debt not served of the positions before a place, debt tokens; none if it is rounding.
    #[inline]
    pub(super) fn demand_until(&self, ladder: &Ladder, broken: usize) -> f64 {
        self.demand_before(ladder, &ladder.order()[broken])
    }

    /// The same of the positions before a rung.
    #[inline]
    pub(super) fn demand_before(&self, ladder: &Ladder, rung: &Rung) -> f64 {
        let demand = rung.debt - self.served;
        if demand > ladder.speck() { demand } else { 0.0 }
    }

    /// Serves at most `cap` of what broke at the trigger.
    pub(super) fn serve(
        &mut self,
        ladder: &Ladder,
        keep: f64,
        trigger: f64,
        sale: Sale,
        cap: f64,
    ) -> Liquidated {
        if trigger > self.next {
            return Liquidated::default();
        }
        self.serve_until(ladder, keep, ladder.reach(self.first, trigger), sale, cap)
    }

    /// Takes the market to a place at which whole positions are served.
    #[inline(always)]
    pub(super) fn cross(&mut self, ladder: &Ladder, place: usize) {
        let rung = ladder.order()[place];
        self.first = place;
        self.partial = 0.0;
        self.next = rung.h;
        self.served = rung.debt;
    }

    /// Serves at most `cap` of the positions before a place.
    #[inline]
    pub(super) fn serve_until(
        &mut self,
        ladder: &Ladder,
        keep: f64,
        broken: usize,
        sale: Sale,
        cap: f64,
    ) -> Liquidated {
        if broken <= self.first || cap <= 0.0 {
            return Liquidated::default();
        }
        let order = ladder.order();
        let (before, demand) = (self.served, order[broken].debt);
        // Rounding must not leave specks of debt that would keep the market from being idle.
        let limit = before + cap;
        let whole = limit + ladder.speck();
        let (place, partial) = if demand <= whole {
            (broken, 0.0)
        } else {
            let count = order[self.first + 1..=broken].partition_point(|rung| rung.debt <= whole);
            let place = self.first + count;
            (place, limit - order[place].debt)
        };
        let partial = if partial > ladder.speck() { partial } else { 0.0 };
        if place == self.first && order[place].debt + partial <= before {
            return Liquidated::default();
        }
        let loss = self.loss_until(ladder, keep, (place, partial), sale);
        self.first = place;
        self.partial = partial;
        self.next = order[place].h;
        self.served = if partial > 0.0 { limit } else { order[place].debt };
        Liquidated { debt: self.served - before, loss }
    }

    /// Bad debt when all before a place, and a part of the debt of the position there, is served at a sale.
    #[inline]
    pub(super) fn loss_until(&self, ladder: &Ladder, keep: f64, to: (usize, f64), sale: Sale) -> f64 {
        // The higher the threshold, the earlier a position is under water; it is so the earlier, the earlier it breaks.
        if ladder.close_factor().is_none() && self.next < sale.under_water(ladder.highest_threshold(), keep) {
            return 0.0;
        }
        let moves = ((self.first, self.partial), to);
        if let [class] = ladder.class_slice() {
            return class.loss(moves, (sale, keep));
        }
        if let Some(marks) = ladder.marks() {
            let owner = |place| ladder.owner(place);
            let reach = |from, price| ladder.reach(from, price);
            return marks.loss(ladder.order(), moves, (owner, reach), (sale, keep));
        }
        self.losses_until(ladder, keep, to, sale)
    }

    fn losses_until(&self, ladder: &Ladder, keep: f64, (place, partial): (usize, f64), sale: Sale) -> f64 {
        let classes = ladder.class_slice();
        let moves = |number: usize| {
            let from = ladder.class_at(number, self.first, self.partial);
            let until = ladder.class_at(number, place, partial);
            (from, if until.debt > from.debt { until } else { from })
        };
        let mut loss = 0.0;
        if let Some(factor) = ladder.close_factor() {
            for (number, class) in classes.iter().enumerate() {
                loss += match class.part {
                    Part::Repaid { survivors } => {
                        let pair = [moves(number), moves(survivors)];
                        pair_loss(factor, &classes[survivors], pair, sale, keep)
                    }
                    Part::Survivors => 0.0,
                    Part::Whole => {
                        let (from, until) = moves(number);
                        class_loss(class, &from, &until, sale, keep)
                    }
                };
            }
            return loss;
        }
        let mut lose = |number: usize| {
            let class = &classes[number];
            if self.next < sale.under_water(class.threshold, keep) {
                return;
            }
            let (from, until) = moves(number);
            if until.debt > from.debt {
                loss += class_loss(class, &from, &until, sale, keep);
            }
        };
        // A step usually moves a few places: only their classes lose, in the order of all.
        if place - self.first < FEW && FEW < classes.len() {
            let mut few = [usize::MAX; FEW];
            let begun = (partial > 0.0).then_some(place);
            for (owner, moved) in few.iter_mut().zip((self.first..place).chain(begun)) {
                *owner = ladder.owner(moved);
            }
            few.sort_unstable();
            let mut before = usize::MAX;
            for owner in few.into_iter().take_while(|&owner| owner < usize::MAX) {
                if owner != before {
                    lose(owner);
                }
                before = owner;
            }
        } else {
            (0..classes.len()).for_each(lose);
        }
        loss
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{book::Position, random::Stream};

    #[test]
    fn marks_give_the_losses_of_the_classes_one_by_one() {
        let mut random = Stream::new(11, 0, 0);
        let keep = 1.0 / 1.05;
        for thresholds in [&[0.7, 0.9][..], &[0.75, 0.8, 0.86], &[0.6, 0.75, 0.9, 0.97]] {
            let position = |number: usize| {
                let (collateral, share) = (random.exponential(), 0.5 + 0.5 * random.uniform());
                let liquidation_threshold = thresholds[number % thresholds.len()];
                Position {
                    collateral,
                    debt: collateral * liquidation_threshold * share,
                    liquidation_threshold,
                }
            };
            let positions: Vec<Position> = (0..200).map(position).collect();
            let ladder = Ladder::new(&positions).unwrap();
            assert!(ladder.marks().is_some());
            let mut lost = 0;
            for _ in 0..4000 {
                let mut place = |from: usize| from + ((201 - from) as f64 * random.uniform()) as usize;
                let first = place(0);
                let until = place(first);
                let debt = |place: usize| ladder.order()[place + 1].debt - ladder.order()[place].debt;
                let mut part = |place: usize| {
                    if place < 200 && random.uniform() < 0.5 { debt(place) * random.uniform() } else { 0.0 }
                };
                let (partial, to) = (part(first), (until, part(until)));
                if (until, to.1) <= (first, partial) {
                    continue;
                }
                let next = ladder.order()[first].h;
                let state = LadderState { first, partial, next, ..LadderState::default() };
                let lag = if random.uniform() < 0.5 { 1.0 } else { random.uniform() };
                let sale = Sale { price: next * (0.3 + random.uniform()), lag };
                let loss = state.loss_until(&ladder, keep, to, sale);
                assert_eq!(loss.to_bits(), state.losses_until(&ladder, keep, to, sale).to_bits());
                lost += usize::from(loss > 0.0);
            }
            assert!((1000..3500).contains(&lost), "{lost} of 4000 lose");
        }
    }
}
