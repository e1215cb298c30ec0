//! Buying and ending cover (3): a quote checked against what it binds and against governance's bounds, the
//! scarcity curve, capacity, activation, cancellation, the closing of an ended policy's books.

use alloc::boxed::Box;

use ruint::aliases::U256;
use seawall_fixed::{Assets, EPOCH_SECONDS, Overflow, Rounding, Seconds, Shares, mul_div};

use crate::draft::Draft;
use crate::error::Error;
use crate::event::{Cancellation, Event, Purchase};
use crate::id::{AccountId, Digest, MARKETS_MAX, MarketId, MemberId, PolicyId};
use crate::market::{Market, SLOTS, Slot};
use crate::policy::{EventWindow, Policy, Quote, Status, boundary_after, boundary_from};
use crate::premium::{self, PREMIUM_STREAMS, RESERVE_STREAM, Split};
use crate::rules::{Knot, MULTIPLIER_ONE, RUN_OFF, Rules, YEAR};
use crate::source::{Converted, Reading, Source};
use crate::{mutual, role, settle};

/// A purchase: the signed quote and what was recovered from its signature.
pub(crate) struct Order<'a> {
    pub quote: &'a Quote,
    pub digest: Digest,
    pub signer: AccountId,
    pub premium_max: Assets,
}

/// Buys cover (3.1 to 3.6).
pub(crate) fn buy(
    draft: &mut Draft,
    caller: AccountId,
    received: Option<Assets>,
    order: &Order,
    readings: &[Reading],
) -> Result<(), Error> {
    let quote = order.quote;
    role::require_unpaused(draft)?;
    check_quote(draft, caller, order)?;
    if draft.core.stale > 0 {
        return Err(Error::MarketsStale { count: draft.core.stale });
    }
    if draft.core.on_ice() {
        return Err(Error::OnIce);
    }
    open_market(draft, quote, readings)?;
    let market = draft.market(quote.market)?;
    if market.counter != quote.counter {
        return Err(Error::CounterMoved { quoted: quote.counter, counter: market.counter });
    }
    let slot = free_slot(market)?;
    let start = start(draft, market);
    let end = start + u64::from(quote.term_epochs) * EPOCH_SECONDS;
    let premium = price(draft, quote)?;
    if premium > order.premium_max {
        return Err(Error::PremiumAboveMaximum { premium, most: order.premium_max });
    }
    let latest_end = draft.core.latest_end.max(end);
    if latest_end > quote.latest_end_max {
        return Err(Error::LatestEndMoved { latest_end, assumed: quote.latest_end_max });
    }
    let split = split_premium(quote, premium, end - start)?;
    premium::check_rates(&draft.base.schedule, draft.core.now, 0, &split.rates)?;
    let units = if quote.callable_bond.is_zero() {
        Shares::ZERO
    } else {
        mutual::units_for(draft, quote.callable_bond)?
    };
    if units.is_zero() && !quote.callable_bond.is_zero() {
        // The bond would be a gift to the other members.
        return Err(Error::MovesNothing);
    }
    draft.core.mutual.units.checked_add(units)?;
    let bonds = quote.deductible_bond.checked_add(quote.callable_bond)?;
    crate::execute::receive(draft, received, premium.checked_add(bonds)?)?;

    let early = draft.rules().early_period;
    let (first_start, first_limit) = chain(draft.market(quote.market)?, quote.limit, start, early);
    let policy = Policy {
        id: PolicyId(draft.core.policies),
        buyer: quote.buyer,
        digest: order.digest,
        limit: quote.limit,
        event_limit: quote.event_limit,
        coinsurance: quote.coinsurance,
        start,
        end,
        term_end: end,
        premium,
        bonus: premium - split.parts.iter().copied().sum(),
        rates: split.rates,
        charge_bought: quote.charge,
        charge: quote.charge,
        member: (!units.is_zero()).then_some(MemberId(draft.core.members)),
        status: Status::Pending,
        cancelled: false,
        seen: quote.counter,
        deductible_left: quote.deductible,
        bond_left: quote.deductible_bond,
        limit_left: quote.limit,
        event: EventWindow::default(),
        eligible_cum: Assets::ZERO,
        insured_cum: Assets::ZERO,
        paid_cum: Assets::ZERO,
        tickets: 0,
        first_start,
        first_limit,
    };
    draft.emit(Event::PolicyBought(Box::new(Purchase {
        market: quote.market,
        slot,
        policy,
        parts: split.parts,
        carries: split.carries,
        bond: (quote.callable_bond, units),
        nonce: quote.nonce,
    })));
    Ok(())
}

