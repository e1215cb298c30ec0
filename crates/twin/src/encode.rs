//! A command as a call of the contract, a refusal of the engine as the contract says it, an event as a log.

use seawall_engine::{
    AccountId, Action, ClassKind, Command, Error, Event, ExitId, Layers, MarketId, Member, PREMIUM_STREAMS,
    Slot, State, Status, TRANCHES_MAX, apply,
};
use seawall_fixed::{Assets, Seconds};

use crate::abi::{address, number, pair, text};
use crate::deploy::{Deployment, abi, account, rule_words, source_of};
use crate::evm::{Address, Log, Word};
use crate::quote;

/// Latest time that the contract keeps; stands for "never".
const NEVER: u128 = (1 << 40) - 1;

/// A call that a command becomes.
pub struct Call {
    /// Pool or share token.
    pub to: Address,
    /// Its data.
    pub data: Vec<u8>,
}

fn amount(assets: Assets) -> Word {
    number(assets.get())
}

fn class(kind: ClassKind) -> u8 {
    u8::from(kind == ClassKind::Queued)
}

fn slot(slot: Slot) -> Word {
    number(u128::from(slot == Slot::Successor))
}

/// The call of a command; none for what the contract cannot be asked: another tranche than it has, a transfer of
/// nothing (which ERC-20 allows), and reports, which only a ledger without a chain has.
#[must_use]
pub fn call(at: &Deployment, command: &Command) -> Option<Call> {
    let pool = |name: &str, words: &[Word]| {
        Some(Call { to: at.pool, data: abi().call(&format!("Pool.{name}"), words) })
    };
    let small = |value: u32| number(value.into());
    match &command.action {
        Action::Sync => pool("sync", &[]),
        Action::Deposit { tranche, owner, assets } => {
            let words = [amount(*assets), address(account(*owner))];
            share_token(at, *tranche, "deposit", &words)
        }
        Action::Transfer { shares, .. } if shares.is_zero() => None,
        Action::Transfer { tranche, to, shares } => {
            share_token(at, *tranche, "transfer", &[address(account(*to)), number(shares.get())])
        }
        Action::RequestExit { tranche, shares } => {
            let caller = address(account(command.caller));
            share_token(at, *tranche, "requestRedeem", &[number(shares.get()), caller, caller])
        }
        Action::ClearExits { count } => pool("clearExits", &[small(*count)]),
        Action::ClaimExit { exit } => pool("claimExit", &[small(exit.0)]),
        Action::FundReserve { assets } => pool("fundReserve", &[amount(*assets)]),
        Action::StreamSurplus => pool("streamSurplus", &[]),
        Action::BuyCover { quote, digest, signer, premium_max } => {
            let mut words = quote::words(at, quote);
            let signature = quote::sign(signer.0, digest);
            words.push(amount(*premium_max));
            words.push(number(32 * (words.len() as u128 + 1)));
            words.push(number(signature.len() as u128));
            let mut padded = signature;
            padded.resize(96, 0);
            words.extend(padded.chunks(32).map(|chunk| <Word>::try_from(chunk).expect("a word")));
            pool("buyCover", &words)
        }
        Action::Activate { market } => pool("activate", &[small(market.0)]),
        Action::Cancel { market } => pool("cancel", &[small(market.0)]),
        Action::Finalise { market } => pool("finalise", &[small(market.0)]),
        Action::ReleaseBond { member } => pool("releaseBond", &[small(member.0)]),
        Action::RevokeQuotes { market, nonce } => {
            pool("revokeQuotes", &[small(market.0), number((*nonce).into())])
        }
        Action::Report { .. } => None,
        Action::PayMarket { market } => pool("payMarket", &[small(market.0)]),
        Action::PostEstimate { market, amount: estimate, expiry } => {
            pool("postEstimate", &[small(market.0), amount(*estimate), number((*expiry).into())])
        }
        Action::RecoverTicket { ticket, assets } => {
            pool("recoverTicket", &[small(ticket.0), amount(*assets)])
        }
        Action::RecoverMarket { market, assets, count } => {
            pool("recoverMarket", &[small(market.0), amount(*assets), small(*count)])
        }
        Action::AssignRecoveries { market, count } => {
            pool("assignRecoveries", &[small(market.0), small(*count)])
        }
        Action::ClaimRecovery { ticket, tranche, class: kind, checkpoint } => {
            let words =
                [small(ticket.0), small((*tranche).into()), small(class(*kind).into()), small(*checkpoint)];
            pool("claimRecovery", &words)
        }
        Action::ClaimDeductible { ticket } => pool("claimDeductible", &[small(ticket.0)]),
        Action::ClaimBond { ticket, member, checkpoint } => {
            pool("claimBond", &[small(ticket.0), small(member.0), small(*checkpoint)])
        }
        Action::AnnounceWriteOff { ticket } => pool("announceWriteOff", &[small(ticket.0)]),
        Action::WriteOff { ticket } => pool("writeOff", &[small(ticket.0)]),
        Action::OpenLot { ticket, goods, start, floor, duration } => {
            let words = [small(ticket.0), *goods, amount(*start), amount(*floor), number((*duration).into())];
            pool("openLot", &words)
        }
        Action::BuyLot { lot, price_max } => pool("buyLot", &[small(lot.0), amount(*price_max)]),
        Action::AnnounceRules { rules } => pool("announceRules", &rule_words(rules)),
        Action::WithdrawRules => pool("withdrawRules", &[]),
        Action::Pause { until } => pool("pause", &[number((*until).into())]),
        Action::CollectFees => pool("collectFees", &[]),
    }
}

