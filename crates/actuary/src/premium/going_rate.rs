//! What the market pays for cover of the same debt: the yields of Aave's Umbrella stakes, which are slashed for bad
//! debt of the asset they are staked in.
//!
//! Sources: Aave governance proposals 320 (June 2025), 467 (GHO) and 507 (July 2026). Rates a year of the amount staked, as
//! fractions. They pay for more and less than this cover: also for liquidity and for events of the whole venue, after
//! a deductible of the treasury.

/// A rate that is paid for cover.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GoingRate {
    /// Debt asset covered.
    pub asset: &'static str,
    /// Rate a year, as a fraction of the cover.
    pub rate: f64,
    /// Month of the rate, YYYY-MM.
    pub month: &'static str,
    /// Where it was set.
    pub source: &'static str,
}

const FIRST: &str = "Aave Umbrella, proposal 320";
const CLOSED: &str = "Aave Umbrella, proposal 467; closed since";
const LATEST: &str = "Aave Umbrella, proposal 507";

/// Rates on record, by asset and rising month.
pub const GOING_RATES: [GoingRate; 7] = [
    GoingRate { asset: "USDC", rate: 0.0353, month: "2025-06", source: FIRST },
    GoingRate { asset: "USDC", rate: 0.0375, month: "2026-07", source: LATEST },
    GoingRate { asset: "USDT", rate: 0.0353, month: "2025-06", source: FIRST },
    GoingRate { asset: "USDT", rate: 0.0375, month: "2026-07", source: LATEST },
    GoingRate { asset: "WETH", rate: 0.0220, month: "2025-06", source: FIRST },
    GoingRate { asset: "WETH", rate: 0.0270, month: "2026-07", source: LATEST },
    GoingRate { asset: "GHO", rate: 0.10, month: "2025-06", source: CLOSED },
];

/// The latest rate for a debt asset; none where none is on record. Upper and lower case do not matter; ETH is WETH.
#[must_use]
pub fn going_rate(debt_asset: &str) -> Option<GoingRate> {
    let asset = if debt_asset.eq_ignore_ascii_case("ETH") { "WETH" } else { debt_asset };
    GOING_RATES.iter().rev().find(|rate| rate.asset.eq_ignore_ascii_case(asset)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_rate_of_an_asset() {
        for (asset, expected) in
            [("USDC", Some(0.0375)), ("usdt", Some(0.0375)), ("ETH", Some(0.027)), ("GHO", Some(0.1))]
        {
            assert_eq!(going_rate(asset).map(|rate| rate.rate), expected, "{asset}");
        }
        assert_eq!(going_rate("crvUSD"), None);
        assert!(GOING_RATES.windows(2).all(|w| w[0].asset != w[1].asset || w[0].month < w[1].month));
    }
}