/// What the quote binds, and the bounds that governance puts on it (3.2).
fn check_quote(draft: &Draft, caller: AccountId, order: &Order) -> Result<(), Error> {
    let (quote, rules, now) = (order.quote, draft.rules(), draft.core.now);
    if quote.pool != draft.base.pool {
        return Err(Error::QuoteForAnotherPool);
    }
    if caller != quote.buyer {
        return Err(Error::NotTheBuyer { caller });
    }
    if !rules.roles.actuaries.contains(&order.signer) {
        return Err(Error::NotAnActuary { signer: order.signer });
    }
    if now > quote.deadline {
        return Err(Error::QuoteExpired { deadline: quote.deadline, now });
    }
    if quote.holds_pool_asset && draft.base.asset.wrapper {
        return Err(Error::CircularCover { market: quote.market });
    }
    let terms = [
        (!quote.limit.is_zero(), "limit"),
        (quote.limit <= rules.limit_max, "limit"),
        (!quote.event_limit.is_zero(), "event_limit"),
        (quote.deductible_bond <= quote.deductible, "deductible_bond"),
        (quote.coinsurance.is_fraction(), "coinsurance"),
        (quote.bonus_share.is_fraction(), "bonus_share"),
        (crate::rules::sum(&quote.split) <= 1_000_000, "split"),
        (!quote.charge.is_zero(), "charge"),
        ((1..=rules.term_epochs_max).contains(&quote.term_epochs), "term_epochs"),
    ];
    if let Some((_, what)) = terms.into_iter().find(|(fine, _)| !fine) {
        return Err(Error::OutsideBounds { what });
    }
    let (limit, term) = (quote.limit.get(), u128::from(quote.term_epochs) * u128::from(EPOCH_SECONDS));
    let a_year = rules.rate_min.of(limit, Rounding::Up)?;
    let least = Assets::new(mul_div(a_year, term, u128::from(YEAR), Rounding::Up)?);
    if quote.premium < least {
        return Err(Error::PremiumTooLow { premium: quote.premium, least });
    }
    check_market(draft, quote)?;
    check_capital(draft, quote)
}

/// Nonce, latent estimate and source of the market, as far as it is known.
fn check_market(draft: &Draft, quote: &Quote) -> Result<(), Error> {
    let market = draft.market(quote.market);
    let least = market.as_ref().map_or(0, |market| market.nonce);
    // The largest number has no successor that could void it.
    if quote.nonce < least || quote.nonce == u64::MAX {
        return Err(Error::NonceUsed { nonce: quote.nonce, least });
    }
    let Ok(market) = market else { return Ok(()) };
    if market.is_pinned() && (market.source != quote.source || market.destination != quote.destination) {
        return Err(Error::SourcePinned { market: quote.market });
    }
    // A renewal at no higher limit stays possible; its baseline will include the estimate (3.3).
    let renewal = renewed(draft, market).is_some_and(|policy| quote.limit <= policy.limit);
    if market.estimate.is_some() && !renewal {
        return Err(Error::EstimateOpen { market: quote.market });
    }
    Ok(())
}

