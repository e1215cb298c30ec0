//! Time of a compound distribution on 2^16 buckets: `cargo bench -p seawall-actuary --bench aggregate`.
//!
//! Plan and memory of the transform are made once, as they would be for many markets; best of many repetitions.

use std::{hint::black_box, time::Instant};

use seawall_actuary::aggregate::{
    AggregateError, Claim, Discretisation, Frequency, Grid, Severity, Transform, TransformTerms,
    recursion::panjer,
};

const BUCKETS: usize = 1 << 16;

fn main() -> Result<(), AggregateError> {
    let claim = Claim::layer(Severity::Lognormal { mu: 0.0, sigma: 1.5 }, 100.0, 0.0)?;
    let grid = Grid::new(1.0 / 256.0, BUCKETS)?;
    let severity = claim.discretised(&grid, Discretisation::Rounding);
    report("discretisation by rounding, 2^16 buckets", 5, || {
        claim.discretised(&grid, Discretisation::Rounding)
    });
    for (name, frequency) in [
        ("Poisson", Frequency::Poisson { mean: 10.0 }),
        ("negative binomial", Frequency::NegativeBinomial { mean: 10.0, size: 4.0 }),
    ] {
        for padding in [1, 2] {
            let transform = Transform::new(BUCKETS, TransformTerms { padding, ..Default::default() })?;
            let length = padding * BUCKETS;
            let mut workspace = transform.workspace();
            let mut totals = vec![0.0; BUCKETS];
            report(&format!("{name}, transform of {length}, 2^16 buckets kept"), 200, || {
                transform.compound_in(&frequency, &severity, &mut workspace, &mut totals)
            });
        }
    }
    report("plan of the padded transform", 10, || Transform::new(BUCKETS, TransformTerms::default()));
    let shorter = &severity[..BUCKETS / 16];
    report("recursion, 2^12 buckets", 5, || {
        panjer(&Frequency::Poisson { mean: 10.0 }, shorter, BUCKETS / 16)
    });

    let plan = realfft::RealFftPlanner::<f64>::new().plan_fft_forward(BUCKETS);
    let mut input = severity.clone();
    let mut output = plan.make_output_vec();
    report("for comparison: one forward transform of 2^16 by realfft", 200, || {
        input.copy_from_slice(&severity);
        plan.process(&mut input, &mut output).is_ok()
    });
    let own = seawall_actuary::aggregate::fourier::RealFourier::new(BUCKETS);
    let (mut workspace, ones) = (own.workspace(), vec![1.0; BUCKETS]);
    report("for comparison: one forward transform of 2^16 by our own", 200, || {
        own.forward_in(&severity, &ones, &mut workspace);
    });
    Ok(())
}

fn report<T>(name: &str, runs: u32, mut work: impl FnMut() -> T) {
    let mut best = f64::INFINITY;
    for _ in 0..runs {
        let start = Instant::now();
        black_box(work());
        best = best.min(start.elapsed().as_secs_f64());
    }
    println!("{name}: {:.3} ms", 1e3 * best);
}
