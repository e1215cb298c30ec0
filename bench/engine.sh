#!/bin/sh
# Commands a second of the pool's engine, and instructions a command at 1,000 and at 1,000,000 holders.
# Needs cargo; the instruction counts need valgrind. Run from anywhere; takes a few minutes.
set -eu
cd "$(dirname "$0")/.."

cargo bench --quiet --package seawall-engine --bench commands

if ! command -v valgrind >/dev/null; then
    echo "valgrind is not installed: no instruction counts" >&2
    exit 0
fi
target=${CARGO_TARGET_DIR:-target}
binary=$(find "$target/release/deps" -name 'commands-*' -type f -perm -u+x -exec ls -t {} + | head -n 1)
commands=300000

# Instructions a command: only what runs inside `measured` is counted.
count() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null --toggle-collect='commands::measured' \
        "$binary" count "$1" "$2" "$commands" 2>&1 |
        awk -v n="$commands" '/Collected/ { printf "%.0f", $NF / n }'
}
few=$(count 1000 10)
many=$(count 1000000 10000)
echo "instructions a command: $few at 1,000 holders, $many at 1,000,000"
awk -v few="$few" -v many="$many" 'BEGIN { printf "ratio: %.3f\n", many / few }'
