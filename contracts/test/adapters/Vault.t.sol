// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ERC20, ERC4626, IERC20} from "@openzeppelin/contracts/token/ERC20/extensions/ERC4626.sol";
import {VaultSource} from "../../src/adapters/VaultSource.sol";
import {Reading} from "../../src/interfaces/ILossSource.sol";
import {AdapterBase} from "./AdapterBase.sol";

/// A vault whose money can go away.
contract LossyVault is ERC4626 {
    constructor(IERC20 asset_) ERC20("Vault", "V") ERC4626(asset_) {}

    function lose(uint256 amount) external {
        IERC20(asset()).transfer(address(1), amount);
    }
}

/// Losses on the price of a share.
contract VaultTest is AdapterBase {
    LossyVault private vault;
    VaultSource private watch;
    address private lender = address(0x1e);

    function setUp() public override {
        super.setUp();
        vault = new LossyVault(IERC20(address(token)));
        lend(lender, 1000 * UNIT);
        watch = new VaultSource(insurer(), 1, vault);
    }

    function lend(address who, uint256 amount) private {
        token.mint(who, amount);
        vm.prank(who);
        token.approve(address(vault), amount);
        vm.prank(who);
        vault.deposit(amount, who);
    }

    function test_only_the_pool_pays() public {
        onlyThePoolPays(watch);
    }

    /// The vault itself is the destination: what it is sent is its lenders'.
    function test_a_loss_is_paid_back_into_the_vault() public {
        insureThrough(quoteOf(watch, address(vault)));
        vault.lose(100 * UNIT);
        watch.settle();
        near(vault.maxWithdraw(lender), 1000 * UNIT, 2, "lenders are whole");
        near(watch.counter(), 100 * UNIT, 2, "counted");
        require(watch.poke() == watch.counter(), "the payment is no new loss");
        assertConserved();
    }

    /// Money that comes after a loss does not make it larger.
    function test_a_deposit_between_loss_and_poke_adds_nothing() public {
        vault.lose(100 * UNIT);
        lend(bob, 100_000 * UNIT);
        near(watch.poke(), 100 * UNIT, 2, "as large as it was");
        require(watch.counter() <= 100 * UNIT, "never more");
    }

    /// Never more than was lost, whatever comes, goes and is earned in between; the whole where nothing does.
    function testFuzz_at_most_what_was_lost(uint64 earned, uint64 lost, uint64 came, uint64 left, bool pokes) public {
        lost = uint64(lost % (900 * UNIT));
        token.mint(address(vault), earned % UNIT);
        if (pokes) watch.poke();
        vault.lose(lost);
        if (came % 2 == 0) lend(bob, uint256(came % (1000 * UNIT)) + 1);
        else {
            uint256 most = vault.maxWithdraw(lender);
            vm.prank(lender);
            vault.withdraw(uint256(left) % (most + 1), lender, lender);
        }
        watch.poke();
        require(watch.counter() <= lost, "more than was lost");
        if (pokes && came % 2 == 0) near(watch.counter(), lost, 3, "less than was lost");
    }

    function test_what_is_not_counted_yet_is_latent() public {
        vault.lose(100 * UNIT);
        Reading memory r = watch.read();
        require(r.counter == 0, "poked by nobody");
        near(r.latent, 100 * UNIT, 2, "latent");
        near(r.supplied, 900 * UNIT, 2, "supplied");
    }
}
