//! The router: realms, and the sockets that lead into them.

use crate::{
    door::Door,
    outbox::{Outbox, Transmit},
    settings::{self, BadSetting},
    socket::{Frame, Handle, Phase, Seat, Socket, SocketId, Wire},
};
use bytestring::ByteString;
use std::{collections::BTreeMap, sync::Arc};
use wamplex_realm::{Grant, Handled, Member, Realm, Refused, Roles, Verdict, judge};
use wamplex_shared::{
    codec,
    error::ProtocolViolation,
    id::{GlobalIds, SessionId},
    message::{Goodbye, Message},
    session::Received,
    time::Time,
    uri::Uri,
    uris::{close, subscription::GET_EVENTS},
};

/// A router without sockets of its own, clock or source of randomness.
#[derive(Debug)]
pub struct Router {
    pub(crate) realms: BTreeMap<Uri, Hosted>,
    pub(crate) sockets: BTreeMap<SocketId, Socket>,
    last_socket: SocketId,
    pub(crate) outbox: Outbox,
    pub(crate) ids: GlobalIds,
    pub(crate) epoch: u64,
}

/// A realm, and who may come in.
#[derive(Debug)]
pub(crate) struct Hosted {
    pub(crate) realm: Realm<Handle>,
    pub(crate) door: Door,
    /// If not everybody may do everything.
    pub(crate) roles: Option<Arc<Roles>>,
    pub(crate) trustlevel: Option<u64>,
}

/// A session that is open.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionInfo {
    /// The id that WELCOME names.
    pub session: SessionId,
    /// The socket it came in by.
    pub socket: SocketId,
    /// The realm it is in.
    pub realm: Uri,
    /// Who it belongs to.
    pub authid: ByteString,
    /// The role it has.
    pub authrole: ByteString,
}

const NORMAL: u16 = 1000;
const GOING_AWAY: u16 = 1001;
const PROTOCOL_ERROR: u16 = 1002;

impl Router {
    /// A router without realms. All its random numbers come from `seed`; `epoch` is what a wall clock shows at
    /// [`Time::ZERO`], in milliseconds since 1970.
    #[must_use]
    pub fn new(seed: u64, epoch: u64) -> Self {
        Self {
            realms: BTreeMap::new(),
            sockets: BTreeMap::new(),
            last_socket: 0,
            outbox: Outbox::default(),
            ids: GlobalIds::new(seed),
            epoch,
        }
    }

    /// Adds a realm; `text` is a JSON object with its name and rules.
    ///
    /// # Errors
    /// What is wrong with a setting.
    pub fn add_realm(&mut self, text: &str) -> Result<(), BadSetting> {
        let hosted = settings::read(text, self.ids.draw(), self.epoch)?;
        let name = hosted.realm.config().name.clone();
        if self.realms.contains_key(&name) {
            return Err(BadSetting::new("name", "there is a realm of this name already"));
        }
        self.realms.insert(name, hosted);
        Ok(())
    }

    /// Opens a socket; `None` if nothing is known of the subprotocol.
    pub fn open(&mut self, subprotocol: &str) -> Option<SocketId> {
        self.admit(subprotocol, false)
    }

    /// Opens a socket of the test itself: its sessions prove nothing, have every right, and are not seen by others.
    pub fn open_inside(&mut self, subprotocol: &str) -> Option<SocketId> {
        self.admit(subprotocol, true)
    }

    fn admit(&mut self, subprotocol: &str, inside: bool) -> Option<SocketId> {
        let wire = Wire::from_subprotocol(subprotocol)?;
        self.last_socket += 1;
        let handle = Handle { socket: self.last_socket, wire };
        self.sockets.insert(handle.socket, Socket::new(handle, inside));
        Some(handle.socket)
    }

