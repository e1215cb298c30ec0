//! Scenario tables in text (`scenarios/*.txt`) that the engine and the contract run alike. Each line is a command;
//! what it came to and the books after it stand behind it and are compared. `SEAWALL_SCENARIOS=write` writes the
//! tables anew, to be reviewed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use seawall_engine::{
    AccountId, Action, Asset, ClassKind, Command, Config, ExitId, Knot, LotId, MULTIPLIER_ONE, MarketId,
    MemberId, Quote, Roles, Rules, TicketId,
};
use seawall_fixed::{Assets, EPOCH_SECONDS, Ppm, Seconds, Shares};
use seawall_twin::twin::{Ran, Twin, source};

const DAY: Seconds = 24 * 3600;
const OPENED: Seconds = 2_800 * EPOCH_SECONDS;
const OWNER: AccountId = AccountId(20);
const ACTUARY: AccountId = AccountId(21);

/// Who acts in a table.
const NAMES: [(&str, AccountId); 8] = [
    ("ann", AccountId(1)),
    ("bob", AccountId(2)),
    ("cyd", AccountId(3)),
    ("owner", OWNER),
    ("risk", AccountId(22)),
    ("guardian", AccountId(23)),
    ("insured", AccountId(30)),
    ("anyone", AccountId(9)),
];

fn rules() -> Rules {
    let one = Assets::new(1);
    Rules {
        roles: Roles {
            owner: OWNER,
            actuaries: vec![ACTUARY],
            risk: AccountId(22),
            guardian: AccountId(23),
            reporters: Vec::new(),
        },
        deposit_min: one,
        exit_min: one,
        ticket_min: one,
        cooldown: 14 * DAY,
        waiting: DAY,
        term_epochs_max: 52,
        early_period: 0,
        early_multiple: Ppm::ONE,
        junior_floor: Ppm::new(100_000),
        scarcity: vec![Knot { at: Ppm::ZERO, multiplier: MULTIPLIER_ONE }],
        earn_rate_max: u64::MAX,
        fee: Ppm::ZERO,
        fee_recipient: AccountId(25),
        cancel_share: Ppm::new(100_000),
        reserve_target: Assets::ZERO,
        surplus_epochs: 1,
        surplus_split: [Ppm::new(250_000); 4],
        rate_min: Ppm::ZERO,
        limit_max: Assets::MAX,
        market_share_max: Ppm::ONE,
        mutual_multiple: Ppm::new(2_000_000),
        latent_share_max: Ppm::ONE,
        latent_term_max: 30 * DAY,
        pause_max: 7 * DAY,
    }
}

/// A table being run.
struct Table {
    twin: Twin,
    now: Seconds,
}

impl Table {
    fn new(tranches: u8) -> Self {
        let config =
            Config { pool: [0; 32], tranches, asset: Asset::default(), rules: rules(), opened: OPENED };
        Self { twin: Twin::new(config), now: OPENED }
    }

