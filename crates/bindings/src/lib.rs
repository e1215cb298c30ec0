//! The contracts from Rust: typed bindings made from the committed artifacts (`contracts/artifacts`, so that no Node
//! is needed), the rules as the contract takes them, and deployment over JSON-RPC.
//!
//! - [`abi`]: one module a contract, with its calls, events, errors and creation code.
//! - [`rules`]: the engine's rules as the contract's `RuleSet`.
//! - [`rpc`]: a node, asked over blocking HTTP; [`key`]: who signs.
//! - [`plan`]: every transaction of a deployment, computed before the first is sent; [`mod@deploy`]: sending and checking.
//!
//! Amounts are units of the settlement token, times seconds, gas in gas, fees in wei.

pub mod abi;
mod check;
pub mod deploy;
pub mod key;
pub mod plan;
pub mod rpc;
pub mod rules;

pub use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
// What the bindings are used through.
pub use alloy_sol_types::{SolCall, SolError, SolEvent, SolInterface};
pub use deploy::{Deployment, Failed, Progress, Sent, Signed, deploy};
pub use key::Key;
pub use plan::{AccessPlan, Plan, PoolPlan, Step};
pub use rpc::Node;
