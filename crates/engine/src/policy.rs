//! Policies (3): what was bought, what it can still pay, and the arithmetic of one claim (4.3, 4.4).

use ruint::aliases::U256;
use seawall_fixed::{
    Assets, EPOCH_SECONDS, Epoch, MILLION, Overflow, Ppm, Rounding, Seconds, epoch_of, mul_div,
};

use crate::id::{AccountId, Digest, MarketId, MemberId, PolicyId, TRANCHES_MAX};
use crate::premium::PREMIUM_STREAMS;
use crate::source::Source;

/// A quote as the actuary signed it (3.2). The digest of the signed message and the signer recovered from it
/// are inputs of the purchase; the engine checks what the quote binds.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Quote {
    /// Chain and pool it is for.
    pub pool: Digest,
    /// Insured market.
    pub market: MarketId,
    /// Who may buy, pays, and receives refund, bonus and bonds.
    pub buyer: AccountId,
    /// Who reads the losses, pinned at purchase (3.1).
    pub source: Source,
    /// Where payments go, pinned at purchase (3.1).
    pub destination: AccountId,
    /// True when the assets behind the pool's wrapper token stand in this market; such cover is refused (1.1).
    pub holds_pool_asset: bool,
    /// Aggregate limit on eligible loss.
    pub limit: Assets,
    /// Limit on eligible loss of this and the previous epoch together.
    pub event_limit: Assets,
    /// Aggregate deductible.
    pub deductible: Assets,
    /// What the insured deposits against the deductible; at most the deductible.
    pub deductible_bond: Assets,
    /// Part of each eligible loss that the insured keeps.
    pub coinsurance: Ppm,
    /// Term in whole epochs.
    pub term_epochs: u32,
    /// Premium before scarcity (3.4).
    pub premium: Assets,
    /// Part of the premium that is held back as no-claims bonus (3.7).
    pub bonus_share: Ppm,
    /// How the rest streams to the tranches; what is missing to one goes to the reserve (3.6).
    pub split: [Ppm; TRANCHES_MAX],
    /// Capital that must stand behind the policy (3.5).
    pub charge: Assets,
    /// Bond posted in the mutual layer (7.1).
    pub callable_bond: Assets,
    /// Loss counter of the market that the quote was computed for.
    pub counter: u128,
    /// Latest end of any policy that the quote assumed.
    pub latest_end_max: Seconds,
    /// Largest required capital, this policy included, that the quote assumed.
    pub required_max: Assets,
    /// Last second at which the quote is valid.
    pub deadline: Seconds,
    /// Sequential number of the market; using or revoking one voids all lower ones.
    pub nonce: u64,
    /// Digest of loan book, prices, model version and seed, so that anyone can recompute the quote.
    pub inputs: Digest,
}

/// Where a policy stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Status {
    /// Bought, not activated.
    Pending,
    /// Activated: pays for increases read before its end.
    Active,
    /// Past its end, kept in force by a latent estimate posted before it (3.3).
    RunOff {
        /// First second at which it no longer pays.
        until: Seconds,
        /// Increase that it still pays for.
        left: u128,
    },
    /// Over; waits to be finalised.
    Ended,
}

/// Eligible loss booked in an epoch and the one before (4.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct EventWindow {
    /// Epoch of the last booking.
    pub epoch: Epoch,
    /// Eligible loss booked in that epoch.
    pub this: Assets,
    /// Eligible loss booked in the epoch before it.
    pub previous: Assets,
}

impl EventWindow {
    /// The window as seen from `epoch`.
    #[must_use]
    pub fn at(self, epoch: Epoch) -> Self {
        if epoch == self.epoch {
            self
        } else if epoch == self.epoch + 1 {
            Self { epoch, this: Assets::ZERO, previous: self.this }
        } else {
            Self { epoch, this: Assets::ZERO, previous: Assets::ZERO }
        }
    }
}

