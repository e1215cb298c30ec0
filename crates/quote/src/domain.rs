//! The domain of a quote: which chain, which pool. A signature for one is worth nothing at another.

use ruint::aliases::U256;

use crate::typed::{Struct, Value};
use crate::{Address, Word};

/// Name under which quotes are signed.
pub const NAME: &str = "Seawall";

/// Version of the signed form.
pub const VERSION: &str = "1";

/// Chain and pool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Domain {
    /// Number of the chain (EIP-155); zero where the quote is bound to none.
    pub chain_id: u64,
    /// The pool's contract, which checks the signature.
    pub verifying_contract: Address,
}

impl Domain {
    /// The `EIP712Domain` struct.
    #[must_use]
    pub fn as_struct(&self) -> Struct {
        Struct {
            name: "EIP712Domain",
            members: vec![
                ("name", Value::Text(NAME.to_owned())),
                ("version", Value::Text(VERSION.to_owned())),
                ("chainId", Value::uint256(U256::from(self.chain_id))),
                ("verifyingContract", Value::Address(self.verifying_contract)),
            ],
        }
    }

    /// The domain separator. It is the digest by which the settlement engine knows chain and pool.
    #[must_use]
    pub fn separator(&self) -> Word {
        self.as_struct().hash()
    }
}
