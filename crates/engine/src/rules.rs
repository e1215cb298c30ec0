//! What governance may set, with its bounds (2.4, 3.2, 5.5, 9). Dates that an exit or a policy was promised are
//! copied into it; every other change waits until all that was bought before its announcement is over (5.5).

use alloc::vec::Vec;

use seawall_fixed::{Assets, EPOCH_SECONDS, Ppm, Seconds};

use crate::error::Error;
use crate::id::{AccountId, TRANCHES_MAX};

/// One year of 365 days, in seconds: the unit of annual rates.
pub const YEAR: Seconds = 365 * 24 * 3600;

/// Longest run-off of a policy after its end (3.3): four epochs.
pub const RUN_OFF: Seconds = 4 * EPOCH_SECONDS;

/// A multiplier of the scarcity curve of one (3.4), in 1e-9.
pub const MULTIPLIER_ONE: u64 = 1_000_000_000;

/// Who may do what (9). Nobody can stop settlement, move principal, or touch a running exit.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Roles {
    /// Announces rule changes, collects fees, writes tickets off.
    pub owner: AccountId,
    /// Keys whose signed quotes the pool accepts, inside the bounds of the rules.
    pub actuaries: Vec<AccountId>,
    /// Posts latent losses inside the caps.
    pub risk: AccountId,
    /// Pauses deposits and purchases, for a bounded time.
    pub guardian: AccountId,
    /// Post readings in a ledger without a chain.
    pub reporters: Vec<AccountId>,
}

/// A point of the scarcity curve (3.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Knot {
    /// Required capital as a fraction of the unqueued capital.
    pub at: Ppm,
    /// Multiplier of the quoted premium there, in 1e-9.
    pub multiplier: u64,
}

/// Parameters of a pool. [`Rules::validate`] states the bounds.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Rules {
    /// Who may do what.
    pub roles: Roles,
    /// Smallest deposit (2.4).
    pub deposit_min: Assets,
    /// Smallest value of an exit request and of a partial clearing (2.4).
    pub exit_min: Assets,
    /// Smallest loss that is booked; less stays unread in the counter (2.4, 4.3).
    pub ticket_min: Assets,
    /// Time between the request and the earliest clearing of an exit (5.3).
    pub cooldown: Seconds,
    /// Time between a purchase and the earliest start of its cover (3.3).
    pub waiting: Seconds,
    /// Longest term of a policy, in epochs (3.3).
    pub term_epochs_max: u32,
    /// Early period after a start, in which the payout is bounded by the premium earned so far (4.4).
    pub early_period: Seconds,
    /// Multiple of the premium earned so far that the early bound allows (4.4), 1e6 = once.
    pub early_multiple: Ppm,
    /// Least share of the required capital that tranche 0 must hold (3.5).
    pub junior_floor: Ppm,
    /// Scarcity curve (3.4): `at` strictly rising from 0, multipliers never falling.
    pub scarcity: Vec<Knot>,
    /// Most a tranche may earn a second and unit of assets, times 2^64 (2.3).
    pub earn_rate_max: u64,
    /// Fee on premium earned (3.6).
    pub fee: Ppm,
    /// Who receives the fee.
    pub fee_recipient: AccountId,
    /// Part of the unearned premium that the pool keeps on cancellation (3.7).
    pub cancel_share: Ppm,
    /// Reserve above which the surplus may be streamed to the tranches (1.5).
    pub reserve_target: Assets,
    /// Epochs over which a surplus is streamed, at least one (1.5).
    pub surplus_epochs: u32,
    /// How a surplus is split over the tranches (1.5); what is missing to one stays in the reserve.
    pub surplus_split: [Ppm; TRANCHES_MAX],
    /// Lowest premium a quote may ask, a year and unit of limit (3.2).
    pub rate_min: Ppm,
    /// Largest limit a quote may grant (3.2).
    pub limit_max: Assets,
    /// Largest share of the unqueued capital that one market's charges may take (3.2).
    pub market_share_max: Ppm,
    /// Multiple of a sufferer's own bond that the other members can be called for (7.1), 1e6 = once.
    pub mutual_multiple: Ppm,
    /// Largest latent estimate as a fraction of what the market's policy can still lose (5.6).
    pub latent_share_max: Ppm,
    /// Longest validity of a latent estimate (5.6).
    pub latent_term_max: Seconds,
    /// Longest pause (5.5); the next one can only begin as long after the last as it may last.
    pub pause_max: Seconds,
}

