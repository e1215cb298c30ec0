//! Shards of losses: any split merges to the bytes of one run, and what is broken is refused with its reason.

#[path = "../../actuary/tests/loss_support/mod.rs"]
mod loss_support;

use std::fs;
use std::ops::Range;
use std::sync::LazyLock;

use loss_support::{gathered, spec};
use proptest::prelude::*;
use seawall_actuary::loss::{LossAccumulator, Spec};
use seawall_formats::loss_shard::{Merger, Shard, ShardError, VERSION, decode, encode, read, write};

const PATHS: u64 = 600;
const DIGEST: [u8; 32] = [0xab; 32];

fn shard(paths: Range<u64>) -> Shard {
    Shard { digest: DIGEST, paths: paths.clone(), losses: gathered(3, PATHS, paths) }
}

/// One run as bytes.
static WHOLE: LazyLock<Vec<u8>> = LazyLock::new(|| encode(&shard(0..PATHS), "whole").unwrap());

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn any_split_merges_to_the_bytes_of_one_run(
        mut cuts in prop::collection::vec(1..PATHS, 0..6),
        order in prop::collection::vec(any::<u32>(), 7),
    ) {
        cuts.extend([0, PATHS]);
        cuts.sort_unstable();
        cuts.dedup();
        let mut ranges: Vec<(u32, Range<u64>)> =
            cuts.windows(2).zip(&order).map(|(pair, &key)| (key, pair[0]..pair[1])).collect();
        ranges.sort_by_key(|(key, range)| (*key, range.start));
        let mut merger = Merger::new();
        for (_, range) in ranges {
            // Through bytes and back, as from another machine.
            let bytes = encode(&shard(range), "part").unwrap();
            merger.add("part", decode(&bytes, "part", Some(&DIGEST)).unwrap()).unwrap();
        }
        let losses = merger.finish().unwrap().complete().unwrap();
        let merged = encode(&Shard { digest: DIGEST, paths: 0..PATHS, losses }, "merged").unwrap();
        prop_assert!(merged == *WHOLE);
    }

    #[test]
    fn missing_paths_are_named(gaps in prop::collection::btree_set(0..12_u64, 0..12)) {
        let mut merger = Merger::new();
        for part in (0..12).filter(|part| !gaps.contains(part)) {
            merger.add(&part.to_string(), shard(part * 50..(part + 1) * 50)).unwrap();
        }
        if gaps.len() == 12 {
            prop_assert!(matches!(merger.finish(), Err(ShardError::Nothing)));
            return Ok(());
        }
        let merged = merger.finish().unwrap();
        let missing: Vec<u64> = merged.missing.iter().cloned().flatten().collect();
        let expected: Vec<u64> = gaps.iter().flat_map(|gap| gap * 50..(gap + 1) * 50).collect();
        prop_assert_eq!(missing, expected);
        prop_assert!(merged.missing.windows(2).all(|pair| pair[0].end < pair[1].start));
        prop_assert_eq!(merged.complete().is_ok(), gaps.is_empty());
    }

    #[test]
    fn a_changed_byte_is_refused(place in any::<prop::sample::Index>(), bit in 0..8_u32) {
        let mut bytes = WHOLE.clone();
        bytes[place.index(WHOLE.len())] ^= 1 << bit;
        prop_assert!(decode(&bytes, "f", None).is_err());
    }

    #[test]
    fn arbitrary_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..300), start in 0..120_usize) {
        let bytes = [&WHOLE[..start], &bytes].concat();
        prop_assert!(decode(&bytes, "f", None).is_err());
    }
}

/// Message of the refusal.
fn refused(bytes: &[u8]) -> String {
    decode(bytes, "a.shard", Some(&DIGEST)).unwrap_err().to_string()
}

