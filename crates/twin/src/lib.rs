//! The contract in an in-process EVM against the engine.