    /// Takes a frame of a client. Nothing happens if the socket is closed.
    pub fn receive(&mut self, socket: SocketId, frame: Frame, now: Time) {
        let Some(socket) = self.sockets.remove(&socket) else { return };
        let messages = match socket.handle.wire.unpack(frame) {
            Ok(messages) => messages,
            Err(violation) => vec![Err(violation)],
        };
        let mut going_on = Some(socket);
        for message in messages {
            let Some(mut socket) = going_on.take() else { break };
            let serializer = socket.handle.wire.serializer;
            let message = message.and_then(|bytes| Ok(codec::decode(serializer, &bytes)?));
            let handled = message.and_then(|message| self.handle(&mut socket, message, now));
            going_on = self.settle(socket, handled.err().as_ref(), now);
        }
        if let Some(socket) = going_on {
            self.sockets.insert(socket.handle.socket, socket);
        }
        self.dismiss(now);
    }

    /// Forgets a socket that is closed or lost.
    pub fn lost(&mut self, socket: SocketId, now: Time) {
        if let Some(socket) = self.sockets.remove(&socket) {
            self.leave(socket.phase, now);
            self.dismiss(now);
        }
    }

    /// The next thing that a client gets to know; to be asked until there is nothing more, after whatever was done.
    pub fn poll_transmit(&mut self) -> Option<(SocketId, Transmit)> {
        self.outbox.poll()
    }

