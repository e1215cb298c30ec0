//! `seawall deploy`: a pool on a chain. A file says what the pool is, [`config`] reads it; [`signer`] finds the key;
//! the transactions are `seawall_contracts`'s, [`record`] is what is kept of them, and [`begun`] what a broken run leaves.

use std::path::{Path, PathBuf};
use std::time::Duration;

use seawall_contracts::Address;
use seawall_contracts::{Failed, Node, Plan, Progress, deploy};

use self::begun::Begun;
use crate::output::{Failure, Format, grouped, line, print_json, table, writable, write_whole};

mod begun;
mod config;
mod record;
mod signer;

/// Gas of a whole deployment where the node cannot tell it before: what it took when this was written, 40.5 million,
/// and a quarter.
const GAS_ALL: u64 = 50_000_000;

/// Arguments of `seawall deploy`.
#[derive(clap::Args)]
#[command(
    after_help = "The file is JSON: the chain, the settlement token, the names of the tranches, and the rules as \
`seawall pool init --rules` takes them, with accounts as addresses. --print-config shows one to edit.

The key is read from --keystore (its password from --password-file or SEAWALL_KEYSTORE_PASSWORD), or from \
SEAWALL_DEPLOYER_KEY; never from an argument, which other users of the machine could read.

Example:
  seawall deploy --print-config > pool.json
  seawall deploy --config pool.json --rpc-url http://127.0.0.1:8545 --from 0xf39F... --dry-run
  seawall deploy --config pool.json --rpc-url http://127.0.0.1:8545 --keystore key.json --out deployment.json"
)]
pub struct Args {
    /// What the pool is: a JSON file.
    #[arg(long, value_name = "FILE", required_unless_present = "print_config")]
    config: Option<PathBuf>,
    /// The node, an http or https address [default: SEAWALL_RPC_URL].
    #[arg(long, value_name = "URL")]
    rpc_url: Option<String>,
    /// The deployer's encrypted key.
    #[arg(long, value_name = "FILE")]
    keystore: Option<PathBuf>,
    /// Password of the keystore, the first line of a file.
    #[arg(long, value_name = "FILE", requires = "keystore")]
    password_file: Option<PathBuf>,
    /// With --dry-run: the deployer, where no key is at hand.
    #[arg(long, value_name = "ADDRESS", requires = "dry_run", conflicts_with = "keystore")]
    from: Option<String>,
    /// Print transactions, gas and addresses, and send nothing.
    #[arg(long)]
    dry_run: bool,
    /// Where the record of the deployment goes.
    #[arg(long, value_name = "FILE", default_value = "deployment.json")]
    out: PathBuf,
    /// Go on with a deployment that was broken off, with the same file, key and --out.
    #[arg(long, conflicts_with = "dry_run")]
    resume: bool,
    /// Longest wait for a transaction to be in a block, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    timeout: u64,
    /// Print a configuration to edit, and do nothing.
    #[arg(long)]
    print_config: bool,
}

/// Deploys a pool, or says what it would take.
///
/// # Errors
/// A configuration that cannot be read, a node that does not answer or is of another chain, an account that cannot
/// pay, what the contracts refuse.
pub fn run(args: &Args, format: Format) -> Result<(), Failure> {
    if args.print_config {
        line(&config::example()?);
        return Ok(());
    }
    let Some(path) = &args.config else { return Err(Failure::input("--config is missing")) };
    let config = config::read(path)?;
    let node = Node::new(&url(args)?);
    if !args.dry_run {
        record_is_free(&args.out, args.resume)?;
    }
    let key = match &args.from {
        Some(_) => None,
        None => Some(signer::find(args.keystore.as_deref(), args.password_file.as_deref(), args.dry_run)?),
    };
    let deployer = match (&args.from, &key) {
        (Some(text), _) => config::address("--from", text)?,
        (None, Some(key)) => key.address(),
        (None, None) => return Err(Failure::input("--from is missing")),
    };
    deploy::check_chain(&node, config.chain).map_err(|failed| told(&failed))?;
    check_token(&node, &config)?;
    let mut begun = match args.resume {
        true => Begun::read(&args.out, config.chain, deployer)?,
        false => {
            let nonce = node.nonce(deployer).map_err(Failure::environment)?;
            Begun { chain_id: config.chain, deployer, nonce, transactions: Vec::new() }
        }
    };
    let plan = Plan::new(&config.pool, deployer, begun.nonce);
    if args.dry_run {
        return foresee(&node, &config, &plan, format);
    }
    let Some(key) = key else { return Err(Failure::input("a key is needed to deploy")) };
    if !args.resume {
        let gas = deploy::foresee(&node, &plan).map_err(|failed| told(&failed))?;
        let gas = gas.into_iter().sum::<Option<u64>>().unwrap_or(GAS_ALL);
        deploy::check_funds(&node, deployer, gas).map_err(|failed| told(&failed))?;
    }
    let steps = plan.steps.len();
    let mut done = 0;
    let known = begun.transactions.clone();
    let progress = |progress: Progress<'_>| match progress {
        Progress::Signed(place, signed) => {
            begun.keep(&args.out, place, signed).map_err(|failure| failure.to_string())
        }
        Progress::Mined(sent) => {
            done += 1;
            if format == Format::Table {
                anstream::eprintln!(
                    "{done:>2}/{steps} {:<12} block {:>9}  gas {:>9}  {}",
                    sent.step,
                    sent.block,
                    grouped(sent.gas.into()),
                    sent.hash
                );
            }
            Ok(())
        }
    };
    let patience = Duration::from_secs(args.timeout);
    let deployment = seawall_contracts::deploy(&node, &key, &config.pool, plan, &known, patience, progress);
    let deployment = deployment.map_err(|failed| match failed {
        Failed::Differs { .. } if args.resume => told(&failed).hint(OTHER_PLAN),
        _ => told(&failed).hint(HALF_DONE),
    })?;
    let record = record::of(&config, &deployment);
    let text = serde_json::to_string_pretty(&record).map_err(Failure::environment)?;
    write_whole(&args.out, format!("{text}\n").as_bytes())?;
    // The record says all that it said; that it is gone is tidiness.
    let _ = std::fs::remove_file(begun::place(&args.out));
    match format {
        Format::Json => print_json(&record),
        Format::Table => record::print(&config, &deployment, &args.out),
    }
    Ok(())
}

