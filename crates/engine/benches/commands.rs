//! Commands a second and instructions a command, with few and with many holders.
//!
//! `commands` prints wall-clock figures; `commands count <holders> <policies> <commands>` prepares a pool and
//! runs the mix in [`measured`] alone, for callgrind (`bench/engine.sh`).
//!
//! The mix, by a fixed linear generator: 30 % deposits, 30 % transfers, 13 % requests, 13 % clearings, 13 %
//! claims of exits, 1 % loss reports that settle, and every 150th command looks after a market: it closes the
//! books of an ended policy, buys the next one, or activates it. Holders are uniformly random. With few policies
//! these outlast the run; with many, those that the run does not buy itself are bought and ended before it.

use std::hint::black_box;
use std::time::{Duration, Instant};

use seawall_engine::{
    AccountId, Action, Asset, Command, Config, ExitId, Knot, MULTIPLIER_ONE, MarketId, Quote, Reading, Roles,
    Rules, Source, State, Status, apply, execute,
};
use seawall_fixed::{Assets, EPOCH_SECONDS, Ppm, Seconds, Shares};

const ROLE: AccountId = AccountId(0);
const FIRST_HOLDER: u32 = 1;
const MARKETS: u32 = 16;
const OPENED: Seconds = 2_800 * EPOCH_SECONDS;
/// Amounts are those of a dollar token with six decimals.
const DOLLAR: u128 = 1_000_000;
const DEPOSIT: u128 = 1_000 * DOLLAR;

/// Every this many commands a market is looked after.
const VISIT: u64 = 150;
/// Commands for each policy bought: a market is visited twice in a policy's life.
const COMMANDS_A_POLICY: u64 = 2 * VISIT;

/// A 64-bit linear congruential generator (Knuth's MMIX constants), high bits used.
struct Draws(u64);

impl Draws {
    fn below(&mut self, most: u32) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u32::try_from(((self.0 >> 32) * u64::from(most)) >> 32).expect("below a 32-bit bound")
    }
}

fn rules() -> Rules {
    Rules {
        roles: Roles {
            owner: ROLE,
            actuaries: vec![ROLE],
            risk: ROLE,
            guardian: ROLE,
            reporters: vec![ROLE],
        },
        deposit_min: Assets::new(10),
        exit_min: Assets::new(10),
        ticket_min: Assets::new(10),
        cooldown: EPOCH_SECONDS,
        waiting: 1,
        term_epochs_max: 26,
        early_period: 0,
        early_multiple: Ppm::ONE,
        junior_floor: Ppm::new(50_000),
        scarcity: vec![Knot { at: Ppm::ZERO, multiplier: MULTIPLIER_ONE }],
        earn_rate_max: 1 << 42,
        fee: Ppm::new(100_000),
        fee_recipient: ROLE,
        cancel_share: Ppm::new(100_000),
        reserve_target: Assets::new(1_000_000),
        surplus_epochs: 4,
        surplus_split: [Ppm::new(500_000), Ppm::new(500_000), Ppm::ZERO, Ppm::ZERO],
        rate_min: Ppm::ZERO,
        limit_max: Assets::MAX,
        market_share_max: Ppm::ONE,
        mutual_multiple: Ppm::ONE,
        latent_share_max: Ppm::ONE,
        latent_term_max: 30 * 24 * 3600,
        pause_max: 24 * 3600,
    }
}

fn quote(market: MarketId, counter: u128, nonce: u64, term_epochs: u32) -> Quote {
    Quote {
        pool: [7; 32],
        market,
        buyer: ROLE,
        source: Source::Reported,
        destination: ROLE,
        holds_pool_asset: false,
        limit: Assets::new(100_000 * DOLLAR),
        event_limit: Assets::new(100_000 * DOLLAR),
        deductible: Assets::ZERO,
        deductible_bond: Assets::ZERO,
        coinsurance: Ppm::new(100_000),
        term_epochs,
        premium: Assets::new(1_000 * DOLLAR),
        bonus_share: Ppm::ZERO,
        split: [Ppm::new(500_000), Ppm::new(400_000), Ppm::ZERO, Ppm::ZERO],
        charge: Assets::new(100_000 * DOLLAR),
        callable_bond: Assets::ZERO,
        counter,
        latest_end_max: Seconds::MAX,
        required_max: Assets::MAX,
        deadline: Seconds::MAX,
        nonce,
        inputs: [9; 32],
    }
}

/// A pool, the time, and what the mix needs to know.
struct Bench {
    state: State,
    now: Seconds,
    holders: u32,
    markets: u32,
    term_epochs: u32,
    /// Seconds between commands.
    pace: Seconds,
    draws: Draws,
    next_claim: u32,
    counters: [u128; MARKETS as usize],
    done: u64,
    refused: u64,
}

