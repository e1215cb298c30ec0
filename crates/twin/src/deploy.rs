//! Deployment of a pool with everything it needs: modules, token, sources, share tokens, roles.

use std::sync::OnceLock;

use seawall_engine::{AccountId, Knot, MarketId, Rules, TRANCHES_MAX};
use seawall_fixed::Seconds;

use crate::abi::{Abi, address, artifacts, number};
use crate::evm::{Address, Evm, Word};
use crate::quote;

/// Deploys everything, and administers the roles.
const DEPLOYER: Address = [0xde; 20];

/// Most sources that are deployed: one a market.
pub const SOURCES: u32 = 16;

/// Roles as `Role.sol` numbers them.
const ROLE_OWNER: u128 = 1;
const ROLE_ACTUARY: u128 = 2;
const ROLE_RISK: u128 = 3;
const ROLE_GUARDIAN: u128 = 4;
const ROLE_REVOKER: u128 = 5;

/// Addresses of a deployed pool.
#[derive(Clone, Debug)]
pub struct Deployment {
    /// The settlement token.
    pub token: Address,
    /// The access manager.
    pub access: Address,
    /// The pool.
    pub pool: Address,
    /// Share tokens by tranche.
    pub shares: Vec<Address>,
    /// Adapters by market.
    pub sources: Vec<Address>,
    /// Hash of the adapters' code.
    pub source_code: Word,
}

/// The artifacts, read once.
///
/// # Panics
/// When they cannot be read.
pub fn abi() -> &'static Abi {
    static ABI: OnceLock<Abi> = OnceLock::new();
    ABI.get_or_init(|| Abi::load(&artifacts()).expect("the artifacts are committed with the contracts"))
}

/// The address of an account of the engine. Those that sign have the address of their key.
#[must_use]
pub fn account(id: AccountId) -> Address {
    if (20..=21).contains(&id.0) {
        return quote::address_of(id.0);
    }
    let mut bytes = [0xac; 20];
    bytes[16..].copy_from_slice(&id.0.to_be_bytes());
    bytes
}

/// What is the same for all pools: modules, token, sources, share token factory.
struct Base {
    evm: Evm,
    token: Address,
    factory: Address,
    modules: Vec<Address>,
    sources: Vec<Address>,
    source_code: Word,
}

fn base() -> Base {
    let mut evm = Evm::default();
    let mut deploy = |name: &str| {
        evm.deploy(DEPLOYER, abi().code(name))
            .unwrap_or_else(|output| panic!("{name} was not deployed: {}", String::from_utf8_lossy(&output)))
    };
    let token = deploy("MockToken");
    let factory = deploy("ShareTokens");
    let modules = ["Time", "Settle", "Exits", "Cover", "Policy", "Recovery", "Rules", "Views"];
    let modules = modules.iter().map(|name| deploy(&format!("Pool{name}"))).collect();
    let sources: Vec<Address> = (0..SOURCES).map(|_| deploy("MockSource")).collect();
    let source_code = evm.code_hash(sources[0]);
    Base { evm, token, factory, modules, sources, source_code }
}

/// A plain OpenZeppelin token instead of the test's own, on the chain of a pool to be deployed.
#[must_use]
fn plain_token(evm: &mut Evm) -> Address {
    evm.deploy(DEPLOYER, abi().code("PlainToken")).expect("a token without arguments is deployed")
}

/// Deploys an empty pool at second `opened`; the parts that all pools share are deployed once a thread;
/// with `plain` its token is OpenZeppelin's as it is.
///
/// # Panics
/// When the contracts refuse the configuration.
#[must_use]
pub fn deploy(tranches: u8, wrapper: bool, rules: &Rules, opened: Seconds, plain: bool) -> (Evm, Deployment) {
    thread_local! {
        static BASE: Base = base();
    }
    BASE.with(|base| {
        let mut evm = base.evm.clone();
        evm.set_time(opened);
        let access = create(&mut evm, "Access", &[address(DEPLOYER)]);
        let token = if plain { plain_token(&mut evm) } else { base.token };
        let mut words =
            vec![address(access), address(token), number(u128::from(wrapper)), number(tranches.into())];
        words.extend(rule_words(rules));
        words.extend(base.modules.iter().map(|module| address(*module)));
        words.push(address(base.factory));
        let pool = create(&mut evm, "Pool", &words);
        let shares = (0..tranches)
            .map(|tranche| {
                let output = evm.ask(pool, abi().call("Pool.shareToken", &[number(tranche.into())])).output;
                output[12..32].try_into().expect("an address")
            })
            .collect();
        let (sources, source_code) = (base.sources.clone(), base.source_code);
        let deployment = Deployment { token, access, pool, shares, sources, source_code };
        grant_roles(&mut evm, &deployment, rules);
        (evm, deployment)
    })
}

