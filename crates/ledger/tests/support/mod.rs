//! A pool for the tests and a stream of commands that depends on seed and index alone.

#![allow(dead_code, reason = "each test binary uses its own part")]

use std::path::PathBuf;

use seawall_engine::{
    AccountId, Action, Asset, Command, Config, ExitId, Knot, MULTIPLIER_ONE, MarketId, Quote, Reading, Roles,
    Rules, SHARES_PER_ASSET, Source, TicketId,
};
use seawall_fixed::{Assets, EPOCH_SECONDS, Ppm, Seconds, Shares};
use seawall_ledger::{Ledger, Outcome, Request};
use tempfile::TempDir;

/// A boundary to start from: epoch 2,800, in September 2023.
pub const T0: Seconds = 2_800 * EPOCH_SECONDS;

/// Names of the first accounts, in the order of their numbers.
pub const ACCOUNTS: [&str; 10] =
    ["owner", "actuary", "risk", "guardian", "reporter", "fees", "insured", "market", "alice", "bob"];
pub const OWNER: AccountId = AccountId(0);
pub const ACTUARY: AccountId = AccountId(1);
pub const REPORTER: AccountId = AccountId(4);
pub const INSURED: AccountId = AccountId(6);
pub const DESTINATION: AccountId = AccountId(7);
pub const MARKETS: [&str; 2] = ["crvusd/weth", "crvusd/wbtc"];

pub fn config() -> Config {
    let rules = Rules {
        roles: Roles {
            owner: OWNER,
            actuaries: vec![ACTUARY],
            risk: AccountId(2),
            guardian: AccountId(3),
            reporters: vec![REPORTER],
        },
        deposit_min: Assets::new(10),
        exit_min: Assets::new(10),
        ticket_min: Assets::new(10),
        cooldown: 2 * EPOCH_SECONDS,
        waiting: EPOCH_SECONDS,
        term_epochs_max: 26,
        early_period: 0,
        early_multiple: Ppm::new(10_000_000),
        junior_floor: Ppm::new(100_000),
        scarcity: vec![Knot { at: Ppm::ZERO, multiplier: MULTIPLIER_ONE }],
        earn_rate_max: u64::MAX,
        fee: Ppm::new(50_000),
        fee_recipient: AccountId(5),
        cancel_share: Ppm::new(100_000),
        reserve_target: Assets::new(1_000),
        surplus_epochs: 4,
        surplus_split: [Ppm::new(500_000), Ppm::new(500_000), Ppm::ZERO, Ppm::ZERO],
        rate_min: Ppm::ZERO,
        limit_max: Assets::MAX,
        market_share_max: Ppm::ONE,
        mutual_multiple: Ppm::new(2_000_000),
        latent_share_max: Ppm::ONE,
        latent_term_max: 8 * EPOCH_SECONDS,
        pause_max: EPOCH_SECONDS,
    };
    Config { pool: [7; 32], tranches: 2, asset: Asset::default(), rules, opened: T0 }
}

/// A folder of its own and the file name in it.
pub fn place() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pool.ledger");
    (folder, file)
}

pub fn create(file: &PathBuf) -> Ledger {
    Ledger::create(file, config(), &ACCOUNTS, &MARKETS).unwrap()
}

/// SplitMix64: enough to choose commands and positions.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}

/// Second of command `index`.
pub fn time_of(index: u64) -> Seconds {
    T0 + index * 6 * 3600
}

/// Loss counter of both markets at command `index`: a loss of 300 units every 64 commands.
fn counter_of(index: u64) -> u128 {
    u128::from(index / 64 * 300)
}

