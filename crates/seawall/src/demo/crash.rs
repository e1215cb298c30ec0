//! The crash, hour by hour: each market's level of bad debt becomes its counter, the pool settles, and somebody
//! asks to leave.

use seawall_engine::{Action, LevelCounter};
use seawall_fixed::Assets;

use super::opening::Calendar;
use super::pool::{LEAVER, OPERATOR, Pool, UNDERWRITERS, tokens, underwriter, units};
use super::replay::Replay;
use crate::output::Failure;

/// Who can bear a loss, in the order in which they do.
pub const BEARERS: [&str; 8] =
    ["deductible", "coinsurance", "reserve", "junior", "senior", "mutual", "over limit", "residual"];

/// The pool at the end of one hour.
#[derive(Clone, Debug, PartialEq)]
pub struct Tick {
    /// Second on the pool's clock.
    pub at: u64,
    /// Second in the price history.
    pub history_time: u64,
    /// Price of each column relative to the beginning.
    pub relative: Vec<f64>,
    /// Level of bad debt of all markets.
    pub level: f64,
    /// Debt past its threshold and not served.
    pub backlog: f64,
    /// Debt liquidated so far.
    pub liquidated: f64,
    /// Booked so far, by who bore it ([`BEARERS`]).
    pub borne: [f64; 8],
    /// Price of an active share of each tranche, 1 at the deposit.
    pub share_price: Vec<f64>,
    /// Price of a queued share of the leaver's tranche, on the scale of its active shares; none before the request.
    pub queued_price: Option<f64>,
}

/// What the crash did.
#[derive(Clone, Debug, PartialEq)]
pub struct Crashed {
    /// The hours.
    pub ticks: Vec<Tick>,
    /// Counter of each market at the end, tokens.
    pub counters: Vec<f64>,
    /// What came back within the window, to be passed on: counter less level, units.
    pub recoveries: Vec<Assets>,
    /// The leaver's request: second, value then.
    pub request: (u64, f64),
    /// Value of the request at the end of the window.
    pub request_after: f64,
    /// Left at the end of the window in reserve, junior, senior and mutual layer.
    pub left: [f64; 4],
}

/// Carries the pool through the scenario.
///
/// # Errors
/// What the pool refuses.
pub fn carry(pool: &mut Pool, replay: &Replay, calendar: &Calendar) -> Result<Crashed, Failure> {
    let markets = replay.hours.first().map_or(0, |hour| hour.markets.len());
    let mut counters = vec![LevelCounter::default(); markets];
    let mut ticks = Vec::with_capacity(replay.hours.len());
    let mut request = (0, 0.0);
    let mut scale = 1.0;
    for (index, hour) in replay.hours.iter().enumerate() {
        pool.now = calendar.crash + 3_600 * (index as u64 + 1);
        for (market, (state, counter)) in hour.markets.iter().zip(&mut counters).enumerate() {
            pool.counters[market] = counter.poke(units(state.level())?.get()).map_err(|_| too_large())?;
        }
        pool.act(OPERATOR, Action::Sync)?;
        // Half-way through, after the hour's losses are booked.
        if index + 1 == replay.hours.len() / 2 {
            request = ask_to_leave(pool)?;
            scale = prices(pool)[usize::from(UNDERWRITERS[LEAVER].tranche)];
        }
        ticks.push(Tick {
            at: pool.now,
            history_time: hour.history_time,
            relative: hour.relative.clone(),
            level: hour.markets.iter().map(super::replay::MarketHour::level).sum(),
            backlog: hour.markets.iter().map(|market| market.backlog).sum(),
            liquidated: hour.markets.iter().map(|market| market.liquidated).sum(),
            borne: borne(pool),
            share_price: prices(pool),
            queued_price: (request.0 > 0).then(|| scale * leaving_value(pool) / request.1),
        });
    }
    let recoveries = counters.iter().map(|counter| Assets::new(counter.cum - counter.last)).collect();
    Ok(Crashed {
        ticks,
        counters: counters.iter().map(|counter| tokens(Assets::new(counter.cum))).collect(),
        recoveries,
        request,
        request_after: leaving_value(pool),
        left: left(pool),
    })
}

fn too_large() -> Failure {
    Failure::input("a loss counter exceeds 2^128 - 1")
}

/// The leaver queues everything it holds.
fn ask_to_leave(pool: &mut Pool) -> Result<(u64, f64), Failure> {
    let who = &UNDERWRITERS[LEAVER];
    let owner = underwriter(LEAVER);
    let shares = pool.state().active_shares(usize::from(who.tranche), owner);
    pool.act(owner, Action::RequestExit { tranche: who.tranche, shares })?;
    Ok((pool.now, leaving_value(pool)))
}

/// What the leaver's request is worth now.
fn leaving_value(pool: &Pool) -> f64 {
    let state = pool.state();
    state.exits().first().map_or(0.0, |exit| tokens(state.exit_value(exit.id)))
}

/// Assets per share of each tranche's active class; a deposit bought 1,000 shares a unit.
fn prices(pool: &Pool) -> Vec<f64> {
    pool.state()
        .core()
        .tranches()
        .iter()
        .map(|tranche| {
            let class = &tranche.active;
            let shares = class.shares.get() as f64;
            if shares > 0.0 { class.assets.get() as f64 * 1_000.0 / shares } else { 0.0 }
        })
        .collect()
}

fn left(pool: &Pool) -> [f64; 4] {
    let core = pool.state().core();
    let tranches = core.tranches.map(|tranche| tokens(tranche.assets()));
    [tokens(core.reserve), tranches[0], tranches[1], tokens(core.mutual.assets)]
}

/// Booked so far, by bearer.
pub fn borne(pool: &Pool) -> [f64; 8] {
    let mut sums = [Assets::ZERO; 8];
    for ticket in pool.state().tickets() {
        let parts = [
            ticket.lost.deductible,
            ticket.lost.coinsured,
            ticket.lost.reserve,
            ticket.lost.tranches[0],
            ticket.lost.tranches[1],
            ticket.lost.own_bond + ticket.lost.called,
            ticket.over_limit,
            ticket.residual,
        ];
        for (sum, part) in sums.iter_mut().zip(parts) {
            *sum += part;
        }
    }
    sums.map(tokens)
}
