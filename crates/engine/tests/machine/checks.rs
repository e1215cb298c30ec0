//! What must hold after every step.
//!
//! Rounding bounds, all derived from one request or payment a command:
//! - A class's assets a share fall without a ticket by less than one unit of the whole class: what is queued or
//!   paid is rounded against that class at most once.
//! - Active assets a share rise beyond accrual by at most three units of the whole class and one share: a
//!   request leaves less than one unit by its value, one by the queued shares and one by what they move; a
//!   deposit's shares are rounded down by less than one share, and the virtual offset is one unit.
//! - Queued assets a share never rise at all.

use ruint::aliases::{U256, U512};
use seawall_engine::{AccountId, Action, Class, ClassKind, Command, Core, Event, ExitId, Ticket, invariant};
use seawall_fixed::{Assets, MILLION, Rounding, Seconds, mul_div};

use super::world::{Checked, World};

pub fn after(world: &mut World, before: &Core, events: &[Event], command: &Command) -> Checked<()> {
    invariant::check(&world.state).map_err(|violation| violation.to_string())?;
    prices(world, before, events)?;
    exits(world)?;
    holders(world)?;
    if !command.action.is_pure_claim() {
        booked_up(world)?;
    }
    for event in events {
        match event {
            Event::TicketBooked(booking) => cohorts(world, booking.ticket.id.index())?,
            Event::RecoveryAssigned { ticket, .. } | Event::RecoveryClaimed { ticket, .. } => {
                cohorts(world, ticket.index())?;
            }
            Event::ExitPaid { exit, assets, dust, .. } => paid_within_latent(world, *exit, *assets, *dust)?,
            Event::ExitCleared { exit, .. } => cleared_within_capital(world, *exit)?,
            _ => {}
        }
    }
    // One older ticket in turn: transfers and exits since must not have moved its cohorts.
    let tickets = world.state.tickets().len() as u64;
    if tickets > 0 {
        let turn = usize::try_from(world.commands % tickets).expect("fewer tickets than memory");
        cohorts(world, turn)?;
    }
    if matches!(command.action, Action::Sync) {
        layers_in_order(world, events)?;
    }
    Ok(())
}

/// Everything that is too slow for every step.
pub fn at_the_end(world: &mut World) -> Checked<()> {
    for ticket in 0..world.state.tickets().len() {
        cohorts(world, ticket)?;
    }
    invariant::tickets(&world.state, 0).map_err(|violation| violation.to_string())?;
    world.never_stuck()?;
    world.replays()
}

fn prices(world: &World, before: &Core, events: &[Event]) -> Checked<()> {
    for (index, (old, new)) in before.tranches().iter().zip(world.state.core().tranches()).enumerate() {
        let mut earned = Assets::ZERO;
        let (mut lost, mut lost_queued) = (Assets::ZERO, Assets::ZERO);
        for event in events {
            match event {
                Event::Accrued(accrual) => earned = accrual.earned[index],
                Event::TicketBooked(booking) => {
                    lost += booking.ticket.active[index].loss;
                    lost_queued += booking.ticket.queued[index].loss;
                }
                _ => {}
            }
        }
        // 2.2: the queued class bears its part of the whole sync's loss, rounded up.
        let at_risk = old.assets() + earned;
        if !(lost + lost_queued).is_zero() {
            let part = (lost + lost_queued)
                .scale(old.queued.assets.get(), at_risk.get(), Rounding::Up)
                .map_err(|_| "2.1: a tranche lost more than it had")?;
            if lost_queued != part.min(old.queued.assets) {
                return Err(format!("2.2: queued shares of tranche {index} lost {lost_queued}, not {part}"));
            }
        }
        price(&old.active, &new.active, earned, lost, 3).map_err(|why| format!("active {index}: {why}"))?;
        price(&old.queued, &new.queued, Assets::ZERO, lost_queued, 0)
            .map_err(|why| format!("queued {index}: {why}"))?;
    }
    Ok(())
}

fn price(old: &Class, new: &Class, earned: Assets, lost: Assets, slack: u32) -> Checked<()> {
    if old.generation != new.generation || old.shares.is_zero() || new.shares.is_zero() {
        return Ok(());
    }
    let wide = |units: u128| U512::from(units);
    let due = wide(old.assets.get()) + wide(earned.get()) - wide(lost.get());
    let (shares, shares_old) = (wide(new.shares.get()), wide(old.shares.get()));
    let assets = wide(new.assets.get());
    if (assets + wide(1)) * shares_old < due * shares {
        return Err(format!("assets a share fell without a ticket: {old:?} to {new:?}"));
    }
    let one_share = if slack == 0 { wide(0) } else { assets };
    if assets * shares_old > due * shares + U512::from(slack) * shares.max(shares_old) + one_share {
        return Err(format!("assets a share rose without accrual: {old:?} to {new:?}"));
    }
    Ok(())
}

