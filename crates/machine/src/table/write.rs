//! What happens becomes a line of text.

use seawall_engine::{Action, ClassKind, Command, Config, MarketId, RATE_ONE, Reading};
use seawall_fixed::{Assets, EPOCH_SECONDS, Seconds};

use super::read::{bond_checkpoint, share_checkpoint};
use super::words::{digest_word, flag_word};
use super::{Line, Scene, accounts, plain_pool, quotes, rules};
use crate::outside::Outside;

const DAY: Seconds = 24 * 3600;

/// Writes a line that reads as `line` in the same scene.
#[must_use]
pub fn write(scene: &Scene, line: &Line) -> String {
    match line {
        Line::Pool(config) => pool(config),
        Line::Time(now) => time(scene.now, *now),
        Line::Source(market, outside) => source(scene, *market, outside),
        Line::Command(command) => {
            let received = command.received.map_or_else(String::new, |got| format!(" got={got}"));
            format!("{} {}{received}", accounts::write(command.caller), action(scene, command))
        }
    }
}

fn pool(config: &Config) -> String {
    let plain = plain_pool();
    let mut text = format!("pool tranches={}", config.tranches);
    if config.asset.wrapper {
        text += " wrapper=yes";
    }
    text + &rules::write(&config.rules, &plain.rules)
}

fn time(before: Seconds, now: Seconds) -> String {
    let Some(more) = now.checked_sub(before) else { return format!("time at {now}") };
    if more >= EPOCH_SECONDS && more.is_multiple_of(EPOCH_SECONDS) {
        format!("time + {} epochs", more / EPOCH_SECONDS)
    } else if more >= DAY && more.is_multiple_of(DAY) {
        format!("time + {} days", more / DAY)
    } else {
        format!("time + {more}")
    }
}

fn source(scene: &Scene, market: MarketId, shows: &Outside) -> String {
    let before = scene.sources.get(market.index()).copied().unwrap_or_else(|| Outside::of(market.0));
    let mut text = format!("source shows {}", market.0);
    let mut say = |key: &str, value: String, before: String| {
        if value != before {
            text += &format!(" {key}={value}");
        }
    };
    let all = |accepts: Option<u128>| accepts.map_or_else(|| "all".to_owned(), |most| most.to_string());
    say("counter", shows.counter.to_string(), before.counter.to_string());
    say("rate", shows.rate.to_string(), before.rate.to_string());
    say("latent", shows.latent.to_string(), before.latent.to_string());
    say("recovered", shows.recovered.to_string(), before.recovered.to_string());
    say("supplied", shows.supplied.to_string(), before.supplied.to_string());
    say("accepts", all(shows.accepts), all(before.accepts));
    say("failing", flag_word(shows.failing).into(), flag_word(before.failing).into());
    say("falling", flag_word(shows.falling).into(), flag_word(before.falling).into());
    text
}

