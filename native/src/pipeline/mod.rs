//! From deliveries to commits: batch → commit → acknowledge.
//!
//! Sources hand deliveries to an [`Intake`]. The [`Pipeline`] puts those that
//! wait into one group, commits the group as one batch and only then tells
//! their sources. While a commit is under way the next group gathers, so
//! nothing is ever delayed for the sake of a larger batch, and the busier the
//! service is the more deliveries share a commit.

mod budget;
mod delivery;
mod group;
mod intake;
pub mod metrics;
mod run;

pub use delivery::{Delivery, OnCommit};
pub use intake::{Closed, Intake};
pub use run::{Clock, Pipeline, Settings, system_clock};
