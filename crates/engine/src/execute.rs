//! Deciding a command (1.4): the common steps in their order, then what was asked. Nothing here changes the
//! state; what happened is returned as events.

use alloc::vec::Vec;

use seawall_fixed::{Assets, Seconds};

use crate::command::{Action, Command};
use crate::cover::{self, Order};
use crate::draft::Draft;
use crate::error::Error;
use crate::event::Event;
use crate::id::{AccountId, TRANCHES_MAX};
use crate::market::{Market, SLOTS, Slot};
use crate::policy::Status;
use crate::rules::RUN_OFF;
use crate::settle::{self, Report};
use crate::source::Source;
use crate::state::{Core, State};
use crate::ticket::ClassKind;
use crate::{auction, exit, latent, mutual, premium, recovery, role};

/// Largest time: far beyond any use, and small enough that no sum of times leaves 64 bits.
pub const TIME_MAX: Seconds = 1 << 40;

/// Accounts may be numbered this far ahead of the accounts known, so that a wrong number cannot grow the tables
/// without bound.
pub const ACCOUNT_GAP_MAX: u32 = 1 << 16;

/// Decides `command` at second `now`: the events that apply it, or the rule that refuses it.
///
/// # Errors
/// The refusal; the state is unchanged either way until the events are applied.
pub fn execute(state: &State, command: &Command, now: Seconds) -> Result<Vec<Event>, Error> {
    let mut draft = Draft::new(state);
    if command.action.is_pure_claim() {
        pure_claim(&mut draft, command)?;
        return Ok(draft.take_events());
    }
    let report = report(state, command)?;
    check_time(now)?;
    if now < draft.core.now {
        return Err(Error::TimeBackwards { now, last: draft.core.now });
    }
    accrue(&mut draft, now)?;
    expire(&mut draft)?;
    settle::sync(&mut draft, &command.readings, report.as_ref())?;
    close_classes(&mut draft);
    act(&mut draft, command)?;
    Ok(draft.take_events())
}

/// Refuses a time beyond [`TIME_MAX`].
pub(crate) const fn check_time(now: Seconds) -> Result<(), Error> {
    if now > TIME_MAX { Err(Error::TimeTooLarge { now, max: TIME_MAX }) } else { Ok(()) }
}

/// Refuses a tranche that the pool does not have.
pub(crate) const fn check_tranche(core: &Core, tranche: u8) -> Result<(), Error> {
    if tranche < core.tranche_count {
        Ok(())
    } else {
        Err(Error::NoSuchTranche { given: tranche, count: core.tranche_count })
    }
}

/// Refuses a receipt that differs from what was asked (1.1), or that would lift the holdings above 2^128 - 1.
pub(crate) fn receive(draft: &Draft, received: Option<Assets>, asked: Assets) -> Result<(), Error> {
    match received {
        Some(received) if received != asked => Err(Error::ReceiptDiffers { asked, received }),
        _ => Ok(draft.core.tokens.checked_add(asked).map(|_| ())?),
    }
}

/// The report of a command, if it is one and its caller may post it (4.1).
fn report(state: &State, command: &Command) -> Result<Option<Report>, Error> {
    let Action::Report { reading, evidence } = &command.action else { return Ok(None) };
    let caller = command.caller;
    role::require(state.rules.roles.reporters.contains(&caller), caller, "a reporter")?;
    match state.market(reading.market) {
        Some(market) if market.source != Source::Reported => {
            Err(Error::ReadingNotReported { market: reading.market })
        }
        Some(_) => Ok(Some(Report { reading: *reading, evidence: *evidence })),
        // The first report opens the market; it is read in `act`.
        None => Ok(None),
    }
}

/// Step 1: accrual.
fn accrue(draft: &mut Draft, now: Seconds) -> Result<(), Error> {
    if now > draft.core.now {
        let accrual = premium::accrue(&draft.core, draft.rules(), &draft.base.schedule, now)?;
        draft.emit(Event::Accrued(accrual));
    }
    Ok(())
}

