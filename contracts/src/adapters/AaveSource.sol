// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IInsurer} from "../interfaces/IInsurer.sol";
import {Reading} from "../interfaces/ILossSource.sol";
import {Adapter} from "./Adapter.sol";
import {IAaveAddresses, IAavePool} from "./external/IAave.sol";

/// The deficit of one reserve of an Aave v3 market (version 3.3 or later) as a loss counter (4.1).
///
/// A deficit is a level: a liquidation that leaves debt without collateral raises it, covering it lowers it. The
/// counter is cum + (level - last) while the level stands above the one last noted, so every command of the pool
/// sees a loss in the second in which Aave books it; noting the level (`poke`, and each payment) makes that
/// permanent. A level that fell before anyone noted its rise takes the counter below what the pool was told; the
/// market is then stale, and a `poke`, by anyone, brings the counter back up to it. A fall that nobody notes hides the
/// next rise up to the level noted last: whoever covers a deficit pokes.
///
/// Where the market's registry names this contract as "UMBRELLA", a payment is supplied and burned against the
/// deficit by Aave's own function, in the same call; anywhere else it goes to the destination that the policy pins.
/// A reserve that cannot be supplied to now (frozen, paused, at its cap) refuses the payment: it stays set aside.
///
/// Up to Aave 3.6 a few units of worthless collateral keep a deficit from being booked; the latent estimate (5.6) is
/// for those accounts.
contract AaveSource is Adapter {
    using SafeERC20 for IERC20;

    /// Losses noted, and the level when that was; one word.
    struct Noted {
        uint128 cum;
        uint128 last;
    }

    /// Name under which Aave registers who may eliminate deficits.
    bytes32 private constant UMBRELLA = "UMBRELLA";

    /// Registry and pool of the Aave market.
    IAaveAddresses public immutable ADDRESSES;
    IAavePool public immutable AAVE;

    Noted public noted;

    /// The counter after a level was noted.
    event LevelNoted(uint128 counter, uint128 level);

    /// Losses from before the deployment are not counted.
    constructor(IInsurer pool, uint32 market, IAaveAddresses addresses, address asset) Adapter(pool, market, asset) {
        ADDRESSES = addresses;
        AAVE = IAavePool(addresses.getPool());
        noted = Noted(0, to128(AAVE.getReserveDeficit(asset)));
    }

    function counter() external view returns (uint128) {
        return live(level());
    }

    function read() external view returns (Reading memory r) {
        r.counter = live(level());
        r.rate = RATE;
        // What covers a deficit from elsewhere is no recovery of the pool: the pool's own payment to a destination
        // may be what covers it.
        r.supplied = to128(IERC20(AAVE.getReserveAToken(ASSET)).totalSupply());
    }

    /// Notes the level. The counter never falls below what the pool was told.
    function poke() external override returns (uint128 counted) {
        uint128 now_ = level();
        counted = live(now_);
        (address adapter, uint128 told) = POOL.told(MARKET);
        if (adapter == address(this) && told > counted) counted = told;
        note(counted, now_);
    }

    function pay(address asset, uint128 amount, address destination) external {
        requirePool(asset);
        uint128 owed = level();
        uint128 counted = live(owed);
        if (ADDRESSES.getAddress(UMBRELLA) == address(this)) cover(uint128(min(amount, owed)));
        else IERC20(ASSET).safeTransferFrom(msg.sender, destination, amount);
        // What the payment took off the level is no gain, and will be no new loss.
        note(counted, level());
    }

    /// Supplies `amount` and burns what came of it against the deficit. Aave rounds the burn up and the supply down:
    /// a unit or two of the deficit can remain.
    function cover(uint128 amount) private {
        if (amount == 0) revert NothingOwed();
        IERC20(ASSET).safeTransferFrom(msg.sender, address(this), amount);
        IERC20(ASSET).forceApprove(address(AAVE), amount);
        AAVE.supply(ASSET, amount, address(this), 0);
        AAVE.eliminateReserveDeficit(ASSET, IERC20(AAVE.getReserveAToken(ASSET)).balanceOf(address(this)));
    }

    function level() private view returns (uint128) {
        return to128(AAVE.getReserveDeficit(ASSET));
    }

    function live(uint128 now_) private view returns (uint128) {
        Noted memory n = noted;
        return now_ > n.last ? n.cum + (now_ - n.last) : n.cum;
    }

    function note(uint128 counted, uint128 now_) private {
        noted = Noted(counted, now_);
        emit LevelNoted(counted, now_);
    }
}
