//! What a deployment must look like on the chain.

use alloy_primitives::{Address, B256};
use alloy_sol_types::SolCall;

use crate::abi;
use crate::deploy::{Failed, explained};
use crate::plan::{self, CODE_MAX, Plan, PoolPlan, role};
use crate::rpc::{Call, Node};

/// Asks a contract one question.
pub(crate) fn ask<C: SolCall>(
    node: &Node,
    step: &'static str,
    to: Address,
    call: &C,
) -> Result<C::Return, Failed> {
    let asked = Call { from: Address::ZERO, to: Some(to), data: call.abi_encode().into() };
    let answer = node.call(&asked).map_err(|error| explained(step, error))?;
    C::abi_decode_returns(&answer)
        .map_err(|error| Failed::Reverted { step, reason: format!("an answer that makes no sense: {error}") })
}

/// Refuses an answer that is not what was planned.
fn same<T: PartialEq + ToString>(what: impl Into<String>, found: &T, planned: &T) -> Result<(), Failed> {
    if found == planned {
        return Ok(());
    }
    Err(Failed::Differs { what: what.into(), found: found.to_string(), planned: planned.to_string() })
}

/// Checks a plan that was carried out: every contract has code a chain keeps, the pool is wired as planned, every
/// role is held by whom it should be, and the functions of each role are the contract's own list.
pub(crate) fn check(
    node: &Node,
    pool: &PoolPlan,
    plan: &Plan,
) -> Result<Vec<(&'static str, Address, B256)>, Failed> {
    let mut code = Vec::new();
    for step in &plan.steps {
        let Some(address) = step.creates else { continue };
        let bytes = node.code(address)?;
        if bytes.is_empty() || bytes.len() > CODE_MAX {
            return Err(Failed::Code { name: step.name, address, bytes: bytes.len() });
        }
        code.push((step.name, address, alloy_primitives::keccak256(&bytes)));
    }
    same("asset of the pool", &ask(node, "Pool", plan.pool, &abi::Pool::assetCall {})?, &pool.asset)?;
    same(
        "access manager of the pool",
        &ask(node, "Pool", plan.pool, &abi::Pool::authorityCall {})?,
        &plan.access,
    )?;
    for (tranche, planned) in (0..pool.tranches).zip(&plan.share_tokens) {
        let found = ask(node, "Pool", plan.pool, &abi::Pool::shareTokenCall { tranche })?;
        same(format!("share token of tranche {tranche}"), &found, planned)?;
    }
    check_roles(node, pool, plan)?;
    Ok(code)
}

fn check_roles(node: &Node, pool: &PoolPlan, plan: &Plan) -> Result<(), Failed> {
    let access = &pool.access;
    let admin = plan::Grant { role: role::ADMIN, account: access.admin, delay: access.admin_delay };
    for grant in access.grants.iter().chain([&admin]) {
        let call = abi::Access::hasRoleCall { roleId: grant.role, account: grant.account };
        let held = ask(node, "Access", plan.access, &call)?;
        let what = format!("role {} of {}", role::name(grant.role), grant.account);
        same(what.clone(), &held.isMember, &true)?;
        same(format!("delay of {what}"), &held.executionDelay, &grant.delay)?;
    }
    if access.admin != plan.deployer {
        let call = abi::Access::hasRoleCall { roleId: role::ADMIN, account: plan.deployer };
        let held = ask(node, "Access", plan.access, &call)?;
        same("admin role of the deployer", &held.isMember, &false)?;
    }
    for (role, functions) in plan::functions() {
        let listed = ask(node, "Access", plan.access, &abi::Access::functionsOfCall { role })?;
        let listed: Vec<[u8; 4]> = listed.into_iter().map(Into::into).collect();
        let text = |list: &[[u8; 4]]| format!("{list:x?}");
        same(format!("functions of role {}", role::name(role)), &text(&listed), &text(&functions))?;
        for selector in functions {
            let call =
                abi::Access::getTargetFunctionRoleCall { target: plan.pool, selector: selector.into() };
            let found = ask(node, "Access", plan.access, &call)?;
            same(format!("role of function {selector:x?}"), &found, &role)?;
        }
    }
    Ok(())
}
