//! Opening a connection and a session.

mod dial;

#[cfg(feature = "tls")]
use crate::tls::Tls;
use crate::{
    auth::{AuthError, Authenticator, ChannelBinding, Offer},
    client::Client,
    error::Error,
    link::Token,
    silence::Patience,
    transport::{self, Frame, Target, Transport, TransportError},
};
use core::{fmt, future::poll_fn, time::Duration};
use std::sync::Arc;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::timeout,
};
use wamplex_shared::{
    error::ProtocolViolation,
    message::{Abort, Hello, HelloDetails},
    roles::{
        Feature::{
            CallCanceling, CallTimeout, CallTrustlevels, CallerIdentification,
            PatternBasedRegistration, PatternBasedSubscription, ProgressiveCallResults,
            PublicationTrustlevels, PublisherExclusion, PublisherIdentification,
            RegistrationRevocation, SharedRegistration, SubscriberBlackwhiteListing,
            SubscriptionRevocation,
        },
        Features, Role, Roles,
    },
    serializer::Serializer,
    session::{CloseReason, JoinEvent, Joiner, Session},
    uri::Uri,
    uris,
};

/// How long connecting may take if it is not told otherwise: host, WebSocket and session together.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// The longest message we take if we are not told otherwise: what routers commonly allow at most.
const DEFAULT_MAX_MESSAGE_SIZE: usize = 16 * 1024 * 1024;

/// How long the farewell to a router may take that we want no session with.
const FAREWELL_TIMEOUT: Duration = Duration::from_secs(1);

const AGENT: &str = concat!("wamplex/", env!("CARGO_PKG_VERSION"));

/// What this client can do, as HELLO announces it.
const ROLES: Roles = Roles::NONE
    .with(
        Role::Publisher,
        Features::of(&[PublisherExclusion, PublisherIdentification, SubscriberBlackwhiteListing]),
    )
    .with(
        Role::Subscriber,
        Features::of(&[
            PatternBasedSubscription,
            PublicationTrustlevels,
            PublisherIdentification,
            SubscriptionRevocation,
        ]),
    )
    .with(
        Role::Caller,
        Features::of(&[CallCanceling, CallTimeout, CallerIdentification, ProgressiveCallResults]),
    )
    .with(
        Role::Callee,
        Features::of(&[
            CallCanceling,
            CallTrustlevels,
            CallerIdentification,
            PatternBasedRegistration,
            ProgressiveCallResults,
            RegistrationRevocation,
            SharedRegistration,
        ]),
    );

/// A connection that is being put together; [`connect`](Self::connect) makes it.
///
/// ```no_run
/// # async fn example() -> Result<(), wamplex::Error> {
/// use wamplex::{Client, Serializer, auth};
///
/// let client = Client::builder("wss://router.example/ws")
///     .realm("realm1")
///     .auth(auth::Ticket::new("joe", "secret"))
///     .serializers([Serializer::Cbor, Serializer::Json])
///     .connect()
///     .await?;
/// # Ok(())
/// # }
/// ```
#[must_use = "a connection is made by `connect`"]
#[derive(Clone)]
pub struct Connect {
    url: String,
    realm: Option<Uri>,
    serializers: Vec<Serializer>,
    authenticators: Vec<Arc<dyn Authenticator>>,
    binding: Option<ChannelBinding>,
    agent: String,
    timeout: Duration,
    max_message_size: usize,
    batched: bool,
    keep_alive: KeepAlive,
    #[cfg(feature = "tls")]
    tls: Tls,
}

/// Whether a router that falls silent is asked for a sign of life.
#[derive(Clone, Copy, Debug)]
enum KeepAlive {
    /// Where it does no harm: many routers do not understand a PING over RawSocket.
    Usual,
    On(Patience),
    Off,
}

impl Connect {
    pub(crate) fn new(url: String) -> Self {
        Self {
            url,
            realm: None,
            serializers: vec![Serializer::Cbor, Serializer::MsgPack, Serializer::Json],
            authenticators: Vec::new(),
            binding: None,
            agent: AGENT.to_owned(),
            timeout: DEFAULT_TIMEOUT,
            max_message_size: DEFAULT_MAX_MESSAGE_SIZE,
            batched: false,
            keep_alive: KeepAlive::Usual,
            #[cfg(feature = "tls")]
            tls: Tls::new(),
        }
    }

