// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import "../src/Errors.sol";
import {Quote} from "../src/Quote.sol";
import {PoolViews} from "../src/modules/PoolViews.sol";
import {Pool} from "../src/Pool.sol";
import {Roles} from "../src/Role.sol";
import {RuleSet} from "../src/State.sol";
import {Base} from "./Base.sol";

/// Front-running, replays, and griefing: what an outsider who sees everything first can do, and cannot.
contract AttackTest is Base {
    address internal eve = address(0xe5e);

    function capital() internal {
        deposit(junior, ann, 400 * UNIT);
        deposit(senior, bob, 600 * UNIT);
        vm.warp(block.timestamp + 3 * WEEK);
    }

    function expectRefused(Quote memory q, bytes memory signed, bytes memory why) internal {
        vm.startPrank(q.buyer);
        if (why.length == 0) vm.expectRevert();
        else vm.expectRevert(why);
        pool.buyCover(q, type(uint128).max, signed);
        vm.stopPrank();
    }

    // ---------------------------------------------------------------- signatures

    /// The same terms on another chain, at another pool, or signed for another nonce are another message; each names
    /// another signer, who is no actuary.
    function test_a_signature_serves_one_pool_on_one_chain_with_one_nonce() public {
        capital();
        Quote memory q = quote();
        fund(insured, 1000 * UNIT);
        bytes memory elsewhere = signature(ACTUARY_KEY, q, address(0xdead));
        vm.chainId(10);
        bytes memory otherChain = signature(ACTUARY_KEY, q, address(pool));
        vm.chainId(31337);
        Quote memory other = quote();
        other.nonce = 1;
        bytes memory otherNonce = signature(ACTUARY_KEY, other, address(pool));
        uint256 before = views().core().policies;
        bytes[3] memory foreign = [elsewhere, otherChain, otherNonce];
        for (uint256 i; i < 3; ++i) {
            vm.startPrank(insured);
            (bool ok, bytes memory why) =
                address(pool).call(abi.encodeCall(Pool.buyCover, (q, type(uint128).max, foreign[i])));
            vm.stopPrank();
            require(!ok && bytes4(why) == NotAnActuary.selector, "3.2");
        }
        require(views().core().policies == before, "none was bought");
        bytes memory right = signature(ACTUARY_KEY, q, address(pool));
        vm.prank(insured);
        pool.buyCover(q, type(uint128).max, right);
        // And the nonce that was used voids itself and all lower ones.
        expectRefused(q, right, abi.encodeWithSelector(NonceUsed.selector, uint64(0), uint64(1)));
        vm.prank(insured);
        pool.buyCover(other, type(uint128).max, otherNonce);
        expectRefused(other, otherNonce, abi.encodeWithSelector(NonceUsed.selector, uint64(1), uint64(2)));
    }

    /// A deadline is its last good second.
    function test_a_deadline_is_kept_to_the_second() public {
        capital();
        Quote memory q = quote();
        q.deadline = uint64(block.timestamp + 100);
        bytes memory signed = signature(ACTUARY_KEY, q, address(pool));
        fund(insured, 1000 * UNIT);
        vm.warp(block.timestamp + 101);
        uint64 last = q.deadline;
        expectRefused(q, signed, abi.encodeWithSelector(QuoteExpired.selector, last, last + 1));
        vm.warp(last);
        vm.prank(insured);
        pool.buyCover(q, type(uint128).max, signed);
    }

    /// The other half of an ECDSA signature is no second one, and what is none at all recovers to nobody.
    function test_malleated_and_broken_signatures_are_void() public {
        capital();
        Quote memory q = quote();
        fund(insured, 1000 * UNIT);
        bytes memory signed = signature(ACTUARY_KEY, q, address(pool));
        bytes32 r;
        uint256 s;
        assembly {
            r := mload(add(signed, 32))
            s := mload(add(signed, 64))
        }
        uint256 order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;
        uint8 v = uint8(signed[64]) == 27 ? 28 : 27;
        bytes memory nobody = abi.encodeWithSelector(NotAnActuary.selector, address(0));
        expectRefused(q, abi.encodePacked(r, order - s, v), nobody);
        expectRefused(q, "", nobody);
        expectRefused(q, abi.encodePacked(signed, hex"00"), nobody);
        access.revokeRole(Roles.ACTUARY, vm.addr(ACTUARY_KEY));
        expectRefused(q, signed, abi.encodeWithSelector(NotAnActuary.selector, vm.addr(ACTUARY_KEY)));
    }

    /// Seen in the mempool, a quote is of no use to anybody else.
    function test_a_quote_is_its_buyers_alone() public {
        capital();
        Quote memory q = quote();
        bytes memory signed = signature(ACTUARY_KEY, q, address(pool));
        fund(eve, 1000 * UNIT);
        vm.prank(eve);
        vm.expectRevert(abi.encodeWithSelector(NotTheBuyer.selector, eve));
        pool.buyCover(q, type(uint128).max, signed);
    }

    /// Whoever revokes is obeyed at once, also for quotes not yet issued below the nonce.
    function test_a_revoked_quote_is_void() public {
        capital();
        buy(quote());
        pool.revokeQuotes(1, 5);
        Quote memory q = quote();
        q.nonce = 5;
        fund(insured, 1000 * UNIT);
        expectRefused(
            q, signature(ACTUARY_KEY, q, address(pool)), abi.encodeWithSelector(NonceUsed.selector, uint64(5), uint64(6))
        );
    }

    // ---------------------------------------------------------------- front-running

    /// A deposit made just before a loss is settled bears it like any other: the loss is booked before the deposit is
    /// priced, so it buys cheap shares and gains nothing from those who were there.
    function testFuzz_a_deposit_before_a_settlement_gains_nothing(uint64 loss, uint64 amount) public {
        insure();
        loss = uint64(loss % (300 * UNIT)) + 1;
        lose(loss);
        uint256 whole = views().core().tranches[0].active.assets;
        uint128 put = uint128(amount % (1000 * UNIT)) + 1;
        uint256 shares = deposit(junior, eve, put);
        pool.sync();
        PoolViews.CoreView memory c = views().core();
        require(c.tickets == 1, "booked by the deposit itself");
        require(c.tranches[0].active.assets + loss >= whole + put, "1.4: the loss first");
        require(junior.convertToAssets(shares) <= put, "no gain");
        // What comes back of it is for those who lost.
        fund(address(this), loss);
        pool.recoverTicket(0, loss);
        (bool found, uint256 index) = views().checkpointFor(0, 0, eve, 0);
        vm.prank(eve);
        vm.expectRevert();
        pool.claimRecovery(0, 0, 0, found ? uint32(index) : 0);
    }

    /// A deposit made for a moment backs no cheaper cover and takes no premium: it cannot leave before the second
    /// boundary, and what is earned within the block is nothing.
    function test_a_deposit_for_one_block_earns_nothing() public {
        insure();
        vm.warp(block.timestamp + 3 days);
        uint256 shares = deposit(junior, eve, 10_000 * UNIT);
        require(junior.convertToAssets(shares) <= 10_000 * UNIT, "nothing at once");
        vm.prank(eve);
        vm.expectRevert(abi.encodeWithSelector(NotEnoughShares.selector, shares, 0));
        junior.requestRedeem(shares, eve, eve);
        vm.prank(eve);
        vm.expectRevert(abi.encodeWithSelector(NotEnoughShares.selector, shares, 0));
        junior.transfer(ann, shares);
    }

    /// An exit asked for when the loss is already visible at the source is priced after it; one asked for long before
    /// still bears it until it is paid.
    function testFuzz_an_exit_before_a_settlement_bears_the_loss(uint64 loss, bool early) public {
        insure();
        loss = uint64(loss % (300 * UNIT)) + 10_000;
        uint256 half = junior.balanceOf(ann) / 2;
        if (early) {
            vm.prank(ann);
            junior.requestRedeem(half, ann, ann);
            vm.warp(block.timestamp + 14 days);
            // Nothing can clear: all capital is needed. The loss comes.
        }
        pool.sync();
        uint256 stays = worth();
        lose(loss);
        if (!early) {
            vm.prank(ann);
            junior.requestRedeem(half, ann, ann);
        }
        pool.sync();
        PoolViews.CoreView memory c = views().core();
        uint256 leaves = c.tranches[0].queued.assets;
        // Reserve first, then the two halves alike.
        require(stays >= worth() && leaves <= worth() - leaves + 2, "2.2: the leaver bears its part");
        assertConserved();
    }

    function worth() internal view returns (uint256) {
        PoolViews.CoreView memory c = views().core();
        return uint256(c.tranches[0].active.assets) + c.tranches[0].queued.assets;
    }

    /// Sandwich of a purchase: capital put in before it does not make it cheaper, because scarcity counts what was
    /// there at the last boundary; and what makes it dearer or other than quoted is refused, not charged.
    function test_a_sandwiched_quote_is_bought_as_quoted_or_not_at_all() public {
        capital();
        Quote memory q = quote();
        q.requiredMax = q.charge;
        q.latestEndMax = uint64(block.timestamp + 16 * WEEK);
        bytes memory signed = signature(ACTUARY_KEY, q, address(pool));
        fund(insured, 1000 * UNIT);
        // Another purchase first: more capital is bound than the quote assumed.
        address rival = address(0x1a1);
        Quote memory first = quote();
        (first.market, first.buyer, first.charge) = (2, rival, 10 * UNIT);
        uint256 snapshot = vm.snapshotState();
        buy(first);
        expectRefused(
            q, signed, abi.encodeWithSelector(RequiredMoved.selector, q.charge + first.charge, q.requiredMax)
        );
        vm.revertToState(snapshot);
        // A later end first: exits would wait longer than assumed.
        snapshot = vm.snapshotState();
        q.requiredMax = type(uint128).max;
        signed = signature(ACTUARY_KEY, q, address(pool));
        first.termEpochs = 40;
        buy(first);
        vm.startPrank(insured);
        (bool ok, bytes memory why) = address(pool).call(abi.encodeCall(Pool.buyCover, (q, type(uint128).max, signed)));
        vm.stopPrank();
        require(!ok && bytes4(why) == LatestEndMoved.selector, "3.2: latest end");
        vm.revertToState(snapshot);
        // A loss in between: the counter is not the quoted one.
        lose(5 * UNIT);
        expectRefused(q, signed, abi.encodeWithSelector(CounterMoved.selector, 0, 5 * UNIT));
        lose(0);
        // Capital for a moment changes no price.
        deposit(senior, eve, 100_000 * UNIT);
        uint256 before = token.balanceOf(insured);
        vm.prank(insured);
        pool.buyCover(q, q.premium, signed);
        require(before - token.balanceOf(insured) == q.premium, "3.4");
    }

    /// The buyer's own maximum holds whatever the order of transactions.
    function test_the_buyers_maximum_holds() public {
        capital();
        Quote memory q = quote();
        bytes memory signed = signature(ACTUARY_KEY, q, address(pool));
        fund(insured, 1000 * UNIT);
        vm.prank(insured);
        vm.expectRevert(abi.encodeWithSelector(PremiumAboveMaximum.selector, q.premium, q.premium - 1));
        pool.buyCover(q, q.premium - 1, signed);
    }

    /// A market that is settled by a stranger, a hundred times or once, costs the pool the same.
    function test_who_calls_first_gains_nothing() public {
        insure();
        for (uint128 i = 1; i <= 20; ++i) {
            lose(i * UNIT);
            vm.prank(eve);
            pool.sync();
        }
        require(token.balanceOf(lenders) == 20 * UNIT && token.balanceOf(eve) == 0, "4.3");
        require(views().core().tickets == 20, "each a ticket");
        assertConserved();
    }

    // ---------------------------------------------------------------- griefing

    /// A gift of shares to an account that waits to leave neither locks nor delays what it has (5.1).
    function test_a_gift_locks_nobody() public {
        uint256 shares = deposit(junior, ann, 10 * UNIT);
        vm.warp(block.timestamp + 2 * WEEK);
        fund(eve, 5);
        vm.startPrank(eve);
        for (uint256 i; i < 5; ++i) {
            junior.deposit(1, ann);
        }
        vm.stopPrank();
        vm.prank(ann);
        junior.requestRedeem(shares, ann, ann);
        require(junior.balanceOf(ann) == 5000, "the gifts are locked, hers are not");
    }

    /// Dust: thousands of smallest deposits make no command dearer and no other share cheaper.
    function test_dust_deposits_cost_nobody_anything() public {
        uint256 shares = deposit(junior, ann, 400 * UNIT);
        uint256 before = gasOfSync();
        fund(eve, 2000);
        for (uint256 i; i < 1000; ++i) {
            vm.prank(eve);
            junior.deposit(1, address(uint160(0x10000 + i)));
        }
        require(junior.convertToAssets(shares) == 400 * UNIT, "price");
        require(gasOfSync() <= before + 5000, "gas");
        assertConserved();
    }

    function gasOfSync() internal returns (uint256 used) {
        vm.warp(block.timestamp + 1);
        used = gasleft();
        pool.sync();
        used -= gasleft();
    }

    /// 10,000 tiny tickets in the queue: each call clears as many as it is asked to at a bounded price each, nobody
    /// has to pay for all at once, and who stands behind them is paid.
    function test_ten_thousand_tiny_exits_do_not_block_the_queue() public {
        deposit(junior, bob, 100 * UNIT);
        fund(eve, 10_000);
        vm.prank(eve);
        junior.deposit(10_000, eve);
        vm.warp(block.timestamp + 2 * WEEK);
        vm.startPrank(eve);
        for (uint256 i; i < 10_000; ++i) {
            junior.requestRedeem(1000, eve, eve);
        }
        vm.stopPrank();
        uint256 shares = junior.balanceOf(bob);
        vm.prank(bob);
        uint256 id = junior.requestRedeem(shares, bob, bob);
        require(id == 10_000, "behind all of them");
        vm.warp(block.timestamp + 14 days);
        uint256 worst;
        for (uint256 i; i < 101; ++i) {
            uint256 gas = gasleft();
            pool.clearExits(100);
            gas -= gasleft();
            if (gas > worst) worst = gas;
        }
        require(worst < 100 * 45_000, "2.4: bounded by the count");
        vm.prank(bob);
        require(junior.redeem(shares, bob, bob) == 100 * UNIT, "paid");
        // And so is the spammer, by look and by number.
        require(junior.maxRedeem(eve) == 64 * 1000, "as far as one call looks");
        uint256 before = gasleft();
        vm.prank(eve);
        junior.redeem(64 * 1000, eve, eve);
        require(before - gasleft() < 3_000_000, "bounded");
        assertConserved();
    }

    /// The first depositor cannot make shares so dear that the next one's deposit is rounded away: gifts of tokens
    /// count for nothing, gifts to the reserve are not the class's, and minting single shares moves the price by
    /// rounding only.
    function testFuzz_the_first_depositor_cannot_inflate(uint96 gift, uint96 next, bool mints, uint8 times) public {
        gift = within(gift, 1e9 * UNIT);
        next = within(next, 1e9 * UNIT);
        fund(eve, 1e12 * UNIT);
        vm.startPrank(eve);
        if (mints) junior.mint(1, eve);
        else junior.deposit(1, eve);
        token.transfer(address(pool), gift);
        token.transfer(address(junior), gift);
        pool.fundReserve(gift);
        for (uint256 i; i < times % 64; ++i) {
            junior.mint(1, eve);
        }
        vm.stopPrank();
        uint256 shares = deposit(junior, bob, next);
        require(junior.convertToAssets(shares) + 2 >= next, "2.2: rounded away");
        assertConserved();
    }
}

