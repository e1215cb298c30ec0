// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IInsurer} from "../interfaces/IInsurer.sol";
import {Reading} from "../interfaces/ILossSource.sol";
import {Adapter} from "./Adapter.sol";

/// Losses of a protocol that keeps no sum of them, where they show as a fall of the lenders' share price.
///
/// Interest only raises the price of a share, rounding too; bad debt that is realised is what lowers it. `poke`
/// compares the price with the one noted last: shares x (price then - price now), rounded down, for the shares held
/// both then and now, so that whoever deposits after a loss adds nothing to it. What interest added in between
/// hides as much of a loss, and lenders who left before the poke took theirs along: the counter errs in the pool's
/// favour, and the less the more often it is poked. What is not counted yet shows as latent.
abstract contract ShareSource is Adapter {
    /// Losses counted, and the shares whose losses count, when last noted; one word.
    uint128 public cum;
    uint128 public held;
    /// Assets and shares that made the price when it was noted last; one word.
    uint128 public assets;
    uint128 public shares;

    /// A command of this adapter is running.
    bool private transient running;

    /// The counter after a price, assets / shares, was noted.
    event PriceNoted(uint128 counter, uint128 assets, uint128 shares, uint128 held);

    /// Another command of this adapter is running.
    error Busy();

    /// One command at a time. A loss is worked out, then others are called (the protocol, its rate model, the token), then it is
    /// counted: whoever came back in between would count it a second time.
    modifier alone() {
        if (running) revert Busy();
        running = true;
        _;
        running = false;
    }

    /// Assets and shares that make the price, as the protocol's books stand; shares are not zero.
    function price() internal view virtual returns (uint128 assetsNow, uint128 sharesNow);

    /// Shares whose losses count.
    function counted() internal view virtual returns (uint128);

    /// Brings the protocol's own books up to date, where it waits for someone to ask.
    function accrue() internal virtual {}

    function counter() external view returns (uint128) {
        return cum;
    }

    function read() external view returns (Reading memory r) {
        r.counter = cum;
        r.rate = RATE;
        r.latent = loss();
        (r.supplied,) = price();
    }

    function poke() external override alone returns (uint128) {
        note(loss());
        return cum;
    }

    /// What the counted shares lost since the price was noted, rounded down.
    function loss() internal view returns (uint128) {
        (uint128 assetsNow, uint128 sharesNow) = price();
        // Products of two amounts fit a word.
        uint256 common = min(held, counted());
        uint256 then_ = common * assets / shares;
        uint256 now_ = (common * assetsNow + sharesNow - 1) / sharesNow;
        return then_ > now_ ? uint128(then_ - now_) : 0;
    }

    /// Counts `lost` and notes the price with interest up to now.
    function note(uint128 lost) internal {
        accrue();
        (uint128 assetsNow, uint128 sharesNow) = price();
        uint128 heldNow = counted();
        uint128 total = cum + lost;
        (cum, held, assets, shares) = (total, heldNow, assetsNow, sharesNow);
        emit PriceNoted(total, assetsNow, sharesNow, heldNow);
    }
}
