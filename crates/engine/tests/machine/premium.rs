//! A second account of premium earned: every policy and surplus apart, its whole past summed anew with large
//! integers. What the pool moved through its buckets must be the same to the unit.

use ruint::aliases::U256;
use seawall_engine::{Core, Event, PREMIUM_STREAMS, PolicyId, STREAMS, State};
use seawall_fixed::{MILLION, Ppm, Seconds};

use super::world::Checked;

/// One sum that streams from a second to another.
struct Range {
    policy: Option<PolicyId>,
    stream: usize,
    rate: u128,
    start: Seconds,
    end: Seconds,
}

#[derive(Default)]
pub struct Shadow {
    ranges: Vec<Range>,
    /// Left over by divisions, in 2^-64 units.
    rest: [U256; STREAMS],
    /// Moved out of the unearned premium so far.
    moved: [U256; STREAMS],
    /// Sum of premium moved x fee, in millionths.
    feed: [U256; PREMIUM_STREAMS],
    fee: U256,
}

impl Shadow {
    /// Takes a command's events: checks its accrual, then learns of new and shortened streams.
    pub fn take(&mut self, before: &Core, fee: Ppm, events: &[Event], state: &State) -> Checked<()> {
        for event in events {
            match event {
                Event::Accrued(accrual) => self.accrued(before, fee, accrual)?,
                Event::PolicyBought(purchase) => {
                    let policy = &purchase.policy;
                    for (stream, part) in purchase.parts.iter().enumerate() {
                        self.add(Some(policy.id), stream, part.get(), policy.start, policy.end);
                    }
                }
                Event::SurplusStreamed { start, end, parts, .. } => {
                    for (tranche, part) in parts.iter().enumerate() {
                        self.add(None, PREMIUM_STREAMS + tranche, part.get(), *start, *end);
                    }
                }
                Event::PolicyCancelled(cancelled) => {
                    let market = state.market(cancelled.market).ok_or("a cancelled policy has no market")?;
                    let policy = market.policy(cancelled.slot).ok_or("a cancelled policy is gone")?;
                    let cut = self.ranges.iter_mut().filter(|range| range.policy == Some(policy.id));
                    for range in cut {
                        let rest = range.end - cancelled.at.max(range.start);
                        let left = U256::from(range.rate) * U256::from(rest);
                        if U256::from(cancelled.removed[range.stream].get()) != left >> 64_usize {
                            return Err(format!("3.7: stream {} gave back another sum", range.stream));
                        }
                        self.rest[range.stream] += left & U256::from(u64::MAX);
                        range.end = cancelled.at.max(range.start);
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn add(&mut self, policy: Option<PolicyId>, stream: usize, part: u128, start: Seconds, end: Seconds) {
        let whole = U256::from(part) << 64_usize;
        let term = U256::from(end - start);
        let rate = u128::try_from(whole / term).expect("the pool accepted this rate");
        self.rest[stream] += whole % term;
        self.ranges.push(Range { policy, stream, rate, start, end });
    }

    fn accrued(&mut self, before: &Core, fee: Ppm, accrual: &seawall_engine::Accrual) -> Checked<()> {
        let mut earned = self.rest;
        for range in &self.ranges {
            let seconds = accrual.to.min(range.end).saturating_sub(range.start);
            earned[range.stream] += U256::from(range.rate) * U256::from(seconds);
        }
        let mut sum = U256::ZERO;
        for (stream, expected) in earned.into_iter().enumerate() {
            let moved = U256::from(accrual.moved[stream].get());
            sum += moved;
            self.moved[stream] += moved;
            let expected = expected >> 64_usize;
            if self.moved[stream] != expected {
                return Err(format!(
                    "3.6: stream {stream} has moved {}, its policies earned {expected}",
                    self.moved[stream]
                ));
            }
            if stream < PREMIUM_STREAMS {
                self.feed[stream] += moved * U256::from(fee.get());
            }
        }
        self.fee += U256::from(accrual.fee.get());
        let due = self.feed.iter().fold(U256::ZERO, |sum, feed| sum + *feed / U256::from(MILLION));
        if self.fee != due {
            return Err(format!("3.6: fees are {}, {due} are due", self.fee));
        }
        let layers = accrual.earned.iter().fold(accrual.reserve, |sum, part| sum + *part);
        if U256::from(layers.get()) + U256::from(accrual.fee.get()) != sum {
            return Err("3.6: what was earned is not what was moved".into());
        }
        for (tranche, earned) in before.tranches.iter().zip(accrual.earned) {
            if tranche.active.shares.is_zero() && !earned.is_zero() {
                return Err("2.3: premium was earned by nobody".into());
            }
        }
        Ok(())
    }
}
