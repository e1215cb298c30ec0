// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ERC20, ERC4626, IERC20} from "@openzeppelin/contracts/token/ERC20/extensions/ERC4626.sol";
import {IERC4626} from "@openzeppelin/contracts/interfaces/IERC4626.sol";
import {Adapter} from "../../src/adapters/Adapter.sol";
import {VaultSource} from "../../src/adapters/VaultSource.sol";
import {WrapperSource} from "../../src/adapters/WrapperSource.sol";
import {IInsurer} from "../../src/interfaces/IInsurer.sol";
import {Reading} from "../../src/interfaces/ILossSource.sol";
import {Quote} from "../../src/Quote.sol";
import {MockToken} from "../mocks/MockToken.sol";
import {AdapterBase} from "./AdapterBase.sol";
import {LossyVault} from "./Vault.t.sol";

/// A wrapper that grants shares to whom it is told, against assets that it mints.
contract Wrapper is ERC4626 {
    constructor(MockToken asset_) ERC20("Wrapped", "W") ERC4626(IERC20(address(asset_))) {}

    function mint(address to, uint256 shares) external {
        MockToken(asset()).mint(address(this), previewMint(shares));
        _mint(to, shares);
    }
}

/// A pool on a wrapper whose share is worth two of the tokens that are lost.
contract WrapperTest is AdapterBase {
    MockToken private lost;
    Wrapper private wrapper;
    LossyVault private vault;
    WrapperSource private outer;
    VaultSource private inner;
    address private lender = address(0x1e);

    function setUp() public override {
        vm.warp(2800 * WEEK);
        lost = new MockToken();
        wrapper = new Wrapper(lost);
        wrapper.mint(address(this), 1_000_000 * UNIT);
        lost.mint(address(wrapper), 1_000_000 * UNIT);
        deploy(MockToken(address(wrapper)));
        vault = new LossyVault(IERC20(address(lost)));
        lost.mint(lender, 1000 * UNIT);
        vm.prank(lender);
        lost.approve(address(vault), 1000 * UNIT);
        vm.prank(lender);
        vault.deposit(1000 * UNIT, lender);
        outer = new WrapperSource(insurer(), 1, IERC4626(address(wrapper)));
        inner = new VaultSource(IInsurer(address(outer)), 1, vault);
        outer.connect(inner);
    }

    function insureIt(address destination) private {
        Quote memory q = quoteOf(outer, destination);
        (q.rateInitial, q.rateStep) = (outer.read().rate, 10_000);
        insureThrough(q);
    }

    function test_only_the_pool_pays() public {
        onlyThePoolPays(outer);
        vm.expectRevert(abi.encodeWithSelector(Adapter.NotThePool.selector, address(this)));
        inner.pay(address(lost), 1, lenders);
    }

    function test_it_is_connected_once_by_its_deployer_and_to_its_own() public {
        vm.expectRevert(abi.encodeWithSelector(WrapperSource.NotConnectable.selector, address(this), address(inner)));
        outer.connect(inner);
        WrapperSource other = new WrapperSource(insurer(), 1, IERC4626(address(wrapper)));
        vm.expectRevert(abi.encodeWithSelector(WrapperSource.ReadsForAnother.selector, address(outer), 1));
        other.connect(inner);
        vm.prank(ann);
        vm.expectRevert(abi.encodeWithSelector(WrapperSource.NotConnectable.selector, ann, address(0)));
        other.connect(inner);
    }

    /// Half as many shares as tokens were lost; the lenders get the tokens.
    function test_a_loss_is_converted_paid_and_unwrapped() public {
        insureIt(address(vault));
        uint256 capital = wrapper.balanceOf(address(pool));
        vault.lose(100 * UNIT);
        outer.settle();
        near(outer.counter(), 100 * UNIT, 2, "counted in tokens");
        near(capital - wrapper.balanceOf(address(pool)), 50 * UNIT, 2, "paid in shares");
        near(vault.maxWithdraw(lender), 1000 * UNIT, 6, "lenders are whole");
        require(outer.poke() == outer.counter(), "the payment is no new loss");
        assertConserved();
    }

    function test_the_inner_adapter_settles_as_well() public {
        insureIt(address(vault));
        vault.lose(100 * UNIT);
        inner.settle();
        near(vault.maxWithdraw(lender), 1000 * UNIT, 6, "lenders are whole");
    }

    /// Each increase is converted once, at the rate of its time: a rate that rises later changes nothing booked.
    function test_a_later_rate_changes_nothing_that_is_booked() public {
        insureIt(lenders);
        vault.lose(100 * UNIT);
        outer.settle();
        uint256 paid = lost.balanceOf(lenders);
        near(paid, 100 * UNIT, 6, "paid");
        lost.mint(address(wrapper), lost.balanceOf(address(wrapper)) / 200);
        outer.settle();
        require(lost.balanceOf(lenders) == paid, "nothing more");
        (,, bool stale) = booked();
        require(!stale, "within the step");
    }

    /// A wrapper's price that is pushed makes the market stale instead of the loss large.
    function test_a_rate_outside_its_step_books_nothing() public {
        insureIt(lenders);
        lost.mint(address(wrapper), lost.balanceOf(address(wrapper)));
        vault.lose(100 * UNIT);
        outer.settle();
        (uint256 tickets,, bool stale) = booked();
        require(stale && tickets == 0, "stale");
    }

    function test_what_is_latent_and_supplied_is_in_shares() public {
        vault.lose(100 * UNIT);
        Reading memory r = outer.read();
        near(r.rate, 0.5e18, 1e12, "rate");
        near(r.latent, 50 * UNIT, 2, "latent");
        near(r.supplied, 450 * UNIT, 2, "supplied");
    }

    /// Where the protocol is owed less than is paid, the rest is wrapped again and stays set aside.
    function test_what_is_not_taken_comes_back_as_shares() public {
        WrapperSource other = new WrapperSource(insurer(), 1, IERC4626(address(wrapper)));
        Refusing refusing = new Refusing(IInsurer(address(other)));
        other.connect(refusing);
        Quote memory q = quoteOf(other, lenders);
        (q.rateInitial, q.rateStep) = (other.read().rate, 10_000);
        insureThrough(q);
        refusing.count(100 * UNIT);
        other.settle();
        (uint256 tickets, uint256 setAside,) = booked();
        require(tickets == 1, "booked");
        near(lost.balanceOf(lenders), 60 * UNIT, 2, "what was taken");
        near(setAside, 20 * UNIT, 2, "the rest waits as shares");
        assertConserved();
    }

    function testFuzz_never_more_than_was_lost(uint64 amount, uint64 gain) public {
        insureIt(lenders);
        uint256 lose = uint256(amount) % (900 * UNIT);
        lost.mint(address(wrapper), uint256(gain) % (lost.balanceOf(address(wrapper)) / 150));
        vault.lose(lose);
        outer.settle();
        require(lost.balanceOf(lenders) <= lose, "more than was lost");
        assertConserved();
    }
}

/// Takes six tenths of what it is offered.
contract Refusing is Adapter {
    uint128 public override counter;

    constructor(IInsurer pool) Adapter(pool, 1, pool.asset()) {}

    function count(uint128 amount) external {
        counter += amount;
    }

    function read() external view returns (Reading memory r) {
        (r.counter, r.rate, r.supplied) = (counter, RATE, 1e12);
    }

    function poke() external view override returns (uint128) {
        return counter;
    }

    function pay(address, uint128 amount, address destination) external {
        IERC20(ASSET).transferFrom(msg.sender, destination, amount * 6 / 10);
    }
}
