//! The client against a router that follows a script: what goes over the wire, and what becomes of it.

mod callee;
mod caller;
mod closing;
mod connecting;
mod pubsub;
mod router;