/// 5.1, 5.2: an exit's worth never rises, and nothing about it changes but what is cleared and paid.
fn exits(world: &mut World) -> Checked<()> {
    let World { state, tally, .. } = world;
    let mut open = [[0u128; 64]; 4];
    let mut shares = [0u128; 4];
    let mut cleared = [0u128; 4];
    let mut heads = [None; 4];
    for (exit, leaver) in state.exits().iter().zip(&mut tally.leavers) {
        let worth = leaver.paid + state.exit_value(exit.id).get();
        if worth > leaver.worth {
            return Err(format!("5.1: exit {} is worth {worth}, it was {}", exit.id.0, leaver.worth));
        }
        leaver.worth = worth;
        if (exit.deadline, exit.latent_void_at) != (leaver.deadline, leaver.void_at) {
            return Err(format!("5.5: the terms of exit {} changed", exit.id.0));
        }
        if exit.paid > exit.cleared || exit.cleared > exit.shares {
            return Err(format!("5.4: exit {} paid more than is cleared", exit.id.0));
        }
        let tranche = usize::from(exit.tranche);
        if exit.generation != state.core().tranches[tranche].queued.generation {
            continue;
        }
        let left = (exit.shares - exit.paid).get();
        open[tranche][exit.owner.index() % 64] += left;
        shares[tranche] += left;
        cleared[tranche] += (exit.cleared - exit.paid).get();
        if exit.cleared < exit.shares {
            heads[tranche].get_or_insert(exit.id);
        }
    }
    for (index, tranche) in state.core().tranches().iter().enumerate() {
        if (shares[index], cleared[index]) != (tranche.queued.shares.get(), tranche.cleared.get()) {
            return Err(format!("5.1: tranche {index}'s exits do not add up to its queued shares"));
        }
        if heads[index] != tranche.head {
            return Err(format!("5.3: the queue of tranche {index} begins at {:?}", tranche.head));
        }
        for (owner, sum) in open[index].iter().enumerate() {
            let owner = AccountId(u32::try_from(owner).expect("64 accounts"));
            let held = state.holders().queued(index, owner).balance(tranche.queued.generation);
            if held.get() != *sum {
                return Err(format!("5.1: {owner:?} holds {held} queued shares, its exits {sum}"));
            }
        }
    }
    Ok(())
}

/// Holders' shares add up to their class's.
fn holders(world: &World) -> Checked<()> {
    let state = &world.state;
    for (index, tranche) in state.core().tranches().iter().enumerate() {
        let held = (0..state.holders().accounts(index))
            .map(|owner| AccountId(u32::try_from(owner).expect("few accounts")))
            .map(|owner| state.active_shares(index, owner))
            .fold(0, |sum, shares| sum + shares.get());
        if held != tranche.active.shares.get() {
            return Err(format!("2.2: holders of tranche {index} hold {held} of {}", tranche.active.shares));
        }
    }
    Ok(())
}

/// 4.3: after a sync nothing from the smallest ticket on is unbooked, and every unit read is in a ticket.
fn booked_up(world: &World) -> Checked<()> {
    let state = &world.state;
    let now = state.core().now;
    for market in state.markets() {
        for policy in market.policies() {
            let watch = &world.tally.policies[&policy.id.0];
            if watch.seen != 0 && policy.seen != watch.seen + watch.gross {
                return Err(format!("4.3: policy {} has seen {} of its losses", policy.id.0, policy.seen));
            }
            let due = policy.gross(market.counter);
            let changed = state.pending_rules().is_some() || world.setup.rules != *state.rules();
            let now_activated = policy.tickets == 0 && due.is_zero();
            if policy.in_force(now)
                && !market.stale
                && !changed
                && !now_activated
                && due >= state.rules().ticket_min
            {
                return Err(format!("4.3: {due} of market {} stay unbooked", market.id.0));
            }
            if policy.tickets != watch.tickets {
                return Err(format!("policy {} forgot a ticket", policy.id.0));
            }
        }
    }
    Ok(())
}

/// 6.2: those who held a class's shares when a ticket was booked hold all of its cohort, and claim together at
/// most what came back, which is at most what was lost, and all of it but a unit a holder.
fn cohorts(world: &World, index: usize) -> Checked<()> {
    let state = &world.state;
    let ticket = &state.tickets()[index];
    for tranche in 0..state.core().tranches().len() {
        for class in [ClassKind::Active, ClassKind::Queued] {
            cohort(world, ticket, tranche, class)?;
        }
    }
    Ok(())
}

