//! What nobody covered, shared by fixed rules (7.2), and what an adapter must net and cap before a loss counts
//! (8.1, 8.2). Pure functions over sequences of accounts: the parts add up exactly, no account goes below zero.

use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;
use core::cmp::Ordering;

use ruint::aliases::U256;
use seawall_fixed::{Assets, Overflow};

use crate::id::AccountId;
use crate::waterfall::cumulative_split;

/// How a residual is shared out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allocation {
    /// Part of each account, in the order given.
    pub parts: Vec<Assets>,
    /// What no account could bear; parts and rest add up to the residual.
    pub rest: Assets,
}

/// Shares a residual among lenders in proportion to what they supplied: the haircut index of a lending market.
///
/// # Errors
/// [`Overflow`] when the supplies add up to more than 2^128 - 1.
pub fn haircut(residual: Assets, supplied: &[Assets]) -> Result<Allocation, Overflow> {
    let taken = residual.min(total(supplied.iter().copied())?);
    Ok(Allocation { parts: cumulative_split(taken, supplied), rest: residual - taken })
}

/// Sum of amounts that come from outside and may be anything.
fn total(amounts: impl Iterator<Item = Assets>) -> Result<Assets, Overflow> {
    let mut amounts = amounts;
    amounts.try_fold(Assets::ZERO, Assets::checked_add)
}

/// A winning account of a leveraged exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Winner {
    /// Its profit: the weight of its part.
    pub profit: Assets,
    /// Most it can be made to bear.
    pub cap: Assets,
}

/// Shares a residual among winners pro rata to profit, each up to its cap: the haircut is min(eta, cap), with
/// one eta for all (Chitra 2025, arXiv 2512.01112).
///
/// # Errors
/// [`Overflow`] when the profits add up to more than 2^128 - 1.
pub fn capped_pro_rata(residual: Assets, winners: &[Winner]) -> Result<Allocation, Overflow> {
    let mut parts = vec![Assets::ZERO; winners.len()];
    let mut order: Vec<usize> =
        (0..winners.len()).filter(|&index| !winners[index].profit.is_zero()).collect();
    // By cap per unit of profit: who is capped at the lowest haircut comes first. The index makes ties exact.
    order.sort_by(|&one, &other| ratio_order(&winners[one], &winners[other]).then(one.cmp(&other)));
    let mut left = residual;
    let mut weight = total(order.iter().map(|&index| winners[index].profit))?;
    for (place, &index) in order.iter().enumerate() {
        let Winner { profit, cap } = winners[index];
        let cap = cap.min(profit);
        // Capped when cap / profit <= left / weight, that is, when the common haircut would exceed its cap.
        if wide(cap) * wide(weight) <= wide(left) * wide(profit) {
            parts[index] = cap;
            left -= cap;
            weight -= profit;
            continue;
        }
        let open = &order[place..];
        let weights: Vec<Assets> = open.iter().map(|&index| winners[index].profit).collect();
        for (&index, part) in open.iter().zip(cumulative_split(left, &weights)) {
            parts[index] = part;
        }
        left = Assets::ZERO;
        break;
    }
    Ok(Allocation { parts, rest: left })
}

fn ratio_order(one: &Winner, other: &Winner) -> Ordering {
    let (a, b) = (one.cap.min(one.profit), other.cap.min(other.profit));
    (wide(a) * wide(other.profit)).cmp(&(wide(b) * wide(one.profit)))
}

fn wide(amount: Assets) -> U256 {
    U256::from(amount.get())
}

/// A position that can be closed against the bankrupt one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ranked {
    /// Rank: the highest is deleveraged first; equal ranks in the order given.
    pub rank: u64,
    /// Most that closing it can bear.
    pub most: Assets,
}

/// Shares a residual by auto-deleveraging: whole positions in order of rank until it is borne.
#[must_use]
pub fn deleverage_by_rank(residual: Assets, positions: &[Ranked]) -> Allocation {
    let mut order: Vec<usize> = (0..positions.len()).collect();
    order.sort_by_key(|&index| (core::cmp::Reverse(positions[index].rank), index));
    let mut parts = vec![Assets::ZERO; positions.len()];
    let mut rest = residual;
    for index in order {
        parts[index] = rest.min(positions[index].most);
        rest -= parts[index];
    }
    Allocation { parts, rest }
}

/// One leg of a derivative account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leg {
    /// Who owns it, by the exchange's own identification.
    pub owner: AccountId,
    /// What the leg is worth, if it is worth something.
    pub equity: Assets,
    /// What the leg owes beyond its collateral.
    pub deficit: Assets,
}

/// Deficits that count after the legs of the same owner are netted (8.2): whoever trades both sides to bankrupt
/// one of them has lost nothing. In ascending order of owner; owners without a deficit are left out.
///
/// # Errors
/// [`Overflow`] when one owner's legs add up to more than 2^128 - 1.
pub fn net_by_owner(legs: &[Leg]) -> Result<Vec<(AccountId, Assets)>, Overflow> {
    let mut owners: BTreeMap<AccountId, (Assets, Assets)> = BTreeMap::new();
    for leg in legs {
        let (equity, deficit) = owners.entry(leg.owner).or_default();
        *equity = equity.checked_add(leg.equity)?;
        *deficit = deficit.checked_add(leg.deficit)?;
    }
    let net = owners.into_iter().map(|(owner, (equity, deficit))| (owner, deficit.saturating_sub(equity)));
    Ok(net.filter(|(_, deficit)| !deficit.is_zero()).collect())
}

