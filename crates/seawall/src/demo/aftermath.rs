//! After the crash: what came back is shared out and claimed, the policies end, the leaver is paid, the books are
//! closed.

use seawall_engine::{Action, ClassKind, Event, ExitId, MemberId, TicketId};
use seawall_fixed::Assets;

use super::crash::Crashed;
use super::opening::Calendar;
use super::pool::{DAY, LEAVER, OPERATOR, Pool, UNDERWRITERS, market_id, tokens, treasury, underwriter};
use crate::output::Failure;

/// Days from the end of the crash to the day on which what came back is passed on.
pub const RECOVERY_DAYS: u64 = 14;

/// Most tickets or exits looked at by one command.
const COUNT: u32 = 10_000;

/// What came in and went out after the crash, tokens.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settled {
    /// Recovery of each market.
    pub recovered: Vec<f64>,
    /// Claimed by each underwriter.
    pub claimed: Vec<f64>,
    /// Deductible that came back to each market.
    pub deductible_back: Vec<f64>,
    /// Callable bonds returned to each market.
    pub callable_back: Vec<f64>,
    /// Rest of the deductible bond and no-claims bonus paid to each market.
    pub bond_back: Vec<f64>,
    /// No-claims bonus paid to each market.
    pub bonus: Vec<f64>,
    /// Mutual layer's recovery claimed by each market.
    pub mutual_back: Vec<f64>,
    /// Fee collected.
    pub fee: f64,
    /// What the leaver was paid.
    pub leaver_paid: f64,
    /// Claims of recoveries.
    pub claims: u32,
}

/// Runs everything that comes after.
///
/// # Errors
/// What the pool refuses.
pub fn run(pool: &mut Pool, crashed: &Crashed, calendar: &Calendar) -> Result<Settled, Failure> {
    let markets = crashed.recoveries.len();
    let mut settled = Settled {
        claimed: vec![0.0; UNDERWRITERS.len()],
        deductible_back: vec![0.0; markets],
        callable_back: vec![0.0; markets],
        bond_back: vec![0.0; markets],
        bonus: vec![0.0; markets],
        mutual_back: vec![0.0; markets],
        recovered: crashed.recoveries.iter().map(|&assets| tokens(assets)).collect(),
        ..Settled::default()
    };
    let crash_end = crashed.ticks.last().map_or(calendar.crash, |tick| tick.at);
    pool.now = crash_end + RECOVERY_DAYS * DAY;
    recover(pool, crashed, &mut settled)?;
    pool.now = calendar.end.max(pool.now);
    pool.act(OPERATOR, Action::Sync)?;
    close_policies(pool, &mut settled)?;
    pay_leaver(pool, &mut settled)?;
    Ok(settled)
}

/// Each market passes on what it recovered; everybody who lost claims its part.
fn recover(pool: &mut Pool, crashed: &Crashed, settled: &mut Settled) -> Result<(), Failure> {
    for (market, &assets) in crashed.recoveries.iter().enumerate() {
        if assets.is_zero() {
            continue;
        }
        let action = Action::RecoverMarket { market: market_id(market), assets, count: COUNT };
        pool.act(treasury(market), action)?;
    }
    for (index, who) in UNDERWRITERS.iter().enumerate() {
        claim(pool, index, who.tranche, settled)?;
    }
    let tickets: Vec<(TicketId, usize)> =
        pool.state().tickets().iter().map(|ticket| (ticket.id, ticket.market.index())).collect();
    for (ticket, market) in tickets {
        let due = pool.state().ticket(ticket).map_or(Assets::ZERO, |ticket| ticket.buyer_due);
        if !due.is_zero() {
            pool.act(treasury(market), Action::ClaimDeductible { ticket })?;
            settled.claims += 1;
            settled.deductible_back[market] += tokens(due);
        }
    }
    claim_bonds(pool, settled)
}

