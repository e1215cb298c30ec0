//! Gas of whole transactions, exact: two tranches, one insured market, a plain OpenZeppelin token, a mock source.
//! The figures are committed in `contracts/gas.txt`; `SEAWALL_GAS=write` writes them anew.

use std::fmt::Write as _;
use std::path::Path;

use seawall_engine::{AccountId, Action, Asset, Command, Config, ExitId, MarketId, Quote, Rules};
use seawall_fixed::{Assets, EPOCH_SECONDS, Ppm, Seconds, Shares};
use seawall_machine::setup::{ACTUARY, OPENED, OWNER, POOL, adapter, plain};
use seawall_twin::abi::number;
use seawall_twin::deploy::{Base, Code, abi, account};
use seawall_twin::evm::Word;
use seawall_twin::twin::{Ran, Twin};

const DAY: Seconds = 24 * 3600;
const UNIT: u128 = 1_000_000;
const ANN: AccountId = AccountId(1);
const BOB: AccountId = AccountId(2);
const INSURED: AccountId = AccountId(30);

fn rules() -> Rules {
    Rules {
        fee: Ppm::new(100_000),
        cancel_share: Ppm::ZERO,
        surplus_epochs: 4,
        surplus_split: [Ppm::ZERO; 4],
        mutual_multiple: Ppm::ZERO,
        ..plain()
    }
}

struct Bench {
    twin: Twin,
    now: Seconds,
    report: String,
}

impl Bench {
    /// Runs a command on both twins and returns its gas.
    fn run(&mut self, caller: AccountId, action: Action) -> u64 {
        let ran = self.twin.run(Command::new(caller, action), self.now).unwrap_or_else(|why| panic!("{why}"));
        assert!(matches!(ran, Ran::Done(_)), "{ran:?}");
        self.twin.gas
    }

    fn note(&mut self, name: &str, gas: u64) {
        writeln!(self.report, "{name:<28} {gas:>8}").expect("text");
    }

    /// A deposit on top of one in the same epoch, streams being brought to the same anchor before: what differs from
    /// another is the number of markets.
    fn settled_deposit(&mut self) -> u64 {
        self.now += EPOCH_SECONDS;
        self.run(OWNER, Action::Sync);
        self.now += 100;
        self.run(BOB, deposit(0, BOB, 10));
        self.now += 100;
        self.run(BOB, deposit(0, BOB, 10))
    }

    fn measure(&mut self, name: &str, caller: AccountId, action: Action) {
        let gas = self.run(caller, action);
        self.note(name, gas);
    }

    /// Gas of several calls of the pool in one `multicall`, on a copy of the contract's chain.
    fn multicall(&self, caller: AccountId, calls: &[Vec<u8>]) -> u64 {
        let mut evm = self.twin.evm.clone();
        evm.set_time(self.now);
        let mut words = vec![number(32), number(calls.len() as u128)];
        let mut tail: Vec<Word> = Vec::new();
        for data in calls {
            words.push(number(32 * (calls.len() + tail.len()) as u128));
            tail.push(number(data.len() as u128));
            let mut padded = data.clone();
            padded.resize(data.len().next_multiple_of(32), 0);
            tail.extend(padded.chunks(32).map(|chunk| Word::try_from(chunk).expect("a word")));
        }
        words.extend(tail);
        let outcome = evm.call(account(caller), self.twin.at.pool, abi().call("Pool.multicall", &words));
        assert!(outcome.ok, "{}", abi().name_of(&outcome.output));
        outcome.gas
    }

    fn buy(&mut self, market: u32, nonce: u64) -> u64 {
        let quote = Quote {
            pool: POOL,
            market: MarketId(market),
            buyer: INSURED,
            source: adapter(market * 3 + 1),
            destination: AccountId(40),
            holds_pool_asset: false,
            limit: Assets::new(100 * UNIT),
            event_limit: Assets::new(100 * UNIT),
            deductible: Assets::ZERO,
            deductible_bond: Assets::ZERO,
            coinsurance: Ppm::ZERO,
            term_epochs: 12,
            premium: Assets::new(10 * UNIT),
            bonus_share: Ppm::ZERO,
            split: [Ppm::new(500_000), Ppm::new(300_000), Ppm::ZERO, Ppm::ZERO],
            charge: Assets::new(50 * UNIT),
            callable_bond: Assets::ZERO,
            counter: self.twin.sources[market as usize].counter,
            latest_end_max: Seconds::MAX,
            required_max: Assets::MAX,
            deadline: self.now,
            nonce,
            inputs: [9; 32],
        };
        let digest = self.twin.digest(&quote);
        let quote = Box::new(quote);
        self.run(INSURED, Action::BuyCover { quote, digest, signer: ACTUARY, premium_max: Assets::MAX })
    }
}

