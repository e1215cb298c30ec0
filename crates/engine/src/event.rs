//! Events: what a command did. They carry amounts, never formulas, so that applying one is bookkeeping.

use alloc::boxed::Box;

use seawall_fixed::{Assets, Seconds, Shares};

use crate::exit::Exit;
use crate::id::{AccountId, Digest, ExitId, LotId, MarketId, MemberId, TRANCHES_MAX, TicketId};
use crate::market::Slot;
use crate::policy::Policy;
use crate::premium::{PREMIUM_STREAMS, STREAMS};
use crate::rules::Rules;
use crate::source::{Converted, Source};
use crate::state::Boundary;
use crate::ticket::{ClassKind, Layers, Ticket};

/// Premium and surplus moved to the layers up to a second.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Accrual {
    /// Accrued up to here.
    pub to: Seconds,
    /// Rate of each stream afterwards.
    pub rates: [u128; STREAMS],
    /// Carry of each stream afterwards.
    pub carries: [u128; STREAMS],
    /// Moved out of the unearned part of each stream.
    pub moved: [Assets; STREAMS],
    /// Earned by the active class of each tranche.
    pub earned: [Assets; TRANCHES_MAX],
    /// Earned by the reserve, with what tranches could not take (2.3).
    pub reserve: Assets,
    /// Fee accrued.
    pub fee: Assets,
    /// Fractions of the fee afterwards.
    pub fee_remainders: [u32; PREMIUM_STREAMS],
    /// The last boundary, if one was passed.
    pub boundary: Option<Boundary>,
}

/// A policy bought.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Purchase {
    /// Market.
    pub market: MarketId,
    /// Slot.
    pub slot: Slot,
    /// The policy.
    pub policy: Policy,
    /// Part of the premium in each stream.
    pub parts: [Assets; PREMIUM_STREAMS],
    /// What rate x term leaves of each part, times 2^64.
    pub carries: [u128; PREMIUM_STREAMS],
    /// Callable bond posted, and the units minted for it.
    pub bond: (Assets, Shares),
    /// Nonce used.
    pub nonce: u64,
}

/// What a booked ticket changes besides itself.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Booking {
    /// The ticket.
    pub ticket: Ticket,
    /// Slot of the policy.
    pub slot: Slot,
    /// The policy afterwards.
    pub policy: Policy,
}

/// A stream shortened by a cancellation.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Cancellation {
    /// Market.
    pub market: MarketId,
    /// Slot.
    pub slot: Slot,
    /// New end.
    pub at: Seconds,
    /// Leaves the unearned part of each stream.
    pub removed: [Assets; PREMIUM_STREAMS],
    /// Fraction of it that goes to the carry, times 2^64.
    pub fractions: [u128; PREMIUM_STREAMS],
    /// Paid to the insured.
    pub refund: Assets,
    /// Kept by the reserve, forfeited bonus included.
    pub kept: Assets,
    /// Forfeited bonus.
    pub bonus: Assets,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[allow(missing_docs, reason = "the fields are the numbers that the variant's comment speaks of")]
pub enum Event {
    /// Premium and surplus accrued (1.4 step 1).
    Accrued(Box<Accrual>),
    /// The next due date changed.
    DueAt { at: Seconds },

    /// A latent estimate fell, at its boundary or by a booked loss (5.6).
    EstimateFell { market: MarketId, to: Assets },
    /// A latent estimate is gone; none can be posted before `repost_from`.
    EstimateClosed { market: MarketId, repost_from: Seconds },
    /// A latent estimate was posted or raised.
    EstimatePosted { market: MarketId, amount: Assets, expiry: Seconds },
    /// A fall of an estimate was announced.
    EstimateLowered { market: MarketId, to: Assets, at: Seconds },

    /// A policy is over; its charge is free.
    PolicyEnded { market: MarketId, slot: Slot },
    /// A policy is kept in force by an estimate after its end (3.3).
    PolicyRunsOff { market: MarketId, slot: Slot, until: Seconds, left: u128 },
    /// A policy was bought.
    PolicyBought(Box<Purchase>),
    /// A policy came into force with this baseline.
    PolicyActivated { market: MarketId, slot: Slot, seen: u128 },
    /// A policy was cancelled.
    PolicyCancelled(Box<Cancellation>),
    /// An ended policy's books were closed: paid to the insured, and kept by the reserve.
    PolicyFinalised { market: MarketId, bonus_paid: Assets, bonus_kept: Assets, bond: Assets },
    /// Quotes with a lower nonce are void.
    QuotesRevoked { market: MarketId, least: u64 },