    /// Runs one line and returns what stands behind it.
    fn line(&mut self, line: &str) -> Result<String, String> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [who, verb, rest @ ..] = words.as_slice() else { return Err("a line needs who and what".into()) };
        let numbers: Vec<u128> = rest.iter().filter_map(|word| word.parse().ok()).collect();
        let n =
            |index: usize| numbers.get(index).copied().ok_or_else(|| format!("{verb} needs more numbers"));
        if *who == "time" {
            let units = n(0)?;
            let unit = match rest.last() {
                Some(&"epochs") => EPOCH_SECONDS,
                Some(&"days") => DAY,
                _ => 1,
            };
            self.now += Seconds::try_from(units).map_err(|error| error.to_string())? * unit;
            return Ok(format!("second {} of epoch {}", self.now % EPOCH_SECONDS, self.now / EPOCH_SECONDS));
        }
        if *who == "source" {
            return self.source(verb, n(0)?, numbers.get(1).copied());
        }
        let caller = name(who)?;
        let small =
            |index: usize| -> Result<u32, String> { u32::try_from(n(index)?).map_err(|e| e.to_string()) };
        let tranche = || -> Result<u8, String> { u8::try_from(n(0)?).map_err(|e| e.to_string()) };
        let action = match *verb {
            "syncs" => Action::Sync,
            "deposits" => Action::Deposit { tranche: tranche()?, owner: caller, assets: Assets::new(n(1)?) },
            "gives" => {
                let to = name(rest.last().ok_or("to whom")?)?;
                Action::Transfer { tranche: tranche()?, to, shares: Shares::new(n(1)?) }
            }
            "leaves" => Action::RequestExit { tranche: tranche()?, shares: Shares::new(n(1)?) },
            "clears" => Action::ClearExits { count: small(0)? },
            "claims-exit" => Action::ClaimExit { exit: ExitId(small(0)?) },
            "funds" => Action::FundReserve { assets: Assets::new(n(0)?) },
            "streams" => Action::StreamSurplus,
            "buys" => self.order(caller, rest)?,
            "activates" => Action::Activate { market: MarketId(small(0)?) },
            "cancels" => Action::Cancel { market: MarketId(small(0)?) },
            "finalises" => Action::Finalise { market: MarketId(small(0)?) },
            "pays" => Action::PayMarket { market: MarketId(small(0)?) },
            "estimates" => {
                let expiry = self.now + Seconds::from(small(2)?) * DAY;
                Action::PostEstimate { market: MarketId(small(0)?), amount: Assets::new(n(1)?), expiry }
            }
            "writes-off" if rest.contains(&"announces") => {
                Action::AnnounceWriteOff { ticket: TicketId(small(0)?) }
            }
            "writes-off" => Action::WriteOff { ticket: TicketId(small(0)?) },
            "recovers-market" => Action::RecoverMarket {
                market: MarketId(small(0)?),
                assets: Assets::new(n(1)?),
                count: small(2)?,
            },
            "assigns" => Action::AssignRecoveries { market: MarketId(small(0)?), count: small(1)? },
            "claims-deductible" => Action::ClaimDeductible { ticket: TicketId(small(0)?) },
            "claims-bond" => {
                let (ticket, member) = (TicketId(small(0)?), MemberId(small(1)?));
                let units = self.twin.state.member(member).ok_or("no such bond")?.units;
                let index = units.index_for(self.twin.state.holders().histories(), ticket).unwrap_or(0);
                let checkpoint = u32::try_from(index).map_err(|error| error.to_string())?;
                Action::ClaimBond { ticket, member, checkpoint }
            }
            "releases" => Action::ReleaseBond { member: MemberId(small(0)?) },
            "opens-lot" => {
                let (start, floor) = (Assets::new(n(1)?), Assets::new(n(2)?));
                Action::OpenLot { ticket: TicketId(small(0)?), goods: [4; 32], start, floor, duration: DAY }
            }
            "buys-lot" => Action::BuyLot { lot: LotId(small(0)?), price_max: Assets::MAX },
            "pauses" => Action::Pause { until: self.now + Seconds::from(small(0)?) * DAY },
            "recovers" => Action::RecoverTicket { ticket: TicketId(small(0)?), assets: Assets::new(n(1)?) },
            "claims" => {
                let class = if rest.contains(&"queued") { ClassKind::Queued } else { ClassKind::Active };
                let (ticket, tranche) =
                    (TicketId(small(0)?), u8::try_from(n(1)?).map_err(|e| e.to_string())?);
                let holders = self.twin.state.holders();
                let track = holders.track(usize::from(tranche), class, caller);
                let index = track.index_for(holders.histories(), ticket).unwrap_or(0);
                let checkpoint = u32::try_from(index).map_err(|error| error.to_string())?;
                Action::ClaimRecovery { ticket, tranche, class, checkpoint }
            }
            other => return Err(format!("nobody knows how to {other}")),
        };
        let said = match self.twin.run(Command::new(caller, action), self.now)? {
            Ran::Done(_) => "done".to_owned(),
            Ran::Refused(error) => format!("refused, {error}"),
            Ran::Skipped => "not asked".to_owned(),
        };
        self.twin.compare_all(32)?;
        Ok(format!("{said}; {}", self.books()))
    }

    fn source(&mut self, verb: &str, market: u128, amount: Option<u128>) -> Result<String, String> {
        let index = usize::try_from(market).map_err(|error| error.to_string())?;
        let source = self.twin.sources.get_mut(index).ok_or("no such market")?;
        match verb {
            "loses" => source.counter += amount.ok_or("how much")?,
            "accepts" => source.accepts = amount,
            "recovers" => source.recovered += amount.ok_or("how much")?,
            "fails" => source.failing = true,
            "heals" => source.failing = false,
            other => return Err(format!("no source {other}")),
        }
        Ok(format!("shows {}", source.counter))
    }

    /// A quote from `key=value` words; what is not named is nothing.
    fn order(&self, buyer: AccountId, words: &[&str]) -> Result<Action, String> {
        let mut given = BTreeMap::new();
        for word in words {
            let (key, value) = word.split_once('=').ok_or_else(|| format!("{word} is no key=value"))?;
            given.insert(key, value.parse::<u128>().map_err(|error| format!("{word}: {error}"))?);
        }
        let amount = |key: &str| Assets::new(given.get(key).copied().unwrap_or(0));
        let small = |key: &str| {
            u32::try_from(given.get(key).copied().unwrap_or(0)).map_err(|error| error.to_string())
        };
        let market = MarketId(small("market")?);
        let known = self.twin.state.market(market);
        let quote = Quote {
            pool: [0; 32],
            market,
            buyer,
            source: source(market.0, Ppm::new(20_000)),
            destination: AccountId(40 + market.0),
            holds_pool_asset: false,
            limit: amount("limit"),
            event_limit: if given.contains_key("event") { amount("event") } else { amount("limit") },
            deductible: amount("deductible"),
            deductible_bond: amount("deductible"),
            coinsurance: Ppm::new(small("coinsurance")?),
            term_epochs: small("epochs")?,
            premium: amount("premium"),
            bonus_share: Ppm::new(small("bonus")?),
            split: [Ppm::new(500_000), Ppm::new(300_000), Ppm::ZERO, Ppm::ZERO],
            charge: amount("charge"),
            callable_bond: amount("bond"),
            counter: self.twin.sources[market.index()].counter,
            latest_end_max: Seconds::MAX,
            required_max: Assets::MAX,
            deadline: self.now,
            nonce: known.map_or(0, |market| market.nonce),
            inputs: [9; 32],
        };
        let digest = self.twin.digest(&quote);
        Ok(Action::BuyCover { quote: Box::new(quote), digest, signer: ACTUARY, premium_max: Assets::MAX })
    }

    fn books(&self) -> String {
        let core = self.twin.state.core();
        let tranches: Vec<String> = core
            .tranches()
            .iter()
            .map(|tranche| format!("{}+{}", tranche.active.assets, tranche.queued.assets))
            .collect();
        format!(
            "reserve {} tranches {} required {} unearned {} mutual {} aside {} tokens {}",
            core.reserve,
            tranches.join(" "),
            core.required,
            core.unearned(),
            core.mutual.assets,
            core.set_aside,
            core.tokens
        )
    }
}

