// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ILossSource, Reading} from "../../src/interfaces/ILossSource.sol";

/// A source whose every reading is set by the test. It is at once the adapter and the lending market.
contract MockSource is ILossSource {
    uint128 private counter_;
    bool private failing_;
    uint128 private rate_ = 1e18;
    uint128 private latent_;
    uint128 private recovered_;
    uint128 private supplied_;
    /// Most it takes in one payment, plus one; zero for everything.
    uint256 private accepts_;

    error Failing();

    function set(
        uint128 counterNow,
        uint128 rate,
        uint128 latent,
        uint128 recovered,
        uint128 supplied,
        bool failing,
        uint256 acceptsPlusOne
    ) external {
        (counter_, rate_, latent_, recovered_, supplied_) = (counterNow, rate, latent, recovered, supplied);
        (failing_, accepts_) = (failing, acceptsPlusOne);
    }

    function counter() external view returns (uint128) {
        if (failing_) revert Failing();
        return counter_;
    }

    function read() external view returns (Reading memory) {
        if (failing_) revert Failing();
        return Reading(counter_, rate_, latent_, recovered_, supplied_);
    }

    function pay(address asset, uint128 amount, address destination) external {
        uint256 taken = accepts_ == 0 || accepts_ - 1 > amount ? amount : accepts_ - 1;
        IERC20(asset).transferFrom(msg.sender, destination, taken);
    }
}
