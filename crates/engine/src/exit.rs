//! Exits (5): requested at net asset value, cleared in order, paid on demand. A request bears losses and no
//! gains until it is paid, and nobody can freeze, lengthen or reorder it.

use seawall_fixed::{Assets, MILLION, Rounding, Seconds, Shares, epoch_of, mul_div};

use crate::draft::Draft;
use crate::error::Error;
use crate::event::Event;
use crate::id::{AccountId, ExitId};
use crate::latent;
use crate::state::Core;
use crate::tranche::Tranche;

/// A request to leave. All shares are queued shares of one tranche and generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Exit {
    /// Number in order of request over all tranches.
    pub id: ExitId,
    /// Who leaves.
    pub owner: AccountId,
    /// Tranche.
    pub tranche: u8,
    /// Generation of the queued class.
    pub generation: u32,
    /// Shares requested.
    pub shares: Shares,
    /// Part of them cleared so far.
    pub cleared: Shares,
    /// Part of the cleared ones paid so far.
    pub paid: Shares,
    /// First second at which it can clear.
    pub cooled_at: Seconds,
    /// From here on it clears whatever the capital (5.3).
    pub deadline: Seconds,
    /// From here on latent losses no longer hold its payment back (5.6).
    pub latent_void_at: Seconds,
    /// Next exit of the same tranche.
    pub next: Option<ExitId>,
}

/// Asks to leave with unlocked shares (5.1).
///
/// The deadline is never before that of the exit ahead in the same queue: the queue is first in, first out, so
/// an earlier one could not be kept after a shortening of the cooldown.
pub(crate) fn request(
    draft: &mut Draft,
    owner: AccountId,
    tranche_index: u8,
    burned: Shares,
) -> Result<(), Error> {
    crate::execute::check_tranche(&draft.core, tranche_index)?;
    let now = draft.core.now;
    let tranche = draft.core.tranches[usize::from(tranche_index)];
    let holding = draft.base.holders.active(usize::from(tranche_index), owner);
    let unlocked = holding.unlocked(tranche.active.generation, epoch_of(now));
    if burned.is_zero() || burned > unlocked {
        return Err(Error::NotEnoughShares { asked: burned, unlocked });
    }
    let value = tranche.active.value(burned)?;
    let (shares, moved) = queue_shares(&tranche, value)?;
    if moved.is_zero() {
        return Err(Error::MovesNothing);
    }
    let whole = burned == holding.track.balance(tranche.active.generation);
    let least = draft.rules().exit_min;
    if value < least && !whole {
        return Err(Error::BelowMinimum { what: "exit", given: value, least });
    }
    tranche.queued.shares.checked_add(shares)?;
    let cooled_at = now + draft.rules().cooldown;
    let ahead = tranche.tail.map_or(0, |tail| draft.base.exits[tail.index()].deadline);
    let exit = Exit {
        id: ExitId(draft.core.exits),
        owner,
        tranche: tranche_index,
        generation: tranche.queued.generation,
        shares,
        cleared: Shares::ZERO,
        paid: Shares::ZERO,
        cooled_at,
        deadline: cooled_at.max(draft.core.latest_end).max(ahead),
        latent_void_at: cooled_at + draft.rules().term_max(),
        next: None,
    };
    draft.emit(Event::ExitRequested { exit, burned, moved });
    Ok(())
}

/// Queued shares minted for `value`, and the assets that move with them (5.1). Rounded so that the value of
/// no queued share rises.
fn queue_shares(tranche: &Tranche, value: Assets) -> Result<(Shares, Assets), Error> {
    let queued = &tranche.queued;
    if queued.shares.is_zero() {
        return Ok((Shares::new(value.get()), value));
    }
    let shares = value.to_shares(queued.shares.get(), queued.assets.get(), Rounding::Down)?;
    Ok((shares, queued.value(shares)?))
}

/// Clears exits whose cooldown has passed (5.3), looking at `count` of them.
pub(crate) fn clear(draft: &mut Draft, count: u32) -> Result<(), Error> {
    let mut cleared = false;
    for _ in 0..count {
        let Some((id, shares, done)) = next_to_clear(draft)? else { break };
        draft.emit(Event::ExitCleared { exit: id, shares, done });
        cleared = true;
        if !done {
            break;
        }
    }
    if cleared { Ok(()) } else { Err(Error::NothingToClear) }
}