impl Bench {
    /// A pool whose holders have deposited long ago, with its markets insured; `commands` are to follow, at the
    /// end of which `policies` will have been bought.
    fn new(holders: u32, policies: u32, commands: u64) -> Self {
        let config =
            Config { pool: [7; 32], tranches: 2, asset: Asset::default(), rules: rules(), opened: OPENED };
        let state = State::new(config).expect("the bench's rules are within bounds");
        let markets = MARKETS.min(policies);
        // More policies than markets: each lasts an epoch and is followed by another.
        let short = policies > markets;
        let visits = VISIT * u64::from(markets);
        let pace = if short { EPOCH_SECONDS / visits + 1 } else { 24 * EPOCH_SECONDS / commands };
        let mut bench = Self {
            state,
            now: OPENED,
            holders,
            markets,
            term_epochs: if short { 1 } else { 26 },
            pace: pace.max(1),
            draws: Draws(7),
            next_claim: 0,
            counters: [0; MARKETS as usize],
            done: 0,
            refused: 0,
        };
        for holder in 0..holders {
            for tranche in 0..2 {
                let (owner, assets) = (AccountId(FIRST_HOLDER + holder), Assets::new(DEPOSIT));
                bench.run(owner, Action::Deposit { tranche, owner, assets });
            }
        }
        bench.now += 3 * EPOCH_SECONDS;
        for market in 0..markets {
            bench.report(MarketId(market), 0);
        }
        let before = if short { u64::from(policies).saturating_sub(commands / COMMANDS_A_POLICY) } else { 1 };
        while markets > 0 && u64::from(bench.state.core().policies) < before {
            (0..markets).for_each(|market| bench.look_after(MarketId(market)));
            bench.now += EPOCH_SECONDS;
        }
        (0..markets).for_each(|market| bench.look_after(MarketId(market)));
        (bench.done, bench.refused) = (0, 0);
        bench
    }

    fn run(&mut self, caller: AccountId, action: Action) -> bool {
        self.done += 1;
        match execute(&self.state, &Command::new(caller, action), self.now) {
            Ok(events) => {
                for event in &events {
                    apply(&mut self.state, event);
                }
                true
            }
            Err(_) => {
                self.refused += 1;
                false
            }
        }
    }

    fn report(&mut self, market: MarketId, loss: u128) {
        self.counters[market.index()] += loss;
        let reading = Reading::of(market, self.counters[market.index()]);
        self.run(ROLE, Action::Report { reading, evidence: [1; 32] });
    }

    /// Closes the books of an ended policy and buys the next, or activates it; else syncs.
    fn look_after(&mut self, market: MarketId) {
        let policy = |bench: &Self| {
            let current = bench.state.market(market)?.current.as_ref()?;
            Some((current.status, current.start, current.end))
        };
        match policy(self) {
            Some((Status::Ended | Status::Active, _, end)) if end <= self.now => {
                self.run(ROLE, Action::Finalise { market });
            }
            Some((Status::Pending, start, _)) if start <= self.now => {
                self.run(ROLE, Action::Activate { market });
            }
            _ => {
                self.run(ROLE, Action::Sync);
            }
        }
        if policy(self).is_none() {
            let nonce = self.state.market(market).map_or(0, |row| row.nonce);
            let quote = Box::new(quote(market, self.counters[market.index()], nonce, self.term_epochs));
            let premium_max = Assets::MAX;
            self.run(ROLE, Action::BuyCover { quote, digest: [8; 32], signer: ROLE, premium_max });
        }
    }

    fn holder(&mut self) -> AccountId {
        AccountId(FIRST_HOLDER + self.draws.below(self.holders))
    }

    /// One command of the mix.
    fn one(&mut self, index: u64) {
        self.now += self.pace;
        if index.is_multiple_of(VISIT) {
            let market = (index / VISIT) % u64::from(self.markets);
            self.look_after(MarketId(u32::try_from(market).expect("at most 16 markets")));
            return;
        }
        let tranche = u8::try_from(self.draws.below(2)).expect("two tranches");
        let owner = self.holder();
        match self.draws.below(1000) {
            0..300 => {
                let assets = Assets::new(DOLLAR + u128::from(self.draws.below(1_000_000)));
                self.run(owner, Action::Deposit { tranche, owner, assets });
            }
            300..600 => {
                let (to, shares) = (
                    self.holder(),
                    Shares::new(DOLLAR * 1_000 + u128::from(self.draws.below(1_000_000_000))),
                );
                self.run(owner, Action::Transfer { tranche, to, shares });
            }
            600..730 => {
                let shares = Shares::new(DOLLAR * 1_000 + u128::from(self.draws.below(100_000)));
                self.run(owner, Action::RequestExit { tranche, shares });
            }
            730..860 => {
                self.run(ROLE, Action::ClearExits { count: 2 });
            }
            860..990 => {
                let exit = ExitId(self.next_claim);
                let owner = self.state.exit(exit).map_or(ROLE, |exit| exit.owner);
                if self.run(owner, Action::ClaimExit { exit }) {
                    self.next_claim += 1;
                }
            }
            _ => {
                let market = MarketId(self.draws.below(self.markets));
                self.report(market, 100 * DOLLAR);
            }
        }
    }
}

