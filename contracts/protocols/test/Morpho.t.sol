// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IMorpho as Morpho, MarketParams as Params, Id} from "@morpho-org/morpho-blue/src/interfaces/IMorpho.sol";
import {IrmMock} from "@morpho-org/morpho-blue/src/mocks/IrmMock.sol";
import {OracleMock} from "@morpho-org/morpho-blue/src/mocks/OracleMock.sol";
import {IMorpho, MarketParams} from "../../src/adapters/external/IMorpho.sol";
import {MorphoLenderSource} from "../../src/adapters/MorphoLenderSource.sol";
import {MorphoMarketSource} from "../../src/adapters/MorphoMarketSource.sol";
import {Quote} from "../../src/Quote.sol";
import {AdapterBase} from "../../test/adapters/AdapterBase.sol";
import {MockToken} from "../../test/mocks/MockToken.sol";

/// The adapters on Morpho Blue itself, compiled as it is deployed: its own liquidation makes the bad debt.
contract MorphoTest is AdapterBase {
    uint256 private constant PRICE = 1e36;

    Morpho private morpho;
    MockToken private collateral;
    OracleMock private oracle;
    Params private params;
    Id private id;
    address private lender = address(0x1e);
    address private other = address(0x2e);
    address private borrower = address(0xb0);
    address private liquidator = address(0x11);

    function setUp() public override {
        super.setUp();
        morpho = Morpho(vm.deployCode("protocols/build/Morpho.json", abi.encode(address(this))));
        collateral = new MockToken();
        oracle = new OracleMock();
        oracle.setPrice(PRICE);
        address irm = address(new IrmMock());
        params = Params(address(token), address(collateral), address(oracle), irm, 0.8e18);
        id = Id.wrap(keccak256(abi.encode(params)));
        morpho.enableIrm(irm);
        morpho.enableLltv(0.8e18);
        morpho.createMarket(params);
        lend(lender, 1000 * UNIT);
    }

    function lend(address who, uint256 amount) private {
        give(token, who, amount);
        vm.prank(who);
        morpho.supply(params, amount, 0, who, "");
    }

    function give(MockToken what, address who, uint256 amount) private {
        what.mint(who, amount);
        vm.prank(who);
        what.approve(address(morpho), type(uint256).max);
    }

    function ours() private view returns (MarketParams memory) {
        return MarketParams(params.loanToken, params.collateralToken, params.oracle, params.irm, params.lltv);
    }

    function marketSource() private returns (MorphoMarketSource) {
        return new MorphoMarketSource(insurer(), 1, IMorpho(address(morpho)), ours());
    }

    function lenderSource() private returns (MorphoLenderSource) {
        return new MorphoLenderSource(insurer(), 1, IMorpho(address(morpho)), ours(), lender);
    }

    /// Someone borrows 79 against 100, whose price then halves.
    function underWater() private {
        give(collateral, borrower, 100 * UNIT);
        vm.startPrank(borrower);
        morpho.supplyCollateral(params, 100 * UNIT, borrower, "");
        morpho.borrow(params, 79 * UNIT, 0, borrower, borrower);
        vm.stopPrank();
        oracle.setPrice(PRICE / 2);
    }

    /// Morpho's own liquidation of all collateral; returns what lenders lost.
    function liquidateDirectly() private returns (uint256 lost) {
        morpho.accrueInterest(params);
        uint256 before = morpho.market(id).totalSupplyAssets;
        uint128 all = morpho.position(id, borrower).collateral;
        give(token, liquidator, 79 * UNIT);
        vm.prank(liquidator);
        morpho.liquidate(params, borrower, all, 0, "");
        lost = before - morpho.market(id).totalSupplyAssets;
        require(lost != 0, "no bad debt");
    }

    function liquidateThrough(MorphoMarketSource adapter) private {
        give(token, liquidator, 79 * UNIT);
        vm.startPrank(liquidator);
        token.approve(address(adapter), type(uint256).max);
        adapter.liquidate(borrower);
        vm.stopPrank();
    }

    /// What a lender could take out if there were the liquidity.
    function worth(address who) private returns (uint256) {
        morpho.accrueInterest(params);
        uint256 shares = morpho.position(id, who).supplyShares;
        return shares * (uint256(morpho.market(id).totalSupplyAssets) + 1)
            / (uint256(morpho.market(id).totalSupplyShares) + 1e6);
    }

    function test_a_liquidation_through_the_adapter_costs_no_lender_anything() public {
        MorphoMarketSource adapter = marketSource();
        insureThrough(quoteOf(adapter, lenders));
        lend(other, 500 * UNIT);
        underWater();
        uint256 supplied = morpho.market(id).totalSupplyAssets;
        liquidateThrough(adapter);
        near(adapter.counter(), 32 * UNIT, UNIT / 2, "79 - 100 / 2 / 1.064");
        require(morpho.market(id).totalSupplyAssets == supplied, "the supply is untouched");
        require(morpho.market(id).totalBorrowAssets == 0, "nothing is owed");
        require(morpho.position(id, borrower).borrowShares == 0, "by nobody");
        require(collateral.balanceOf(liquidator) == 100 * UNIT - 1, "the liquidator has the collateral");
        uint256 shares = morpho.position(id, lender).supplyShares;
        vm.prank(lender);
        morpho.withdraw(params, 0, shares, lender, lender);
        near(token.balanceOf(lender), 1000 * UNIT, 2, "lenders are whole");
        require(token.balanceOf(lenders) == 0, "the debt was repaid, nobody else was paid");
        assertConserved();
    }

    /// What deductible, coinsurance or limits leave is realised by Morpho in the same call, and is not counted again.
    function test_what_the_pool_does_not_pay_is_realised_at_once() public {
        MorphoMarketSource adapter = marketSource();
        Quote memory q = quoteOf(adapter, lenders);
        q.coinsurance = 250_000;
        insureThrough(q);
        underWater();
        uint256 supplied = morpho.market(id).totalSupplyAssets;
        liquidateThrough(adapter);
        uint256 gross = adapter.counter();
        near(supplied - morpho.market(id).totalSupplyAssets, gross / 4, 2, "a quarter is the lenders'");
        require(morpho.position(id, borrower).borrowShares == 0, "closed");
        require(adapter.poke() == gross, "counted once");
        vm.expectRevert(abi.encodeWithSelector(MorphoMarketSource.NotInsolvent.selector, borrower));
        adapter.liquidate(borrower);
        assertConserved();
    }

    function test_a_position_that_pays_its_debt_is_no_loss() public {
        MorphoMarketSource adapter = marketSource();
        insureThrough(quoteOf(adapter, lenders));
        underWater();
        oracle.setPrice(PRICE * 95 / 100);
        give(token, liquidator, 100 * UNIT);
        vm.startPrank(liquidator);
        token.approve(address(adapter), type(uint256).max);
        vm.expectRevert();
        adapter.liquidate(borrower);
        vm.stopPrank();
        require(adapter.counter() == 0, "nothing counted");
    }

    /// Whoever liquidates directly realises the loss; it is counted, and paid to the destination.
    function test_a_loss_realised_by_someone_else_is_paid_to_the_destination() public {
        MorphoMarketSource adapter = marketSource();
        insureThrough(quoteOf(adapter, lenders));
        underWater();
        uint256 lost = liquidateDirectly();
        require(adapter.counter() == 0, "nobody poked");
        near(adapter.read().latent, lost, 2, "latent");
        adapter.settle();
        require(adapter.counter() <= lost, "never more");
        near(adapter.counter(), lost, 2, "counted");
        require(token.balanceOf(lenders) == adapter.counter(), "paid");
        require(adapter.poke() == adapter.counter(), "once");
        assertConserved();
    }

    /// One lender of several: its own part of the loss, put back into its position.
    function test_a_lender_is_made_whole_in_the_market() public {
        MorphoLenderSource adapter = lenderSource();
        insureThrough(quoteOf(adapter, lender));
        lend(other, 500 * UNIT);
        adapter.poke();
        underWater();
        uint256 before = worth(lender);
        uint256 lost = liquidateDirectly();
        adapter.settle();
        near(adapter.counter(), lost * 2 / 3, 2, "two thirds of the market");
        near(worth(lender), before, 3, "whole");
        require(adapter.poke() == adapter.counter(), "the payment is no new loss");
        assertConserved();
    }

    /// Another destination than the lender is refused: set aside, for the market alone.
    function test_the_lender_is_the_only_destination() public {
        MorphoLenderSource adapter = lenderSource();
        insureThrough(quoteOf(adapter, lenders));
        underWater();
        liquidateDirectly();
        adapter.settle();
        (, uint256 setAside,) = booked();
        require(setAside == adapter.counter() && setAside != 0, "set aside");
        assertConserved();
    }

    /// A stranger cannot enlarge a loss by lending after it, nor count it twice.
    function test_who_lends_after_a_loss_adds_nothing() public {
        MorphoMarketSource adapter = marketSource();
        underWater();
        uint256 lost = liquidateDirectly();
        lend(other, 1_000_000 * UNIT);
        require(adapter.poke() <= lost, "never more");
        near(adapter.counter(), lost, 2, "and not less");
    }

    /// Interest hides as much of a loss as it added since the last poke, and no more.
    function test_interest_hides_at_most_itself() public {
        MorphoMarketSource adapter = marketSource();
        underWater();
        vm.warp(block.timestamp + 52 * WEEK);
        uint256 before = morpho.market(id).totalSupplyAssets;
        morpho.accrueInterest(params);
        uint256 interest = morpho.market(id).totalSupplyAssets - before;
        uint256 lost = liquidateDirectly();
        near(adapter.poke(), lost - interest, 2, "hidden by interest");
    }
}