/// A policy and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Policy {
    /// Number in order of purchase.
    pub id: PolicyId,
    /// Who bought it.
    pub buyer: AccountId,
    /// Digest of the signed quote.
    pub digest: Digest,
    /// Aggregate limit.
    pub limit: Assets,
    /// Limit over two epochs.
    pub event_limit: Assets,
    /// Coinsurance.
    pub coinsurance: Ppm,
    /// First second of cover.
    pub start: Seconds,
    /// First second without cover; a boundary. Cancelling brings it forward.
    pub end: Seconds,
    /// End at purchase: the callable bond stays callable until then (7.1).
    pub term_end: Seconds,
    /// Premium paid.
    pub premium: Assets,
    /// No-claims bonus still held for the insured (3.7).
    pub bonus: Assets,
    /// Rate of each premium stream, in 2^-64 units a second (3.6).
    pub rates: [u128; PREMIUM_STREAMS],
    /// Capital charge at purchase.
    pub charge_bought: Assets,
    /// Capital charge now (3.5).
    pub charge: Assets,
    /// Callable bond, if one was posted.
    pub member: Option<MemberId>,
    /// Where it stands.
    pub status: Status,
    /// True once cancelled.
    pub cancelled: bool,
    /// Counter up to which losses are booked or out of scope.
    pub seen: u128,
    /// Deductible not yet used.
    pub deductible_left: Assets,
    /// Deductible bond not yet used.
    pub bond_left: Assets,
    /// Limit not yet used.
    pub limit_left: Assets,
    /// Eligible loss of this and the previous epoch.
    pub event: EventWindow,
    /// Eligible loss booked so far.
    pub eligible_cum: Assets,
    /// Eligible loss after coinsurance, so far.
    pub insured_cum: Assets,
    /// What the early bound let through, so far.
    pub paid_cum: Assets,
    /// Tickets booked.
    pub tickets: u32,
    /// First start of an uninterrupted, claim-free chain of renewals (4.4).
    pub first_start: Seconds,
    /// Part of the limit that has been in force since `first_start` (4.4).
    pub first_limit: Assets,
}

/// What one reading means for one policy (4.3): gross = deductible + coinsured + over_limit + unpaid + owed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Claim {
    /// Increase of the counter.
    pub gross: Assets,
    /// Paid from the insured's bond.
    pub deductible: Assets,
    /// Eligible loss.
    pub eligible: Assets,
    /// Kept by the insured.
    pub coinsured: Assets,
    /// Above a limit.
    pub over_limit: Assets,
    /// Not covered for good: a bond short of the deductible, or above the early bound.
    pub unpaid: Assets,
    /// Owed by reserve, tranches and mutual layer.
    pub owed: Assets,
}

impl Policy {
    /// True when an increase read at `now` is covered.
    #[must_use]
    #[inline]
    pub fn in_force(&self, now: Seconds) -> bool {
        match self.status {
            Status::Active => self.start <= now && now < self.end,
            Status::RunOff { until, left } => now < until && left > 0,
            Status::Pending | Status::Ended => false,
        }
    }

    /// True until the policy has ended; its charge then counts as required capital (3.5).
    #[must_use]
    #[inline]
    pub fn is_open(&self) -> bool {
        self.status != Status::Ended
    }

    /// Increase of the counter that this policy has not booked.
    #[must_use]
    #[inline]
    pub fn gross(&self, counter: u128) -> Assets {
        let increase = counter.saturating_sub(self.seen);
        Assets::new(match self.status {
            Status::RunOff { left, .. } => increase.min(left),
            _ => increase,
        })
    }

    /// Eligible loss that the event limit still admits at `now`.
    #[must_use]
    pub fn event_left(&self, now: Seconds) -> Assets {
        let window = self.event.at(epoch_of(now));
        self.event_limit.saturating_sub(window.this.saturating_add(window.previous))
    }

    /// Eligible loss after coinsurance when `eligible` more is booked, beyond what is booked already. The
    /// difference of two cumulative figures, so that the result does not depend on how often it is asked.
    fn insured_increase(&self, eligible: Assets) -> Assets {
        (self.eligible_cum + eligible)
            .part(self.coinsurance.complement(), Rounding::Down)
            .expect("a fraction of an amount fits")
            - self.insured_cum
    }

