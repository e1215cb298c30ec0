// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";
import {Fixed} from "./Fixed.sol";
import {IPool} from "./interfaces/IPool.sol";
import {Class, Exit} from "./State.sol";
import {Tranches} from "./Tranche.sol";

/// Active shares of one tranche as a token: ERC-4626 for deposits, ERC-7540 for requests to leave. It keeps no
/// balances of its own, the pool has them, with their past (6.2); here are allowances and the standards' names.
///
/// A closed class (2.3) takes all balances to zero without a Transfer of each.
contract ShareToken is ERC20 {
    event Deposit(address indexed sender, address indexed owner, uint256 assets, uint256 shares);
    event RedeemRequest(
        address indexed controller, address indexed owner, uint256 indexed requestId, address sender, uint256 shares
    );

    /// ERC-7540: a request belongs to who owned the shares.
    error ControllerIsNotOwner(address controller, address owner);

    IPool public immutable pool;
    address public immutable asset;
    uint8 public immutable tranche;
    uint8 private immutable DECIMALS;

    constructor(address pool_, address asset_, uint8 tranche_)
        ERC20(
            string.concat("Seawall tranche ", Strings.toString(tranche_)),
            string.concat("sw", Strings.toString(tranche_))
        )
    {
        pool = IPool(pool_);
        asset = asset_;
        tranche = tranche_;
        DECIMALS = IERC20Metadata(asset_).decimals() + 3;
    }

    /// Shares are a thousand times finer than assets (2.2).
    function decimals() public view override returns (uint8) {
        return DECIMALS;
    }

    function totalSupply() public view override returns (uint256) {
        return class().shares;
    }

    function balanceOf(address owner) public view override returns (uint256 held) {
        (held,,) = pool.sharesOf(tranche, owner);
    }

    function _update(address from, address to, uint256 shares) internal override {
        if (shares != 0) pool.transferShares(tranche, from, to, Fixed.to128(shares));
        emit Transfer(from, to, shares);
    }

    // ---------------------------------------------------------------- ERC-4626, deposits

    function totalAssets() external view returns (uint256) {
        return class().assets;
    }

    /// What `assets` would buy with the books as they stand; an accrual on the way may give less.
    function convertToShares(uint256 assets) public view returns (uint256) {
        return Tranches.sharesFor(class(), Fixed.to128(assets));
    }

    function convertToAssets(uint256 shares) external view returns (uint256) {
        Class memory c = class();
        return c.shares == 0 ? 0 : Fixed.mulDivDown(Fixed.to128(shares), c.assets, c.shares);
    }

    function previewDeposit(uint256 assets) external view returns (uint256) {
        return convertToShares(assets);
    }

    function deposit(uint256 assets, address receiver) external returns (uint256 shares) {
        shares = pool.deposit(tranche, msg.sender, receiver, Fixed.to128(assets));
        emit Transfer(address(0), receiver, shares);
        emit Deposit(msg.sender, receiver, assets, shares);
    }

    // ---------------------------------------------------------------- ERC-7540, requests to leave

    /// Asks to leave with unlocked shares of `owner` (5.1). The request is numbered by its exit.
    function requestRedeem(uint256 shares, address controller, address owner) external returns (uint256 requestId) {
        if (controller != owner) revert ControllerIsNotOwner(controller, owner);
        if (owner != msg.sender) _spendAllowance(owner, msg.sender, shares);
        requestId = pool.requestExit(tranche, owner, Fixed.to128(shares));
        emit Transfer(owner, address(0), shares);
        emit RedeemRequest(controller, owner, requestId, msg.sender, shares);
    }

    /// Queued shares of a request that are not cleared yet.
    function pendingRedeemRequest(uint256 requestId, address controller) external view returns (uint256) {
        (Exit memory exit, bool isVoid) = pool.exitOf(uint32(requestId));
        return isVoid || exit.owner != controller || exit.tranche != tranche ? 0 : exit.shares - exit.cleared;
    }

    /// Queued shares of a request that are cleared and can be claimed now; a latent loss holds a part back (5.4).
    function claimableRedeemRequest(uint256 requestId, address controller) external view returns (uint256) {
        (Exit memory exit, bool isVoid) = pool.exitOf(uint32(requestId));
        if (isVoid || exit.owner != controller || exit.tranche != tranche) return 0;
        uint256 latent;
        if (block.timestamp < exit.cooledAt + uint256(exit.termEpochs) * Fixed.EPOCH) latent = pool.latentShare(tranche);
        return Fixed.saturatingSub(Fixed.partDown(exit.cleared, Fixed.MILLION - latent), exit.paid);
    }

    function class() private view returns (Class memory) {
        return pool.activeClass(tranche);
    }
}
