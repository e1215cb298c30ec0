// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import "../src/Errors.sol";
import {Quote} from "../src/Quote.sol";
import {Base} from "./Base.sol";

/// Cover (3): what a signed quote binds.
contract CoverTest is Base {
    function capital() internal {
        deposit(junior, ann, 400 * UNIT);
        deposit(senior, bob, 600 * UNIT);
        vm.warp(block.timestamp + 3 * WEEK);
    }

    function refused(Quote memory q, bytes memory signed, bytes memory why) internal {
        fund(q.buyer, 1000 * UNIT);
        vm.prank(q.buyer);
        vm.expectRevert(why);
        pool.buyCover(q, type(uint128).max, signed);
    }

    function test_a_quote_buys_once() public {
        capital();
        Quote memory q = quote();
        buy(q);
        assertConserved();
        refused(
            q,
            signature(ACTUARY_KEY, q, address(pool)),
            abi.encodeWithSelector(NonceUsed.selector, uint64(0), uint64(1))
        );
    }

    function test_another_key_is_no_actuary() public {
        capital();
        Quote memory q = quote();
        address other = vm.addr(0xbad);
        refused(q, signature(0xbad, q, address(pool)), abi.encodeWithSelector(NotAnActuary.selector, other));
    }

    function test_a_quote_of_another_pool_or_chain_is_void() public {
        capital();
        Quote memory q = quote();
        bytes memory other = signature(ACTUARY_KEY, q, address(this));
        fund(q.buyer, 1000 * UNIT);
        vm.prank(q.buyer);
        vm.expectRevert();
        pool.buyCover(q, type(uint128).max, other);
        bytes memory here = signature(ACTUARY_KEY, q, address(pool));
        vm.chainId(1);
        vm.prank(q.buyer);
        vm.expectRevert();
        pool.buyCover(q, type(uint128).max, here);
    }

    /// Changing any term after signing makes it another message.
    function testFuzz_a_changed_quote_is_void(uint8 field, uint64 value) public {
        capital();
        Quote memory q = quote();
        bytes memory signed = signature(ACTUARY_KEY, q, address(pool));
        bytes32 before = keccak256(abi.encode(q));
        if (field % 8 == 0) q.limit = value;
        else if (field % 8 == 1) q.premium = value;
        else if (field % 8 == 2) q.charge = value;
        else if (field % 8 == 3) q.deadline = value;
        else if (field % 8 == 4) q.nonce = value;
        else if (field % 8 == 5) q.split[field % 4] = uint32(value);
        else if (field % 8 == 6) q.destination = address(uint160(value));
        else q.coinsurance = uint32(value);
        vm.assume(keccak256(abi.encode(q)) != before);
        fund(q.buyer, 1000 * UNIT);
        vm.prank(q.buyer);
        vm.expectRevert();
        pool.buyCover(q, type(uint128).max, signed);
    }

    function test_the_code_of_the_adapter_is_bound() public {
        capital();
        Quote memory q = quote();
        q.code = keccak256("other");
        refused(
            q,
            signature(ACTUARY_KEY, q, address(pool)),
            abi.encodeWithSelector(AdapterCode.selector, q.adapter, q.code)
        );
    }
}
