// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {PoolViews} from "../src/modules/PoolViews.sol";
import {Quote} from "../src/Quote.sol";
import {ShareToken} from "../src/ShareToken.sol";
import {Class, Exit, Layers} from "../src/State.sol";
import {Base} from "./Base.sol";
import {MockSource} from "./mocks/MockSource.sol";

/// A world that acts on a pool of two markets at random; it never reverts by itself, so that every call of a sequence
/// counts. After each call it looks whether something moved that may only move one way.
contract World is Base {
    address[3] internal people;
    MockSource[2] internal sources;
    address[2] public receivers;
    uint128[2] public lost;
    uint256[2] public recoveredFor;

    uint32[] public exits;
    /// What requests of a person in a tranche were worth when they were made, and what they were paid.
    mapping(address who => mapping(uint256 tranche => uint256)) public askedWorth;
    mapping(address who => mapping(uint256 tranche => uint256)) public paidOut;
    mapping(address who => mapping(uint256 tranche => uint256)) private standing;

    uint256 private ticketsSeen;
    mapping(uint256 ticket => bytes32) private ticketHash;
    mapping(uint256 ticket => uint256) private backSeen;
    mapping(uint256 exit => uint256) private clearedSeen;
    mapping(uint256 exit => uint256) private deadlineSeen;

    constructor() {
        setUp();
        people = [ann, bob, address(0xca7)];
        sources = [source, new MockSource()];
        receivers = [lenders, address(0x2e4d)];
        insure();
        buyFor(1, 40 * UNIT, 0);
        vm.warp(block.timestamp + 2 * WEEK);
        pool.activate(2);
    }

    /// Once: a sequence must not begin anew.
    function setUp() public override {
        if (address(pool) == address(0)) super.setUp();
    }

    function pick(uint8 who) private view returns (address) {
        return people[who % 3];
    }

    function shareOf(bool seniors) private view returns (ShareToken) {
        return seniors ? senior : junior;
    }

    function person(uint256 i) external view returns (address) {
        return people[i];
    }

    function shares(uint256 tranche) external view returns (ShareToken) {
        return shareOf(tranche == 1);
    }

    function poolViews() external view returns (PoolViews) {
        return views();
    }

    function held(address who) external view returns (uint256) {
        return token.balanceOf(who);
    }

    function poolAddress() external view returns (address) {
        return address(pool);
    }

    function exitCount() external view returns (uint256) {
        return exits.length;
    }

    /// What moves one way only: tickets are added and never changed, what came back on one only grows, exits clear
    /// only further and keep their deadline, and what stands to be paid to a leaver only falls (5.1).
    modifier watched() {
        _;
        PoolViews.CoreView memory c = views().core();
        require(c.tickets >= ticketsSeen, "tickets");
        for (uint256 i; i < c.tickets; ++i) {
            PoolViews.TicketView memory t = views().ticketOf(uint32(i));
            bytes32 hash = keccak256(abi.encode(t.buyer, t.time, t.market, t.lost, t.activeSupply, t.queuedSupply));
            if (i < ticketsSeen) require(hash == ticketHash[i], "4.6: a ticket changed");
            ticketHash[i] = hash;
            uint256 back = sum(t.recovered);
            require(back >= backSeen[i] && back <= sum(t.lost), "6.1: what came back");
            backSeen[i] = back;
        }
        ticketsSeen = c.tickets;
        uint256[6] memory value;
        for (uint256 i; i < exits.length; ++i) {
            (Exit memory e, bool isVoid) = views().exitOf(exits[i]);
            require(e.cleared >= clearedSeen[exits[i]] && e.paid <= e.cleared && e.cleared <= e.shares, "5.3");
            clearedSeen[exits[i]] = e.cleared;
            require(deadlineSeen[exits[i]] == e.deadline, "5.5: a running exit was touched");
            Class memory q = c.tranches[e.tranche].queued;
            if (isVoid || q.shares == 0) continue;
            uint256 who_ = e.owner == people[0] ? 0 : e.owner == people[1] ? 1 : 2;
            value[3 * e.tranche + who_] += uint256(e.shares - e.paid) * q.assets / q.shares;
        }
        for (uint256 i; i < 6; ++i) {
            (address who, uint256 tranche) = (people[i % 3], i / 3);
            uint256 stands = paidOut[who][tranche] + value[i];
            require(stands <= standing[who][tranche], "5.1: an exit rose");
            standing[who][tranche] = stands;
        }
    }

    function sum(Layers memory l) private pure returns (uint256 s) {
        s = uint256(l.deductible) + l.coinsured + l.reserve + l.uncovered + l.ownBond + l.called;
        for (uint256 i; i < 4; ++i) {
            s += l.tranches[i];
        }
    }

    function pass(uint32 time) external watched {
        vm.warp(block.timestamp + time % 30 days);
    }

    function enter(bool seniors, uint8 who, uint96 amount, bool mints) external watched {
        address by = pick(who);
        uint256 most = within(amount, 1000 * UNIT);
        fund(by, 2 * most + 1e6);
        vm.prank(by);
        if (mints) try shareOf(seniors).mint(most * 1000, by) {} catch {}
        else try shareOf(seniors).deposit(most, by) {} catch {}
    }

    function give(bool seniors, uint8 who, uint8 to, uint96 part) external watched {
        address by = pick(who);
        (, uint256 unlocked,) = views().sharesOf(seniors ? 1 : 0, by);
        vm.prank(by);
        try shareOf(seniors).transfer(pick(to), unlocked * part / type(uint96).max) {} catch {}
    }

    function ask(bool seniors, uint8 who, uint96 part) external watched {
        address by = pick(who);
        uint256 tranche = seniors ? 1 : 0;
        pool.sync();
        (, uint256 unlocked,) = views().sharesOf(uint8(tranche), by);
        uint256 asked = unlocked * part / type(uint96).max;
        uint256 worth = shareOf(seniors).convertToAssets(asked);
        vm.prank(by);
        try shareOf(seniors).requestRedeem(asked, by, by) returns (uint256 id) {
            exits.push(uint32(id));
            (Exit memory e,) = views().exitOf(uint32(id));
            deadlineSeen[id] = e.deadline;
            require(e.deadline >= block.timestamp + 14 days, "5.2");
            askedWorth[by][tranche] += worth;
            standing[by][tranche] += worth;
        } catch {}
    }

    function suffer(bool second, uint64 amount) external watched {
        uint256 i = second ? 1 : 0;
        lost[i] += amount % (20 * UNIT);
        sources[i].set(lost[i], 1e18, 0, 0, 10_000 * UNIT, false, 0);
        pool.sync();
    }

    /// The source falls silent, or takes only a part of what it is paid.
    function trouble(bool second, bool silent, uint64 accepts) external watched {
        uint256 i = second ? 1 : 0;
        sources[i].set(lost[i], 1e18, 0, 0, 0, silent, accepts % UNIT);
        pool.sync();
        try pool.payMarket(second ? 2 : 1) {} catch {}
    }

    function clear(uint8 count) external watched {
        try pool.clearExits(count) {} catch {}
    }

    function claim(uint8 which) external watched {
        if (exits.length == 0) return;
        uint32 id = exits[which % exits.length];
        (Exit memory e,) = views().exitOf(id);
        vm.prank(e.owner);
        try pool.claimExit(id) returns (uint128 assets) {
            paidOut[e.owner][e.tranche] += assets;
        } catch {}
    }

    /// What is said to be claimable can be claimed, in whole or in part.
    function redeem(bool seniors, uint8 who, uint96 part, bool withdraws) external watched {
        address by = pick(who);
        ShareToken s = shareOf(seniors);
        uint256 most = withdraws ? s.maxWithdraw(by) : s.maxRedeem(by);
        uint256 asked = part % 4 == 0 ? most : most * part / type(uint96).max;
        uint256 before = token.balanceOf(by);
        vm.prank(by);
        if (withdraws) s.withdraw(asked, by, by);
        else s.redeem(asked, by, by);
        uint256 got = token.balanceOf(by) - before;
        require(!withdraws || got == asked, "withdraw");
        paidOut[by][seniors ? 1 : 0] += got;
    }

    function buyFor(uint256 i, uint128 premium, uint64 nonce) private {
        Quote memory q = quoteFor(i, premium, nonce);
        bytes memory signed = signature(ACTUARY_KEY, q, address(pool));
        fund(insured, 500 * UNIT);
        vm.prank(insured);
        pool.buyCover(q, type(uint128).max, signed);
    }

    function quoteFor(uint256 i, uint128 premium, uint64 nonce) private view returns (Quote memory q) {
        q = quote();
        q.market = uint32(i + 1);
        q.adapter = address(sources[i]);
        q.destination = receivers[i];
        (q.limit, q.eventLimit, q.charge) = (300 * UNIT, 200 * UNIT, 200 * UNIT);
        (q.premium, q.nonce, q.counter) = (premium, nonce, lost[i]);
        q.bonusShare = 100_000;
    }

    function insureAgain(bool second, uint64 premium) external watched {
        uint256 i = second ? 1 : 0;
        Quote memory q = quoteFor(i, premium % (100 * UNIT), views().market(second ? 2 : 1).nonce);
        bytes memory signed = signature(ACTUARY_KEY, q, address(pool));
        fund(insured, 500 * UNIT);
        try pool.finalise(second ? 2 : 1) {} catch {}
        vm.prank(insured);
        try pool.buyCover(q, type(uint128).max, signed) {} catch {}
        try pool.activate(second ? 2 : 1) {} catch {}
    }

    function recover(bool second, uint64 amount, uint8 ticket) external watched {
        uint256 assets = within(amount, 30 * UNIT);
        fund(address(this), assets);
        if (ticket % 2 == 0) {
            try pool.recoverMarket(second ? 2 : 1, uint128(assets), 4) {
                recoveredFor[second ? 1 : 0] += assets;
            } catch {}
            return;
        }
        uint32 id = uint32(ticket % (views().core().tickets + 1));
        uint256 market = views().ticketOf(id).market;
        try pool.recoverTicket(id, uint128(assets)) {
            recoveredFor[market - 1] += assets;
        } catch {}
    }

    function estimate(bool second, uint64 amount, uint32 time) external watched {
        vm.prank(risk);
        try pool.postEstimate(second ? 2 : 1, amount % (100 * UNIT), uint64(block.timestamp + time % 30 days)) {}
        catch {}
    }

    function reserve(uint64 amount) external watched {
        uint256 assets = within(amount, 20 * UNIT);
        fund(address(this), assets);
        pool.fundReserve(uint128(assets));
        try pool.streamSurplus() {} catch {}
        try pool.collectFees() {} catch {}
    }
}