fn deposit(tranche: u8, owner: AccountId, units: u128) -> Action {
    Action::Deposit { tranche, owner, assets: Assets::new(units * UNIT) }
}

fn report() -> String {
    let config = Config { pool: POOL, tranches: 2, asset: Asset::default(), rules: rules(), opened: OPENED };
    let token = Code::from([(String::from("MockToken"), abi().code("PlainToken"))]);
    let twin = Twin::on(&Base::new(&token), config);
    let mut bench = Bench { twin, now: OPENED + 1, report: String::new() };
    bench.run(ANN, deposit(0, ANN, 400));
    bench.run(ANN, deposit(1, ANN, 600));
    bench.run(OWNER, Action::FundReserve { assets: Assets::new(UNIT) });
    // A lending market holds the token that it lends.
    bench.twin.mint(AccountId(40), UNIT);
    bench.now += 3 * EPOCH_SECONDS;
    bench.run(OWNER, Action::Sync);
    bench.now += 100;
    let bought = bench.buy(0, 0);
    bench.note("buy cover, new market", bought);
    bench.now += 2 * EPOCH_SECONDS;
    bench.measure("sync, first of an epoch", OWNER, Action::Sync);
    bench.now += 100;
    bench.measure("activate", OWNER, Action::Activate { market: MarketId(0) });
    bench.now += 100;
    bench.measure("sync", OWNER, Action::Sync);
    bench.now += 100;
    bench.measure("first deposit", BOB, deposit(0, BOB, 10));
    bench.now += 100;
    bench.measure("repeat deposit", BOB, deposit(0, BOB, 10));
    let shares = Shares::new(1000 * UNIT);
    bench.now += 100;
    bench.measure("exit request, first", ANN, Action::RequestExit { tranche: 0, shares });
    bench.now += 100;
    bench.measure("exit request, again", ANN, Action::RequestExit { tranche: 0, shares });
    bench.now += 14 * DAY;
    bench.run(OWNER, Action::Sync);
    bench.now += 100;
    let clear = abi().call("Pool.clearExits", &[number(1)]);
    let claim = abi().call("Pool.claimExit", &[number(0)]);
    let both = bench.multicall(ANN, &[clear, claim]);
    bench.note("clear and claim, multicall", both);
    let cleared = bench.run(ANN, Action::ClearExits { count: 1 });
    let claimed = bench.run(ANN, Action::ClaimExit { exit: ExitId(0) });
    bench.note("clear one exit", cleared);
    bench.note("claim it", claimed);
    bench.now += 100;
    bench.twin.sources[0].counter += 20 * UNIT;
    bench.twin.sources[0].supplied = 10_000 * UNIT;
    bench.measure("settle and cover", OWNER, Action::Sync);
    bench.now += 100;
    let more = bench.buy(1, 0);
    bench.note("buy cover, second market", more);
    let two = bench.settled_deposit();
    for market in 2..6 {
        bench.buy(market, 0);
    }
    let six = bench.settled_deposit();
    bench.note("each further market read", (six - two) / 4);
    bench.report
}

#[test]
fn gas_is_what_was_committed() {
    let fresh = report();
    println!("{fresh}");
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../contracts/gas.txt");
    if std::env::var("SEAWALL_GAS").is_ok_and(|mode| mode == "write") {
        std::fs::write(&file, &fresh).expect("the file can be written");
    }
    let committed = std::fs::read_to_string(&file).expect("it is committed");
    assert_eq!(fresh, committed, "gas differs from contracts/gas.txt; SEAWALL_GAS=write writes it anew");
}
