//! Structs of EIP-712. A value knows its type, so that a type and what is hashed under it cannot part:
//!
//! - `encodeType` is the name, the members, and the structs it refers to in the order of their names;
//! - `hashStruct = keccak256(keccak256(encodeType) . encodeData)`, one word a member;
//! - the digest is `keccak256(0x1901 . hashStruct(domain) . hashStruct(message))`.

use std::collections::BTreeMap;

use ruint::aliases::U256;

use crate::{Address, Word, keccak256};

/// A member of a struct.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// An unsigned integer of 8 to 256 bits.
    Uint {
        /// Width in bits.
        bits: u16,
        /// The number; the caller keeps it within the width.
        value: U256,
    },
    /// True or false.
    Bool(bool),
    /// An address.
    Address(Address),
    /// A word that is already hashed.
    Bytes32(Word),
    /// Text, hashed.
    Text(String),
    /// A fixed number of values of one type, at least one; their words are hashed together.
    Array(Vec<Value>),
    /// Another struct.
    Struct(Struct),
}

/// A struct: its name, and its members in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Struct {
    /// Name of the type.
    pub name: &'static str,
    /// Names and values of the members.
    pub members: Vec<(&'static str, Value)>,
}

impl Value {
    /// A `uint32`.
    #[must_use]
    pub fn uint32(value: u32) -> Self {
        Self::Uint { bits: 32, value: U256::from(value) }
    }

    /// A `uint64`.
    #[must_use]
    pub fn uint64(value: u64) -> Self {
        Self::Uint { bits: 64, value: U256::from(value) }
    }

    /// A `uint128`.
    #[must_use]
    pub fn uint128(value: u128) -> Self {
        Self::Uint { bits: 128, value: U256::from(value) }
    }

    /// A `uint256`.
    #[must_use]
    pub fn uint256(value: U256) -> Self {
        Self::Uint { bits: 256, value }
    }

    /// Name of the type, such as `uint128` or `uint32[4]`.
    #[must_use]
    pub fn type_name(&self) -> String {
        match self {
            Self::Uint { bits, .. } => format!("uint{bits}"),
            Self::Bool(_) => "bool".to_owned(),
            Self::Address(_) => "address".to_owned(),
            Self::Bytes32(_) => "bytes32".to_owned(),
            Self::Text(_) => "string".to_owned(),
            Self::Array(values) => {
                let of = values.first().map(Self::type_name).unwrap_or_default();
                format!("{of}[{}]", values.len())
            }
            Self::Struct(of) => of.name.to_owned(),
        }
    }

    /// The word that stands for the value in `encodeData`.
    #[must_use]
    pub fn word(&self) -> Word {
        match self {
            Self::Uint { value, .. } => value.to_be_bytes(),
            Self::Bool(flag) => U256::from(u8::from(*flag)).to_be_bytes(),
            Self::Address(address) => {
                let mut word = [0; 32];
                word[12..].copy_from_slice(&address.0);
                word
            }
            Self::Bytes32(word) => *word,
            Self::Text(text) => keccak256(text),
            Self::Array(values) => keccak256(values.iter().flat_map(Self::word).collect::<Vec<u8>>()),
            Self::Struct(of) => of.hash(),
        }
    }

    /// Adds the structs that the value is made of, by name.
    fn refer<'v>(&'v self, found: &mut BTreeMap<&'static str, &'v Struct>) {
        match self {
            Self::Struct(of) if found.insert(of.name, of).is_none() => {
                of.members.iter().for_each(|(_, value)| value.refer(found));
            }
            Self::Array(values) => values.iter().take(1).for_each(|value| value.refer(found)),
            _ => {}
        }
    }
}

impl Struct {
    /// The members as `name(type name,...)`.
    fn own_type(&self) -> String {
        let members: Vec<String> =
            self.members.iter().map(|(name, value)| format!("{} {name}", value.type_name())).collect();
        format!("{}({})", self.name, members.join(","))
    }

    /// `encodeType`: the type, and those that it refers to.
    #[must_use]
    pub fn encode_type(&self) -> String {
        let mut found = BTreeMap::new();
        self.members.iter().for_each(|(_, value)| value.refer(&mut found));
        found.remove(self.name);
        let others = found.values().map(|of| of.own_type());
        core::iter::once(self.own_type()).chain(others).collect()
    }

    /// `typeHash`.
    #[must_use]
    pub fn type_hash(&self) -> Word {
        keccak256(self.encode_type())
    }

    /// `hashStruct`.
    #[must_use]
    pub fn hash(&self) -> Word {
        let data = self.members.iter().flat_map(|(_, value)| value.word());
        keccak256(self.type_hash().into_iter().chain(data).collect::<Vec<u8>>())
    }
}

/// What is signed: the message under its domain.
#[must_use]
pub fn signing_digest(separator: &Word, message: &Word) -> Word {
    let mut bytes = [0; 66];
    bytes[..2].copy_from_slice(&[0x19, 0x01]);
    bytes[2..34].copy_from_slice(separator);
    bytes[34..].copy_from_slice(message);
    keccak256(bytes)
}