/// The next exit to clear, how many of its shares, and whether that is all of it.
///
/// A head at its deadline comes first, whatever the capital. Else it is the lowest exit id among the heads that
/// the junior floor alone does not block; where the pool's capital blocks it, nobody overtakes.
fn next_to_clear(draft: &Draft) -> Result<Option<(ExitId, Shares, bool)>, Error> {
    let now = draft.core.now;
    let least = draft.rules().exit_min;
    let heads = || {
        let heads = draft.core.tranches().iter().filter_map(|tranche| tranche.head);
        heads.map(|id| draft.base.exits[id.index()]).filter(move |exit| now >= exit.cooled_at)
    };
    if let Some(due) = heads().filter(|exit| now >= exit.deadline).min_by_key(|exit| exit.id) {
        return Ok(Some((due.id, due.shares - due.cleared, true)));
    }
    let spare = spare_capital(&draft.core);
    let mut ready: [Option<Exit>; crate::id::TRANCHES_MAX] = [None; crate::id::TRANCHES_MAX];
    for (place, exit) in ready.iter_mut().zip(heads()) {
        *place = Some(exit);
    }
    ready.sort_by_key(|exit| exit.map_or(u32::MAX, |exit| exit.id.0));
    for exit in ready.into_iter().flatten() {
        let tranche = &draft.core.tranches[usize::from(exit.tranche)];
        let left = exit.shares - exit.cleared;
        let by_pool = clearable(tranche, left, spare, least)?;
        let floor_spare = floor_spare(draft, exit.tranche)?;
        let by_floor = clearable(tranche, left, floor_spare, least)?;
        match (by_pool.is_zero(), by_floor.is_zero()) {
            (false, false) => {
                let shares = by_pool.min(by_floor);
                return Ok(Some((exit.id, shares, shares == left)));
            }
            // The junior floor alone blocks it: the next head may go.
            (false, true) => {}
            (true, _) => return Ok(None),
        }
    }
    Ok(None)
}

/// Shares out of `left` whose value `spare` allows: all of them, or a part worth at least the smallest item.
fn clearable(tranche: &Tranche, left: Shares, spare: Assets, least: Assets) -> Result<Shares, Error> {
    let queued = &tranche.queued;
    let value = left.to_assets(queued.assets, queued.shares, Rounding::Up)?;
    if value <= spare {
        return Ok(left);
    }
    if spare < least {
        return Ok(Shares::ZERO);
    }
    // floor(spare x Sq / Aq) shares are worth at most `spare`, also when rounded up.
    let part = mul_div(spare.get(), queued.shares.get(), queued.assets.get(), Rounding::Down)?;
    Ok(Shares::new(part).min(left))
}

/// What the pool holds above its required capital, without what is cleared already (5.3).
fn spare_capital(core: &Core) -> Assets {
    let all = core.tranches().iter().fold(core.reserve, |sum, tranche| sum + tranche.assets());
    let cleared: Assets = core.tranches().iter().map(Tranche::cleared_value).sum();
    all.saturating_sub(cleared).saturating_sub(core.required)
}

/// What tranche 0 holds above the junior floor; no bound for the others.
fn floor_spare(draft: &Draft, tranche: u8) -> Result<Assets, Error> {
    if tranche != 0 {
        return Ok(Assets::MAX);
    }
    let junior = &draft.core.tranches[0];
    let floor = draft.core.required.part(draft.rules().junior_floor, Rounding::Up)?;
    Ok(junior.assets().saturating_sub(junior.cleared_value()).saturating_sub(floor))
}

/// Pays a cleared exit to its owner, in any order (5.4): at most what latent losses leave of what is cleared.
pub(crate) fn claim(draft: &mut Draft, caller: AccountId, id: ExitId) -> Result<(), Error> {
    let exit = *draft.base.exit(id).ok_or(Error::NoSuchExit { exit: id })?;
    if exit.owner != caller {
        return Err(Error::NotTheLeaver { exit: id });
    }
    let queued = draft.core.tranches[usize::from(exit.tranche)].queued;
    if exit.generation != queued.generation {
        return Err(Error::ExitVoid { exit: id });
    }
    let latent = if draft.core.now >= exit.latent_void_at {
        0
    } else {
        latent::shares(draft)?[usize::from(exit.tranche)]
    };
    let payable = mul_div(MILLION - u128::from(latent), exit.cleared.get(), MILLION, Rounding::Down)?;
    let shares = Shares::new(payable).saturating_sub(exit.paid);
    if shares.is_zero() {
        return Err(Error::NothingToPay { exit: id });
    }
    let (assets, dust) = queued.redeem(shares)?;
    draft.emit(Event::ExitPaid { exit: id, shares, assets, dust });
    Ok(())
}
