//! The `wamplex` router binary.
fn main() {}
