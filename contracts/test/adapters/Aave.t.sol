// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {AaveSource} from "../../src/adapters/AaveSource.sol";
import {Adapter} from "../../src/adapters/Adapter.sol";
import {IAaveAddresses} from "../../src/adapters/external/IAave.sol";
import {Reading} from "../../src/interfaces/ILossSource.sol";
import {AdapterBase} from "./AdapterBase.sol";

/// A reserve's deficit as a dial: what the level of Aave can do, without Aave.
contract DialReserve {
    uint256 public totalSupply = 5000e6;
    uint256 private deficit;
    mapping(bytes32 id => address) public getAddress;

    function set(uint256 level) external {
        deficit = level;
    }

    function getPool() external view returns (address) {
        return address(this);
    }

    function getReserveDeficit(address) external view returns (uint256) {
        return deficit;
    }

    function getReserveAToken(address) external view returns (address) {
        return address(this);
    }
}

/// A level as a counter that only rises (4.1).
contract AaveLevelTest is AdapterBase {
    DialReserve private dial;
    AaveSource private aave;

    function setUp() public override {
        super.setUp();
        dial = new DialReserve();
        dial.set(7);
        aave = new AaveSource(insurer(), 1, IAaveAddresses(address(dial)), address(token));
    }

    function insureIt() private {
        insureThrough(quoteOf(aave, lenders));
    }

    function test_only_the_pool_pays() public {
        onlyThePoolPays(aave);
    }

    function test_another_asset_is_refused() public {
        vm.expectRevert(abi.encodeWithSelector(Adapter.AssetDiffers.selector, address(token), address(junior)));
        new AaveSource(insurer(), 1, IAaveAddresses(address(dial)), address(junior));
    }

    function test_a_rise_is_booked_by_the_next_command_without_a_poke() public {
        insureIt();
        dial.set(7 + 100 * UNIT);
        pool.sync();
        require(token.balanceOf(lenders) == 100 * UNIT, "paid");
        (uint128 cum, uint128 last) = aave.noted();
        require(cum == 100 * UNIT && last == 7 + 100 * UNIT, "noted by the payment");
        dial.set(0);
        aave.poke();
        dial.set(40 * UNIT);
        pool.sync();
        require(token.balanceOf(lenders) == 140 * UNIT, "a fall is no gain, and a rise after it is a loss");
        assertConserved();
    }

    /// Told without a payment, then fallen: stale until anyone pokes, never counted twice and never lost.
    function test_a_fall_before_the_note_is_healed_by_anyone() public {
        insureIt();
        token.setBlocked(lenders, true);
        dial.set(7 + 100 * UNIT);
        pool.sync();
        dial.set(7 + 60 * UNIT);
        pool.sync();
        (,, bool stale) = booked();
        require(stale, "fell below what was told");
        vm.prank(bob);
        aave.poke();
        pool.sync();
        (,, stale) = booked();
        require(!stale && aave.counter() == 100 * UNIT, "back to what was told");
        dial.set(7 + 65 * UNIT);
        require(aave.counter() == 105 * UNIT, "and on from the level noted");
        assertConserved();
    }

    /// The counter is the sum of all rises between notes, whatever the level does (the rule's own words).
    function testFuzz_the_counter_is_the_sum_of_rises(uint32[12] memory levels) public {
        uint256 sum;
        uint256 last = 7;
        for (uint256 i; i < levels.length; ++i) {
            dial.set(levels[i]);
            if (levels[i] > last) sum += levels[i] - last;
            last = levels[i];
            require(aave.poke() == sum && aave.counter() == sum, "4.1");
        }
    }

    function test_a_level_that_is_no_amount_makes_the_market_stale() public {
        insureIt();
        dial.set(uint256(type(uint128).max) + 1);
        pool.sync();
        (,, bool stale) = booked();
        require(stale, "4.2");
    }

    function test_the_reading_is_complete() public {
        dial.set(17);
        Reading memory r = aave.read();
        require(r.counter == 10 && r.rate == 1e18 && r.supplied == 5000e6 && r.latent == 0 && r.recovered == 0, "read");
    }

    /// A counter that another adapter told is not taken over.
    function test_what_another_adapter_told_does_not_count() public {
        insure();
        lose(50 * UNIT);
        pool.sync();
        require(aave.poke() == 0, "another's counter");
    }
}