    /// The claim that a gross loss makes at `now`, before any layer is asked (4.3, 4.4).
    ///
    /// # Errors
    /// [`Overflow`] when the early bound does not fit.
    pub fn claim(
        &self,
        gross: Assets,
        now: Seconds,
        early_period: Seconds,
        early_multiple: Ppm,
    ) -> Result<Claim, Overflow> {
        let deductible = gross.min(self.deductible_left);
        let bonded = deductible.min(self.bond_left);
        let above = gross - deductible;
        let eligible = above.min(self.event_left(now)).min(self.limit_left);
        let insured = self.insured_increase(eligible);
        let owed = match self.early_bound(now, early_period, early_multiple)? {
            Some(bound) => insured.min(bound.saturating_sub(self.paid_cum)),
            None => insured,
        };
        Ok(Claim {
            gross,
            deductible: bonded,
            eligible,
            coinsured: eligible - insured,
            over_limit: above - eligible,
            unpaid: (deductible - bonded) + (insured - owed),
            owed,
        })
    }

    /// What a stale market may still cost (4.2): the most the limits admit, after coinsurance.
    #[must_use]
    pub fn worst_case(&self, now: Seconds) -> Assets {
        self.insured_increase(self.event_left(now).min(self.limit_left))
    }

    /// Most that may have been paid by `now` (4.4), or none after the early period.
    ///
    /// The limit that has been in force since an earlier, claim-free policy is bound from that first start; what
    /// a renewal added is bound from its own.
    fn early_bound(&self, now: Seconds, period: Seconds, multiple: Ppm) -> Result<Option<Assets>, Overflow> {
        if now >= self.start.saturating_add(period) {
            return Ok(None);
        }
        let term = u128::from(self.term_end - self.start);
        let allowed = |limit: Assets, since: Seconds| -> Result<Assets, Overflow> {
            let elapsed = u128::from(now.saturating_sub(since));
            let premium = mul_div(self.premium.get(), limit.get(), self.limit.get().max(1), Rounding::Down)?;
            // Rounded once; the product has at most 128 + 32 + 40 bits.
            let product = U256::from(premium) * U256::from(multiple.get()) * U256::from(elapsed);
            let bound = product / (U256::from(MILLION) * U256::from(term));
            Ok(Assets::new(u128::try_from(bound).unwrap_or(u128::MAX)))
        };
        let old = self.first_limit.min(self.limit);
        let old_bound = if now >= self.first_start.saturating_add(period) {
            old
        } else {
            allowed(old, self.first_start)?.min(old)
        };
        let new_bound = allowed(self.limit - old, self.start)?;
        Ok(Some(old_bound.saturating_add(new_bound)))
    }

    /// The policy after a claim was booked at `now` (4.3, 3.5).
    #[must_use]
    pub fn after(&self, claim: &Claim, now: Seconds) -> Self {
        let used = claim.gross.min(self.deductible_left);
        let window = self.event.at(epoch_of(now));
        let limit_left = self.limit_left - claim.eligible;
        let mut next = self.clone();
        next.seen = self.seen + claim.gross.get();
        next.deductible_left = self.deductible_left - used;
        next.bond_left = self.bond_left - claim.deductible;
        next.limit_left = limit_left;
        next.event = EventWindow { this: window.this + claim.eligible, ..window };
        next.eligible_cum = self.eligible_cum + claim.eligible;
        next.insured_cum = self.insured_cum + (claim.eligible - claim.coinsured);
        next.paid_cum = self.paid_cum + claim.owed;
        next.tickets = self.tickets + 1;
        next.bonus = Assets::ZERO;
        if let Status::RunOff { until, left } = self.status {
            next.status = Status::RunOff { until, left: left - claim.gross.get() };
        }
        next.charge = next.charge_due();
        next
    }

    /// Charge by what is left of the limit, rounded up, and by the estimate in run-off (3.3, 3.5).
    #[must_use]
    pub fn charge_due(&self) -> Assets {
        let charge = self
            .charge_bought
            .scale(self.limit_left.get(), self.limit.get(), Rounding::Up)
            .expect("the limit left is at most the limit, which is not zero");
        match self.status {
            Status::RunOff { left, .. } => charge.min(Assets::new(left)),
            Status::Ended => Assets::ZERO,
            Status::Pending | Status::Active => charge,
        }
    }
}

/// First boundary at or after `t`.
#[must_use]
pub fn boundary_from(t: Seconds) -> Seconds {
    t.div_ceil(EPOCH_SECONDS) * EPOCH_SECONDS
}

/// First boundary after `t`.
#[must_use]
pub fn boundary_after(t: Seconds) -> Seconds {
    (epoch_of(t) + 1) * EPOCH_SECONDS
}
