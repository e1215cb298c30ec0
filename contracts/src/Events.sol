// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Layers, RuleSet} from "./State.sol";

/// What a call did: the engine's events (`crates/engine/src/event.rs`), amounts and no formulas. Each reading that
/// changed something is among them, so that the engine can replay a pool from its log (4.2).
///
/// Of what a call changes an event has the value before and what was added or taken, or the values before and after: the
/// other follows by one addition. `before` is the value of the first thing that its event is about, `reserve` the reserve
/// before. Where two amounts stand in one word, the first is in the high half: assets and shares of a class, or a value
/// before and after.

/// Two amounts in each word: the seconds of the last accrual and of this one; earned by tranches 0 and 1, by 2 and 3; earned
/// by the reserve, and the fee.
event Accrued(uint256 fromAndTo, uint256 earned01, uint256 earned23, uint256 reserveAndFee);

event EstimateFell(uint32 indexed market, uint128 before, uint128 to);
event EstimateClosed(uint32 indexed market, uint128 before, uint64 repostFrom);
event EstimatePosted(uint32 indexed market, uint128 before, uint128 amount, uint64 expiry);
event EstimateLowered(uint32 indexed market, uint128 before, uint128 to, uint64 time);

/// With required capital before and after, two amounts in one word.
event PolicyEnded(uint32 indexed market, uint8 slot, uint256 required);
event PolicyRunsOff(uint32 indexed market, uint8 slot, uint64 until, uint128 left, uint256 required);
event PolicyBought(uint32 indexed market, address indexed buyer, Purchase purchase);
event PolicyActivated(uint32 indexed market, uint8 slot, uint128 before, uint128 seen);
event PolicyCancelled(
    uint32 indexed market, uint8 slot, uint64 time, uint128[5] removed, uint128 refund, uint128 kept, uint128 bonus
);
event PolicyFinalised(uint32 indexed market, uint128 bonusPaid, uint128 bonusKept, uint128 bond);
event QuotesRevoked(uint32 indexed market, uint64 before, uint64 least);

event MarketOpened(uint32 indexed market, address adapter, address destination);
event MarketPinned(uint32 indexed market, address adapter, address destination);
event MarketRead(
    uint32 indexed market,
    uint128 before,
    uint128 counter,
    uint128 sourceCounter,
    uint128 rate,
    uint128 measured,
    uint128 supplied,
    uint128 recovered
);
/// A reading failed or fell (the engine's `MarketStale`).
event MarketWentStale(uint32 indexed market);

event BonusForfeited(uint32 indexed market, uint8 slot, uint128 amount, uint128 reserve);
event OwnBondUsed(uint32 indexed member, uint128 assets, uint128 units);
event TicketBooked(uint32 indexed ticket, uint32 indexed market, Booking booking);
event SetOff(uint32 indexed market, uint128 assets);
event MarketPaid(uint32 indexed market, address destination, uint128 assets);

/// All that the class had, and the reserve that it went to.
event ClassClosed(uint8 tranche, uint8 class, uint128 assets, uint128 reserve);
event MutualClosed(uint128 assets, uint128 reserve);

/// With assets and shares of the active class before.
event Deposited(uint8 tranche, address indexed owner, uint128 assets, uint128 shares, uint256 before);
event Transferred(uint8 tranche, address indexed from, address indexed to, uint128 shares);
event ExitRequested(
    uint32 indexed exit,
    address indexed owner,
    uint8 tranche,
    uint128 burned,
    uint128 shares,
    uint128 moved,
    uint64 cooledAt,
    uint64 deadline,
    /// Assets and shares of both classes before.
    uint256 active,
    uint256 queued
);
/// With what was cleared and not paid in the tranche before.
event ExitCleared(uint32 indexed exit, uint128 shares, bool done, uint128 before);
/// With assets and shares of the queued class before.
event ExitPaid(uint32 indexed exit, uint128 shares, uint128 assets, uint128 dust, uint256 before);

event ReserveFunded(uint128 assets, uint128 reserve);
event SurplusStreamed(uint64 start, uint64 end, uint128[4] parts, uint128 reserve);
event BondReleased(uint32 indexed member, uint128 units, uint128 assets, uint128 dust);

event RecoveryReceived(uint32 indexed market, uint128 assets, bool passedOn);
event RecoveryAssigned(uint32 indexed market, uint32 indexed ticket, Layers parts, uint128 reserve);
event RecoverySurplus(uint32 indexed market, uint128 assets, uint128 reserve);
event RecoveryClaimed(uint32 indexed ticket, address indexed owner, uint8 tranche, uint8 class, uint128 assets);
event DeductibleClaimed(uint32 indexed ticket, address indexed buyer, uint128 assets);
event BondClaimed(uint32 indexed ticket, uint32 indexed member, uint128 assets);
event WriteOffAnnounced(uint32 indexed ticket, uint64 time);
event WrittenOff(uint32 indexed ticket);
event LotOpened(
    uint32 indexed lot, uint32 indexed ticket, bytes32 goods, uint128 start, uint128 floor, uint64 duration, uint64 time
);
event LotSold(uint32 indexed lot, address indexed buyer, uint128 price);

event RulesAnnounced(uint64 time, RuleSet rules);
event RulesWithdrawn();
event RulesChanged(RuleSet before, RuleSet rules);
/// Deposits and purchases are paused (the engine's `Paused`).
event PauseBegan(uint64 before, uint64 until, uint64 nextFrom);
/// All fees that there were.
event FeesCollected(address to, uint128 assets);

/// A policy bought (3): premium by stream, callable bond and the units minted for it, nonce used.
struct Purchase {
    uint8 slot;
    uint32 policy;
    bytes32 digest;
    uint64 start;
    uint64 end;
    uint128 premium;
    uint128 bonus;
    uint128[5] parts;
    uint128 bond;
    uint128 units;
    uint64 nonce;
    /// Required capital before and after.
    uint256 required;
}

/// A settled loss (4.6).
struct Booking {
    uint8 slot;
    uint32 policy;
    uint128 counter;
    bytes32 evidence;
    uint128 gross;
    uint128 overLimit;
    uint128 residual;
    uint128 supplied;
    uint32 haircut;
    Layers lost;
    uint128[4] queuedLoss;
    /// Of the policy and of the pool before and after: limit left, required capital.
    uint256 limitLeft;
    uint256 required;
    /// What the reserve, then each tranche held before.
    uint128[5] held;
}
