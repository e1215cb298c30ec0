//! A line of text becomes what it says.

use seawall_engine::{
    AccountId, Action, ClassKind, Command, ExitId, LotId, MarketId, MemberId, Reading, TicketId,
};
use seawall_fixed::{Assets, EPOCH_SECONDS, Seconds, Shares};

use super::words::{Words, account, assets, digest, flag, number};
use super::{Line, Scene, accounts, plain_pool, quotes, rules};
use crate::outside::Outside;

const DAY: Seconds = 24 * 3600;

/// Reads a line.
///
/// # Errors
/// What of it says nothing.
pub fn read(scene: &Scene, line: &str) -> Result<Line, String> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let said = match words.as_slice() {
        ["pool", rest @ ..] => {
            let words = Words::new(rest)?;
            (pool(&words)?, words)
        }
        ["time", rest @ ..] => {
            let words = Words::new(rest)?;
            (Line::Time(time(scene, &words)?), words)
        }
        ["source", verb, rest @ ..] => {
            let words = Words::new(rest)?;
            (source(scene, verb, &words)?, words)
        }
        [who, verb, rest @ ..] => {
            let (caller, words) = (accounts::read(who)?, Words::new(rest)?);
            let action = action(scene, caller, verb, &words)?;
            let received = words.named("got", assets)?;
            (Line::Command(Command { received, ..Command::new(caller, action) }), words)
        }
        _ => return Err("a line needs who and what".into()),
    };
    said.1.finish()?;
    Ok(said.0)
}

fn pool(words: &Words) -> Result<Line, String> {
    let mut config = plain_pool();
    if let Some(tranches) = words.named("tranches", number)? {
        config.tranches = tranches;
    }
    if let Some(wrapper) = words.named("wrapper", flag)? {
        config.asset.wrapper = wrapper;
    }
    rules::read(words, &mut config.rules)?;
    Ok(Line::Pool(Box::new(config)))
}

/// `+ n`, `+ n days`, `+ n epochs`, or `at second`.
fn time(scene: &Scene, words: &Words) -> Result<Seconds, String> {
    if words.has("at") {
        return words.number();
    }
    if !words.has("+") {
        return Err("time goes + or at".into());
    }
    let count: Seconds = words.number()?;
    let unit = match words.word() {
        None => 1,
        Some("days") => DAY,
        Some("epochs") => EPOCH_SECONDS,
        Some(other) => return Err(format!("{other} is no unit of time")),
    };
    count.checked_mul(unit).and_then(|more| scene.now.checked_add(more)).ok_or_else(|| "too long".into())
}

fn source(scene: &Scene, verb: &str, words: &Words) -> Result<Line, String> {
    let market = MarketId(words.number()?);
    let mut outside: Outside = *scene.sources.get(market.index()).ok_or("no such market")?;
    match verb {
        "loses" => {
            let more: u128 = words.number()?;
            outside.counter = outside.counter.checked_add(more).ok_or("too much")?;
        }
        "recovers" => {
            let more: u128 = words.number()?;
            outside.recovered = outside.recovered.checked_add(more).ok_or("too much")?;
        }
        "accepts" => outside.accepts = words.word().map(number).transpose()?,
        "fails" => outside.failing = true,
        "heals" => (outside.failing, outside.falling) = (false, false),
        "shows" => shows(words, &mut outside)?,
        other => return Err(format!("no source {other}")),
    }
    Ok(Line::Source(market, outside))
}

/// What a source shows, by name.
fn shows(words: &Words, outside: &mut Outside) -> Result<(), String> {
    let all = |word: &str| if word == "all" { Ok(None) } else { number(word).map(Some) };
    macro_rules! take {
        ($($key:literal $field:ident, $read:expr;)*) => {
            $(if let Some(value) = words.named($key, $read)? { outside.$field = value; })*
        };
    }
    take! {
        "counter" counter, number;
        "rate" rate, number;
        "latent" latent, number;
        "recovered" recovered, number;
        "supplied" supplied, number;
        "accepts" accepts, all;
        "failing" failing, flag;
        "falling" falling, flag;
    }
    Ok(())
}