const HALF_DONE: &str = "run the command again with --resume: it goes on where this one was";

const OTHER_PLAN: &str = "the file, or this program, is not what the deployment was begun with; what was sent belongs to no pool, and a run \
     with another --out deploys all of it anew";

/// Transactions, gas and addresses of a plan.
fn foresee(node: &Node, config: &config::Config, plan: &Plan, format: Format) -> Result<(), Failure> {
    let gas = deploy::foresee(node, plan).map_err(|failed| told(&failed))?;
    let fees = node.fees().map_err(Failure::environment)?;
    if format == Format::Json {
        print_json(&record::planned(config, plan, &gas, fees));
        return Ok(());
    }
    let text = |gas: Option<u64>| gas.map_or_else(|| "unknown".to_owned(), |gas| grouped(gas.into()));
    let rows = plan.steps.iter().zip(&gas).enumerate().map(|(place, (step, gas))| {
        let target = step.creates.or(step.call.to).unwrap_or_default().to_string();
        [
            step.name.to_owned(),
            target,
            (plan.nonce + place as u64).to_string(),
            grouped(step.call.data.len() as u128),
            text(*gas),
        ]
    });
    line(&table(["transaction", "address", "nonce", "bytes", "gas"], rows).to_string());
    let all = gas.iter().copied().sum::<Option<u64>>();
    line(&format!("deployer {}, chain {}; nothing was sent", plan.deployer, config.chain));
    line(&format!("gas in all: {}; largest fee {} wei a unit", text(all), grouped(fees.most)));
    for (name, token) in config.tranches.iter().zip(&plan.share_tokens) {
        line(&format!("shares of {name}: {token}"));
    }
    Ok(())
}

/// The token is what the file says, so that amounts mean what they say.
fn check_token(node: &Node, config: &config::Config) -> Result<(), Failure> {
    let token = deploy::token(node, config.pool.asset).map_err(|failed| told(&failed))?;
    let unit = &config.unit;
    if token.decimals != unit.decimals || token.symbol != unit.symbol {
        let differs = format!(
            "asset: {} is {} with {} decimals on the chain, and {} with {} in the file",
            config.pool.asset, token.symbol, token.decimals, unit.symbol, unit.decimals
        );
        return Err(Failure::input(differs).hint("amounts in the file are read with its decimals"));
    }
    Ok(())
}

fn url(args: &Args) -> Result<String, Failure> {
    let url = args.rpc_url.clone().or_else(|| std::env::var("SEAWALL_RPC_URL").ok());
    let url = url.ok_or_else(|| {
        Failure::input("--rpc-url is missing").hint("name the node, or set SEAWALL_RPC_URL")
    })?;
    if url.starts_with("http://") || url.starts_with("https://") {
        return Ok(url);
    }
    Err(Failure::input("--rpc-url: must begin with http:// or https://"))
}

fn record_is_free(out: &Path, resume: bool) -> Result<(), Failure> {
    let begun = begun::place(out);
    if begun.is_file() && !resume {
        let half = format!("--out: {}: a deployment was begun and not finished", begun.display());
        return Err(Failure::input(half).hint("go on with it by --resume, or choose another name"));
    }
    if out.is_file() {
        let taken = format!("--out: {}: exists already", out.display());
        return Err(Failure::input(taken).hint("a record is never overwritten: choose another name"));
    }
    writable(out)
}

/// A failed deployment as the command fails: whose fault it is, and what helps.
fn told(failed: &Failed) -> Failure {
    match failed {
        Failed::Chain { .. } => Failure::input(failed).hint("another node, or another chain_id in the file"),
        Failed::Code { name: "asset", address, .. } => {
            Failure::input(format!("asset: there is no contract at {address}"))
        }
        Failed::Reverted { .. } | Failed::Mined { .. } => Failure::refused(failed),
        Failed::Poor { .. } => Failure::environment(failed).hint("send the account what is missing"),
        Failed::Late { .. } => Failure::environment(failed).hint("the fee may be too low; raise --timeout"),
        _ => Failure::environment(failed),
    }
}

/// The zero address, which no role and no token can have.
const NOBODY: Address = Address::ZERO;
