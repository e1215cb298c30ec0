//! A node, asked over blocking HTTP in JSON-RPC: the dozen methods that a deployment and a reader need.

use std::time::Duration;

use alloy_primitives::{Address, B256, Bytes, U64, U128};
use serde::Deserialize;
use serde_json::{Value, json};

/// Longest wait for one answer.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Why a node gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum RpcError {
    /// Nobody answered, or not in HTTP.
    #[error("{url}: {why}")]
    Transport {
        /// The node, without what may be secret in its address.
        url: String,
        /// What went wrong.
        why: String,
    },
    /// The node refused.
    #[error("{method}: {message}")]
    Refused {
        /// What was asked.
        method: String,
        /// The node's code.
        code: i64,
        /// The node's words.
        message: String,
        /// What a call that failed returned.
        data: Option<Bytes>,
    },
    /// The node answered something else than was asked.
    #[error("{method}: an answer that makes no sense: {why}")]
    Answer {
        /// What was asked.
        method: String,
        /// What is wrong with it.
        why: String,
    },
}

/// A node.
#[derive(Clone, Debug)]
pub struct Node {
    url: String,
    agent: ureq::Agent,
}

/// A transaction in a block.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Receipt {
    /// Its hash.
    pub transaction_hash: B256,
    /// Number of its block.
    pub block_number: U64,
    /// Gas that it used.
    pub gas_used: U64,
    /// One where it succeeded.
    pub status: U64,
    /// The contract that it made.
    pub contract_address: Option<Address>,
}

/// What a new transaction must pay a unit of gas, in wei.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fees {
    /// Most in all.
    pub most: u128,
    /// To the proposer.
    pub tip: u128,
}

/// A call or a transaction as a node is asked about it.
#[derive(Clone, Debug, Default)]
pub struct Call {
    /// Who calls.
    pub from: Address,
    /// Whom; nobody for a creation.
    pub to: Option<Address>,
    /// Calldata, or creation code.
    pub data: Bytes,
}

impl Call {
    fn json(&self) -> Value {
        match self.to {
            Some(to) => json!({"from": self.from, "to": to, "input": self.data}),
            None => json!({"from": self.from, "input": self.data}),
        }
    }
}

impl Node {
    /// A node at an `http://` or `https://` address.
    #[must_use]
    pub fn new(url: &str) -> Self {
        let config = ureq::Agent::config_builder().timeout_global(Some(TIMEOUT)).http_status_as_error(false);
        Self { url: url.to_owned(), agent: ureq::Agent::new_with_config(config.build()) }
    }

    /// The node's address without path, query and credentials, which often hold a key.
    #[must_use]
    pub fn name(&self) -> String {
        let (scheme, rest) = self.url.split_once("://").unwrap_or(("", &self.url));
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let host = host.rsplit('@').next().unwrap_or_default();
        if scheme.is_empty() { host.to_owned() } else { format!("{scheme}://{host}") }
    }

    /// Asks a method.
    ///
    /// # Errors
    /// [`RpcError`].
    pub fn ask<T: for<'de> Deserialize<'de>>(&self, method: &str, params: Value) -> Result<T, RpcError> {
        #[derive(Deserialize)]
        struct Answer {
            result: Option<Value>,
            error: Option<Complaint>,
        }
        #[derive(Deserialize)]
        struct Complaint {
            code: i64,
            message: String,
            data: Option<Value>,
        }
        // The node's address may hold a key: what the library says about it is not passed on in full.
        let transport =
            |why: String| RpcError::Transport { url: self.name(), why: why.replace(&self.url, "the node") };
        let makes_no_sense = |why: String| RpcError::Answer { method: method.to_owned(), why };
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let mut response =
            self.agent.post(&self.url).send_json(&body).map_err(|error| transport(error.to_string()))?;
        let status = response.status();
        let text = response.body_mut().read_to_string().map_err(|error| transport(error.to_string()))?;
        let answer: Answer = match serde_json::from_str(&text) {
            Ok(answer) => answer,
            Err(_) if !status.is_success() => return Err(transport(format!("HTTP status {status}"))),
            Err(error) => return Err(makes_no_sense(error.to_string())),
        };
        if let Some(error) = answer.error {
            let data = error.data.and_then(|data| serde_json::from_value(data).ok());
            let (code, message) = (error.code, error.message);
            return Err(RpcError::Refused { method: method.to_owned(), code, message, data });
        }
        serde_json::from_value(answer.result.unwrap_or(Value::Null))
            .map_err(|error| makes_no_sense(error.to_string()))
    }

    /// Number of the chain.
    ///
    /// # Errors
    /// [`RpcError`], as of every method here.
    pub fn chain_id(&self) -> Result<u64, RpcError> {
        self.ask::<U64>("eth_chainId", json!([])).map(|id| id.to())
    }

    /// Nonce of an account's next transaction, those that wait included.
    ///
    /// # Errors
    /// [`RpcError`].
    pub fn nonce(&self, account: Address) -> Result<u64, RpcError> {
        self.ask::<U64>("eth_getTransactionCount", json!([account, "pending"])).map(|nonce| nonce.to())
    }

