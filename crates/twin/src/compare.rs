//! The contract's books against the engine's, word by word.

use seawall_engine::{
    AccountId, ExitId, MARKETS_MAX, MarketId, Policy, SLOTS, STREAMS, State, Status, Ticket, TicketId,
};
use seawall_fixed::{Assets, EPOCH_SECONDS};

use crate::abi::{address, number};
use crate::deploy::{Deployment, abi, account, rule_words, source_of};
use crate::encode::{due, layers, status, units};
use crate::evm::{Evm, Word};

/// Names and words of a view, as the engine would fill it; no word where the engine keeps nothing.
type Expected = Vec<(&'static str, Option<Word>)>;

/// Asks a view and compares its words.
fn check(
    evm: &mut Evm,
    at: &Deployment,
    view: &str,
    key: &[Word],
    expected: &Expected,
) -> Result<(), String> {
    let outcome = evm.ask(at.pool, abi().call(&format!("PoolViews.{view}"), key));
    if !outcome.ok || outcome.output.len() != 32 * expected.len() {
        let (got, wanted) = (outcome.output.len() / 32, expected.len());
        return Err(format!("{view} answers {got} words, not {wanted}: {}", abi().name_of(&outcome.output)));
    }
    for (index, (name, wanted)) in expected.iter().enumerate() {
        let found = &outcome.output[32 * index..32 * index + 32];
        if wanted.is_some_and(|wanted| wanted != found) {
            let keys: Vec<String> = key.iter().map(|word| format!("{:x?}", word[31])).collect();
            return Err(format!(
                "{view}({}) word {index}, {name}: the contract has {}, the engine {}",
                keys.join(","),
                hex(found),
                wanted.map_or_else(String::new, |wanted| hex(&wanted)),
            ));
        }
    }
    Ok(())
}

fn hex(word: &[u8]) -> String {
    let text: String = word.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("0x{}", text.trim_start_matches('0'))
}

fn is(value: u128) -> Option<Word> {
    Some(number(value))
}

fn amount(assets: Assets) -> Option<Word> {
    is(assets.get())
}

/// Balances, rates and counts.
///
/// # Errors
/// The first word that differs.
pub fn core(evm: &mut Evm, at: &Deployment, state: &State) -> Result<(), String> {
    let core = state.core();
    let mut e: Expected = vec![
        ("time", is(core.now.into())),
        ("due", Some(due(core.due))),
        ("latest end", is(core.latest_end.into())),
        ("paused until", is(core.paused_until.into())),
        ("pause from", is(core.pause_from.into())),
        ("tokens", amount(core.tokens)),
        ("reserve", amount(core.reserve)),
        ("fees", amount(core.fees)),
        ("bonus", amount(core.bonus)),
        ("bonds", amount(core.bonds)),
        ("set aside", amount(core.set_aside)),
        ("assigned", amount(core.assigned)),
        ("unassigned", amount(core.unassigned)),
        ("required", amount(core.required)),
        ("mutual assets", amount(core.mutual.assets)),
        ("mutual units", is(core.mutual.units.get())),
        ("mutual generation", is(core.mutual.generation.into())),
        ("boundary unqueued", amount(core.boundary.unqueued)),
        ("boundary queued", amount(core.boundary.queued)),
        ("boundary total", amount(core.boundary.total)),
        ("tickets", is(core.tickets.into())),
        ("exits", is(core.exits.into())),
        ("policies", is(core.policies.into())),
        ("members", is(core.members.into())),
        ("lots", is(core.lots.into())),
        ("live markets", is(core.live_count.into())),
        ("stale", is(core.stale.into())),
        ("estimates", is(core.estimates.into())),
        ("tranches", is(core.tranche_count.into())),
        ("on ice", is(core.on_ice().into())),
        ("frozen", is(core.frozen().into())),
        ("booked", amount(core.tokens)),
    ];
    let remainders =
        core.fee_remainders.iter().rev().fold(0, |packed, part| packed << 24 | u128::from(*part));
    e.push(("fee remainders", is(remainders)));
    for (index, tranche) in core.tranches.iter().enumerate() {
        e.push(("active assets", amount(tranche.active.assets)));
        e.push(("active shares", is(tranche.active.shares.get())));
        e.push(("queued assets", amount(tranche.queued.assets)));
        e.push(("queued shares", is(tranche.queued.shares.get())));
        e.push(("cleared", is(tranche.cleared.get())));
        e.push(("active generation", is(tranche.active.generation.into())));
        e.push(("queued generation", is(tranche.queued.generation.into())));
        e.push(("attachment", amount(core.attachment(index))));
        e.push(("exhaustion", amount(core.exhaustion(index))));
    }
    for index in 0..STREAMS {
        let stream = &core.streams[index];
        e.push(("rate", is(stream.rate)));
        e.push(("carry", is(stream.carry)));
        e.push(("unearned", amount(stream.unearned)));
    }
    for place in 0..MARKETS_MAX {
        let live = place < usize::from(core.live_count);
        let id = if live { state.markets()[core.live[place] as usize].id.0 } else { 0 };
        e.push(("live market", is(id.into())));
    }
    check(evm, at, "core", &[], &e)
}

/// Rules in force.
///
/// # Errors
/// The first word that differs.
pub fn rules(evm: &mut Evm, at: &Deployment, state: &State) -> Result<(), String> {
    let e: Expected = rule_words(state.rules()).into_iter().map(|word| ("rule", Some(word))).collect();
    check(evm, at, "rules", &[], &e)
}

/// A market and its policies.
///
/// # Errors
/// The first word that differs.
pub fn market(evm: &mut Evm, at: &Deployment, state: &State, id: MarketId) -> Result<(), String> {
    let Some(market) = state.market(id) else { return Ok(()) };
    let converted = market.converted;
    let estimate = market.estimate;
    let e: Expected = vec![
        ("adapter", Some(address(source_of(at, id, &market.source)))),
        ("nonce", is(market.nonce.into())),
        ("stale", is(market.stale.into())),
        ("converts", is(converted.is_some().into())),
        ("first", None),
        ("counter", is(market.counter)),
        ("source counter", is(converted.map_or(market.counter, |converted| converted.source))),
        ("measured", is(market.measured)),
        ("supplied", is(market.supplied)),
        ("recovered", is(market.recovered)),
        ("passed on", is(market.passed_on)),
        ("rate", is(converted.map_or(0, |converted| converted.rate))),
        ("rate at", is(converted.map_or(0, |converted| converted.at).into())),
        ("rate step", None),
        ("rate initial", None),
        ("set aside", amount(market.set_aside)),
        ("unassigned", amount(market.unassigned)),
        ("destination", Some(address(account(market.destination)))),
        ("oldest ticket", is(market.oldest_ticket.map_or(0, |ticket| u128::from(ticket.0) + 1))),
        ("newest ticket", is(market.newest_ticket.map_or(0, |ticket| u128::from(ticket.0) + 1))),
        ("estimate", is(estimate.map_or(0, |estimate| estimate.amount.get()))),
        ("lower to", is(estimate.and_then(|e| e.lower).map_or(0, |(to, _)| to.get()))),
        ("expiry", is(estimate.map_or(0, |estimate| estimate.expiry).into())),
        ("lower at", is(estimate.and_then(|e| e.lower).map_or(0, |(_, at)| at).into())),
        ("repost from", is(market.repost_from.into())),
        ("code", None),
    ];
    check(evm, at, "market", &[number(id.0.into())], &e)?;
    for slot in SLOTS {
        let key = [number(id.0.into()), number(slot as u128)];
        let e = match market.policy(slot) {
            Some(policy) => expected_policy(policy),
            None => (0..POLICY_WORDS + 2)
                .map(|word| ("no policy", is(0).filter(|_| word < POLICY_WORDS)))
                .collect(),
        };
        check(evm, at, "policy", &key, &e)?;
    }
    Ok(())
}

/// Words of a policy in a view.
const POLICY_WORDS: usize = 34;

fn expected_policy(policy: &Policy) -> Expected {
    let (until, left) = match policy.status {
        Status::RunOff { until, left } => (is(until.into()), is(left)),
        _ => (None, None),
    };
    let chained = policy.first_start != policy.start || policy.first_limit != policy.limit;
    let window = policy.event;
    // An event limit that is not below the limit cannot bind; the contract keeps no window for it.
    let bound = policy.event_limit < policy.limit;
    vec![
        ("buyer", Some(address(account(policy.buyer)))),
        ("start", is((policy.start / EPOCH_SECONDS).into())),
        ("end", is((policy.end / EPOCH_SECONDS).into())),
        ("term", is(((policy.term_end - policy.start) / EPOCH_SECONDS).into())),
        ("status", Some(status(policy.status))),
        ("cancelled", is(policy.cancelled.into())),
        ("chained", is(1).filter(|_| chained)),
        ("limit", amount(policy.limit)),
        ("event limit", amount(policy.event_limit)),
        ("premium", amount(policy.premium)),
        ("charge bought", amount(policy.charge_bought)),
        ("seen", is(policy.seen)),
        ("run-off left", left),
        ("id", is(policy.id.0.into())),
        ("tickets", is(policy.tickets.into())),
        ("member", is(policy.member.map_or(0, |member| u128::from(member.0) + 1))),
        ("event epoch", is(window.epoch.into()).filter(|_| bound)),
        ("coinsurance", is(policy.coinsurance.get().into())),
        ("split", None),
        ("split", None),
        ("split", None),
        ("split", None),
        ("digest", Some(policy.digest)),
        ("deductible left", amount(policy.deductible_left)),
        ("bond left", amount(policy.bond_left)),
        ("bonus", amount(policy.bonus)),
        ("eligible", amount(policy.eligible_cum)),
        ("insured", amount(policy.insured_cum)),
        ("paid", amount(policy.paid_cum)),
        ("event this", amount(window.this).filter(|_| bound)),
        ("event previous", amount(window.previous).filter(|_| bound)),
        ("first limit", amount(policy.first_limit).filter(|_| chained)),
        ("first start", is((policy.first_start / EPOCH_SECONDS).into()).filter(|_| chained)),
        ("run-off until", until),
        ("charge", amount(policy.charge)),
        ("limit left", amount(policy.limit_left)),
    ]
}

/// An exit.
///
/// # Errors
/// The first word that differs.
pub fn exit(evm: &mut Evm, at: &Deployment, state: &State, id: ExitId) -> Result<(), String> {
    let Some(exit) = state.exit(id) else { return Ok(()) };
    let generation = state.core().tranches[usize::from(exit.tranche)].queued.generation;
    let e: Expected = vec![
        ("owner", Some(address(account(exit.owner)))),
        ("cooled at", is(exit.cooled_at.into())),
        ("deadline", is(exit.deadline.into())),
        ("tranche", is(exit.tranche.into())),
        ("term", is(((exit.latent_void_at - exit.cooled_at) / EPOCH_SECONDS).into())),
        ("shares", is(exit.shares.get())),
        // The engine has it in the event only.
        ("burned", None),
        // Of an exit that is void the contract does not keep how much of it was cleared.
        ("cleared", is(exit.cleared.get()).filter(|_| exit.generation == generation)),
        ("paid", is(exit.paid.get())),
        ("void", is((exit.generation != generation).into())),
    ];
    check(evm, at, "exitOf", &[number(id.0.into())], &e)
}

/// A ticket and what came back of it.
///
/// # Errors
/// The first word that differs.
pub fn ticket(evm: &mut Evm, at: &Deployment, state: &State, id: TicketId) -> Result<(), String> {
    let Some(ticket) = state.ticket(id) else { return Ok(()) };
    check(evm, at, "ticketOf", &[number(id.0.into())], &expected_ticket(ticket))
}

fn expected_ticket(ticket: &Ticket) -> Expected {
    let called = !ticket.lost.called.is_zero();
    let mut e: Expected = vec![
        ("buyer", Some(address(account(ticket.buyer)))),
        ("time", is(ticket.time.into())),
        ("last recovery", is(ticket.last_recovery.into())),
        ("written off", is(ticket.written_off.into())),
        ("market", is(ticket.market.0.into())),
        ("next", is(ticket.next.map_or(0, |next| u128::from(next.0) + 1))),
        ("member", is(ticket.member.map_or(0, |member| u128::from(member.0) + 1))),
        // Who held what is kept of the layers that lost something: nothing can be claimed of the others.
        ("mutual generation", is(ticket.mutual_generation.into()).filter(|_| called)),
        ("notice", is(ticket.write_off_notice.unwrap_or(0).into())),
        ("mutual supply", is(ticket.mutual_supply.get()).filter(|_| called)),
        ("buyer due", amount(ticket.buyer_due)),
    ];
    e.extend(layers(&ticket.lost).into_iter().map(|word| ("lost", Some(word))));
    e.extend(layers(&ticket.recovered).into_iter().map(|word| ("recovered", Some(word))));
    let hit = |tranche: usize, word: Option<Word>| word.filter(|_| !ticket.lost.tranches[tranche].is_zero());
    let tranches = || 0..ticket.active.len();
    let (active, queued) = (&ticket.active, &ticket.queued);
    e.extend(tranches().map(|t| ("active generation", hit(t, is(active[t].generation.into())))));
    e.extend(tranches().map(|t| ("queued generation", hit(t, is(queued[t].generation.into())))));
    e.extend(tranches().map(|t| ("queued loss", amount(queued[t].loss))));
    e.extend(tranches().map(|t| ("active supply", hit(t, is(active[t].supply.get())))));
    e.extend(tranches().map(|t| ("queued supply", hit(t, is(queued[t].supply.get())))));
    e
}

/// Shares of an account in a tranche, those unlocked, and queued ones.
///
/// # Errors
/// The first word that differs.
pub fn holder(
    evm: &mut Evm,
    at: &Deployment,
    state: &State,
    tranche: u8,
    who: AccountId,
) -> Result<(), String> {
    let index = usize::from(tranche);
    let classes = &state.core().tranches[index];
    let (active, queued) = (state.holders().active(index, who), state.holders().queued(index, who));
    let epoch = state.core().now / EPOCH_SECONDS;
    let e: Expected = vec![
        ("held", is(active.track.balance(classes.active.generation).get())),
        ("unlocked", is(active.unlocked(classes.active.generation, epoch).get())),
        ("queued", is(queued.balance(classes.queued.generation).get())),
    ];
    check(evm, at, "sharesOf", &[number(tranche.into()), address(account(who))], &e)
}

/// Everything that both keep, for the first `accounts` accounts.
///
/// # Errors
/// The first word that differs.
pub fn everything(evm: &mut Evm, at: &Deployment, state: &State, accounts: u32) -> Result<(), String> {
    core(evm, at, state)?;
    rules(evm, at, state)?;
    for known in state.markets() {
        market(evm, at, state, known.id)?;
    }
    for known in state.exits() {
        exit(evm, at, state, known.id)?;
    }
    for known in state.tickets() {
        ticket(evm, at, state, known.id)?;
    }
    for (index, known) in state.members().iter().enumerate() {
        let e: Expected = vec![
            ("owner", Some(address(account(known.owner)))),
            ("until", is(known.until.into())),
            ("bond", amount(known.bond)),
            ("units", Some(units(state, known))),
        ];
        check(evm, at, "memberOf", &[number(index as u128)], &e)?;
    }
    for tranche in 0..state.core().tranche_count {
        for who in 0..accounts {
            holder(evm, at, state, tranche, AccountId(who))?;
        }
    }
    Ok(())
}
