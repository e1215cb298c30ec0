//! Where the deployer's key is: a keystore file and its password, or the environment. Neither is ever printed.

use std::path::Path;

use seawall_contracts::Key;

use crate::output::Failure;

/// Holds the key in hexadecimal digits.
const KEY: &str = "SEAWALL_DEPLOYER_KEY";
/// Holds the password of a keystore.
const PASSWORD: &str = "SEAWALL_KEYSTORE_PASSWORD";

/// The key.
///
/// # Errors
/// There is none, a file cannot be read, a password does not open it.
pub fn find(keystore: Option<&Path>, password: Option<&Path>, dry_run: bool) -> Result<Key, Failure> {
    let Some(keystore) = keystore else {
        let Ok(text) = std::env::var(KEY) else {
            let hint = if dry_run { ", or --from with --dry-run" } else { "" };
            return Err(Failure::input("there is no key to sign with")
                .hint(format!("name a --keystore, or set {KEY}{hint}")));
        };
        return Key::from_hex(&text).map_err(|error| Failure::input(format!("{KEY}: {error}")));
    };
    let password = match password {
        Some(file) => {
            let text = std::fs::read_to_string(file)
                .map_err(|error| Failure::input(format!("--password-file: {}: {error}", file.display())))?;
            text.lines().next().unwrap_or_default().to_owned()
        }
        None => std::env::var(PASSWORD).map_err(|_| {
            Failure::input("--keystore: its password is missing")
                .hint(format!("name a --password-file, or set {PASSWORD}"))
        })?,
    };
    Key::from_keystore(keystore, &password)
        .map_err(|error| Failure::input(format!("--keystore: {}: {error}", keystore.display())))
}