/// The same under rules that bound what a tranche earns and how small an exit may be.
contract BoundedAttackTest is Base {
    address internal eve = address(0xe5e);

    function rules() internal pure override returns (RuleSet memory r) {
        r = super.rules();
        r.exitMin = 1000;
        // Its own assets once a year.
        r.earnRateMax = uint64((1 << 64) / uint256(365 days));
    }

    /// Below the pool's smallest exit a request is refused, unless it is all an account has.
    function test_tiny_exits_are_refused_where_the_rules_say() public {
        deposit(junior, ann, 400 * UNIT);
        deposit(junior, eve, 5);
        vm.warp(block.timestamp + 2 * WEEK);
        vm.prank(ann);
        vm.expectRevert(abi.encodeWithSelector(BelowMinimum.selector, bytes32("exit"), uint128(10), uint128(1000)));
        junior.requestRedeem(10_000, ann, ann);
        vm.prank(eve);
        junior.requestRedeem(5000, eve, eve);
    }

    /// The same after the class has earned: a single share left in it does not become worth a fortune, because what a
    /// tranche earns is bound to what it holds (2.3).
    function test_a_nearly_empty_class_earns_nearly_nothing() public {
        deposit(senior, bob, 1000 * UNIT);
        fund(eve, 100);
        vm.prank(eve);
        junior.mint(1, eve);
        require(views().core().tranches[0].active.shares == 1, "one share");
        vm.warp(block.timestamp + 3 * WEEK);
        Quote memory q = quote();
        q.charge = 1;
        buy(q);
        vm.warp(block.timestamp + 8 * WEEK);
        pool.sync();
        require(views().core().tranches[0].active.assets <= 2, "2.3: bound to what it holds");
        uint256 shares = deposit(junior, ann, 100 * UNIT);
        require(junior.convertToAssets(shares) + 3 >= 100 * UNIT, "the next one is whole");
        assertConserved();
    }
}
