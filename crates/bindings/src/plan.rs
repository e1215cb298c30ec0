//! Every transaction of a deployment, before the first is sent. What an account creates depends on its nonce alone,
//! so all addresses are known from the start.
//!
//! The order is: the modules and the share token factory, the access manager, the pool, the lens; then, in one
//! transaction, the roles, and the access manager handed over.

use alloy_primitives::{Address, Bytes, U256};
use alloy_sol_types::{SolCall, SolConstructor};

use crate::abi;
use crate::abi::Pool::RuleSet;
use crate::rpc::Call;

/// Roles as `Role.sol` numbers them; the admin is the access manager's own.
pub mod role {
    /// Grants and revokes all roles.
    pub const ADMIN: u64 = 0;
    /// Announces rule changes, writes tickets off, opens lots.
    pub const OWNER: u64 = 1;
    /// Keys whose signed quotes the pool accepts.
    pub const ACTUARY: u64 = 2;
    /// Posts latent losses.
    pub const RISK: u64 = 3;
    /// Pauses deposits and purchases.
    pub const GUARDIAN: u64 = 4;
    /// Voids quotes.
    pub const REVOKER: u64 = 5;

    /// Name of a role.
    #[must_use]
    pub const fn name(role: u64) -> &'static str {
        match role {
            ADMIN => "admin",
            OWNER => "owner",
            ACTUARY => "actuary",
            RISK => "risk",
            GUARDIAN => "guardian",
            REVOKER => "revoker",
            _ => "unknown",
        }
    }
}

/// A role given to an account, with the seconds between its announcing a call and the call itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The role.
    pub role: u64,
    /// Who holds it.
    pub account: Address,
    /// Execution delay, in seconds.
    pub delay: u32,
}

/// Who may do what (9).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessPlan {
    /// Administers the roles; the deployer keeps nothing unless it is the deployer.
    pub admin: Address,
    /// Seconds between the admin's announcing a change of roles and the change.
    pub admin_delay: u32,
    /// All other roles.
    pub grants: Vec<Grant>,
}

/// What a pool is made of.
#[derive(Clone, Debug)]
pub struct PoolPlan {
    /// The settlement token.
    pub asset: Address,
    /// The token is an ERC-4626 wrapper (1.1).
    pub wrapper: bool,
    /// Tranches, 1 to 4.
    pub tranches: u8,
    /// The rules.
    pub rules: RuleSet,
    /// The roles.
    pub access: AccessPlan,
}

/// One transaction.
#[derive(Clone, Debug)]
pub struct Step {
    /// What it does: the contract that it creates, or what it sets.
    pub name: &'static str,
    /// What is called; nobody for a creation.
    pub call: Call,
    /// Address of the contract that it creates.
    pub creates: Option<Address>,
}

/// All transactions of a deployment, in order, and the addresses that they lead to.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Who sends them.
    pub deployer: Address,
    /// Nonce of the first.
    pub nonce: u64,
    /// The transactions.
    pub steps: Vec<Step>,
    /// The access manager.
    pub access: Address,
    /// The pool.
    pub pool: Address,
    /// The lens.
    pub lens: Address,
    /// Share tokens by tranche, as the factory will make them.
    pub share_tokens: Vec<Address>,
    /// The modules and the factory, by name.
    pub modules: Vec<(&'static str, Address)>,
}

