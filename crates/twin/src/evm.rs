//! An EVM in this process: the only file that knows revm. Everything else speaks of addresses, bytes and words.

use revm::context::result::{ExecutionResult, Output};
use revm::context::{BlockEnv, CfgEnv, Context, Evm as Machine, FrameStack, Journal, TxEnv};
use revm::database::InMemoryDB;
use revm::handler::instructions::EthInstructions;
use revm::handler::{EthFrame, EthPrecompiles};
use revm::interpreter::interpreter::EthInterpreter;
use revm::primitives::hardfork::SpecId;
use revm::primitives::{Address as EvmAddress, TxKind, U256};
use revm::{ExecuteCommitEvm, ExecuteEvm, MainBuilder, MainContext};

/// An account's address.
pub type Address = [u8; 20];

/// A word of the EVM, big-endian.
pub type Word = [u8; 32];

/// Gas of a transaction: enough for sixteen markets and all their losses.
const GAS_LIMIT: u64 = 200_000_000;

/// The chain that quotes are signed for.
pub const CHAIN_ID: u64 = 31_337;

type Ctx = Context<BlockEnv, TxEnv, CfgEnv, InMemoryDB, Journal<InMemoryDB>, ()>;
type Inner = Machine<Ctx, (), EthInstructions<EthInterpreter, Ctx>, EthPrecompiles, EthFrame<EthInterpreter>>;

/// Hash of the EVM.
#[must_use]
pub fn keccak256(bytes: &[u8]) -> Word {
    revm::primitives::keccak256(bytes).0
}

/// An event as a contract emitted it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// Who emitted it.
    pub address: Address,
    /// Topics, the event's own hash first.
    pub topics: Vec<Word>,
    /// The rest.
    pub data: Vec<u8>,
}

/// What became of a call.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// False when it reverted or ran out of gas; nothing then changed.
    pub ok: bool,
    /// What it returned, or why it reverted.
    pub output: Vec<u8>,
    /// What it emitted.
    pub logs: Vec<Log>,
    /// Gas of the whole transaction.
    pub gas: u64,
}

/// A chain with one node and no consensus.
pub struct Evm {
    inner: Inner,
    nonces: u64,
}

impl Default for Evm {
    fn default() -> Self {
        Self::with(InMemoryDB::default())
    }
}

impl Clone for Evm {
    fn clone(&self) -> Self {
        let block = self.inner.ctx.block.clone();
        let mut copy = Self::with(self.inner.ctx.journaled_state.database.clone());
        copy.nonces = self.nonces;
        copy.inner.set_block(block);
        copy
    }
}

impl Evm {
    fn with(db: InMemoryDB) -> Self {
        let context: Ctx = Context::mainnet().with_db(db).modify_cfg_chained(|cfg| {
            *cfg = CfgEnv::new_with_spec(SpecId::CANCUN);
            cfg.chain_id = CHAIN_ID;
            cfg.disable_nonce_check = true;
            cfg.tx_gas_limit_cap = Some(u64::MAX);
            // Mainnet's limits on code stay on: every contract must fit them.
        });
        let mut inner = context.build_mainnet();
        let mut block = inner.ctx.block.clone();
        block.gas_limit = u64::MAX;
        block.basefee = 0;
        inner.set_block(block);
        inner.frame_stack = FrameStack::new_prealloc(8);
        Self { inner, nonces: 0 }
    }

    /// Sets the time of the block.
    pub fn set_time(&mut self, seconds: u64) {
        let mut block = self.inner.ctx.block.clone();
        block.timestamp = U256::from(seconds);
        self.inner.set_block(block);
    }

    fn tx(&self, from: Address, kind: TxKind, data: Vec<u8>) -> TxEnv {
        TxEnv {
            caller: EvmAddress::from(from),
            gas_limit: GAS_LIMIT,
            gas_price: 0,
            kind,
            data: data.into(),
            nonce: self.nonces,
            chain_id: Some(CHAIN_ID),
            ..TxEnv::default()
        }
    }

    /// Deploys a contract; its address, or what the constructor said.
    ///
    /// # Errors
    /// The output of a constructor that reverted.
    pub fn deploy(&mut self, from: Address, code: Vec<u8>) -> Result<Address, Vec<u8>> {
        let tx = self.tx(from, TxKind::Create, code);
        match self.inner.transact_commit(tx) {
            Ok(ExecutionResult::Success { output: Output::Create(_, Some(address)), .. }) => {
                Ok(address.into_array())
            }
            Ok(ExecutionResult::Revert { output, .. }) => Err(output.to_vec()),
            other => Err(format!("{other:?}").into_bytes()),
        }
    }

    /// Hash of the code at an address.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn code_hash(&self, of: Address) -> Word {
        let accounts = &self.inner.ctx.journaled_state.database.cache.accounts;
        accounts.get(&EvmAddress::from(of)).expect("it was deployed").info.code_hash.0
    }

    /// Calls a contract and keeps what it did.
    pub fn call(&mut self, from: Address, to: Address, data: Vec<u8>) -> Outcome {
        let tx = self.tx(from, TxKind::Call(EvmAddress::from(to)), data);
        let result = self.inner.transact_commit(tx).map_err(|error| format!("{error:?}"));
        outcome(result)
    }

    /// Asks a contract and forgets what it did.
    pub fn ask(&mut self, to: Address, data: Vec<u8>) -> Outcome {
        let tx = self.tx([0xfe; 20], TxKind::Call(EvmAddress::from(to)), data);
        let result = self.inner.transact(tx).map(|done| done.result).map_err(|error| format!("{error:?}"));
        outcome(result)
    }
}

fn outcome(result: Result<ExecutionResult, String>) -> Outcome {
    let logs = |logs: Vec<revm::primitives::Log>| {
        let log = |log: revm::primitives::Log| Log {
            address: log.address.into_array(),
            topics: log.data.topics().iter().map(|topic| topic.0).collect(),
            data: log.data.data.to_vec(),
        };
        logs.into_iter().map(log).collect()
    };
    match result {
        Ok(ExecutionResult::Success { gas, logs: emitted, output, .. }) => Outcome {
            ok: true,
            output: output.into_data().to_vec(),
            logs: logs(emitted),
            gas: gas.tx_gas_used(),
        },
        Ok(ExecutionResult::Revert { gas, output, .. }) => {
            Outcome { ok: false, output: output.to_vec(), logs: Vec::new(), gas: gas.tx_gas_used() }
        }
        Ok(ExecutionResult::Halt { reason, gas, .. }) => Outcome {
            ok: false,
            output: format!("{reason:?}").into_bytes(),
            logs: Vec::new(),
            gas: gas.tx_gas_used(),
        },
        Err(error) => Outcome { ok: false, output: error.into_bytes(), logs: Vec::new(), gas: 0 },
    }
}