    /// Sets the realm to join. There is no default.
    pub fn realm(mut self, realm: impl Into<Uri>) -> Self {
        self.realm = Some(realm.into());
        self
    }

    /// Sets the serializers to offer, the favourite first; CBOR, MessagePack, JSON if not set.
    pub fn serializers(mut self, serializers: impl IntoIterator<Item = Serializer>) -> Self {
        self.serializers = serializers.into_iter().collect();
        self
    }

    /// Offers a way to prove who the client is; only [`Anonymous`](crate::auth::Anonymous) if none is offered. Of
    /// several the router chooses.
    pub fn auth(mut self, authenticator: impl Authenticator) -> Self {
        self.authenticators.push(Arc::new(authenticator));
        self
    }

    /// Says what identifies a connection that [`connect_over`](Self::connect_over) is given, for methods that
    /// [bind](crate::auth::Scram::channel_binding) their proof to it. [`connect`](Self::connect) knows by itself.
    pub fn identified_by(mut self, binding: ChannelBinding) -> Self {
        self.binding = Some(binding);
        self
    }

    /// Sets what the client calls itself; `wamplex/` and the version if not set.
    pub fn agent(mut self, agent: impl Into<String>) -> Self {
        self.agent = agent.into();
        self
    }

    /// Sets how long connecting may take, from the name of the host to the open session; 10 s if not set.
    pub const fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets the length of the longest message that is received, in bytes; 16 MiB if not set. A longer one ends the
    /// connection. Over RawSocket the next lower power of two counts, and the router is told.
    pub const fn max_message_size(mut self, bytes: usize) -> Self {
        self.max_message_size = bytes;
        self
    }

    /// Sets whether several messages may travel in one of the WebSocket, if the router agrees ("WAMP: Batched WebSocket
    /// Transport"); not if not set.
    pub const fn batched(mut self, batched: bool) -> Self {
        self.batched = batched;
        self
    }

    /// Sets how long the router may be silent. Between half of `interval` and `interval` after the last sign of life it
    /// is sent a PING, and if then nothing comes for `wait`, the connection is lost.
    ///
    /// 20 s and 10 s if not set, but over RawSocket, where many routers do not understand a PING, it may be silent for
    /// ever.
    pub const fn keep_alive(mut self, interval: Duration, wait: Duration) -> Self {
        self.keep_alive = KeepAlive::On(Patience { interval, wait });
        self
    }

    /// Lets the router be silent for ever.
    pub const fn no_keep_alive(mut self) -> Self {
        self.keep_alive = KeepAlive::Off;
        self
    }

    /// Sets whom the client trusts and what it shows when the connection is encrypted; those that browsers trust, and
    /// nothing, if not set.
    #[cfg(feature = "tls")]
    pub fn tls(mut self, tls: Tls) -> Self {
        self.tls = tls;
        self
    }

    /// Connects and opens the session.
    ///
    /// # Errors
    /// [`Error::Transport`] when the router cannot be reached, [`Error::Closed`] with its ABORT when it refuses,
    /// [`Error::Timeout`], [`Error::Auth`], [`Error::Config`] and [`Error::Violation`].
    pub async fn connect(self) -> Result<Client, Error> {
        let target = self.check()?;
        timeout(self.timeout, self.dial(&target)).await.unwrap_or(Err(Error::Timeout(self.timeout)))
    }

