//! Random pools: rules anywhere within their bounds, amounts from single units to nearly 2^128.

use proptest::prelude::*;
use seawall_engine::{
    AccountId, Asset, Config, Digest, Knot, MULTIPLIER_ONE, RATE_ONE, RateBound, Roles, Rules, Source,
};
use seawall_fixed::{Assets, EPOCH_SECONDS, Ppm, Seconds};

/// The pool of every sequence and table.
pub const POOL: Digest = [7; 32];
/// Announces rules, writes tickets off.
pub const OWNER: AccountId = AccountId(20);
/// Signs quotes.
pub const ACTUARY: AccountId = AccountId(21);
/// Posts estimates.
pub const RISK: AccountId = AccountId(22);
/// Pauses.
pub const GUARDIAN: AccountId = AccountId(23);
/// Posts readings, where there is no chain.
pub const REPORTER: AccountId = AccountId(24);
/// Receives fees.
pub const FEES: AccountId = AccountId(25);
/// Market m is bought by account BUYERS + m % 3.
pub const BUYERS: u32 = 30;
/// Payments for market m go to account DESTINATIONS + m.
pub const DESTINATIONS: u32 = 40;
/// Accounts that hold shares: those below this number.
pub const HOLDERS: u32 = 8;
/// When every pool opens.
pub const OPENED: Seconds = 2_800 * EPOCH_SECONDS;
/// Code of an adapter that is not the one a market has at first.
pub const OTHER_ADAPTER: Digest = [9; 32];
/// Relative step of a wrapper's rate that an epoch allows.
const RATE_STEP: Ppm = Ppm::new(20_000);

/// What a random sequence starts from.
#[derive(Clone, Debug)]
pub struct Setup {
    /// How many tranches there are.
    pub tranches: u8,
    /// Amounts are of the order of 2^bits units.
    pub bits: u8,
    /// The pool's token is a wrapper.
    pub wrapper: bool,
    /// Capital and cover are in place when the sequence begins.
    pub warm: bool,
    /// Rules at the start.
    pub rules: Rules,
}

impl Setup {
    /// What amounts are relative to.
    #[must_use]
    pub fn scale(&self) -> u128 {
        1 << self.bits
    }

    /// The pool to open.
    #[must_use]
    pub fn config(&self) -> Config {
        Config {
            pool: POOL,
            tranches: self.tranches,
            asset: Asset { wrapper: self.wrapper, ..Asset::default() },
            rules: self.rules.clone(),
            opened: OPENED,
        }
    }
}

/// Kind of market m in a ledger without a chain: reported, adapter, adapter behind a wrapper's rate.
#[must_use]
pub const fn source(market: u32) -> Source {
    match market % 3 {
        0 => Source::Reported,
        _ => adapter(market),
    }
}

/// Kind of market m where every market has an adapter; every third is behind a wrapper's rate.
#[must_use]
pub const fn adapter(market: u32) -> Source {
    let bound = RateBound { initial: RATE_ONE + RATE_ONE / 7, step: RATE_STEP };
    let conversion = if market % 3 == 2 { Some(bound) } else { None };
    Source::Adapter { code: [1; 32], conversion }
}

/// Rules of the pool that tables begin with: nothing is bounded that need not be, and a cooldown of two weeks.
#[must_use]
pub fn plain() -> Rules {
    let one = Assets::new(1);
    let day = 24 * 3600;
    Rules {
        roles: Roles {
            owner: OWNER,
            actuaries: vec![ACTUARY],
            risk: RISK,
            guardian: GUARDIAN,
            reporters: Vec::new(),
        },
        deposit_min: one,
        exit_min: one,
        ticket_min: one,
        cooldown: 14 * day,
        waiting: day,
        term_epochs_max: 52,
        early_period: 0,
        early_multiple: Ppm::ONE,
        junior_floor: Ppm::new(100_000),
        scarcity: vec![Knot { at: Ppm::ZERO, multiplier: MULTIPLIER_ONE }],
        earn_rate_max: u64::MAX,
        fee: Ppm::ZERO,
        fee_recipient: FEES,
        cancel_share: Ppm::new(100_000),
        reserve_target: Assets::ZERO,
        surplus_epochs: 1,
        surplus_split: [Ppm::new(250_000); 4],
        rate_min: Ppm::ZERO,
        limit_max: Assets::MAX,
        market_share_max: Ppm::ONE,
        mutual_multiple: Ppm::new(2_000_000),
        latent_share_max: Ppm::ONE,
        latent_term_max: 30 * day,
        pause_max: 7 * day,
    }
}

