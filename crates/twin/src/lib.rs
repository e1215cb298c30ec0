//! Parity of the contract with the engine: both run the same commands, the contract in an EVM in this process, and
//! after every command refusals, events and balances are compared to the last unit.
//!
//! | file | what it does |
//! |---|---|
//! | [`evm`] | the EVM; the only file that knows revm |
//! | [`abi`] | selectors, topics and words from the committed artifacts |
//! | [`deploy`] | a pool with its token, sources and roles |
//! | [`encode`] | a command as a call, a refusal as the contract says it, an event as a log |
//! | [`quote`] | quotes signed by EIP-712 |
//! | [`compare`] | the contract's books against the engine's |
//! | [`twin`] | both pools side by side |

pub mod abi;
pub mod compare;
pub mod deploy;
pub mod encode;
pub mod evm;
pub mod quote;
pub mod twin;