/// The measured part: nothing else is counted.
#[inline(never)]
fn measured(bench: &mut Bench, commands: u64) {
    for index in 0..commands {
        bench.one(index);
    }
}

/// Seconds of the process in which `part` runs.
fn time(part: impl FnOnce()) -> Duration {
    let start = Instant::now();
    part();
    start.elapsed()
}

fn speed(holders: u32, policies: u32, commands: u64) {
    let mut bench = Bench::new(holders, policies, commands);
    let took = time(|| measured(&mut bench, commands));
    let rate = bench.done as f64 / took.as_secs_f64();
    println!(
        "{holders:>9} holders {policies:>6} policies: {:>6.2} million commands/s  ({:.0} ns each, {} policies bought in all, {} tickets, {:.1} % refused)",
        rate / 1e6,
        1e9 / rate,
        bench.state.core().policies,
        bench.state.core().tickets,
        100.0 * bench.refused as f64 / bench.done as f64,
    );
}

/// The cost of the common steps alone, by number of markets behind adapters that every command reads.
fn sync_share() {
    for markets in [0u32, 1, 4, 16] {
        let mut bench = Bench::new(1_000, 0, 1_000);
        let source = Source::Adapter { code: [3; 32], conversion: None };
        let ids: Vec<_> = (100..100 + markets).map(MarketId).collect();
        let mut readings: Vec<Reading> = Vec::new();
        for id in &ids {
            readings.push(Reading::of(*id, 0));
            let quote = Quote { source, ..quote(*id, 0, 0, 26) };
            let action = Action::BuyCover {
                quote: Box::new(quote),
                digest: [8; 32],
                signer: ROLE,
                premium_max: Assets::MAX,
            };
            let command = Command { readings: readings.clone(), ..Command::new(ROLE, action) };
            let events = execute(&bench.state, &command, bench.now).expect("cover is for sale");
            events.iter().for_each(|event| apply(&mut bench.state, event));
        }
        let command = Command { readings, ..Command::new(ROLE, Action::Sync) };
        let rounds = 1_000_000u32;
        let took = time(|| {
            for _ in 0..rounds {
                bench.now += 1;
                let events =
                    execute(&bench.state, black_box(&command), bench.now).expect("a sync is never refused");
                events.iter().for_each(|event| apply(&mut bench.state, event));
            }
        });
        println!(
            "sync with {markets:>2} markets behind adapters: {:>5} ns",
            took.as_nanos() / u128::from(rounds)
        );
    }
}

/// Bytes a holder, from the sizes of its rows: an active holding a tranche, and a queued track once it left.
fn memory() {
    let active = size_of::<seawall_engine::Holding>();
    let queued = size_of::<seawall_engine::Track>();
    println!("bytes a holder and tranche: {active} active, {queued} more for those who asked to leave");
    let resident = || -> Option<u64> {
        let text = std::fs::read_to_string("/proc/self/statm").ok()?;
        text.split(' ').nth(1)?.parse::<u64>().ok().map(|pages| pages * 4096)
    };
    let before = resident();
    let bench = Bench::new(1_000_000, 16, 1_000);
    if let (Some(before), Some(after)) = (before, resident()) {
        println!(
            "resident, 1,000,000 holders of two tranches: {} bytes a holder",
            (after - before) / 1_000_000
        );
    }
    black_box(&bench.state);
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |index: usize| arguments.get(index).and_then(|text| text.parse().ok());
    if arguments.first().is_some_and(|mode| mode == "count") {
        let (Some(holders), Some(policies), Some(commands)) = (number(1), number(2), number(3)) else {
            eprintln!("usage: commands count <holders> <policies> <commands>");
            std::process::exit(2);
        };
        let mut bench = Bench::new(holders, policies, u64::from(commands));
        measured(&mut bench, u64::from(commands));
        black_box(&bench.state);
        return;
    }
    memory();
    speed(1_000, 10, 3_000_000);
    speed(1_000_000, 10_000, 3_000_000);
    sync_share();
}
