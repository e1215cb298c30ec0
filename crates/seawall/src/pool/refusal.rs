//! Refusals of the engine in the names and units of the pool, with what to do next.

use seawall_engine::{Error, MarketId};
use seawall_fixed::{Assets, Seconds};

use super::instant;
use super::label::Labels;
use crate::output::Failure;

/// The failure that tells a user of a refusal: exit code 3, the rule's number, names instead of numbers.
pub fn refused(error: &Error, labels: &Labels) -> Failure {
    let plain = error.to_string();
    // Every message of a rule begins with its number.
    let numbered =
        plain.split_once(": ").filter(|(rule, _)| rule.starts_with(|first: char| first.is_ascii_digit()));
    let text = named(error, labels);
    match numbered {
        Some((rule, rest)) => {
            with_hint(error, Failure::refused(text.unwrap_or_else(|| rest.to_owned())).rule(rule))
        }
        None => with_hint(error, Failure::refused(text.unwrap_or(plain))),
    }
}

/// The message with names and units; none where the engine's own says it all.
fn named(error: &Error, labels: &Labels) -> Option<String> {
    of_capital(error, labels).or_else(|| of_cover(error, labels)).or_else(|| of_market(error, labels))
}

fn of_capital(error: &Error, labels: &Labels) -> Option<String> {
    let money = |assets: &Assets| labels.unit.money(*assets);
    let time = |at: &Seconds| instant::text(*at);
    let shares = |shares| labels.unit.share_count(shares);
    Some(match error {
        Error::TimeBackwards { now, last } => {
            format!("time {} is before the last command's {}", time(now), time(last))
        }
        Error::BelowMinimum { what, given, least } => {
            format!("{} is below the smallest {what}, {}", money(given), money(least))
        }
        Error::NotEnoughShares { asked, unlocked } => {
            format!("{} shares asked for, {} are unlocked", shares(*asked), shares(*unlocked))
        }
        Error::Paused { until } => format!("deposits and purchases are paused until {}", time(until)),
        Error::PauseOutOfBounds { from, most } => {
            format!("a pause may begin at {} and last until {}", time(from), time(most))
        }
        Error::NotAuthorised { caller, role } => format!("{} is not {role}", labels.account(*caller)),
        Error::NoSurplus { reserve, target } => format!(
            "the reserve of {} has no surplus above {} that cover can spare",
            money(reserve),
            money(target)
        ),
        Error::LotTooDear { price, most } => {
            format!("the lot costs {}, the buyer's most is {}", money(price), money(most))
        }
        Error::WriteOffTooEarly { ticket, from: Seconds::MAX } => {
            format!("no write-off of ticket {} was announced", ticket.0)
        }
        Error::WriteOffTooEarly { ticket, from } => {
            format!("ticket {} can be written off from {} on", ticket.0, time(from))
        }
        Error::BondCallable { member, until } => {
            format!(
                "bond {} stays callable until {}, and longer while its policy runs off",
                member.0,
                time(until)
            )
        }
        _ => return None,
    })
}

fn of_cover(error: &Error, labels: &Labels) -> Option<String> {
    let money = |assets: &Assets| labels.unit.money(*assets);
    let time = |at: &Seconds| instant::text(*at);
    Some(match error {
        Error::NotTheBuyer { caller } => format!("{} is not the quote's buyer", labels.account(*caller)),
        Error::NotAnActuary { signer } => {
            format!("{} is not an actuary of this pool", labels.account(*signer))
        }
        Error::QuoteExpired { deadline, now } => {
            format!("the quote was valid until {}, now is {}", time(deadline), time(now))
        }
        Error::CounterMoved { quoted, counter } => format!(
            "the quote saw a loss counter of {}, the market shows {}",
            money(&Assets::new(*quoted)),
            money(&Assets::new(*counter))
        ),
        Error::LatestEndMoved { latest_end, assumed } => format!(
            "a policy ends at {}, the quote assumed {} at the latest",
            time(latest_end),
            time(assumed)
        ),
        Error::RequiredMoved { required, assumed } => format!(
            "required capital would be {}, the quote assumed at most {}",
            money(required),
            money(assumed)
        ),
        Error::PremiumTooLow { premium, least } => {
            format!("a premium of {} is below the lowest rate, which asks {}", money(premium), money(least))
        }
        Error::MarketShareExceeded { charge, most } => {
            format!("the market's charges would be {}, one market may take {}", money(charge), money(most))
        }
        Error::PremiumAboveMaximum { premium, most } => {
            format!("the premium is {}, the buyer's most is {}", money(premium), money(most))
        }
        Error::CapacityExceeded { required, capital } => {
            format!("required capital would be {}, the pool has {}", money(required), money(capital))
        }
        Error::JuniorFloor { junior, floor } => format!(
            "{} holds {} unqueued, the junior floor is {}",
            labels.tranche(0),
            money(junior),
            money(floor)
        ),
        _ => return None,
    })
}

