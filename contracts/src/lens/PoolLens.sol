// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Fixed} from "../Fixed.sol";
import {PoolViews} from "../modules/PoolViews.sol";
import {Pool} from "../Pool.sol";
import {Class, Exit, Lot, RuleSet} from "../State.sol";

/// A whole pool in one call, for readers: composed of what `PoolViews` answers, at one block. It has no state and no
/// privilege, and serves every pool; a reader may as well deploy its own.
///
/// Tables that grow are read by the page: `from` is the first number, `count` the most rows. A page ends where the
/// table does, so an empty one says that there is no more.
contract PoolLens {
    /// Part of a table.
    struct Page {
        uint32 from;
        uint32 count;
    }

    /// A policy, with the charge it still takes (3.5) and what is left of its limit.
    struct PolicyRow {
        PoolViews.PolicyView policy;
        uint256 charge;
        uint256 limitLeft;
    }

    /// A market; `policies[0]` is the older one, `policies[1]` its successor.
    struct MarketRow {
        uint32 id;
        PoolViews.MarketView market;
        PolicyRow[2] policies;
    }

    /// An exit and whether its class has closed under it (2.3).
    struct ExitRow {
        uint32 id;
        bool isVoid;
        Exit exit;
    }

    struct TicketRow {
        uint32 id;
        PoolViews.TicketView ticket;
    }

    struct LotRow {
        uint32 id;
        Lot lot;
    }

    /// A callable bond in the mutual layer and what its units are worth, rounded down (7.1).
    struct MemberRow {
        uint32 id;
        address owner;
        uint64 until;
        uint128 bond;
        uint256 units;
        uint256 value;
    }

    /// A holder's part of a tranche; values in assets, rounded down.
    struct Position {
        address token;
        uint256 held;
        uint256 unlocked;
        uint256 queued;
        uint256 heldValue;
        uint256 queuedValue;
    }

    /// Everything that does not grow.
    struct Whole {
        address asset;
        address authority;
        address[] tokens;
        PoolViews.CoreView core;
        uint256[] latentShares;
        RuleSet rules;
        /// When the announced rules act; zero when none wait (5.5).
        uint64 rulesAt;
        RuleSet waiting;
        MarketRow[] markets;
    }

    /// What one call returns.
    struct Answer {
        uint256 chain;
        uint256 number;
        uint256 time;
        Whole whole;
        TicketRow[] tickets;
        ExitRow[] exits;
        Position[] positions;
    }

    /// The whole pool with the live markets and those named, a page of tickets and one of exits, and the positions of
    /// a holder (none for the zero address).
    function read(Pool pool, uint32[] calldata named, Page calldata ticketPage, Page calldata exitPage, address holder)
        external
        view
        returns (Answer memory a)
    {
        (a.chain, a.number, a.time) = (block.chainid, block.number, block.timestamp);
        a.whole = whole(pool, named);
        a.tickets = tickets(pool, ticketPage);
        a.exits = exits(pool, exitPage);
        if (holder != address(0)) a.positions = positions(pool, holder);
    }

    /// Everything that does not grow: books, rules, share tokens, the live markets and those named besides.
    function whole(Pool pool, uint32[] calldata named) public view returns (Whole memory w) {
        PoolViews v = views(pool);
        w.asset = pool.asset();
        w.authority = pool.authority();
        w.core = v.core();
        w.rules = v.rules();
        (w.rulesAt, w.waiting) = v.pendingRules();
        w.tokens = new address[](w.core.trancheCount);
        w.latentShares = new uint256[](w.core.trancheCount);
        for (uint8 i; i < w.core.trancheCount; ++i) {
            w.tokens[i] = pool.shareToken(i);
            w.latentShares[i] = v.latentShare(i);
        }
        uint256 live = w.core.liveCount;
        w.markets = new MarketRow[](live + named.length);
        for (uint256 i; i < w.markets.length; ++i) {
            w.markets[i] = market(pool, i < live ? w.core.live[i] : named[i - live]);
        }
    }

    /// One market with its policies.
    function market(Pool pool, uint32 id) public view returns (MarketRow memory m) {
        PoolViews v = views(pool);
        m.id = id;
        m.market = v.market(id);
        for (uint8 slot; slot < 2; ++slot) {
            PolicyRow memory p = m.policies[slot];
            (p.policy, p.charge, p.limitLeft) = v.policy(id, slot);
        }
    }

    /// A page of tickets, in order of number.
    function tickets(Pool pool, Page memory page) public view returns (TicketRow[] memory rows) {
        PoolViews v = views(pool);
        rows = new TicketRow[](length(page, v.core().tickets));
        for (uint32 i; i < rows.length; ++i) {
            uint32 id = page.from + i;
            rows[i] = TicketRow(id, v.ticketOf(id));
        }
    }

    /// A page of exits, in order of number.
    function exits(Pool pool, Page memory page) public view returns (ExitRow[] memory rows) {
        PoolViews v = views(pool);
        rows = new ExitRow[](length(page, v.core().exits));
        for (uint32 i; i < rows.length; ++i) {
            rows[i].id = page.from + i;
            (rows[i].exit, rows[i].isVoid) = v.exitOf(page.from + i);
        }
    }

    /// The exits of one owner among a page of all.
    function exitsOf(Pool pool, address owner, Page memory page) external view returns (ExitRow[] memory rows) {
        rows = exits(pool, page);
        uint256 found;
        for (uint256 i; i < rows.length; ++i) {
            if (rows[i].exit.owner == owner) rows[found++] = rows[i];
        }
        assembly ("memory-safe") {
            mstore(rows, found)
        }
    }

    /// A page of lots, in order of number.
    function lots(Pool pool, Page memory page) external view returns (LotRow[] memory rows) {
        PoolViews v = views(pool);
        rows = new LotRow[](length(page, v.core().lots));
        for (uint32 i; i < rows.length; ++i) {
            rows[i] = LotRow(page.from + i, v.lotOf(page.from + i));
        }
    }

    /// A page of members of the mutual layer, in order of number.
    function members(Pool pool, Page memory page) external view returns (MemberRow[] memory rows) {
        PoolViews v = views(pool);
        PoolViews.CoreView memory core = v.core();
        rows = new MemberRow[](length(page, core.members));
        for (uint32 i; i < rows.length; ++i) {
            MemberRow memory m = rows[i];
            m.id = page.from + i;
            (m.owner, m.until, m.bond, m.units) = v.memberOf(m.id);
            m.value = value(core.mutual, m.units);
        }
    }

    /// What a holder has of each tranche.
    function positions(Pool pool, address holder) public view returns (Position[] memory rows) {
        PoolViews v = views(pool);
        PoolViews.CoreView memory core = v.core();
        rows = new Position[](core.trancheCount);
        for (uint8 i; i < core.trancheCount; ++i) {
            Position memory p = rows[i];
            p.token = pool.shareToken(i);
            (p.held, p.unlocked, p.queued) = v.sharesOf(i, holder);
            p.heldValue = value(core.tranches[i].active, p.held);
            p.queuedValue = value(core.tranches[i].queued, p.queued);
        }
    }

    function value(Class memory c, uint256 shares) private pure returns (uint256) {
        return shares == 0 ? 0 : Fixed.mulDivDown(shares, c.assets, c.shares);
    }

    /// Rows of a page of a table of `total`.
    function length(Page memory page, uint256 total) private pure returns (uint256) {
        return page.from >= total ? 0 : Fixed.min(page.count, total - page.from);
    }

    function views(Pool pool) private pure returns (PoolViews) {
        return PoolViews(address(pool));
    }
}
