//! An event of the engine as a log of the contract.

use seawall_engine::{AccountId, Event, ExitId, MarketId, PREMIUM_STREAMS, State, TRANCHES_MAX, apply};
use seawall_fixed::{Assets, Seconds};

use super::{amount, class, layers, slot};
use crate::abi::{address, number, pair};
use crate::deploy::{Deployment, abi, account, rule_words, source_of};
use crate::evm::{Log, Word};

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
