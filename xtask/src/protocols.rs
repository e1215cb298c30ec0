//! What runs against other people's software: the adapters on the real lending protocols, and `seawall deploy` on a
//! real node. Slow to compile, so `cargo xtask contracts` alone does it.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::contracts::run;
use crate::{cargo, step};

/// Where npm puts the node, below `contracts/protocols`.
const ANVIL: &str = "node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil";

/// Compiles the protocols, runs the adapters on them, and deploys a pool on a node.
pub fn test(contracts: &Path) -> Result<()> {
    let folder = contracts.join("protocols");
    step("protocols and node", || run(&folder, "npm", &["ci", "--no-audit", "--no-fund"]))?;
    step("Morpho as it is deployed", || run(&folder, "node", &["bin/morpho"]))?;
    step("adapters on the real protocols", || {
        let mut forge = Command::new("npx");
        forge.args(["forge", "test"]).current_dir(contracts).env("FOUNDRY_PROFILE", "protocols");
        ensure!(forge.status().context("running forge")?.success(), "the adapters' tests failed");
        Ok(())
    })?;
    step("deployment on a node", || {
        let anvil = folder.join(ANVIL);
        ensure!(anvil.is_file(), "{} is missing: this platform has no anvil from npm", anvil.display());
        let test = ["test", "-p", "seawall", "--test", "deploy_runs", "--locked", "--", "--ignored"];
        cargo(test, &[("SEAWALL_ANVIL", &anvil.to_string_lossy())])
    })
}
