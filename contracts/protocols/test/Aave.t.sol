// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {AaveSource} from "../../src/adapters/AaveSource.sol";
import {IAaveAddresses} from "../../src/adapters/external/IAave.sol";
import {AdapterBase} from "../../test/adapters/AdapterBase.sol";
import {MockSource} from "../../test/mocks/MockSource.sol";
import {MockToken} from "../../test/mocks/MockToken.sol";
import {Quote} from "../../src/Quote.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IPool} from "aave/interfaces/IPool.sol";
import {AaveMarket} from "./AaveMarket.sol";

/// The adapter on Aave v3.6 itself: its own liquidation makes the bad debt, its own function takes it off.
contract AaveTest is AdapterBase {
    /// One unit of the test's tokens is worth a dollar: tokens have 18 decimals, prices 8.
    int256 private constant DOLLAR = 1e20;

    AaveMarket private market;
    IPool private aave;
    MockToken private collateral;
    AaveSource private adapter;
    address private lender = address(0x1e);
    address private borrower = address(0xb0);
    address private liquidator = address(0x11);

    function setUp() public override {
        super.setUp();
        collateral = new MockToken();
        market = new AaveMarket(address(token), address(collateral), DOLLAR);
        aave = market.pool();
        give(token, lender, 10_000 * UNIT);
        vm.prank(lender);
        aave.supply(address(token), 10_000 * UNIT, lender, 0);
        adapter = new AaveSource(insurer(), 1, IAaveAddresses(address(market.addresses())), address(token));
    }

    function give(MockToken what, address who, uint256 amount) private {
        what.mint(who, amount);
        vm.prank(who);
        what.approve(address(aave), type(uint256).max);
    }

    /// Someone borrows against collateral whose price then falls, and is liquidated in full. Returns the deficit that
    /// Aave books, near borrowed - collateral x price / 1.05.
    function badDebt(uint256 borrowed, int256 price) private returns (uint256 deficit) {
        market.collateralPrice().set(DOLLAR);
        give(collateral, borrower, borrowed * 5 / 4);
        vm.startPrank(borrower);
        aave.supply(address(collateral), borrowed * 5 / 4, borrower, 0);
        aave.borrow(address(token), borrowed, 2, 0, borrower);
        vm.stopPrank();
        market.collateralPrice().set(price);
        uint256 before = aave.getReserveDeficit(address(token));
        give(token, liquidator, borrowed);
        vm.prank(liquidator);
        aave.liquidationCall(address(collateral), address(token), borrower, type(uint256).max, false);
        deficit = aave.getReserveDeficit(address(token)) - before;
        require(deficit != 0, "no bad debt");
    }

    function aToken() private view returns (IERC20) {
        return IERC20(aave.getReserveAToken(address(token)));
    }

    /// What lenders are owed and the tokens and debts behind it: a deficit is the difference.
    function behind() private view returns (uint256) {
        IERC20 debt = IERC20(aave.getReserveVariableDebtToken(address(token)));
        return token.balanceOf(address(aToken())) + debt.totalSupply();
    }

    function test_bad_debt_is_covered_by_aaves_own_function() public {
        market.setUmbrella(address(adapter));
        insureThrough(quoteOf(adapter, lenders));
        uint256 deficit = badDebt(1000 * UNIT, DOLLAR / 2);
        near(deficit, 404_761_905, 10, "1000 - 1250 / 2 / 1.05");
        pool.sync();
        (uint256 tickets, uint256 setAside,) = booked();
        require(tickets == 1 && setAside == 0, "one ticket, paid");
        require(adapter.counter() == deficit, "counted once");
        near(aave.getReserveDeficit(address(token)), 0, 2, "no deficit is left");
        near(behind(), aToken().totalSupply(), 2, "lenders are whole");
        require(adapter.poke() == deficit, "the payment is no new loss");
        assertConserved();
    }

    function test_two_losses_are_two_tickets() public {
        market.setUmbrella(address(adapter));
        insureThrough(quoteOf(adapter, lenders));
        uint256 first = badDebt(400 * UNIT, DOLLAR / 2);
        pool.sync();
        vm.warp(block.timestamp + 3 * WEEK);
        uint256 second = badDebt(300 * UNIT, DOLLAR / 2);
        pool.sync();
        near(adapter.counter(), first + second, 2, "sum");
        (uint256 tickets,,) = booked();
        require(tickets == 2, "tickets");
        near(aave.getReserveDeficit(address(token)), 0, 4, "covered");
        assertConserved();
    }

    /// Without the role the money goes where the policy says, and the deficit stays Aave's own affair.
    function test_without_the_role_the_destination_is_paid() public {
        insureThrough(quoteOf(adapter, lenders));
        uint256 deficit = badDebt(1000 * UNIT, DOLLAR / 2);
        pool.sync();
        require(token.balanceOf(lenders) == deficit, "destination");
        require(aave.getReserveDeficit(address(token)) == deficit, "untouched");
        // Whoever may, covers it with that money: a fall is no gain, and no new loss.
        market.setUmbrella(lenders);
        vm.startPrank(lenders);
        token.approve(address(aave), deficit);
        aave.supply(address(token), deficit, lenders, 0);
        aave.eliminateReserveDeficit(address(token), deficit - 2);
        vm.stopPrank();
        pool.sync();
        require(adapter.counter() == deficit && token.balanceOf(lenders) == 0, "paid once");
        assertConserved();
    }

    /// A frozen reserve cannot be supplied to: the payment is refused, stays set aside, and is paid when it can be.
    function test_a_frozen_reserve_refuses_and_is_paid_later() public {
        market.setUmbrella(address(adapter));
        insureThrough(quoteOf(adapter, lenders));
        uint256 deficit = badDebt(1000 * UNIT, DOLLAR / 2);
        market.freeze(address(token), true);
        pool.sync();
        (, uint256 setAside,) = booked();
        require(setAside == deficit && token.balanceOf(address(adapter)) == 0, "set aside");
        market.freeze(address(token), false);
        pool.payMarket(1);
        (, setAside,) = booked();
        require(setAside == 0, "paid");
        near(aave.getReserveDeficit(address(token)), 0, 2, "covered");
        assertConserved();
    }

    /// What a further market costs a command that does nothing else: a reserve of another Aave market, with its own
    /// proxy and code, and a mock in its place. Whole transactions, so everything is cold.
    function test_gas_of_a_further_market() public {
        uint256 one = syncWith(new address[](0));
        address[] memory further = new address[](1);
        further[0] = address(source);
        uint256 mock = syncWith(further);
        AaveMarket other = new AaveMarket(address(token), address(collateral), DOLLAR);
        further[0] = address(
            new AaveSource(insurer(), 2, IAaveAddresses(address(other.addresses())), address(token))
        );
        uint256 aave_ = syncWith(further);
        emit FurtherMarket(mock - one, aave_ - one);
        // Proxy, slot of its code, code and the reserve's word, each cold: 9,400, and what they execute.
        require(aave_ - mock <= 11_000, "a read of Aave over one of the mock");
    }

    event FurtherMarket(uint256 mock, uint256 aave);

    /// Gas of a sync of a new pool that insures market 1 through Aave, and `further` ones.
    function syncWith(address[] memory further) private returns (uint256 used) {
        deploy(new MockToken());
        deposit(junior, ann, 4000 * UNIT);
        deposit(senior, bob, 6000 * UNIT);
        vm.warp(block.timestamp + 3 * WEEK);
        MockSource first = new MockSource();
        Quote memory q = quote();
        (q.adapter, q.code) = (address(first), address(first).codehash);
        buy(q);
        for (uint256 i; i < further.length; ++i) {
            q.market = uint32(2 + i);
            (q.adapter, q.code) = (further[i], further[i].codehash);
            buy(q);
        }
        vm.warp(block.timestamp + 2 * WEEK);
        pool.sync();
        vm.warp(block.timestamp + 1);
        pool.sync();
        used = vm.lastCallGas().gasTotalUsed;
    }
}
