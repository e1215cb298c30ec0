//! Steps become commands here: each choice is read against the state it meets.

use seawall_engine::{AccountId, Exit, MarketId, TicketId};
use seawall_fixed::{EPOCH_SECONDS, Seconds};

use crate::player::{Checked, Player};
use crate::setup::{BUYERS, HOLDERS};
use crate::step::{Amount, Op, Step, Terms, Time};
use crate::{capital, cover, garbage, losses, order, recoveries};

/// Markets that steps choose from.
pub const MARKETS: u32 = 16;

const MONTH: Seconds = 30 * 24 * 3600;

/// Who buys cover for a market.
#[must_use]
pub const fn buyer(market: MarketId) -> AccountId {
    AccountId(BUYERS + market.0 % 3)
}

/// Puts capital and cover in place.
///
/// # Errors
/// What was violated.
pub fn warm_up<P: Player>(player: &mut P) -> Checked<()> {
    let stay = |op: Op| Step { time: Time::Stay, op };
    for tranche in 0..player.setup().tranches {
        for who in [tranche, 7] {
            step(player, &stay(Op::Deposit { tranche, who, amount: Amount::Around(0) }))?;
        }
    }
    step(player, &Step { time: Time::Boundary { ahead: 3, offset: 0 }, op: Op::Sync })?;
    let part = Amount::Part(9_000);
    for market in 0..3 {
        step(player, &stay(Op::Lose { market, amount: Amount::Units(0), read: true }))?;
        let terms = Terms {
            market,
            limit: part,
            event: part,
            deductible: Amount::Units(u128::from(market) * 3),
            bonded: Amount::Units(3),
            coinsurance: u32::from(market) * 50_000,
            epochs: 12,
            premium: Amount::Part(900),
            bonus: u32::from(market) * 100_000,
            split: 3,
            charge: part,
            callable: Amount::Part(u16::from(market) * 400),
            spoil: 255,
        };
        step(player, &stay(Op::Buy(terms)))?;
    }
    step(player, &Step { time: Time::Boundary { ahead: 3, offset: 0 }, op: Op::Sync })?;
    for market in 0..3 {
        step(player, &stay(Op::Activate { market }))?;
    }
    Ok(())
}

/// Moves time and does what a step says. An error is a violated property; refusals are fine.
///
/// # Errors
/// What was violated.
pub fn step<P: Player>(player: &mut P, step: &Step) -> Checked<()> {
    let now = at(player, step.time).max(player.now());
    player.set_now(now);
    let op = &step.op;
    match op {
        Op::Deposit { .. }
        | Op::Transfer { .. }
        | Op::Request { .. }
        | Op::Clear { .. }
        | Op::ClaimExit { .. }
        | Op::ClaimOther { .. }
        | Op::FundReserve { .. }
        | Op::StreamSurplus
        | Op::CollectFees => capital::play(player, op),
        Op::Buy(terms) => order::play(player, terms),
        Op::FillMarkets { epochs } => order::fill(player, *epochs),
        Op::Activate { .. }
        | Op::Cancel { .. }
        | Op::Finalise { .. }
        | Op::ReleaseBond { .. }
        | Op::Revoke { .. }
        | Op::Announce { .. }
        | Op::WithdrawRules
        | Op::Pause { .. } => cover::play(player, op),
        Op::RecoverTicket { .. }
        | Op::RecoverMarket { .. }
        | Op::Assign { .. }
        | Op::ClaimRecovery { .. }
        | Op::ClaimAll { .. }
        | Op::ClaimDeductible { .. }
        | Op::ClaimBond { .. }
        | Op::ClaimBonds { .. }
        | Op::WriteOff { .. }
        | Op::OpenLot { .. }
        | Op::BuyLot { .. }
        | Op::BidLow { .. } => recoveries::play(player, op),
        Op::Garbage { action, caller, id, small, amount, readings } => {
            garbage::play(player, *action, *caller, *id, *small, *amount, *readings)
        }
        _ => losses::play(player, op),
    }
}

fn at<P: Player>(player: &P, time: Time) -> Seconds {
    let (state, now) = (player.state(), player.now());
    let exit = |pick: u8| {
        let open: Vec<&Exit> = state.exits().iter().filter(|exit| exit.paid < exit.shares).collect();
        open.get(usize::from(pick) % open.len().max(1)).copied().copied()
    };
    let beside = |at: Seconds, offset: i8| at.saturating_add_signed(i64::from(offset));
    match time {
        Time::Stay => now,
        Time::Seconds(seconds) => now + Seconds::from(seconds),
        Time::Boundary { ahead, offset } => {
            beside((now / EPOCH_SECONDS + Seconds::from(ahead)) * EPOCH_SECONDS, offset)
        }
        Time::Due { offset } => match state.core().due {
            Seconds::MAX => now,
            due => beside(due, offset),
        },
        Time::Cooled { pick, offset } => exit(pick).map_or(now, |exit| beside(exit.cooled_at, offset)),
        Time::Deadline { pick, offset } => exit(pick).map_or(now, |exit| beside(exit.deadline, offset)),
        Time::Void { pick, offset } => exit(pick).map_or(now, |exit| beside(exit.latent_void_at, offset)),
        Time::Months(months) => now + Seconds::from(months) * MONTH,
    }
}

/// A tranche of the pool.
pub(crate) fn tranche<P: Player>(player: &P, tranche: u8) -> u8 {
    tranche % player.setup().tranches
}

/// A holder of shares.
pub(crate) fn holder(who: u8) -> AccountId {
    AccountId(u32::from(who) % HOLDERS)
}

/// A ticket; 255 is the newest.
pub(crate) fn ticket<P: Player>(player: &P, pick: u8) -> TicketId {
    let tickets = player.state().core().tickets.max(1);
    TicketId(if pick == 255 { tickets - 1 } else { u32::from(pick) % tickets })
}

/// A market: mostly one that is insured, sometimes any.
pub(crate) fn pick<P: Player>(player: &P, market: u8) -> MarketId {
    let (core, markets) = (player.state().core(), player.state().markets());
    let live = &core.live[..usize::from(core.live_count)];
    match live.get(usize::from(market) / 16 % live.len().max(1)) {
        Some(place) if !market.is_multiple_of(16) => markets[*place as usize].id,
        _ => MarketId(u32::from(market) % MARKETS),
    }
}

/// What a market may lose at most now, as a reference for amounts.
pub(crate) fn exposure<P: Player>(player: &P, market: MarketId) -> u128 {
    let policies = player.state().market(market).into_iter().flat_map(|market| market.policies());
    let left =
        policies.map(|policy| policy.deductible_left.get().saturating_add(policy.limit_left.get())).max();
    left.filter(|left| *left > 0).unwrap_or(player.setup().scale() / 16)
}
