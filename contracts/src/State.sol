// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

// What a pool stores. Concept by concept with the engine's names; what is written together stands together.
// Values that follow from others are not stored: what premium did since the anchor (3.6), unearned premium, a
// policy's rates, its limit left and charge (3.5), its insured loss (4.3), what is cleared of an exit, its generation,
// the hash of an adapter's code (it cannot change).
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
// Bits of `State.flags`: tranches 0 to 3, then this.
uint8 constant CLOSING = 16;
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
    /// Assets as they were at the anchor and what came and went since, modulo 2^128: `Premium.active` adds what they
    /// earned since.
    Class active;
    /// Without shares it is empty and is not read; a mark then stands in it, so that the slot never falls to zero.
    Class queued;
    /// Queued shares that are cleared and not yet paid, and those of the exit at the head that are cleared.
    uint128 cleared;
    uint128 headCleared;
    uint32 activeGeneration;
    uint32 queuedGeneration;
    /// Place in the queue of the oldest exit that is not fully cleared; places count from one.
    uint32 head;
    /// First free place; the queue is empty when head = tail.
    uint32 tail;
    /// Number of the exit at the head.
    uint32 headExit;
    /// Exits of this tranche with a lower number are void: their class has closed (2.3).
    uint32 voidBelow;
    /// Deadline of the last exit in the queue (5.2).
    uint40 tailDeadline;
    /// Exits in order of request, four a word: the exit's number, and above it the place of the request before it of
    /// the same owner, zero for none.
    mapping(uint256 word => uint256) queue;
}

/// Two streams (3.6), as they were at the anchor. A carry is earned and not moved, in 2^-64 units; a remainder the
/// fraction of the fee not yet charged, in millionths.
struct StreamPair {
    uint128 rateA;
    uint128 rateB;
    uint80 carryA;
    uint80 carryB;
    uint24 remainderA;
    uint24 remainderB;
    /// Set, so that the slot never falls to zero.
    uint48 mark;
}

