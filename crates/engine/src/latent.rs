//! Latent loss (5.6): bad debt that exists but is not realised, posted by the risk role. It holds back part of
//! every exit's payment instead of freezing exits.

use alloc::vec::Vec;

use seawall_fixed::{Assets, MILLION, Rounding, Seconds, mul_div};

use crate::draft::Draft;
use crate::error::Error;
use crate::event::Event;
use crate::id::{AccountId, MarketId, TRANCHES_MAX};
use crate::market::Market;
use crate::policy::boundary_after;
use crate::waterfall::pour;

/// An open estimate of a market's latent bad debt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Estimate {
    /// Estimated bad debt.
    pub amount: Assets,
    /// First second at which the estimate is no longer valid.
    pub expiry: Seconds,
    /// Announced fall: the lower amount and the boundary at which it takes effect. Zero is a release.
    pub lower: Option<(Assets, Seconds)>,
}

/// Posts an estimate (5.6): a higher one acts at once, a lower one at the next boundary. Only a market whose
/// policy can pay has one, and it is capped by what that policy can still lose.
pub(crate) fn post(
    draft: &mut Draft,
    caller: AccountId,
    id: MarketId,
    amount: Assets,
    expiry: Seconds,
) -> Result<(), Error> {
    crate::role::require(draft.rules().roles.risk == caller, caller, "the risk role")?;
    let now = draft.core.now;
    let market = draft.market(id)?;
    if market.estimate.is_some_and(|open| amount < open.amount) {
        // Lowering keeps the expiry: a fall must not be a way to hold exits for longer.
        let at = boundary_after(now);
        draft.emit(Event::EstimateLowered { market: id, to: amount, at });
        return Ok(());
    }
    if amount.is_zero() {
        return Err(Error::NoEstimate { market: id });
    }
    if market.estimate.is_none() && now < market.repost_from {
        return Err(Error::RepostTooEarly { market: id, from: market.repost_from });
    }
    let most = cap(market).part(draft.rules().latent_share_max, Rounding::Down)?;
    // An open estimate is renewed by raising it; its time runs from the first posting on.
    let latest = market.estimate.map_or(now + draft.rules().latent_term_max, |open| open.expiry);
    // A shorter expiry is a fall as well: none before the next boundary.
    let earliest = market.estimate.map_or(now + 1, |open| open.expiry.min(boundary_after(now)));
    if amount > most || expiry < earliest || expiry > latest {
        return Err(Error::EstimateOutOfCaps { amount, expiry, most, latest });
    }
    draft.emit(Event::EstimatePosted { market: id, amount, expiry });
    Ok(())
}

/// Most that a market's policies can still lose: deductible and limit of those that can pay now.
fn cap(market: &Market) -> Assets {
    market
        .policies()
        .filter(|policy| policy.is_open())
        .map(|policy| policy.deductible_left.saturating_add(policy.limit_left))
        .max()
        .unwrap_or(Assets::ZERO)
}

/// Each tranche's latent share in millionths, rounded up (5.6): all open estimates, and the worst case of every
/// stale market (4.2), run together through deductible, limits, coinsurance and layers.
pub(crate) fn shares(draft: &Draft) -> Result<[u32; TRANCHES_MAX], Error> {
    let mut shares = [0; TRANCHES_MAX];
    if draft.core.estimates == 0 && draft.core.stale == 0 {
        return Ok(shares);
    }
    let mut owed: Vec<Assets> = Vec::new();
    for place in draft.live() {
        owed.push(latent_claim(draft, draft.market_at(place))?);
    }
    let mut reserve = draft.core.reserve;
    pour(&mut reserve, &mut owed);
    for (share, tranche) in shares.iter_mut().zip(draft.core.tranches()) {
        let assets = tranche.assets();
        let mut left = assets;
        pour(&mut left, &mut owed);
        let loss = assets - left;
        if !loss.is_zero() {
            let part = mul_div(MILLION, loss.get(), assets.get(), Rounding::Up)?.min(MILLION);
            *share = u32::try_from(part).map_err(|_| Error::Overflow)?;
        }
    }
    Ok(shares)
}

/// What a market's latent loss would make the layers owe.
fn latent_claim(draft: &Draft, market: &Market) -> Result<Assets, Error> {
    let now = draft.core.now;
    let rules = draft.rules();
    let Some(policy) = market.covering(now) else { return Ok(Assets::ZERO) };
    let estimated = match market.estimate {
        Some(estimate) => policy.claim(estimate.amount, now, rules.early_period, rules.early_multiple)?.owed,
        None => Assets::ZERO,
    };
    Ok(if market.stale { estimated.max(policy.worst_case(now)) } else { estimated })
}
