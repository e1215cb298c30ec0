// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ATokenInstance} from "aave/instances/ATokenInstance.sol";
import {PoolConfiguratorInstance} from "aave/instances/PoolConfiguratorInstance.sol";
import {PoolInstance} from "aave/instances/PoolInstance.sol";
import {VariableDebtTokenInstance} from "aave/instances/VariableDebtTokenInstance.sol";
import {IDefaultInterestRateStrategyV2} from "aave/interfaces/IDefaultInterestRateStrategyV2.sol";
import {IPool} from "aave/interfaces/IPool.sol";
import {AaveOracle} from "aave/misc/AaveOracle.sol";
import {DefaultReserveInterestRateStrategyV2} from "aave/misc/DefaultReserveInterestRateStrategyV2.sol";
import {ACLManager} from "aave/protocol/configuration/ACLManager.sol";
import {PoolAddressesProvider} from "aave/protocol/configuration/PoolAddressesProvider.sol";
import {ConfiguratorInputTypes} from "aave/protocol/libraries/types/ConfiguratorInputTypes.sol";

/// A price that a test sets.
contract Dial {
    int256 public latestAnswer;

    constructor(int256 price) {
        latestAnswer = price;
    }

    function set(int256 price) external {
        latestAnswer = price;
    }
}

/// An Aave v3 market of two reserves, deployed as Aave deploys it: one is lent, the other stands as collateral.
contract AaveMarket {
    PoolAddressesProvider public immutable addresses;
    IPool public immutable pool;
    Dial public immutable lentPrice;
    Dial public immutable collateralPrice;
    address public immutable implementation;
    PoolConfiguratorInstance private immutable configurator;

    constructor(address lent, address collateral, int256 price) {
        addresses = new PoolAddressesProvider("market", address(this));
        addresses.setACLAdmin(address(this));
        ACLManager acl = new ACLManager(addresses);
        addresses.setACLManager(address(acl));
        acl.addPoolAdmin(address(this));
        DefaultReserveInterestRateStrategyV2 rates = new DefaultReserveInterestRateStrategyV2(address(addresses));
        implementation = address(new PoolInstance(addresses, rates));
        addresses.setPoolImpl(implementation);
        pool = IPool(addresses.getPool());
        addresses.setPoolConfiguratorImpl(address(new PoolConfiguratorInstance()));
        configurator = PoolConfiguratorInstance(addresses.getPoolConfigurator());
        lentPrice = new Dial(price);
        collateralPrice = new Dial(price);
        address[] memory assets = new address[](2);
        address[] memory sources = new address[](2);
        (assets[0], assets[1]) = (lent, collateral);
        (sources[0], sources[1]) = (address(lentPrice), address(collateralPrice));
        addresses.setPriceOracle(
            address(new AaveOracle(addresses, assets, sources, address(0), address(0), 1e8))
        );
        list(assets);
        configurator.setReserveBorrowing(lent, true);
        configurator.configureReserveAsCollateral(collateral, 8000, 8500, 10500);
    }

    function list(address[] memory assets) private {
        address aToken = address(new ATokenInstance(pool, address(0), address(this)));
        address debtToken = address(new VariableDebtTokenInstance(pool, address(0)));
        bytes memory rates = abi.encode(IDefaultInterestRateStrategyV2.InterestRateData(8000, 200, 400, 6000));
        ConfiguratorInputTypes.InitReserveInput[] memory inputs =
            new ConfiguratorInputTypes.InitReserveInput[](assets.length);
        for (uint256 i; i < assets.length; ++i) {
            inputs[i] = ConfiguratorInputTypes.InitReserveInput(
                aToken, debtToken, assets[i], "a", "a", "d", "d", "", rates
            );
        }
        configurator.initReserves(inputs);
    }

    /// Names who may eliminate deficits, as governance does.
    function setUmbrella(address who) external {
        addresses.setAddress("UMBRELLA", who);
    }

    function freeze(address asset, bool frozen) external {
        configurator.setReserveFreeze(asset, frozen);
    }
}
