//! Commands that make no sense: unknown ids, amounts of nothing and of everything, wrong callers and readings.

use seawall_engine::{
    AccountId, Action, ClassKind, Command, ExitId, LotId, MarketId, MemberId, Reading, TicketId,
};
use seawall_fixed::{Assets, Seconds, Shares};

use crate::player::{Checked, Player};
use crate::step::Amount;

/// Plays a command with unknown ids, amounts of nothing and of everything, wrong callers and readings.
pub(crate) fn play<P: Player>(
    player: &mut P,
    action: u8,
    caller: u32,
    id: u32,
    small: u8,
    amount: Amount,
    readings: u8,
) -> Checked<()> {
    let amount = amount.of(player.setup().scale());
    let (assets, shares) = (Assets::new(amount), Shares::new(amount));
    let market = MarketId(id);
    let class = if small & 1 == 0 { ClassKind::Active } else { ClassKind::Queued };
    let account = AccountId(if id == u32::MAX { id } else { id % 64 });
    let (ticket, reading) = (TicketId(id), Reading { counter: Some(amount), ..Reading::of(market, 0) });
    let checkpoint = u32::from(readings);
    let action = match action % 24 {
        0 => Action::Deposit { tranche: small, owner: account, assets },
        1 => Action::Transfer { tranche: small, to: account, shares },
        2 => Action::RequestExit { tranche: small, shares },
        3 => Action::ClearExits { count: id },
        4 => Action::ClaimExit { exit: ExitId(id) },
        5 => Action::FundReserve { assets },
        6 => Action::Activate { market },
        7 => Action::Cancel { market },
        8 => Action::Finalise { market },
        9 => Action::ReleaseBond { member: MemberId(id) },
        10 => Action::RevokeQuotes { market, nonce: u64::MAX - u64::from(small) },
        11 => Action::Report { reading, evidence: [small; 32] },
        12 => Action::PayMarket { market },
        13 => Action::PostEstimate { market, amount: assets, expiry: Seconds::from(id) << (small % 32) },
        14 => Action::RecoverTicket { ticket, assets },
        15 => Action::RecoverMarket { market, assets, count: id },
        16 => Action::AssignRecoveries { market, count: id },
        17 => Action::ClaimRecovery { ticket, tranche: small, class, checkpoint },
        18 => Action::ClaimDeductible { ticket },
        19 => Action::ClaimBond { ticket, member: MemberId(u32::from(small)), checkpoint },
        20 => Action::OpenLot {
            ticket,
            goods: [1; 32],
            start: assets,
            floor: assets,
            duration: 1 << (small % 64),
        },
        21 => Action::BuyLot { lot: LotId(id), price_max: assets },
        22 => Action::Pause { until: u64::MAX },
        _ => Action::WriteOff { ticket },
    };
    // Any role may be the caller: garbage from a key that is trusted is garbage too.
    let caller = AccountId(if caller < 20 { caller + 10 } else { caller });
    let mut command = Command::new(caller, action);
    match readings % 6 {
        tampering @ 0..=2 => player.run_tampered(command, tampering, reading),
        3 => {
            command.received = Some(Assets::new(amount.wrapping_add(1)));
            player.run(command)
        }
        _ => player.run(command),
    }
    .map(|_| ())
}
