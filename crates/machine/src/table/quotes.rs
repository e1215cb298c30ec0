//! Orders of cover in tables. What is not named is nothing, or what a sound quote would say.

use seawall_engine::{AccountId, Action, Command, MarketId, Quote, RateBound, Source};
use seawall_fixed::{Assets, Ppm, Seconds};

use super::words::{Words, account, assets, digest, digest_word, flag, flag_word, list_word, number, ppm};
use super::{Scene, accounts, rules};
use crate::setup::{ACTUARY, DESTINATIONS, adapter};

/// The quote that is meant where only market, limit and deductible are said.
fn usual(scene: &Scene, buyer: AccountId, market: MarketId, limit: Assets, deductible: Assets) -> Quote {
    let (half, third) = (Ppm::new(500_000), Ppm::new(300_000));
    Quote {
        pool: *scene.state.pool(),
        market,
        buyer,
        source: adapter(market.0),
        destination: AccountId(DESTINATIONS.wrapping_add(market.0)),
        holds_pool_asset: false,
        limit,
        event_limit: limit,
        deductible,
        deductible_bond: deductible,
        coinsurance: Ppm::ZERO,
        term_epochs: 0,
        premium: Assets::ZERO,
        bonus_share: Ppm::ZERO,
        split: [half, third, Ppm::ZERO, Ppm::ZERO],
        charge: Assets::ZERO,
        callable_bond: Assets::ZERO,
        counter: scene.sources.get(market.index()).map_or(0, |source| source.counter),
        latest_end_max: Seconds::MAX,
        required_max: Assets::MAX,
        deadline: scene.now,
        nonce: scene.state.market(market).map_or(0, |market| market.nonce),
        inputs: [9; 32],
    }
}

/// An order by `buyer`.
pub(super) fn read(scene: &Scene, caller: AccountId, words: &Words) -> Result<Action, String> {
    let market = MarketId(words.named("market", number)?.ok_or("which market?")?);
    let limit = words.named("limit", assets)?.unwrap_or(Assets::ZERO);
    let deductible = words.named("deductible", assets)?.unwrap_or(Assets::ZERO);
    let mut quote = usual(scene, caller, market, limit, deductible);
    macro_rules! take {
        ($($key:literal $field:ident, $read:expr;)*) => {
            $(if let Some(value) = words.named($key, $read)? { quote.$field = value; })*
        };
    }
    take! {
        "pool" pool, digest;
        "buyer" buyer, account;
        "source" source, source;
        "destination" destination, account;
        "holds-pool-asset" holds_pool_asset, flag;
        "event" event_limit, assets;
        "deductible-bond" deductible_bond, assets;
        "coinsurance" coinsurance, ppm;
        "epochs" term_epochs, number;
        "premium" premium, assets;
        "bonus" bonus_share, ppm;
        "split" split, rules::split;
        "charge" charge, assets;
        "bond" callable_bond, assets;
        "counter" counter, number;
        "latest-end" latest_end_max, number;
        "required" required_max, assets;
        "deadline" deadline, number;
        "nonce" nonce, number;
        "inputs" inputs, digest;
    }
    let signer = words.named("signer", account)?.unwrap_or(ACTUARY);
    let premium_max = words.named("most", assets)?.unwrap_or(Assets::MAX);
    Ok(Action::BuyCover { quote: Box::new(quote), digest: [0; 32], signer, premium_max })
}

/// The words of an order.
pub(super) fn write(
    scene: &Scene,
    command: &Command,
    quote: &Quote,
    signer: AccountId,
    premium_max: Assets,
) -> String {
    let plain = usual(scene, command.caller, quote.market, quote.limit, quote.deductible);
    let mut text = format!("buys market={}", quote.market.0);
    let mut say = |key: &str, value: String, usual: String| {
        if value != usual {
            text += &format!(" {key}={value}");
        }
    };
    say("limit", quote.limit.to_string(), Assets::ZERO.to_string());
    say("deductible", quote.deductible.to_string(), Assets::ZERO.to_string());
    macro_rules! say {
        ($($key:literal |$quote:ident| $value:expr;)*) => {
            $({
                let of = |$quote: &Quote| $value;
                say($key, of(quote), of(&plain));
            })*
        };
    }
    say! {
        "pool" |q| digest_word(&q.pool);
        "buyer" |q| accounts::write(q.buyer);
        "source" |q| source_word(&q.source);
        "destination" |q| accounts::write(q.destination);
        "holds-pool-asset" |q| flag_word(q.holds_pool_asset).to_owned();
        "event" |q| q.event_limit.to_string();
        "deductible-bond" |q| q.deductible_bond.to_string();
        "coinsurance" |q| q.coinsurance.get().to_string();
        "epochs" |q| q.term_epochs.to_string();
        "premium" |q| q.premium.to_string();
        "bonus" |q| q.bonus_share.get().to_string();
        "split" |q| list_word(&q.split, |part| part.get().to_string());
        "charge" |q| q.charge.to_string();
        "bond" |q| q.callable_bond.to_string();
        "counter" |q| q.counter.to_string();
        "latest-end" |q| q.latest_end_max.to_string();
        "required" |q| q.required_max.to_string();
        "deadline" |q| q.deadline.to_string();
        "nonce" |q| q.nonce.to_string();
        "inputs" |q| digest_word(&q.inputs);
    }
    say("signer", accounts::write(signer), accounts::write(ACTUARY));
    say("most", premium_max.to_string(), Assets::MAX.to_string());
    text
}

/// `reported`, or an adapter's code; behind a wrapper also its rate at purchase and the step an epoch.
fn source(word: &str) -> Result<Source, String> {
    if word == "reported" {
        return Ok(Source::Reported);
    }
    let parts: Vec<&str> = word.split(':').collect();
    let conversion = match parts.as_slice() {
        [_] => None,
        [_, initial, step] => Some(RateBound { initial: number(initial)?, step: ppm(step)? }),
        _ => return Err(format!("{word} is no code:rate:step")),
    };
    Ok(Source::Adapter { code: digest(parts[0])?, conversion })
}

fn source_word(source: &Source) -> String {
    match source {
        Source::Reported => "reported".to_owned(),
        Source::Adapter { code, conversion: None } => digest_word(code),
        Source::Adapter { code, conversion: Some(bound) } => {
            format!("{}:{}:{}", digest_word(code), bound.initial, bound.step.get())
        }
    }
}
