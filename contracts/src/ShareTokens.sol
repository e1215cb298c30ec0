// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ShareToken} from "./ShareToken.sol";

/// Makes the share tokens of a pool while the pool is being made: their code is not part of the pool's.
contract ShareTokens {
    /// The share token of a tranche of the calling pool.
    function create(address asset, uint8 tranche) external returns (address) {
        return address(new ShareToken(msg.sender, asset, tranche));
    }
}