fn action(scene: &Scene, command: &Command) -> String {
    let unless = |key: &str, value: String, usual: String| {
        if value == usual { String::new() } else { format!(" {key}={value}") }
    };
    match &command.action {
        Action::Sync => "syncs".into(),
        Action::Deposit { tranche, owner, assets } => {
            let owner = unless("for", accounts::write(*owner), accounts::write(command.caller));
            format!("deposits {tranche} {assets}{owner}")
        }
        Action::Transfer { tranche, to, shares } => {
            format!("gives {tranche} {shares} {}", accounts::write(*to))
        }
        Action::RequestExit { tranche, shares } => format!("leaves {tranche} {shares}"),
        Action::ClearExits { count } => format!("clears {count}"),
        Action::ClaimExit { exit } => format!("claims-exit {}", exit.0),
        Action::FundReserve { assets } => format!("funds {assets}"),
        Action::StreamSurplus => "streams".into(),
        Action::BuyCover { quote, signer, premium_max, .. } => {
            quotes::write(scene, command, quote, *signer, *premium_max)
        }
        Action::Activate { market } => format!("activates {}", market.0),
        Action::Cancel { market } => format!("cancels {}", market.0),
        Action::Finalise { market } => format!("finalises {}", market.0),
        Action::ReleaseBond { member } => format!("releases {}", member.0),
        Action::RevokeQuotes { market, nonce } => format!("revokes {} {nonce}", market.0),
        Action::Report { reading, evidence } => {
            report(reading) + &unless("evidence", digest_word(evidence), digest_word(&[5; 32]))
        }
        Action::PayMarket { market } => format!("pays {}", market.0),
        Action::PostEstimate { market, amount, expiry } => {
            format!("estimates {} {amount}{}", market.0, until(scene, *expiry))
        }
        Action::RecoverTicket { ticket, assets } => format!("recovers {} {assets}", ticket.0),
        Action::RecoverMarket { market, assets, count } => {
            format!("recovers-market {} {assets} {count}", market.0)
        }
        Action::AssignRecoveries { market, count } => format!("assigns {} {count}", market.0),
        Action::ClaimRecovery { ticket, tranche, class, checkpoint } => {
            let usual = share_checkpoint(scene, command.caller, *ticket, *tranche, *class);
            let class_word = if *class == ClassKind::Active { "active" } else { "queued" };
            let checkpoint = unless("checkpoint", checkpoint.to_string(), usual.to_string());
            format!("claims {} {tranche} {class_word}{checkpoint}", ticket.0)
        }
        Action::ClaimDeductible { ticket } => format!("claims-deductible {}", ticket.0),
        Action::ClaimBond { ticket, member, checkpoint } => {
            let usual = bond_checkpoint(scene, *ticket, *member);
            let checkpoint = unless("checkpoint", checkpoint.to_string(), usual.to_string());
            format!("claims-bond {} {}{checkpoint}", ticket.0, member.0)
        }
        Action::AnnounceWriteOff { ticket } => format!("writes-off {} announces", ticket.0),
        Action::WriteOff { ticket } => format!("writes-off {}", ticket.0),
        Action::OpenLot { ticket, goods, start, floor, duration } => {
            let goods = unless("goods", digest_word(goods), digest_word(&[4; 32]));
            let duration = unless("duration", duration.to_string(), DAY.to_string());
            format!("opens-lot {} {start} {floor}{goods}{duration}", ticket.0)
        }
        Action::BuyLot { lot, price_max } => {
            format!("buys-lot {}{}", lot.0, unless("most", price_max.to_string(), Assets::MAX.to_string()))
        }
        Action::AnnounceRules { rules: announced } => {
            format!("announces{}", rules::write(announced, scene.state.rules()))
        }
        Action::WithdrawRules => "withdraws".into(),
        Action::Pause { until: end } => format!("pauses{}", until(scene, *end)),
        Action::CollectFees => "collects".into(),
    }
}

/// A number of days from now, or the second.
fn until(scene: &Scene, at: Seconds) -> String {
    let days = at.checked_sub(scene.now).filter(|left| left.is_multiple_of(DAY)).map(|left| left / DAY);
    match days.filter(|days| *days <= u64::from(u32::MAX)) {
        Some(days) => format!(" {days}"),
        None => format!(" until={at}"),
    }
}

fn report(reading: &Reading) -> String {
    let counter = reading.counter.map_or_else(|| "none".to_owned(), |counter| counter.to_string());
    let mut text = format!("reports {} counter={counter}", reading.market.0);
    let usual = [("rate", reading.rate, RATE_ONE), ("latent", reading.latent, 0)];
    let rest = [("recovered", reading.recovered, 0), ("supplied", reading.supplied, 0)];
    for (key, value, usual) in usual.into_iter().chain(rest) {
        if value != usual {
            text += &format!(" {key}={value}");
        }
    }
    if let Some(most) = reading.accepts {
        text += &format!(" accepts={most}");
    }
    text
}