#[test]
fn refusals_name_the_file_and_what_was_expected() {
    let length = WHOLE.len();
    assert_eq!(refused(&WHOLE[..length - 1]), format!("a.shard: {} bytes, expected {length}", length - 1));
    assert_eq!(
        refused(&[&WHOLE[..], b"x"].concat()),
        format!("a.shard: {} bytes, expected {length}", length + 1)
    );
    assert_eq!(refused(&WHOLE[..60]), "a.shard: 60 bytes, expected 108");
    assert!(refused(b"time,loss\n").starts_with("a.shard: no shard of losses: begins with [74, 69"));
    assert!(refused(b"").contains("SEAWLOSS"));
    let mut other = WHOLE.clone();
    other[8] = 9;
    assert_eq!(refused(&other), format!("a.shard: format version 9, expected {VERSION}"));
    let mut damaged = WHOLE.clone();
    damaged[200] ^= 1;
    let message = refused(&damaged);
    assert!(message.contains("checksum") && message.ends_with("the file is damaged"), "{message}");
    let stranger = decode(&WHOLE, "a.shard", Some(&[1; 32])).unwrap_err();
    assert!(matches!(&stranger, ShardError::OtherDigest { found, .. } if *found == DIGEST));
    assert!(stranger.to_string().contains("abab") && stranger.hint().is_some());
    assert!(decode(&WHOLE, "a.shard", None).is_ok());
}

#[test]
fn what_does_not_belong_together_is_not_merged() {
    let mut merger = Merger::new();
    merger.add("a", shard(100..200)).unwrap();
    merger.add("c", shard(300..400)).unwrap();
    for (paths, other) in
        [(0..101, "a"), (100..200, "a"), (120..130, "a"), (199..250, "a"), (250..301, "c"), (50..500, "a")]
    {
        let error = merger.add("b", shard(paths.clone())).unwrap_err();
        assert!(
            matches!(&error, ShardError::Overlap { other: found, .. } if found == other),
            "{paths:?}: {error}"
        );
    }
    let error = merger.add("b", Shard { digest: [0; 32], ..shard(200..300) }).unwrap_err();
    assert!(matches!(error, ShardError::OtherDigest { .. }));
    let finer = Spec { grid_steps: 100, ..spec(PATHS) };
    let mut losses = LossAccumulator::new(finer).unwrap();
    losses.add(0, 1.0, &[0.0; 6]).unwrap();
    let error = merger.add("b", Shard { digest: DIGEST, paths: 0..1, losses }).unwrap_err();
    assert!(matches!(error, ShardError::Losses { .. }), "{error}");
    // What was refused has changed nothing.
    for range in [0..100, 200..300, 400..PATHS] {
        merger.add("rest", shard(range)).unwrap();
    }
    let losses = merger.finish().unwrap().complete().unwrap();
    assert!(encode(&Shard { digest: DIGEST, paths: 0..PATHS, losses }, "").unwrap() == *WHOLE);

    let mut merger = Merger::new();
    merger.add("a", shard(100..200)).unwrap();
    let error = merger.finish().unwrap().complete().unwrap_err();
    assert_eq!(error.to_string(), format!("paths 0..100, 200..{PATHS} of {PATHS} are missing"));
}

#[test]
fn a_range_must_be_that_of_the_losses() {
    for paths in [0..99, 1..102, 5..5, PATHS - 50..PATHS + 50] {
        let wrong = Shard { paths: paths.clone(), ..shard(0..100) };
        assert!(matches!(encode(&wrong, "f"), Err(ShardError::Range { count: 100, .. })), "{paths:?}");
        assert!(matches!(Merger::new().add("f", wrong), Err(ShardError::Range { .. })));
    }
}

#[test]
fn a_file_is_there_as_a_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("0-600.shard");
    fs::write(&path, b"an older file").unwrap();
    write(&path, &shard(0..PATHS)).unwrap();
    assert!(fs::read(&path).unwrap() == *WHOLE);
    let back = read(&path, Some(&DIGEST)).unwrap();
    assert_eq!((back.paths, back.losses.paths()), (0..PATHS, PATHS));
    // A folder in the place of the file: nothing is written and nothing is left behind.
    let taken = folder.path().join("taken");
    fs::create_dir_all(taken.join("inside")).unwrap();
    assert!(matches!(write(&taken, &shard(0..10)), Err(ShardError::Io { action: "written", .. })));
    assert!(write(&folder.path().join("no/such/folder.shard"), &shard(0..10)).is_err());
    let names = fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(names, 2);
    let error = read(&folder.path().join("none"), None).unwrap_err();
    assert!(matches!(error, ShardError::Io { action: "read", .. }) && error.to_string().contains("none"));
}
