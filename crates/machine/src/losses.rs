//! Steps about what sources do, and what the risk role makes of it; and commands at the wrong time.

use seawall_engine::{Action, MarketId, Source};
use seawall_fixed::{Assets, Seconds};

use crate::capital::sync;
use crate::interpret::{exposure, pick};
use crate::player::{Checked, Player};
use crate::setup::{OWNER, REPORTER, RISK};
use crate::step::{Amount, Op};

/// Plays a step about losses.
pub(crate) fn play<P: Player>(player: &mut P, op: &Op) -> Checked<()> {
    match *op {
        Op::Sync => return sync(player),
        Op::WrongTime { early, seconds } => return wrong_time(player, early, seconds.into()),
        Op::Lose { market, amount, read: at_once } => {
            let id = lose(player, market, amount);
            if at_once {
                return read(player, id);
            }
        }
        Op::LoseMany { markets, amount } => {
            for market in (0..16u8).filter(|market| markets >> market & 1 == 1) {
                lose(player, market * 16 + 1, amount);
            }
            return sync(player);
        }
        Op::Break { market, falls } => {
            let id = pick(player, market);
            let outside = player.outside(id);
            (outside.failing, outside.falling) = (!falls, falls);
            return read(player, id);
        }
        Op::Heal { market } => {
            let id = pick(player, market);
            let outside = player.outside(id);
            (outside.failing, outside.falling) = (false, false);
            return read(player, id);
        }
        Op::Rate { market, ppm } => {
            let id = pick(player, market);
            let outside = player.outside(id);
            if id.0 % 3 == 2 {
                let step = i128::from(ppm) * 1_000_000_000_000;
                outside.rate = outside.rate.saturating_add_signed(step).max(1);
            }
        }
        Op::SourceRecovers { market, amount } => {
            let id = pick(player, market);
            let amount = amount.of(exposure(player, id));
            let outside = player.outside(id);
            outside.recovered = outside.recovered.saturating_add(amount);
        }
        Op::Accepts { market, most } => {
            let id = pick(player, market);
            let exposure = exposure(player, id);
            player.outside(id).accepts = most.map(|most| most.of(exposure));
        }
        Op::Measures { market, amount } => {
            let id = pick(player, market);
            let exposure = exposure(player, id);
            player.outside(id).latent = amount.of(exposure);
        }
        Op::PayMarket { market } => {
            let market = pick(player, market);
            player.act(OWNER, Action::PayMarket { market })?;
        }
        Op::Estimate { market, amount, days } => {
            let market = pick(player, market);
            let amount = Assets::new(amount.of(exposure(player, market)));
            let expiry = player.now() + Seconds::from(days) * 24 * 3600;
            player.act(RISK, Action::PostEstimate { market, amount, expiry })?;
        }
        _ => {}
    }
    Ok(())
}

fn lose<P: Player>(player: &mut P, market: u8, amount: Amount) -> MarketId {
    let id = pick(player, market);
    let amount = amount.of(exposure(player, id));
    let outside = player.outside(id);
    outside.counter = outside.counter.saturating_add(amount);
    outside.supplied = outside.counter;
    id
}

/// Reads a market: by a report, or by a sync.
fn read<P: Player>(player: &mut P, id: MarketId) -> Checked<()> {
    if player.source(id.0) == Source::Reported { report(player, id) } else { sync(player) }
}

/// Posts the present reading of a reported market.
pub(crate) fn report<P: Player>(player: &mut P, market: MarketId) -> Checked<()> {
    let reading = player.outside(market).reading(market);
    player.act(REPORTER, Action::Report { reading, evidence: [5; 32] }).map(|_| ())
}

/// A sync before the last command, or beyond all time.
fn wrong_time<P: Player>(player: &mut P, early: bool, seconds: Seconds) -> Checked<()> {
    let now = player.now();
    player.set_now(if early { now.saturating_sub(seconds) } else { seawall_engine::TIME_MAX + seconds });
    let ran = player.act(OWNER, Action::Sync);
    player.set_now(now);
    ran.map(|_| ())
}
