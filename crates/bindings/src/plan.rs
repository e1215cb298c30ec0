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

#[cfg(test)]
mod tests {
    use alloy_primitives::address;
    use alloy_sol_types::SolInterface;
    use seawall_engine::{AccountId, Knot, Roles, Rules};
    use seawall_fixed::{Assets, Ppm};

    use super::*;
    use crate::rules::rule_set;

    const DEPLOYER: Address = address!("f39Fd6e51aad88F6F4ce6aB8827279cffFb92266");
    const ADMIN: Address = address!("70997970C51812dc3A010C7d01b50e0d17dc79C8");

    fn rules() -> Rules {
        let nobody = AccountId(0);
        Rules {
            roles: Roles {
                owner: nobody,
                actuaries: vec![],
                risk: nobody,
                guardian: nobody,
                reporters: vec![],
            },
            deposit_min: Assets::new(1),
            exit_min: Assets::new(2),
            ticket_min: Assets::new(3),
            cooldown: 4,
            waiting: 5,
            term_epochs_max: 6,
            early_period: 7,
            early_multiple: Ppm::new(8),
            junior_floor: Ppm::new(9),
            scarcity: vec![
                Knot { at: Ppm::ZERO, multiplier: 1_000_000_000 },
                Knot { at: Ppm::new(10), multiplier: 1_000_000_011 },
            ],
            earn_rate_max: 12,
            fee: Ppm::new(13),
            fee_recipient: AccountId(1),
            cancel_share: Ppm::new(14),
            reserve_target: Assets::new(15),
            surplus_epochs: 16,
            surplus_split: [Ppm::new(17), Ppm::new(18), Ppm::new(19), Ppm::new(20)],
            rate_min: Ppm::new(21),
            limit_max: Assets::new(22),
            market_share_max: Ppm::new(23),
            mutual_multiple: Ppm::new(24),
            latent_share_max: Ppm::new(25),
            latent_term_max: 26,
            pause_max: 27,
        }
    }

    fn pool(admin: Address) -> PoolPlan {
        let grants = vec![Grant { role: role::RISK, account: ADMIN, delay: 9 }];
        let rules = rule_set(&rules(), |id| if id.0 == 1 { ADMIN } else { Address::ZERO }).unwrap();
        let access = AccessPlan { admin, admin_delay: 7, grants };
        PoolPlan { asset: ADMIN, wrapper: false, tranches: 3, rules, access }
    }

    #[test]
    fn addresses_follow_from_account_and_nonce() {
        let plan = Plan::new(&pool(ADMIN), DEPLOYER, 0);
        // What every first deployment on a local chain is called.
        assert_eq!(plan.steps[0].creates, Some(address!("5FbDB2315678afecb367f032d93F642f64180aa3")));
        assert_eq!(plan.steps[1].creates, Some(address!("e7f1725E7734CE288F8367e1Bb143E90bb3F0512")));
        assert_eq!((plan.steps.len(), plan.modules.len(), plan.share_tokens.len()), (13, 9, 3));
        let later = Plan::new(&pool(ADMIN), DEPLOYER, 1);
        assert_eq!(later.steps[0].creates, plan.steps[1].creates);
        assert_ne!(later.pool, plan.pool);
    }

    #[test]
    fn every_creation_is_small_enough_for_a_chain() {
        for step in Plan::new(&pool(ADMIN), DEPLOYER, 0).steps {
            assert!(step.call.data.len() <= CREATION_MAX, "{}: {}", step.name, step.call.data.len());
        }
    }

    /// The calls inside the last transaction.
    fn calls(admin: Address) -> Vec<abi::Access::AccessCalls> {
        let plan = Plan::new(&pool(admin), DEPLOYER, 0);
        let last = plan.steps.last().unwrap();
        assert_eq!((last.name, last.call.to), ("roles", Some(plan.access)));
        let all = abi::Access::multicallCall::abi_decode(&last.call.data).unwrap();
        all.data.iter().map(|data| abi::Access::AccessCalls::abi_decode(data).unwrap()).collect()
    }

    #[test]
    fn the_deployer_keeps_nothing() {
        use abi::Access::AccessCalls::{grantRole, renounceRole, setTargetFunctionRole};
        let calls = calls(ADMIN);
        assert_eq!(calls.iter().filter(|call| matches!(call, setTargetFunctionRole(_))).count(), 4);
        let grants: Vec<_> = calls
            .iter()
            .filter_map(|call| match call {
                grantRole(grant) => Some((grant.roleId, grant.account, grant.executionDelay)),
                _ => None,
            })
            .collect();
        assert_eq!(grants, [(role::RISK, ADMIN, 9), (role::ADMIN, ADMIN, 7)]);
        let Some(renounceRole(last)) = calls.last() else { panic!("the last call gives the admin role up") };
        assert_eq!((last.roleId, last.callerConfirmation), (role::ADMIN, DEPLOYER));
    }

    #[test]
    fn a_deployer_who_is_the_admin_stays_it() {
        assert!(
            !calls(DEPLOYER).iter().any(|call| matches!(call, abi::Access::AccessCalls::renounceRole(_)))
        );
    }

    /// Words of the rules in the order of `State.sol`; every number above is another, so none can stand for another.
    #[test]
    fn rules_keep_their_order() {
        let set = rule_set(&rules(), |_| ADMIN).unwrap();
        let numbers: Vec<u128> = alloy_sol_types::SolValue::abi_encode(&set)
            .chunks(32)
            .map(|word| u128::from_be_bytes(word[16..].try_into().unwrap()))
            .collect();
        assert_eq!(numbers[..18], [2, 12, 13, 4, 6, 1, 9, 5, 21, 23, 2, 3, 7, 8, 24, 27, 22, 26]);
        assert_eq!(numbers[18..26], [25, 14, 16, 15, 17, 18, 19, 20]);
        assert_eq!(numbers[27..31], [0, 1_000_000_000, 10, 1_000_000_011]);
        assert!(numbers[31..].iter().all(|number| *number == 0) && numbers.len() == 43);
    }

    #[test]
    fn rules_that_do_not_fit_are_named() {
        let mut rules = rules();
        rules.cooldown = 1 << 32;
        assert_eq!(rule_set(&rules, |_| ADMIN).unwrap_err().0, "cooldown");
    }
}
