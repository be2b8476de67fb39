//! What is tested here because the peers are dependencies of this package alone: the programs of `docs/migrating.md`, ours and theirs.

#[cfg(doctest)]
#[doc = include_str!("../../docs/migrating.md")]
mod migrating {}