fn create(evm: &mut Evm, name: &str, words: &[Word]) -> Address {
    let mut code = abi().code(name);
    code.extend(words.iter().flatten());
    evm.deploy(DEPLOYER, code).unwrap_or_else(|output| panic!("{name}: {}", abi().name_of(&output)))
}

/// Gives the engine's roles to their accounts, and the roles their functions.
fn grant_roles(evm: &mut Evm, deployment: &Deployment, rules: &Rules) {
    let roles = &rules.roles;
    let mut grants = vec![
        (ROLE_OWNER, roles.owner),
        (ROLE_RISK, roles.risk),
        (ROLE_GUARDIAN, roles.guardian),
        (ROLE_REVOKER, roles.owner),
    ];
    for actuary in &roles.actuaries {
        grants.push((ROLE_ACTUARY, *actuary));
        grants.push((ROLE_REVOKER, *actuary));
    }
    for (role, holder) in grants {
        let words = [number(role), address(account(holder)), number(0)];
        must(evm, deployment.access, abi().call("Access.grantRole", &words));
    }
    for role in [ROLE_OWNER, ROLE_RISK, ROLE_GUARDIAN, ROLE_REVOKER] {
        let listed = evm.ask(deployment.access, abi().call("Access.functionsOf", &[number(role)])).output;
        // An array of selectors: offset, length, members. It is passed on behind target and role.
        let mut words = vec![address(deployment.pool), number(96), number(role)];
        words.extend(listed[32..].chunks(32).map(|word| <Word>::try_from(word).expect("a word")));
        must(evm, deployment.access, abi().call("Access.setTargetFunctionRole", &words));
    }
}

fn must(evm: &mut Evm, to: Address, data: Vec<u8>) {
    let outcome = evm.call(DEPLOYER, to, data);
    assert!(outcome.ok, "the deployment failed: {}", abi().name_of(&outcome.output));
}

/// Rules as the contract takes them.
#[must_use]
pub fn rule_words(rules: &Rules) -> Vec<Word> {
    let mut words: Vec<Word> = [
        rules.exit_min.get(),
        rules.earn_rate_max.into(),
        rules.fee.get().into(),
        rules.cooldown.into(),
        rules.term_epochs_max.into(),
        rules.deposit_min.get(),
        rules.junior_floor.get().into(),
        rules.waiting.into(),
        rules.early_period.into(),
        rules.cancel_share.get().into(),
        rules.surplus_epochs.into(),
        rules.ticket_min.get(),
        rules.early_multiple.get().into(),
        rules.mutual_multiple.get().into(),
        rules.latent_term_max.into(),
        rules.pause_max.into(),
        rules.limit_max.get(),
        rules.rate_min.get().into(),
        rules.market_share_max.get().into(),
        rules.scarcity.len() as u128,
        rules.latent_share_max.get().into(),
        rules.reserve_target.get(),
    ]
    .map(number)
    .to_vec();
    words.extend((0..TRANCHES_MAX).map(|tranche| number(rules.surplus_split[tranche].get().into())));
    words.push(address(account(rules.fee_recipient)));
    let none = Knot { at: seawall_fixed::Ppm::ZERO, multiplier: 0 };
    for place in 0..8 {
        let knot = rules.scarcity.get(place).unwrap_or(&none);
        words.extend([number(knot.at.get().into()), number(knot.multiplier.into())]);
    }
    words
}

/// The adapter of a market.
#[must_use]
pub fn source_of(deployment: &Deployment, market: MarketId) -> Address {
    deployment.sources[market.index() % SOURCES as usize]
}
