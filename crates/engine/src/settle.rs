//! Sync (4): reading every insured market and booking what is new, in one pass, before anything else a command
//! does. A loss is fixed to the moment it is read; every unit of capital at risk then shares it.

use alloc::boxed::Box;
use alloc::vec::Vec;

use seawall_fixed::{Assets, MILLION, Rounding, mul_div};

use crate::draft::Draft;
use crate::error::Error;
use crate::event::{Booking, Event};
use crate::id::{Digest, MarketId, TRANCHES_MAX, TicketId};
use crate::market::{Market, SLOTS, Slot};
use crate::mutual;
use crate::policy::Claim;
use crate::source::{Converted, Reading, Source};
use crate::ticket::{Cohort, Layers, Ticket};
use crate::waterfall::{cumulative_split, pour};

/// A reading posted by a reporter, with its evidence (4.1).
pub(crate) struct Report {
    pub reading: Reading,
    pub evidence: Digest,
}

/// Reads all markets and settles what is new (1.4 step 3).
pub(crate) fn sync(draft: &mut Draft, readings: &[Reading], report: Option<&Report>) -> Result<(), Error> {
    take_readings(draft, readings)?;
    if let Some(report) = report {
        take(draft, &report.reading)?;
    }
    // Every sync books all there is; something new comes by a reading or by a smaller smallest ticket only.
    if draft.touched_markets() {
        let losses = losses(draft)?;
        if !losses.is_empty() {
            book(draft, losses, readings, report)?;
        }
    }
    Ok(())
}

/// Takes the readings of a command: all live markets behind adapters, in ascending order (4.2).
fn take_readings(draft: &mut Draft, readings: &[Reading]) -> Result<(), Error> {
    if readings.is_empty() && draft.core.adapters == 0 {
        return Ok(());
    }
    for pair in readings.windows(2) {
        if pair[0].market >= pair[1].market {
            return Err(Error::ReadingRepeated { market: pair[1].market });
        }
    }
    let mut given = readings.iter();
    for place in draft.live() {
        let market = draft.market_at(place);
        if market.source == Source::Reported {
            continue;
        }
        let id = market.id;
        if !given.any(|reading| reading.market == id) {
            return Err(Error::ReadingMissing { market: id });
        }
    }
    for reading in readings {
        // A market that is about to be insured for the first time is read by the purchase.
        let Ok(market) = draft.market(reading.market) else { continue };
        if market.source == Source::Reported {
            return Err(Error::ReadingNotReported { market: reading.market });
        }
        take(draft, reading)?;
    }
    Ok(())
}

/// Takes one reading: a failed or falling one makes the market stale, a good one moves its counter.
pub(crate) fn take(draft: &mut Draft, reading: &Reading) -> Result<(), Error> {
    let market = draft.market(reading.market)?;
    match next_counter(market, reading, draft.core.now) {
        None if market.stale => {}
        None => draft.emit(Event::MarketStale { market: reading.market }),
        Some((counter, converted)) => {
            let changed = market.stale
                || market.counter != counter
                || market.converted != converted
                || market.measured != reading.latent
                || market.supplied != reading.supplied
                || market.recovered != reading.recovered;
            if changed {
                draft.emit(Event::MarketRead {
                    market: reading.market,
                    counter,
                    converted,
                    measured: reading.latent,
                    supplied: reading.supplied,
                    recovered: reading.recovered,
                });
            }
        }
    }
    Ok(())
}

/// The counter after a reading, in the pool's unit; none when the reading failed, fell, or left its rate bound.
fn next_counter(market: &Market, reading: &Reading, now: u64) -> Option<(u128, Option<Converted>)> {
    let source_counter = reading.counter?;
    let (counter, converted) = match (market.source, market.converted) {
        (Source::Adapter { conversion: Some(bound), .. }, Some(last)) => {
            let increase = last.increase(source_counter, reading.rate, bound, now)?;
            // The rate and time used last move only when something was converted.
            let next = if source_counter == last.source {
                last
            } else {
                Converted { source: source_counter, rate: reading.rate, at: now }
            };
            (market.counter.checked_add(increase)?, Some(next))
        }
        _ => (source_counter, None),
    };
    (counter >= market.counter && reading.recovered >= market.recovered).then_some((counter, converted))
}

/// A loss read and assessed, not yet shared out.
struct Loss {
    place: u32,
    slot: Slot,
    claim: Claim,
}

