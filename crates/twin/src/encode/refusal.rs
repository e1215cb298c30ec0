//! A refusal of the engine as the contract says it.

use seawall_engine::{AccountId, Error};
use seawall_fixed::Seconds;

use super::amount;
use crate::abi::{address, number, text};
use crate::deploy::{abi, account};
use crate::evm::Word;
use crate::quote;

/// What the contract says when it refuses as the engine does.
#[must_use]
pub fn refusal(error: &Error) -> Vec<u8> {
    let say = |name: &str, words: &[Word]| abi().error(name, words);
    let n = |value: u128| number(value);
    let t = |value: Seconds| number(value.into());
    let small = |value: u32| number(value.into());
    match error {
        Error::TimeBackwards { now, last } => say("TimeBackwards", &[t(*now), t(*last)]),
        Error::TimeTooLarge { now, max } => say("TimeTooLarge", &[t(*now), t(*max)]),
        Error::ReceiptDiffers { asked, received } => {
            say("ReceiptDiffers", &[amount(*asked), amount(*received)])
        }
        Error::CircularCover { market } => say("CircularCover", &[small(market.0)]),
        Error::Overflow => say("Overflow", &[]),
        Error::NoSuchTranche { given, count } => {
            say("NoSuchTranche", &[small((*given).into()), small((*count).into())])
        }
        Error::BelowMinimum { what, given, least } => {
            say("BelowMinimum", &[text(what), amount(*given), amount(*least)])
        }
        Error::NotEnoughShares { asked, unlocked } => {
            say("NotEnoughShares", &[n(asked.get()), n(unlocked.get())])
        }
        Error::NotTheBuyer { caller } => say("NotTheBuyer", &[address(account(*caller))]),
        Error::NotAnActuary { signer } => say("NotAnActuary", &[address(quote::address_of(signer.0))]),
        Error::QuoteExpired { deadline, now } => say("QuoteExpired", &[t(*deadline), t(*now)]),
        Error::NonceUsed { nonce, least } => say("NonceUsed", &[t(*nonce), t(*least)]),
        Error::CounterMoved { quoted, counter } => say("CounterMoved", &[n(*quoted), n(*counter)]),
        Error::EstimateOpen { market } => say("EstimateOpen", &[small(market.0)]),
        Error::LatestEndMoved { latest_end, assumed } => {
            say("LatestEndMoved", &[t(*latest_end), t(*assumed)])
        }
        Error::RequiredMoved { required, assumed } => {
            say("RequiredMoved", &[amount(*required), amount(*assumed)])
        }
        Error::OutsideBounds { what } => say("OutsideBounds", &[text(what)]),
        Error::PremiumTooLow { premium, least } => say("PremiumTooLow", &[amount(*premium), amount(*least)]),
        Error::MarketShareExceeded { charge, most } => {
            say("MarketShareExceeded", &[amount(*charge), amount(*most)])
        }
        Error::SlotsTaken { market } => say("SlotsTaken", &[small(market.0)]),
        Error::SourcePinned { market } => say("SourcePinned", &[small(market.0)]),
        Error::PremiumAboveMaximum { premium, most } => {
            say("PremiumAboveMaximum", &[amount(*premium), amount(*most)])
        }
        Error::CapacityExceeded { required, capital } => {
            say("CapacityExceeded", &[amount(*required), amount(*capital)])
        }
        Error::JuniorFloor { junior, floor } => say("JuniorFloor", &[amount(*junior), amount(*floor)]),
        Error::NothingToActivate { market } => say("NothingToActivate", &[small(market.0)]),
        Error::CannotCancel { market, why } => say("CannotCancel", &[small(market.0), text(short(why))]),
        Error::CannotFinalise { market, why } => say("CannotFinalise", &[small(market.0), text(short(why))]),
        Error::NoSuchMarket { market } => say("NoSuchMarket", &[small(market.0)]),
        Error::TooManyMarkets => say("TooManyMarkets", &[]),
        Error::MarketStale { market } => say("MarketStale", &[small(market.0)]),
        Error::MarketsStale { count } => say("MarketsStale", &[small((*count).into())]),
        Error::NothingSetAside { market } => say("NothingSetAside", &[small(market.0)]),
        Error::MovesNothing => say("MovesNothing", &[]),
        Error::NothingToClear => say("NothingToClear", &[]),
        Error::NoSuchExit { exit } => say("NoSuchExit", &[small(exit.0)]),
        Error::NotTheLeaver { exit } => say("NotTheLeaver", &[small(exit.0)]),
        Error::ExitVoid { exit } => say("ExitVoid", &[small(exit.0)]),
        Error::NothingToPay { exit } => say("NothingToPay", &[small(exit.0)]),
        Error::Paused { until } => say("Paused", &[t(*until)]),
        Error::PauseOutOfBounds { from, most } => say("PauseOutOfBounds", &[t(*from), t(*most)]),
        Error::NoRulesPending => say("NoRulesPending", &[]),
        Error::EstimateOutOfCaps { amount: estimate, expiry, most, latest } => {
            say("EstimateOutOfCaps", &[amount(*estimate), t(*expiry), amount(*most), t(*latest)])
        }
        Error::RepostTooEarly { market, from } => say("RepostTooEarly", &[small(market.0), t(*from)]),
        Error::NoEstimate { market } => say("NoEstimate", &[small(market.0)]),
        Error::OnIce => say("OnIce", &[]),
        Error::NoSuchTicket { ticket } => say("NoSuchTicket", &[small(ticket.0)]),
        Error::NothingToAssign { market } => say("NothingToAssign", &[small(market.0)]),
        Error::WrongCheckpoint { ticket, index } => say("WrongCheckpoint", &[small(ticket.0), small(*index)]),
        Error::NothingToClaim { ticket } => say("NothingToClaim", &[small(ticket.0)]),
        Error::NoSuchLot { lot } => say("NoSuchLot", &[small(lot.0)]),
        Error::LotOutOfBounds => say("LotOutOfBounds", &[]),
        Error::LotTooDear { price, most } => say("LotTooDear", &[amount(*price), amount(*most)]),
        Error::WriteOffTooEarly { ticket, from } => say("WriteOffTooEarly", &[small(ticket.0), t(*from)]),
        Error::TicketClosed { ticket } => say("TicketClosed", &[small(ticket.0)]),
        Error::NoSuchBond { member } => say("NoSuchBond", &[small(member.0)]),
        Error::BondCallable { member, until } => say("BondCallable", &[small(member.0), t(*until)]),
        Error::NotAuthorised { caller, role } => not_authorised(*caller, role),
        Error::RuleOutOfBounds { parameter } => say("RuleOutOfBounds", &[text(parameter)]),
        Error::NoSurplus { reserve, target } => say("NoSurplus", &[amount(*reserve), amount(*target)]),
        Error::NoFees => say("NoFees", &[]),
        // Only the engine can be given these; the contract reads by itself and knows its own pool.
        Error::QuoteForAnotherPool
        | Error::TokenRefused
        | Error::TrancheCount { .. }
        | Error::AccountOutOfRange { .. }
        | Error::ReadingMissing { .. }
        | Error::ReadingRepeated { .. }
        | Error::ReadingNotReported { .. } => Vec::new(),
    }
}

/// Why a cancellation or a closing of books was refused, in at most 32 bytes.
fn short(why: &str) -> &'static str {
    match why {
        "none is open" => "none is open",
        "a ticket was booked" => "ticket",
        "a latent estimate is open" => "estimate",
        "it ends at the next boundary anyway" => "ends anyway",
        "there is none" => "none",
        "it has not ended" => "not ended",
        "its market was not read" => "not read",
        other => panic!("a reason that the contract does not know: {other}"),
    }
}

/// Holders of a role that is a key are known to the access manager; the others to the pool.
fn not_authorised(caller: AccountId, role: &str) -> Vec<u8> {
    let caller = address(account(caller));
    match role {
        "the buyer of the policy" | "the buyer of the ticket's policy" => {
            abi().error("NotAuthorised", &[caller, text("buyer")])
        }
        "the owner of the bond" => abi().error("NotAuthorised", &[caller, text("owner of the bond")]),
        _ => abi().error("AccessManagedUnauthorized", &[caller]),
    }
}
