//! What came out: layers, tranches against what the actuary had expected, people and markets, conservation. Every
//! figure is read from the pool's state or from what its commands moved. Units: tokens.

use seawall_actuary::loss::probability_at;
use seawall_engine::invariant;

use super::aftermath::Settled;
use super::crash::{BEARERS, Crashed, borne};
use super::opening::Sold;
use super::pool::{LEAVER, Pool, UNDERWRITERS, tokens, underwriter};
use crate::output::Failure;
use crate::quote::Quote;

/// One bearer of losses.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerLine {
    /// Name.
    pub name: &'static str,
    /// What stood ready; none for what nobody had set aside.
    pub size: Option<f64>,
    /// Paid.
    pub paid: f64,
    /// Came back.
    pub recovered: f64,
}

/// One tranche (or the reserve) against expectation, over the term.
#[derive(Clone, Debug, PartialEq)]
pub struct TrancheLine {
    /// Name.
    pub name: &'static str,
    /// Capital paid in.
    pub capital: f64,
    /// Premium expected and earned.
    pub premium: (f64, f64),
    /// Loss expected and borne.
    pub loss: (f64, f64),
    /// Came back.
    pub recovered: f64,
    /// Return over the term, expected and actual.
    pub result: (f64, f64),
    /// Model's probability of any loss in the term.
    pub probability: f64,
}

/// One underwriter.
#[derive(Clone, Debug, PartialEq)]
pub struct PersonLine {
    /// Name.
    pub name: &'static str,
    /// Tranche in words.
    pub tranche: &'static str,
    /// Paid in.
    pub paid_in: f64,
    /// Worth at the end, or paid out to the leaver.
    pub value: f64,
    /// Claimed of recoveries.
    pub claimed: f64,
    /// True for the one who left.
    pub left: bool,
}

/// One market.
#[derive(Clone, Debug, PartialEq)]
pub struct MarketLine {
    /// Name.
    pub name: String,
    /// Premium paid.
    pub premium: f64,
    /// Loss booked.
    pub gross: f64,
    /// Received from the pool, its own deductible bond included.
    pub received: f64,
    /// Of which from its own bond.
    pub own: f64,
    /// Passed on to the pool as recovery.
    pub passed_on: f64,
    /// Came back to it: deductible, coinsurance, uncovered.
    pub back: f64,
}

/// One ticket.
#[derive(Clone, Debug, PartialEq)]
pub struct TicketLine {
    /// Number.
    pub number: u32,
    /// Market.
    pub market: String,
    /// Second on the pool's clock.
    pub time: u64,
    /// Gross loss.
    pub gross: f64,
    /// Who bore it ([`BEARERS`]).
    pub borne: [f64; 8],
    /// Came back.
    pub recovered: f64,
}

/// Everything.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// Bearers in order.
    pub layers: Vec<LayerLine>,
    /// Reserve, junior, senior.
    pub tranches: Vec<TrancheLine>,
    /// Underwriters.
    pub people: Vec<PersonLine>,
    /// Markets.
    pub markets: Vec<MarketLine>,
    /// Tickets in order of booking.
    pub tickets: Vec<TicketLine>,
    /// Gross loss booked.
    pub gross: f64,
    /// What came back.
    pub recovered: f64,
    /// What reserve, tranches and mutual layer owed.
    pub owed: f64,
    /// Lost for good: the level of bad debt at the end of the window.
    pub for_good: f64,
    /// Model's probability that the gross loss of the term is as large as what was lost for good, and its error.
    pub exceedance: (f64, f64),
    /// Tokens held and booked at the end, units.
    pub held: (u128, u128),
    /// True when all invariants hold.
    pub sound: bool,
}

/// Gathers the outcome.
///
/// # Errors
/// Statistics that cannot be made.
pub fn gather(
    pool: &Pool,
    quote: &Quote,
    sold: &[Sold],
    crashed: &Crashed,
    settled: &Settled,
) -> Result<Outcome, Failure> {
    let paid = borne(pool);
    let back = recovered(pool);
    let gross: f64 = pool.state().tickets().iter().map(|ticket| tokens(ticket.gross)).sum();
    let for_good = crashed.ticks.last().map_or(0.0, |tick| tick.level);
    let exceedance = probability_at(&quote.pricing.term().gross_exceedance, for_good);
    let core = pool.state().core();
    Ok(Outcome {
        layers: layers(sold, crashed, &paid, &back),
        tranches: tranches(pool, quote, settled, &paid, &back),
        people: people(pool, quote, settled),
        markets: markets(pool, sold, crashed, settled),
        tickets: tickets(pool, sold),
        gross,
        recovered: back.iter().sum(),
        owed: paid[2..6].iter().sum::<f64>() + paid[7],
        for_good,
        exceedance: (exceedance.value, exceedance.standard_error),
        held: (core.tokens.get(), core.booked().get()),
        sound: invariant::check(pool.state()).is_ok() && invariant::tickets(pool.state(), 0).is_ok(),
    })
}

