//! Sending a deployment's transactions and checking what came of them. Each waits for the one before only where it
//! must: the modules go out together.
//!
//! A deployment that was broken off goes on where it was: every transaction is told of before it is sent, with the hash it
//! will have, so that whoever keeps what was told ([`Signed`]) loses none.

use std::time::{Duration, Instant};

use alloy_consensus::{SignableTransaction, TxEip1559, TxEnvelope};
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, B256, TxKind, U256, keccak256};
use alloy_signer::SignerSync;
use alloy_sol_types::{SolError, SolInterface};
use serde::{Deserialize, Serialize};

use crate::abi;
use crate::check::{ask, check};
use crate::key::Key;
use crate::plan::{self, CODE_MAX, CREATION_MAX, Plan, PoolPlan, Step};
use crate::rpc::{Call, Fees, Node, RpcError};

/// Gas beyond the estimate, in parts of it: state that others change moves an estimate by little.
const GAS_MARGIN: u64 = 10;

/// Time between two questions for a receipt.
const POLL: Duration = Duration::from_millis(400);

/// A transaction that is in a block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Sent {
    /// What it did.
    pub step: &'static str,
    /// Its hash.
    pub hash: B256,
    /// Number of its block.
    pub block: u64,
    /// Gas that it used.
    pub gas: u64,
}

/// A transaction that was signed and is about to be sent. Addresses follow from deployer and nonce, so a deployment
/// that is taken up again must send the same bytes in the same order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signed {
    /// What it does.
    pub step: String,
    /// Hash of its data.
    pub data: B256,
    /// Its hash.
    pub hash: B256,
}

