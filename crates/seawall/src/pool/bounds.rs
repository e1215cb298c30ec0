//! Bounds of the rules on a quote (rule 3.2), checked before a local actuary signs it: a quote that can never be
//! bought is not worth a file. The engine checks them again at the purchase, by the rules then in force.

use seawall_engine::{AccountId, Quote, Rules, TRANCHES_MAX, YEAR};
use seawall_fixed::{Assets, EPOCH_SECONDS, MILLION, Ppm, Rounding, mul_div};

use super::amount;
use super::label::Labels;
use crate::output::Failure;

/// Refuses terms that these rules never admit.
///
/// # Errors
/// The first term outside its bounds, with the bound, as a refusal by rule 3.2.
pub fn check(quote: &Quote, signer: AccountId, rules: &Rules, labels: &Labels) -> Result<(), Failure> {
    let money = |assets: Assets| labels.unit.money(assets);
    let refuse = |why: String| Err(Failure::refused(why).rule("3.2"));
    if !rules.roles.actuaries.contains(&signer) {
        return refuse(format!("{} is not an actuary of this pool", labels.account(signer)));
    }
    if quote.limit.is_zero() || quote.limit > rules.limit_max {
        let most = money(rules.limit_max);
        return refuse(format!("--limit {} is not above zero and at most {most}", money(quote.limit)));
    }
    if quote.event_limit.is_zero() {
        return refuse("--event-limit is zero".to_owned());
    }
    if quote.deductible_bond > quote.deductible {
        let (bond, deductible) = (money(quote.deductible_bond), money(quote.deductible));
        return refuse(format!("--deductible-bond {bond} is above the deductible of {deductible}"));
    }
    for (field, part) in [("--coinsurance", quote.coinsurance), ("--bonus-share", quote.bonus_share)] {
        if !part.is_fraction() {
            return refuse(format!("{field} {} is above 1", amount::fraction_text(part)));
        }
    }
    let split = split_sum(&quote.split);
    if split > MILLION {
        return refuse(format!("--split adds up to {}, above 1", amount::trimmed(split, 6)));
    }
    if quote.charge.is_zero() {
        return refuse("--charge is zero".to_owned());
    }
    let (term, longest) = (quote.term_epochs, rules.term_epochs_max);
    if !(1..=longest).contains(&term) {
        return refuse(format!("--term {term} is not between 1 and {longest} epochs"));
    }
    check_rate(quote, rules, labels)
}

/// Sum of a split, in millionths.
fn split_sum(split: &[Ppm; TRANCHES_MAX]) -> u128 {
    split.iter().map(|part| u128::from(part.get())).sum()
}

/// The lowest premium: ceil(ceil(limit x rate) x term / year).
fn check_rate(quote: &Quote, rules: &Rules, labels: &Labels) -> Result<(), Failure> {
    let too_large = |_| Failure::refused("the lowest premium exceeds 2^128 - 1").rule("1.2");
    let term = u128::from(quote.term_epochs) * u128::from(EPOCH_SECONDS);
    let a_year = rules.rate_min.of(quote.limit.get(), Rounding::Up).map_err(too_large)?;
    let least = mul_div(a_year, term, u128::from(YEAR), Rounding::Up).map_err(too_large)?;
    if quote.premium.get() < least {
        let (premium, least) = (labels.unit.money(quote.premium), labels.unit.money(Assets::new(least)));
        let why = format!("a premium of {premium} is below the lowest rate, which asks {least}");
        return Err(Failure::refused(why).rule("3.2"));
    }
    Ok(())
}
