// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {NotEnoughGas, ReceiptDiffers} from "./Errors.sol";
import {MarketPaid} from "./Events.sol";
import {Fixed} from "./Fixed.sol";
import {ILossSource} from "./interfaces/ILossSource.sol";
import {State, Market} from "./State.sol";

/// Money in and out (1.1, 4.5): receipts are checked by balance difference, and what a market's adapter does not
/// take stays set aside for that market alone.
library Payments {
    using SafeERC20 for IERC20;

    /// Gas that an adapter may use to take a payment.
    uint256 internal constant PAY_GAS = 600_000;

    /// The settlement token: the pool's code has it, and puts it behind the calldata of every call of a module.
    function asset() internal pure returns (IERC20 token) {
        assembly ("memory-safe") {
            token := and(calldataload(sub(calldatasize(), 32)), 0xffffffffffffffffffffffffffffffffffffffff)
        }
    }

    /// Takes exactly `assets` from `payer`.
    function receiveFrom(State storage s, IERC20 token, address payer, uint256 assets) internal {
        uint256 before = token.balanceOf(address(this));
        token.safeTransferFrom(payer, address(this), assets);
        uint256 received = token.balanceOf(address(this)) - before;
        if (received != assets) revert ReceiptDiffers(uint128(assets), received);
        s.tokens = Fixed.to128(s.tokens + assets);
    }

    /// Sends `assets` out. The books are written before.
    function send(State storage s, address to, uint256 assets) internal {
        s.tokens -= uint128(assets);
        if (assets != 0) asset().safeTransfer(to, assets);
    }

    /// Pays a market, through its adapter, what is set aside for it and `owed` more, as far as it is taken; returns
    /// what was paid.
    ///
    /// The books say "all of it" before the call and are put right after it; entry is locked meanwhile.
    function payMarket(State storage s, uint32 id, address adapter, uint256 owed) internal returns (uint256 paid) {
        Market storage m = s.markets[id];
        uint128 waiting = m.setAside;
        uint128 assets = Fixed.to128(waiting + owed);
        if (assets == 0) return 0;
        if (waiting != 0) {
            m.setAside = 0;
            s.setAside -= waiting;
        }
        s.tokens -= assets;
        address destination = m.destination;
        paid = hand(asset(), adapter, assets, destination);
        if (paid != assets) {
            uint128 rest = uint128(assets - paid);
            m.setAside += rest;
            s.setAside += rest;
            s.tokens += rest;
        }
        if (paid != 0) emit MarketPaid(id, destination, uint128(paid));
    }

    /// Lets an adapter take `assets` for a destination, in one call; what it took, by the pool's balance.
    function hand(IERC20 token, address adapter, uint128 assets, address destination) private returns (uint256 paid) {
        if (gasleft() < PAY_GAS + PAY_GAS / 63 + 100_000) revert NotEnoughGas();
        uint256 before = token.balanceOf(address(this));
        token.forceApprove(adapter, assets);
        bytes memory data = abi.encodeCall(ILossSource.pay, (address(token), assets, destination));
        assembly ("memory-safe") {
            // What it returns is of no interest, and copying it could cost anything.
            pop(call(PAY_GAS, adapter, 0, add(data, 32), mload(data), 0, 0))
        }
        paid = Fixed.min(Fixed.saturatingSub(before, token.balanceOf(address(this))), assets);
        // Nothing moves the pool's tokens meanwhile but this allowance: where all has gone it is used up.
        if (paid != assets && token.allowance(address(this), adapter) != 0) token.forceApprove(adapter, 0);
    }
}