/// What is told while a deployment goes on.
#[derive(Clone, Copy, Debug)]
pub enum Progress<'a> {
    /// The transaction in this place of the plan will be sent as soon as this returns.
    Signed(usize, &'a Signed),
    /// A transaction is in a block.
    Mined(&'a Sent),
}

/// A pool that was deployed and checked.
#[derive(Clone, Debug)]
pub struct Deployment {
    /// Number of the chain.
    pub chain: u64,
    /// The plan that was carried out; its addresses are the deployment's.
    pub plan: Plan,
    /// Its transactions, in order.
    pub sent: Vec<Sent>,
    /// Hash of each contract's code, by name.
    pub code: Vec<(&'static str, Address, B256)>,
}

/// Why a deployment is none.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    /// The node did not answer, or refused.
    #[error(transparent)]
    Rpc(#[from] RpcError),
    /// The contracts refuse what they are told, in their own words.
    #[error("{step}: the contract refuses: {reason}")]
    Reverted {
        /// The transaction.
        step: &'static str,
        /// The contract's error.
        reason: String,
    },
    /// A transaction was in a block and failed there.
    #[error("{step}: transaction {hash} failed in its block")]
    Mined {
        /// The transaction.
        step: &'static str,
        /// Its hash.
        hash: B256,
    },
    /// A transaction was not in a block in time; it may still come.
    #[error("{step}: transaction {hash} is in no block after {seconds} seconds")]
    Late {
        /// The transaction.
        step: &'static str,
        /// Its hash.
        hash: B256,
        /// How long was waited.
        seconds: u64,
    },
    /// The account cannot pay.
    #[error("account {account} has {has} wei, and the deployment may cost {needs}")]
    Poor {
        /// The deployer.
        account: Address,
        /// What it has.
        has: u128,
        /// Gas at the largest fee.
        needs: U256,
    },
    /// The node is of another chain.
    #[error("the node is of chain {node}, and {wanted} is wanted")]
    Chain {
        /// The node's chain.
        node: u64,
        /// The chain that was named.
        wanted: u64,
    },
    /// Code is missing or larger than a chain keeps.
    #[error("{name} at {address}: {bytes} bytes of code; 1 to {CODE_MAX} are possible")]
    Code {
        /// The contract.
        name: &'static str,
        /// Where it should be.
        address: Address,
        /// Its length.
        bytes: usize,
    },
    /// The chain says something else than the plan.
    #[error("{what}: the chain says {found}, the plan {planned}")]
    Differs {
        /// What differs.
        what: String,
        /// On the chain.
        found: String,
        /// In the plan.
        planned: String,
    },
    /// The key does not sign.
    #[error("the key does not sign")]
    Signature,
    /// What was told could not be kept, so nothing more was sent.
    #[error("{0}")]
    Unkept(String),
}

/// What a token says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Token {
    /// Its symbol.
    pub symbol: String,
    /// Its decimals.
    pub decimals: u8,
}

/// Refuses a node of another chain.
///
/// # Errors
/// [`Failed::Chain`], [`Failed::Rpc`].
pub fn check_chain(node: &Node, wanted: u64) -> Result<(), Failed> {
    let found = node.chain_id()?;
    if found == wanted { Ok(()) } else { Err(Failed::Chain { node: found, wanted }) }
}

/// Asks a token its symbol and decimals.
///
/// # Errors
/// [`Failed::Code`] where there is no contract, [`Failed::Reverted`] where it is no token.
pub fn token(node: &Node, address: Address) -> Result<Token, Failed> {
    if node.code(address)?.is_empty() {
        return Err(Failed::Code { name: "asset", address, bytes: 0 });
    }
    Ok(Token {
        symbol: ask(node, "asset", address, &abi::MockToken::symbolCall {})?,
        decimals: ask(node, "asset", address, &abi::MockToken::decimalsCall {})?,
    })
}

/// Gas of each transaction, as far as it can be told before any is sent: by simulation of all of them where the node
/// can, else by an estimate of those that need nothing before them.
///
/// # Errors
/// [`Failed`] where a transaction would fail.
pub fn foresee(node: &Node, plan: &Plan) -> Result<Vec<Option<u64>>, Failed> {
    let calls: Vec<Call> = plan.steps.iter().map(|step| step.call.clone()).collect();
    if let Some(gas) = node.simulate(&calls)? {
        return Ok(gas.into_iter().map(Some).collect());
    }
    let free = |step: &Step| is_module(plan, step) || step.name == "Access" || step.name == "PoolLens";
    plan.steps.iter().map(|step| free(step).then(|| estimate(node, step)).transpose()).collect()
}

/// Sends a plan's transactions, waits for each at most `patience`, and checks code, wiring and roles. `begun` are the
/// transactions that were signed when the deployment was broken off, none for a new one: those that the chain has are
/// waited for, those that never reached it are sent again. `told` hears of each; where it fails nothing more is sent.
///
/// # Errors
/// [`Failed`]; [`Failed::Differs`] where what was begun is not this plan.
pub fn deploy(
    node: &Node,
    key: &Key,
    pool: &PoolPlan,
    plan: Plan,
    begun: &[Signed],
    patience: Duration,
    mut told: impl FnMut(Progress<'_>) -> Result<(), String>,
) -> Result<Deployment, Failed> {
    let chain = node.chain_id()?;
    check_creation(&plan)?;
    check_begun(&plan, begun)?;
    let mut sent = Vec::with_capacity(plan.steps.len());
    let mut place = 0;
    while place < plan.steps.len() {
        // Modules depend on nothing: they go out together. All else waits for what is before it.
        let together = plan.steps[place..].iter().take_while(|step| is_module(&plan, step)).count().max(1);
        let mut waiting = Vec::with_capacity(together);
        for (place, step) in plan.steps.iter().enumerate().skip(place).take(together) {
            if let Some(known) = begun.get(place)
                && node.knows(known.hash)?
            {
                waiting.push((step.name, known.hash));
                continue;
            }
            let gas = estimate(node, step)?;
            let fees = node.fees()?;
            let nonce = plan.nonce + place as u64;
            let raw = signed(key, chain, nonce, gas + gas / GAS_MARGIN, fees, step)?;
            let hash = keccak256(&raw);
            let about = Signed { step: step.name.to_owned(), data: keccak256(&step.call.data), hash };
            told(Progress::Signed(place, &about)).map_err(Failed::Unkept)?;
            node.send(&raw)?;
            waiting.push((step.name, hash));
        }
        for (step, hash) in waiting {
            let done = wait(node, step, hash, patience)?;
            told(Progress::Mined(&done)).map_err(Failed::Unkept)?;
            sent.push(done);
        }
        place += together;
    }
    let code = check(node, pool, &plan)?;
    Ok(Deployment { chain, plan, sent, code })
}

/// Refuses to go on with what another plan began.
fn check_begun(plan: &Plan, begun: &[Signed]) -> Result<(), Failed> {
    for (place, known) in begun.iter().enumerate() {
        let planned = plan.steps.get(place);
        let data = planned.map(|step| keccak256(&step.call.data));
        if planned.is_none_or(|step| step.name != known.step) || data != Some(known.data) {
            return Err(Failed::Differs {
                what: format!("transaction {place} of what was begun"),
                found: format!("{} with data of hash {}", known.step, known.data),
                planned: planned.map_or_else(
                    || "no more".to_owned(),
                    |step| format!("{} with data of hash {}", step.name, keccak256(&step.call.data)),
                ),
            });
        }
    }
    Ok(())
}

fn is_module(plan: &Plan, step: &Step) -> bool {
    plan.modules.iter().any(|(name, _)| *name == step.name)
}

/// Refuses creation code that no chain takes.
fn check_creation(plan: &Plan) -> Result<(), Failed> {
    for step in &plan.steps {
        let (Some(address), bytes) = (step.creates, step.call.data.len()) else { continue };
        if bytes > CREATION_MAX {
            return Err(Failed::Code { name: step.name, address, bytes });
        }
    }
    Ok(())
}

fn estimate(node: &Node, step: &Step) -> Result<u64, Failed> {
    node.estimate(&step.call).map_err(|error| explained(step.name, error))
}

/// A refusal with the contract's own error, where there is one.
pub(crate) fn explained(step: &'static str, error: RpcError) -> Failed {
    match error {
        RpcError::Refused { data: Some(data), .. } if data.len() >= 4 => {
            let pool = abi::Pool::PoolErrors::abi_decode(&data).map(|error| format!("{error:?}"));
            let access = abi::Access::AccessErrors::abi_decode(&data).map(|error| format!("{error:?}"));
            let rule = abi::Pool::RuleOutOfBounds::abi_decode(&data).map(|error| {
                let text: Vec<u8> = error.parameter.iter().copied().take_while(|byte| *byte != 0).collect();
                format!("rule {} is out of its bounds", String::from_utf8_lossy(&text))
            });
            Failed::Reverted { step, reason: rule.or(pool).or(access).unwrap_or_else(|_| data.to_string()) }
        }
        error => Failed::Rpc(error),
    }
}

/// A transaction signed and encoded.
fn signed(key: &Key, chain: u64, nonce: u64, gas: u64, fees: Fees, step: &Step) -> Result<Vec<u8>, Failed> {
    let transaction = TxEip1559 {
        chain_id: chain,
        nonce,
        gas_limit: gas,
        max_fee_per_gas: fees.most,
        max_priority_fee_per_gas: fees.tip,
        to: step.call.to.map_or(TxKind::Create, TxKind::Call),
        value: U256::ZERO,
        access_list: Default::default(),
        input: step.call.data.clone(),
    };
    let signature = key.0.sign_hash_sync(&transaction.signature_hash()).map_err(|_| Failed::Signature)?;
    Ok(TxEnvelope::Eip1559(transaction.into_signed(signature)).encoded_2718())
}

fn wait(node: &Node, step: &'static str, hash: B256, patience: Duration) -> Result<Sent, Failed> {
    let began = Instant::now();
    loop {
        if let Some(receipt) = node.receipt(hash)? {
            if receipt.status.is_zero() {
                return Err(Failed::Mined { step, hash });
            }
            return Ok(Sent { step, hash, block: receipt.block_number.to(), gas: receipt.gas_used.to() });
        }
        if began.elapsed() >= patience {
            return Err(Failed::Late { step, hash, seconds: patience.as_secs() });
        }
        std::thread::sleep(POLL);
    }
}

/// Refuses an account that cannot pay `gas` at the largest fee.
///
/// # Errors
/// [`Failed::Poor`], [`Failed::Rpc`].
pub fn check_funds(node: &Node, account: Address, gas: u64) -> Result<(), Failed> {
    let needs = plan::cost(gas, node.fees()?.most);
    let has = node.balance(account)?;
    if U256::from(has) < needs { Err(Failed::Poor { account, has, needs }) } else { Ok(()) }
}
