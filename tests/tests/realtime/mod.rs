//! The realtime server over simulated networks: its workers, its clients as they are in the world, and
//! the book in which all that was published stands.
#![allow(dead_code, reason = "each file of tests uses a part of it")]

pub(crate) mod answers;
pub(crate) mod attendance;
pub(crate) mod book;
pub(crate) mod follower;
pub(crate) mod following;
pub(crate) mod http;
pub(crate) mod link;
pub(crate) mod orders;
pub(crate) mod pipe;
pub(crate) mod reader;
pub(crate) mod renewal;
pub(crate) mod rest;
pub(crate) mod run;
pub(crate) mod socket;
pub(crate) mod told;
pub(crate) mod world;
