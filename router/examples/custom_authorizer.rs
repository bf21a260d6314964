//! An authorizer of one's own: whoever has the role `guest` may publish in a room of its own, and call what begins with
//! `com.example.public`.
//!
//! ```text
//! $ cargo run -p wamplex-router --example custom_authorizer
//! publish com.example.room.ali: ok
//! publish com.example.room.baba: wamp.error.not_authorized
//! call com.example.public.time: wamp.error.no_such_procedure
//! call com.example.private.time: wamp.error.not_authorized
//! ```

// An example talks to people.
#![allow(clippy::print_stdout)]

use futures_util::future::{BoxFuture, FutureExt, ready};
use std::error::Error;
use wamplex_router::{
    Identity, Router,
    authorization::{Answer, Authorizer, Request},
    local::LocalError,
};

struct Rooms;

impl Authorizer for Rooms {
    fn publish<'a>(&'a self, request: Request<'a>) -> BoxFuture<'a, Answer> {
        let room = request.uri.as_str().strip_prefix("com.example.room.");
        let is_own = room.is_some() && room == request.who.authid.as_deref();
        ready(if is_own { Answer::ALLOW } else { Answer::Deny }).boxed()
    }

    fn call<'a>(&'a self, request: Request<'a>) -> BoxFuture<'a, Answer> {
        // Anything may be awaited here: the session waits, and nobody else does.
        async move {
            let is_public = request.uri.as_str().starts_with("com.example.public.");
            if is_public { Answer::ALLOW } else { Answer::Deny }
        }
        .boxed()
    }
}

#[tokio::main]
pub(crate) async fn main() -> Result<(), Box<dyn Error>> {
    let router = Router::builder().realm("realm1").authorizer("realm1", Rooms).bind().await?;
    let guest = router.handle().join("realm1", Identity::local("ali", "guest"))?;
    for topic in ["com.example.room.ali", "com.example.room.baba"] {
        println!("publish {topic}: {}", word(guest.publish(topic, ()).acknowledged().await));
    }
    for procedure in ["com.example.public.time", "com.example.private.time"] {
        println!("call {procedure}: {}", word(guest.call(procedure, ()).await));
    }
    Ok(())
}

fn word<T>(outcome: Result<T, LocalError>) -> String {
    outcome.map_or_else(|error| error.uri().to_owned(), |_| "ok".to_owned())
}