    /// A market was seen for the first time.
    MarketOpened { market: MarketId, source: Source, destination: AccountId },
    /// Source and destination of a market were set.
    MarketPinned { market: MarketId, source: Source, destination: AccountId },
    /// A good reading that changed something.
    MarketRead {
        market: MarketId,
        counter: u128,
        converted: Option<Converted>,
        measured: u128,
        supplied: u128,
        recovered: u128,
    },
    /// A reading failed or fell.
    MarketStale { market: MarketId },

    /// The no-claims bonus went to the reserve at the first ticket (3.7).
    BonusForfeited { market: MarketId, slot: Slot, amount: Assets },
    /// A sufferer's own bond was used (7.1).
    OwnBondUsed { member: MemberId, assets: Assets, units: Shares },
    /// A loss was settled.
    TicketBooked(Box<Booking>),
    /// What the source recovered and did not pass on was set off against a payment (6.1).
    SetOff { market: MarketId, assets: Assets },
    /// A market's destination accepted a payment (4.5).
    MarketPaid { market: MarketId, destination: AccountId, assets: Assets },

    /// A class closed; what was left went to the reserve (2.3).
    ClassClosed { tranche: u8, class: ClassKind, assets: Assets },
    /// The mutual layer closed (7.1).
    MutualClosed { assets: Assets },

    /// Shares were minted.
    Deposited { tranche: u8, owner: AccountId, assets: Assets, shares: Shares },
    /// Shares changed hands.
    Transferred { tranche: u8, from: AccountId, to: AccountId, shares: Shares },
    /// Shares were queued: `burned` active shares became the exit's queued shares worth `moved`.
    ExitRequested { exit: Exit, burned: Shares, moved: Assets },
    /// Shares of an exit were cleared; `done` when none is left to clear.
    ExitCleared { exit: ExitId, shares: Shares, done: bool },
    /// Cleared shares were paid; the dust went to the reserve.
    ExitPaid { exit: ExitId, shares: Shares, assets: Assets, dust: Assets },

    /// The reserve was given assets.
    ReserveFunded { assets: Assets },
    /// A surplus of the reserve began to stream.
    SurplusStreamed {
        start: Seconds,
        end: Seconds,
        parts: [Assets; TRANCHES_MAX],
        rates: [u128; TRANCHES_MAX],
        carries: [u128; TRANCHES_MAX],
    },
    /// What was left of a callable bond went back; the dust to the reserve.
    BondReleased { member: MemberId, units: Shares, assets: Assets, dust: Assets },

    /// A recovery came in; `passed_on` when it came for the market rather than for one ticket.
    RecoveryReceived { market: MarketId, assets: Assets, passed_on: bool },
    /// A recovery was shared out.
    RecoveryAssigned { market: MarketId, ticket: TicketId, parts: Box<Layers> },
    /// A recovery above all losses went to the reserve.
    RecoverySurplus { market: MarketId, assets: Assets },
    /// The oldest ticket that may still receive recoveries.
    OldestTicket { market: MarketId, ticket: Option<TicketId> },
    /// A holder claimed.
    RecoveryClaimed { ticket: TicketId, owner: AccountId, tranche: u8, class: ClassKind, assets: Assets },
    /// A buyer claimed its deductible.
    DeductibleClaimed { ticket: TicketId, buyer: AccountId, assets: Assets },
    /// A member claimed.
    BondClaimed { ticket: TicketId, member: MemberId, assets: Assets },
    /// A write-off was announced.
    WriteOffAnnounced { ticket: TicketId, at: Seconds },
    /// A ticket was written off.
    WrittenOff { ticket: TicketId },
    /// Goods were put up for auction.
    LotOpened {
        lot: LotId,
        ticket: TicketId,
        goods: Digest,
        start: Assets,
        floor: Assets,
        duration: Seconds,
        at: Seconds,
    },
    /// A lot was sold; the price is a recovery, booked by the events that follow.
    LotSold { lot: LotId, buyer: AccountId, price: Assets },

    /// New rules wait for their time.
    RulesAnnounced { at: Seconds, rules: Box<Rules> },
    /// An announced change was withdrawn.
    RulesWithdrawn,
    /// New rules are in force.
    RulesChanged { rules: Box<Rules> },
    /// Deposits and purchases are paused.
    Paused { until: Seconds, next_from: Seconds },
    /// Fees were paid out.
    FeesCollected { to: AccountId, assets: Assets },
}