/// The stream of the reserve.
struct StreamSingle {
    uint128 rate;
    uint80 carry;
    uint24 remainder;
    uint24 mark;
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
    /// Active shares: twice the epoch of the last deposit, plus one when the whole balance is locked by it. Queued
    /// shares: place of their owner's newest request, zero for none.
    uint32 tag;
    /// Deposited in the epoch of `tag`, and in the epoch before it (5.1), where that is not the whole balance.
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

/// A request to leave (5), as it is kept: what is cleared follows from its place in the queue.
struct Request {
    /// Queued shares.
    uint128 shares;
    /// The active shares that were given for them: upper 32 bits; the others stand with the owner.
    uint32 burnedHigh;
    uint40 cooledAt;
    /// Seconds from `cooledAt` to the deadline.
    uint32 wait;
    uint8 tranche;
    /// Longest term when it was requested: latent losses are void from `cooledAt` and so many epochs on (5.6).
    uint8 termEpochs;
    /// Nothing is redeemed, a part (then `part` says how much), or all.
    uint8 paid;
    address owner;
    uint96 burnedLow;
}

/// What was redeemed of a request, where that is not all of it.
struct Part {
    /// Queued shares.
    uint128 paid;
    /// Burned shares that do not make up one queued share (ERC-7540).
    uint128 loose;
}

// A part of an exit is redeemed.
uint8 constant PAID_PART = 1;
// All of it is paid.
uint8 constant PAID_ALL = 2;

/// A request to leave, as readers see it.
struct Exit {
    address owner;
    uint40 cooledAt;
    uint40 deadline;
    uint8 tranche;
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

// It was cancelled.
uint8 constant CANCELLED = 1;
// `firstLimit` and `firstStartEpoch` differ from limit and start: a renewal (4.4).
uint8 constant CHAINED = 2;
// Its event limit is its limit, and not stored.
uint8 constant EVENT_IS_LIMIT = 4;
// Its bonus went to the reserve.
uint8 constant BONUS_GONE = 8;
// It was bought with a bonus.
uint8 constant HAS_BONUS = 16;
// It was bought with a deductible.
uint8 constant HAS_DEDUCTIBLE = 32;

/// A policy and what became of it (3). Starts and ends are boundaries, kept as epochs. What changes by a loss
/// stands beside what a purchase sets.
struct Policy {
    address buyer;
    uint24 startEpoch;
    uint24 endEpoch;
    uint8 termEpochs;
    Status status;
    uint8 flags;
    uint24 coinsurance;
    uint32 id;
    uint32 tickets;
    /// Callable bond plus one.
    uint32 member;
    uint24 eventEpoch;
    /// In run-off: first second at which it no longer pays.
    uint40 runOffUntil;
    /// Parts of the premium by tranche, 24 bits each.
    uint96 split;
    uint128 limit;
    uint128 eligibleCum;
    uint128 premium;
    uint128 paidCum;
    /// Capital charge at purchase (3.5).
    uint128 charge;
    /// Counter up to which losses are booked or out of scope.
    uint128 seen;
    bytes32 digest;
    /// The event limit and its window (4.3), where it is below the limit: else it cannot bind.
    uint128 eventLimit;
    uint128 eventThis;
    uint128 eventPrevious;
    /// Set aside at purchase (3.7).
    uint128 bonus;
    uint128 deductibleLeft;
    uint128 bondLeft;
    uint128 firstLimit;
    uint32 firstStartEpoch;
    /// In run-off: increase that it still pays for.
    uint128 runOffLeft;
}

/// What every reading of a market needs: it stands in the list of live markets while it is there (4.2).
struct Listing {
    /// Reads its losses; zero when the market is unknown.
    address adapter;
    uint32 id;
    uint32 oldestTicket;
    bool stale;
    /// The source counts in another unit than the pool (1.1).
    bool converts;
    /// Which of `policies` is the older one.
    uint8 first;
    /// The older one has a successor: else the other place is free.
    bool second;
}

/// A market known to the pool (4).
struct Market {
    /// While it is not live.
    Listing parked;
    address destination;
    /// Lowest nonce a quote may carry (3.2).
    uint64 nonce;
    uint32 newestTicket;
    /// Loss counter in the pool's unit.
    uint128 counter;
    uint128 supplied;
    uint128 measured;
    /// Recovered by the source on booked losses, and the part passed on or set off already (6.1).
    uint128 recovered;
    uint128 passedOn;
    /// Paid by the layers and not yet accepted (4.5).
    uint128 setAside;
    /// Recoveries received and not yet assigned to a ticket (6.1).
    uint128 unassigned;
    /// Open latent estimate (5.6), valid until `expiry`; zero expiry for none. A lower amount acts at `lowerAt`.
    uint128 estimate;
    uint128 lowerTo;
    uint40 expiry;
    uint40 lowerAt;
    uint40 repostFrom;
    /// Where it converts: the source's own counter at the last good reading; the rate used last, and when (1.1).
    uint128 sourceCounter;
    uint128 rate;
    uint128 rateInitial;
    uint32 rateStep;
    uint40 rateAt;
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

/// What one tranche lost by a ticket, and who held it then: only where it lost anything.
struct Cohort {
    uint128 lost;
    /// Part that its queued class bore.
    uint128 queuedLoss;
    uint128 activeSupply;
    uint128 queuedSupply;
    uint32 activeGeneration;
    uint32 queuedGeneration;
}

/// The record of one settled loss, as far as later calls need it; `TicketBooked` has all of it (4.6).
struct Ticket {
    address buyer;
    uint40 time;
    uint32 market;
    bool writtenOff;
    /// Next ticket of the same market, plus one.
    uint32 next;
    /// The sufferer's own bond, plus one.
    uint32 member;
    uint32 mutualGeneration;
    /// Time of the last recovery; zero for none.
    uint40 lastRecovery;
    uint40 writeOffNotice;
    uint128 reserve;
    uint128 deductible;
    uint128 coinsured;
    uint128 uncovered;
    uint128 ownBond;
    uint128 called;
    uint128 mutualSupply;
    uint128 buyerDue;
    Cohort[4] cohorts;
    Layers recovered;
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

/// Parameters of a pool (2.4); `Rules.validate` states the bounds. What one command needs stands in one slot.
struct RuleSet {
    uint128 exitMin;
    uint64 earnRateMax;
    uint24 fee;
    uint32 cooldown;
    uint8 termEpochsMax;
    uint128 depositMin;
    uint24 juniorFloor;
    uint32 waiting;
    uint32 rateMin;
    uint24 marketShareMax;
    uint8 knots;
    uint128 ticketMin;
    uint32 earlyPeriod;
    uint32 earlyMultiple;
    uint32 mutualMultiple;
    uint32 pauseMax;
    uint128 limitMax;
    uint32 latentTermMax;
    uint24 latentShareMax;
    uint24 cancelShare;
    uint8 surplusEpochs;
    uint128 reserveTarget;
    uint24[4] surplusSplit;
    address feeRecipient;
    Knot[8] scarcity;
}

/// The whole pool.
struct State {
    /// Tokens booked as held (1.3).
    uint128 tokens;
    /// Last second up to which everything is booked.
    uint40 time;
    uint32 exits;
    uint32 tickets;
    /// Live markets, and those of them that are stale (4.2).
    uint8 liveCount;
    uint8 stale;
    /// Tranches whose queued class has shares, by bit: the others' is not read. And `CLOSING`: a class may have to close at
    /// the next command (2.3).
    uint8 flags;
    /// Earliest second at which an estimate, a policy, a run-off or a rule change falls due.
    uint40 due;
    /// Largest end, with run-off, of all policies bought (5.2).
    uint40 latestEnd;
    uint40 pausedUntil;
    /// The moment at which streams, active classes, reserve and fees are kept (`Premium`).
    uint40 anchor;
    /// Streams that run, or hold a whole unit that they have yet to move.
    uint16 running;
    uint8 trancheCount;
    /// Open latent estimates.
    uint8 estimates;
    uint32 policies;
    uint32 members;
    /// The reserve as it was at the anchor and what came and went since, modulo 2^128.
    uint128 reserve;
    uint128 required;
    /// Fees at the anchor.
    uint128 fees;
    uint128 bonus;
    uint128 bonds;
    uint128 setAside;
    uint128 assigned;
    uint128 unassigned;
    Class mutual;
    uint32 mutualGeneration;
    uint32 lots;
    uint40 pauseFrom;
    /// When the pending rules act; zero when none wait (5.5).
    uint40 rulesAt;
    bool wrapper;
    /// The pool at the last epoch boundary (3.4, 5.7).
    uint128 boundaryUnqueued;
    uint128 boundaryQueued;
    uint128 boundaryTotal;
    /// Streams 0 and 1, 2 and 3 of premium, and the same of surplus; stream 4 is the reserve's.
    StreamPair[4] pairs;
    StreamSingle reserveStream;
    Tranche[4] tranches;
    /// Live markets in ascending order (4.2).
    Listing[16] live;
    RuleSet rules;
    RuleSet pendingRules;
    /// Bit e % 256 of word e / 256 is set when surplus begins or ends to stream at epoch e.
    mapping(uint256 word => uint256) bucketMap;
    mapping(uint256 epoch => BucketEntry[4]) buckets;
    mapping(uint256 market => Market) markets;
    mapping(uint256 exit => Request) exit;
    /// What was redeemed of exits that are not paid in full.
    mapping(uint256 exit => Part) part;
    mapping(uint256 ticket => Ticket) ticket;
    mapping(uint256 member => Member) member;
    mapping(uint256 lot => Lot) lot;
    mapping(address owner => Track)[4] active;
    mapping(address owner => Track)[4] queued;
    /// Claimed of a ticket by owner, tranche and class (6.2).
    mapping(uint256 ticket => mapping(address owner => uint128[8])) claimed;
}

// Where the pool and its modules find the state: one place, by name (ERC-7201, "seawall.pool"), so that no base
// contract can move it.
function pool() pure returns (State storage s) {
    bytes32 slot = 0x1f3ca5ccd57fbc23542d4e947f5572016b90e7abbae3857a33721ce891304a00;
    assembly ("memory-safe") {
        s.slot := slot
    }
}
