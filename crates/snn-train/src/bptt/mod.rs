//! Backpropagation through time for sequences whose graph does not fit into memory.
//!
//! | | gradient | memory | work |
//! |---|---|---|---|
//! | one `backward` over the whole sequence | exact | grows with the steps | forward + backward |
//! | [`checkpointed_bptt`] | exact | one chunk, and a state for each | 2 forward + backward |
//! | [`truncated_bptt`] | ends at each chunk | one chunk | forward + backward |

mod carried;
mod checkpointed;
mod truncated;

pub use carried::Carried;
pub use checkpointed::checkpointed_bptt;
pub use truncated::truncated_bptt;
