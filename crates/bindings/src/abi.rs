//! Typed bindings, generated from the artifacts: `abi::Pool::syncCall`, `abi::PoolViews::coreCall`, events, errors,
//! and `BYTECODE`, each contract's creation code.
//!
//! Questions to a pool (`PoolViews`) are asked at the pool's own address.

// Generated code is documented by the contracts' sources, and named as they name things.
#![allow(missing_docs, clippy::all)]

use alloy_sol_types::sol;

sol!(
    #[sol(extra_derives(Debug))]
    Pool,
    "../../contracts/artifacts/Pool.json"
);
sol!(
    #[sol(extra_derives(Debug))]
    PoolViews,
    "../../contracts/artifacts/PoolViews.json"
);
sol!(
    #[sol(extra_derives(Debug))]
    PoolLens,
    "../../contracts/artifacts/PoolLens.json"
);
sol!(
    #[sol(extra_derives(Debug))]
    ShareToken,
    "../../contracts/artifacts/ShareToken.json"
);
sol!(
    #[sol(extra_derives(Debug))]
    Access,
    "../../contracts/artifacts/Access.json"
);
sol!(
    #[sol(extra_derives(Debug))]
    AaveSource,
    "../../contracts/artifacts/AaveSource.json"
);
sol!(
    #[sol(extra_derives(Debug))]
    MorphoMarketSource,
    "../../contracts/artifacts/MorphoMarketSource.json"
);
sol!(
    #[sol(extra_derives(Debug))]
    MorphoLenderSource,
    "../../contracts/artifacts/MorphoLenderSource.json"
);
sol!(
    #[sol(extra_derives(Debug))]
    VaultSource,
    "../../contracts/artifacts/VaultSource.json"
);
sol!(
    #[sol(extra_derives(Debug))]
    WrapperSource,
    "../../contracts/artifacts/WrapperSource.json"
);

// Contracts that are only deployed.
sol!(PoolTime, "../../contracts/artifacts/PoolTime.json");
sol!(PoolSettle, "../../contracts/artifacts/PoolSettle.json");
sol!(PoolExits, "../../contracts/artifacts/PoolExits.json");
sol!(PoolCover, "../../contracts/artifacts/PoolCover.json");
sol!(PoolPolicy, "../../contracts/artifacts/PoolPolicy.json");
sol!(PoolRecovery, "../../contracts/artifacts/PoolRecovery.json");
sol!(PoolRules, "../../contracts/artifacts/PoolRules.json");
sol!(ShareTokens, "../../contracts/artifacts/ShareTokens.json");
sol!(MockToken, "../../contracts/artifacts/MockToken.json");
sol!(MockSource, "../../contracts/artifacts/MockSource.json");