/// What each policy in force has to book (4.3): nothing below the smallest ticket. All are computed before any
/// layer is asked (4.4).
fn losses(draft: &Draft) -> Result<Vec<Loss>, Error> {
    let now = draft.core.now;
    let rules = draft.rules();
    let mut losses = Vec::new();
    for place in draft.live() {
        let market = draft.market_at(place);
        if market.stale {
            continue;
        }
        for slot in SLOTS {
            let Some(policy) = market.policy(slot).filter(|policy| policy.in_force(now)) else { continue };
            let gross = policy.gross(market.counter);
            if gross < rules.ticket_min {
                continue;
            }
            let claim = policy.claim(gross, now, rules.early_period, rules.early_multiple)?;
            losses.push(Loss { place, slot, claim });
        }
    }
    Ok(losses)
}

/// Runs the losses of one sync through the layers and books a ticket for each.
fn book(
    draft: &mut Draft,
    losses: Vec<Loss>,
    readings: &[Reading],
    report: Option<&Report>,
) -> Result<(), Error> {
    forfeit_bonuses(draft, &losses);
    let mut owed: Vec<Assets> = losses.iter().map(|loss| loss.claim.owed).collect();
    let mut reserve = draft.core.reserve;
    let from_reserve = pour(&mut reserve, &mut owed);
    let tranches: Vec<TrancheLoss> = (0..usize::from(draft.core.tranche_count))
        .map(|tranche| TrancheLoss::pour(draft, tranche, &mut owed))
        .collect();
    let members: Vec<_> = losses
        .iter()
        .map(|loss| draft.market_at(loss.place).policy(loss.slot).and_then(|policy| policy.member))
        .collect();
    let from_mutual = mutual::call(draft, &members, &mut owed)?;

    for (index, loss) in losses.iter().enumerate() {
        let mut lost = Layers {
            deductible: loss.claim.deductible,
            coinsured: loss.claim.coinsured,
            reserve: from_reserve[index],
            tranches: [Assets::ZERO; TRANCHES_MAX],
            own_bond: from_mutual.own[index],
            called: from_mutual.called[index],
            uncovered: loss.claim.over_limit + loss.claim.unpaid + owed[index],
        };
        let mut active = [Cohort::default(); TRANCHES_MAX];
        let mut queued = [Cohort::default(); TRANCHES_MAX];
        for (tranche, taken) in tranches.iter().enumerate() {
            lost.tranches[tranche] = taken.parts[index];
            (active[tranche], queued[tranche]) = taken.cohorts(index);
        }
        let ticket = ticket(draft, loss, lost, active, queued, report);
        let policy = draft.market_at(loss.place).policy(loss.slot).expect("assessed above");
        let policy = policy.after(&loss.claim, draft.core.now);
        draft.emit(Event::TicketBooked(Box::new(Booking { ticket, slot: loss.slot, policy })));
        lower_estimate(draft, loss);
    }
    pay(draft, &losses, readings, report)
}

/// At the first ticket the no-claims bonus goes to the reserve, before the waterfall runs (3.7).
fn forfeit_bonuses(draft: &mut Draft, losses: &[Loss]) {
    for loss in losses {
        let market = draft.market_at(loss.place);
        let amount = market.policy(loss.slot).map_or(Assets::ZERO, |policy| policy.bonus);
        if !amount.is_zero() {
            let market = market.id;
            draft.emit(Event::BonusForfeited { market, slot: loss.slot, amount });
        }
    }
}

/// What one tranche gives to the losses of a sync, and how its classes share it.
struct TrancheLoss {
    parts: Vec<Assets>,
    queued_parts: Vec<Assets>,
    active: Cohort,
    queued: Cohort,
}

impl TrancheLoss {
    fn pour(draft: &Draft, index: usize, owed: &mut [Assets]) -> Self {
        let tranche = &draft.core.tranches[index];
        let mut left = tranche.assets();
        let parts = pour(&mut left, owed);
        let queued_part = tranche.queued_part(tranche.assets() - left);
        Self {
            queued_parts: cumulative_split(queued_part, &parts),
            parts,
            active: Cohort {
                loss: Assets::ZERO,
                supply: tranche.active.shares,
                generation: tranche.active.generation,
            },
            queued: Cohort {
                loss: Assets::ZERO,
                supply: tranche.queued.shares,
                generation: tranche.queued.generation,
            },
        }
    }

