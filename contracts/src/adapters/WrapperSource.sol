// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IERC4626} from "@openzeppelin/contracts/interfaces/IERC4626.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IInsurer} from "../interfaces/IInsurer.sol";
import {Reading} from "../interfaces/ILossSource.sol";
import {Adapter} from "./Adapter.sol";

/// Converts for a pool that settles in an ERC-4626 wrapper, where the market counts in the wrapper's asset (1.1).
///
/// It stands between the pool and an adapter of the protocol, which takes it for its pool: it hands the inner counter on
/// as it is, with the wrapper's rate, at which the pool converts each increase once; and it unwraps what the pool pays.
/// What the inner adapter does not take is wrapped again for the pool, which keeps it set aside.
///
/// The rate is what one unit converts to now, rounded down. A quote pins the rate that it was made at and the step by which
/// it may move an epoch; a rate outside makes the market stale, so that a wrapper whose price can be pushed for a
/// moment cannot turn a small loss into a large one. A wrapper whose assets stand in the insured market is refused at
/// purchase (1.1).
contract WrapperSource is Adapter, IInsurer {
    using SafeERC20 for IERC20;

    /// Units of the wrapper's asset whose shares are the rate.
    uint256 private constant ONE = 1e18;

    /// What the pool settles in.
    IERC4626 public immutable WRAPPER;
    /// What the market counts in.
    IERC20 public immutable LOST;
    /// Who names the inner adapter, once.
    address private immutable DEPLOYER;

    /// The adapter of the protocol; zero until it is named.
    Adapter public inner;

    /// The inner adapter is there for good.
    event Connected(address inner);

    /// Only the deployer names the inner adapter, before there is one.
    error NotConnectable(address caller, address inner);
    /// The inner adapter reads for another pool, or for another of its markets.
    error ReadsForAnother(address pool, uint32 market);

    constructor(IInsurer pool, uint32 market, IERC4626 wrapper) Adapter(pool, market, address(wrapper)) {
        WRAPPER = wrapper;
        LOST = IERC20(wrapper.asset());
        DEPLOYER = msg.sender;
    }

    /// Names the inner adapter, which was deployed with this contract for its pool. Quotes are for a connected one.
    function connect(Adapter adapter) external {
        if (msg.sender != DEPLOYER || address(inner) != address(0)) revert NotConnectable(msg.sender, address(inner));
        if (address(adapter.POOL()) != address(this) || adapter.MARKET() != MARKET) {
            revert ReadsForAnother(address(adapter.POOL()), adapter.MARKET());
        }
        inner = adapter;
        emit Connected(address(adapter));
    }

    // ---------------------------------------------------------------- for the pool

    function counter() external view returns (uint128) {
        return inner.counter();
    }

    /// The inner reading; the counter in units of the asset, the rest in shares. None of the inner adapters reports
    /// recoveries, whose shares would have to be kept.
    function read() external view returns (Reading memory r) {
        r = inner.read();
        uint256 rate = WRAPPER.convertToShares(ONE);
        r.rate = to128(rate);
        // Latent losses are rounded up, what is supplied down (1.2).
        r.latent = to128((uint256(r.latent) * rate + ONE - 1) / ONE);
        r.supplied = to128(uint256(r.supplied) * rate / ONE);
        r.recovered = 0;
    }

    function pay(address asset_, uint128 amount, address destination) external {
        requirePool(asset_);
        IERC20(ASSET).safeTransferFrom(msg.sender, address(this), amount);
        WRAPPER.redeem(amount, address(this), address(this));
        // With what was too little to be wrapped again before.
        uint128 assets = to128(LOST.balanceOf(address(this)));
        LOST.forceApprove(address(inner), assets);
        inner.pay(address(LOST), assets, destination);
        LOST.forceApprove(address(inner), 0);
        uint256 rest = LOST.balanceOf(address(this));
        if (rest == 0 || WRAPPER.convertToShares(rest) == 0) return;
        LOST.forceApprove(ASSET, rest);
        WRAPPER.deposit(rest, msg.sender);
    }

    function poke() external override returns (uint128) {
        return inner.poke();
    }

    // ---------------------------------------------------------------- for the inner adapter

    /// The token that the inner adapter counts and is paid in.
    function asset() external view returns (address) {
        return address(LOST);
    }

    function sync() external {
        POOL.sync();
    }

    /// What the pool was told, as if by the inner adapter: both count in the same unit.
    function told(uint32 market) external view returns (address adapter, uint128 counter_) {
        (adapter, counter_) = POOL.told(market);
        if (adapter == address(this)) adapter = address(inner);
    }
}
