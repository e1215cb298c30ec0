//! Deployment of a pool with everything it needs: modules, token, sources, share tokens, roles.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::OnceLock;

use seawall_engine::{AccountId, Knot, MARKETS_MAX, MarketId, Rules, Source, TRANCHES_MAX};
use seawall_fixed::Seconds;
use seawall_machine::Outside;
use seawall_machine::setup::OTHER_ADAPTER;

use crate::abi::{Abi, address, artifacts, number};
use crate::evm::{Address, Evm, Word};
use crate::quote;

/// Deploys everything, and administers the roles.
const DEPLOYER: Address = [0xde; 20];

/// Deploys sources beyond one a market: the addresses of everything else, and so its gas, do not depend on them.
const EXTRA: Address = [0xdd; 20];

/// Markets that have sources: one more than a pool can insure.
pub const SOURCES: u32 = MARKETS_MAX as u32 + 1;

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
    /// Other adapters over the same losses, by market.
    pub others: Vec<Address>,
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

/// Creation code that stands in for that of the committed artifacts, by contract.
pub type Code = BTreeMap<String, Vec<u8>>;

/// What is the same for all pools: modules, token, sources, share token factory.
pub struct Base {
    evm: Evm,
    token: Address,
    factory: Address,
    modules: Vec<Address>,
    sources: Vec<Address>,
    others: Vec<Address>,
    source_code: Word,
    pool_code: Vec<u8>,
}

impl Base {
    /// Deploys what all pools share, with `code` in the place of what was committed.
    ///
    /// # Panics
    /// When a contract cannot be deployed.
    #[must_use]
    pub fn new(code: &Code) -> Self {
        let mut evm = Evm::default();
        let code_of = |name: &str| code.get(name).cloned().unwrap_or_else(|| abi().code(name));
        let mut deploy_by = |from: Address, name: &str| {
            evm.deploy(from, code_of(name)).unwrap_or_else(|output| {
                panic!("{name} was not deployed: {}", String::from_utf8_lossy(&output))
            })
        };
        let mut deploy = |name: &str| deploy_by(DEPLOYER, name);
        let token = deploy("MockToken");
        let factory = deploy("ShareTokens");
        let modules = ["Time", "Settle", "Exits", "Cover", "Policy", "Recovery", "Rules", "Views"];
        let modules = modules.iter().map(|name| deploy(&format!("Pool{name}"))).collect();
        let mut sources: Vec<Address> = (1..SOURCES).map(|_| deploy("MockSource")).collect();
        sources.push(deploy_by(EXTRA, "MockSource"));
        let others: Vec<Address> = (0..SOURCES).map(|_| deploy_by(EXTRA, "MockSource")).collect();
        for (market, (source, other)) in (0..SOURCES).zip(sources.iter().zip(&others)) {
            show(&mut evm, *source, &Outside::of(market));
            show(&mut evm, *other, &Outside::of(market));
        }
        let source_code = evm.code_hash(sources[0]);
        Self { evm, token, factory, modules, sources, others, source_code, pool_code: code_of("Pool") }
    }

    /// The one of the committed artifacts, deployed once a thread.
    #[must_use]
    pub fn committed() -> Rc<Self> {
        thread_local! {
            static BASE: Rc<Base> = Rc::new(Base::new(&Code::new()));
        }
        BASE.with(Rc::clone)
    }

    /// Deploys an empty pool at second `opened`.
    ///
    /// # Panics
    /// When the contracts refuse the configuration.
    #[must_use]
    pub fn deploy(&self, tranches: u8, wrapper: bool, rules: &Rules, opened: Seconds) -> (Evm, Deployment) {
        let mut evm = self.evm.clone();
        evm.set_time(opened);
        let access = create(&mut evm, abi().code("Access"), &[address(DEPLOYER)]);
        let mut words =
            vec![address(access), address(self.token), number(u128::from(wrapper)), number(tranches.into())];
        words.extend(rule_words(rules));
        words.extend(self.modules.iter().map(|module| address(*module)));
        words.push(address(self.factory));
        let pool = create(&mut evm, self.pool_code.clone(), &words);
        let shares = (0..tranches)
            .map(|tranche| {
                let output = evm.ask(pool, abi().call("Pool.shareToken", &[number(tranche.into())])).output;
                output[12..32].try_into().expect("an address")
            })
            .collect();
        let (sources, others, source_code) = (self.sources.clone(), self.others.clone(), self.source_code);
        let deployment = Deployment { token: self.token, access, pool, shares, sources, others, source_code };
        grant_roles(&mut evm, &deployment, rules);
        (evm, deployment)
    }
}

/// Makes a source show what it shall.
pub(crate) fn show(evm: &mut Evm, source: Address, outside: &Outside) {
    let accepts = outside.accepts.map_or(number(0), |most| {
        // Plus one in 256 bits: the largest amount is one as well.
        let mut word = number(most.wrapping_add(1));
        word[15] = u8::from(most == u128::MAX);
        word
    });
    let words = [
        number(outside.shown()),
        number(outside.rate),
        number(outside.latent),
        number(outside.recovered),
        number(outside.supplied),
        number(outside.failing.into()),
        accepts,
    ];
    let outcome = evm.call([1; 20], source, abi().call("MockSource.set", &words));
    assert!(outcome.ok, "a source can show anything");
}

fn create(evm: &mut Evm, mut code: Vec<u8>, words: &[Word]) -> Address {
    code.extend(words.iter().flatten());
    evm.deploy(DEPLOYER, code).unwrap_or_else(|output| panic!("not deployed: {}", abi().name_of(&output)))
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
        rules.rate_min.get().into(),
        rules.market_share_max.get().into(),
        rules.scarcity.len() as u128,
        rules.ticket_min.get(),
        rules.early_period.into(),
        rules.early_multiple.get().into(),
        rules.mutual_multiple.get().into(),
        rules.pause_max.into(),
        rules.limit_max.get(),
        rules.latent_term_max.into(),
        rules.latent_share_max.get().into(),
        rules.cancel_share.get().into(),
        rules.surplus_epochs.into(),
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

/// The adapter that a source of a market stands for.
#[must_use]
pub fn source_of(deployment: &Deployment, market: MarketId, source: &Source) -> Address {
    let adapters = match source {
        Source::Adapter { code: OTHER_ADAPTER, .. } => &deployment.others,
        _ => &deployment.sources,
    };
    adapters[market.index() % SOURCES as usize]
}
