//! Who signs: a private key, from an encrypted keystore file or from text. It is never printed and never written.

use std::fmt;
use std::path::Path;

use alloy_primitives::{Address, B256};
use alloy_signer_local::PrivateKeySigner;

/// A private key.
#[derive(Clone)]
pub struct Key(pub(crate) PrivateKeySigner);

/// Why there is no key; the text never contains any part of one.
#[derive(Debug, thiserror::Error)]
pub enum BadKey {
    /// Not 32 bytes in hexadecimal digits, or not a key of the curve.
    #[error("is no private key: 64 hexadecimal digits are needed")]
    Text,
    /// The file cannot be read.
    #[error("{0}")]
    File(#[from] std::io::Error),
    /// The file is no keystore, or the password is another.
    #[error("is no keystore that this password opens")]
    Keystore,
}

impl Key {
    /// A key from hexadecimal digits, with or without `0x`.
    ///
    /// # Errors
    /// [`BadKey::Text`].
    pub fn from_hex(text: &str) -> Result<Self, BadKey> {
        let bytes: B256 = text.trim().parse().map_err(|_| BadKey::Text)?;
        PrivateKeySigner::from_bytes(&bytes).map(Self).map_err(|_| BadKey::Text)
    }

    /// A key from a keystore file (the JSON of geth, cast and others).
    ///
    /// # Errors
    /// [`BadKey::File`], [`BadKey::Keystore`].
    pub fn from_keystore(path: &Path, password: &str) -> Result<Self, BadKey> {
        // Asked first: the decryption says of a missing file only that it failed.
        std::fs::metadata(path)?;
        PrivateKeySigner::decrypt_keystore(path, password).map(Self).map_err(|_| BadKey::Keystore)
    }

    /// The account of the key.
    #[must_use]
    pub fn address(&self) -> Address {
        self.0.address()
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.address())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// First account of the standard test mnemonic "test test ... junk".
    const KEY: &str = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";

    #[test]
    fn a_key_has_its_account_and_does_not_show_itself() {
        let key = Key::from_hex(KEY).unwrap();
        assert_eq!(key.address().to_string(), "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266");
        assert!(!format!("{key:?}").contains("ac0974"));
        assert_eq!(Key::from_hex(&KEY[2..]).unwrap().address(), key.address());
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for text in ["", "0x12", &"0".repeat(64), &"f".repeat(64), &"g".repeat(64)] {
            assert!(matches!(Key::from_hex(text), Err(BadKey::Text)), "{text}");
        }
        assert!(matches!(Key::from_keystore(Path::new("no/such/file"), ""), Err(BadKey::File(_))));
    }
}
