//! Addresses of accounts and contracts, with the checksum of EIP-55 in the case of their letters.

use core::fmt;
use core::str::FromStr;

use crate::hex::{self, HexError};
use crate::keccak256;

/// An account or a contract.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(pub [u8; 20]);

/// Why a text is no address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Not forty hexadecimal digits.
    #[error(transparent)]
    Hex(#[from] HexError),
    /// Letters of both cases that are not the checksum: a digit was mistyped.
    #[error("the letters of {given} are not its checksum (EIP-55); those of {wanted} are")]
    Checksum {
        /// As given.
        given: String,
        /// With the right checksum.
        wanted: Address,
    },
}

impl Address {
    /// Nobody's address, which stands for one that was not given.
    pub const ZERO: Self = Self([0; 20]);

    /// True for nobody's address.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        *self == Self::ZERO
    }
}

impl fmt::Display for Address {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = hex::encode(&self.0);
        let hash = keccak256(&digits);
        out.write_str("0x")?;
        for (index, digit) in digits.chars().enumerate() {
            let half = hash[index / 2] >> (4 * (1 - index % 2)) & 15;
            let digit = if half >= 8 { digit.to_ascii_uppercase() } else { digit };
            fmt::Write::write_char(out, digit)?;
        }
        Ok(())
    }
}

impl FromStr for Address {
    type Err = AddressError;

    /// Forty digits behind `0x` or without it. Letters of one case carry no checksum; those of both must be right.
    fn from_str(text: &str) -> Result<Self, AddressError> {
        let address = Self(hex::decode(text)?);
        let digits = text.strip_prefix("0x").unwrap_or(text);
        let has = |case: fn(&char) -> bool| digits.chars().any(|digit| case(&digit));
        let mixed = has(char::is_ascii_lowercase) && has(char::is_ascii_uppercase);
        if mixed && address.to_string()[2..] != *digits {
            return Err(AddressError::Checksum { given: text.to_owned(), wanted: address });
        }
        Ok(address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The test cases of EIP-55.
    const CHECKED: [&str; 8] = [
        "0x52908400098527886E0F7030069857D2E4169EE7",
        "0x8617E340B3D01FA5F11F306F4090FD50E238070D",
        "0xde709f2102306220921060314715629080e2fb77",
        "0x27b1fdb04752bbc536007a920d24acb045561c26",
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
        "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
        "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
    ];

    #[test]
    fn checksums_of_the_standard() {
        for text in CHECKED {
            let address: Address = text.parse().unwrap();
            assert_eq!(address.to_string(), text);
            assert_eq!(text.to_lowercase().parse(), Ok(address));
        }
    }

    #[test]
    fn a_mistyped_address_is_refused() {
        let typo = CHECKED[4].replace("aAeb", "aAec");
        assert!(matches!(typo.parse::<Address>(), Err(AddressError::Checksum { .. })), "{typo}");
        assert!(matches!("0x12".parse::<Address>(), Err(AddressError::Hex(HexError::Length { .. }))));
        assert!(matches!("bob".parse::<Address>(), Err(AddressError::Hex(HexError::Digit { .. }))));
    }
}