    /// When [`handle_timeout`](Self::handle_timeout) has something to do.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Time> {
        self.realms.values().filter_map(|hosted| hosted.realm.poll_timeout()).min()
    }

    /// Ends what has taken too long.
    pub fn handle_timeout(&mut self, now: Time) {
        for hosted in self.realms.values() {
            hosted.realm.handle_timeout(now, &mut self.outbox);
        }
    }

    /// Says goodbye to all sessions, and closes all sockets, as a router does that shuts down.
    pub fn shut_down(&mut self, now: Time) {
        let goodbye = Goodbye::new(close::SYSTEM_SHUTDOWN);
        for hosted in self.realms.values_mut() {
            hosted.realm.dismiss(&goodbye, now, &mut self.outbox);
        }
        self.dismiss(now);
        for socket in std::mem::take(&mut self.sockets).into_values() {
            self.outbox.close(socket.handle, GOING_AWAY);
        }
    }

    /// The sessions that are open, in the order in which their sockets were opened.
    #[must_use]
    pub fn sessions(&self) -> Vec<SessionInfo> {
        let info = |socket: &Socket| match &socket.phase {
            Phase::Joined(Seat { realm, member, .. }) if !socket.inside && !member.has_left() => {
                Some(SessionInfo {
                    session: member.session(),
                    socket: socket.handle.socket,
                    realm: realm.clone(),
                    authid: member.who().authid.clone().unwrap_or_default(),
                    authrole: member.who().authrole.clone().unwrap_or_default(),
                })
            }
            Phase::Joined(_) | Phase::Joining(..) => None,
        };
        self.sockets.values().filter_map(info).collect()
    }

    /// Whether everything that realms know in two places is the same in both. For tests of the router itself.
    ///
    /// # Errors
    /// What is not the same.
    pub fn check(&self) -> Result<(), String> {
        self.realms.values().try_for_each(|hosted| hosted.realm.check())
    }

    fn handle(
        &mut self,
        socket: &mut Socket,
        message: Message,
        now: Time,
    ) -> Result<(), ProtocolViolation> {
        match &mut socket.phase {
            Phase::Joining(acceptor, _) => {
                acceptor.handle_message(message)?;
                if let Some(event) = acceptor.poll_event() {
                    self.receive_client(socket, event, now);
                }
                Ok(())
            }
            Phase::Joined(seat) => {
                let was_open = seat.serving.is_open();
                match seat.serving.handle_message(message)? {
                    Received::Request(message) => {
                        let (realm, member) = (seat.realm.clone(), Arc::clone(&seat.member));
                        self.dispatch(&realm, &member, message, now)
                    }
                    // The socket may be used for another HELLO.
                    Received::Left(_) if was_open => {
                        self.flush(socket);
                        let joining = Phase::joining(socket.handle);
                        let before = std::mem::replace(&mut socket.phase, joining);
                        self.leave(before, now);
                        Ok(())
                    }
                    Received::Left(_) | Received::Ignored | Received::Aborted(_) => Ok(()),
                    _ => Ok(()),
                }
            }
        }
    }

    /// Says what the session has to say, and closes the socket if that was all.
    fn settle(
        &mut self,
        mut socket: Socket,
        violation: Option<&ProtocolViolation>,
        now: Time,
    ) -> Option<Socket> {
        if let Some(violation) = violation {
            socket.fail(violation);
        }
        self.flush(&mut socket);
        if !socket.is_over() {
            return Some(socket);
        }
        let code = if violation.is_some() { PROTOCOL_ERROR } else { NORMAL };
        self.outbox.close(socket.handle, code);
        self.leave(socket.phase, now);
        None
    }

    fn flush(&mut self, socket: &mut Socket) {
        while let Some(message) = socket.poll_message() {
            self.outbox.push(socket.handle, message);
        }
    }

    fn leave(&mut self, phase: Phase, now: Time) {
        if let Phase::Joined(Seat { realm, member, .. }) = phase
            && let Some(hosted) = self.realms.get_mut(&realm)
        {
            hosted.realm.leave(&member, now, &mut self.outbox);
        }
    }

    /// Begins to close the sessions that a realm has ended.
    fn dismiss(&mut self, now: Time) {
        for (socket, goodbye) in self.outbox.take_dismissed() {
            let Some(mut socket) = self.sockets.remove(&socket) else { continue };
            if let Phase::Joined(seat) = &mut socket.phase {
                seat.serving.close(goodbye);
            }
            if let Some(socket) = self.settle(socket, None, now) {
                self.sockets.insert(socket.handle.socket, socket);
            }
        }
    }

    fn dispatch(
        &mut self,
        realm: &Uri,
        from: &Arc<Member<Handle>>,
        message: Message,
        now: Time,
    ) -> Handled {
        let Some(hosted) = self.realms.get_mut(realm) else { return Ok(()) };
        let verdict = hosted.roles.as_ref().map(|roles| judge(&**roles, from, &message));
        let (realm, out) = (&mut hosted.realm, &mut self.outbox);
        let grant = match verdict.unwrap_or(Verdict::Allowed(Grant::EVERYTHING)) {
            Verdict::Allowed(grant) => grant,
            Verdict::Refused(why) => return realm.refuse(from, &message, why, out),
            Verdict::Ask { .. } => return realm.refuse(from, &message, Refused::Failed, out),
        };
        match message {
            Message::Publish(m) => realm.publish_as(grant, from, m, now, out),
            Message::Subscribe(m) => realm.subscribe(from, m, now, out),
            Message::Unsubscribe(m) => realm.unsubscribe(from, m, now, out),
            Message::Call(m) if m.procedure == GET_EVENTS => realm.get_events(from, m, now, out),
            Message::Call(m) if m.procedure.is_reserved() => realm.call_meta(from, m, now, out),
            Message::Call(m) => realm.call_as(grant, from, m, now, out),
            Message::Cancel(m) => realm.cancel(from, m, now, out),
            Message::Register(m) => realm.register(from, m, now, out),
            Message::Unregister(m) => realm.unregister(from, m, now, out),
            Message::Yield(m) => realm.yield_(from, m, now, out),
            Message::Error(m) => realm.error(from, m, now, out),
            // `Serving` lets nothing else through.
            Message::Hello(_)
            | Message::Welcome(_)
            | Message::Abort(_)
            | Message::Challenge(_)
            | Message::Authenticate(_)
            | Message::Goodbye(_)
            | Message::Published(_)
            | Message::Subscribed(_)
            | Message::Unsubscribed(_)
            | Message::Event(_)
            | Message::Result(_)
            | Message::Registered(_)
            | Message::Unregistered(_)
            | Message::Invocation(_)
            | Message::Interrupt(_)
            | Message::EventReceived(_) => Ok(()),
        }
    }
}
