//! Steps about what comes back: recoveries, claims, write-offs, auctions.

use seawall_engine::{Action, ClassKind, Command, LotId, MemberId, TicketId};
use seawall_fixed::{Assets, Seconds};

use crate::interpret::{exposure, holder, pick, ticket, tranche};
use crate::player::{Checked, Player};
use crate::setup::{HOLDERS, OWNER};
use crate::step::Op;

/// Length of a round of an auction.
const ROUND: Seconds = 7200;

/// Plays a step about recoveries.
pub(crate) fn play<P: Player>(player: &mut P, op: &Op) -> Checked<()> {
    let (caller, action) = match *op {
        Op::RecoverTicket { pick, amount } => {
            let ticket = ticket(player, pick);
            let lost = player.state().ticket(ticket).map_or(1, |ticket| ticket.outstanding().total().get());
            (OWNER, Action::RecoverTicket { ticket, assets: Assets::new(amount.of(lost)) })
        }
        Op::RecoverMarket { market, amount, count } => {
            let market = pick(player, market);
            let assets = Assets::new(amount.of(exposure(player, market)));
            (OWNER, Action::RecoverMarket { market, assets, count: count.into() })
        }
        Op::Assign { market, count } => {
            (OWNER, Action::AssignRecoveries { market: pick(player, market), count: count.into() })
        }
        Op::ClaimRecovery { ticket: pick, who, tranche: layer, queued } => {
            let class = if queued { ClassKind::Queued } else { ClassKind::Active };
            let (ticket, layer) = (ticket(player, pick), tranche(player, layer));
            return run(player, recovery(player, ticket, who, layer, class));
        }
        Op::ClaimAll { ticket: pick } => return claim_all(player, pick),
        Op::ClaimDeductible { ticket: pick } => {
            let ticket = ticket(player, pick);
            let caller = player.state().ticket(ticket).map_or(OWNER, |ticket| ticket.buyer);
            (caller, Action::ClaimDeductible { ticket })
        }
        Op::ClaimBond { ticket: pick, member } => {
            let id = MemberId(u32::from(member) % player.state().core().members.max(1));
            let Some(command) = bond(player, ticket(player, pick), id) else { return Ok(()) };
            return run(player, command);
        }
        Op::ClaimBonds { ticket: pick } => {
            let ticket = ticket(player, pick);
            for id in 0..player.state().core().members {
                let Some(command) = bond(player, ticket, MemberId(id)) else { continue };
                run(player, command)?;
            }
            return Ok(());
        }
        Op::WriteOff { ticket: pick, announce: true } => {
            (OWNER, Action::AnnounceWriteOff { ticket: ticket(player, pick) })
        }
        Op::WriteOff { ticket: pick, .. } => (OWNER, Action::WriteOff { ticket: ticket(player, pick) }),
        Op::OpenLot { ticket: pick, amount } => {
            let start = Assets::new(amount.of(player.setup().scale() / 16));
            let (ticket, floor) = (ticket(player, pick), Assets::new(start.get() / 3));
            // A reporter can say that goods arrived, or the owner where there is none.
            let caller = player.setup().rules.roles.reporters.first().copied().unwrap_or(OWNER);
            (caller, Action::OpenLot { ticket, goods: [4; 32], start, floor, duration: ROUND })
        }
        Op::BidLow { pick } => {
            let lot = lot(player, pick);
            let price_max = Assets::ZERO;
            (OWNER, Action::BuyLot { lot, price_max })
        }
        Op::BuyLot { pick } => (OWNER, Action::BuyLot { lot: lot(player, pick), price_max: Assets::MAX }),
        _ => return Ok(()),
    };
    player.act(caller, action).map(|_| ())
}

fn run<P: Player>(player: &mut P, command: Command) -> Checked<()> {
    player.run(command).map(|_| ())
}

/// A lot; 255 is the newest.
fn lot<P: Player>(player: &P, pick: u8) -> LotId {
    let lots = player.state().core().lots.max(1);
    LotId(if pick == 255 { lots - 1 } else { u32::from(pick) % lots })
}

/// A claim by the checkpoint that the ticket uses.
fn recovery<P: Player>(player: &P, ticket: TicketId, who: u8, tranche: u8, class: ClassKind) -> Command {
    let holders = player.state().holders();
    let owner = holder(who);
    let track = holders.track(usize::from(tranche), class, owner);
    let index = track.index_for(holders.histories(), ticket).unwrap_or(0);
    let checkpoint = u32::try_from(index).expect("few checkpoints");
    Command::new(owner, Action::ClaimRecovery { ticket, tranche, class, checkpoint })
}

/// Everyone claims what is theirs of a ticket: all that any has a share of.
fn claim_all<P: Player>(player: &mut P, pick: u8) -> Checked<()> {
    let id = ticket(player, pick);
    for tranche in 0..player.setup().tranches {
        for class in [ClassKind::Active, ClassKind::Queued] {
            for who in 0..u8::try_from(HOLDERS).expect("few holders") {
                if player.state().ticket(id).is_none() {
                    return Ok(());
                }
                if !player.state().claimable(holder(who), id, usize::from(tranche), class).is_zero() {
                    run(player, recovery(player, id, who, tranche, class))?;
                }
            }
        }
    }
    Ok(())
}

/// A member's claim by the checkpoint that the ticket uses.
fn bond<P: Player>(player: &P, ticket: TicketId, id: MemberId) -> Option<Command> {
    let state = player.state();
    let member = state.member(id)?;
    let index = member.units.index_for(state.holders().histories(), ticket).unwrap_or(0);
    let checkpoint = u32::try_from(index).expect("few checkpoints");
    Some(Command::new(member.owner, Action::ClaimBond { ticket, member: id, checkpoint }))
}
