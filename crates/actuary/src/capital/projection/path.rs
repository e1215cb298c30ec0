//! One path of a pool through its years.

use super::loss::AnnualLoss;
use super::plan::{COOLDOWN_MAX, PoolPlan, PremiumRule};
use crate::random::Stream;

/// Factor of the streams that draw a pool's years.
pub(super) const FACTOR: u32 = 0x504F_4F4C;

/// How a year ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum End {
    /// The pool goes on.
    Alive,
    /// It holds less than is required.
    Short,
    /// It could not pay.
    Default,
}

/// A year of a path.
#[derive(Clone, Copy, Debug)]
pub(super) struct Year {
    pub premium: f64,
    pub loss: f64,
    /// Capital and reserve at the end.
    pub assets: f64,
    pub cover: f64,
    /// Of the underwriters, on their capital at the beginning; none without capital.
    pub earned: Option<f64>,
    pub end: End,
}

/// A path as it stands between two years.
pub(super) struct Path<'a> {
    plan: &'a PoolPlan,
    losses: &'a AnnualLoss,
    random: Stream,
    capital: f64,
    reserve: f64,
    cover: f64,
    /// Premium rate by the initial one.
    level: f64,
    /// Capital under notice by years left.
    notice: [f64; COOLDOWN_MAX + 1],
}

impl<'a> Path<'a> {
    pub fn new(plan: &'a PoolPlan, losses: &'a AnnualLoss, path: u64) -> Self {
        let mut path = Self {
            plan,
            losses,
            random: Stream::sparse(plan.seed, path, FACTOR),
            capital: plan.capital,
            reserve: plan.reserve.start,
            cover: 1.0,
            level: 1.0,
            notice: [0.0; COOLDOWN_MAX + 1],
        };
        path.reprice_by_capital();
        path
    }

    /// Goes through a year.
    pub fn year(&mut self) -> Year {
        let plan = self.plan;
        let (start, cover) = (self.capital, self.cover);
        let premium = cover * plan.premium * self.level;
        let loss = cover * self.losses.at(self.random.uniform());
        let to_reserve = premium * plan.reserve.premium_share;
        let mut income = premium - to_reserve + self.capital * plan.interest;
        self.reserve = self.reserve * (1.0 + plan.interest) + to_reserve;
        self.capital += income * plan.retained;
        let ended = |end, assets| Year { premium, loss, assets, cover, earned: None, end };
        let from_capital = loss - loss.min(self.reserve);
        self.reserve -= loss - from_capital;
        if from_capital > self.capital {
            return ended(End::Default, 0.0);
        }
        let lost = if self.capital > 0.0 { from_capital / self.capital } else { 0.0 };
        self.capital -= from_capital;
        self.notice.iter_mut().for_each(|amount| *amount *= 1.0 - lost);
        let surplus = (self.reserve - plan.reserve.target * cover).max(0.0);
        if surplus > 0.0 {
            self.reserve -= surplus;
            self.capital += surplus * plan.retained;
            income += surplus;
        }
        self.leave(lost);
        let earned = (start > 0.0).then(|| (income - from_capital) / start);
        if let Some(earned) = earned {
            let gain = (earned - plan.entries.target_return).max(0.0);
            self.capital += plan.entries.speed * gain * start;
        }
        let assets = self.capital + self.reserve;
        if assets < plan.required * cover {
            return Year { earned, ..ended(End::Short, assets) };
        }
        self.reprice(loss, premium);
        let growth = plan.growth.rate - plan.growth.elasticity * (self.level - 1.0);
        self.cover *= (1.0 + growth).max(0.0);
        Year { premium, loss, assets, cover, earned, end: End::Alive }
    }

    /// Notices after a loss, and leaving of those whose time is up.
    fn leave(&mut self, lost: f64) {
        let exits = self.plan.exits;
        let under_notice: f64 = self.notice.iter().sum();
        let staying = (self.capital - under_notice).max(0.0);
        self.notice[exits.cooldown_years] += (exits.share_per_loss * lost).min(1.0) * staying;
        self.capital = (self.capital - self.notice[0]).max(0.0);
        self.notice.rotate_left(1);
        self.notice[COOLDOWN_MAX] = 0.0;
    }

    /// The rate of the next year after a loss and a premium.
    fn reprice(&mut self, loss: f64, premium: f64) {
        if let PremiumRule::Experience { weight, floor, ceiling } = self.plan.rule
            && premium > 0.0
        {
            let excess = (loss - self.losses.mean() * self.cover) / premium;
            self.level = (self.level * (1.0 + weight * excess)).clamp(floor, ceiling);
        }
        self.reprice_by_capital();
    }

    fn reprice_by_capital(&mut self) {
        if let PremiumRule::CostOfCapital { rate, reference } = self.plan.rule {
            let expected = self.losses.mean();
            let (due, per_cover) = (expected + rate * reference, self.capital / self.cover);
            if due > 0.0 && per_cover.is_finite() {
                self.level = (expected + rate * per_cover) / due;
            }
        }
    }
}
