//! Keccak-256 as Ethereum uses it: the padding of the original submission, not that of SHA-3.

use sha3::{Digest, Keccak256};

/// A word of the machine: a digest, or a value padded to 32 bytes.
pub type Word = [u8; 32];

/// Keccak-256 of some bytes.
#[must_use]
pub fn keccak256(bytes: impl AsRef<[u8]>) -> Word {
    Keccak256::digest(bytes).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hex::decode;

    /// Known answers: the empty string and "abc" of the Keccak team's test vectors, the selector of
    /// `transfer(address,uint256)` of ERC-20.
    #[test]
    fn known_answers() {
        for (text, digest) in [
            ("", "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"),
            ("abc", "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"),
        ] {
            assert_eq!(Ok(keccak256(text)), decode(digest), "{text:?}");
        }
        assert_eq!(keccak256("transfer(address,uint256)")[..4], [0xa9, 0x05, 0x9c, 0xbb]);
    }
}
