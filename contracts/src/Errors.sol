// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// Refusals: one error each, named and numbered like the engine's (`crates/engine/src/error.rs`), with the
/// numbers that were compared. A refused call changes nothing (1.4).

// 1. time, token, amounts
error TimeBackwards(uint64 time, uint64 last);
error TimeTooLarge(uint64 time, uint64 most);
error TokenRefused();
error ReceiptDiffers(uint128 asked, uint256 received);
error CircularCover(uint32 market);
error Overflow();

// 2. tranches
error TrancheCount(uint8 given);
error NoSuchTranche(uint8 given, uint8 count);
error BelowMinimum(bytes32 what, uint128 given, uint128 least);
error NotEnoughShares(uint128 asked, uint128 unlocked);

// 3. policies and quotes
error NotTheBuyer(address caller);
error NotAnActuary(address signer);
error QuoteExpired(uint64 deadline, uint64 time);
error NonceUsed(uint64 nonce, uint64 least);
error CounterMoved(uint128 quoted, uint128 counter);
error EstimateOpen(uint32 market);
error LatestEndMoved(uint64 latestEnd, uint64 assumed);
error RequiredMoved(uint128 required, uint128 assumed);
error OutsideBounds(bytes32 what);
error PremiumTooLow(uint128 premium, uint128 least);
error MarketShareExceeded(uint128 charge, uint128 most);
error SlotsTaken(uint32 market);
error SourcePinned(uint32 market);
error PremiumAboveMaximum(uint128 premium, uint128 most);
error CapacityExceeded(uint128 required, uint128 capital);
error JuniorFloor(uint128 junior, uint128 floor);
error NothingToActivate(uint32 market);
error CannotCancel(uint32 market, bytes32 why);
error CannotFinalise(uint32 market, bytes32 why);

// 4. markets and settlement
error NoSuchMarket(uint32 market);
error TooManyMarkets();
error MarketStale(uint32 market);
error MarketsStale(uint8 count);
error NothingSetAside(uint32 market);

// 5. exits, latent loss, brake, pause
error MovesNothing();
error NothingToClear();
error NoSuchExit(uint32 exit);
error NotTheLeaver(uint32 exit);
error ExitVoid(uint32 exit);
error NothingToPay(uint32 exit);
error Paused(uint64 until);
error PauseOutOfBounds(uint64 from, uint64 most);
error NoRulesPending();
error EstimateOutOfCaps(uint128 amount, uint64 expiry, uint128 most, uint64 latest);
error RepostTooEarly(uint32 market, uint64 from);
error NoEstimate(uint32 market);
error OnIce();

// 6. recoveries
error NoSuchTicket(uint32 ticket);
error NothingToAssign(uint32 market);
error WrongCheckpoint(uint32 ticket, uint32 index);
error NothingToClaim(uint32 ticket);
error NoSuchLot(uint32 lot);
error LotOutOfBounds();
error LotTooDear(uint128 price, uint128 most);
error WriteOffTooEarly(uint32 ticket, uint64 from);
error TicketClosed(uint32 ticket);

// 7. mutual layer
error NoSuchBond(uint32 member);
error BondCallable(uint32 member, uint64 until);

// 9. roles and rules (roles that are keys are refused by OpenZeppelin's AccessManagedUnauthorized)
error NotAuthorised(address caller, bytes32 role);
error RuleOutOfBounds(bytes32 parameter);
error NoSurplus(uint128 reserve, uint128 target);
error NoFees();

// The contract alone
/// A call is running: the pool is not entered twice (4.5).
error Entered();
/// Only the share token of the tranche may ask this for its holders.
error NotTheShareToken(address caller);
/// Too little gas is left to read a market with its full stipend; a read must not fail by the caller's choice.
error NotEnoughGas();
/// The code at an adapter's address is not the code that the quote names (3.1).
error AdapterCode(address adapter, bytes32 code);
/// Fewer assets can be claimed than a withdrawal asks for.
error NotEnoughAssets(uint128 asked, uint128 claimable);
