//! What is kept of a deployment while it goes on, so that one that was broken off can be taken up again.

use std::path::{Path, PathBuf};

use seawall_contracts::{Address, Signed};
use serde::{Deserialize, Serialize};

use crate::output::{Failure, write_whole};

/// A deployment that is not finished: whose it is, and what it signed, in order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Begun {
    /// Number of the chain.
    pub chain_id: u64,
    /// Who deploys.
    pub deployer: Address,
    /// Nonce of the first transaction: the addresses follow from it.
    pub nonce: u64,
    /// The transactions that were signed.
    pub transactions: Vec<Signed>,
}

/// Where it is kept: beside the record.
pub fn place(out: &Path) -> PathBuf {
    let mut name = out.as_os_str().to_owned();
    name.push(".begun");
    PathBuf::from(name)
}

impl Begun {
    /// Reads what a run left behind.
    ///
    /// # Errors
    /// There is none, it cannot be read, or it is of another chain or deployer.
    pub fn read(out: &Path, chain_id: u64, deployer: Address) -> Result<Self, Failure> {
        let path = place(out);
        let text = std::fs::read_to_string(&path).map_err(|error| {
            Failure::input(format!("--resume: {}: {error}", path.display()))
                .hint("a deployment that was broken off leaves it beside its record: give the same --out")
        })?;
        let begun: Self = serde_json::from_str(&text)
            .map_err(|error| Failure::input(format!("--resume: {}: {error}", path.display())))?;
        for (what, found, wanted) in [
            ("chain", begun.chain_id.to_string(), chain_id.to_string()),
            ("deployer", begun.deployer.to_string(), deployer.to_string()),
        ] {
            if found != wanted {
                let differs = format!("--resume: {}: {what} is {found}, expected {wanted}", path.display());
                return Err(Failure::input(differs));
            }
        }
        Ok(begun)
    }

    /// Keeps it, with one more transaction in its place.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn keep(&mut self, out: &Path, at: usize, signed: &Signed) -> Result<(), Failure> {
        match self.transactions.get_mut(at) {
            Some(known) => known.clone_from(signed),
            None => self.transactions.push(signed.clone()),
        }
        let text = serde_json::to_string_pretty(self).map_err(Failure::environment)?;
        write_whole(&place(out), format!("{text}\n").as_bytes())
    }
}
