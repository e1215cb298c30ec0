//! What is kept of a deployment: addresses, roles, hashes of the code, transactions.

use std::path::Path;

use seawall_contracts::plan::{Grant, Plan, role};
use seawall_contracts::rpc::Fees;
use seawall_contracts::{Deployment, U256};
use serde_json::{Value, json};

use super::config::Config;
use crate::output::{grouped, line};

/// Name of the record's format.
const FORMAT: &str = "seawall-deployment-1";

/// The record of a deployment.
pub fn of(config: &Config, deployment: &Deployment) -> Value {
    let plan = &deployment.plan;
    let gas: u64 = deployment.sent.iter().map(|sent| sent.gas).sum();
    let mut record = addresses(config, plan);
    record["format"] = FORMAT.into();
    record["chain_id"] = deployment.chain.into();
    record["deployer"] = json!(plan.deployer);
    record["block"] = json!(deployment.sent.last().map(|sent| sent.block));
    record["code"] =
        deployment.code.iter().map(|(name, _, hash)| ((*name).to_owned(), json!(hash))).collect();
    record["transactions"] = json!(deployment.sent);
    record["gas"] = gas.into();
    record
}

/// A plan: transactions with calldata, gas as far as it is known, and addresses.
pub fn planned(config: &Config, plan: &Plan, gas: &[Option<u64>], fees: Fees) -> Value {
    let steps = plan.steps.iter().zip(gas).zip(plan.nonce..).map(|((step, gas), nonce)| {
        json!({
            "step": step.name,
            "nonce": nonce,
            "to": step.call.to,
            "creates": step.creates,
            "gas": gas,
            "data": step.call.data,
        })
    });
    let all = gas.iter().copied().sum::<Option<u64>>();
    let mut record = addresses(config, plan);
    record["dry_run"] = true.into();
    record["chain_id"] = config.chain.into();
    record["deployer"] = json!(plan.deployer);
    record["transactions"] = steps.collect();
    record["gas"] = json!(all);
    record["fee_max_wei"] = fees.most.to_string().into();
    record["cost_max_wei"] = json!(all.map(|gas| (U256::from(gas) * U256::from(fees.most)).to_string()));
    record
}

fn addresses(config: &Config, plan: &Plan) -> Value {
    let pool = &config.pool;
    let access = &pool.access;
    let admin = Grant { role: role::ADMIN, account: access.admin, delay: access.admin_delay };
    let roles = [&admin].into_iter().chain(&access.grants).map(|grant| {
        json!({"role": role::name(grant.role), "account": grant.account, "delay_seconds": grant.delay})
    });
    let tokens = config.tranches.iter().zip(&plan.share_tokens);
    json!({
        "pool": plan.pool,
        "access": plan.access,
        "lens": plan.lens,
        "asset": {
            "address": pool.asset,
            "symbol": config.unit.symbol,
            "decimals": config.unit.decimals,
            "wrapper": pool.wrapper,
        },
        "share_tokens": tokens.map(|(name, token)| json!({"tranche": name, "token": token})).collect::<Value>(),
        "modules": plan.modules.iter().map(|(name, address)| ((*name).to_owned(), json!(address))).collect::<Value>(),
        "roles": roles.collect::<Value>(),
    })
}

/// Says what was deployed.
pub fn print(config: &Config, deployment: &Deployment, out: &Path) {
    let plan = &deployment.plan;
    let gas: u64 = deployment.sent.iter().map(|sent| sent.gas).sum();
    line(&format!("pool    {}", plan.pool));
    line(&format!("access  {}, administered by {}", plan.access, config.pool.access.admin));
    line(&format!("lens    {}", plan.lens));
    for (name, token) in config.tranches.iter().zip(&plan.share_tokens) {
        line(&format!("shares  {token} ({name})"));
    }
    line(&format!(
        "{} transactions, {} gas; written to {}",
        deployment.sent.len(),
        grouped(gas.into()),
        out.display()
    ));
}
