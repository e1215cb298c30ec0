// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Access} from "../src/Access.sol";
import {IPool} from "../src/interfaces/IPool.sol";
import {PoolCover} from "../src/modules/PoolCover.sol";
import {PoolExits} from "../src/modules/PoolExits.sol";
import {PoolPolicy} from "../src/modules/PoolPolicy.sol";
import {PoolRecovery} from "../src/modules/PoolRecovery.sol";
import {PoolRules} from "../src/modules/PoolRules.sol";
import {PoolSettle} from "../src/modules/PoolSettle.sol";
import {PoolTime} from "../src/modules/PoolTime.sol";
import {PoolViews} from "../src/modules/PoolViews.sol";
import {Pool} from "../src/Pool.sol";
import {Quote, Quotes} from "../src/Quote.sol";
import {Roles} from "../src/Role.sol";
import {ShareToken} from "../src/ShareToken.sol";
import {Knot, RuleSet} from "../src/State.sol";
import {MockSource} from "./mocks/MockSource.sol";
import {MockToken} from "./mocks/MockToken.sol";
import {Vm} from "./Vm.sol";

/// A pool of two tranches with everything around it, and what the tests say again and again.
abstract contract Base {
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
    uint256 internal constant ACTUARY_KEY = 0xac;
    uint256 internal constant WEEK = 7 days;
    uint128 internal constant UNIT = 1e6;

    MockToken internal token;
    Access internal access;
    Pool internal pool;
    ShareToken internal junior;
    ShareToken internal senior;
    MockSource internal source;

    address internal ann = address(0xa11);
    address internal bob = address(0xb0b);
    address internal insured = address(0x1115);
    address internal lenders = address(0x1e4d);
    address internal risk = address(0x4151);
    address internal guardian = address(0x9a4d);

    function setUp() public virtual {
        vm.warp(2800 * WEEK);
        deploy(new MockToken());
        source = new MockSource();
    }

    /// Deploys a pool on a token.
    function deploy(MockToken settlement) internal {
        token = settlement;
        access = Access(vm.deployCode("Access.sol:Access", abi.encode(address(this))));
        // Deployed from the artifacts, so that no test contract carries the whole project in its own code.
        Pool.Modules memory modules = Pool.Modules(
            PoolTime(vm.deployCode("PoolTime.sol:PoolTime")),
            PoolSettle(vm.deployCode("PoolSettle.sol:PoolSettle")),
            PoolExits(vm.deployCode("PoolExits.sol:PoolExits")),
            PoolCover(vm.deployCode("PoolCover.sol:PoolCover")),
            PoolPolicy(vm.deployCode("PoolPolicy.sol:PoolPolicy")),
            PoolRecovery(vm.deployCode("PoolRecovery.sol:PoolRecovery")),
            PoolRules(vm.deployCode("PoolRules.sol:PoolRules")),
            PoolViews(vm.deployCode("PoolViews.sol:PoolViews"))
        );
        address factory = vm.deployCode("ShareTokens.sol:ShareTokens");
        bytes memory arguments =
            abi.encode(address(access), address(token), false, uint8(2), rules(), modules, factory);
        pool = Pool(vm.deployCode("src/Pool.sol:Pool", arguments));
        junior = ShareToken(pool.shareToken(0));
        senior = ShareToken(pool.shareToken(1));
        access.grantRole(Roles.OWNER, address(this), 0);
        access.grantRole(Roles.REVOKER, address(this), 0);
        access.grantRole(Roles.ACTUARY, vm.addr(ACTUARY_KEY), 0);
        access.grantRole(Roles.RISK, risk, 0);
        access.grantRole(Roles.GUARDIAN, guardian, 0);
        uint64[4] memory roles = [Roles.OWNER, Roles.RISK, Roles.GUARDIAN, Roles.REVOKER];
        for (uint256 i; i < 4; ++i) {
            access.setTargetFunctionRole(address(pool), access.functionsOf(roles[i]), roles[i]);
        }
    }

    function rules() internal pure virtual returns (RuleSet memory r) {
        r.depositMin = 1;
        r.exitMin = 1;
        r.ticketMin = 1;
        r.cooldown = uint32(14 days);
        r.waiting = uint32(1 days);
        r.termEpochsMax = 52;
        r.earnRateMax = type(uint64).max;
        r.surplusEpochs = 4;
        r.surplusSplit = [uint24(500_000), 200_000, 0, 0];
        r.limitMax = type(uint128).max;
        r.marketShareMax = 1e6;
        r.mutualMultiple = 2e6;
        r.latentShareMax = 1e6;
        r.latentTermMax = uint32(30 days);
        r.pauseMax = uint32(7 days);
        r.fee = 100_000;
        r.feeRecipient = address(0xfee);
        r.knots = 1;
        r.scarcity[0] = Knot(0, 1e9);
    }

    /// A number from 1 to `most`.
    function within(uint96 x, uint256 most) internal pure returns (uint96) {
        return uint96(1 + x % most);
    }

    function fund(address who, uint256 amount) internal {
        token.mint(who, amount);
        vm.prank(who);
        token.approve(address(pool), type(uint256).max);
    }

    function deposit(ShareToken shares, address who, uint128 amount) internal returns (uint256) {
        fund(who, amount);
        vm.prank(who);
        return shares.deposit(amount, who);
    }

    /// A quote of one market that fits the pool; tests change what they are about.
    function quote() internal view returns (Quote memory q) {
        q.market = 1;
        q.buyer = insured;
        q.adapter = address(source);
        q.code = address(source).codehash;
        q.destination = lenders;
        q.limit = 500 * UNIT;
        q.eventLimit = 500 * UNIT;
        q.termEpochs = 12;
        q.premium = 50 * UNIT;
        q.split = [uint32(500_000), 300_000, 0, 0];
        q.charge = 400 * UNIT;
        q.latestEndMax = type(uint64).max;
        q.requiredMax = type(uint128).max;
        q.deadline = uint64(block.timestamp + 1 days);
    }

    /// Digest of a quote, derived here once more (EIP-712).
    function digestOf(Quote memory q, address verifier) internal view returns (bytes32) {
        bytes32 domain = keccak256(
            abi.encode(Quotes.DOMAIN, keccak256("Seawall"), keccak256("1"), block.chainid, verifier)
        );
        bytes memory head = abi.encode(
            Quotes.TYPE, q.market, q.buyer, q.adapter, q.code, q.rateInitial, q.rateStep, q.destination
        );
        bytes memory terms = abi.encode(
            q.holdsPoolAsset, q.limit, q.eventLimit, q.deductible, q.deductibleBond, q.coinsurance, q.termEpochs
        );
        bytes memory price = abi.encode(
            q.premium, q.bonusShare, keccak256(abi.encode(q.split)), q.charge, q.callableBond, q.counter
        );
        bytes memory tail = abi.encode(q.latestEndMax, q.requiredMax, q.deadline, q.nonce, q.inputs);
        return keccak256(abi.encodePacked(hex"1901", domain, keccak256(bytes.concat(head, terms, price, tail))));
    }

    function signature(uint256 key, Quote memory q, address verifier) internal returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digestOf(q, verifier));
        return abi.encodePacked(r, s, v);
    }

    function buy(Quote memory q) internal {
        bytes memory signed = signature(ACTUARY_KEY, q, address(pool));
        fund(q.buyer, uint256(q.premium) * 2 + q.deductibleBond + q.callableBond);
        vm.prank(q.buyer);
        pool.buyCover(q, type(uint128).max, signed);
    }

    /// Capital in both tranches, a policy bought and in force.
    function insure() internal {
        deposit(junior, ann, 400 * UNIT);
        deposit(senior, bob, 600 * UNIT);
        vm.warp(block.timestamp + 3 * WEEK);
        buy(quote());
        vm.warp(block.timestamp + 2 * WEEK);
        pool.activate(1);
    }

    /// The source has lost so much since it began.
    function lose(uint128 total) internal {
        source.set(total, 1e18, 0, 0, 10_000 * UNIT, false, 0);
    }

    function views() internal view returns (PoolViews) {
        return PoolViews(address(pool));
    }

    /// Every token held has a place in the books (1.3).
    function assertConserved() internal view {
        PoolViews.CoreView memory c = views().core();
        require(c.booked == c.tokens, "1.3: booked");
        require(token.balanceOf(address(pool)) >= c.tokens, "1.3: held");
    }
}