/// One underwriter claims from every ticket and class.
fn claim(pool: &mut Pool, index: usize, tranche: u8, settled: &mut Settled) -> Result<(), Failure> {
    let owner = underwriter(index);
    let mut commands = Vec::new();
    for ticket in pool.state().tickets() {
        for class in [ClassKind::Active, ClassKind::Queued] {
            let due = pool.state().claimable(owner, ticket.id, usize::from(tranche), class);
            if due.is_zero() {
                continue;
            }
            let holders = pool.state().holders();
            let track = holders.track(usize::from(tranche), class, owner);
            let found = track.index_for(holders.histories(), ticket.id);
            let Some(checkpoint) = found.and_then(|place| u32::try_from(place).ok()) else { continue };
            let action = Action::ClaimRecovery { ticket: ticket.id, tranche, class, checkpoint };
            commands.push((owner, action));
            settled.claimed[index] += tokens(due);
        }
    }
    settled.claims += commands.len() as u32;
    if !commands.is_empty() {
        pool.act_all(commands)?;
    }
    Ok(())
}

/// Members claim what came back to the mutual layer.
fn claim_bonds(pool: &mut Pool, settled: &mut Settled) -> Result<(), Failure> {
    let touched: Vec<TicketId> = pool
        .state()
        .tickets()
        .iter()
        .filter(|ticket| !(ticket.recovered.own_bond + ticket.recovered.called).is_zero())
        .map(|ticket| ticket.id)
        .collect();
    for ticket in touched {
        for market in 0..settled.mutual_back.len() {
            let member = MemberId(market as u32);
            let state = pool.state();
            let track = state.member(member).map(|member| member.units);
            let found = track.and_then(|units| units.index_for(state.holders().histories(), ticket));
            let Some(checkpoint) = found.and_then(|place| u32::try_from(place).ok()) else { continue };
            let action = Action::ClaimBond { ticket, member, checkpoint };
            // A member without a part in this ticket has nothing to claim, which is no failure.
            if let Ok(events) = pool.act(treasury(market), action) {
                settled.claims += 1;
                settled.mutual_back[market] += events
                    .iter()
                    .map(|event| match event {
                        Event::BondClaimed { assets, .. } => tokens(*assets),
                        _ => 0.0,
                    })
                    .sum::<f64>();
            }
        }
    }
    Ok(())
}

/// Bonus and bonds go back to the markets, the fee is collected.
fn close_policies(pool: &mut Pool, settled: &mut Settled) -> Result<(), Failure> {
    for market in 0..settled.bond_back.len() {
        for event in pool.act(treasury(market), Action::Finalise { market: market_id(market) })? {
            if let Event::PolicyFinalised { bonus_paid, bond, .. } = event {
                settled.bonus[market] += tokens(bonus_paid);
                settled.bond_back[market] += tokens(bond);
            }
        }
        let action = Action::ReleaseBond { member: MemberId(market as u32) };
        for event in pool.act(treasury(market), action)? {
            if let Event::BondReleased { assets, .. } = event {
                settled.callable_back[market] += tokens(assets);
            }
        }
    }
    for event in pool.act(OPERATOR, Action::CollectFees)? {
        if let Event::FeesCollected { assets, .. } = event {
            settled.fee += tokens(assets);
        }
    }
    Ok(())
}

/// The leaver's exit clears when nothing is required of it any more, at its deadline at the latest, and is paid.
fn pay_leaver(pool: &mut Pool, settled: &mut Settled) -> Result<(), Failure> {
    let exit = ExitId(0);
    if pool.state().exit_value(exit).is_zero() {
        return Ok(());
    }
    let cooled = pool.state().exit(exit).map_or(0, |exit| exit.cooled_at);
    pool.now = pool.now.max(cooled);
    pool.act(OPERATOR, Action::ClearExits { count: COUNT })?;
    for event in pool.act(underwriter(LEAVER), Action::ClaimExit { exit })? {
        if let Event::ExitPaid { assets, .. } = event {
            settled.leaver_paid += tokens(assets);
        }
    }
    Ok(())
}