impl Rules {
    /// Longest term of a policy, in seconds.
    #[must_use]
    pub fn term_max(&self) -> Seconds {
        u64::from(self.term_epochs_max) * EPOCH_SECONDS
    }

    /// Checks every bound.
    ///
    /// # Errors
    /// [`Error::RuleOutOfBounds`] naming the first parameter outside its bounds.
    pub fn validate(&self) -> Result<(), Error> {
        let day = 24 * 3600;
        let check = |ok: bool, parameter: &'static str| {
            if ok { Ok(()) } else { Err(Error::RuleOutOfBounds { parameter }) }
        };
        check(!self.deposit_min.is_zero(), "deposit_min")?;
        check(!self.exit_min.is_zero(), "exit_min")?;
        check(!self.ticket_min.is_zero(), "ticket_min")?;
        check(self.cooldown <= 365 * day, "cooldown")?;
        // At least a second: without it cover bought on a boundary would start in the second in which it is bought,
        // when that boundary's streams have begun already.
        check((1..=90 * day).contains(&self.waiting), "waiting")?;
        check((1..=104).contains(&self.term_epochs_max), "term_epochs_max")?;
        check(self.early_period <= 365 * day, "early_period")?;
        check(self.junior_floor.is_fraction(), "junior_floor")?;
        check(self.fee.get() <= 500_000, "fee")?;
        check(self.cancel_share.is_fraction(), "cancel_share")?;
        check((1..=52).contains(&self.surplus_epochs), "surplus_epochs")?;
        check(sum(&self.surplus_split) <= 1_000_000, "surplus_split")?;
        check(self.market_share_max.is_fraction(), "market_share_max")?;
        check(self.latent_share_max.is_fraction(), "latent_share_max")?;
        check((day..=90 * day).contains(&self.latent_term_max), "latent_term_max")?;
        check(self.pause_max <= 30 * day, "pause_max")?;
        let first = self.scarcity.first();
        check(first.is_some_and(|knot| knot.at == Ppm::ZERO), "scarcity")?;
        check(self.scarcity.len() <= 8, "scarcity")?;
        check(first.is_some_and(|knot| knot.multiplier >= MULTIPLIER_ONE), "scarcity")?;
        for pair in self.scarcity.windows(2) {
            check(pair[0].at < pair[1].at && pair[1].at.is_fraction(), "scarcity")?;
            check(pair[0].multiplier <= pair[1].multiplier, "scarcity")?;
            check(pair[1].multiplier <= 1000 * MULTIPLIER_ONE, "scarcity")?;
        }
        Ok(())
    }

    /// True when `next` differs from these rules only in ways that make buying cover harder (5.5): such a
    /// change takes nothing from a policy or an exit and acts at once.
    #[must_use]
    pub fn only_tightened_by(&self, next: &Self) -> bool {
        let mut same = next.clone();
        same.roles.actuaries.clone_from(&self.roles.actuaries);
        same.limit_max = self.limit_max;
        same.rate_min = self.rate_min;
        same.market_share_max = self.market_share_max;
        same.waiting = self.waiting;
        same == *self
            && next.roles.actuaries.iter().all(|key| self.roles.actuaries.contains(key))
            && next.limit_max <= self.limit_max
            && next.rate_min >= self.rate_min
            && next.market_share_max <= self.market_share_max
            && next.waiting >= self.waiting
    }
}

/// Sum of a split, in millionths.
pub(crate) fn sum(split: &[Ppm]) -> u64 {
    split.iter().map(|part| u64::from(part.get())).sum()
}
