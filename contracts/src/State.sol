// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

// What a pool stores. Concept by concept with the engine's names; what is written together stands together.
// Values that follow from others are not stored: unearned premium (from rates and buckets, 3.6), a policy's limit
// left and charge (3.5), an exit's generation.
//
// Optional numbers are kept plus one, zero for none. Amounts are in units of the settlement token, times in
// seconds, fractions in millionths, rates in 2^-64 units a second.

// Most tranches a pool can have (2.1).
uint256 constant TRANCHES_MAX = 4;
// Most markets that are insured at one time (4.2).
uint256 constant MARKETS_MAX = 16;
// Streams fed by premium: one a tranche, then the reserve (3.6).
uint256 constant PREMIUM_STREAMS = 5;
// The reserve's premium stream.
uint256 constant RESERVE_STREAM = 4;
// All streams: those of premium, then the surplus of the reserve to each tranche (1.5).
uint256 constant STREAMS = 9;
// Longest run-off of a policy after its end (3.3).
uint256 constant RUN_OFF = 28 days;
// One year of 365 days: the unit of annual rates.
uint256 constant YEAR = 365 days;
// A multiplier of the scarcity curve of one (3.4).
uint256 constant MULTIPLIER_ONE = 1e9;
// A rate of one, settlement units per source unit (1.1).
uint256 constant RATE_ONE = 1e18;
// No due date.
uint40 constant NEVER = type(uint40).max;
// Largest time. The engine's is 2^40; half of it keeps every sum of a time and a term in 40 bits.
uint256 constant TIME_MAX = 1 << 39;

/// One share class: what its shares stand for (2.2).
struct Class {
    uint128 assets;
    uint128 shares;
}

/// One tranche: its classes, and its queue of exits (5.3).
struct Tranche {
    Class active;
    Class queued;
    /// Queued shares that are cleared and not yet paid.
    uint128 cleared;
    uint32 activeGeneration;
    uint32 queuedGeneration;
    /// Place in the queue of the oldest exit that is not fully cleared.
    uint32 head;
    /// Exits that ever stood in the queue; it is empty when head = tail.
    uint32 tail;
    /// Exits of this tranche with a lower number are void: their class has closed (2.3).
    uint32 voidBelow;
    /// Exits in order of request, four a word: the exit's number, and above it the place plus one of the request
    /// before it of the same owner.
    mapping(uint256 word => uint256) queue;
}

/// One stream (3.6), as it was when the streams were last anchored.
struct Stream {
    uint128 rate;
    /// Earned and not moved at the anchor, in 2^-64 units.
    uint128 carry;
}

/// Rates that begin and end at one boundary.
struct BucketEntry {
    uint128 starts;
    uint128 ends;
}

/// A balance with its past (6.2): the last checkpoint here, earlier ones in `past`.
struct Track {
    uint128 balance;
    uint32 generation;
    /// Tickets that had been booked when the balance was written.
    uint32 since;
    /// Number of earlier checkpoints.
    uint32 length;
    /// Epoch of the last deposit; of queued shares the place plus one of their owner's newest request.
    uint32 lockEpoch;
    /// Deposited in `lockEpoch`, and in the epoch before it (5.1); active shares only.
    uint128 lockedThis;
    uint128 lockedPrevious;
    mapping(uint256 index => Checkpoint) past;
}

/// A balance, valid for every ticket from `since` on until the next checkpoint.
struct Checkpoint {
    uint128 balance;
    uint32 generation;
    uint32 since;
}

/// A request to leave (5).
struct Exit {
    address owner;
    uint40 cooledAt;
    uint40 deadline;
    uint8 tranche;
    /// Longest term when it was requested: latent losses are void from `cooledAt` and so many epochs on (5.6).
    uint8 termEpochs;
    /// Queued shares, and the active shares that were given for them.
    uint128 shares;
    uint128 burned;
    uint128 cleared;
    uint128 paid;
}

/// Where a policy stands (3.3).
enum Status {
    None,
    Pending,
    Active,
    RunOff,
    Ended
}