/// Step 2: what has fallen due. Estimates first, then the policies that they may keep in force, then rules.
fn expire(draft: &mut Draft) -> Result<(), Error> {
    let now = draft.core.now;
    if now < draft.core.due {
        return Ok(());
    }
    for place in draft.live() {
        expire_estimate(draft, place);
        for slot in SLOTS {
            expire_policy(draft, place, slot);
        }
    }
    if let Some(pending) = draft.base.pending_rules.as_ref().filter(|pending| pending.at <= now) {
        draft.emit(Event::RulesChanged { rules: pending.rules.clone() });
    }
    let pending = draft.base.pending_rules.as_ref().map(|pending| pending.at).filter(|at| *at > now);
    let markets = draft.live().flat_map(|place| due_dates(draft.market_at(place))).min();
    let at = pending.into_iter().chain(markets).min().unwrap_or(Seconds::MAX);
    draft.emit(Event::DueAt { at });
    Ok(())
}

/// The dates at which something of a market falls due.
fn due_dates(market: &Market) -> Vec<Seconds> {
    let estimate = market.estimate.into_iter();
    let estimate = estimate.flat_map(|estimate| [Some(estimate.expiry), estimate.lower.map(|(_, at)| at)]);
    let policies = market.policies().map(|policy| match policy.status {
        Status::Pending | Status::Active => Some(policy.end),
        Status::RunOff { until, .. } => Some(until),
        Status::Ended => None,
    });
    estimate.chain(policies).flatten().collect()
}

fn expire_estimate(draft: &mut Draft, place: u32) {
    let now = draft.core.now;
    let market = draft.market_at(place);
    let id = market.id;
    let Some(estimate) = market.estimate else { return };
    // A release counts from its boundary, an expiry from its second, however late the pool looks.
    let released = estimate.lower.filter(|(to, at)| to.is_zero() && *at <= now).map(|(_, at)| at);
    let expired = (estimate.expiry <= now).then_some(estimate.expiry);
    if let Some(closed) = released.into_iter().chain(expired).min() {
        let repost_from = closed + draft.rules().cooldown;
        draft.emit(Event::EstimateClosed { market: id, repost_from });
    } else if let Some((to, _)) = estimate.lower.filter(|(_, at)| *at <= now) {
        draft.emit(Event::EstimateFell { market: id, to });
    }
}

fn expire_policy(draft: &mut Draft, place: u32, slot: Slot) {
    let now = draft.core.now;
    let market = draft.market_at(place);
    let id = market.id;
    let Some(policy) = market.policy(slot) else { return };
    let ended = match policy.status {
        Status::Pending => policy.end <= now,
        Status::Active if policy.end <= now => {
            let until = policy.end + RUN_OFF;
            match market.estimate {
                // An estimate posted before the end keeps the policy in force (3.3).
                Some(estimate) if now < until && !policy.limit_left.is_zero() => {
                    let left = estimate.amount.get();
                    draft.emit(Event::PolicyRunsOff { market: id, slot, until, left });
                    false
                }
                _ => true,
            }
        }
        Status::Active | Status::Ended => false,
        Status::RunOff { until, left } => until <= now || left == 0 || market.estimate.is_none(),
    };
    if ended {
        draft.emit(Event::PolicyEnded { market: id, slot });
        let market = draft.market_at(place);
        if market.estimate.is_some() && !market.is_live() {
            // Nothing can be paid any more, so nothing is latent for the pool.
            draft.emit(Event::EstimateClosed { market: id, repost_from: 0 });
        }
    }
}

/// Step 4: classes that nobody holds, or that are worthless, close (2.3).
fn close_classes(draft: &mut Draft) {
    for tranche in 0..draft.core.tranche_count {
        let classes = draft.core.tranches[usize::from(tranche)];
        for (class, kind) in [(classes.active, ClassKind::Active), (classes.queued, ClassKind::Queued)] {
            if class.must_close() {
                draft.emit(Event::ClassClosed { tranche, class: kind, assets: class.assets });
            }
        }
    }
    let mutual = draft.core.mutual;
    if mutual.class().must_close() {
        draft.emit(Event::MutualClosed { assets: mutual.assets });
    }
}