fn share_token(at: &Deployment, tranche: u8, name: &str, words: &[Word]) -> Option<Call> {
    let to = *at.shares.get(usize::from(tranche))?;
    Some(Call { to, data: abi().call(&format!("ShareToken.{name}"), words) })
}

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

/// Amounts by layer as the contract orders them.
#[must_use]
pub fn layers(of: &Layers) -> Vec<Word> {
    let mut words =
        vec![amount(of.deductible), amount(of.coinsured), amount(of.reserve), amount(of.uncovered)];
    words.extend(of.tranches.map(amount));
    words.extend([amount(of.own_bond), amount(of.called)]);
    words
}

/// The log of an event, in the state before it is applied; none for what the contract does not say.
#[must_use]
pub fn log(at: &Deployment, state: &State, event: &Event) -> Option<Log> {
    let say = |name: &str, words: &[Word]| Some(abi().log(at.pool, name, words));
    let small = |value: u32| number(value.into());
    let t = |value: Seconds| number(value.into());
    let core = state.core();
    let reserve = amount(core.reserve);
    let estimate = |market: MarketId| {
        let open = state.market(market).and_then(|market| market.estimate);
        amount(open.map_or(Assets::ZERO, |estimate| estimate.amount))
    };
    match event {
        Event::DueAt { .. } | Event::OldestTicket { .. } => None,
        Event::Accrued(a) => {
            let earned = a.earned.map(Assets::get);
            let words = [
                pair(core.now.into(), a.to.into()),
                pair(earned[0], earned[1]),
                pair(earned[2], earned[3]),
                pair(a.reserve.get(), a.fee.get()),
            ];
            say("Accrued", &words)
        }
        Event::EstimateFell { market, to } => {
            say("EstimateFell", &[small(market.0), estimate(*market), amount(*to)])
        }
        Event::EstimateClosed { market, repost_from } => {
            say("EstimateClosed", &[small(market.0), estimate(*market), t(*repost_from)])
        }
        Event::EstimatePosted { market, amount: posted, expiry } => {
            say("EstimatePosted", &[small(market.0), estimate(*market), amount(*posted), t(*expiry)])
        }
        Event::EstimateLowered { market, to, at } => {
            say("EstimateLowered", &[small(market.0), estimate(*market), amount(*to), t(*at)])
        }
        Event::PolicyEnded { market, slot: which } => {
            say("PolicyEnded", &[small(market.0), slot(*which), required(state, event)])
        }
        Event::PolicyRunsOff { market, slot: which, until, left } => {
            let words = [small(market.0), slot(*which), t(*until), number(*left), required(state, event)];
            say("PolicyRunsOff", &words)
        }
        Event::PolicyBought(bought) => {
            let policy = &bought.policy;
            let mut words = vec![
                small(bought.market.0),
                address(account(policy.buyer)),
                slot(bought.slot),
                small(policy.id.0),
                policy.digest,
                t(policy.start),
                t(policy.end),
                amount(policy.premium),
                amount(policy.bonus),
            ];
            words.extend((0..PREMIUM_STREAMS).map(|index| amount(bought.parts[index])));
            words.extend([amount(bought.bond.0), number(bought.bond.1.get()), t(bought.nonce)]);
            words.push(required(state, event));
            say("PolicyBought", &words)
        }
        Event::PolicyActivated { market, slot: which, seen } => {
            let policy = state.market(*market).and_then(|market| market.policy(*which));
            let before = policy.map_or(0, |policy| policy.seen);
            say("PolicyActivated", &[small(market.0), slot(*which), number(before), number(*seen)])
        }
        Event::PolicyCancelled(c) => {
            let mut words = vec![small(c.market.0), slot(c.slot), t(c.at)];
            words.extend(c.removed.map(amount));
            words.extend([amount(c.refund), amount(c.kept), amount(c.bonus)]);
            say("PolicyCancelled", &words)
        }
        Event::PolicyFinalised { market, bonus_paid, bonus_kept, bond } => say(
            "PolicyFinalised",
            &[small(market.0), amount(*bonus_paid), amount(*bonus_kept), amount(*bond)],
        ),
        Event::QuotesRevoked { market, least } => {
            let before = state.market(*market).map_or(0, |market| market.nonce);
            say("QuotesRevoked", &[small(market.0), t(before), t(*least)])
        }
        Event::MarketOpened { market, source, destination } => {
            let words =
                [small(market.0), address(source_of(at, *market, source)), address(account(*destination))];
            say("MarketOpened", &words)
        }
        Event::MarketPinned { market, source, destination } => {
            let words =
                [small(market.0), address(source_of(at, *market, source)), address(account(*destination))];
            say("MarketPinned", &words)
        }
        Event::MarketRead { market, counter, converted, measured, supplied, recovered } => {
            let source = converted.map_or(*counter, |converted| converted.source);
            let rate = converted.map_or(0, |converted| converted.rate);
            let before = state.market(*market).map_or(0, |market| market.counter);
            let numbers = [before, *counter, source, rate, *measured, *supplied, *recovered].map(number);
            let words: Vec<Word> = [small(market.0)].into_iter().chain(numbers).collect();
            say("MarketRead", &words)
        }
        Event::MarketStale { market } => say("MarketWentStale", &[small(market.0)]),
        Event::BonusForfeited { market, slot: which, amount: bonus } => {
            say("BonusForfeited", &[small(market.0), slot(*which), amount(*bonus), reserve])
        }
        Event::OwnBondUsed { member, assets, units } => {
            say("OwnBondUsed", &[small(member.0), amount(*assets), number(units.get())])
        }
        Event::TicketBooked(booking) => {
            let ticket = &booking.ticket;
            let mut words = vec![
                small(ticket.id.0),
                small(ticket.market.0),
                slot(booking.slot),
                small(ticket.policy.0),
                number(ticket.counter),
                ticket.evidence,
                amount(ticket.gross),
                amount(ticket.over_limit),
                amount(ticket.residual),
                number(ticket.supplied),
                small(ticket.haircut),
            ];
            words.extend(layers(&ticket.lost));
            words.extend((0..TRANCHES_MAX).map(|tranche| amount(ticket.queued[tranche].loss)));
            let left = |state: &State| {
                let policy = state.market(ticket.market).and_then(|market| market.policy(booking.slot));
                policy.map_or(0, |policy| policy.limit_left.get())
            };
            words.push(pair(left(state), left(&after(state, event))));
            words.extend([required(state, event), reserve]);
            words.extend(
                core.tranches.iter().map(|tranche| amount(tranche.active.assets + tranche.queued.assets)),
            );
            say("TicketBooked", &words)
        }
        Event::SetOff { market, assets } => say("SetOff", &[small(market.0), amount(*assets)]),
        Event::MarketPaid { market, destination, assets } => {
            say("MarketPaid", &[small(market.0), address(account(*destination)), amount(*assets)])
        }
        Event::ClassClosed { tranche, class: kind, assets } => {
            let kind = small(class(*kind).into());
            say("ClassClosed", &[small((*tranche).into()), kind, amount(*assets), reserve])
        }
        Event::MutualClosed { assets } => say("MutualClosed", &[amount(*assets), reserve]),
        _ => holders_log(at, state, event),
    }
}

