// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import "./Errors.sol";
import {Deposited, Transferred} from "./Events.sol";
import {Exits} from "./Exit.sol";
import {Fixed} from "./Fixed.sol";
import {Holders} from "./Holder.sol";
import {PoolCover} from "./modules/PoolCover.sol";
import {PoolExits} from "./modules/PoolExits.sol";
import {PoolPolicy} from "./modules/PoolPolicy.sol";
import {PoolRecovery} from "./modules/PoolRecovery.sol";
import {PoolRules} from "./modules/PoolRules.sol";
import {PoolSettle} from "./modules/PoolSettle.sol";
import {PoolTime} from "./modules/PoolTime.sol";
import {PoolViews} from "./modules/PoolViews.sol";
import {Payments} from "./Payment.sol";
import {Policies} from "./Policy.sol";
import {Premium} from "./Premium.sol";
import {Quote} from "./Quote.sol";
import {Roles} from "./Role.sol";
import {Rules} from "./Rules.sol";
import {ShareTokens} from "./ShareTokens.sol";
import {Sources} from "./Source.sol";
import {pool, State, Listing, RuleSet, Track, Tranche, Class, CLOSING, NEVER, TIME_MAX} from "./State.sol";
import {Tranches} from "./Tranche.sol";

/// A bad-debt insurance pool: the engine's twin (docs/mechanism.md gives the rules their numbers).
///
/// This contract holds the tokens and the state, runs the common steps of every command in their order (1.4), and
/// does deposits and transfers itself; the rest is done by modules, one a concept, that are fixed at deployment and
/// run by delegatecall on the state of `State.sol`. There is no proxy and no upgrade.
contract Pool is AccessManaged {
    /// Code of the concepts, deployed before.
    struct Modules {
        PoolTime time;
        PoolSettle settle;
        PoolExits exits;
        PoolCover cover;
        PoolPolicy policy;
        PoolRecovery recovery;
        PoolRules rules;
        PoolViews views;
    }

    address private immutable TIME;
    address private immutable SETTLE;
    address private immutable EXITS;
    address private immutable COVER;
    address private immutable POLICY;
    address private immutable RECOVERY;
    address private immutable RULES;
    address private immutable VIEWS;
    address private immutable SHARES_0;
    address private immutable SHARES_1;
    address private immutable SHARES_2;
    address private immutable SHARES_3;

    /// The settlement token (1.1).
    address public immutable asset;

    /// No call is running (4.5).
    uint256 private constant IDLE = 0;
    /// One is.
    uint256 private constant BUSY = 1;
    /// Between two parts of a `multicall`, and the same after a part that read all markets and called nobody since.
    uint256 private constant BETWEEN = 2;
    uint256 private constant FRESH = 3;
    uint256 private transient phase;

    /// As in `Events`: the pool writes these two itself, and its interface shall have them.
    event Accrued(uint256 fromAndTo, uint256 earned01, uint256 earned23, uint256 reserveAndFee);
    event ExitRequested(
        uint32 indexed exit,
        address indexed owner,
        uint8 tranche,
        uint128 burned,
        uint128 shares,
        uint128 moved,
        uint64 cooledAt,
        uint64 deadline,
        uint256 active,
        uint256 queued
    );

    /// An empty pool.
    ///
    /// `wrapper` says that the token is an ERC-4626 wrapper: cover of a market in which its assets stand is refused.
    constructor(
        address authority,
        address asset_,
        bool wrapper,
        uint8 tranches,
        RuleSet memory rules,
        Modules memory modules,
        ShareTokens factory
    ) AccessManaged(authority) {
        if (tranches == 0 || tranches > 4) revert TrancheCount(tranches);
        Rules.validate(rules);
        TIME = address(modules.time);
        SETTLE = address(modules.settle);
        EXITS = address(modules.exits);
        COVER = address(modules.cover);
        POLICY = address(modules.policy);
        RECOVERY = address(modules.recovery);
        RULES = address(modules.rules);
        VIEWS = address(modules.views);
        asset = asset_;
        State storage s = pool();
        s.wrapper = wrapper;
        s.trancheCount = tranches;
        Rules.store(s.rules, rules);
        s.due = NEVER;
        s.time = uint40(block.timestamp);
        s.anchor = uint40(block.timestamp);
        // Slots that will change often never stand at zero: the first who writes them would pay for a new one.
        s.reserveStream.mark = 1;
        for (uint256 i; i < 4; ++i) {
            s.pairs[i].mark = 1;
            if (i >= tranches) continue;
            s.tranches[i].queued.assets = 1;
            (s.tranches[i].head, s.tranches[i].tail, s.tranches[i].queue[0]) = (1, 1, 1);
        }
        SHARES_0 = factory.create(asset_, 0);
        SHARES_1 = tranches > 1 ? factory.create(asset_, 1) : address(0);
        SHARES_2 = tranches > 2 ? factory.create(asset_, 2) : address(0);
        SHARES_3 = tranches > 3 ? factory.create(asset_, 3) : address(0);
    }

    // ---------------------------------------------------------------- capital

    /// Mints active shares at net asset value (2.2), through the share token of the tranche. Refused while paused or
    /// while a market is stale (4.2): the price of a share would then not know a loss.
    function deposit(uint8 tranche, address payer, address owner, uint128 assets)
        external
        returns (uint128 shares)
    {
        requireShareToken(tranche);
        uint256 state = begin(0);
        State storage s = pool();
        requireOpen(s);
        Class memory active = Premium.active(s, tranche, state >> 8);
        receiveDeposit(s, payer, assets);
        shares = uint128(Tranches.sharesFor(active, assets));
        enlarge(s.tranches[tranche], active, assets, shares);
        issue(s, tranche, owner, shares);
        emit Deposited(tranche, owner, assets, shares, Fixed.pair(active.assets, active.shares));
        phase = IDLE;
    }

    /// Mints so many shares for the smallest deposit that buys them, rounded up (1.2); through the share token.
    function mint(uint8 tranche, address payer, address owner, uint128 shares) external returns (uint128 assets) {
        requireShareToken(tranche);
        uint256 state = begin(0);
        State storage s = pool();
        requireOpen(s);
        Class memory active = Premium.active(s, tranche, state >> 8);
        assets = uint128(Tranches.assetsFor(active, shares));
        receiveDeposit(s, payer, assets);
        enlarge(s.tranches[tranche], active, assets, shares);
        issue(s, tranche, owner, shares);
        emit Deposited(tranche, owner, assets, shares, Fixed.pair(active.assets, active.shares));
        phase = IDLE;
    }

    function requireOpen(State storage s) private view {
        Roles.requireUnpaused(s);
        if (s.stale != 0) revert MarketsStale(s.stale);
    }

    function receiveDeposit(State storage s, address payer, uint128 assets) private {
        if (assets < s.rules.depositMin) revert BelowMinimum("deposit", assets, s.rules.depositMin);
        Payments.receiveFrom(s, IERC20(asset), payer, assets);
    }

    /// Adds a deposit to a class that stands at `active`.
    function enlarge(Tranche storage t, Class memory active, uint128 assets, uint128 shares) private {
        uint128 supply = Fixed.to128(uint256(active.shares) + shares);
        if (shares == 0) revert MovesNothing();
        Fixed.to128(uint256(active.assets) + assets);
        unchecked {
            t.active = Class(t.active.assets + assets, supply);
        }
    }

    /// Gives new shares to their owner.
    function issue(State storage s, uint8 tranche, address owner, uint128 shares) private {
        Track storage track = s.active[tranche][owner];
        uint256 generation = s.tranches[tranche].activeGeneration;
        uint256 held = Holders.balance(track, generation) + shares;
        Holders.relock(track, held, shares, generation, Fixed.epochOf(s.time), s.tickets);
    }

    /// Gives unlocked active shares to another account (5.1), through the share token.
    function transferShares(uint8 tranche, address from, address to, uint128 shares) external {
        requireShareToken(tranche);
        begin(0);
        State storage s = pool();
        uint256 generation = s.tranches[tranche].activeGeneration;
        uint256 epoch = Fixed.epochOf(s.time);
        uint256 free = Holders.unlocked(s.active[tranche][from], generation, epoch);
        if (shares == 0 || shares > free) revert NotEnoughShares(shares, uint128(free));
        move(s.active[tranche][from], shares, false, generation, epoch, s.tickets);
        move(s.active[tranche][to], shares, true, generation, epoch, s.tickets);
        emit Transferred(tranche, from, to, shares);
        phase = IDLE;
    }

    function move(Track storage track, uint256 shares, bool into, uint256 generation, uint256 epoch, uint256 tickets)
        private
    {
        uint256 held = Holders.balance(track, generation);
        // An older generation's locks must not reach into this one.
        Holders.relock(track, into ? held + shares : held - shares, 0, generation, epoch, tickets);
    }

    // ---------------------------------------------------------------- exits

    /// Asks to leave with unlocked shares (5.1), through the share token.
    function requestExit(uint8 tranche, address owner, uint128 shares) external returns (uint32 exit) {
        requireShareToken(tranche);
        uint256 state = begin(0);
        exit = Exits.request(pool(), tranche, owner, shares, state >> 8);
        phase = IDLE;
    }

    /// See `PoolExits.redeemExits`; through the share token.
    function redeemExits(uint8 tranche, address, address, uint128, uint128) external returns (uint128, uint128) {
        requireShareToken(tranche);
        forward(EXITS, begin(0));
    }

    function clearExits(uint32) external {
        uint256 state = begin(0);
        // Surely calls nobody.
        pass(EXITS, state, uint8(state));
    }

    function claimExit(uint32) external returns (uint128) {
        forward(EXITS, begin(0));
    }

    // ---------------------------------------------------------------- cover

    function buyCover(Quote calldata quote, uint128, bytes calldata) external returns (uint32) {
        forward(COVER, begin(uint256(quote.market) + 1));
    }

    function activate(uint32 market) external {
        forward(POLICY, begin(uint256(market) + 1));
    }

    function cancel(uint32) external {
        forward(POLICY, begin(0));
    }

    function finalise(uint32 market) external {
        forward(POLICY, begin(uint256(market) + 1));
    }

    function releaseBond(uint32) external {
        forward(POLICY, begin(0));
    }

    function revokeQuotes(uint32, uint64) external restricted {
        forward(POLICY, begin(0));
    }

    // ---------------------------------------------------------------- losses

    /// Nothing but the common steps: accrue, expire, read, settle, close (1.4).
    function sync() external {
        phase = uint8(begin(0));
    }

    /// Several calls in one, all or none. A part that follows one which called nobody takes what that one read: nothing
    /// outside can have changed since.
    function multicall(bytes[] calldata parts) external returns (bytes[] memory answers) {
        bool outermost = phase == IDLE;
        if (outermost) phase = BETWEEN;
        uint256 start;
        uint256 end;
        assembly ("memory-safe") {
            // The answer as it is returned: where the array stands, its length, where each member stands, members. Each
            // part is run from where its answer will stand. A part that is said to be where nothing is, is empty.
            start := mload(0x40)
            let count := parts.length
            mstore(start, 32)
            mstore(add(start, 32), count)
            let heads := add(start, 64)
            let places := parts.offset
            end := add(heads, shl(5, count))
            for { let i := 0 } lt(i, count) { i := add(i, 1) } {
                let part := add(places, calldataload(add(places, shl(5, i))))
                let size := calldataload(part)
                calldatacopy(end, add(part, 32), size)
                if iszero(delegatecall(gas(), address(), end, size, 0, 0)) {
                    returndatacopy(end, 0, returndatasize())
                    revert(end, returndatasize())
                }
                size := returndatasize()
                mstore(add(heads, shl(5, i)), sub(end, heads))
                mstore(end, size)
                end := add(end, 32)
                returndatacopy(end, 0, size)
                mstore(add(end, size), 0)
                end := add(end, and(add(size, 31), not(31)))
            }
        }
        if (outermost) phase = IDLE;
        assembly ("memory-safe") {
            return(start, sub(end, start))
        }
    }

    function payMarket(uint32 market) external {
        forward(SETTLE, begin(uint256(market) + 1));
    }

    function postEstimate(uint32, uint128, uint64) external restricted {
        forward(RULES, begin(0));
    }

    // ---------------------------------------------------------------- recoveries

    function recoverTicket(uint32, uint128) external {
        forward(RECOVERY, begin(0));
    }

    function recoverMarket(uint32, uint128, uint32) external {
        forward(RECOVERY, begin(0));
    }

    function assignRecoveries(uint32, uint32) external {
        forward(RECOVERY, begin(0));
    }

    /// A pure claim moves no time and reads no market (1.4).
    function claimRecovery(uint32, uint8, uint8, uint32) external {
        forward(RECOVERY, enter());
    }

    function claimDeductible(uint32) external {
        forward(RECOVERY, enter());
    }

    function claimBond(uint32, uint32, uint32) external {
        forward(RECOVERY, enter());
    }

    function announceWriteOff(uint32) external restricted {
        forward(RECOVERY, begin(0));
    }

    function writeOff(uint32) external {
        forward(RECOVERY, begin(0));
    }

    function openLot(uint32, bytes32, uint128, uint128, uint64) external restricted {
        forward(RECOVERY, begin(0));
    }

    function buyLot(uint32, uint128) external {
        forward(RECOVERY, begin(0));
    }

    // ---------------------------------------------------------------- reserve, rules, roles

    function fundReserve(uint128) external {
        forward(RULES, begin(0));
    }

    function streamSurplus() external {
        forward(RULES, begin(0));
    }

    function announceRules(RuleSet calldata) external restricted {
        forward(RULES, begin(0));
    }

    function withdrawRules() external restricted {
        forward(RULES, begin(0));
    }

    function pause(uint64) external restricted {
        forward(RULES, begin(0));
    }

    function collectFees() external {
        forward(RULES, begin(0));
    }

    // ---------------------------------------------------------------- views

    /// The share token of a tranche.
    function shareToken(uint8 tranche) public view returns (address) {
        if (tranche == 0) return SHARES_0;
        if (tranche == 1) return SHARES_1;
        if (tranche == 2) return SHARES_2;
        return tranche == 3 ? SHARES_3 : address(0);
    }

    /// Everything else is a question to `PoolViews`, or one of share tokens to `PoolExits`: asked in a static call, so
    /// that no answer can change anything.
    fallback() external {
        address target = address(this);
        bytes4 question = msg.sig;
        address views = question == PoolExits.accruedClass.selector || question == PoolExits.depositMost.selector
            || question == PoolExits.requestOf.selector || question == PoolExits.claimableOf.selector ? EXITS : VIEWS;
        assembly ("memory-safe") {
            let data := mload(0x40)
            calldatacopy(data, 0, calldatasize())
            let ok
            switch eq(caller(), target)
            case 0 { ok := staticcall(gas(), target, data, calldatasize(), 0, 0) }
            default { ok := delegatecall(gas(), views, data, calldatasize(), 0, 0) }
            returndatacopy(data, 0, returndatasize())
            if ok { return(data, returndatasize()) }
            revert(data, returndatasize())
        }
    }

    // ---------------------------------------------------------------- the common steps

    function requireShareToken(uint8 tranche) private view {
        if (msg.sender != shareToken(tranche)) revert NotTheShareToken(msg.sender);
    }

    /// Locks the entry; what to leave it in.
    function enter() private returns (uint256 before) {
        before = phase;
        if (before == BUSY) revert Entered();
        phase = BUSY;
    }

    /// The steps of every command in their order (1.4): accrual, what fell due, readings and what they settle, the
    /// closing of classes. `own` is the market that the command is about plus one, which is then read in full.
    ///
    /// Returns what to leave the lock in, and above eight bits where in memory stands what the layers earned since the
    /// anchor (`Premium.accrue`); nothing where it is not known.
    function begin(uint256 own) private returns (uint256 state) {
        uint256 before = enter();
        State storage s = pool();
        // The first two slots of the state. Of the first: time at bit 128, flags at 248; of the second: `due` below.
        uint256 clock;
        uint256 times;
        assembly ("memory-safe") {
            clock := sload(s.slot)
            times := sload(add(s.slot, 1))
        }
        uint256 t = block.timestamp;
        uint256 last = uint40(clock >> 128);
        if (t > TIME_MAX) revert TimeTooLarge(uint64(t), uint64(TIME_MAX));
        if (t < last) revert TimeBackwards(uint64(t), uint64(last));
        uint256 told;
        if (t != last) {
            if (Fixed.epochOf(t) == Fixed.epochOf(last)) told = Premium.accrue(s, clock, times, t);
            if (told == 0) run(TIME, PoolTime.walk.selector, 0);
        }
        bool touched;
        if (t >= uint40(times)) {
            run(TIME, PoolTime.expire.selector, 0);
            // New rules bring everything to a new anchor.
            told = 0;
            touched = true;
        }
        if (before != FRESH || own != 0) touched = look(s, own) || touched;
        // Neither accrual nor a reading can make a class one that has to close.
        if (touched || clock >> 248 & CLOSING != 0) run(SETTLE, PoolSettle.settle.selector, told);
        // A settlement may have paid.
        if (before != IDLE) before = touched ? BETWEEN : FRESH;
        return told << 8 | before;
    }

    /// Reads all live markets in ascending order, and the command's own one in its place if it is known (4.2).
    function look(State storage s, uint256 own) private returns (bool touched) {
        uint256 count = s.liveCount;
        if (own == 0) {
            Listing storage l = s.live[0];
            while (count > 0) {
                uint256 seen = Sources.glance(s, l);
                if (seen != Sources.STANDS && Sources.follow(s, l, seen)) touched = true;
                assembly ("memory-safe") {
                    // One slot each; the count is never above what there is room for.
                    l.slot := add(l.slot, 1)
                    count := sub(count, 1)
                }
            }
            return touched;
        }
        // A live market is read in its place.
        Listing storage parked = s.markets[own - 1].parked;
        bool pending = parked.adapter != address(0);
        for (uint256 i; i < count; ++i) {
            Listing storage l = s.live[i];
            uint256 id = l.id;
            if (pending && own - 1 < id) {
                if (Sources.look(s, parked, false, true)) touched = true;
                pending = false;
            }
            if (Sources.look(s, l, true, own == id + 1)) touched = true;
        }
        if (pending && Sources.look(s, parked, false, true)) touched = true;
    }

    /// Runs a common step of a module.
    function run(address module, bytes4 step, uint256 told) private {
        address token = asset;
        assembly ("memory-safe") {
            let data := mload(0x40)
            mstore(data, step)
            let size := 4
            if told {
                mcopy(add(data, 4), told, 160)
                token := or(token, shl(255, 1))
                size := 164
            }
            mstore(add(data, size), token)
            if iszero(delegatecall(gas(), module, data, add(size, 32), 0, 0)) {
                returndatacopy(data, 0, returndatasize())
                revert(data, returndatasize())
            }
        }
    }

    /// Ends the call in a module: the same function there, on the state here. Behind the calldata stand what was accrued,
    /// where it is known (`Premium.told`), and the token.
    function forward(address module, uint256 state) private {
        // Who calls others leaves nothing fresh: of `FRESH` this bit is `BETWEEN`.
        pass(module, state, state & BETWEEN);
    }

    /// The same, with what to leave the lock in.
    function pass(address module, uint256 state, uint256 next) private {
        address token = asset;
        bool ok;
        assembly ("memory-safe") {
            let data := mload(0x40)
            let size := calldatasize()
            calldatacopy(data, 0, size)
            let told := shr(8, state)
            if told {
                mcopy(add(data, size), told, 160)
                token := or(token, shl(255, 1))
                size := add(size, 160)
            }
            mstore(add(data, size), token)
            ok := delegatecall(gas(), module, data, add(size, 32), 0, 0)
        }
        phase = next;
        assembly ("memory-safe") {
            let data := mload(0x40)
            returndatacopy(data, 0, returndatasize())
            if ok { return(data, returndatasize()) }
            revert(data, returndatasize())
        }
    }
}