fn name(word: &str) -> Result<AccountId, String> {
    let found = NAMES.iter().find(|(name, _)| *name == word);
    found.map(|(_, id)| *id).ok_or_else(|| format!("nobody is called {word}"))
}

/// Runs a table; its lines with what stands behind them.
fn run(text: &str) -> Result<String, String> {
    let mut table = Table::new(2);
    let mut fresh = String::new();
    for (number, line) in text.lines().enumerate() {
        let command = line.split("->").next().unwrap_or_default().trim_end();
        if command.trim().is_empty() || command.starts_with('#') {
            fresh += line;
        } else {
            let came = table.line(command).map_err(|why| format!("line {}: {why}", number + 1))?;
            fresh += &format!("{command:<60} -> {came}");
        }
        fresh.push('\n');
    }
    Ok(fresh)
}

#[test]
fn every_table_runs_alike_on_both_and_comes_out_as_it_is_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios");
    let listed = std::fs::read_dir(&folder).expect("the folder of the scenarios");
    let mut tables: Vec<PathBuf> = listed.map(|entry| entry.expect("an entry").path()).collect();
    tables.sort();
    assert!(!tables.is_empty());
    for path in tables {
        let text = std::fs::read_to_string(&path).expect("a table");
        let fresh = run(&text).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
        if std::env::var("SEAWALL_SCENARIOS").is_ok_and(|mode| mode == "write") {
            std::fs::write(&path, &fresh).expect("the table can be written");
            continue;
        }
        assert_eq!(
            fresh,
            text,
            "{} comes out otherwise; SEAWALL_SCENARIOS=write writes it anew",
            path.display()
        );
    }
}
