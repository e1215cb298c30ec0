//! The engine's rules as the contract takes them (2.4): the same numbers, in the contract's widths.

use alloy_primitives::{Address, Uint};
use seawall_engine::{AccountId, Rules, TRANCHES_MAX};

use crate::abi::Pool::{Knot, RuleSet};

/// Most points of a scarcity curve.
const KNOTS_MAX: usize = 8;

/// A rule that the contract has no room for, named as in the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is larger than the contract can hold")]
pub struct TooLarge(pub &'static str);

/// Rules of the engine as the constructor and `announceRules` take them; roles are the access manager's and are left
/// out, `address` names the receiver of fees.
///
/// # Errors
/// [`TooLarge`] where a value does not fit its width; what `Rules::validate` accepts always fits but durations and
/// multiples beyond 2^32.
pub fn rule_set(rules: &Rules, address: impl Fn(AccountId) -> Address) -> Result<RuleSet, TooLarge> {
    fn narrow<T: TryFrom<u64>>(value: u64, rule: &'static str) -> Result<T, TooLarge> {
        T::try_from(value).map_err(|_| TooLarge(rule))
    }
    fn fraction(value: u32, rule: &'static str) -> Result<Uint<24, 1>, TooLarge> {
        Uint::<24, 1>::try_from(value).map_err(|_| TooLarge(rule))
    }
    if rules.scarcity.len() > KNOTS_MAX {
        return Err(TooLarge("scarcity"));
    }
    let mut scarcity = [(); KNOTS_MAX].map(|()| Knot { point: Uint::ZERO, multiplier: 0 });
    for (place, knot) in scarcity.iter_mut().zip(&rules.scarcity) {
        *place = Knot { point: fraction(knot.at.get(), "scarcity")?, multiplier: knot.multiplier };
    }
    let mut surplus = [Uint::ZERO; TRANCHES_MAX];
    for (place, part) in surplus.iter_mut().zip(&rules.surplus_split) {
        *place = fraction(part.get(), "surplus_split")?;
    }
    Ok(RuleSet {
        depositMin: rules.deposit_min.get(),
        earnRateMax: rules.earn_rate_max,
        fee: fraction(rules.fee.get(), "fee")?,
        juniorFloor: fraction(rules.junior_floor.get(), "junior_floor")?,
        exitMin: rules.exit_min.get(),
        cooldown: narrow(rules.cooldown, "cooldown")?,
        waiting: narrow(rules.waiting, "waiting")?,
        earlyPeriod: narrow(rules.early_period, "early_period")?,
        termEpochsMax: narrow(rules.term_epochs_max.into(), "term_epochs_max")?,
        cancelShare: fraction(rules.cancel_share.get(), "cancel_share")?,
        ticketMin: rules.ticket_min.get(),
        earlyMultiple: rules.early_multiple.get(),
        mutualMultiple: rules.mutual_multiple.get(),
        latentTermMax: narrow(rules.latent_term_max, "latent_term_max")?,
        pauseMax: narrow(rules.pause_max, "pause_max")?,
        reserveTarget: rules.reserve_target.get(),
        latentShareMax: fraction(rules.latent_share_max.get(), "latent_share_max")?,
        surplusEpochs: narrow(rules.surplus_epochs.into(), "surplus_epochs")?,
        surplusSplit: surplus,
        limitMax: rules.limit_max.get(),
        rateMin: rules.rate_min.get(),
        marketShareMax: fraction(rules.market_share_max.get(), "market_share_max")?,
        knots: u8::try_from(rules.scarcity.len()).map_err(|_| TooLarge("scarcity"))?,
        feeRecipient: address(rules.fee_recipient),
        scarcity,
    })
}
