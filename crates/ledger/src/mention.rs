//! Which accounts and markets a command mentions: each must have a name before the command is journalled.

use seawall_engine::{AccountId, Action, Command, MarketId, Rules};

use crate::error::LedgerError;
use crate::names::Names;

/// Refuses a command that mentions a number without a name.
pub(crate) fn check(command: &Command, names: &Names) -> Result<(), LedgerError> {
    account(command.caller, names)?;
    for reading in &command.readings {
        market(reading.market, names)?;
    }
    match &command.action {
        Action::Deposit { owner, .. } => account(*owner, names),
        Action::Transfer { to, .. } => account(*to, names),
        Action::BuyCover { quote, signer, .. } => {
            account(*signer, names)?;
            account(quote.buyer, names)?;
            account(quote.destination, names)?;
            market(quote.market, names)
        }
        Action::Report { reading, .. } => market(reading.market, names),
        Action::Activate { market: id }
        | Action::Cancel { market: id }
        | Action::Finalise { market: id }
        | Action::RevokeQuotes { market: id, .. }
        | Action::PayMarket { market: id }
        | Action::PostEstimate { market: id, .. }
        | Action::RecoverMarket { market: id, .. }
        | Action::AssignRecoveries { market: id, .. } => market(*id, names),
        Action::AnnounceRules { rules } => check_rules(rules, names),
        Action::Sync
        | Action::RequestExit { .. }
        | Action::ClearExits { .. }
        | Action::ClaimExit { .. }
        | Action::FundReserve { .. }
        | Action::StreamSurplus
        | Action::ReleaseBond { .. }
        | Action::RecoverTicket { .. }
        | Action::ClaimRecovery { .. }
        | Action::ClaimDeductible { .. }
        | Action::ClaimBond { .. }
        | Action::AnnounceWriteOff { .. }
        | Action::WriteOff { .. }
        | Action::OpenLot { .. }
        | Action::BuyLot { .. }
        | Action::WithdrawRules
        | Action::Pause { .. }
        | Action::CollectFees => Ok(()),
    }
}

/// Refuses rules that give a role to a number without a name.
pub(crate) fn check_rules(rules: &Rules, names: &Names) -> Result<(), LedgerError> {
    let roles = &rules.roles;
    let single = [roles.owner, roles.risk, roles.guardian, rules.fee_recipient];
    let mut all = single.iter().chain(&roles.actuaries).chain(&roles.reporters);
    all.try_for_each(|&id| account(id, names))
}

fn account(id: AccountId, names: &Names) -> Result<(), LedgerError> {
    let count = names.accounts.count();
    if id.0 < count { Ok(()) } else { Err(LedgerError::UnknownAccount { id: id.0, count }) }
}

fn market(id: MarketId, names: &Names) -> Result<(), LedgerError> {
    let count = names.markets.count();
    if id.0 < count { Ok(()) } else { Err(LedgerError::UnknownMarket { id: id.0, count }) }
}
