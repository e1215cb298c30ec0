// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";
import {ReceiptDiffers} from "./Errors.sol";
import {Fixed} from "./Fixed.sol";
import {IPool} from "./interfaces/IPool.sol";
import {Class, Exit} from "./State.sol";
import {Tranches} from "./Tranche.sol";

/// Active shares of one tranche as a token: ERC-4626 for deposits, ERC-7540 for requests to leave, ERC-7575 for who
/// looks for the share of a vault. It keeps no balances of its own, the pool has them, with their past (6.2); here
/// are allowances, operators and the standards' names.
///
/// - Previews know the premium earned by now, and no loss that is not booked: a loss only makes shares cheaper.
/// - A request is counted in the shares that were given for it, whatever the pool makes of them (5.1).
/// - `max` answers 0 while a market shows what is not booked yet; any command books it, `sync` does only that.
/// - Deposits take an allowance of the caller for this token, or, if that is large enough, the one for the pool,
///   which serves all tranches and saves a transfer.
/// - A closed class (2.3) takes all balances to zero without a Transfer of each.
contract ShareToken is ERC20 {
    using SafeERC20 for IERC20;

    event Deposit(address indexed sender, address indexed owner, uint256 assets, uint256 shares);
    event Withdraw(
        address indexed sender, address indexed receiver, address indexed owner, uint256 assets, uint256 shares
    );
    event RedeemRequest(
        address indexed controller, address indexed owner, uint256 indexed requestId, address sender, uint256 shares
    );
    event OperatorSet(address indexed controller, address indexed operator, bool approved);

    /// A request belongs to who owned the shares: recoveries of losses that it bears go there (6.2).
    error ControllerIsNotOwner(address controller, address owner);
    /// ERC-7540: only the controller and its operators claim.
    error NotAnOperator(address controller, address caller);
    /// ERC-7540: what a request will bring is not known before it can be claimed.
    error RedemptionIsAsynchronous();

    IPool public immutable pool;
    address public immutable asset;
    uint8 public immutable tranche;
    uint8 private immutable DECIMALS;

    /// Who may request and claim for a controller (ERC-7540).
    mapping(address controller => mapping(address operator => bool)) public isOperator;

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
        // What this token takes from a depositor it holds for the length of one call.
        IERC20(asset_).forceApprove(pool_, type(uint256).max);
    }

    // ---------------------------------------------------------------- ERC-20, ERC-165, ERC-7575

    /// Shares are a thousand times finer than assets (2.2).
    function decimals() public view override returns (uint8) {
        return DECIMALS;
    }

    function totalSupply() public view override returns (uint256) {
        return pool.activeClass(tranche).shares;
    }

    function balanceOf(address owner) public view override returns (uint256 held) {
        (held,,) = pool.sharesOf(tranche, owner);
    }

    function _update(address from, address to, uint256 shares) internal override {
        if (shares != 0) pool.transferShares(tranche, from, to, Fixed.to128(shares));
        emit Transfer(from, to, shares);
    }

    /// ERC-165, ERC-7540 (operators, asynchronous redemption), ERC-7575 (vault and share).
    function supportsInterface(bytes4 id) external pure returns (bool) {
        return id == 0x01ffc9a7 || id == 0xe3bc4e65 || id == 0x620ee8e4 || id == 0x2f0a18c5 || id == 0xf815c03d;
    }

    /// The share of this vault: itself.
    function share() external view returns (address) {
        return address(this);
    }

    /// The vault of this share for an asset: itself, or none.
    function vault(address asset_) external view returns (address) {
        return asset_ == asset ? address(this) : address(0);
    }

    // ---------------------------------------------------------------- ERC-4626, deposits

    /// Assets of the active class, with the premium earned by now.
    function totalAssets() external view returns (uint256) {
        return class().assets;
    }

    /// Shares for `assets` by the price now, rounded down.
    function convertToShares(uint256 assets) public view returns (uint256) {
        return Tranches.sharesFor(class(), Fixed.to128(assets));
    }

    /// Assets for `shares` by the price now, rounded down; a class without shares opens at a thousand an asset.
    function convertToAssets(uint256 shares) external view returns (uint256) {
        Class memory c = class();
        if (c.shares == 0) return Fixed.to128(shares) / Tranches.SHARES_PER_ASSET;
        return Fixed.mulDivDown(Fixed.to128(shares), c.assets, c.shares);
    }

    /// Most that anyone can deposit now.
    function maxDeposit(address) public view returns (uint256) {
        return pool.depositMost(tranche);
    }

    /// Most that anyone can mint now.
    function maxMint(address receiver) external view returns (uint256) {
        return Tranches.sharesFor(class(), maxDeposit(receiver));
    }

    function previewDeposit(uint256 assets) external view returns (uint256) {
        return convertToShares(assets);
    }

    /// Smallest deposit that mints `shares`, rounded up.
    function previewMint(uint256 shares) external view returns (uint256) {
        return Tranches.assetsFor(class(), Fixed.to128(shares));
    }

    /// Deposits `assets` of the caller: shares for the receiver, rounded down.
    function deposit(uint256 assets, address receiver) external returns (uint256 shares) {
        address payer = collect(assets);
        shares = pool.deposit(tranche, payer, receiver, Fixed.to128(assets));
        minted(receiver, assets, shares);
    }

    /// Mints exactly `shares` for the receiver against the caller's assets, rounded up.
    ///
    /// A loss booked on the way makes them cheaper; what was collected too much is given back.
    function mint(uint256 shares, address receiver) external returns (uint256 assets) {
        uint256 most = Tranches.assetsFor(class(), Fixed.to128(shares));
        address payer = collect(most);
        assets = pool.mint(tranche, payer, receiver, Fixed.to128(shares));
        if (payer == address(this) && assets < most) IERC20(asset).safeTransfer(msg.sender, most - assets);
        minted(receiver, assets, shares);
    }

    /// Who pays the pool: the caller, when the pool has its allowance; else this token, once it has the assets.
    function collect(uint256 assets) private returns (address payer) {
        IERC20 token = IERC20(asset);
        if (token.allowance(msg.sender, address(pool)) >= assets) return msg.sender;
        uint256 before = token.balanceOf(address(this));
        token.safeTransferFrom(msg.sender, address(this), assets);
        uint256 received = token.balanceOf(address(this)) - before;
        if (received != assets) revert ReceiptDiffers(Fixed.to128(assets), received);
        return address(this);
    }

    function minted(address receiver, uint256 assets, uint256 shares) private {
        emit Transfer(address(0), receiver, shares);
        emit Deposit(msg.sender, receiver, assets, shares);
    }

    // ---------------------------------------------------------------- ERC-7540, requests to leave

    /// Lets an operator request and claim for the caller, or not any more.
    function setOperator(address operator, bool approved) external returns (bool) {
        isOperator[msg.sender][operator] = approved;
        emit OperatorSet(msg.sender, operator, approved);
        return true;
    }

    /// Asks to leave with unlocked shares of `owner` (5.1): by the owner, an operator, or who has an allowance. The
    /// request is numbered by its exit.
    function requestRedeem(uint256 shares, address controller, address owner) external returns (uint256 requestId) {
        if (controller != owner) revert ControllerIsNotOwner(controller, owner);
        if (owner != msg.sender && !isOperator[owner][msg.sender]) _spendAllowance(owner, msg.sender, shares);
        requestId = pool.requestExit(tranche, owner, Fixed.to128(shares));
        emit Transfer(owner, address(0), shares);
        emit RedeemRequest(controller, owner, requestId, msg.sender, shares);
    }

    /// Shares of a request that cannot be claimed yet: it has not cleared (5.3), or a latent loss holds a part (5.4).
    function pendingRedeemRequest(uint256 requestId, address controller) external view returns (uint256 pending) {
        if (isRequest(requestId, controller)) (pending,) = pool.requestOf(uint32(requestId));
    }

    /// Shares of a request that can be claimed now.
    function claimableRedeemRequest(uint256 requestId, address controller) external view returns (uint256 claimable) {
        if (isRequest(requestId, controller)) (, claimable) = pool.requestOf(uint32(requestId));
    }

    function isRequest(uint256 requestId, address controller) private view returns (bool) {
        if (requestId > type(uint32).max) return false;
        (Exit memory exit, bool isVoid) = pool.exitOf(uint32(requestId));
        return !isVoid && exit.owner == controller && exit.tranche == tranche;
    }

    /// Shares that `redeem` takes now, over all requests of a controller.
    function maxRedeem(address controller) external view returns (uint256 shares) {
        (shares,) = pool.claimableOf(tranche, controller);
    }

    /// Assets that `withdraw` brings now, over all requests of a controller.
    function maxWithdraw(address controller) external view returns (uint256 assets) {
        (, assets) = pool.claimableOf(tranche, controller);
    }

    function previewRedeem(uint256) external pure returns (uint256) {
        revert RedemptionIsAsynchronous();
    }

    function previewWithdraw(uint256) external pure returns (uint256) {
        revert RedemptionIsAsynchronous();
    }

    /// Claims `shares` of a controller's requests, oldest first, for a receiver: assets, rounded down.
    function redeem(uint256 shares, address receiver, address controller) external returns (uint256 assets) {
        requireOperator(controller);
        (, assets) = pool.redeemExits(tranche, controller, receiver, Fixed.to128(shares), 0);
        emit Withdraw(msg.sender, receiver, controller, assets, shares);
    }

    /// Claims exactly `assets` of a controller's requests, oldest first, for a receiver: shares of the requests.
    function withdraw(uint256 assets, address receiver, address controller) external returns (uint256 shares) {
        requireOperator(controller);
        (shares,) = pool.redeemExits(tranche, controller, receiver, 0, Fixed.to128(assets));
        emit Withdraw(msg.sender, receiver, controller, assets, shares);
    }

    function requireOperator(address controller) private view {
        if (msg.sender != controller && !isOperator[controller][msg.sender]) {
            revert NotAnOperator(controller, msg.sender);
        }
    }

    /// The active class as a deposit in this second meets it.
    function class() private view returns (Class memory) {
        return pool.accruedClass(tranche);
    }
}