/// Required capital with the new charge against the pool, the junior floor and the market's share (3.4, 3.5).
fn check_capital(draft: &Draft, quote: &Quote) -> Result<(), Error> {
    let (core, rules) = (&draft.core, draft.rules());
    let required = core.required.checked_add(quote.charge)?;
    if required > quote.required_max {
        return Err(Error::RequiredMoved { required, assumed: quote.required_max });
    }
    let capital = scarce_capital(draft);
    if required > capital {
        return Err(Error::CapacityExceeded { required, capital });
    }
    let floor = required.part(rules.junior_floor, Rounding::Up)?;
    let junior = core.tranches[0].active.assets;
    if junior < floor {
        return Err(Error::JuniorFloor { junior, floor });
    }
    // One sync may owe all limits together; their sum must be an amount (1.2).
    let open = draft.live().flat_map(|place| draft.market_at(place).policies());
    open.filter(|policy| policy.is_open())
        .try_fold(quote.limit, |sum, policy| sum.checked_add(policy.limit_left))?;
    let charged: Assets = match draft.market(quote.market) {
        Ok(market) => market.policies().map(|policy| policy.charge).sum(),
        Err(_) => Assets::ZERO,
    };
    let charge = charged.checked_add(quote.charge)?;
    let most = core.unqueued().part(rules.market_share_max, Rounding::Down)?;
    if charge > most {
        return Err(Error::MarketShareExceeded { charge, most });
    }
    Ok(())
}

/// C = min(unqueued capital now, at the last epoch boundary) (3.4): capital that comes for a moment is none.
fn scarce_capital(draft: &Draft) -> Assets {
    draft.core.unqueued().min(draft.core.boundary.unqueued)
}

/// Opens a market that is insured for the first time, or pins its source and destination anew (3.1).
fn open_market(draft: &mut Draft, quote: &Quote, readings: &[Reading]) -> Result<(), Error> {
    let (id, source, destination) = (quote.market, quote.source, quote.destination);
    let known = draft.market(id).is_ok();
    let live = draft.live().any(|place| draft.market_at(place).id == id);
    if !live && usize::from(draft.core.live_count) >= MARKETS_MAX {
        return Err(Error::TooManyMarkets);
    }
    if known {
        let market = draft.market(id)?;
        if market.source != source || market.destination != destination {
            draft.emit(Event::MarketPinned { market: id, source, destination });
        }
    } else {
        if source == Source::Reported {
            return Err(Error::NoSuchMarket { market: id });
        }
        draft.emit(Event::MarketOpened { market: id, source, destination });
    }
    if live {
        return Ok(());
    }
    if source == Source::Reported {
        let stale = draft.market(id)?.stale;
        return if stale { Err(Error::MarketStale { market: id }) } else { Ok(()) };
    }
    let reading = readings.iter().find(|reading| reading.market == id);
    let reading = reading.ok_or(Error::ReadingMissing { market: id })?;
    start_conversion(draft, id, source, reading);
    settle::take(draft, reading)?;
    if draft.market(id)?.stale {
        return Err(Error::MarketStale { market: id });
    }
    Ok(())
}

/// A counter in another unit begins at the source's present counter: what was lost before is not converted.
fn start_conversion(draft: &mut Draft, id: MarketId, source: Source, reading: &Reading) {
    let Source::Adapter { conversion: Some(bound), .. } = source else { return };
    let Some(counter) = reading.counter else { return };
    let at = draft.core.now;
    let Ok(market) = draft.market(id) else { return };
    let (cum, recovered) = (market.counter, market.recovered);
    draft.emit(Event::MarketRead {
        market: id,
        counter: cum,
        converted: Some(Converted { source: counter, rate: bound.initial, at }),
        measured: reading.latent,
        supplied: reading.supplied,
        recovered: recovered.max(reading.recovered),
    });
}

fn free_slot(market: &Market) -> Result<Slot, Error> {
    SLOTS
        .into_iter()
        .find(|slot| market.policy(*slot).is_none())
        .ok_or(Error::SlotsTaken { market: market.id })
}

/// The policy that a purchase now would renew without a gap: the older one, before its end.
fn renewed<'a>(draft: &Draft, market: &'a Market) -> Option<&'a Policy> {
    let current = market.current.as_ref().filter(|_| market.successor.is_none())?;
    (draft.core.now < current.end && !current.cancelled).then_some(current)
}

/// Start of cover (3.3): first boundary after the waiting period, or the end of the policy that is renewed.
fn start(draft: &Draft, market: &Market) -> Seconds {
    match renewed(draft, market) {
        Some(policy) => policy.end,
        None => boundary_from(draft.core.now + draft.rules().waiting),
    }
}