/// A policy and what became of it (3). Starts and ends are boundaries, kept as epochs.
struct Policy {
    address buyer;
    uint32 startEpoch;
    uint32 endEpoch;
    uint8 termEpochs;
    Status status;
    bool cancelled;
    /// `firstLimit` and `firstStartEpoch` differ from limit and start: a renewal (4.4).
    bool chained;
    uint128 limit;
    uint128 eventLimit;
    uint128 premium;
    /// Capital charge at purchase (3.5).
    uint128 charge;
    /// Counter up to which losses are booked or out of scope.
    uint128 seen;
    /// In run-off: increase that it still pays for.
    uint128 runOffLeft;
    uint32 id;
    uint32 tickets;
    /// Callable bond plus one.
    uint32 member;
    uint32 eventEpoch;
    uint24 coinsurance;
    uint24[4] split;
    bytes32 digest;
    uint128 deductibleLeft;
    uint128 bondLeft;
    uint128 bonus;
    uint128 eligibleCum;
    uint128 insuredCum;
    uint128 paidCum;
    uint128 eventThis;
    uint128 eventPrevious;
    uint128 firstLimit;
    uint32 firstStartEpoch;
    /// In run-off: first second at which it no longer pays.
    uint40 runOffUntil;
}

/// A market known to the pool (4).
struct Market {
    /// Reads its losses; zero when the market is unknown.
    address adapter;
    /// Lowest nonce a quote may carry (3.2).
    uint64 nonce;
    bool stale;
    /// The source counts in another unit than the pool (1.1).
    bool converts;
    /// Which of `policies` is the older one.
    uint8 first;
    /// Loss counter in the pool's unit, and the source's own at the last good reading.
    uint128 counter;
    uint128 sourceCounter;
    uint128 measured;
    uint128 supplied;
    /// Recovered by the source on booked losses, and the part passed on or set off already (6.1).
    uint128 recovered;
    uint128 passedOn;
    /// Rate used last for an increase, and when (1.1).
    uint128 rate;
    uint40 rateAt;
    uint32 rateStep;
    uint128 rateInitial;
    /// Paid by the layers and not yet accepted (4.5).
    uint128 setAside;
    /// Recoveries received and not yet assigned to a ticket (6.1).
    uint128 unassigned;
    address destination;
    uint32 oldestTicket;
    uint32 newestTicket;
    /// Open latent estimate (5.6), valid until `expiry`; zero expiry for none. A lower amount acts at `lowerAt`.
    uint128 estimate;
    uint128 lowerTo;
    uint40 expiry;
    uint40 lowerAt;
    uint40 repostFrom;
    /// Code of the adapter at purchase (3.1).
    bytes32 code;
    /// Policy `(first + slot) % 2`: the older one is slot 0, its successor slot 1.
    Policy[2] policies;
}

/// Amounts by layer, in the order in which the layers pay (4.6).
struct Layers {
    uint128 deductible;
    uint128 coinsured;
    uint128 reserve;
    uint128 uncovered;
    uint128[4] tranches;
    uint128 ownBond;
    uint128 called;
}

/// The record of one settled loss, as far as later calls need it; `TicketBooked` has all of it (4.6).
struct Ticket {
    address buyer;
    uint40 time;
    uint40 lastRecovery;
    bool writtenOff;
    uint32 market;
    /// Next ticket of the same market, plus one.
    uint32 next;
    /// The sufferer's own bond, plus one.
    uint32 member;
    uint32 mutualGeneration;
    uint40 writeOffNotice;
    uint128 mutualSupply;
    uint128 buyerDue;
    Layers lost;
    Layers recovered;
    uint32[4] activeGeneration;
    uint32[4] queuedGeneration;
    /// Part of each tranche's loss that its queued class bore.
    uint128[4] queuedLoss;
    uint128[4] activeSupply;
    uint128[4] queuedSupply;
}

/// A callable bond in the mutual layer (7.1).
struct Member {
    address owner;
    uint40 until;
    uint32 policy;
    /// Market of the policy: where to look whether it is in run-off.
    uint32 market;
    uint128 bond;
    Track units;
    mapping(uint256 ticket => uint256) claimed;
}

