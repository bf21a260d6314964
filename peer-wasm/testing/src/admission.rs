//! From HELLO to WELCOME, or to ABORT.

use crate::{
    door::{Identity, Step},
    router::{Hosted, Router},
    socket::{Phase, Seat, Socket},
};
use bytestring::ByteString;
use wamplex_realm::{Joining, RealmConfig};
use wamplex_shared::{
    id::SessionId,
    message::{Abort, Authenticate, Hello, WelcomeDetails},
    session::{AcceptEvent, Serving},
    time::Time,
    uris::error,
    value::Dict,
};

/// What the router calls itself.
const AGENT: &str = concat!("wamplex-testing/", env!("CARGO_PKG_VERSION"));

impl Router {
    /// Goes on with a client that is not welcome yet.
    pub(crate) fn receive_client(&mut self, socket: &mut Socket, event: AcceptEvent, now: Time) {
        match event {
            AcceptEvent::Hello(hello) => self.greet(socket, &hello, now),
            AcceptEvent::Authenticate(proof) => self.judge(socket, &proof, now),
            AcceptEvent::Aborted(_) => {}
        }
    }

    fn greet(&mut self, socket: &mut Socket, hello: &Hello, now: Time) {
        let Phase::Joining(acceptor, _) = &mut socket.phase else { return };
        let Some(hosted) = self.realms.get(&hello.realm) else {
            let message = format!("there is no realm `{}` here", hello.realm);
            acceptor.refuse(Abort::new(error::NO_SUCH_REALM, message));
            return;
        };
        let session = self.ids.session();
        if socket.inside {
            let identity = Identity::of_the_test();
            return self.welcome(socket, hello, session, identity, now);
        }
        let clock = self.epoch + u64::try_from(now.since_start().as_millis()).unwrap_or(0);
        let step = hosted.door.open(hello.clone(), session, &mut self.ids, clock);
        self.proceed(socket, hello, session, step, now);
    }

    fn judge(&mut self, socket: &mut Socket, proof: &Authenticate, now: Time) {
        let Phase::Joining(_, asked) = &mut socket.phase else { return };
        let Some(attempt) = asked.take() else { return };
        let (hello, session) = (attempt.hello.clone(), attempt.session);
        self.proceed(socket, &hello, session, attempt.judge(proof), now);
    }

    fn proceed(
        &mut self,
        socket: &mut Socket,
        hello: &Hello,
        session: SessionId,
        step: Step,
        now: Time,
    ) {
        let Phase::Joining(acceptor, asked) = &mut socket.phase else { return };
        match step {
            Step::Welcome(identity) => self.welcome(socket, hello, session, identity, now),
            Step::Refuse(abort) => _ = acceptor.refuse(abort),
            Step::Challenge(challenge, attempt) => {
                *asked = Some(attempt);
                acceptor.challenge(challenge);
            }
        }
    }

    fn welcome(
        &mut self,
        socket: &mut Socket,
        hello: &Hello,
        session: SessionId,
        identity: Identity,
        now: Time,
    ) {
        let Phase::Joining(acceptor, _) = &mut socket.phase else { return };
        let Some(hosted) = self.realms.get_mut(&hello.realm) else { return };
        let roles = hosted.roles.as_ref().filter(|_| !socket.inside);
        if roles.is_some_and(|roles| !roles.has(&identity.role)) {
            let message = "the role of this principal is not one of the realm's";
            acceptor.refuse(Abort::new(error::NO_SUCH_ROLE, message));
            return;
        }
        let (who, extra) = hosted.joining(session, hello, identity, socket.inside);
        acceptor.accept(session, hosted.welcome(&who, extra));
        while let Some(message) = acceptor.poll_message() {
            self.outbox.push(socket.handle, message);
        }
        let member = hosted.realm.join(who, socket.handle, now, &mut self.outbox);
        let (realm, serving) = (hello.realm.clone(), Serving::new());
        socket.phase = Phase::Joined(Seat { realm, serving, member });
    }
}

impl Hosted {
    /// Who joins, and what WELCOME says of that beyond it.
    fn joining(
        &self,
        session: SessionId,
        hello: &Hello,
        identity: Identity,
        inside: bool,
    ) -> (Joining, Dict) {
        let mut who = Joining::new(session, hello.details.roles);
        who.authid = Some(identity.authid);
        who.authrole = Some(identity.role);
        who.authmethod = Some(ByteString::from_static(identity.method));
        who.authprovider = Some(ByteString::from_static("static"));
        who.trustlevel = self.trustlevel;
        who.privileged = inside;
        (who, identity.extra)
    }

    fn welcome(&self, who: &Joining, authextra: Dict) -> WelcomeDetails {
        let RealmConfig { name, .. } = self.realm.config();
        WelcomeDetails {
            roles: self.realm.welcome_roles(),
            agent: Some(ByteString::from_static(AGENT)),
            realm: Some(name.clone()),
            authid: who.authid.clone(),
            authrole: who.authrole.clone(),
            authmethod: who.authmethod.clone(),
            authprovider: who.authprovider.clone(),
            authextra,
            ..WelcomeDetails::default()
        }
    }
}
