//! Refusals: one variant each, named after what was refused, with the numbers that were compared.

use seawall_fixed::{Assets, Overflow, Seconds, Shares};
use thiserror::Error;

use crate::id::{AccountId, ExitId, LotId, MarketId, MemberId, TicketId};

/// Why a command was refused. A refused command changes nothing (1.4).
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[allow(missing_docs, reason = "the fields are the numbers that the message prints")]
pub enum Error {
    // 1. time, token, amounts
    #[error("1.4: time {now} is before the last command's {last}")]
    TimeBackwards { now: Seconds, last: Seconds },
    #[error("1.2: time {now} is beyond the largest, {max}")]
    TimeTooLarge { now: Seconds, max: Seconds },
    #[error("1.1: rebasing and fee-on-transfer tokens are refused")]
    TokenRefused,
    #[error("1.1: {asked} were asked for and {received} arrived")]
    ReceiptDiffers { asked: Assets, received: Assets },
    #[error("1.1: the assets behind the pool's wrapper stand in market {}", market.0)]
    CircularCover { market: MarketId },
    #[error("1.2: an amount exceeds 2^128 - 1")]
    Overflow,
    #[error("account {} is out of range: accounts are numbered densely, the next is {next}", account.0)]
    AccountOutOfRange { account: AccountId, next: u32 },

