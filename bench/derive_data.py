#!/usr/bin/env python3
"""Derive the tables in data/ from their published sources.

Standard library only. The same input gives the same bytes: rows keep a stated order, line ends are LF, and
the gzip header carries neither a name nor a time. Every number is copied as the source writes it; nothing is
rounded here. data/README.md says where each source is found.

    python3 bench/derive_data.py crvusd --snapshots user_snapshots.csv.gz --out data/crvusd-2023q4
    python3 bench/derive_data.py prices --btc BTCUSDT_1h.csv.gz --eth ETHUSDT_1h.csv.gz --out data/prices
    python3 bench/derive_data.py depth  --quotes quotes.csv.gz --out data/depth
    python3 bench/derive_data.py events --events events.csv --out data/events
    python3 bench/derive_data.py loans  --snapshots data/crvusd-2023q4/borrowers.csv.gz \
        --closes data/prices/hourly-closes.csv.gz --date 2023-11-15 --out data/crvusd-2023q4
"""

import argparse
import csv
import datetime
import gzip
import io
import math
import pathlib
import sys

HOUR = 3600
FIRST_CLOSE = int(datetime.datetime(2019, 1, 1, tzinfo=datetime.timezone.utc).timestamp())
LAST_CLOSE = int(datetime.datetime(2023, 12, 31, 23, tzinfo=datetime.timezone.utc).timestamp())

SNAPSHOT_COLUMNS = ["market", "date", "day_index", "debt_crvusd", "collateral_tokens", "n_bands"]
CANDLE_COLUMNS = ["ts", "open", "high", "low", "close", "volume"]
QUOTE_COLUMNS = ["ts", "sell", "buy", "sell_amount", "buy_amount", "price", "price_impact"]
EVENT_COLUMNS = [
    "id", "date", "protocol", "venue_type", "chain", "asset", "bad_debt_usd", "low_usd", "high_usd",
    "amount_basis", "cause", "cause_detail", "absorbed_by", "absorption_detail", "recovered_usd",
    "source_url", "evidence_grade", "notes",
]

# Names of upstream working files in the notes, replaced by what they are.
EVENT_NOTES = [
    ("(defi-exploits-defillama/defi_exploits.csv.gz row)", "row of the DefiLlama table of exploits"),
    ("data in morpho-xusd-deusd-2025-11; ", ""),
]

# The rules of the crvUSD reader in crates/formats/src/crvusd, written a second time so that the shipped
# loan book checks the reader (and the reader checks this script).
DEPTH_PAIRS = [("WETH", "USDC"), ("wstETH", "USDC"), ("sfrxETH", "USDC"), ("WBTC", "USDC")]
LIQUIDATION_DISCOUNT = 0.06
BAND_RATIO = 0.99
DUST_USD = 10.0
SNAPSHOT_HOUR = 4
COLLATERAL = {
    "wsteth": ("wstETH", "ETH", 1.145),
    "wbtc": ("WBTC", "BTC", 1.0),
    "weth": ("WETH", "ETH", 1.0),
    "sfrxeth": ("sfrxETH", "ETH", 1.065),
}


def rows_of(path, columns):
    """The rows of a CSV file, gzip or not, as dictionaries; its columns must be exactly `columns`."""
    raw = pathlib.Path(path).read_bytes()
    if raw[:2] == b"\x1f\x8b":
        raw = gzip.decompress(raw)
    reader = csv.DictReader(io.StringIO(raw.decode("utf-8"), newline=""))
    if reader.fieldnames != columns:
        sys.exit(f"{path}: columns are {reader.fieldnames}, expected {columns}")
    return list(reader)


