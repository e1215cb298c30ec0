// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IMorpho, MarketParams} from "../../src/adapters/external/IMorpho.sol";
import {MorphoLenderSource} from "../../src/adapters/MorphoLenderSource.sol";
import {MorphoMarketSource} from "../../src/adapters/MorphoMarketSource.sol";
import {ShareSource} from "../../src/adapters/ShareSource.sol";
import {IRateModel, MiniMorpho} from "../mocks/MiniMorpho.sol";
import {AdapterBase} from "./AdapterBase.sol";

/// A rate model that calls back into an adapter while interest accrues, once a call.
contract HostileRates is IRateModel {
    address private victim;
    bytes private call_;
    uint256 public tried;
    uint256 public entered;

    function aim(address victim_, bytes memory data) external {
        (victim, call_) = (victim_, data);
    }

    function borrowRate(MarketParams memory) external returns (uint256) {
        if (victim == address(0)) return 0;
        address once = victim;
        victim = address(0);
        ++tried;
        (bool ok,) = once.call(call_);
        if (ok) ++entered;
        return 0;
    }
}

/// Adapters of Morpho whose market has a hostile rate model: no loss is counted twice. (On Morpho itself:
/// `protocols/test/Morpho.t.sol`.)
contract MorphoReentrancyTest is AdapterBase {
    address private constant LENDER = address(0x1e);
    address private constant BORROWER = address(0xb0);
    MiniMorpho private morpho;
    HostileRates private rates;
    MorphoMarketSource private watch;
    MorphoLenderSource private lent;

    function setUp() public override {
        super.setUp();
        morpho = new MiniMorpho(uint128(1000 * UNIT));
        rates = new HostileRates();
        MarketParams memory p = MarketParams(address(token), address(token), address(0), address(rates), 0);
        watch = new MorphoMarketSource(insurer(), 1, IMorpho(address(morpho)), p);
        lent = new MorphoLenderSource(insurer(), 1, IMorpho(address(morpho)), p, LENDER);
        vm.warp(block.timestamp + 1);
    }

    function refused() private view {
        require(rates.tried() == 1, "the model was asked");
        require(rates.entered() == 0, "it got in");
    }

    function test_a_rate_model_cannot_poke_inside_a_poke() public {
        rates.aim(address(watch), abi.encodeCall(ShareSource.poke, ()));
        morpho.lose(uint128(100 * UNIT));
        watch.poke();
        refused();
        near(watch.counter(), 100 * UNIT, 2, "counted once");
        require(watch.poke() == watch.counter(), "nothing is left to count");
    }

    function test_a_rate_model_cannot_liquidate_inside_a_poke() public {
        rates.aim(address(watch), abi.encodeCall(MorphoMarketSource.liquidate, (BORROWER)));
        morpho.lose(uint128(100 * UNIT));
        morpho.lend(BORROWER, uint128(50 * UNIT), 1);
        token.mint(address(watch), 1);
        watch.poke();
        refused();
        near(watch.counter(), 100 * UNIT, 2, "counted once");
    }

    /// What was lost before, and the debt that is liquidated now: each counts once.
    function test_a_rate_model_cannot_poke_or_liquidate_inside_a_liquidation() public {
        rates.aim(address(watch), abi.encodeCall(ShareSource.poke, ()));
        lossAndLiquidation();
        vm.warp(block.timestamp + 1);
        rates.aim(address(watch), abi.encodeCall(MorphoMarketSource.liquidate, (BORROWER)));
        lossAndLiquidation();
    }

    function lossAndLiquidation() private {
        uint256 before = watch.counter();
        (uint256 tried, uint256 entered) = (rates.tried(), rates.entered());
        morpho.lose(uint128(100 * UNIT));
        morpho.lend(BORROWER, uint128(50 * UNIT), 1);
        // The unit of collateral that it hands on.
        token.mint(address(watch), 1);
        watch.liquidate(BORROWER);
        require(rates.tried() == tried + 1 && rates.entered() == entered, "it got in, or was not asked");
        near(watch.counter(), before + 150 * UNIT, 2, "counted once");
        require(watch.poke() == watch.counter(), "nothing is left to count");
    }

    function test_a_rate_model_cannot_poke_inside_a_payment() public {
        rates.aim(address(lent), abi.encodeCall(ShareSource.poke, ()));
        morpho.lose(uint128(100 * UNIT));
        token.mint(address(pool), 100 * UNIT);
        vm.prank(address(pool));
        token.approve(address(lent), 100 * UNIT);
        vm.prank(address(pool));
        lent.pay(address(token), uint128(100 * UNIT), LENDER);
        refused();
        near(lent.counter(), 100 * UNIT, 2, "counted once");
        require(lent.poke() == lent.counter(), "the payment is no new loss");
    }

    function test_a_callback_without_a_liquidation_is_refused() public {
        bytes memory refusal = abi.encodeWithSelector(MorphoMarketSource.NotLiquidating.selector, address(morpho));
        vm.prank(address(morpho));
        vm.expectRevert(refusal);
        watch.onMorphoLiquidate(1, abi.encode(uint256(1)));
    }
}