    /// Opens the session over a stream that is connected already, such as a Unix socket, a tunnel, a TLS connection
    /// with certificates of one's own, or one end of a pipe in a test. Of the URL only the scheme is used, and host and
    /// path in the WebSocket handshake; over RawSocket only the first serializer is offered.
    ///
    /// # Errors
    /// As for [`connect`](Self::connect).
    pub async fn connect_over<S>(self, stream: S) -> Result<Client, Error>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let target = self.check()?;
        let opening = self.open(stream, &target, &self.serializers, self.binding.clone());
        timeout(self.timeout, opening).await.unwrap_or(Err(Error::Timeout(self.timeout)))
    }

    fn authmethods(&self) -> Vec<&str> {
        self.authenticators.iter().map(|auth| auth.method()).collect()
    }

    fn check(&self) -> Result<Target, Error> {
        let target = Target::parse(&self.url)?;
        if self.realm.is_none() {
            return Err(Error::Config("no realm is given"));
        }
        if self.serializers.is_empty() {
            return Err(Error::Config("no serializer is offered"));
        }
        let shown = self.authenticators.iter().find(|auth| auth.needs_confidentiality());
        if let Some(shown) = shown.filter(|_| !target.is_confidential()) {
            return Err(AuthError::NotConfidential(shown.method().to_owned()).into());
        }
        Ok(target)
    }

    fn hello(&self, offer: &Offer) -> Result<Hello, AuthError> {
        let mut details = HelloDetails {
            roles: ROLES,
            agent: Some(self.agent.as_str().into()),
            ..HelloDetails::default()
        };
        offer.announce(&mut details)?;
        Ok(Hello { realm: self.realm.clone().unwrap_or_default(), details })
    }
}

impl fmt::Debug for Connect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connect")
            .field("url", &self.url)
            .field("realm", &self.realm)
            .field("serializers", &self.serializers)
            .field("authmethods", &self.authmethods())
            .finish_non_exhaustive()
    }
}

/// Goes from HELLO to WELCOME, or says why not.
async fn join<T: Transport>(
    transport: &mut T,
    mut joiner: Joiner,
    mut offer: Offer,
) -> Result<Session<Token>, Error> {
    loop {
        send_all(transport, &mut joiner).await?;
        let Some(frame) = poll_fn(|cx| transport.poll_receive(cx)).await? else {
            return Err(gone());
        };
        if let Err(violation) = take(&mut joiner, &frame) {
            farewell(transport, &mut joiner).await;
            return Err(Error::Violation(violation));
        }
        match joiner.poll_event() {
            Some(JoinEvent::Welcomed(welcome)) => {
                if let Err(error) = offer.check(&welcome.details) {
                    return Err(decline(transport, &mut joiner, error).await);
                }
                return joiner.into_session().map_err(|_| gone());
            }
            Some(JoinEvent::Refused(abort)) => {
                farewell(transport, &mut joiner).await;
                return Err(CloseReason::Abort(abort).into());
            }
            Some(JoinEvent::Challenge(challenge)) => match offer.answer(&challenge).await {
                Ok(answer) => joiner.authenticate(answer.signature, answer.extra),
                Err(error) => return Err(decline(transport, &mut joiner, error).await),
            },
            None => {}
        }
    }
}

fn take(joiner: &mut Joiner, frame: &Frame) -> Result<(), ProtocolViolation> {
    match frame.decode(joiner.serializer()) {
        Ok(message) => joiner.handle_message(message),
        Err(violation) => {
            joiner.fail(&violation);
            Err(violation)
        }
    }
}

/// Wants no session with this router, and tells it so.
async fn decline<T: Transport>(transport: &mut T, joiner: &mut Joiner, why: AuthError) -> Error {
    joiner.abort(Abort::new(uris::error::AUTHENTICATION_FAILED, why.to_string()));
    farewell(transport, joiner).await;
    why.into()
}

async fn send_all<T: Transport>(
    transport: &mut T,
    joiner: &mut Joiner,
) -> Result<(), TransportError> {
    while let Some(message) = joiner.poll_message() {
        poll_fn(|cx| transport.poll_ready(cx)).await?;
        if let Some(frame) = transport::encode(joiner.serializer(), &message) {
            transport.send(joiner.serializer(), frame)?;
        }
    }
    poll_fn(|cx| transport.poll_flush(cx)).await
}

/// Says what there is left to say and closes the connection, as far as that is possible in good time.
async fn farewell<T: Transport>(transport: &mut T, joiner: &mut Joiner) {
    let _ = timeout(FAREWELL_TIMEOUT, async {
        send_all(transport, joiner).await?;
        poll_fn(|cx| transport.poll_close(cx)).await
    })
    .await;
}

fn gone() -> Error {
    CloseReason::Disconnected("closed by the router before WELCOME".into()).into()
}
