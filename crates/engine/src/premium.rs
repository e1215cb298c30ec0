//! Premium earned per second in fixed point through epoch buckets (3.6), and the surplus of the reserve
//! streamed the same way (1.5). The cost of accrual does not grow with policies.
//!
//! A stream has a rate in 2^-64 units a second, a carry in 2^-64 units, and what is still unearned. At every
//! moment, for each stream: unearned x 2^64 = sum over policies of rate x (end - max(now, start)) + carry.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;

use seawall_fixed::{Assets, Epoch, Overflow, Rounding, Seconds, epoch_of, epoch_start};
use seawall_fixed::{MILLION, mul_div, mul_shift_64};

use crate::event::Accrual;
use crate::id::TRANCHES_MAX;
use crate::rules::Rules;
use crate::state::{Boundary, Core};

/// Streams fed by premium: one a tranche, then the reserve.
pub const PREMIUM_STREAMS: usize = TRANCHES_MAX + 1;

/// Index of the reserve's premium stream.
pub const RESERVE_STREAM: usize = TRANCHES_MAX;

/// All streams: those of premium, then the surplus of the reserve to each tranche.
pub const STREAMS: usize = PREMIUM_STREAMS + TRANCHES_MAX;

/// One stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Stream {
    /// Units a second, times 2^64.
    pub rate: u128,
    /// Earned and not yet moved, times 2^64. At most a few units.
    pub carry: u128,
    /// Not yet moved to the layer.
    pub unearned: Assets,
}

/// Rates that begin and end at one boundary.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Bucket {
    /// Begin there.
    pub starts: [u128; STREAMS],
    /// End there; applied before the starts (1.4).
    pub ends: [u128; STREAMS],
}

/// The buckets of all boundaries to come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Schedule {
    /// By epoch; a bucket is dropped when its boundary has passed.
    pub buckets: BTreeMap<Epoch, Bucket>,
}

impl Schedule {
    /// Adds a stream that runs from one boundary to another.
    pub(crate) fn add(&mut self, index: usize, rate: u128, start: Seconds, end: Seconds) {
        if rate != 0 {
            self.buckets.entry(epoch_of(start)).or_default().starts[index] += rate;
            self.buckets.entry(epoch_of(end)).or_default().ends[index] += rate;
        }
    }

    /// Brings the end of a stream forward from `end` to `at`; one that has not begun by then never does.
    pub(crate) fn shorten(&mut self, index: usize, rate: u128, start: Seconds, end: Seconds, at: Seconds) {
        if rate == 0 {
            return;
        }
        if let Some(bucket) = self.buckets.get_mut(&epoch_of(end)) {
            bucket.ends[index] -= rate;
        }
        if at > start {
            self.buckets.entry(epoch_of(at)).or_default().ends[index] += rate;
        } else if let Some(bucket) = self.buckets.get_mut(&epoch_of(start)) {
            bucket.starts[index] -= rate;
        }
        self.buckets.retain(|_, bucket| *bucket != Bucket::default());
    }

    /// Drops every bucket up to and including that of `epoch`.
    pub(crate) fn drop_through(&mut self, epoch: Epoch) {
        while self.buckets.first_key_value().is_some_and(|(first, _)| *first <= epoch) {
            self.buckets.pop_first();
        }
    }
}

/// A sum split into streams: each part rounded down, the remainder to the reserve (3.6).
pub(crate) struct Split {
    /// Part of each premium stream.
    pub parts: [Assets; PREMIUM_STREAMS],
    /// Its rate, in 2^-64 units a second.
    pub rates: [u128; PREMIUM_STREAMS],
    /// What rate x term leaves of the part, in 2^-64 units.
    pub carries: [u128; PREMIUM_STREAMS],
}

/// Splits `parts` over `term` seconds.
///
/// # Errors
/// [`Overflow`] when a rate does not fit, that is from 2^64 units a second on.
pub(crate) fn split(parts: [Assets; PREMIUM_STREAMS], term: Seconds) -> Result<Split, Overflow> {
    let mut rates = [0; PREMIUM_STREAMS];
    let mut carries = [0; PREMIUM_STREAMS];
    for index in 0..PREMIUM_STREAMS {
        let part = parts[index].get();
        rates[index] = mul_div(part, 1 << 64, u128::from(term), Rounding::Down)?;
        // part x 2^64 - rate x term, below term: exact modulo 2^128.
        carries[index] = (part << 64).wrapping_sub(rates[index].wrapping_mul(u128::from(term)));
    }
    Ok(Split { parts, rates, carries })
}

/// Refuses streams from `first` on whose rates, added to all that have yet to end, leave 128 bits: accrual adds
/// them without a check.
pub(crate) fn check_rates(
    schedule: &Schedule,
    now: Seconds,
    first: usize,
    rates: &[u128],
) -> Result<(), Overflow> {
    let to_come = epoch_of(now) + 1..;
    for (offset, &rate) in rates.iter().enumerate() {
        let mut ends = schedule.buckets.range(to_come.clone()).map(|(_, bucket)| bucket.ends[first + offset]);
        ends.try_fold(rate, u128::checked_add).ok_or(Overflow)?;
    }
    Ok(())
}