/// The state once an event is applied.
fn after(state: &State, event: &Event) -> State {
    let mut next = state.clone();
    apply(&mut next, event);
    next
}

/// Required capital before and after an event.
fn required(state: &State, event: &Event) -> Word {
    pair(state.core().required.get(), after(state, event).core().required.get())
}

/// Logs of what holders, payers and roles did.
fn holders_log(at: &Deployment, state: &State, event: &Event) -> Option<Log> {
    let say = |name: &str, words: &[Word]| Some(abi().log(at.pool, name, words));
    let small = |value: u32| number(value.into());
    let t = |value: Seconds| number(value.into());
    let who = |id: AccountId| address(account(id));
    let core = state.core();
    let reserve = amount(core.reserve);
    let active = |tranche: u8| {
        let class = &core.tranches[usize::from(tranche)].active;
        pair(class.assets.get(), class.shares.get())
    };
    let queued = |tranche: u8| {
        let class = &core.tranches[usize::from(tranche)].queued;
        pair(class.assets.get(), class.shares.get())
    };
    let tranche_of = |exit: ExitId| state.exit(exit).map_or(0, |exit| exit.tranche);
    match event {
        Event::Deposited { tranche, owner, assets, shares } => {
            let index = small((*tranche).into());
            let words = [index, who(*owner), amount(*assets), number(shares.get()), active(*tranche)];
            say("Deposited", &words)
        }
        Event::Transferred { tranche, from, to, shares } => {
            say("Transferred", &[small((*tranche).into()), who(*from), who(*to), number(shares.get())])
        }
        Event::ExitRequested { exit, burned, moved } => {
            let words = [
                small(exit.id.0),
                who(exit.owner),
                small(exit.tranche.into()),
                number(burned.get()),
                number(exit.shares.get()),
                amount(*moved),
                t(exit.cooled_at),
                t(exit.deadline),
                active(exit.tranche),
                queued(exit.tranche),
            ];
            say("ExitRequested", &words)
        }
        Event::ExitCleared { exit, shares, done } => {
            let before = core.tranches[usize::from(tranche_of(*exit))].cleared.get();
            let done = number(u128::from(*done));
            say("ExitCleared", &[small(exit.0), number(shares.get()), done, number(before)])
        }
        Event::ExitPaid { exit, shares, assets, dust } => {
            let before = queued(tranche_of(*exit));
            say("ExitPaid", &[small(exit.0), number(shares.get()), amount(*assets), amount(*dust), before])
        }
        Event::ReserveFunded { assets } => say("ReserveFunded", &[amount(*assets), reserve]),
        Event::SurplusStreamed { start, end, parts, .. } => {
            let mut words: Vec<Word> = [t(*start), t(*end)].into_iter().chain(parts.map(amount)).collect();
            words.push(reserve);
            say("SurplusStreamed", &words)
        }
        Event::BondReleased { member, units, assets, dust } => {
            say("BondReleased", &[small(member.0), number(units.get()), amount(*assets), amount(*dust)])
        }
        Event::RecoveryReceived { market, assets, passed_on } => {
            say("RecoveryReceived", &[small(market.0), amount(*assets), number(u128::from(*passed_on))])
        }
        Event::RecoveryAssigned { market, ticket, parts } => {
            let mut words: Vec<Word> =
                [small(market.0), small(ticket.0)].into_iter().chain(layers(parts)).collect();
            words.push(reserve);
            say("RecoveryAssigned", &words)
        }
        Event::RecoverySurplus { market, assets } => {
            say("RecoverySurplus", &[small(market.0), amount(*assets), reserve])
        }
        Event::RecoveryClaimed { ticket, owner, tranche, class: kind, assets } => {
            let words = [
                small(ticket.0),
                who(*owner),
                small((*tranche).into()),
                small(class(*kind).into()),
                amount(*assets),
            ];
            say("RecoveryClaimed", &words)
        }
        Event::DeductibleClaimed { ticket, buyer, assets } => {
            say("DeductibleClaimed", &[small(ticket.0), who(*buyer), amount(*assets)])
        }
        Event::BondClaimed { ticket, member, assets } => {
            say("BondClaimed", &[small(ticket.0), small(member.0), amount(*assets)])
        }
        Event::WriteOffAnnounced { ticket, at } => say("WriteOffAnnounced", &[small(ticket.0), t(*at)]),
        Event::WrittenOff { ticket } => say("WrittenOff", &[small(ticket.0)]),
        Event::LotOpened { lot, ticket, goods, start, floor, duration, at } => {
            let words =
                [small(lot.0), small(ticket.0), *goods, amount(*start), amount(*floor), t(*duration), t(*at)];
            say("LotOpened", &words)
        }
        Event::LotSold { lot, buyer, price } => say("LotSold", &[small(lot.0), who(*buyer), amount(*price)]),
        Event::RulesAnnounced { at, rules } => {
            let words: Vec<Word> = [t(*at)].into_iter().chain(rule_words(rules)).collect();
            say("RulesAnnounced", &words)
        }
        Event::RulesWithdrawn => say("RulesWithdrawn", &[]),
        Event::RulesChanged { rules } => {
            let words: Vec<Word> = rule_words(state.rules()).into_iter().chain(rule_words(rules)).collect();
            say("RulesChanged", &words)
        }
        Event::Paused { until, next_from } => {
            say("PauseBegan", &[t(core.paused_until), t(*until), t(*next_from)])
        }
        Event::FeesCollected { to, assets } => say("FeesCollected", &[who(*to), amount(*assets)]),
        other => {
            panic!("an event that the contract does not know: {other:?}")
        }
    }
}

/// A time as the contract keeps it.
#[must_use]
pub fn due(at: Seconds) -> Word {
    number(u128::from(at).min(NEVER))
}

/// A status as the contract numbers it.
#[must_use]
pub fn status(of: Status) -> Word {
    number(match of {
        Status::Pending => 1,
        Status::Active => 2,
        Status::RunOff { .. } => 3,
        Status::Ended => 4,
    })
}

/// Units that a member holds now.
#[must_use]
pub fn units(state: &State, member: &Member) -> Word {
    number(member.units.balance(state.core().mutual.generation).get())
}
