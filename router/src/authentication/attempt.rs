//! One client's attempt to come in, as whoever judges it sees it.

use super::{Identity, Refusal};
use crate::peer::Peer;
use std::{fmt, future::Future, pin::Pin, sync::Arc};
use tokio::sync::mpsc;
use wamplex_shared::{
    id::SessionId,
    message::{Authenticate, Challenge, Hello},
};

/// The most challenges in one attempt: who needs more goes in circles.
const MOST_CHALLENGES: u32 = 8;

/// A client that said HELLO and waits for WELCOME.
#[derive(Debug)]
pub struct Attempt {
    hello: Arc<Hello>,
    peer: Arc<Peer>,
    session: SessionId,
    line: Line,
}

/// The way to the client and back.
#[derive(Debug)]
struct Line {
    challenges: mpsc::Sender<Challenge>,
    proofs: mpsc::Receiver<Authenticate>,
    asked: u32,
}

/// The other end of an attempt's line.
pub(super) struct Client {
    pub(super) challenges: mpsc::Receiver<Challenge>,
    pub(super) proofs: mpsc::Sender<Authenticate>,
}

/// A judgement that is under way.
pub type Judging<T> = Pin<Box<dyn Future<Output = Result<T, Refusal>> + Send>>;

impl Attempt {
    pub(super) fn new(hello: Hello, peer: Peer, session: SessionId) -> (Self, Client) {
        let (challenges, asked) = mpsc::channel(1);
        let (answers, proofs) = mpsc::channel(1);
        let line = Line { challenges, proofs, asked: 0 };
        let attempt = Self { hello: Arc::new(hello), peer: Arc::new(peer), session, line };
        (attempt, Client { challenges: asked, proofs: answers })
    }

    /// What the client said.
    #[must_use]
    pub fn hello(&self) -> &Hello {
        &self.hello
    }

    pub(super) fn shared_hello(&self) -> Arc<Hello> {
        Arc::clone(&self.hello)
    }

    /// What the transport knows of it.
    #[must_use]
    pub fn peer(&self) -> &Peer {
        &self.peer
    }

    /// The id that its session will have.
    #[must_use]
    pub const fn session(&self) -> SessionId {
        self.session
    }

    /// Whether the client offers this method.
    #[must_use]
    pub fn offers(&self, method: &str) -> bool {
        self.hello.details.authmethods.iter().any(|offered| offered == method)
    }

    /// Sends CHALLENGE and waits for AUTHENTICATE ("WAMP: Authentication"). May be used again for a second factor.
    ///
    /// # Errors
    /// The refusal to end with, if the client was asked too often. When the client goes or takes too long, the whole
    /// judgement is dropped.
    pub async fn challenge(&mut self, challenge: Challenge) -> Result<Authenticate, Refusal> {
        self.line.asked += 1;
        if self.line.asked > MOST_CHALLENGES {
            return Err(Refusal::failed("more challenges than anybody needs"));
        }
        let gone = || Refusal::failed("the client is gone");
        self.line.challenges.send(challenge).await.map_err(|_closed| gone())?;
        self.line.proofs.recv().await.ok_or_else(gone)
    }
}

/// Judges clients in the place of the methods of the configuration, or before them: for programs that embed the router.
///
/// ```
/// use std::sync::Arc;
/// use wamplex_router::{
///     Identity,
///     authentication::{Attempt, Authenticator, Judging, Refusal},
/// };
/// use wamplex_shared::message::Challenge;
///
/// /// Asks everybody who offers `riddle` the same question.
/// #[derive(Debug)]
/// struct Riddle;
///
/// impl Authenticator for Riddle {
///     fn authenticate(self: Arc<Self>, mut attempt: Attempt) -> Judging<Identity> {
///         Box::pin(async move {
///             let question = [("question", "what walks on four legs in the morning?")];
///             let extra = question.into_iter().map(|(key, text)| (key, text.to_owned())).collect();
///             let asked = Challenge { method: "riddle".into(), extra };
///             let answer = attempt.challenge(asked).await?;
///             if answer.signature != "man" {
///                 return Err(Refusal::denied("the answer was wrong"));
///             }
///             Ok(Identity::new("oedipus", "king", "riddle", "sphinx"))
///         })
///     }
///
///     fn takes(&self, attempt: &Attempt) -> bool {
///         attempt.offers("riddle")
///     }
/// }
/// ```
pub trait Authenticator: fmt::Debug + Send + Sync {
    /// Whether this client is judged here rather than by the methods of the configuration. By default all are.
    fn takes(&self, _attempt: &Attempt) -> bool {
        true
    }

    /// Finds out who the client is. The future is dropped when the client goes, or when the time limit of the realm is
    /// over, and must not block the thread it runs on; a panic turns the client away.
    fn authenticate(self: Arc<Self>, attempt: Attempt) -> Judging<Identity>;
}
