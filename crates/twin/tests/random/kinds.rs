//! Kinds of events and refusals: all that a run must meet, and those that no run can.

use seawall_engine::{Error, Event};

macro_rules! kinds {
    ($all:ident, $name:ident, $of:ident, [$($kind:ident),* $(,)?], never [$($never:ident),* $(,)?]) => {
        /// All that a run must meet.
        pub const $all: &[&str] = &[$(stringify!($kind)),*];

        /// The name of a kind. A new one has to be put into one of the lists.
        pub fn $name(of: &$of) -> &'static str {
            match of {
                $($of::$kind { .. } => stringify!($kind),)*
                $($of::$never { .. } => stringify!($never),)*
            }
        }
    };
}

kinds!(
    EVENTS, event, Event,
    [
        Accrued, DueAt, EstimateFell, EstimateClosed, EstimatePosted, EstimateLowered, PolicyEnded, PolicyRunsOff,
        PolicyBought, PolicyActivated, PolicyCancelled, PolicyFinalised, QuotesRevoked, MarketOpened, MarketPinned,
        MarketRead, MarketStale, BonusForfeited, OwnBondUsed, TicketBooked, SetOff, MarketPaid, ClassClosed,
        MutualClosed, Deposited, Transferred, ExitRequested, ExitCleared, ExitPaid, ReserveFunded, SurplusStreamed,
        BondReleased, RecoveryReceived, RecoveryAssigned, RecoverySurplus, OldestTicket, RecoveryClaimed,
        DeductibleClaimed, BondClaimed, WriteOffAnnounced, WrittenOff, LotOpened, LotSold, RulesAnnounced,
        RulesWithdrawn, RulesChanged, Paused, FeesCollected,
    ],
    never []
);

// What the contract cannot say: its constructor refuses a bad pool before there is one, it knows accounts by
// address, and it reads its sources by itself. A quote for another pool it says in other words (`same_refusal`).
kinds!(
    REFUSALS, refusal, Error,
    [
        TimeBackwards, TimeTooLarge, ReceiptDiffers, CircularCover, Overflow, NoSuchTranche, BelowMinimum,
        NotEnoughShares, QuoteForAnotherPool, NotTheBuyer, NotAnActuary, QuoteExpired, NonceUsed, CounterMoved,
        EstimateOpen, LatestEndMoved, RequiredMoved, OutsideBounds, PremiumTooLow, MarketShareExceeded, SlotsTaken,
        SourcePinned, PremiumAboveMaximum, CapacityExceeded, JuniorFloor, NothingToActivate, CannotCancel,
        CannotFinalise, NoSuchMarket, TooManyMarkets, MarketStale, MarketsStale, NothingSetAside, MovesNothing,
        NothingToClear, NoSuchExit, NotTheLeaver, ExitVoid, NothingToPay, Paused, PauseOutOfBounds, NoRulesPending,
        EstimateOutOfCaps, RepostTooEarly, NoEstimate, OnIce, NoSuchTicket, NothingToAssign, WrongCheckpoint,
        NothingToClaim, NoSuchLot, LotOutOfBounds, LotTooDear, WriteOffTooEarly, TicketClosed, NoSuchBond,
        BondCallable, NotAuthorised, RuleOutOfBounds, NoSurplus, NoFees,
    ],
    never [TokenRefused, AccountOutOfRange, TrancheCount, ReadingMissing, ReadingRepeated, ReadingNotReported]
);