fn cohort(world: &World, ticket: &Ticket, tranche: usize, class: ClassKind) -> Checked<()> {
    let state = &world.state;
    let cohort = ticket.cohort(tranche, class);
    let (mut supply, mut claims, mut holders) = (0u128, 0u128, 0u128);
    for owner in 0..state.holders().accounts(tranche) {
        let owner = AccountId(u32::try_from(owner).expect("few accounts"));
        let track = state.holders().track(tranche, class, owner);
        let Some(at) = track.index_for(state.holders().histories(), ticket.id) else { continue };
        let checkpoint = track.checkpoint(state.holders().histories(), at).ok_or("a checkpoint is gone")?;
        if checkpoint.generation == cohort.generation {
            supply += checkpoint.balance.get();
        }
        holders += 1;
        claims += state.claimable(owner, ticket.id, tranche, class).get();
        let tranche = u8::try_from(tranche).expect("at most 4");
        claims += state.holders().claimed(owner, ticket.id, tranche, class).get();
    }
    let place = format!("ticket {}, tranche {tranche}, {class:?}", ticket.id.0);
    if supply != cohort.supply.get() {
        return Err(format!("6.2: {place}: {supply} of {} shares are remembered", cohort.supply));
    }
    let recovered = ticket.class_recovered(tranche, class);
    if recovered > cohort.loss || claims > recovered.get() {
        return Err(format!("6.1: {place}: claims of {claims}, recovered {recovered}, lost {}", cohort.loss));
    }
    if !cohort.supply.is_zero() && recovered.get() - claims > holders {
        return Err(format!("6.2: {place}: only {claims} of {recovered} can be claimed"));
    }
    Ok(())
}

/// 5.6 over again: the part of each tranche that open estimates and stale markets would take.
fn latent(world: &World, reserve: Assets, assets: &[Assets], now: Seconds) -> Vec<u128> {
    let state = &world.state;
    let mut owed = U256::ZERO;
    for market in state.markets().iter().filter(|market| market.is_live()) {
        let Some(policy) = market.covering(now) else { continue };
        let rules = state.rules();
        let claim = |gross| {
            let claim = policy.claim(gross, now, rules.early_period, rules.early_multiple);
            claim.map_or(Assets::ZERO, |claim| claim.owed)
        };
        let estimated = market.estimate.map_or(Assets::ZERO, |estimate| claim(estimate.amount));
        let stale = if market.stale { policy.worst_case(now) } else { Assets::ZERO };
        owed += U256::from(estimated.max(stale).get());
    }
    let mut left = owed.saturating_sub(U256::from(reserve.get()));
    assets
        .iter()
        .map(|assets| {
            let loss = left.min(U256::from(assets.get()));
            left -= loss;
            let loss = u128::try_from(loss).expect("at most the tranche");
            if loss == 0 { 0 } else { mul_div(MILLION, loss, assets.get(), Rounding::Up).expect("a part") }
        })
        .collect()
}

/// 5.4: never more is paid than latent losses leave of what is cleared.
fn paid_within_latent(world: &World, id: ExitId, assets: Assets, dust: Assets) -> Checked<()> {
    let state = &world.state;
    let exit = &state.exits()[id.index()];
    let now = state.core().now;
    if now >= exit.latent_void_at {
        return Ok(());
    }
    let mut before: Vec<Assets> = state.core().tranches().iter().map(|tranche| tranche.assets()).collect();
    before[usize::from(exit.tranche)] += assets + dust;
    let parts = latent(world, state.core().reserve - dust, &before, now);
    let part = MILLION - parts[usize::from(exit.tranche)];
    let most = mul_div(part, exit.cleared.get(), MILLION, Rounding::Down).expect("a part");
    if exit.paid.get() > most {
        return Err(format!("5.4: exit {} was paid {} shares of {most}", id.0, exit.paid));
    }
    Ok(())
}

/// 5.3: before its deadline an exit clears only what required capital and the junior floor can spare.
fn cleared_within_capital(world: &World, id: ExitId) -> Checked<()> {
    let state = &world.state;
    let (core, exit) = (state.core(), &state.exits()[id.index()]);
    if core.now < exit.cooled_at {
        return Err(format!("5.3: exit {} cleared before its cooldown", id.0));
    }
    if core.now >= exit.deadline {
        return Ok(());
    }
    let kept = |tranche: &seawall_engine::Tranche| tranche.assets().saturating_sub(tranche.cleared_value());
    let all = core.tranches().iter().fold(core.reserve, |sum, tranche| sum + kept(tranche));
    let worth = state.exit_value(id);
    let floor = core.required.part(state.rules().junior_floor, Rounding::Up).expect("a part");
    let short = all < core.required || (exit.tranche == 0 && kept(&core.tranches[0]) < floor);
    if short && !worth.is_zero() && core.tranches[usize::from(exit.tranche)].cleared_value() > Assets::new(1)
    {
        return Err(format!("5.3: exit {} left {all} for {}", id.0, core.required));
    }
    Ok(())
}

/// 2.1: a layer gives only when the one below it is empty.
fn layers_in_order(world: &World, events: &[Event]) -> Checked<()> {
    let core = world.state.core();
    let booked = events.iter().filter_map(|event| match event {
        Event::TicketBooked(booking) => Some(&booking.ticket),
        _ => None,
    });
    for ticket in booked {
        let lost = &ticket.lost;
        let mut above = lost.own_bond + lost.called;
        for index in (0..core.tranches().len()).rev() {
            if !above.is_zero() && !core.tranches[index].assets().is_zero() {
                return Err(format!("2.1: tranche {index} stands, the layer above paid {above}"));
            }
            above += lost.tranches[index];
        }
    }
    Ok(())
}
