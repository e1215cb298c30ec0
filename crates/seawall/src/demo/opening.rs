//! Before the crash: capital comes in, the actuary's quotes are bought, time passes until the cover is in force
//! and past its early period.

use seawall_engine::{Action, Quote as SignedQuote, Source};
use seawall_fixed::{Assets, EPOCH_SECONDS, Ppm, Seconds, epoch_of, epoch_start};
use sha2::{Digest, Sha256};

use super::pool::{
    ACTUARY, DECIMALS, EARLY_PERIOD, OPERATOR, Pool, UNDERWRITERS, market_id, millionths, tokens, treasury,
    underwriter, units,
};
use crate::output::Failure;
use crate::quote::Quote;
use crate::quote::document::digest;
use seawall_actuary::premium::premium_units;

/// Term of the policies, epochs.
pub const TERM_EPOCHS: u32 = 13;

/// The calendar of the demonstration, Unix seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Calendar {
    /// The pool opens and takes deposits.
    pub opened: Seconds,
    /// The loan book is taken, priced and insured.
    pub bought: Seconds,
    /// Cover begins.
    pub start: Seconds,
    /// The crash begins.
    pub crash: Seconds,
    /// Cover ends.
    pub end: Seconds,
}

/// What a policy cost and promises.
#[derive(Clone, Debug, PartialEq)]
pub struct Sold {
    /// Name of the market.
    pub market: String,
    /// Premium of the quote.
    pub quoted: f64,
    /// Premium paid, after scarcity.
    pub premium: f64,
    /// Capital charge.
    pub charge: f64,
    /// Deductible bond posted.
    pub bond: f64,
    /// Callable bond posted.
    pub callable: f64,
    /// Limit of cover.
    pub limit: f64,
}

/// Dates from the moment of the snapshot.
pub fn calendar(snapshot: Seconds) -> Calendar {
    let opened = epoch_start(epoch_of(snapshot) - 1);
    let start = seawall_engine::boundary_from(snapshot + super::pool::WAITING);
    Calendar {
        opened,
        bought: snapshot,
        start,
        crash: start + EARLY_PERIOD,
        end: start + u64::from(TERM_EPOCHS) * EPOCH_SECONDS,
    }
}

/// The quote's expenses as a fee on the premium that streams.
pub fn fee(quote: &Quote) -> Ppm {
    let total = &quote.pricing.total;
    let streamed = total.total.value * (1.0 - quote.pricing.terms.no_claims_share);
    millionths((total.expenses / streamed).clamp(0.0, 0.5))
}

/// Reserve and tranches are paid in.
///
/// # Errors
/// What the pool refuses.
pub fn capitalise(pool: &mut Pool, quote: &Quote) -> Result<(), Failure> {
    let sizes = quote.pricing.design.layers.sizes();
    pool.act(OPERATOR, Action::FundReserve { assets: units(sizes[0])? })?;
    for (index, who) in UNDERWRITERS.iter().enumerate() {
        let (tranche, owner) = (who.tranche, underwriter(index));
        let assets = units(sizes[1 + usize::from(tranche)] * who.part)?;
        pool.act(owner, Action::Deposit { tranche, owner, assets })?;
    }
    // Capital counts for new cover from the next boundary on.
    pool.now = epoch_start(epoch_of(pool.now) + 1);
    pool.act(OPERATOR, Action::Sync)?;
    Ok(())
}

/// Cover is bought for every market, whose counter stands at zero, and activated at its start.
///
/// # Errors
/// What the pool refuses.
pub fn sell(pool: &mut Pool, quote: &Quote, calendar: &Calendar) -> Result<Vec<Sold>, Failure> {
    pool.now = calendar.bought;
    let markets = quote.inputs.insured.len();
    let mut sold = Vec::with_capacity(markets);
    for market in 0..markets {
        sold.push(buy(pool, quote, calendar, market)?);
    }
    pool.now = calendar.start;
    for market in 0..markets {
        pool.act(OPERATOR, Action::Activate { market: market_id(market) })?;
    }
    Ok(sold)
}

fn buy(pool: &mut Pool, quote: &Quote, calendar: &Calendar, market: usize) -> Result<Sold, Failure> {
    let pricing = &quote.pricing;
    let (policy, line) = (&pricing.design.policies[market], &pricing.premiums[market]);
    let premium = Assets::new(premium_units(line.total.value, DECIMALS).map_err(Failure::input)?);
    // The engine takes the tranches' shares of what streams; what is missing to one goes to the reserve.
    let mut split = [Ppm::ZERO; 4];
    for (part, &share) in split.iter_mut().zip(&pricing.split[1..]) {
        *part = millionths(share);
    }
    let limit = units(policy.limit)?;
    let signed = SignedQuote {
        pool: *pool.state().pool(),
        market: market_id(market),
        buyer: treasury(market),
        source: Source::Adapter { code: Sha256::digest(b"demonstration adapter").into(), conversion: None },
        destination: treasury(market),
        holds_pool_asset: false,
        limit,
        event_limit: limit,
        deductible: units(policy.deductible)?,
        deductible_bond: units(policy.deductible)?,
        coinsurance: millionths(policy.coinsurance),
        term_epochs: TERM_EPOCHS,
        premium,
        bonus_share: millionths(pricing.terms.no_claims_share),
        split,
        charge: units(line.capital.value)?,
        callable_bond: units((policy.limit * pricing.terms.mutual_share / 1_000.0).ceil() * 1_000.0)?,
        counter: 0,
        latest_end_max: calendar.end,
        required_max: Assets::MAX,
        deadline: calendar.bought + 3_600,
        nonce: 0,
        inputs: digest(quote),
    };
    let digest = Sha256::digest(format!("{signed:?}")).into();
    let premium_max = Assets::new(premium.get().saturating_mul(3));
    let action = Action::BuyCover { quote: Box::new(signed.clone()), digest, signer: ACTUARY, premium_max };
    pool.act(treasury(market), action)?;
    let paid = pool.state().market(market_id(market)).and_then(|known| known.policies().last());
    let paid = paid.map_or(Assets::ZERO, |policy| policy.premium);
    Ok(Sold {
        market: quote.inputs.insured[market].market.name.clone(),
        quoted: tokens(premium),
        premium: tokens(paid),
        charge: tokens(signed.charge),
        bond: tokens(signed.deductible_bond),
        callable: tokens(signed.callable_bond),
        limit: tokens(signed.limit),
    })
}
