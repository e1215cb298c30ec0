//! Tickets (4.6): the permanent record of one settled loss, and what came back of it since (6).

use seawall_fixed::{Assets, Seconds, Shares};

use crate::id::{AccountId, Digest, MarketId, MemberId, PolicyId, TRANCHES_MAX, TicketId};

/// Which of a tranche's two classes, or the mutual layer: who can hold a claim on recoveries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum ClassKind {
    /// Active shares.
    Active,
    /// Queued shares.
    Queued,
}

/// What one class lost by a ticket, and who bore it: the holders of `supply` shares of `generation`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Cohort {
    /// Loss of the class.
    pub loss: Assets,
    /// Shares outstanding when the ticket was booked.
    pub supply: Shares,
    /// Generation of the class then.
    pub generation: u32,
}

/// Amounts by layer, in the order in which the layers paid. Used for losses and for recoveries alike.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Layers {
    /// The insured's deductible bond.
    pub deductible: Assets,
    /// Kept by the insured as coinsurance.
    pub coinsured: Assets,
    /// The reserve.
    pub reserve: Assets,
    /// Each tranche.
    pub tranches: [Assets; TRANCHES_MAX],
    /// The sufferer's own bond in the mutual layer.
    pub own_bond: Assets,
    /// Called from all members of the mutual layer.
    pub called: Assets,
    /// Not paid by anyone: covered but unpaid, and above the limits.
    pub uncovered: Assets,
}

impl Layers {
    /// Sum of all layers.
    #[must_use]
    pub fn total(&self) -> Assets {
        self.deductible
            + self.coinsured
            + self.reserve
            + self.tranches.iter().copied().sum()
            + self.own_bond
            + self.called
            + self.uncovered
    }

    /// Layer by layer difference; nothing where `other` is larger.
    #[must_use]
    pub fn saturating_sub(&self, other: &Self) -> Self {
        let mut tranches = self.tranches;
        for (left, taken) in tranches.iter_mut().zip(other.tranches) {
            *left = left.saturating_sub(taken);
        }
        Self {
            deductible: self.deductible.saturating_sub(other.deductible),
            coinsured: self.coinsured.saturating_sub(other.coinsured),
            reserve: self.reserve.saturating_sub(other.reserve),
            tranches,
            own_bond: self.own_bond.saturating_sub(other.own_bond),
            called: self.called.saturating_sub(other.called),
            uncovered: self.uncovered.saturating_sub(other.uncovered),
        }
    }

    /// Layer by layer sum.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        let mut tranches = self.tranches;
        for (sum, more) in tranches.iter_mut().zip(other.tranches) {
            *sum += more;
        }
        Self {
            deductible: self.deductible + other.deductible,
            coinsured: self.coinsured + other.coinsured,
            reserve: self.reserve + other.reserve,
            tranches,
            own_bond: self.own_bond + other.own_bond,
            called: self.called + other.called,
            uncovered: self.uncovered + other.uncovered,
        }
    }
}

/// The record of one settled loss. Nothing in it changes but what came back.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Ticket {
    /// Number in order of booking.
    pub id: TicketId,
    /// Market that lost.
    pub market: MarketId,
    /// Policy that covered it.
    pub policy: PolicyId,
    /// Who bought that policy: receives what comes back of the deductible.
    pub buyer: AccountId,
    /// Where payments went.
    pub destination: AccountId,
    /// When it was booked.
    pub time: Seconds,
    /// The source's reference: its counter at booking.
    pub counter: u128,
    /// Evidence of the reporter, or the digest of the quote where an adapter reads.
    pub evidence: Digest,
    /// The whole loss.
    pub gross: Assets,
    /// Part of the gross loss above a limit.
    pub over_limit: Assets,
    /// Part of the gross loss that was covered or bonded and still not paid.
    pub residual: Assets,
    /// Who bore how much; adds up to `gross`.
    pub lost: Layers,
    /// What lenders had supplied; zero when unknown.
    pub supplied: u128,
    /// Haircut of the lenders in millionths, rounded up: (coinsured + over limit + residual) / supplied (4.6).
    pub haircut: u32,
    /// Cohort of the active class of each tranche.
    pub active: [Cohort; TRANCHES_MAX],
    /// Cohort of the queued class of each tranche.
    pub queued: [Cohort; TRANCHES_MAX],
    /// Units of the mutual layer outstanding when members were called.
    pub mutual_supply: Shares,
    /// Generation of the mutual layer then.
    pub mutual_generation: u32,
    /// The sufferer's own bond, if it had one.
    pub member: Option<MemberId>,
    /// What came back so far, by layer; never more than was lost.
    pub recovered: Layers,
    /// Recovered deductible not yet claimed by the buyer.
    pub buyer_due: Assets,
    /// Last recovery, or the booking.
    pub last_recovery: Seconds,
    /// When a write-off was announced (6.4).
    pub write_off_notice: Option<Seconds>,
    /// True once written off: later money goes to the reserve.
    pub written_off: bool,
    /// Next ticket of the same market.
    pub next: Option<TicketId>,
}

impl Ticket {
    /// The cohort of a class of a tranche.
    #[must_use]
    pub const fn cohort(&self, tranche: usize, class: ClassKind) -> &Cohort {
        match class {
            ClassKind::Active => &self.active[tranche],
            ClassKind::Queued => &self.queued[tranche],
        }
    }

    /// What can still come back before every layer is whole.
    #[must_use]
    pub fn outstanding(&self) -> Layers {
        self.lost.saturating_sub(&self.recovered)
    }

    /// True while recoveries are assigned to it.
    #[must_use]
    pub fn is_open(&self) -> bool {
        !self.written_off && self.recovered != self.lost
    }

    /// Part of what came back to a tranche that belongs to one class of it. Both parts only rise, and add up.
    #[must_use]
    pub fn class_recovered(&self, tranche: usize, class: ClassKind) -> Assets {
        let recovered = self.recovered.tranches[tranche];
        let lost = self.lost.tranches[tranche];
        if lost.is_zero() {
            return Assets::ZERO;
        }
        let queued = recovered
            .scale(self.queued[tranche].loss.get(), lost.get(), seawall_fixed::Rounding::Down)
            .expect("a class loses at most what its tranche loses");
        match class {
            ClassKind::Queued => queued,
            ClassKind::Active => recovered - queued,
        }
    }
}
