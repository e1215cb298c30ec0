//! Rules in tables: those that differ from the rules they are told against.

use seawall_engine::{Knot, Rules};
use seawall_fixed::Ppm;

use super::accounts;
use super::words::{Words, account, assets, list, list_word, number, ppm};

/// Changes `rules` to what the words say.
pub(super) fn read(words: &Words, rules: &mut Rules) -> Result<(), String> {
    macro_rules! take {
        ($($key:literal $field:expr, $read:expr;)*) => {
            $(if let Some(value) = words.named($key, $read)? { $field = value; })*
        };
    }
    take! {
        "owner" rules.roles.owner, account;
        "actuaries" rules.roles.actuaries, |word| list(word, account);
        "risk" rules.roles.risk, account;
        "guardian" rules.roles.guardian, account;
        "reporters" rules.roles.reporters, |word| list(word, account);
        "deposit-min" rules.deposit_min, assets;
        "exit-min" rules.exit_min, assets;
        "ticket-min" rules.ticket_min, assets;
        "cooldown" rules.cooldown, number;
        "waiting" rules.waiting, number;
        "term-max" rules.term_epochs_max, number;
        "early-period" rules.early_period, number;
        "early-multiple" rules.early_multiple, ppm;
        "junior-floor" rules.junior_floor, ppm;
        "scarcity" rules.scarcity, |word| list(word, knot);
        "earn-max" rules.earn_rate_max, number;
        "fee" rules.fee, ppm;
        "fee-to" rules.fee_recipient, account;
        "cancel-share" rules.cancel_share, ppm;
        "reserve-target" rules.reserve_target, assets;
        "surplus-epochs" rules.surplus_epochs, number;
        "surplus-split" rules.surplus_split, split;
        "rate-min" rules.rate_min, ppm;
        "limit-max" rules.limit_max, assets;
        "market-share" rules.market_share_max, ppm;
        "mutual-multiple" rules.mutual_multiple, ppm;
        "latent-share" rules.latent_share_max, ppm;
        "latent-term" rules.latent_term_max, number;
        "pause-max" rules.pause_max, number;
    }
    Ok(())
}

/// What of `rules` differs from `from`, in words.
pub(super) fn write(rules: &Rules, from: &Rules) -> String {
    let mut text = String::new();
    let mut say = |key: &str, value: String, before: String| {
        if value != before {
            text += &format!(" {key}={value}");
        }
    };
    macro_rules! say {
        ($($key:literal |$rules:ident| $value:expr;)*) => {
            $({
                let of = |$rules: &Rules| $value;
                say($key, of(rules), of(from));
            })*
        };
    }
    say! {
        "owner" |r| accounts::write(r.roles.owner);
        "actuaries" |r| list_word(&r.roles.actuaries, |id| accounts::write(*id));
        "risk" |r| accounts::write(r.roles.risk);
        "guardian" |r| accounts::write(r.roles.guardian);
        "reporters" |r| list_word(&r.roles.reporters, |id| accounts::write(*id));
        "deposit-min" |r| r.deposit_min.to_string();
        "exit-min" |r| r.exit_min.to_string();
        "ticket-min" |r| r.ticket_min.to_string();
        "cooldown" |r| r.cooldown.to_string();
        "waiting" |r| r.waiting.to_string();
        "term-max" |r| r.term_epochs_max.to_string();
        "early-period" |r| r.early_period.to_string();
        "early-multiple" |r| r.early_multiple.get().to_string();
        "junior-floor" |r| r.junior_floor.get().to_string();
        "scarcity" |r| list_word(&r.scarcity, |knot| format!("{}:{}", knot.at.get(), knot.multiplier));
        "earn-max" |r| r.earn_rate_max.to_string();
        "fee" |r| r.fee.get().to_string();
        "fee-to" |r| accounts::write(r.fee_recipient);
        "cancel-share" |r| r.cancel_share.get().to_string();
        "reserve-target" |r| r.reserve_target.to_string();
        "surplus-epochs" |r| r.surplus_epochs.to_string();
        "surplus-split" |r| list_word(&r.surplus_split, |part| part.get().to_string());
        "rate-min" |r| r.rate_min.get().to_string();
        "limit-max" |r| r.limit_max.to_string();
        "market-share" |r| r.market_share_max.get().to_string();
        "mutual-multiple" |r| r.mutual_multiple.get().to_string();
        "latent-share" |r| r.latent_share_max.get().to_string();
        "latent-term" |r| r.latent_term_max.to_string();
        "pause-max" |r| r.pause_max.to_string();
    }
    text
}

fn knot(word: &str) -> Result<Knot, String> {
    let (at, multiplier) = word.split_once(':').ok_or_else(|| format!("{word} is no at:multiplier"))?;
    Ok(Knot { at: ppm(at)?, multiplier: number(multiplier)? })
}

/// Four parts in millionths.
pub(super) fn split(word: &str) -> Result<[Ppm; 4], String> {
    list(word, ppm)?.try_into().map_err(|_| format!("{word} are not four parts"))
}
