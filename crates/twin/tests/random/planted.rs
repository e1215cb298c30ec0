//! Defects planted on the engine's side: each decides a command as the engine would if one of its rules were wrong.
//! Nothing of this is in the engine; the events that it hands out, or its refusal, are replaced.

use seawall_engine::{Action, Command, Error, Event, SHARES_PER_ASSET, State, apply, execute};
use seawall_fixed::{Assets, EPOCH_SECONDS, Rounding, Seconds, Shares, mul_div};
use seawall_twin::twin::Decide;

type Decided = Result<Vec<Event>, Error>;

/// All of them, by what is wrong.
pub const PLANTED: &[(&str, Decide)] = &[
    ("a deposit's shares are rounded up", shares_rounded_up),
    ("an exit is paid the unit that is the reserve's", exit_rounded_up),
    ("an exit's deadline may be before that of the exit ahead", overtaking),
    ("the event limit is not reset after two epochs", event_limit_kept),
    ("a quote can be used twice", nonce_again),
    ("an epoch begins a second early", boundary_early),
    ("the fee is rounded up", fee_rounded_up),
    ("the share of a cancellation is paid out too", cancelled_in_full),
    ("a ticket is written off a day early", write_off_early),
    ("what comes back goes to the junior tranche first", junior_first),
    ("an estimate falls at once", estimate_falls_at_once),
    ("locked shares can be given away", locks_ignored),
    ("a bond can be released a second early", bond_early),
];

/// Replaces events one by one; `state` is that before the command.
fn replaced(state: &State, command: &Command, now: Seconds, by: impl Fn(&State, &mut Event)) -> Decided {
    let mut events = execute(state, command, now)?;
    for event in &mut events {
        by(state, event);
    }
    Ok(events)
}

/// The common steps of a command and then `event`, in the place of a refusal.
fn instead(state: &State, command: &Command, now: Seconds, event: Event) -> Decided {
    let sync = Command { action: Action::Sync, received: None, ..command.clone() };
    let mut events = execute(state, &sync, now)?;
    events.push(event);
    Ok(events)
}

fn shares_rounded_up(state: &State, command: &Command, now: Seconds) -> Decided {
    let mut events = execute(state, command, now)?;
    if let Some(Event::Deposited { tranche, owner, assets, .. }) = events.last().cloned() {
        let mut before = state.clone();
        for event in &events[..events.len() - 1] {
            apply(&mut before, event);
        }
        let class = before.core().tranches[usize::from(tranche)].active;
        let supply = class.shares.get().saturating_add(SHARES_PER_ASSET);
        let up = mul_div(assets.get(), supply, class.assets.get().saturating_add(1), Rounding::Up);
        let shares = Shares::new(up.map_err(|_| Error::Overflow)?);
        events.pop();
        events.push(Event::Deposited { tranche, owner, assets, shares });
    }
    Ok(events)
}

fn exit_rounded_up(state: &State, command: &Command, now: Seconds) -> Decided {
    let one = Assets::new(1);
    replaced(state, command, now, |_, event| {
        if let Event::ExitPaid { assets, dust, .. } = event
            && !dust.is_zero()
        {
            (*assets, *dust) = (*assets + one, *dust - one);
        }
    })
}

fn overtaking(state: &State, command: &Command, now: Seconds) -> Decided {
    replaced(state, command, now, |state, event| {
        if let Event::ExitRequested { exit, .. } = event {
            exit.deadline = exit.cooled_at.max(state.core().latest_end);
        }
    })
}

fn event_limit_kept(state: &State, command: &Command, now: Seconds) -> Decided {
    replaced(state, command, now, |state, event| {
        if let Event::TicketBooked(booking) = event {
            let market = state.market(booking.ticket.market);
            let before = market.and_then(|market| market.policy(booking.slot)).map(|policy| policy.event);
            let window = &mut booking.policy.event;
            if let Some(before) = before.filter(|before| window.epoch > before.epoch + 1) {
                window.previous = before.this;
            }
        }
    })
}

