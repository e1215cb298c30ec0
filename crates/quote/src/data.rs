//! A quote as the JSON that wallets sign (`eth_signTypedData_v4`).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::typed::Struct;
use crate::{Address, Domain, Quote, domain};

/// A member of a type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
}

/// The domain in JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DomainData {
    /// [`domain::NAME`].
    pub name: String,
    /// [`domain::VERSION`].
    pub version: String,
    /// Number of the chain.
    pub chain_id: u64,
    /// The pool.
    pub verifying_contract: Address,
}

/// Types, domain and message of a quote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TypedData {
    /// Members of each type.
    pub types: BTreeMap<String, Vec<Member>>,
    /// `Quote`.
    pub primary_type: String,
    /// Chain and pool.
    pub domain: DomainData,
    /// The quote.
    pub message: Quote,
}

impl TypedData {
    /// The typed data of a quote for a pool.
    #[must_use]
    pub fn of(domain: &Domain, quote: &Quote) -> Self {
        let message = quote.as_struct();
        let types = [domain.as_struct(), message.clone()];
        Self {
            types: types.iter().map(|of| (of.name.to_owned(), members(of))).collect(),
            primary_type: message.name.to_owned(),
            domain: DomainData {
                name: domain::NAME.to_owned(),
                version: domain::VERSION.to_owned(),
                chain_id: domain.chain_id,
                verifying_contract: domain.verifying_contract,
            },
            message: quote.clone(),
        }
    }
}

fn members(of: &Struct) -> Vec<Member> {
    let member = |(name, value): &(&'static str, crate::Value)| Member {
        name: (*name).to_owned(),
        kind: value.type_name(),
    };
    of.members.iter().map(member).collect()
}