def write(path, columns, rows):
    """Write rows as CSV; as gzip without name and time when the path ends in .gz."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    data = text.getvalue().encode("utf-8")
    if path.suffix == ".gz":
        packed = io.BytesIO()
        with gzip.GzipFile(filename="", mode="wb", fileobj=packed, compresslevel=9, mtime=0) as stream:
            stream.write(data)
        data = packed.getvalue()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    print(f"{path}: {len(rows)} rows, {len(data)} bytes", file=sys.stderr)


def derive_crvusd(args):
    rows = rows_of(args.snapshots, SNAPSHOT_COLUMNS)
    out = [[row[name] for name in SNAPSHOT_COLUMNS] for row in rows]
    write(args.out / "borrowers.csv.gz", SNAPSHOT_COLUMNS, out)


def derive_prices(args):
    closes = []
    for path in (args.btc, args.eth):
        column = {}
        for row in rows_of(path, CANDLE_COLUMNS):
            ts = int(row["ts"])
            if ts % HOUR:
                sys.exit(f"{path}: {ts} is not a full hour")
            if ts in column:
                sys.exit(f"{path}: {ts} stands twice")
            column[ts] = row["close"]
        closes.append(column)
    hours = range(FIRST_CLOSE, LAST_CLOSE + HOUR, HOUR)
    out = [[ts, closes[0].get(ts, ""), closes[1].get(ts, "")] for ts in hours]
    write(args.out / "hourly-closes.csv.gz", ["ts", "BTC", "ETH"], out)


def derive_depth(args):
    rows = rows_of(args.quotes, QUOTE_COLUMNS)
    columns = ["ts", "sell_asset", "buy_asset", "sell_amount", "buy_amount", "price_impact"]
    out = []
    for pair in DEPTH_PAIRS:
        chosen = [row for row in rows if (row["sell"], row["buy"]) == pair]
        # Amounts are sorted as numbers, so that the order does not depend on the order of the download.
        chosen.sort(key=lambda row: (int(row["ts"]), float(row["sell_amount"])))
        for row in chosen:
            out.append([row["ts"], *pair, row["sell_amount"], row["buy_amount"], row["price_impact"]])
    write(args.out / "quotes-2023-11-20.csv.gz", columns, out)


def derive_events(args):
    out = []
    for row in rows_of(args.events, EVENT_COLUMNS):
        for old, new in EVENT_NOTES:
            row["notes"] = row["notes"].replace(old, new)
        out.append([row[name] for name in EVENT_COLUMNS])
    write(args.out / "bad-debt-events.csv", EVENT_COLUMNS, out)


def derive_loans(args):
    day = datetime.date.fromisoformat(args.date)
    at = datetime.datetime(day.year, day.month, day.day, SNAPSHOT_HOUR, tzinfo=datetime.timezone.utc)
    # ts is the opening of the hour: the close known at the snapshot belongs to the hour before.
    last_hour = str(int(at.timestamp()) - HOUR)
    closes = [row for row in rows_of(args.closes, ["ts", "BTC", "ETH"]) if row["ts"] == last_hour]
    if len(closes) != 1 or not closes[0]["BTC"] or not closes[0]["ETH"]:
        sys.exit(f"{args.closes}: no close of both assets at {last_hour}")
    out = []
    for number, row in enumerate(rows_of(args.snapshots, SNAPSHOT_COLUMNS), start=1):
        if row["date"] != args.date:
            continue
        asset, base, ratio = COLLATERAL[row["market"]]
        debt, collateral = float(row["debt_crvusd"]), float(row["collateral_tokens"])
        bands = 1.0
        for _ in range(int(row["n_bands"])):
            bands *= BAND_RATIO
        threshold = (1.0 - LIQUIDATION_DISCOUNT) * math.sqrt(bands)
        value = collateral * (ratio * float(closes[0][base]))
        if debt > threshold * value or value < DUST_USD:
            continue
        account = f"{row['market']}:{row['date']}:{number}"
        out.append([row["market"], account, asset, row["collateral_tokens"], "crvUSD", row["debt_crvusd"],
                    repr(threshold)])
    columns = ["market", "account", "collateral_asset", "collateral_amount", "debt_asset", "debt_amount",
               "liquidation_threshold"]
    write(args.out / f"loans-{args.date}.csv.gz", columns, out)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True, metavar="SET")
    sets = {
        "crvusd": (derive_crvusd, ["snapshots"]),
        "prices": (derive_prices, ["btc", "eth"]),
        "depth": (derive_depth, ["quotes"]),
        "events": (derive_events, ["events"]),
        "loans": (derive_loans, ["snapshots", "closes", "date"]),
    }
    for name, (run, inputs) in sets.items():
        command = commands.add_parser(name)
        for option in inputs:
            command.add_argument(f"--{option}", required=True)
        command.add_argument("--out", required=True, type=pathlib.Path, help="folder to write to")
        command.set_defaults(run=run)
    args = parser.parse_args()
    args.run(args)


if __name__ == "__main__":
    main()
