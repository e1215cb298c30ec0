//! Random commands for a pool, and tables of commands in text. The engine's own fuzz and the comparison with the
//! contract play the same sequences from here; each brings its own [`Player`], which says what a command comes to.
//!
//! | file | what it holds |
//! |---|---|
//! | [`mod@setup`] | random pools, and the plain one that tables begin with |
//! | [`mod@step`] | abstract steps: choices that are read against the state they meet |
//! | [`passage`] | short runs of steps that lead to what single steps hardly ever reach |
//! | [`player`] | who executes a command |
//! | [`outside`] | what a market's source shows |
//! | [`interpret`] | steps become commands |
//! | `capital`, `order`, `cover`, `losses`, `recoveries`, `garbage` | the steps, by what they are about |
//! | [`table`] | commands as lines of text, there and back |
//! | [`shrink`] | the shortest sequence that still fails |

pub mod capital;
mod cover;
mod garbage;
pub mod interpret;
mod losses;
mod order;
pub mod outside;
pub mod passage;
pub mod player;
mod recoveries;
pub mod setup;
pub mod shrink;
pub mod step;
pub mod table;

pub use interpret::{step, warm_up};
pub use outside::Outside;
pub use player::{Checked, Player, Ran};
