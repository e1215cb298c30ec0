//! Steps about capital: deposits, transfers, exits, the reserve and fees.

use seawall_engine::{Action, Error, Exit, ExitId};
use seawall_fixed::{Assets, Seconds, Shares};

use crate::interpret::{holder, tranche};
use crate::player::{Checked, Player, Ran};
use crate::setup::OWNER;
use crate::step::Op;

/// Plays a step about capital.
pub(crate) fn play<P: Player>(player: &mut P, op: &Op) -> Checked<()> {
    let scale = player.setup().scale();
    let (caller, action) = match *op {
        Op::Deposit { tranche: pick, who, amount } => {
            let (tranche, owner) = (tranche(player, pick), holder(who));
            (owner, Action::Deposit { tranche, owner, assets: Assets::new(amount.of(scale)) })
        }
        Op::Transfer { tranche: pick, from, to, amount } => {
            let (tranche, from, to) = (tranche(player, pick), holder(from), holder(to));
            let held = player.state().active_shares(usize::from(tranche), from).get();
            (from, Action::Transfer { tranche, to, shares: Shares::new(amount.of(held)) })
        }
        Op::Request { tranche: pick, who, amount } => {
            let (tranche, owner) = (tranche(player, pick), holder(who));
            let held = player.state().active_shares(usize::from(tranche), owner).get();
            (owner, Action::RequestExit { tranche, shares: Shares::new(amount.of(held)) })
        }
        Op::FundReserve { amount } => {
            (OWNER, Action::FundReserve { assets: Assets::new(amount.of(scale / 16)) })
        }
        Op::Clear { count: 255 } => return clear_all(player),
        Op::Clear { count } => (OWNER, Action::ClearExits { count: count.into() }),
        Op::ClaimExit { pick } => return claim_exit(player, pick),
        Op::ClaimOther { pick } => {
            let Some(exit) = open(player, pick) else { return Ok(()) };
            (OWNER, Action::ClaimExit { exit: exit.id })
        }
        Op::StreamSurplus => (OWNER, Action::StreamSurplus),
        _ => (OWNER, Action::CollectFees),
    };
    player.act(caller, action).map(|_| ())
}

/// An exit that is not paid in full.
fn open<P: Player>(player: &P, pick: u8) -> Option<Exit> {
    let open: Vec<&Exit> = player.state().exits().iter().filter(|exit| exit.paid < exit.shares).collect();
    open.get(usize::from(pick) % open.len().max(1)).copied().copied()
}

/// Claims an exit. One whose deadline and latent time have passed must clear and pay in full.
fn claim_exit<P: Player>(player: &mut P, pick: u8) -> Checked<()> {
    let Some(exit) = open(player, pick) else { return Ok(()) };
    if player.now() >= due(player, exit.id) {
        return pay_overdue(player, exit.id);
    }
    player.act(exit.owner, Action::ClaimExit { exit: exit.id }).map(|_| ())
}

/// When an exit must be payable in full: max(deadline, request + cooldown + longest term).
pub fn due<P: Player>(player: &P, id: ExitId) -> Seconds {
    let exit = &player.state().exits()[id.index()];
    exit.deadline.max(exit.latent_void_at)
}

/// A sync with all its readings is never refused.
pub(crate) fn sync<P: Player>(player: &mut P) -> Checked<()> {
    match player.act(OWNER, Action::Sync)? {
        Ran::Refused(error) if !matches!(error, Error::TimeTooLarge { .. }) => {
            Err(format!("1.4: a sync was refused: {error}"))
        }
        _ => Ok(()),
    }
}

/// Clears all that can be cleared. From its deadline on an exit can be, whatever the capital.
///
/// # Errors
/// What was violated.
pub fn clear_all<P: Player>(player: &mut P) -> Checked<()> {
    match player.act(OWNER, Action::ClearExits { count: u32::MAX })? {
        Ran::Done => {}
        // The refusal undid the settlement before it too, and that may have voided the queue.
        Ran::Refused(Error::NothingToClear) => sync(player)?,
        Ran::Refused(error) => return Err(format!("5.3: clearing was refused: {error}")),
        Ran::Skipped => return Ok(()),
    }
    let (state, now) = (player.state(), player.now());
    let tranches = state.core().tranches();
    let late = state.exits().iter().find(|exit| {
        let open = exit.generation == tranches[usize::from(exit.tranche)].queued.generation;
        open && now >= exit.deadline && exit.cleared < exit.shares
    });
    late.map_or(Ok(()), |exit| Err(format!("5.3: exit {} is at its deadline and not cleared", exit.id.0)))
}

/// Processes an exit that is due: it clears and pays, whatever happened before.
///
/// # Errors
/// What was violated.
pub fn pay_overdue<P: Player>(player: &mut P, id: ExitId) -> Checked<()> {
    clear_all(player)?;
    let exit = player.state().exits()[id.index()];
    let generation = player.state().core().tranches[usize::from(exit.tranche)].queued.generation;
    if exit.generation != generation || exit.paid == exit.shares {
        return Ok(());
    }
    match player.act(exit.owner, Action::ClaimExit { exit: id })? {
        Ran::Done if player.state().exits()[id.index()].paid == exit.shares => Ok(()),
        Ran::Done => Err(format!("5.4: exit {} is due and was paid in part", id.0)),
        Ran::Refused(Error::ExitVoid { .. }) | Ran::Skipped => Ok(()),
        Ran::Refused(error) => Err(format!("5.4: exit {} is due and was refused: {error}", id.0)),
    }
}