fn of_market(error: &Error, labels: &Labels) -> Option<String> {
    let market = |id: &MarketId| labels.market(*id);
    let money = |assets: &Assets| labels.unit.money(*assets);
    let time = |at: &Seconds| instant::text(*at);
    Some(match error {
        Error::EstimateOpen { market: id } => format!("a latent estimate is open for {}", market(id)),
        Error::SlotsTaken { market: id } => format!("{} has a policy and a successor", market(id)),
        Error::SourcePinned { market: id } => {
            format!("source and destination of {} are pinned", market(id))
        }
        Error::NothingToActivate { market: id } => {
            format!("no policy of {} can be activated now", market(id))
        }
        Error::CannotCancel { market: id, why } => {
            format!("no policy of {} can be cancelled: {why}", market(id))
        }
        Error::CannotFinalise { market: id, why } => {
            format!("no policy of {} can be finalised: {why}", market(id))
        }
        Error::NoSuchMarket { market: id } => format!("the pool has never read {}", market(id)),
        Error::MarketStale { market: id } => format!("{} is stale", market(id)),
        Error::NothingSetAside { market: id } => format!("nothing is set aside for {}", market(id)),
        Error::NothingToAssign { market: id } => format!("{} has no recovery to assign", market(id)),
        Error::NoEstimate { market: id } => format!("{} has no open estimate", market(id)),
        Error::RepostTooEarly { market: id, from } => {
            format!("no estimate can be posted for {} before {}", market(id), time(from))
        }
        Error::EstimateOutOfCaps { amount, expiry, most, latest } => format!(
            "an estimate of {} until {} is outside its caps: at most {} until {}",
            money(amount),
            time(expiry),
            money(most),
            time(latest)
        ),
        Error::CircularCover { market: id } => {
            format!("the assets behind the pool's wrapper stand in {}", market(id))
        }
        _ => return None,
    })
}

/// The next step, where there is one.
fn with_hint(error: &Error, failure: Failure) -> Failure {
    let hint = match error {
        Error::TimeBackwards { .. } => "pass a later --at; the pool's time only moves forward",
        Error::NotEnoughShares { .. } => {
            "status --account shows what is held and unlocked; shares of a deposit unlock at the second epoch boundary after it"
        }
        Error::NotAuthorised { .. } => "pass the right account with --as; rules show lists the roles",
        Error::NoSuchMarket { .. } => "a reporter opens a market with report --open",
        Error::MarketsStale { .. } | Error::MarketStale { .. } => {
            "status names the stale markets; a reporter posts a good reading of each with report"
        }
        Error::QuoteExpired { .. }
        | Error::CounterMoved { .. }
        | Error::LatestEndMoved { .. }
        | Error::RequiredMoved { .. }
        | Error::NonceUsed { .. } => "ask the actuary for a new quote (cover quote)",
        Error::PremiumAboveMaximum { .. } => "scarcity raised the premium: raise --premium-max, or wait",
        Error::CapacityExceeded { .. } => {
            "capital counts from the epoch boundary after its deposit; see status"
        }
        Error::NothingToActivate { .. } => "see the start of the policy in status",
        Error::NothingToClear => "see the queue in status: what has not cooled down, or backs cover, waits",
        Error::NothingToPay { .. } => "exit clear comes first; an open estimate holds back its part",
        Error::OnIce => "new cover is possible again once fewer have asked to leave",
        _ => return failure,
    };
    failure.hint(hint)
}

#[cfg(test)]
mod tests {
    use seawall_engine::AccountId;

    use super::*;
    use crate::pool::amount::Unit;

    #[test]
    fn numbers_become_names_and_the_rule_stands_apart() {
        let labels = Labels {
            unit: Unit { symbol: "USDC".to_owned(), decimals: 6 },
            tranches: vec!["junior".to_owned()],
            accounts: vec!["alice".to_owned()],
            markets: vec!["aave".to_owned()],
        };
        for (error, rule, words) in [
            (
                Error::NotAuthorised { caller: AccountId(0), role: "the owner" },
                "\"9\"",
                "alice is not the owner",
            ),
            (Error::MarketStale { market: MarketId(0) }, "\"4.2\"", "aave is stale"),
            (Error::Overflow, "\"1.2\"", "an amount exceeds"),
            (
                Error::BelowMinimum { what: "deposit", given: Assets::new(1), least: Assets::new(1_000_000) },
                "\"2.4\"",
                "0.000001 USDC is below the smallest deposit, 1.00 USDC",
            ),
        ] {
            let failure = format!("{:?}", refused(&error, &labels));
            assert!(failure.contains(rule) && failure.contains(words), "{failure}");
        }
    }
}