fn pure_claim(draft: &mut Draft, command: &Command) -> Result<(), Error> {
    let caller = command.caller;
    match command.action {
        Action::ClaimRecovery { ticket, tranche, class, checkpoint } => {
            recovery::claim(draft, caller, ticket, tranche, class, checkpoint)
        }
        Action::ClaimDeductible { ticket } => recovery::claim_deductible(draft, caller, ticket),
        Action::ClaimBond { ticket, member, checkpoint } => {
            recovery::claim_bond(draft, caller, ticket, member, checkpoint)
        }
        _ => Ok(()),
    }
}

/// Step 5: what was asked.
fn act(draft: &mut Draft, command: &Command) -> Result<(), Error> {
    let (caller, received, readings) = (command.caller, command.received, &command.readings);
    match &command.action {
        Action::Sync
        | Action::ClaimRecovery { .. }
        | Action::ClaimDeductible { .. }
        | Action::ClaimBond { .. } => Ok(()),
        Action::Deposit { tranche, owner, assets } => deposit(draft, received, *tranche, *owner, *assets),
        Action::Transfer { tranche, to, shares } => {
            check_tranche(&draft.core, *tranche)?;
            check_account(draft, *tranche, *to)?;
            let index = usize::from(*tranche);
            let generation = draft.core.tranches[index].active.generation;
            let epoch = seawall_fixed::epoch_of(draft.core.now);
            let unlocked = draft.base.holders.active(index, caller).unlocked(generation, epoch);
            if shares.is_zero() || *shares > unlocked {
                return Err(Error::NotEnoughShares { asked: *shares, unlocked });
            }
            draft.emit(Event::Transferred { tranche: *tranche, from: caller, to: *to, shares: *shares });
            Ok(())
        }
        Action::RequestExit { tranche, shares } => exit::request(draft, caller, *tranche, *shares),
        Action::ClearExits { count } => exit::clear(draft, *count),
        Action::ClaimExit { exit } => exit::claim(draft, caller, *exit),
        Action::FundReserve { assets } => {
            check_minimum("payment", *assets, Assets::new(1))?;
            receive(draft, received, *assets)?;
            draft.emit(Event::ReserveFunded { assets: *assets });
            Ok(())
        }
        Action::StreamSurplus => stream_surplus(draft),
        Action::BuyCover { quote, digest, signer, premium_max } => {
            let order = Order { quote, digest: *digest, signer: *signer, premium_max: *premium_max };
            cover::buy(draft, caller, received, &order, readings)
        }
        Action::Activate { market } => cover::activate(draft, *market),
        Action::Cancel { market } => cover::cancel(draft, caller, *market),
        Action::Finalise { market } => cover::finalise(draft, *market, readings),
        Action::ReleaseBond { member } => mutual::release(draft, caller, *member),
        Action::RevokeQuotes { market, nonce } => cover::revoke(draft, caller, *market, *nonce),
        Action::Report { reading, .. } => {
            if draft.market(reading.market).is_err() {
                let (market, destination) = (reading.market, caller);
                draft.emit(Event::MarketOpened { market, source: Source::Reported, destination });
                settle::take(draft, reading)?;
            }
            Ok(())
        }
        Action::PayMarket { market } => {
            draft.market(*market)?;
            let accepts = settle::accepts(readings, None, *market);
            if settle::pay_market(draft, *market, accepts).is_zero() {
                return Err(Error::NothingSetAside { market: *market });
            }
            Ok(())
        }
        Action::PostEstimate { market, amount, expiry } => {
            latent::post(draft, caller, *market, *amount, *expiry)
        }
        Action::RecoverTicket { ticket, assets } => {
            check_minimum("payment", *assets, Assets::new(1))?;
            recovery::recover_ticket(draft, received, *ticket, *assets)
        }
        Action::RecoverMarket { market, assets, count } => {
            check_minimum("payment", *assets, Assets::new(1))?;
            recovery::recover_market(draft, received, *market, *assets, *count)
        }
        Action::AssignRecoveries { market, count } => {
            if draft.market(*market)?.unassigned.is_zero() {
                return Err(Error::NothingToAssign { market: *market });
            }
            recovery::assign(draft, *market, *count)
        }
        Action::AnnounceWriteOff { ticket } => recovery::announce_write_off(draft, caller, *ticket),
        Action::WriteOff { ticket } => recovery::write_off(draft, *ticket),
        Action::OpenLot { ticket, goods, start, floor, duration } => {
            auction::open(draft, caller, *ticket, *goods, (*start, *floor), *duration)
        }
        Action::BuyLot { lot, price_max } => auction::buy(draft, caller, received, *lot, *price_max),
        Action::AnnounceRules { rules } => role::announce(draft, caller, rules.clone()),
        Action::WithdrawRules => role::withdraw(draft, caller),
        Action::Pause { until } => role::pause(draft, caller, *until),
        Action::CollectFees => role::collect_fees(draft),
    }
}