fn ppm(most: u32) -> impl Strategy<Value = Ppm> {
    prop_oneof![1 => Just(0), 1 => Just(most), 2 => 0..=most].prop_map(Ppm::new)
}

fn scarcity() -> impl Strategy<Value = Vec<Knot>> {
    let flat = vec![Knot { at: Ppm::ZERO, multiplier: MULTIPLIER_ONE }];
    let knots = proptest::collection::btree_map(1u32..=1_000_000, 0u64..5_000_000_000, 1..5);
    prop_oneof![
        1 => Just(flat),
        2 => knots.prop_map(|knots| {
            let mut multiplier = MULTIPLIER_ONE;
            let mut curve = vec![Knot { at: Ppm::ZERO, multiplier }];
            for (at, rise) in knots {
                multiplier += rise;
                curve.push(Knot { at: Ppm::new(at), multiplier });
            }
            curve
        }),
    ]
}

fn rules(bits: u8) -> impl Strategy<Value = Rules> {
    let day = 24 * 3600u64;
    let least = prop_oneof![Just(1u128), 1u128..50, Just((1u128 << bits) / 1000 + 1)].prop_map(Assets::new);
    let items = (least.clone(), least.clone(), least);
    let times = (
        prop_oneof![Just(0), Just(1), Just(14 * day), 0..=60 * day],
        prop_oneof![Just(1), Just(7 * day), 1..=20 * day],
        prop_oneof![Just(104u32), 1u32..=40],
        prop_oneof![Just(0), 0..=120 * day],
        0..=30 * day,
        day..=90 * day,
    );
    let earn = prop_oneof![Just(u64::MAX), Just(0u64), 0u64..1 << 42];
    let multiples = (
        prop_oneof![Just(10_000_000u32), any::<u32>()].prop_map(Ppm::new),
        prop_oneof![Just(2_000_000u32), Just(0u32), any::<u32>()].prop_map(Ppm::new),
    );
    let floor = prop_oneof![4 => ppm(200_000), 1 => ppm(1_000_000)];
    let shares = (floor, ppm(500_000), ppm(1_000_000), ppm(1_000_000));
    let surplus = (0u128..=1 << bits, 1u32..=52, ppm(250_000));
    (items, times, earn, multiples, shares, surplus, scarcity()).prop_map(
        |(items, times, earn_rate_max, multiples, shares, surplus, scarcity)| {
            let (deposit_min, exit_min, ticket_min) = items;
            let (cooldown, waiting, term_epochs_max, early_period, pause_max, latent_term_max) = times;
            let (junior_floor, fee, cancel_share, latent_share_max) = shares;
            Rules {
                roles: Roles {
                    owner: OWNER,
                    actuaries: vec![ACTUARY],
                    risk: RISK,
                    guardian: GUARDIAN,
                    reporters: vec![REPORTER],
                },
                deposit_min,
                exit_min,
                ticket_min,
                cooldown,
                waiting,
                term_epochs_max,
                early_period,
                early_multiple: multiples.0,
                junior_floor,
                scarcity,
                earn_rate_max,
                fee,
                fee_recipient: FEES,
                cancel_share,
                reserve_target: Assets::new(surplus.0),
                surplus_epochs: surplus.1,
                surplus_split: [surplus.2; 4],
                rate_min: Ppm::ZERO,
                limit_max: Assets::MAX,
                market_share_max: Ppm::ONE,
                mutual_multiple: multiples.1,
                latent_share_max,
                latent_term_max,
                pause_max,
            }
        },
    )
}

/// Any pool.
pub fn setup() -> impl Strategy<Value = Setup> {
    let bits = prop_oneof![3 => Just(20u8), 3 => Just(40), 1 => Just(7), 1 => Just(70), 1 => Just(100), 1 => Just(116)];
    (1u8..=4, bits, any::<bool>(), proptest::bool::weighted(0.8)).prop_flat_map(
        |(tranches, bits, wrapper, warm)| {
            rules(bits).prop_map(move |rules| Setup { tranches, bits, wrapper, warm, rules })
        },
    )
}
