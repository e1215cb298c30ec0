//! Orders of cover: quotes on random terms, some of them spoilt.

use seawall_engine::{AccountId, Action, Command, Error, MarketId, Quote, Source};
use seawall_fixed::{Assets, EPOCH_SECONDS, Ppm, Seconds};

use super::interpret::buyer;
use super::setup::{ACTUARY, DESTINATIONS, OWNER, POOL, source};
use super::step::Terms;
use super::world::{Checked, MARKETS, World};

impl World {
    /// Orders cover on random terms; a sound quote buys once, a spoilt one never.
    pub fn order(&mut self, terms: &Terms) -> Checked<()> {
        let id = MarketId(u32::from(terms.market) % MARKETS);
        let shown = self.outside(id).counter;
        let kind = source(id.0);
        if self.state.market(id).is_none() && kind == Source::Reported {
            self.report(id)?;
        }
        let market = self.state.market(id);
        let counter = match (kind, market) {
            (Source::Adapter { conversion: None, .. }, _) => shown,
            (_, Some(market)) => market.counter,
            (_, None) => 0,
        };
        let nonce = market.map_or(0, |market| market.nonce);
        let core = self.state.core();
        let spare = core.unqueued().min(core.boundary.unqueued).saturating_sub(core.required).get();
        // Every other quote promises more than the pool has, so that layers run empty.
        let limit = terms.limit.of(self.setup.scale() << (4 * (terms.spoil & 1)));
        let event_limit = terms.event.of(limit);
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
            event_limit: Assets::new(event_limit),
            deductible: Assets::new(deductible),
            deductible_bond: Assets::new(terms.bonded.of(deductible).min(deductible)),
            coinsurance: Ppm::new(terms.coinsurance),
            term_epochs: u32::from(terms.epochs).min(self.state.rules().term_epochs_max),
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
            deadline: self.now + EPOCH_SECONDS,
            nonce,
            inputs: [9; 32],
        };
        match terms.spoil {
            0 => quote.deadline = self.now,
            1 => quote.deadline = self.now.saturating_sub(1),
            2 => quote.nonce = nonce.wrapping_sub(1),
            3 => quote.nonce = nonce + 3,
            4 => quote.counter = counter.wrapping_add(1),
            5 => quote.buyer = OWNER,
            6 => quote.pool = [0; 32],
            7 => quote.holds_pool_asset = true,
            8 => quote.required_max = core.required,
            9 => quote.latest_end_max = core.latest_end,
            10 => quote.nonce = u64::MAX,
            _ => {}
        }
        let signer = if terms.spoil == 11 { OWNER } else { ACTUARY };
        let premium_max = if terms.spoil == 12 { quote.premium } else { Assets::MAX };
        let deadline = quote.deadline;
        let mut command = Command::new(
            buyer(id),
            Action::BuyCover { quote: Box::new(quote.clone()), digest: [8; 32], signer, premium_max },
        );
        command.readings = self.readings(Some(id));
        if self.run(&command)?.is_err() {
            return Ok(());
        }
        let policy = self.state.markets().iter().flat_map(|market| market.policies());
        let policy = policy.max_by_key(|policy| policy.id).ok_or("a policy was bought")?;
        if policy.premium < quote.premium || policy.premium > premium_max {
            return Err(format!("3.4: a premium of {} for {}", policy.premium, quote.premium));
        }
        if !(1..=10).contains(&terms.spoil) || matches!(terms.spoil, 3 | 10) {
            // A quote buys once.
            let again = self.run(&command)?;
            if deadline >= self.now
                && !matches!(again, Err(Error::NonceUsed { .. }))
                && quote.nonce != u64::MAX
            {
                return Err(format!("3.2: a quote was used twice: {again:?}"));
            }
            return Ok(());
        }
        match terms.spoil {
            7 if !self.setup.wrapper => Ok(()),
            8 | 9 => Ok(()),
            spoil => Err(format!("3.2: a quote spoilt by {spoil} was accepted")),
        }
    }
}