/// Command `index` of the stream `seed`, with names as callers use them: about three of four are accepted.
pub fn request(seed: u64, index: u64, key: &str) -> Request<'_> {
    Request::naming(key, time_of(index), move |names| {
        let mut random = Random(seed ^ index.wrapping_mul(0x2545_f491_4f6c_dd1d));
        let lender = format!("lender {}", random.below(20 + index / 4));
        let known = AccountId(8 + u32::try_from(random.below(2)).unwrap());
        let market = MarketId(u32::try_from(random.below(2)).unwrap());
        let tranche = u8::try_from(random.below(2)).unwrap();
        let ticket = TicketId(u32::try_from(random.below(1 + index / 20)).unwrap());
        let assets = Assets::new(1_000 + u128::from(random.below(1_000_000)));
        let shares = Shares::new(u128::from(1 + random.below(500)) * SHARES_PER_ASSET);
        let (caller, action) = match if index < 4 { index } else { random.below(24) } {
            0..=6 => {
                let owner = names.account(&lender)?;
                (owner, Action::Deposit { tranche, owner, assets })
            }
            7 => (known, Action::Deposit { tranche, owner: known, assets }),
            8 | 9 => (known, Action::RequestExit { tranche, shares }),
            10 => (OWNER, Action::ClearExits { count: 8 }),
            11 => {
                let exit = ExitId(u32::try_from(random.below(1 + index / 12)).unwrap());
                (known, Action::ClaimExit { exit })
            }
            12 => (known, Action::FundReserve { assets }),
            13..=15 => {
                let reading = Reading::of(market, counter_of(index));
                (REPORTER, Action::Report { reading, evidence: [5; 32] })
            }
            16 => {
                let name = format!("venue {}", random.below(4));
                let market = names.market(&name)?;
                let reading = Reading::of(market, 0);
                (REPORTER, Action::Report { reading, evidence: [5; 32] })
            }
            17 | 18 => {
                let quote = Box::new(quote(market, index));
                let premium_max = Assets::MAX;
                (INSURED, Action::BuyCover { quote, digest: [8; 32], signer: ACTUARY, premium_max })
            }
            19 => (OWNER, Action::Activate { market }),
            20 => (known, Action::Transfer { tranche, to: names.account(&lender)?, shares }),
            21 => (OWNER, Action::RecoverTicket { ticket, assets: Assets::new(50) }),
            22 => (OWNER, Action::StreamSurplus),
            _ => (OWNER, Action::Sync),
        };
        Ok(Command::new(caller, action))
    })
}

fn quote(market: MarketId, index: u64) -> Quote {
    Quote {
        pool: [7; 32],
        market,
        buyer: INSURED,
        source: Source::Reported,
        destination: DESTINATION,
        holds_pool_asset: false,
        limit: Assets::new(100_000),
        event_limit: Assets::new(50_000),
        deductible: Assets::new(500),
        deductible_bond: Assets::new(100),
        coinsurance: Ppm::new(100_000),
        term_epochs: 4,
        premium: Assets::new(13_000),
        bonus_share: Ppm::new(50_000),
        split: [Ppm::new(500_000), Ppm::new(300_000), Ppm::ZERO, Ppm::ZERO],
        charge: Assets::new(100_000),
        callable_bond: Assets::new(1_000),
        counter: counter_of(index),
        latest_end_max: Seconds::MAX,
        required_max: Assets::MAX,
        deadline: Seconds::MAX,
        nonce: index,
        inputs: [9; 32],
    }
}

/// Runs commands `from..to`; returns the outcomes of the accepted ones.
pub fn run(ledger: &mut Ledger, seed: u64, from: u64, to: u64) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    for index in from..to {
        let key = format!("key {index}");
        let request = request(seed, index, &key);
        let mut answers = ledger.execute_batch(vec![request]).unwrap();
        outcomes.extend(answers.pop().unwrap().ok());
    }
    outcomes
}

/// The same in transactions of 50 commands.
pub fn run_together(ledger: &mut Ledger, seed: u64, from: u64, to: u64) -> usize {
    let mut accepted = 0;
    for first in (from..to).step_by(50) {
        let keys: Vec<String> = (first..to.min(first + 50)).map(|index| format!("key {index}")).collect();
        let requests = (first..).zip(&keys).map(|(index, key)| request(seed, index, key)).collect();
        accepted += ledger.execute_batch(requests).unwrap().into_iter().flatten().count();
    }
    accepted
}
