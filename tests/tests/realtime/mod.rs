//! The realtime server over simulated networks: its workers, its clients as they are in the world, and
//! the book in which all that was published stands.
#![allow(dead_code, reason = "each file of tests uses a part of it")]

pub(crate) mod book;
pub(crate) mod follower;
pub(crate) mod http;
pub(crate) mod pipe;
pub(crate) mod reader;
pub(crate) mod run;
pub(crate) mod socket;
pub(crate) mod world;
