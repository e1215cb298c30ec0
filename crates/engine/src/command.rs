//! Commands: what anyone can ask of a pool. Readings and receipts are inputs, so that a run can be replayed.

use alloc::boxed::Box;
use alloc::vec::Vec;

use seawall_fixed::{Assets, Seconds, Shares};

use crate::id::{AccountId, Digest, ExitId, LotId, MarketId, MemberId, TicketId};
use crate::policy::Quote;
use crate::rules::Rules;
use crate::source::Reading;
use crate::ticket::ClassKind;

/// A command with everything it takes from the outside.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Command {
    /// Who asks; authenticated at the edge.
    pub caller: AccountId,
    /// What the adapters show, in ascending order of market: one for every live market that is read by an
    /// adapter (4.2). Readings of reported markets come by [`Action::Report`].
    pub readings: Vec<Reading>,
    /// Balance difference of the pool's token by the caller's payment (1.1); none where the edge itself books
    /// the payment and it is exact by construction.
    pub received: Option<Assets>,
    /// What is asked.
    pub action: Action,
}

impl Command {
    /// A command without readings whose payment, if any, is exact.
    #[must_use]
    pub const fn new(caller: AccountId, action: Action) -> Self {
        Self { caller, readings: Vec::new(), received: None, action }
    }
}

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Action {
    /// Nothing but the common steps: accrue, expire, sync, close (1.4). Settles losses.
    Sync,
    /// Pays assets into a tranche; `owner` receives the shares (2.2).
    Deposit {
        /// Tranche.
        tranche: u8,
        /// Receives the shares.
        owner: AccountId,
        /// Paid by the caller.
        assets: Assets,
    },
    /// Gives unlocked active shares to another account (5.1).
    Transfer {
        /// Tranche.
        tranche: u8,
        /// Receives them.
        to: AccountId,
        /// How many.
        shares: Shares,
    },
    /// Asks to leave with unlocked active shares (5.1).
    RequestExit {
        /// Tranche.
        tranche: u8,
        /// How many.
        shares: Shares,
    },
    /// Clears exits whose time has come (5.3).
    ClearExits {
        /// Most exits to look at.
        count: u32,
    },
    /// Pays a cleared exit to its owner, as far as latent losses allow (5.4).
    ClaimExit {
        /// Exit of the caller.
        exit: ExitId,
    },
    /// Gives assets to the reserve.
    FundReserve {
        /// Paid by the caller.
        assets: Assets,
    },
    /// Streams the reserve's surplus above its target to the tranches (1.5).
    StreamSurplus,
    /// Buys cover against a signed quote (3).
    BuyCover {
        /// The quote.
        quote: Box<Quote>,
        /// Digest of the signed message.
        digest: Digest,
        /// Account of the key that signed it.
        signer: AccountId,
        /// Most the buyer will pay as premium.
        premium_max: Assets,
    },
    /// Puts a bought policy in force at or after its start (3.3).
    Activate {
        /// Market.
        market: MarketId,
    },
    /// Ends a policy at the next boundary against a refund (3.7).
    Cancel {
        /// Market; the younger policy is cancelled first.
        market: MarketId,
    },
    /// Closes the books of an ended policy: bonus and deductible bond (3.7).
    Finalise {
        /// Market; its older policy.
        market: MarketId,
    },
    /// Returns what is left of a callable bond (7.1).
    ReleaseBond {
        /// The bond.
        member: MemberId,
    },
    /// Voids quotes of a market with a nonce up to the given one (3.2).
    RevokeQuotes {
        /// Market.
        market: MarketId,
        /// Highest nonce to void.
        nonce: u64,
    },
    /// Posts a reading in a ledger without a chain (4.1).
    Report {
        /// The reading.
        reading: Reading,
        /// Digest of the evidence.
        evidence: Digest,
    },
    /// Sends what is set aside for a market to its destination (4.5).
    PayMarket {
        /// Market.
        market: MarketId,
    },
    /// Posts or raises, or announces a fall of, a latent estimate (5.6).
    PostEstimate {
        /// Market.
        market: MarketId,
        /// Estimated bad debt; lower than the open one means a fall at the next boundary, zero a release.
        amount: Assets,
        /// First second at which it is no longer valid.
        expiry: Seconds,
    },
    /// Pays a recovery for one ticket (6.1).
    RecoverTicket {
        /// Ticket.
        ticket: TicketId,
        /// Paid by the caller.
        assets: Assets,
    },
    /// Pays a recovery of a market, oldest open ticket first (6.1).
    RecoverMarket {
        /// Market.
        market: MarketId,
        /// Paid by the caller.
        assets: Assets,
        /// Most tickets to look at.
        count: u32,
    },
    /// Goes on assigning what a market recovered (6.1, 2.4).
    AssignRecoveries {
        /// Market.
        market: MarketId,
        /// Most tickets to look at.
        count: u32,
    },
    /// Claims the caller's part of what came back of a ticket (6.2). A pure claim: it moves no time.
    ClaimRecovery {
        /// Ticket.
        ticket: TicketId,
        /// Tranche.
        tranche: u8,
        /// Class.
        class: ClassKind,
        /// Index of the caller's checkpoint.
        checkpoint: u32,
    },
    /// Claims what came back of a ticket's deductible, for its buyer. A pure claim.
    ClaimDeductible {
        /// Ticket.
        ticket: TicketId,
    },
    /// Claims a member's part of what came back to the mutual layer. A pure claim.
    ClaimBond {
        /// Ticket.
        ticket: TicketId,
        /// The caller's bond.
        member: MemberId,
        /// Index of the bond's checkpoint.
        checkpoint: u32,
    },
    /// Announces that a ticket will be written off (6.4).
    AnnounceWriteOff {
        /// Ticket.
        ticket: TicketId,
    },
    /// Writes a ticket off (6.4).
    WriteOff {
        /// Ticket.
        ticket: TicketId,
    },
    /// Puts goods received in kind for a ticket up for a falling-price auction (6.3).
    OpenLot {
        /// Ticket that the proceeds recover.
        ticket: TicketId,
        /// Digest of what is sold.
        goods: Digest,
        /// Price at the start of each round.
        start: Assets,
        /// Price at its end, above zero.
        floor: Assets,
        /// Length of a round.
        duration: Seconds,
    },
    /// Buys a lot at its present price (6.3).
    BuyLot {
        /// Lot.
        lot: LotId,
        /// Most the caller pays.
        price_max: Assets,
    },
    /// Announces new rules, or puts them in force where they only tighten purchases (5.5).
    AnnounceRules {
        /// The rules.
        rules: Box<Rules>,
    },
    /// Withdraws an announced rule change.
    WithdrawRules,
    /// Pauses deposits and purchases (5.5).
    Pause {
        /// First second after the pause.
        until: Seconds,
    },
    /// Pays accrued fees to their recipient.
    CollectFees,
}

impl Action {
    /// True for claims that move nothing but one account's own money: they skip the common steps (1.4).
    #[must_use]
    pub const fn is_pure_claim(&self) -> bool {
        matches!(self, Self::ClaimRecovery { .. } | Self::ClaimDeductible { .. } | Self::ClaimBond { .. })
    }
}
