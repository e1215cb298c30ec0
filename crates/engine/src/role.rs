//! Roles and rules (9, 5.5): who may do what, and when a change acts. Nobody can stop settlement, move
//! principal, or touch a running exit: no function here does.

use alloc::boxed::Box;

use seawall_fixed::Seconds;

use crate::draft::Draft;
use crate::error::Error;
use crate::event::Event;
use crate::id::AccountId;
use crate::rules::{RUN_OFF, Rules};

/// Refuses a caller that does not hold the role.
pub(crate) fn require(holds: bool, caller: AccountId, role: &'static str) -> Result<(), Error> {
    if holds { Ok(()) } else { Err(Error::NotAuthorised { caller, role }) }
}

/// Refuses a caller that is neither a reporter nor the owner.
pub(crate) fn require_reporter_or_owner(rules: &Rules, caller: AccountId) -> Result<(), Error> {
    let roles = &rules.roles;
    require(roles.reporters.contains(&caller) || roles.owner == caller, caller, "a reporter or the owner")
}

/// Announces rules (5.5): a change that only tightens purchases acts at once; any other waits until
/// max(latest end + run-off, now + cooldown + longest term), read now.
pub(crate) fn announce(draft: &mut Draft, caller: AccountId, rules: Box<Rules>) -> Result<(), Error> {
    require(draft.rules().roles.owner == caller, caller, "the owner")?;
    rules.validate()?;
    if draft.rules().only_tightened_by(&rules) {
        draft.emit(Event::RulesChanged { rules });
        return Ok(());
    }
    let now = draft.core.now;
    let at = (draft.core.latest_end + RUN_OFF).max(now + draft.rules().cooldown + draft.rules().term_max());
    draft.emit(Event::RulesAnnounced { at, rules });
    Ok(())
}

/// Withdraws an announced change.
pub(crate) fn withdraw(draft: &mut Draft, caller: AccountId) -> Result<(), Error> {
    require(draft.rules().roles.owner == caller, caller, "the owner")?;
    // A change whose time has come acted before this command.
    if draft.base.pending_rules.as_ref().is_none_or(|pending| pending.at <= draft.core.now) {
        return Err(Error::NoRulesPending);
    }
    draft.emit(Event::RulesWithdrawn);
    Ok(())
}

/// Pauses deposits and purchases (5.5), for a bounded time; a pause can begin only as long after the last one
/// as a pause may last, so that pauses cannot be chained.
pub(crate) fn pause(draft: &mut Draft, caller: AccountId, until: Seconds) -> Result<(), Error> {
    require(draft.rules().roles.guardian == caller, caller, "the guardian")?;
    let now = draft.core.now;
    let pause_max = draft.rules().pause_max;
    let (from, most) = (draft.core.pause_from.max(now), now + pause_max);
    if now < from || until <= now || until > most {
        return Err(Error::PauseOutOfBounds { from, most });
    }
    draft.emit(Event::Paused { until, next_from: until + pause_max });
    Ok(())
}

/// Pays accrued fees to their recipient; anyone may call.
pub(crate) fn collect_fees(draft: &mut Draft) -> Result<(), Error> {
    let assets = draft.core.fees;
    if assets.is_zero() {
        return Err(Error::NoFees);
    }
    let to = draft.rules().fee_recipient;
    draft.emit(Event::FeesCollected { to, assets });
    Ok(())
}

/// Refuses deposits and purchases while they are paused.
pub(crate) const fn require_unpaused(draft: &Draft) -> Result<(), Error> {
    let until = draft.core.paused_until;
    if draft.core.now < until { Err(Error::Paused { until }) } else { Ok(()) }
}