fn check_minimum(what: &'static str, given: Assets, least: Assets) -> Result<(), Error> {
    if given < least { Err(Error::BelowMinimum { what, given, least }) } else { Ok(()) }
}

/// Refuses an account far beyond those known: they are numbered densely.
fn check_account(draft: &Draft, tranche: u8, account: AccountId) -> Result<(), Error> {
    let known = draft.base.holders.accounts(usize::from(tranche));
    let next = u32::try_from(known).unwrap_or(u32::MAX);
    if account.0 >= next.saturating_add(ACCOUNT_GAP_MAX) {
        return Err(Error::AccountOutOfRange { account, next });
    }
    Ok(())
}

/// Mints active shares at net asset value (2.2). Refused while paused or while a market is stale (4.2): the
/// price of a share would then not know a loss.
fn deposit(
    draft: &mut Draft,
    received: Option<Assets>,
    tranche: u8,
    owner: AccountId,
    assets: Assets,
) -> Result<(), Error> {
    role::require_unpaused(draft)?;
    check_tranche(&draft.core, tranche)?;
    check_account(draft, tranche, owner)?;
    if draft.core.stale > 0 {
        return Err(Error::MarketsStale { count: draft.core.stale });
    }
    check_minimum("deposit", assets, draft.rules().deposit_min)?;
    receive(draft, received, assets)?;
    let active = &draft.core.tranches[usize::from(tranche)].active;
    let shares = active.shares_for(assets)?;
    active.shares.checked_add(shares)?;
    if shares.is_zero() {
        return Err(Error::MovesNothing);
    }
    draft.emit(Event::Deposited { tranche, owner, assets, shares });
    Ok(())
}

/// Streams what the reserve holds above its target to the active classes, from the next boundary on (1.5). The
/// reserve backs policies too: only what required capital can spare moves, and nothing while a loss is open.
fn stream_surplus(draft: &mut Draft) -> Result<(), Error> {
    let core = &draft.core;
    let (reserve, target) = (core.reserve, draft.rules().reserve_target);
    if core.stale > 0 {
        return Err(Error::MarketsStale { count: core.stale });
    }
    let spare = core.unqueued().saturating_sub(core.required);
    let surplus = if core.estimates > 0 { Assets::ZERO } else { reserve.saturating_sub(target).min(spare) };
    let start = crate::policy::boundary_after(core.now);
    let epochs = u64::from(draft.rules().surplus_epochs);
    let end = start + epochs * seawall_fixed::EPOCH_SECONDS;
    let mut parts = [Assets::ZERO; premium::PREMIUM_STREAMS];
    for (tranche, part) in parts.iter_mut().take(usize::from(core.tranche_count)).enumerate() {
        *part = surplus.part(draft.rules().surplus_split[tranche], seawall_fixed::Rounding::Down)?;
    }
    if parts.iter().all(|part| part.is_zero()) {
        return Err(Error::NoSurplus { reserve, target });
    }
    let split = premium::split(parts, end - start)?;
    premium::check_rates(
        &draft.base.schedule,
        draft.core.now,
        premium::PREMIUM_STREAMS,
        &split.rates[..TRANCHES_MAX],
    )?;
    let first = |all: [u128; premium::PREMIUM_STREAMS]| core::array::from_fn(|index| all[index]);
    draft.emit(Event::SurplusStreamed {
        start,
        end,
        parts: core::array::from_fn::<_, TRANCHES_MAX, _>(|index| split.parts[index]),
        rates: first(split.rates),
        carries: first(split.carries),
    });
    Ok(())
}
