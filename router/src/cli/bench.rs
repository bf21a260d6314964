//! `wamplex bench`: what a router costs under load.

pub(super) use wamplex_bench::Bench;
