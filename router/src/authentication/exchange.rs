//! The conversation with one client, as the connection's task leads it.

use super::{
    Identity, Refusal,
    attempt::{Client, Judging},
};
use futures_util::FutureExt;
use std::{fmt, panic::AssertUnwindSafe};
use wamplex_shared::message::{Authenticate, Challenge};

/// A conversation with one client about who it is.
///
/// Whoever judges is one function that asks and waits for answers; here it is taken one step further with each message
/// of the client. Dropping this ends the judgement wherever it is.
pub(crate) struct Exchange {
    /// `None` once it has come to an end.
    judging: Option<Judging<Identity>>,
    client: Client,
}

/// What comes next in a conversation.
#[derive(Debug)]
pub(crate) enum Step {
    /// The client is asked for a proof.
    Challenge(Challenge),
    /// The client is known.
    Welcome(Identity),
    /// The client is not let in.
    Refuse(Refusal),
}

impl Exchange {
    pub(super) const fn new(judging: Judging<Identity>, client: Client) -> Self {
        Self { judging: Some(judging), client }
    }

    /// Judges the HELLO.
    pub(crate) async fn begin(&mut self) -> Step {
        self.advance().await
    }

    /// Judges the answer to a challenge.
    pub(crate) async fn answer(&mut self, proof: Authenticate) -> Step {
        if self.client.proofs.try_send(proof).is_err() {
            self.judging = None;
        }
        self.advance().await
    }

    async fn advance(&mut self) -> Step {
        let Some(judging) = &mut self.judging else {
            return Step::Refuse(Refusal::denied("an answer to nothing that was asked"));
        };
        let judged = tokio::select! {
            // First, so that a challenge which nobody waits for any more is not sent.
            biased;
            judged = AssertUnwindSafe(judging).catch_unwind() => judged,
            Some(challenge) = self.client.challenges.recv() => return Step::Challenge(challenge),
        };
        self.judging = None;
        match judged {
            Ok(Ok(identity)) => Step::Welcome(identity),
            Ok(Err(refusal)) => Step::Refuse(refusal),
            Err(_panic) => Step::Refuse(Refusal::failed("the authenticator panicked")),
        }
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange").field("is_open", &self.judging.is_some()).finish_non_exhaustive()
    }
}