/// First start and first limit of a chain of renewals without gap and ticket (4.4). A renewal keeps the first
/// start for the limit that had it, and for the whole limit once the policy before has outlived its own early
/// period.
fn chain(market: &Market, limit: Assets, start: Seconds, early: Seconds) -> (Seconds, Assets) {
    match &market.current {
        Some(before) if before.end == start && before.tickets == 0 && !before.cancelled => {
            let seasoned = start >= before.start + early;
            let kept = if seasoned { before.limit } else { before.first_limit };
            (before.first_start, kept.min(limit))
        }
        _ => (start, limit),
    }
}

/// Premium after scarcity, rounded up (3.4): ceil(quoted x (G(R + c) - G(R)) / (c x 1e9)).
fn price(draft: &Draft, quote: &Quote) -> Result<Assets, Error> {
    let capital = scarce_capital(draft);
    let before = draft.core.required;
    let knots = &draft.rules().scarcity;
    let rise = scarcity(knots, capital, before + quote.charge)? - scarcity(knots, capital, before)?;
    let divisor = U256::from(quote.charge.get()) * U256::from(MULTIPLIER_ONE);
    let product = U256::from(quote.premium.get()).checked_mul(rise).ok_or(Error::Overflow)?;
    let (quotient, remainder) = product.div_rem(divisor);
    let up = U256::from(u8::from(!remainder.is_zero()));
    let premium = u128::try_from(quotient + up).map_err(|_| Error::Overflow)?;
    Ok(Assets::new(premium))
}

/// G(R) of the scarcity curve (3.4), in units x 1e9: the integral of the multiplier over required capital, so
/// that splitting an order gains nothing.
///
/// # Errors
/// [`Overflow`] when a knot does not fit.
pub fn scarcity(knots: &[Knot], capital: Assets, required: Assets) -> Result<U256, Overflow> {
    let at = |knot: &Knot| knot.at.of(capital.get(), Rounding::Down);
    let mut sum = U256::ZERO;
    for (index, knot) in knots.iter().enumerate() {
        let from = at(knot)?;
        let Some(part) = required.get().checked_sub(from) else { break };
        let Some(next) = knots.get(index + 1) else {
            sum += U256::from(part) * U256::from(knot.multiplier);
            break;
        };
        let width = at(next)? - from;
        if width == 0 {
            continue;
        }
        let part = part.min(width);
        let slope = u128::from(next.multiplier - knot.multiplier);
        let rise = U256::from(part) * U256::from(slope) / (U256::from(width) * U256::from(2));
        sum += U256::from(part) * (U256::from(knot.multiplier) + rise);
    }
    Ok(sum)
}

/// The premium without its bonus, by stream (3.6, 3.7). Rounded down to bonus and tranches, the rest to the
/// reserve.
fn split_premium(quote: &Quote, premium: Assets, term: Seconds) -> Result<Split, Error> {
    let bonus = premium.part(quote.bonus_share, Rounding::Down)?;
    let streamed = premium - bonus;
    let mut parts = [Assets::ZERO; PREMIUM_STREAMS];
    let mut left = streamed;
    for (part, fraction) in parts.iter_mut().zip(quote.split) {
        *part = streamed.part(fraction, Rounding::Down)?;
        left -= *part;
    }
    parts[RESERVE_STREAM] = left;
    Ok(premium::split(parts, term)?)
}

/// Puts a policy in force at or after its start (3.3): its baseline is the counter now plus what is latent.
pub(crate) fn activate(draft: &mut Draft, id: MarketId) -> Result<(), Error> {
    let now = draft.core.now;
    let market = draft.market(id)?;
    if market.stale {
        return Err(Error::MarketStale { market: id });
    }
    let slot = SLOTS.into_iter().find(|slot| {
        market
            .policy(*slot)
            .is_some_and(|policy| policy.status == Status::Pending && policy.start <= now && now < policy.end)
    });
    let slot = slot.ok_or(Error::NothingToActivate { market: id })?;
    let seen = market.counter.checked_add(market.latent()).ok_or(Error::Overflow)?;
    draft.emit(Event::PolicyActivated { market: id, slot, seen });
    Ok(())
}

