//! Books served at once, without impact, dust or spells, lose what they lost before there were such things: the bits of
//! the losses of many random books on random paths, exact and clustered, gathered into one number.

mod accounts_support;

use accounts_support::{book, crashing_path, model, protocol, scarce, unlimited};
use seawall_actuary::liquidation::{
    AccountLoss, AssetPath,
    accounts::{AccountState, ClusterState, Seizure},
};

/// Of the exact pass and of clusters.
const PINNED: (u64, u64) = (0x5994_0124_9b4b_8d68, 0x4216_7a0e_28e4_f2e7);

/// FNV-1a over the bits.
fn add(hash: &mut u64, loss: AccountLoss) {
    for figure in [loss.bad_debt, loss.extinguished] {
        for byte in figure.to_bits().to_le_bytes() {
            *hash = (*hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}

#[test]
fn losses_are_what_they_were() {
    let (mut exact, mut fast) = (0xcbf2_9ce4_8422_2325_u64, 0xcbf2_9ce4_8422_2325_u64);
    let mut lossy = 0;
    for seed in 0..240 {
        let book = book(seed, 20, 60);
        let debt = book.totals(&book.prices()).unwrap().debt;
        let depth = if seed % 3 == 0 { unlimited() } else { scarce(seed, debt) };
        let seizure = match seed % 4 {
            0 => Seizure::ProRata,
            1 => protocol(0.5, 0.95),
            2 => protocol(1.0, 1.0),
            _ => protocol(0.3, 0.9),
        };
        let accounts = model(&book, &depth, seizure, if seed % 5 == 0 { Some(0.3) } else { None });
        let clusters = accounts.cluster(6).unwrap();
        let (mut read, mut agents, mut ladders) =
            (AssetPath::default(), AccountState::default(), ClusterState::default());
        let mut all = AccountState::default();
        for number in 0..3 {
            let intervals = [9, 24, 70][number as usize];
            read.read(&accounts, &crashing_path(5_000 * seed + number, intervals, 0.012, 0.5)).unwrap();
            let loss = accounts.run(&read, &mut agents);
            assert_eq!(loss, accounts.run_unpruned(&read, &mut all));
            lossy += usize::from(loss.bad_debt > 0.0);
            add(&mut exact, loss);
            add(&mut fast, clusters.run(&read, &mut ladders));
        }
    }
    assert!(lossy > 300, "{lossy} of 720");
    assert_eq!((exact, fast), PINNED, "losses have changed: {exact:#x}, {fast:#x}");
}