/// Accrues from `core.now` to `now` (1.4 step 1), boundary by boundary.
///
/// # Errors
/// [`Overflow`] only for a core whose streams do not come from [`split`].
pub(crate) fn accrue(
    core: &Core,
    rules: &Rules,
    schedule: &Schedule,
    now: Seconds,
) -> Result<Box<Accrual>, Overflow> {
    let mut work = Work {
        accrual: Box::new(Accrual {
            to: now,
            rates: core.streams.map(|stream| stream.rate),
            carries: core.streams.map(|stream| stream.carry),
            moved: [Assets::ZERO; STREAMS],
            earned: [Assets::ZERO; TRANCHES_MAX],
            reserve: Assets::ZERO,
            fee: Assets::ZERO,
            fee_remainders: core.fee_remainders,
            boundary: None,
        }),
        core,
        rules,
    };
    let mut at = core.now;
    if epoch_of(now) > epoch_of(at) {
        for (&epoch, bucket) in schedule.buckets.range(epoch_of(at) + 1..=epoch_of(now)) {
            let boundary = epoch_start(epoch);
            work.advance(boundary - at)?;
            at = boundary;
            for index in 0..STREAMS {
                let rate = &mut work.accrual.rates[index];
                *rate = *rate - bucket.ends[index] + bucket.starts[index];
            }
        }
        let last = epoch_start(epoch_of(now));
        work.advance(last - at)?;
        at = last;
        work.accrual.boundary = Some(work.boundary());
    }
    work.advance(now - at)?;
    Ok(work.accrual)
}

struct Work<'a> {
    accrual: Box<Accrual>,
    core: &'a Core,
    rules: &'a Rules,
}

impl Work<'_> {
    /// One accrual step of `dt` seconds at constant rates.
    fn advance(&mut self, dt: Seconds) -> Result<(), Overflow> {
        if dt == 0 {
            return Ok(());
        }
        let mut premium = [Assets::ZERO; PREMIUM_STREAMS];
        for (index, part) in premium.iter_mut().enumerate() {
            let whole = self.move_whole(index, dt)?;
            if !whole.is_zero() {
                let fee = self.charge_fee(index, whole)?;
                *part = whole - fee;
            }
        }
        self.accrual.reserve += premium[RESERVE_STREAM];
        for (tranche, &from_premium) in premium[..TRANCHES_MAX].iter().enumerate() {
            let whole = from_premium + self.move_whole(PREMIUM_STREAMS + tranche, dt)?;
            if whole.is_zero() {
                continue;
            }
            let active = &self.core.tranches[tranche].active;
            let cap = if active.shares.is_zero() {
                0
            } else {
                let assets = active.assets + self.accrual.earned[tranche];
                // A cap beyond 128 bits binds nothing; it must not stop the pool.
                let rate = u128::from(self.rules.earn_rate_max) * u128::from(dt);
                mul_shift_64(assets.get(), rate, 0).map_or(u128::MAX, |(whole, _)| whole)
            };
            let earned = whole.min(Assets::new(cap));
            self.accrual.earned[tranche] += earned;
            self.accrual.reserve += whole - earned;
        }
        Ok(())
    }

    /// Whole units that stream `index` moves in `dt` seconds. Most streams of most pools stand still.
    #[inline]
    fn move_whole(&mut self, index: usize, dt: Seconds) -> Result<Assets, Overflow> {
        let (rate, carry) = (self.accrual.rates[index], self.accrual.carries[index]);
        if rate == 0 && carry >> 64 == 0 {
            return Ok(Assets::ZERO);
        }
        let (whole, fraction) = mul_shift_64(rate, u128::from(dt), carry)?;
        self.accrual.carries[index] = u128::from(fraction);
        let whole = Assets::new(whole);
        self.accrual.moved[index] += whole;
        Ok(whole)
    }

    /// Fee on premium earned, rounded down over the whole life of the stream: the remainder is kept, so that
    /// the fee does not depend on how often accrual runs.
    fn charge_fee(&mut self, index: usize, earned: Assets) -> Result<Assets, Overflow> {
        let remainder = &mut self.accrual.fee_remainders[index];
        let fraction = u128::from(self.rules.fee.get());
        let whole = mul_div(earned.get(), fraction, MILLION, Rounding::Down)?;
        // earned x fraction mod 1e6, without the product.
        let rest = (earned.get() % MILLION) * fraction % MILLION + u128::from(*remainder);
        let fee = Assets::new(whole + rest / MILLION);
        *remainder = u32::try_from(rest % MILLION).expect("below one million");
        self.accrual.fee += fee;
        Ok(fee)
    }

    /// What the pool looked like at the boundary just reached (3.4, 5.7).
    fn boundary(&self) -> Boundary {
        let core = self.core;
        let earned: Assets = self.accrual.earned.iter().copied().sum();
        let active: Assets = core.tranches.iter().map(|tranche| tranche.active.assets).sum();
        let queued: Assets = core.tranches.iter().map(|tranche| tranche.queued.assets).sum();
        Boundary {
            unqueued: core.reserve + self.accrual.reserve + active + earned,
            queued,
            total: active + earned + queued,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A boundary that the command's own accrual has passed counts no more: its bucket is still in the schedule that the
    /// command found.
    #[test]
    fn rates_that_have_ended_leave_their_room() {
        let mut schedule = Schedule::default();
        let (start, end) = (epoch_start(10), epoch_start(14));
        schedule.add(PREMIUM_STREAMS, u128::MAX - 5, start, end);
        let check = |now: Seconds, rate: u128| check_rates(&schedule, now, PREMIUM_STREAMS, &[rate]);
        assert_eq!(check(end - 1, 5), Ok(()));
        assert_eq!(check(end - 1, 6), Err(Overflow));
        assert_eq!(check(end, 6), Ok(()));
    }
}