/// Ends a policy at the next boundary (3.7). The younger of two is cancelled first.
pub(crate) fn cancel(draft: &mut Draft, caller: AccountId, id: MarketId) -> Result<(), Error> {
    let now = draft.core.now;
    let market = draft.market(id)?;
    let refuse = |why| Err(Error::CannotCancel { market: id, why });
    let open = [Slot::Successor, Slot::Current].into_iter().find_map(|slot| {
        let policy = market.policy(slot)?;
        (policy.is_open() && !policy.cancelled).then_some((slot, policy))
    });
    let Some((slot, policy)) = open else { return refuse("none is open") };
    role::require(policy.buyer == caller, caller, "the buyer of the policy")?;
    if policy.tickets > 0 {
        return refuse("a ticket was booked");
    }
    if market.estimate.is_some() {
        return refuse("a latent estimate is open");
    }
    let at = boundary_after(now);
    if at >= policy.end {
        return refuse("it ends at the next boundary anyway");
    }
    // From here to its end nothing more is earned; a policy that has not begun never earns.
    let rest = u128::from(policy.end - at.max(policy.start));
    let mut removed = [Assets::ZERO; PREMIUM_STREAMS];
    let mut fractions = [0; PREMIUM_STREAMS];
    for index in 0..PREMIUM_STREAMS {
        let (whole, fraction) = seawall_fixed::mul_shift_64(policy.rates[index], rest, 0)?;
        removed[index] = Assets::new(whole);
        fractions[index] = u128::from(fraction);
    }
    let total: Assets = removed.iter().copied().sum();
    let refund = total.part(draft.rules().cancel_share.complement(), Rounding::Down)?;
    let bonus = policy.bonus;
    let kept = total - refund + bonus;
    draft.emit(Event::PolicyCancelled(Box::new(Cancellation {
        market: id,
        slot,
        at,
        removed,
        fractions,
        refund,
        kept,
        bonus,
    })));
    Ok(())
}

/// Closes the books of an ended policy (3.7): the bonus to the insured if it had no ticket and nothing was
/// read since, else to the reserve; what is left of the deductible bond to the insured.
pub(crate) fn finalise(draft: &mut Draft, id: MarketId, readings: &[Reading]) -> Result<(), Error> {
    let now = draft.core.now;
    let market = draft.market(id)?;
    let refuse = |why| Err(Error::CannotFinalise { market: id, why });
    let Some(policy) = &market.current else { return refuse("there is none") };
    if policy.status != Status::Ended {
        return refuse("it has not ended");
    }
    // A source that stays silent must not hold the insured's own money for ever.
    let read = market.source == Source::Reported || readings.iter().any(|reading| reading.market == id);
    let silent = market.stale || !read;
    if silent && now < policy.end + RUN_OFF {
        return refuse("its market was not read");
    }
    let clean = !silent && policy.tickets == 0 && market.counter == policy.seen;
    let (bonus_paid, bonus_kept) =
        if clean { (policy.bonus, Assets::ZERO) } else { (Assets::ZERO, policy.bonus) };
    let bond = policy.bond_left;
    draft.emit(Event::PolicyFinalised { market: id, bonus_paid, bonus_kept, bond });
    Ok(())
}

/// Voids all quotes of a market up to a nonce (3.2).
pub(crate) fn revoke(draft: &mut Draft, caller: AccountId, id: MarketId, nonce: u64) -> Result<(), Error> {
    let rules: &Rules = draft.rules();
    role::require(
        rules.roles.owner == caller || rules.roles.actuaries.contains(&caller),
        caller,
        "the owner or an actuary",
    )?;
    let least = draft.market(id)?.nonce;
    if nonce < least || nonce == u64::MAX {
        return Err(Error::NonceUsed { nonce, least });
    }
    draft.emit(Event::QuotesRevoked { market: id, least: nonce + 1 });
    Ok(())
}