fn nonce_again(state: &State, command: &Command, now: Seconds) -> Decided {
    let decided = execute(state, command, now);
    match (&decided, &command.action) {
        (Err(Error::NonceUsed { nonce, least }), Action::BuyCover { quote, digest, signer, premium_max })
            if *nonce != u64::MAX && nonce + 1 == *least =>
        {
            let mut again = quote.clone();
            again.nonce = *least;
            let (digest, signer, premium_max) = (*digest, *signer, *premium_max);
            let action = Action::BuyCover { quote: again, digest, signer, premium_max };
            execute(state, &Command { action, ..command.clone() }, now)
        }
        _ => decided,
    }
}

fn boundary_early(state: &State, command: &Command, now: Seconds) -> Decided {
    execute(state, command, if (now + 1).is_multiple_of(EPOCH_SECONDS) { now + 1 } else { now })
}

fn fee_rounded_up(state: &State, command: &Command, now: Seconds) -> Decided {
    let one = Assets::new(1);
    replaced(state, command, now, |_, event| {
        if let Event::Accrued(accrual) = event
            && accrual.fee_remainders.iter().any(|part| *part != 0)
            && !accrual.reserve.is_zero()
        {
            (accrual.fee, accrual.reserve) = (accrual.fee + one, accrual.reserve - one);
        }
    })
}

fn cancelled_in_full(state: &State, command: &Command, now: Seconds) -> Decided {
    replaced(state, command, now, |_, event| {
        if let Event::PolicyCancelled(cancelled) = event {
            let share = cancelled.kept - cancelled.bonus;
            (cancelled.refund, cancelled.kept) = (cancelled.refund + share, cancelled.bonus);
        }
    })
}

fn write_off_early(state: &State, command: &Command, now: Seconds) -> Decided {
    let decided = execute(state, command, now);
    match (&decided, &command.action) {
        (Err(Error::WriteOffTooEarly { from, .. }), Action::WriteOff { ticket })
            if now.saturating_add(24 * 3600) >= *from =>
        {
            instead(state, command, now, Event::WrittenOff { ticket: *ticket })
        }
        _ => decided,
    }
}

fn junior_first(state: &State, command: &Command, now: Seconds) -> Decided {
    replaced(state, command, now, |state, event| {
        if let Event::RecoveryAssigned { ticket, parts, .. } = event
            && let Some(missing) = state.ticket(*ticket).map(|ticket| ticket.outstanding().tranches)
        {
            let mut left = parts.tranches.iter().fold(Assets::ZERO, |sum, part| sum + *part);
            for (part, most) in parts.tranches.iter_mut().zip(missing) {
                *part = left.min(most);
                left -= *part;
            }
        }
    })
}

fn estimate_falls_at_once(state: &State, command: &Command, now: Seconds) -> Decided {
    replaced(state, command, now, |_, event| {
        if let Event::EstimateLowered { market, to, .. } = event
            && !to.is_zero()
        {
            *event = Event::EstimateFell { market: *market, to: *to };
        }
    })
}

fn locks_ignored(state: &State, command: &Command, now: Seconds) -> Decided {
    let decided = execute(state, command, now);
    match (&decided, &command.action) {
        (Err(Error::NotEnoughShares { .. }), Action::Transfer { tranche, to, shares })
            if !shares.is_zero() && *shares <= state.active_shares(usize::from(*tranche), command.caller) =>
        {
            let (tranche, from) = (*tranche, command.caller);
            instead(state, command, now, Event::Transferred { tranche, from, to: *to, shares: *shares })
        }
        _ => decided,
    }
}

fn bond_early(state: &State, command: &Command, now: Seconds) -> Decided {
    let decided = execute(state, command, now);
    match &decided {
        Err(Error::BondCallable { until, .. }) if now < *until && now + 1 >= *until => {
            execute(state, command, now + 1)
        }
        _ => decided,
    }
}
