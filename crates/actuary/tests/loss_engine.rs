//! The simulated waterfall and the settlement engine's agree to the rounding of whole units.

use seawall_actuary::{
    loss::{Layers, waterfall},
    random::Stream,
};
use seawall_engine::waterfall::pour;
use seawall_fixed::Assets;

#[test]
fn layers_pay_the_same_as_in_the_engine() {
    let mut exhausted = 0;
    for seed in 0..5000 {
        let random = &mut Stream::new(seed, 2, 0);
        let mut units = |zero: f64| {
            if random.uniform() < zero { 0 } else { libm::exp(28.0 * random.uniform()) as u64 }
        };
        let sizes: Vec<u64> = (0..2 + seed as usize % 5).map(|_| units(0.1)).collect();
        let owed: Vec<u64> = (0..1 + seed as usize % 16).map(|_| units(0.3)).collect();
        let float = |x: &u64| *x as f64;
        let tranches: Vec<f64> = sizes[1..sizes.len() - 1].iter().map(float).collect();
        let layers = Layers::new(float(&sizes[0]), &tranches, float(&sizes[sizes.len() - 1])).unwrap();
        let mut left: Vec<f64> = owed.iter().map(float).collect();
        let mut taken = vec![0.0; sizes.len()];
        let residual = waterfall(&layers, &mut left, &mut taken);

        let mut exact: Vec<Assets> = owed.iter().map(|&x| Assets::new(u128::from(x))).collect();
        for (&size, taken) in sizes.iter().zip(&taken) {
            let mut layer = Assets::new(u128::from(size));
            pour(&mut layer, &mut exact);
            let paid = u128::from(size) - layer.get();
            assert!((paid as f64 - taken).abs() < 0.01, "seed {seed}: {paid}, {taken}");
        }
        let unpaid: u128 = exact.iter().map(|x| x.get()).sum();
        assert!((unpaid as f64 - residual).abs() < 0.01, "seed {seed}: {unpaid}, {residual}");
        // Each layer rounds a market's part down by less than one unit, or up by the remainder of those before.
        let near = sizes.len() as f64 + 0.01;
        for (exact, left) in exact.iter().zip(&left) {
            assert!((exact.get() as f64 - left).abs() < near, "seed {seed}: {exact:?}, {left}");
        }
        exhausted += usize::from(unpaid > 0);
    }
    assert!((500..4500).contains(&exhausted), "{exhausted} of the cases use up all layers");
}
