//! The signed form of a quote (rule 3.2 of the mechanism): EIP-712 typed data, its struct hash and the digest that
//! an actuary signs and a contract checks. No keys, no signing and no input or output.
//!
//! [`typed`] encodes any struct of EIP-712, its type derived from its value; [`domain`] binds chain and pool;
//! [`quote`] is the quote; with the feature `serde`, [`data`] is the JSON that wallets take
//! (`eth_signTypedData_v4`). Source: EIP-712, "Typed structured data hashing and signing"; EIP-55 for addresses.

pub mod address;
#[cfg(feature = "serde")]
pub mod data;
pub mod domain;
pub mod hex;
pub mod keccak;
pub mod quote;
#[cfg(feature = "serde")]
mod text;
pub mod typed;

pub use address::{Address, AddressError};
#[cfg(feature = "serde")]
pub use data::{Member, TypedData};
pub use domain::Domain;
pub use keccak::{Word, keccak256};
pub use quote::Quote;
pub use typed::{Struct, Value, signing_digest};