/// A lot for sale (6.3).
struct Lot {
    uint128 start;
    uint128 floor;
    address soldTo;
    uint40 opened;
    uint32 duration;
    uint32 ticket;
    bytes32 goods;
}

/// A point of the scarcity curve (3.4).
struct Knot {
    uint24 point;
    uint64 multiplier;
}

/// Parameters of a pool (2.4); `Rules.validate` states the bounds.
struct RuleSet {
    uint128 depositMin;
    uint64 earnRateMax;
    uint24 fee;
    uint24 juniorFloor;
    uint128 exitMin;
    uint32 cooldown;
    uint32 waiting;
    uint32 earlyPeriod;
    uint8 termEpochsMax;
    uint24 cancelShare;
    uint128 ticketMin;
    uint32 earlyMultiple;
    uint32 mutualMultiple;
    uint32 latentTermMax;
    uint32 pauseMax;
    uint128 reserveTarget;
    uint24 latentShareMax;
    uint8 surplusEpochs;
    uint24[4] surplusSplit;
    uint128 limitMax;
    uint32 rateMin;
    uint24 marketShareMax;
    uint8 knots;
    address feeRecipient;
    Knot[8] scarcity;
}

/// The whole pool.
struct State {
    /// Last second up to which everything is booked.
    uint40 time;
    /// Earliest second at which an estimate, a policy, a run-off or a rule change falls due.
    uint40 due;
    /// Largest end, with run-off, of all policies bought (5.2).
    uint40 latestEnd;
    uint40 pausedUntil;
    uint40 pauseFrom;
    /// When the streams were last anchored.
    uint40 anchor;
    uint8 trancheCount;
    /// Live markets that are stale (4.2).
    uint8 stale;
    /// Tokens booked as held (1.3), and the reserve.
    uint128 tokens;
    uint128 reserve;
    uint32 tickets;
    uint32 exits;
    uint32 policies;
    uint32 members;
    uint32 lots;
    uint32 mutualGeneration;
    uint16 runningStreams;
    uint8 liveCount;
    /// Open latent estimates.
    uint8 estimates;
    bool wrapper;
    /// Live markets in ascending order (4.2).
    uint32[16] live;
    uint128 fees;
    /// Fractions of the fee not yet charged, 24 bits a stream.
    uint128 feeRemainders;
    uint128 bonus;
    uint128 bonds;
    uint128 setAside;
    uint128 assigned;
    uint128 unassigned;
    uint128 required;
    Class mutual;
    /// The pool at the last epoch boundary (3.4, 5.7).
    uint128 boundaryUnqueued;
    uint128 boundaryQueued;
    uint128 boundaryTotal;
    /// When the pending rules act; zero when none wait (5.5).
    uint40 rulesAt;
    Tranche[4] tranches;
    Stream[9] streams;
    RuleSet rules;
    RuleSet pendingRules;
    address asset;
    /// Bit e % 256 of word e / 256 is set when a rate begins or ends at epoch e.
    mapping(uint256 word => uint256) bucketMap;
    mapping(uint256 epoch => BucketEntry[9]) buckets;
    mapping(uint256 market => Market) markets;
    mapping(uint256 exit => Exit) exit;
    mapping(uint256 ticket => Ticket) ticket;
    mapping(uint256 member => Member) member;
    mapping(uint256 lot => Lot) lot;
    mapping(address owner => Track)[4] active;
    mapping(address owner => Track)[4] queued;
    /// Claimed of a ticket by owner, tranche and class (6.2).
    mapping(uint256 ticket => mapping(address owner => uint128[8])) claimed;
    /// Burned shares redeemed of an exit that do not make up one queued share (ERC-7540).
    mapping(uint256 exit => uint256) loose;
}

// Where the pool and its modules find the state: one place, by name (ERC-7201, "seawall.pool"), so that no base
// contract can move it.
function pool() pure returns (State storage s) {
    bytes32 slot = 0x1f3ca5ccd57fbc23542d4e947f5572016b90e7abbae3857a33721ce891304a00;
    assembly ("memory-safe") {
        s.slot := slot
    }
}
