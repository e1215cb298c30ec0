//! Runs a property over random inputs on two threads. `SEAWALL_CASES` (or `PROPTEST_CASES`) sets how many; a
//! failure is shrunk, printed, and its seed kept in `proptest-regressions/`.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

use proptest::prelude::*;
use proptest::test_runner::{Config, FileFailurePersistence, TestError, TestRunner};

const THREADS: u32 = 2;

/// Cases of a run: the variable's, or `quick` without one.
pub fn cases(quick: u32) -> u32 {
    let set = std::env::var("SEAWALL_CASES").or_else(|_| std::env::var("PROPTEST_CASES"));
    match set {
        Ok(text) => text.parse().expect("SEAWALL_CASES is a number of cases"),
        Err(_) => quick,
    }
}

thread_local! {
    /// The last panic of a runner's thread: part of the failure, not printed thousands of times while it shrinks.
    static PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
}

const NAME: &str = "seawall-machine";

fn keep_panics_quiet() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let loud = take_hook();
        set_hook(Box::new(move |panic| {
            if std::thread::current().name() == Some(NAME) {
                PANIC.set(Some(panic.to_string()));
            } else {
                loud(panic);
            }
        }));
    });
}

fn caught<T>(property: impl Fn(T) -> Result<(), TestCaseError>, value: T) -> Result<(), TestCaseError> {
    catch_unwind(AssertUnwindSafe(|| property(value))).unwrap_or_else(|_| {
        Err(TestCaseError::fail(PANIC.take().unwrap_or_else(|| "a panic without a message".into())))
    })
}

/// Checks `property` on `cases` random values; `seeds` is the file that keeps failures.
pub fn check<S, F>(seeds: &'static str, cases: u32, strategy: impl Fn() -> S + Sync, property: F)
where
    S: Strategy,
    F: Fn(S::Value) -> Result<(), TestCaseError> + Sync,
{
    keep_panics_quiet();
    let failures = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|_| {
                std::thread::Builder::new()
                    .name(NAME.into())
                    .spawn_scoped(scope, || {
                        let config = Config {
                            cases: cases.div_ceil(THREADS),
                            failure_persistence: Some(Box::new(FileFailurePersistence::Direct(seeds))),
                            source_file: Some(file!()),
                            max_shrink_iters: 20_000,
                            ..Config::default()
                        };
                        TestRunner::new(config).run(&strategy(), |value| caught(&property, value)).err().map(
                            |error| match error {
                                TestError::Fail(why, value) => format!("{why}\nwith {value:#?}"),
                                TestError::Abort(why) => format!("aborted: {why}"),
                            },
                        )
                    })
                    .expect("a thread")
            })
            .collect();
        threads.into_iter().filter_map(|thread| thread.join().expect("a runner")).collect::<Vec<_>>()
    });
    assert!(failures.is_empty(), "{}", failures.join("\n---\n"));
}
