//! Whole seconds and epochs of seven days (mechanism 1.2).

/// Unix time or a duration, in whole seconds.
pub type Seconds = u64;

/// Number of an epoch: Unix seconds divided by [`EPOCH_SECONDS`].
pub type Epoch = u64;

/// Length of an epoch: seven days.
pub const EPOCH_SECONDS: Seconds = 7 * 24 * 3600;

/// The epoch that contains second `t`.
#[must_use]
#[inline]
pub const fn epoch_of(t: Seconds) -> Epoch {
    t / EPOCH_SECONDS
}

/// The first second of `epoch`.
#[must_use]
#[inline]
pub const fn epoch_start(epoch: Epoch) -> Seconds {
    epoch * EPOCH_SECONDS
}