    /// Cohorts of the active and the queued class for one loss.
    fn cohorts(&self, index: usize) -> (Cohort, Cohort) {
        let queued = self.queued_parts[index];
        (Cohort { loss: self.parts[index] - queued, ..self.active }, Cohort { loss: queued, ..self.queued })
    }
}

fn ticket(
    draft: &Draft,
    loss: &Loss,
    lost: Layers,
    active: [Cohort; TRANCHES_MAX],
    queued: [Cohort; TRANCHES_MAX],
    report: Option<&Report>,
) -> Ticket {
    let market = draft.market_at(loss.place);
    let policy = market.policy(loss.slot).expect("assessed above");
    let reported = report.filter(|report| report.reading.market == market.id);
    let borne = lost.coinsured + lost.uncovered;
    Ticket {
        id: TicketId(draft.core.tickets),
        market: market.id,
        policy: policy.id,
        buyer: policy.buyer,
        destination: market.destination,
        time: draft.core.now,
        counter: market.counter,
        evidence: reported.map_or(policy.digest, |report| report.evidence),
        gross: loss.claim.gross,
        over_limit: loss.claim.over_limit,
        residual: lost.uncovered - loss.claim.over_limit,
        lost,
        supplied: market.supplied,
        haircut: haircut(borne, market.supplied),
        active,
        queued,
        mutual_supply: draft.core.mutual.units,
        mutual_generation: draft.core.mutual.generation,
        member: policy.member,
        recovered: Layers::default(),
        buyer_due: Assets::ZERO,
        last_recovery: draft.core.now,
        write_off_notice: None,
        written_off: false,
        next: None,
    }
}

/// Haircut of lenders in millionths, rounded up and at most the whole; zero when the supply is unknown (4.6).
fn haircut(borne: Assets, supplied: u128) -> u32 {
    if supplied == 0 {
        return 0;
    }
    let share =
        mul_div(borne.get(), MILLION, supplied, Rounding::Up).map_or(MILLION, |part| part.min(MILLION));
    u32::try_from(share).expect("at most one million")
}

/// A booked loss lowers its market's estimate one for one (5.6).
fn lower_estimate(draft: &mut Draft, loss: &Loss) {
    let market = draft.market_at(loss.place);
    let Some(estimate) = market.estimate else { return };
    let market = market.id;
    let to = estimate.amount.saturating_sub(loss.claim.gross);
    draft.emit(if to.is_zero() {
        Event::EstimateClosed { market, repost_from: 0 }
    } else {
        Event::EstimateFell { market, to }
    });
}

/// Sends what the layers paid to each market (4.5), after setting off what its source recovered on losses
/// booked before and kept (6.1).
fn pay(
    draft: &mut Draft,
    losses: &[Loss],
    readings: &[Reading],
    report: Option<&Report>,
) -> Result<(), Error> {
    let first = TicketId(draft.core.tickets - u32::try_from(losses.len()).expect("at most 32 losses"));
    for (index, loss) in losses.iter().enumerate() {
        if index > 0 && losses[index - 1].place == loss.place {
            continue;
        }
        let market = draft.market_at(loss.place);
        let id = market.id;
        let kept = Assets::new(market.recovered.saturating_sub(market.passed_on)).min(market.set_aside);
        if !kept.is_zero() && market.oldest_ticket.is_some_and(|oldest| oldest < first) {
            draft.emit(Event::SetOff { market: id, assets: kept });
            crate::recovery::assign(draft, id, crate::recovery::ASSIGN_IN_SYNC)?;
        }
        pay_market(draft, id, accepts(readings, report, id));
    }
    Ok(())
}

/// What a market's destination accepts, by the reading of this command.
pub(crate) fn accepts(readings: &[Reading], report: Option<&Report>, market: MarketId) -> Option<Assets> {
    readings
        .iter()
        .chain(report.map(|report| &report.reading))
        .find(|reading| reading.market == market)
        .and_then(|reading| reading.accepts)
        .map(Assets::new)
}

/// Pays what is set aside for a market as far as its destination accepts; the rest stays for it alone. Returns
/// what was paid.
pub(crate) fn pay_market(draft: &mut Draft, id: MarketId, accepts: Option<Assets>) -> Assets {
    let Ok(market) = draft.market(id) else { return Assets::ZERO };
    let assets = accepts.map_or(market.set_aside, |most| most.min(market.set_aside));
    let destination = market.destination;
    if !assets.is_zero() {
        draft.emit(Event::MarketPaid { market: id, destination, assets });
    }
    assets
}