/// What came back, by bearer. What was over a limit and what was residual come back as one.
fn recovered(pool: &Pool) -> [f64; 8] {
    let mut sums = [0.0; 8];
    for ticket in pool.state().tickets() {
        let back = &ticket.recovered;
        let parts = [
            tokens(back.deductible),
            tokens(back.coinsured),
            tokens(back.reserve),
            tokens(back.tranches[0]),
            tokens(back.tranches[1]),
            tokens(back.own_bond + back.called),
            tokens(back.uncovered),
            0.0,
        ];
        for (sum, part) in sums.iter_mut().zip(parts) {
            *sum += part;
        }
    }
    sums
}

/// What stood ready is what a layer paid and what it had left: capital, premium earned by then, forfeited bonuses.
fn layers(sold: &[Sold], crashed: &Crashed, paid: &[f64; 8], back: &[f64; 8]) -> Vec<LayerLine> {
    let bonds: f64 = sold.iter().map(|policy| policy.bond).sum();
    (0..BEARERS.len())
        .map(|index| LayerLine {
            name: BEARERS[index],
            size: match index {
                0 => Some(bonds),
                2..=5 => Some(paid[index] + crashed.left[index - 2]),
                _ => None,
            },
            paid: paid[index],
            recovered: back[index],
        })
        .collect()
}

fn tranches(
    pool: &Pool,
    quote: &Quote,
    settled: &Settled,
    paid: &[f64; 8],
    back: &[f64; 8],
) -> Vec<TrancheLine> {
    let core = pool.state().core();
    (0..3)
        .map(|layer| {
            let capital = quote.pricing.design.layers.sizes()[layer];
            let expected = &quote.pricing.tranches[layer];
            let (loss, recovered) = (paid[layer + 2], back[layer + 2]);
            let left = match layer {
                // Recoveries of the reserve are in it again.
                0 => tokens(core.reserve) - recovered,
                _ => {
                    let who = UNDERWRITERS[LEAVER].tranche;
                    let out = if usize::from(who) + 1 == layer { settled.leaver_paid } else { 0.0 };
                    tokens(core.tranches[layer - 1].assets()) + out
                }
            };
            let earned = left - capital + loss;
            TrancheLine {
                name: BEARERS[layer + 2],
                capital,
                premium: (expected.premium, earned),
                loss: (expected.expected_loss.value, loss),
                recovered,
                result: (
                    expected.expected_return.map_or(0.0, |estimate| estimate.value),
                    (earned - loss + recovered) / capital,
                ),
                probability: expected.probability_of_loss.value,
            }
        })
        .collect()
}

fn people(pool: &Pool, quote: &Quote, settled: &Settled) -> Vec<PersonLine> {
    UNDERWRITERS
        .iter()
        .enumerate()
        .map(|(index, who)| {
            let tranche = usize::from(who.tranche);
            let held = tokens(pool.state().active_value(tranche, underwriter(index)));
            let left = index == LEAVER;
            PersonLine {
                name: who.name,
                tranche: BEARERS[tranche + 3],
                paid_in: quote.pricing.design.layers.sizes()[tranche + 1] * who.part,
                value: if left { held + settled.leaver_paid } else { held },
                claimed: settled.claimed[index],
                left,
            }
        })
        .collect()
}

fn markets(pool: &Pool, sold: &[Sold], crashed: &Crashed, settled: &Settled) -> Vec<MarketLine> {
    sold.iter()
        .enumerate()
        .map(|(index, policy)| {
            let mine = || pool.state().tickets().iter().filter(|ticket| ticket.market.index() == index);
            let own: f64 = mine().map(|ticket| tokens(ticket.lost.deductible)).sum();
            let unpaid: f64 =
                mine().map(|ticket| tokens(ticket.lost.coinsured + ticket.lost.uncovered)).sum();
            let gross: f64 = mine().map(|ticket| tokens(ticket.gross)).sum();
            let uncovered: f64 =
                mine().map(|ticket| tokens(ticket.recovered.coinsured + ticket.recovered.uncovered)).sum();
            MarketLine {
                name: policy.market.clone(),
                premium: policy.premium,
                gross,
                received: gross - unpaid,
                own,
                passed_on: tokens(crashed.recoveries[index]),
                back: settled.deductible_back[index] + settled.mutual_back[index] + uncovered,
            }
        })
        .collect()
}

fn tickets(pool: &Pool, sold: &[Sold]) -> Vec<TicketLine> {
    pool.state()
        .tickets()
        .iter()
        .map(|ticket| TicketLine {
            number: ticket.id.0,
            market: sold.get(ticket.market.index()).map_or_else(String::new, |policy| policy.market.clone()),
            time: ticket.time,
            gross: tokens(ticket.gross),
            borne: [
                tokens(ticket.lost.deductible),
                tokens(ticket.lost.coinsured),
                tokens(ticket.lost.reserve),
                tokens(ticket.lost.tranches[0]),
                tokens(ticket.lost.tranches[1]),
                tokens(ticket.lost.own_bond + ticket.lost.called),
                tokens(ticket.over_limit),
                tokens(ticket.residual),
            ],
            recovered: tokens(ticket.recovered.total()),
        })
        .collect()
}
