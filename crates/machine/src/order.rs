//! Orders of cover: quotes on random terms, some of them spoilt.

use seawall_engine::{AccountId, Action, Command, Digest, Error, MARKETS_MAX, MarketId, Quote, Source};
use seawall_fixed::{Assets, EPOCH_SECONDS, Ppm, Seconds};

use crate::interpret::{MARKETS, buyer};
use crate::losses::report;
use crate::player::{Checked, Player, Ran};
use crate::setup::{ACTUARY, DESTINATIONS, OTHER_ADAPTER, OWNER, POOL};
use crate::step::{Amount, Terms};

/// The pool of quotes that are not for this one.
const OTHER_POOL: Digest = [0; 32];

/// Orders cover on random terms; a sound quote buys once, a spoilt one never.
pub(crate) fn play<P: Player>(player: &mut P, terms: &Terms) -> Checked<()> {
    order(player, MarketId(u32::from(terms.market) % MARKETS), terms)
}

/// Orders a little cover for one market more than a pool can insure.
pub(crate) fn fill<P: Player>(player: &mut P, epochs: u8) -> Checked<()> {
    let little = Amount::Units(9);
    for market in 0..=u8::try_from(MARKETS_MAX).expect("few markets") {
        let terms = Terms {
            market,
            limit: little,
            event: little,
            deductible: Amount::Units(0),
            bonded: Amount::Units(0),
            coinsurance: 0,
            epochs,
            premium: little,
            bonus: 0,
            split: 3,
            charge: Amount::Units(1),
            callable: Amount::Units(0),
            spoil: 255,
        };
        order(player, MarketId(market.into()), &terms)?;
    }
    Ok(())
}

fn order<P: Player>(player: &mut P, id: MarketId, terms: &Terms) -> Checked<()> {
    if player.state().market(id).is_none() && player.source(id.0) == Source::Reported {
        report(player, id)?;
    }
    let quote = quote(player, id, terms);
    let signer = if terms.spoil == 11 { OWNER } else { ACTUARY };
    let premium_max = if terms.spoil == 12 { quote.premium } else { Assets::MAX };
    let digest = player.digest(&quote);
    let action = Action::BuyCover { quote: Box::new(quote.clone()), digest, signer, premium_max };
    let command = Command::new(buyer(id), action);
    match player.run(command.clone())? {
        Ran::Done => {}
        Ran::Refused(_) | Ran::Skipped => return Ok(()),
    }
    let policy = player.state().markets().iter().flat_map(|market| market.policies());
    let policy = policy.max_by_key(|policy| policy.id).ok_or("a policy was bought")?;
    if policy.premium < quote.premium || policy.premium > premium_max {
        return Err(format!("3.4: a premium of {} for {}", policy.premium, quote.premium));
    }
    if !(1..=10).contains(&terms.spoil) || matches!(terms.spoil, 3 | 10) {
        // A quote buys once.
        let again = player.run(command)?;
        let used = matches!(again, Ran::Refused(Error::NonceUsed { .. }));
        if quote.deadline >= player.now() && !used && quote.nonce != u64::MAX {
            return Err(format!("3.2: a quote was used twice: {again:?}"));
        }
        return Ok(());
    }
    match terms.spoil {
        7 if !player.setup().wrapper => Ok(()),
        8 | 9 => Ok(()),
        spoil => Err(format!("3.2: a quote spoilt by {spoil} was accepted")),
    }
}

/// A quote on random terms, spoilt as they say.
fn quote<P: Player>(player: &mut P, id: MarketId, terms: &Terms) -> Quote {
    let shown = player.outside(id).counter;
    let kind = player.source(id.0);
    let (now, scale) = (player.now(), player.setup().scale());
    let state = player.state();
    let market = state.market(id);
    let counter = match (kind, market) {
        (Source::Adapter { conversion: None, .. }, _) => shown,
        (_, Some(market)) => market.counter,
        (_, None) => 0,
    };
    let nonce = market.map_or(0, |market| market.nonce);
    let core = state.core();
    let spare = core.unqueued().min(core.boundary.unqueued).saturating_sub(core.required).get();
    // Every other quote promises more than the pool has, so that layers run empty.
    let limit = terms.limit.of(scale << (4 * (terms.spoil & 1)));
    let deductible = terms.deductible.of(limit / 8);
    let even = Ppm::new(1_000_000 / 4);
    let mut quote = Quote {
        pool: POOL,
        market: id,
        buyer: buyer(id),
        source: kind,
        destination: AccountId(DESTINATIONS + id.0),
        holds_pool_asset: false,
        limit: Assets::new(limit),
        event_limit: Assets::new(terms.event.of(limit)),
        deductible: Assets::new(deductible),
        deductible_bond: Assets::new(terms.bonded.of(deductible).min(deductible)),
        coinsurance: Ppm::new(terms.coinsurance),
        term_epochs: u32::from(terms.epochs).min(state.rules().term_epochs_max),
        premium: Assets::new(terms.premium.of((limit / 4).min(1 << 81))),
        bonus_share: Ppm::new(terms.bonus),
        split: match terms.split {
            0 => [Ppm::ZERO; 4],
            1 => [Ppm::ONE, Ppm::ZERO, Ppm::ZERO, Ppm::ZERO],
            _ => [even; 4],
        },
        charge: Assets::new(terms.charge.of(spare / 4 + 1)),
        callable_bond: Assets::new(terms.callable.of(limit / 16)),
        counter,
        latest_end_max: Seconds::MAX,
        required_max: Assets::MAX,
        deadline: now + EPOCH_SECONDS,
        nonce,
        inputs: [9; 32],
    };
    match terms.spoil {
        0 => quote.deadline = now,
        1 => quote.deadline = now.saturating_sub(1),
        2 => quote.nonce = nonce.wrapping_sub(1),
        3 => quote.nonce = nonce + 3,
        4 => quote.counter = counter.wrapping_add(1),
        5 => quote.buyer = OWNER,
        6 => quote.pool = OTHER_POOL,
        7 => quote.holds_pool_asset = true,
        8 => quote.required_max = core.required,
        9 => quote.latest_end_max = core.latest_end,
        10 => quote.nonce = u64::MAX,
        13 => quote.destination = OWNER,
        14 => quote.source = other_adapter(kind),
        15 => quote.charge = core.unqueued().saturating_add(Assets::new(1)),
        16 => quote.premium = Assets::ZERO,
        _ => {}
    }
    quote
}

/// Another adapter that reads the same losses in the same unit.
const fn other_adapter(source: Source) -> Source {
    match source {
        Source::Adapter { conversion, .. } => Source::Adapter { code: OTHER_ADAPTER, conversion },
        Source::Reported => Source::Reported,
    }
}