/// The loss that an adapter may count under a limit an owner (8.1): what one owner lost before counts against
/// its limit. Returns the part of `loss` that is still within it.
#[must_use]
pub fn within_owner_limit(loss: Assets, counted_before: Assets, limit: Assets) -> Assets {
    loss.min(limit.saturating_sub(counted_before))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amounts(units: &[u128]) -> Vec<Assets> {
        units.iter().copied().map(Assets::new).collect()
    }

    fn winners(rows: &[(u128, u128)]) -> Vec<Winner> {
        rows.iter()
            .map(|&(profit, cap)| Winner { profit: Assets::new(profit), cap: Assets::new(cap) })
            .collect()
    }

    /// Chitra 2025, arXiv 2512.01112: w = (100, 50, 30, 20), caps (.2, .5, 1, 1).
    #[test]
    fn capped_pro_rata_reproduces_the_published_haircuts() {
        let winners = winners(&[(100, 20), (50, 25), (30, 30), (20, 20)]);
        // Need 60: eta .4, haircuts 20, 20, 12, 8.
        let shared = capped_pro_rata(Assets::new(60), &winners).unwrap();
        assert_eq!(shared, Allocation { parts: amounts(&[20, 20, 12, 8]), rest: Assets::ZERO });
        // Need 95: eta 1, everybody at the cap.
        let shared = capped_pro_rata(Assets::new(95), &winners).unwrap();
        assert_eq!(shared, Allocation { parts: amounts(&[20, 25, 30, 20]), rest: Assets::ZERO });
        // More is infeasible: the residual is reported.
        assert_eq!(capped_pro_rata(Assets::new(100), &winners).unwrap().rest, Assets::new(5));
    }

    #[test]
    fn capped_pro_rata_adds_up_and_keeps_every_cap() {
        for need in 0..60u128 {
            for seed in 0..200u128 {
                let row = |k: u128| ((seed * 7 + k * 13) % 17, (seed * 5 + k * 11) % 19);
                let winners = winners(&[row(1), row(2), row(3), row(4)]);
                let shared = capped_pro_rata(Assets::new(need), &winners).unwrap();
                let sum: Assets = shared.parts.iter().copied().sum();
                assert_eq!(sum + shared.rest, Assets::new(need));
                for (part, winner) in shared.parts.iter().zip(&winners) {
                    assert!(*part <= winner.cap.min(winner.profit));
                }
                // Something is left only when everybody is at the cap.
                if !shared.rest.is_zero() {
                    let most: Assets = winners.iter().map(|winner| winner.cap.min(winner.profit)).sum();
                    assert_eq!(sum, most);
                }
            }
        }
    }

    #[test]
    fn lenders_share_a_haircut_exactly() {
        let shared = haircut(Assets::new(10), &amounts(&[100, 100, 101])).unwrap();
        assert_eq!(shared.parts.iter().copied().sum::<Assets>(), Assets::new(10));
        assert_eq!(haircut(Assets::new(10), &amounts(&[4, 3])).unwrap().rest, Assets::new(3));
    }

    #[test]
    fn the_highest_rank_is_deleveraged_first() {
        let position = |rank, most| Ranked { rank, most: Assets::new(most) };
        let positions = [position(1, 50), position(9, 30), position(9, 10), position(5, 40)];
        let shared = deleverage_by_rank(Assets::new(60), &positions);
        assert_eq!(shared, Allocation { parts: amounts(&[0, 30, 10, 20]), rest: Assets::ZERO });
        assert_eq!(deleverage_by_rank(Assets::new(200), &positions).rest, Assets::new(70));
    }

    #[test]
    fn both_legs_of_one_owner_are_netted() {
        let leg = |owner, equity, deficit| Leg {
            owner: AccountId(owner),
            equity: Assets::new(equity),
            deficit: Assets::new(deficit),
        };
        let legs = [leg(2, 0, 70), leg(1, 90, 0), leg(1, 0, 80), leg(3, 5, 0), leg(2, 20, 0)];
        assert_eq!(net_by_owner(&legs), Ok(vec![(AccountId(2), Assets::new(50))]));
        let huge = [leg(1, u128::MAX, 0), leg(1, 1, 0)];
        assert_eq!(net_by_owner(&huge), Err(Overflow));
    }

    #[test]
    fn an_owners_limit_counts_what_came_before() {
        let within =
            |loss, before| within_owner_limit(Assets::new(loss), Assets::new(before), Assets::new(100));
        assert_eq!(within(60, 0), Assets::new(60));
        assert_eq!(within(60, 70), Assets::new(30));
        assert_eq!(within(60, 120), Assets::ZERO);
    }
}