fn action(scene: &Scene, caller: AccountId, verb: &str, words: &Words) -> Result<Action, String> {
    let market = || words.number().map(MarketId);
    let ticket = || words.number().map(TicketId);
    Ok(match verb {
        "syncs" => Action::Sync,
        "deposits" => {
            let (tranche, assets) = (words.number()?, words.assets()?);
            Action::Deposit { tranche, owner: words.named("for", account)?.unwrap_or(caller), assets }
        }
        "gives" => {
            let (tranche, shares) = (words.number()?, Shares::new(words.number()?));
            Action::Transfer { tranche, to: accounts::read(words.word().ok_or("to whom?")?)?, shares }
        }
        "leaves" => Action::RequestExit { tranche: words.number()?, shares: Shares::new(words.number()?) },
        "clears" => Action::ClearExits { count: words.number()? },
        "claims-exit" => Action::ClaimExit { exit: ExitId(words.number()?) },
        "funds" => Action::FundReserve { assets: words.assets()? },
        "streams" => Action::StreamSurplus,
        "buys" => quotes::read(scene, caller, words)?,
        "activates" => Action::Activate { market: market()? },
        "cancels" => Action::Cancel { market: market()? },
        "finalises" => Action::Finalise { market: market()? },
        "releases" => Action::ReleaseBond { member: MemberId(words.number()?) },
        "revokes" => Action::RevokeQuotes { market: market()?, nonce: words.number()? },
        "reports" => report(words)?,
        "pays" => Action::PayMarket { market: market()? },
        "estimates" => {
            let (market, amount) = (market()?, words.assets()?);
            Action::PostEstimate { market, amount, expiry: until(scene, words)? }
        }
        "recovers" => Action::RecoverTicket { ticket: ticket()?, assets: words.assets()? },
        "recovers-market" => {
            Action::RecoverMarket { market: market()?, assets: words.assets()?, count: words.number()? }
        }
        "assigns" => Action::AssignRecoveries { market: market()?, count: words.number()? },
        "claims" => claim(scene, caller, words)?,
        "claims-deductible" => Action::ClaimDeductible { ticket: ticket()? },
        "claims-bond" => {
            let (ticket, member) = (ticket()?, MemberId(words.number()?));
            let checkpoint = words.named("checkpoint", number)?;
            let checkpoint = checkpoint.unwrap_or_else(|| bond_checkpoint(scene, ticket, member));
            Action::ClaimBond { ticket, member, checkpoint }
        }
        "writes-off" => {
            let ticket = ticket()?;
            if words.has("announces") {
                Action::AnnounceWriteOff { ticket }
            } else {
                Action::WriteOff { ticket }
            }
        }
        "opens-lot" => Action::OpenLot {
            ticket: ticket()?,
            start: words.assets()?,
            floor: words.assets()?,
            goods: words.named("goods", digest)?.unwrap_or([4; 32]),
            duration: words.named("duration", number)?.unwrap_or(DAY),
        },
        "buys-lot" => {
            let lot = LotId(words.number()?);
            Action::BuyLot { lot, price_max: words.named("most", assets)?.unwrap_or(Assets::MAX) }
        }
        "announces" => {
            let mut changed = scene.state.rules().clone();
            rules::read(words, &mut changed)?;
            Action::AnnounceRules { rules: Box::new(changed) }
        }
        "withdraws" => Action::WithdrawRules,
        "pauses" => Action::Pause { until: until(scene, words)? },
        "collects" => Action::CollectFees,
        other => return Err(format!("nobody knows how to {other}")),
    })
}

/// `until=second`, or a number of days from now.
fn until(scene: &Scene, words: &Words) -> Result<Seconds, String> {
    match words.named("until", number)? {
        Some(second) => Ok(second),
        None => Ok(scene.now + Seconds::from(words.number::<u32>()?) * DAY),
    }
}

fn report(words: &Words) -> Result<Action, String> {
    let mut reading = Reading::of(MarketId(words.number()?), 0);
    let none = |word: &str| if word == "none" { Ok(None) } else { number(word).map(Some) };
    reading.counter = words.named("counter", none)?.ok_or("which counter?")?;
    reading.accepts = words.named("accepts", number)?;
    macro_rules! take {
        ($($key:literal $field:ident;)*) => {
            $(if let Some(value) = words.named($key, number)? { reading.$field = value; })*
        };
    }
    take! {
        "rate" rate;
        "latent" latent;
        "recovered" recovered;
        "supplied" supplied;
    }
    let evidence = words.named("evidence", digest)?.unwrap_or([5; 32]);
    Ok(Action::Report { reading, evidence })
}

fn claim(scene: &Scene, caller: AccountId, words: &Words) -> Result<Action, String> {
    let (ticket, tranche) = (TicketId(words.number()?), words.number()?);
    let class = match words.word() {
        Some("active") => ClassKind::Active,
        Some("queued") => ClassKind::Queued,
        _ => return Err("active or queued shares?".into()),
    };
    let checkpoint = words.named("checkpoint", number)?;
    let checkpoint = checkpoint.unwrap_or_else(|| share_checkpoint(scene, caller, ticket, tranche, class));
    Ok(Action::ClaimRecovery { ticket, tranche, class, checkpoint })
}

/// The checkpoint of a holder's shares that a ticket uses.
pub(super) fn share_checkpoint(
    scene: &Scene,
    owner: AccountId,
    ticket: TicketId,
    tranche: u8,
    class: ClassKind,
) -> u32 {
    if tranche >= scene.state.core().tranche_count {
        return 0;
    }
    let holders = scene.state.holders();
    let track = holders.track(usize::from(tranche), class, owner);
    let index = track.index_for(holders.histories(), ticket).unwrap_or(0);
    u32::try_from(index).unwrap_or(0)
}

/// The checkpoint of a bond's units that a ticket uses.
pub(super) fn bond_checkpoint(scene: &Scene, ticket: TicketId, member: MemberId) -> u32 {
    let Some(member) = scene.state.member(member) else { return 0 };
    let index = member.units.index_for(scene.state.holders().histories(), ticket).unwrap_or(0);
    u32::try_from(index).unwrap_or(0)
}