impl Plan {
    /// Plans a deployment by an account whose next nonce is `nonce`.
    #[must_use]
    pub fn new(pool: &PoolPlan, deployer: Address, nonce: u64) -> Self {
        let mut plan = Self {
            deployer,
            nonce,
            steps: Vec::new(),
            access: Address::ZERO,
            pool: Address::ZERO,
            lens: Address::ZERO,
            share_tokens: Vec::new(),
            modules: Vec::new(),
        };
        let modules = abi::Pool::Modules {
            time: plan.module("PoolTime", &abi::PoolTime::BYTECODE),
            settle: plan.module("PoolSettle", &abi::PoolSettle::BYTECODE),
            exits: plan.module("PoolExits", &abi::PoolExits::BYTECODE),
            cover: plan.module("PoolCover", &abi::PoolCover::BYTECODE),
            policy: plan.module("PoolPolicy", &abi::PoolPolicy::BYTECODE),
            recovery: plan.module("PoolRecovery", &abi::PoolRecovery::BYTECODE),
            rules: plan.module("PoolRules", &abi::PoolRules::BYTECODE),
            views: plan.module("PoolViews", &abi::PoolViews::BYTECODE),
        };
        let factory = plan.module("ShareTokens", &abi::ShareTokens::BYTECODE);
        // A contract's own nonce begins at one.
        plan.share_tokens = (1..=u64::from(pool.tranches)).map(|nonce| factory.create(nonce)).collect();
        let admin = abi::Access::constructorCall { admin: deployer }.abi_encode();
        plan.access = plan.create("Access", &abi::Access::BYTECODE, &admin);
        let arguments = abi::Pool::constructorCall {
            authority: plan.access,
            asset_: pool.asset,
            wrapper: pool.wrapper,
            tranches: pool.tranches,
            rules: pool.rules.clone(),
            modules,
            factory,
        };
        plan.pool = plan.create("Pool", &abi::Pool::BYTECODE, &arguments.abi_encode());
        plan.lens = plan.create("PoolLens", &abi::PoolLens::BYTECODE, &[]);
        let data = roles(&pool.access, plan.pool, deployer);
        let call = Call { from: deployer, to: Some(plan.access), data };
        plan.steps.push(Step { name: "roles", call, creates: None });
        plan
    }

    fn module(&mut self, name: &'static str, code: &Bytes) -> Address {
        let address = self.create(name, code, &[]);
        self.modules.push((name, address));
        address
    }

    fn create(&mut self, name: &'static str, code: &Bytes, arguments: &[u8]) -> Address {
        let address = self.deployer.create(self.nonce + self.steps.len() as u64);
        let data = [code.as_ref(), arguments].concat().into();
        let call = Call { from: self.deployer, to: None, data };
        self.steps.push(Step { name, call, creates: Some(address) });
        address
    }
}

/// One call that says which functions each role may call, grants the roles, and hands the access manager over.
fn roles(access: &AccessPlan, pool: Address, deployer: Address) -> Bytes {
    let mut data: Vec<Bytes> = Vec::new();
    for (role, functions) in functions() {
        let call = abi::Access::setTargetFunctionRoleCall {
            target: pool,
            selectors: functions.into_iter().map(Into::into).collect(),
            roleId: role,
        };
        data.push(call.abi_encode().into());
    }
    let admin = Grant { role: role::ADMIN, account: access.admin, delay: access.admin_delay };
    for grant in access.grants.iter().chain([&admin]) {
        let call = abi::Access::grantRoleCall {
            roleId: grant.role,
            account: grant.account,
            executionDelay: grant.delay,
        };
        data.push(call.abi_encode().into());
    }
    if access.admin != deployer {
        let call = abi::Access::renounceRoleCall { roleId: role::ADMIN, callerConfirmation: deployer };
        data.push(call.abi_encode().into());
    }
    abi::Access::multicallCall { data }.abi_encode().into()
}

/// The functions of each role, as `Access.functionsOf` lists them; the deployment compares the two.
#[must_use]
pub fn functions() -> [(u64, Vec<[u8; 4]>); 4] {
    use abi::Pool as p;
    [
        (
            role::OWNER,
            vec![
                p::announceRulesCall::SELECTOR,
                p::withdrawRulesCall::SELECTOR,
                p::announceWriteOffCall::SELECTOR,
                p::openLotCall::SELECTOR,
            ],
        ),
        (role::RISK, vec![p::postEstimateCall::SELECTOR]),
        (role::GUARDIAN, vec![p::pauseCall::SELECTOR]),
        (role::REVOKER, vec![p::revokeQuotesCall::SELECTOR]),
    ]
}

/// Largest creation code a chain takes (EIP-3860) and largest code it keeps (EIP-170), in bytes.
pub const CREATION_MAX: usize = 49_152;
/// See [`CREATION_MAX`].
pub const CODE_MAX: usize = 24_576;

/// Wei that `gas` costs at most at a fee, with `value` of it for safety; saturates.
#[must_use]
pub fn cost(gas: u64, fee: u128) -> U256 {
    U256::from(gas) * U256::from(fee)
}
