// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// A quote as the pool's actuary signs it (3.2, EIP-712). Chain and pool are bound by the domain.
struct Quote {
    uint32 market;
    /// Who may buy, pays, and receives refund, bonus and bonds.
    address buyer;
    /// Reads the losses; pinned at purchase with the hash of its code (3.1).
    address adapter;
    bytes32 code;
    /// Where the source counts in another unit: its rate at purchase and the largest relative step an epoch (1.1);
    /// zero where it counts in the pool's unit.
    uint128 rateInitial;
    uint32 rateStep;
    /// Where payments go, pinned at purchase (3.1).
    address destination;
    /// True when the assets behind the pool's wrapper token stand in this market; such cover is refused (1.1).
    bool holdsPoolAsset;
    uint128 limit;
    uint128 eventLimit;
    uint128 deductible;
    uint128 deductibleBond;
    uint32 coinsurance;
    uint32 termEpochs;
    /// Premium before scarcity (3.4).
    uint128 premium;
    uint32 bonusShare;
    uint32[4] split;
    uint128 charge;
    uint128 callableBond;
    /// Loss counter of the market that the quote was computed for.
    uint128 counter;
    uint64 latestEndMax;
    uint128 requiredMax;
    uint64 deadline;
    uint64 nonce;
    /// Digest of loan book, prices, model version and seed, so that anyone can recompute the quote.
    bytes32 inputs;
}

/// What is signed (EIP-712).
library Quotes {
    bytes32 internal constant TYPE = keccak256(
        "Quote(uint32 market,address buyer,address adapter,bytes32 code,uint128 rateInitial,uint32 rateStep,"
        "address destination,bool holdsPoolAsset,uint128 limit,uint128 eventLimit,uint128 deductible,"
        "uint128 deductibleBond,uint32 coinsurance,uint32 termEpochs,uint128 premium,uint32 bonusShare,"
        "uint32[4] split,uint128 charge,uint128 callableBond,uint128 counter,uint64 latestEndMax,"
        "uint128 requiredMax,uint64 deadline,uint64 nonce,bytes32 inputs)"
    );
    bytes32 internal constant DOMAIN =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");

    function domain() internal view returns (bytes32) {
        return keccak256(abi.encode(DOMAIN, keccak256("Seawall"), keccak256("1"), block.chainid, address(this)));
    }

    /// Digest that the actuary signs. All members are words and are hashed as they came, the array of four into one; a
    /// word that is no member's value has another digest, and is refused where the member is read.
    function digest(Quote calldata q) internal view returns (bytes32) {
        bytes32 type_ = TYPE;
        bytes32 separator = domain();
        bytes32 hash;
        assembly ("memory-safe") {
            // The type, 16 members, the array of four, 8 members.
            let words := mload(0x40)
            calldatacopy(words, add(q, 512), 128)
            let split := keccak256(words, 128)
            mstore(words, type_)
            calldatacopy(add(words, 32), q, 512)
            mstore(add(words, 544), split)
            calldatacopy(add(words, 576), add(q, 640), 256)
            hash := keccak256(words, 832)
        }
        return keccak256(abi.encodePacked(hex"1901", separator, hash));
    }
}
