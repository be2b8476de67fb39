//! eventp side by side with its peers.
//!
//! | room | what is in it |
//! |---|---|
//! | [`task`], [`device`] | what is done with an event: the same code for every peer |
//! | [`peers`] | a file per peer: how it watches fds and calls tasks, as its own documentation would have it |
//! | [`workloads`] | a file per workload: what happens, and the check that every event was handled |
//! | [`measure`] | runs a workload with all peers, interleaved, and takes ratios round by round |
//! | [`instructions`] | counts instructions under callgrind |
//! | [`report`], [`plot`] | tables and JSON; charts and the figures in `docs/performance` |
//! | [`sys`], [`weight`] | system calls of the raw peer and of the workloads; the allocator that counts |
//!
//! What must stay true: no peer gets a worse form than its documentation shows, and a workload that lost an event fails.

#![allow(
    missing_docs,
    missing_debug_implementations,
    reason = "a program in two targets, not a library"
)]

pub mod client;
pub mod device;
pub mod instructions;
pub mod measure;
pub mod peers;
pub mod plot;
pub mod report;
pub mod sys;
pub mod task;
pub mod weight;
pub mod workloads;

// The programs of `docs/migrating.md`, ours and theirs, are tests of this package: it alone has the peers as dependencies.
#[cfg(doctest)]
#[doc = include_str!("../../docs/migrating.md")]
mod migrating {}
