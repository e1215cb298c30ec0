//! A command as a call of the contract.

use seawall_engine::{Action, Command};

use super::{amount, class};
use crate::abi::{address, number};
use crate::deploy::{Deployment, abi, account, rule_words};
use crate::evm::{Address, Word};
use crate::quote;

/// A call that a command becomes.
pub struct Call {
    /// Pool or share token.
    pub to: Address,
    /// Its data.
    pub data: Vec<u8>,
}

/// The call of a command; none for what the contract cannot be asked: another tranche than it has, a transfer of
/// nothing (which ERC-20 allows), and reports, which only a ledger without a chain has.
#[must_use]
pub fn call(at: &Deployment, command: &Command) -> Option<Call> {
    let pool = |name: &str, words: &[Word]| {
        Some(Call { to: at.pool, data: abi().call(&format!("Pool.{name}"), words) })
    };
    let small = |value: u32| number(value.into());
    match &command.action {
        Action::Sync => pool("sync", &[]),
        Action::Deposit { tranche, owner, assets } => {
            let words = [amount(*assets), address(account(*owner))];
            share_token(at, *tranche, "deposit", &words)
        }
        Action::Transfer { shares, .. } if shares.is_zero() => None,
        Action::Transfer { tranche, to, shares } => {
            share_token(at, *tranche, "transfer", &[address(account(*to)), number(shares.get())])
        }
        Action::RequestExit { tranche, shares } => {
            let caller = address(account(command.caller));
            share_token(at, *tranche, "requestRedeem", &[number(shares.get()), caller, caller])
        }
        Action::ClearExits { count } => pool("clearExits", &[small(*count)]),
        Action::ClaimExit { exit } => pool("claimExit", &[small(exit.0)]),
        Action::FundReserve { assets } => pool("fundReserve", &[amount(*assets)]),
        Action::StreamSurplus => pool("streamSurplus", &[]),
        Action::BuyCover { quote, digest, signer, premium_max } => {
            let mut words = quote::words(at, quote);
            let signature = quote::sign(signer.0, digest);
            words.push(amount(*premium_max));
            words.push(number(32 * (words.len() as u128 + 1)));
            words.push(number(signature.len() as u128));
            let mut padded = signature;
            padded.resize(96, 0);
            words.extend(padded.chunks(32).map(|chunk| <Word>::try_from(chunk).expect("a word")));
            pool("buyCover", &words)
        }
        Action::Activate { market } => pool("activate", &[small(market.0)]),
        Action::Cancel { market } => pool("cancel", &[small(market.0)]),
        Action::Finalise { market } => pool("finalise", &[small(market.0)]),
        Action::ReleaseBond { member } => pool("releaseBond", &[small(member.0)]),
        Action::RevokeQuotes { market, nonce } => {
            pool("revokeQuotes", &[small(market.0), number((*nonce).into())])
        }
        Action::Report { .. } => None,
        Action::PayMarket { market } => pool("payMarket", &[small(market.0)]),
        Action::PostEstimate { market, amount: estimate, expiry } => {
            pool("postEstimate", &[small(market.0), amount(*estimate), number((*expiry).into())])
        }
        Action::RecoverTicket { ticket, assets } => {
            pool("recoverTicket", &[small(ticket.0), amount(*assets)])
        }
        Action::RecoverMarket { market, assets, count } => {
            pool("recoverMarket", &[small(market.0), amount(*assets), small(*count)])
        }
        Action::AssignRecoveries { market, count } => {
            pool("assignRecoveries", &[small(market.0), small(*count)])
        }
        Action::ClaimRecovery { ticket, tranche, class: kind, checkpoint } => {
            let words =
                [small(ticket.0), small((*tranche).into()), small(class(*kind).into()), small(*checkpoint)];
            pool("claimRecovery", &words)
        }
        Action::ClaimDeductible { ticket } => pool("claimDeductible", &[small(ticket.0)]),
        Action::ClaimBond { ticket, member, checkpoint } => {
            pool("claimBond", &[small(ticket.0), small(member.0), small(*checkpoint)])
        }
        Action::AnnounceWriteOff { ticket } => pool("announceWriteOff", &[small(ticket.0)]),
        Action::WriteOff { ticket } => pool("writeOff", &[small(ticket.0)]),
        Action::OpenLot { ticket, goods, start, floor, duration } => {
            let words = [small(ticket.0), *goods, amount(*start), amount(*floor), number((*duration).into())];
            pool("openLot", &words)
        }
        Action::BuyLot { lot, price_max } => pool("buyLot", &[small(lot.0), amount(*price_max)]),
        Action::AnnounceRules { rules } => pool("announceRules", &rule_words(rules)),
        Action::WithdrawRules => pool("withdrawRules", &[]),
        Action::Pause { until } => pool("pause", &[number((*until).into())]),
        Action::CollectFees => pool("collectFees", &[]),
    }
}

fn share_token(at: &Deployment, tranche: u8, name: &str, words: &[Word]) -> Option<Call> {
    let to = *at.shares.get(usize::from(tranche))?;
    Some(Call { to, data: abi().call(&format!("ShareToken.{name}"), words) })
}
