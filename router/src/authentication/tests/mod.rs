//! What is judged, without sockets: each method from HELLO to the identity or the refusal.

mod bench;
mod choosing;
mod cookies;
mod dynamic;
mod methods;
mod rounds;