    /// Wei of an account.
    ///
    /// # Errors
    /// [`RpcError`].
    pub fn balance(&self, account: Address) -> Result<u128, RpcError> {
        self.ask::<U128>("eth_getBalance", json!([account, "latest"])).map(|wei| wei.to())
    }

    /// Code of an account; empty where there is none.
    ///
    /// # Errors
    /// [`RpcError`].
    pub fn code(&self, account: Address) -> Result<Bytes, RpcError> {
        self.ask("eth_getCode", json!([account, "latest"]))
    }

    /// Answer of a call that changes nothing.
    ///
    /// # Errors
    /// [`RpcError`]; a call that fails is refused, with what it returned.
    pub fn call(&self, call: &Call) -> Result<Bytes, RpcError> {
        self.ask("eth_call", json!([call.json(), "latest"]))
    }

    /// Gas that a transaction would use on what is there now.
    ///
    /// # Errors
    /// [`RpcError`]; a transaction that fails is refused, with what it returned.
    pub fn estimate(&self, call: &Call) -> Result<u64, RpcError> {
        self.ask::<U64>("eth_estimateGas", json!([call.json()])).map(|gas| gas.to())
    }

    /// What to pay a unit of gas: twice the last block's base fee, and the node's tip on top.
    ///
    /// # Errors
    /// [`RpcError`]; a chain without base fees makes no sense here.
    pub fn fees(&self) -> Result<Fees, RpcError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Block {
            base_fee_per_gas: Option<U128>,
        }
        let method = "eth_getBlockByNumber";
        let block: Block = self.ask(method, json!(["latest", false]))?;
        let base = block.base_fee_per_gas.ok_or_else(|| RpcError::Answer {
            method: method.to_owned(),
            why: "a block without a base fee".to_owned(),
        })?;
        let tip: U128 = self.ask("eth_maxPriorityFeePerGas", json!([]))?;
        let (base, tip): (u128, u128) = (base.to(), tip.to());
        Ok(Fees { most: base.saturating_mul(2).saturating_add(tip), tip })
    }

    /// Sends a signed transaction; returns its hash.
    ///
    /// # Errors
    /// [`RpcError`].
    pub fn send(&self, raw: &[u8]) -> Result<B256, RpcError> {
        self.ask("eth_sendRawTransaction", json!([Bytes::copy_from_slice(raw)]))
    }

    /// Whether a transaction is in a block or waits for one.
    ///
    /// # Errors
    /// [`RpcError`].
    pub fn knows(&self, hash: B256) -> Result<bool, RpcError> {
        Ok(!self.ask::<Value>("eth_getTransactionByHash", json!([hash]))?.is_null())
    }

    /// A transaction's receipt; none while it waits.
    ///
    /// # Errors
    /// [`RpcError`].
    pub fn receipt(&self, hash: B256) -> Result<Option<Receipt>, RpcError> {
        self.ask("eth_getTransactionReceipt", json!([hash]))
    }

    /// Gas of transactions that follow one another, none of which is sent; nothing where the node cannot tell. The
    /// first failure is an error, with its place.
    ///
    /// # Errors
    /// [`RpcError`] where the transactions themselves fail.
    pub fn simulate(&self, calls: &[Call]) -> Result<Option<Vec<u64>>, RpcError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Outcome {
            gas_used: U64,
            status: U64,
        }
        #[derive(Deserialize)]
        struct Simulated {
            calls: Vec<Outcome>,
        }
        let method = "eth_simulateV1";
        let listed: Vec<Value> = calls.iter().map(Call::json).collect();
        let asked = json!([{"blockStateCalls": [{"calls": listed}]}, "latest"]);
        let blocks: Vec<Simulated> = match self.ask(method, asked) {
            Ok(blocks) => blocks,
            // Many nodes do not know the method, or bound its gas.
            Err(RpcError::Refused { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let outcomes: Vec<Outcome> = blocks.into_iter().flat_map(|block| block.calls).collect();
        if let Some(place) = outcomes.iter().position(|outcome| outcome.status.is_zero()) {
            let why = format!("transaction {} of {} fails", place + 1, calls.len());
            return Err(RpcError::Answer { method: method.to_owned(), why });
        }
        Ok((outcomes.len() == calls.len())
            .then(|| outcomes.iter().map(|outcome| outcome.gas_used.to()).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nodes_name_keeps_its_key_to_itself() {
        for (url, name) in [
            ("https://user:secret@host.example:8545/v3/secret?key=secret", "https://host.example:8545"),
            ("http://127.0.0.1:8545", "http://127.0.0.1:8545"),
            ("host/secret", "host"),
        ] {
            assert_eq!(Node::new(url).name(), name);
        }
    }

    #[test]
    fn nobody_at_the_address_is_said_without_its_secret() {
        let error = Node::new("http://127.0.0.1:1/secret").chain_id().unwrap_err();
        assert!(matches!(error, RpcError::Transport { .. }));
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}
