//! What must hold after every command. Functions over a state, so that tests, fuzzers and `verify` use the
//! same ones.

use ruint::aliases::U256;
use seawall_fixed::{Assets, epoch_start};
use thiserror::Error;

use crate::premium::STREAMS;
use crate::source::Source;
use crate::state::State;

/// An invariant that does not hold: the state is damaged.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[allow(missing_docs, reason = "the fields are the numbers that the message prints")]
pub enum Violation {
    #[error("1.3: {tokens} tokens are held, the books add up to {booked}")]
    Conservation { tokens: Assets, booked: Assets },
    #[error("3.6: what stream {stream} still owes is not its unearned premium")]
    Stream { stream: usize },
    #[error("3.6: the rate of stream {stream} is not what its buckets end")]
    Rate { stream: usize },
    #[error("3.5: required capital is {booked}, the open policies' charges add up to {charges}")]
    Required { booked: Assets, charges: Assets },
    #[error("the markets' {what} add up to {sum}, booked are {booked}")]
    Markets { what: &'static str, booked: Assets, sum: Assets },
    #[error("4.2: the list of live or stale markets is wrong")]
    Live,
    #[error("4.3: the parts of ticket {ticket} do not add up to its gross loss")]
    TicketParts { ticket: u32 },
    #[error("6.1: a layer of ticket {ticket} recovered more than it lost")]
    OverRecovered { ticket: u32 },
    #[error("5.4: tranche {tranche} has more cleared than queued shares, or a broken queue")]
    Queue { tranche: usize },
    #[error("2.3: assets of tranche {tranche} stand against no shares beyond one command's dust")]
    Orphan { tranche: usize },
}

/// Checks every invariant whose cost does not grow with holders.
///
/// # Errors
/// The first one that does not hold.
pub fn check(state: &State) -> Result<(), Violation> {
    conservation(state)?;
    streams(state)?;
    policies(state)?;
    queues(state)?;
    let first = state.tickets.len().saturating_sub(32);
    tickets(state, first)
}

/// 1.3: every token held has a place in the books.
///
/// # Errors
/// [`Violation::Conservation`].
pub fn conservation(state: &State) -> Result<(), Violation> {
    let (tokens, booked) = (state.core.tokens, state.core.booked());
    if tokens == booked { Ok(()) } else { Err(Violation::Conservation { tokens, booked }) }
}

/// 3.6: unearned x 2^64 = sum of rate x (end - max(now, start)) + carry, and each rate is what is yet to end.
///
/// # Errors
/// [`Violation::Stream`] or [`Violation::Rate`].
pub fn streams(state: &State) -> Result<(), Violation> {
    let now = state.core.now;
    for index in 0..STREAMS {
        let stream = &state.core.streams[index];
        // A stream that runs from s to e owes rate x (e - now) - rate x max(s - now, 0).
        let mut ends = U256::from(stream.carry);
        let mut starts = U256::ZERO;
        let (mut rate_ends, mut rate_starts) = (0, 0);
        for (&epoch, bucket) in &state.schedule.buckets {
            let ahead = U256::from(epoch_start(epoch) - now);
            ends += U256::from(bucket.ends[index]) * ahead;
            starts += U256::from(bucket.starts[index]) * ahead;
            rate_ends += bucket.ends[index];
            rate_starts += bucket.starts[index];
        }
        if stream.rate + rate_starts != rate_ends {
            return Err(Violation::Rate { stream: index });
        }
        if U256::from(stream.unearned.get()) << 64_usize != ends - starts {
            return Err(Violation::Stream { stream: index });
        }
    }
    Ok(())
}

/// 3.5, 4.2, 4.5: sums over policies and markets.
fn policies(state: &State) -> Result<(), Violation> {
    let core = &state.core;
    let all = || state.markets.iter().flat_map(|market| market.policies());
    let charges: Assets = all().filter(|policy| policy.is_open()).map(|policy| policy.charge).sum();
    if charges != core.required {
        return Err(Violation::Required { booked: core.required, charges });
    }
    let sums: [(&'static str, Assets, Assets); 4] = [
        ("bonuses", core.bonus, all().map(|policy| policy.bonus).sum()),
        ("deductible bonds", core.bonds, all().map(|policy| policy.bond_left).sum()),
        ("amounts set aside", core.set_aside, state.markets.iter().map(|market| market.set_aside).sum()),
        (
            "unassigned recoveries",
            core.unassigned,
            state.markets.iter().map(|market| market.unassigned).sum(),
        ),
    ];
    for (what, booked, sum) in sums {
        if booked != sum {
            return Err(Violation::Markets { what, booked, sum });
        }
    }
    let live = state.markets.iter().filter(|market| market.is_live());
    let stale = live.clone().filter(|market| market.stale).count();
    let listed = core.live[..usize::from(core.live_count)].iter();
    let ids = listed.clone().map(|&place| state.markets[place as usize].id);
    let ascending = ids.clone().zip(ids.skip(1)).all(|(one, next)| one < next);
    let all_live = listed.clone().all(|&place| state.markets[place as usize].is_live());
    let adapters = live.clone().filter(|market| market.source != Source::Reported).count();
    let estimates = state.markets.iter().filter(|market| market.estimate.is_some()).count();
    if live.count() != usize::from(core.live_count)
        || adapters != usize::from(core.adapters)
        || stale != usize::from(core.stale)
        || estimates != core.estimates as usize
        || !ascending
        || !all_live
    {
        return Err(Violation::Live);
    }
    Ok(())
}

/// 2.3, 5.4: queues are consistent, and no assets stand without shares but dust that the next command sweeps.
fn queues(state: &State) -> Result<(), Violation> {
    for (index, tranche) in state.core.tranches().iter().enumerate() {
        let queue_broken = tranche.head.is_some() != tranche.tail.is_some()
            || tranche.head.is_some_and(|head| {
                let exit = &state.exits[head.index()];
                usize::from(exit.tranche) != index
                    || exit.cleared >= exit.shares
                    || exit.generation != tranche.queued.generation
            });
        if tranche.cleared > tranche.queued.shares || queue_broken {
            return Err(Violation::Queue { tranche: index });
        }
        // A last holder leaves at most what rounding left: less than one unit a share price of one asset.
        if tranche.queued.shares.is_zero() && !tranche.queued.assets.is_zero() {
            return Err(Violation::Orphan { tranche: index });
        }
    }
    Ok(())
}

/// 4.3, 6.1: the parts of each ticket from `first` on add up, and nothing recovered more than it lost.
///
/// # Errors
/// [`Violation::TicketParts`] or [`Violation::OverRecovered`].
pub fn tickets(state: &State, first: usize) -> Result<(), Violation> {
    for ticket in &state.tickets[first..] {
        let number = ticket.id.0;
        let classes: Assets = ticket.active.iter().chain(&ticket.queued).map(|cohort| cohort.loss).sum();
        let tranches: Assets = ticket.lost.tranches.iter().copied().sum();
        if ticket.lost.total() != ticket.gross
            || ticket.over_limit + ticket.residual != ticket.lost.uncovered
            || classes != tranches
        {
            return Err(Violation::TicketParts { ticket: number });
        }
        if ticket.recovered.saturating_sub(&ticket.lost) != crate::ticket::Layers::default() {
            return Err(Violation::OverRecovered { ticket: number });
        }
    }
    Ok(())
}