/// What must hold after any sequence of calls.
contract InvariantTest {
    World internal world;

    function setUp() public {
        world = new World();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(world);
    }

    /// One campaign for all of them: the sequences are what takes time.
    function invariant_all_of_it() external view {
        everyTokenHasAPlace();
        claimableExitsAreSolvent();
        sharesAddUp();
        noExitAboveItsValue();
        marketsArePaidForTheirOwn();
    }

    /// Conservation (1.3), to the unit.
    function everyTokenHasAPlace() internal view {
        PoolViews.CoreView memory c = world.poolViews().core();
        require(c.booked == c.tokens, "booked");
        require(world.held(world.poolAddress()) == c.tokens, "held");
    }

    /// What can be claimed is there (5.4): cleared shares are part of the queued class, its assets of the tokens, and
    /// all claims together at most its assets.
    function claimableExitsAreSolvent() internal view {
        PoolViews.CoreView memory c = world.poolViews().core();
        for (uint256 i; i < 2; ++i) {
            require(c.tranches[i].cleared <= c.tranches[i].queued.shares, "cleared");
            uint256 claims;
            for (uint256 k; k < 3; ++k) {
                claims += world.shares(i).maxWithdraw(world.person(k));
            }
            require(claims <= c.tranches[i].queued.assets, "claims");
            require(c.tranches[i].queued.assets <= c.tokens, "assets");
        }
    }

    /// Shares of holders add up to the supply of each class.
    function sharesAddUp() internal view {
        PoolViews.CoreView memory c = world.poolViews().core();
        for (uint8 i; i < 2; ++i) {
            uint256 active;
            uint256 queued;
            for (uint256 k; k < 3; ++k) {
                (uint256 a,, uint256 q) = world.poolViews().sharesOf(i, world.person(k));
                active += a;
                queued += q;
            }
            require(active == c.tranches[i].active.shares && queued == c.tranches[i].queued.shares, "supply");
        }
    }

    /// No leaver is paid more than its requests were worth when they were made (5.1).
    function noExitAboveItsValue() internal view {
        for (uint256 i; i < 6; ++i) {
            address who = world.person(i % 3);
            require(world.paidOut(who, i / 3) <= world.askedWorth(who, i / 3), "paid");
        }
    }

    /// A market receives for its own losses only: never more than it lost, however the other one fares (4.5, 4.7),
    /// and of what came back for its own tickets.
    function marketsArePaidForTheirOwn() internal view {
        for (uint256 i; i < 2; ++i) {
            uint256 got = world.held(world.receivers(i)) + world.poolViews().market(uint32(i + 1)).setAside;
            require(got <= world.lost(i), "more than it lost");
        }
    }
}
