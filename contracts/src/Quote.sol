// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

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

/// The same words, each as a number: reading one from calldata then costs no check of its type (`Quotes.words`).
struct QuoteWords {
    uint256 market;
    uint256 buyer;
    uint256 adapter;
    bytes32 code;
    uint256 rateInitial;
    uint256 rateStep;
    uint256 destination;
    uint256 holdsPoolAsset;
    uint256 limit;
    uint256 eventLimit;
    uint256 deductible;
    uint256 deductibleBond;
    uint256 coinsurance;
    uint256 termEpochs;
    uint256 premium;
    uint256 bonusShare;
    uint256[4] split;
    uint256 charge;
    uint256 callableBond;
    uint256 counter;
    uint256 latestEndMax;
    uint256 requiredMax;
    uint256 deadline;
    uint256 nonce;
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

    /// The words of a quote. One that is no value of its member's type is refused here for all that read it later, as the
    /// compiler's own check does: without data.
    function words(Quote calldata quote) internal pure returns (QuoteWords calldata q) {
        assembly ("memory-safe") {
            // Both structs are 28 words, in the same order.
            q := quote
        }
        uint256 excess = (q.buyer | q.adapter | q.destination) >> 160 | q.holdsPoolAsset >> 1;
        excess |= (q.latestEndMax | q.deadline | q.nonce) >> 64;
        uint256 amounts = q.rateInitial | q.limit | q.eventLimit | q.deductible | q.deductibleBond | q.premium;
        excess |= (amounts | q.charge | q.callableBond | q.counter | q.requiredMax) >> 128;
        uint256 narrow = q.market | q.rateStep | q.coinsurance | q.termEpochs | q.bonusShare;
        excess |= (narrow | q.split[0] | q.split[1] | q.split[2] | q.split[3]) >> 32;
        if (excess != 0) {
            assembly ("memory-safe") {
                revert(0, 0)
            }
        }
    }

    function domain() internal view returns (bytes32) {
        return keccak256(abi.encode(DOMAIN, keccak256("Seawall"), keccak256("1"), block.chainid, address(this)));
    }

    /// Digest that the actuary signs. All members are words and are hashed as they came, the array of four into one.
    function digest(QuoteWords calldata q) internal view returns (bytes32 hash) {
        bytes32 type_ = TYPE;
        bytes32 separator = domain();
        assembly ("memory-safe") {
            // The type, 16 members, the array of four, 8 members.
            let all := mload(0x40)
            calldatacopy(all, add(q, 512), 128)
            let split := keccak256(all, 128)
            mstore(all, type_)
            calldatacopy(add(all, 32), q, 512)
            mstore(add(all, 544), split)
            calldatacopy(add(all, 576), add(q, 640), 256)
            hash := keccak256(all, 832)
            // 0x1901, the domain, and what was hashed.
            mstore(all, shl(240, 0x1901))
            mstore(add(all, 2), separator)
            mstore(add(all, 34), hash)
            hash := keccak256(all, 66)
        }
    }

    /// Who signed a digest; nobody when the signature is none of 65 bytes (r, s, v) or not in its lower form.
    function signer(bytes32 hash, bytes calldata signature) internal pure returns (address by) {
        if (signature.length != 65) return address(0);
        bytes32 r;
        bytes32 s;
        uint256 v;
        assembly ("memory-safe") {
            r := calldataload(signature.offset)
            s := calldataload(add(signature.offset, 32))
            v := byte(0, calldataload(add(signature.offset, 64)))
        }
        (by,,) = ECDSA.tryRecover(hash, uint8(v), r, s);
    }
}