    // 2. tranches
    #[error("2.1: a pool has 1 to 4 tranches, not {given}")]
    TrancheCount { given: u8 },
    #[error("2.1: there is no tranche {given}; the pool has {count}")]
    NoSuchTranche { given: u8, count: u8 },
    #[error("2.4: {given} is below the smallest {what}, {least}")]
    BelowMinimum { what: &'static str, given: Assets, least: Assets },
    #[error("5.1: {asked} shares asked for, {unlocked} are unlocked")]
    NotEnoughShares { asked: Shares, unlocked: Shares },

    // 3. policies and quotes
    #[error("3.2: the quote is for another pool")]
    QuoteForAnotherPool,
    #[error("3.2: account {} is not the quote's buyer", caller.0)]
    NotTheBuyer { caller: AccountId },
    #[error("3.2: signer {} is not an actuary of this pool", signer.0)]
    NotAnActuary { signer: AccountId },
    #[error("3.2: the quote was valid until {deadline}, now is {now}")]
    QuoteExpired { deadline: Seconds, now: Seconds },
    #[error("3.2: nonce {nonce} is used or revoked; the lowest valid one is {least}")]
    NonceUsed { nonce: u64, least: u64 },
    #[error("3.2: the quote saw counter {quoted}, the market shows {counter}")]
    CounterMoved { quoted: u128, counter: u128 },
    #[error("3.2: a latent estimate is open for market {}", market.0)]
    EstimateOpen { market: MarketId },
    #[error("3.2: a policy ends at {latest_end}, the quote assumed at most {assumed}")]
    LatestEndMoved { latest_end: Seconds, assumed: Seconds },
    #[error("3.2: required capital would be {required}, the quote assumed at most {assumed}")]
    RequiredMoved { required: Assets, assumed: Assets },
    #[error("3.2: quoted terms are outside the pool's bounds: {what}")]
    OutsideBounds { what: &'static str },
    #[error("3.2: a premium of {premium} is below the lowest rate, which asks {least}")]
    PremiumTooLow { premium: Assets, least: Assets },
    #[error("3.2: the market's charges would be {charge}, one market may take {most}")]
    MarketShareExceeded { charge: Assets, most: Assets },
    #[error("3.1: market {} has a policy and a successor", market.0)]
    SlotsTaken { market: MarketId },
    #[error("3.1: source and destination of market {} are pinned", market.0)]
    SourcePinned { market: MarketId },
    #[error("3.4: the premium is {premium}, the buyer's most is {most}")]
    PremiumAboveMaximum { premium: Assets, most: Assets },
    #[error("3.4: required capital would be {required}, the pool has {capital}")]
    CapacityExceeded { required: Assets, capital: Assets },
    #[error("3.5: tranche 0 holds {junior}, the junior floor is {floor}")]
    JuniorFloor { junior: Assets, floor: Assets },
    #[error("3.3: no policy of market {} can be activated now", market.0)]
    NothingToActivate { market: MarketId },
    #[error("3.7: no policy of market {} can be cancelled: {why}", market.0)]
    CannotCancel { market: MarketId, why: &'static str },
    #[error("3.7: no policy of market {} can be finalised: {why}", market.0)]
    CannotFinalise { market: MarketId, why: &'static str },

    // 4. markets and settlement
    #[error("4.2: market {} is unknown", market.0)]
    NoSuchMarket { market: MarketId },
    #[error("4.2: a pool insures at most 16 markets")]
    TooManyMarkets,
    #[error("4.2: the command carries no reading of market {}", market.0)]
    ReadingMissing { market: MarketId },
    #[error("4.2: the command reads market {} twice, or out of order", market.0)]
    ReadingRepeated { market: MarketId },
    #[error("4.2: market {} is read by reports, not by readings of a command", market.0)]
    ReadingNotReported { market: MarketId },
    #[error("4.2: market {} is stale", market.0)]
    MarketStale { market: MarketId },
    #[error("4.2: insured markets that are stale: {count}")]
    MarketsStale { count: u8 },
    #[error("4.5: nothing is set aside for market {}", market.0)]
    NothingSetAside { market: MarketId },

    // 5. exits, latent loss, brake, pause
    #[error("5.1: the request would move nothing")]
    MovesNothing,
    #[error("5.3: no exit can be cleared now")]
    NothingToClear,
    #[error("5.4: there is no exit {}", exit.0)]
    NoSuchExit { exit: ExitId },
    #[error("5.4: exit {} belongs to another account", exit.0)]
    NotTheLeaver { exit: ExitId },
    #[error("2.3: the class of exit {} has closed", exit.0)]
    ExitVoid { exit: ExitId },
    #[error("5.4: nothing of exit {} can be paid now", exit.0)]
    NothingToPay { exit: ExitId },
    #[error("5.5: deposits and purchases are paused until {until}")]
    Paused { until: Seconds },
    #[error("5.5: a pause may begin at {from} and last until {most}")]
    PauseOutOfBounds { from: Seconds, most: Seconds },
    #[error("5.5: no rule change is waiting")]
    NoRulesPending,
    #[error("5.6: an estimate of {amount} until {expiry} is outside its caps: at most {most} until {latest}")]
    EstimateOutOfCaps { amount: Assets, expiry: Seconds, most: Assets, latest: Seconds },
    #[error("5.6: no estimate can be posted for market {} before {from}", market.0)]
    RepostTooEarly { market: MarketId, from: Seconds },
    #[error("5.6: market {} has no open estimate", market.0)]
    NoEstimate { market: MarketId },
    #[error("5.7: the pool is on ice: 30 % or more of it has asked to leave")]
    OnIce,

    // 6. recoveries
    #[error("6.1: there is no ticket {}", ticket.0)]
    NoSuchTicket { ticket: TicketId },
    #[error("6.1: market {} has no recovery to assign", market.0)]
    NothingToAssign { market: MarketId },
    #[error("6.2: checkpoint {index} is not the one of ticket {}", ticket.0)]
    WrongCheckpoint { ticket: TicketId, index: u32 },
    #[error("6.2: nothing of ticket {} can be claimed", ticket.0)]
    NothingToClaim { ticket: TicketId },
    #[error("6.3: there is no open lot {}", lot.0)]
    NoSuchLot { lot: LotId },
    #[error("6.3: a lot needs a quantity, a start above a floor above zero, and a duration")]
    LotOutOfBounds,
    #[error("6.3: the lot costs {price}, the buyer's most is {most}")]
    LotTooDear { price: Assets, most: Assets },
    #[error("6.4: ticket {} can be written off from {from} on", ticket.0)]
    WriteOffTooEarly { ticket: TicketId, from: Seconds },
    #[error("6.4: ticket {} is closed", ticket.0)]
    TicketClosed { ticket: TicketId },

    // 7. mutual layer
    #[error("7.1: there is no bond {} to release", member.0)]
    NoSuchBond { member: MemberId },
    #[error("7.1: bond {} stays callable until {until}", member.0)]
    BondCallable { member: MemberId, until: Seconds },

    // 9. roles and rules
    #[error("9: account {} is not {role}", caller.0)]
    NotAuthorised { caller: AccountId, role: &'static str },
    #[error("2.4: rule {parameter} is out of its bounds")]
    RuleOutOfBounds { parameter: &'static str },
    #[error("1.5: the reserve of {reserve} has no surplus above {target} that cover can spare")]
    NoSurplus { reserve: Assets, target: Assets },
    #[error("3.6: no fee is accrued")]
    NoFees,
}

impl From<Overflow> for Error {
    fn from(_: Overflow) -> Self {
        Self::Overflow
    }
}
