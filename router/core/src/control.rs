//! The control plane of a realm: who is here, and what they asked for.

use crate::{
    member::{Joining, Member, Seat},
    meta::LeftBehind,
    realm::{Handled, Realm, answer},
    routing::Moment,
    sink::{Outbound, Sink},
};
use std::sync::Arc;
use wamplex_shared::{
    message::{
        MessageCode, Register, Registered, Subscribe, Subscribed, Unregister, Unregistered,
        Unsubscribe, Unsubscribed,
    },
    time::Time,
};

/// What needs the realm for itself.
impl<H> Realm<H> {
    /// Lets a session in. Its id should be free: see [`session`](Self::session). If it is not, the session that has it
    /// leaves first.
    pub fn join(
        &mut self,
        who: Joining,
        handle: H,
        now: Time,
        out: &mut impl Sink<H>,
    ) -> Arc<Member<H>> {
        if let Some(before) = self.session(who.session).cloned() {
            self.leave(&before, now, out);
        }
        let member = Arc::new(Member::new(who, handle, self.broker.new_publications()));
        self.members.insert(Arc::clone(&member));
        self.announce_join(member.who(), out);
        member
    }

    /// Lets a session go, with its subscriptions, its registrations, and the calls it made or was to answer. It is told
    /// nothing, and messages of it that are handed in later are ignored. Nothing happens if it has left already.
    pub fn leave(&mut self, who: &Member<H>, now: Time, out: &mut impl Sink<H>) {
        if let Some(left) = self.remove(who, now, out) {
            self.announce_leave(who, left, now, out);
        }
    }

    /// Takes everything away that holds a session, and tells nobody but those it owed an answer. What it left is `None`
    /// if it has left already.
    pub(crate) fn remove(
        &mut self,
        who: &Member<H>,
        now: Time,
        out: &mut impl Sink<H>,
    ) -> Option<LeftBehind> {
        let Seat { subscriptions, registrations, testaments, .. } = self.members.remove(who)?;
        who.mark_left();
        let session = who.session();
        let left = LeftBehind {
            subscriptions: subscriptions
                .into_iter()
                .filter_map(|id| self.broker.remove(id, session))
                .collect(),
            registrations: registrations
                .into_iter()
                .filter_map(|id| self.dealer.remove(id, session))
                .collect(),
            testaments,
        };
        let moment = Moment { config: &self.config, now };
        self.dealer.leave(moment, who, out);
        self.dealer.settle(moment, out);
        self.topics.get_mut().leave(session);
        Some(left)
    }

    /// Handles SUBSCRIBE.
    ///
    /// # Errors
    /// See [`Handled`], as for all messages.
    pub fn subscribe(
        &mut self,
        from: &Member<H>,
        message: Subscribe,
        now: Time,
        out: &mut impl Sink<H>,
    ) -> Handled {
        let Subscribe { request, .. } = message;
        let get_retained = message.options.get_retained;
        self.accept(from, MessageCode::Subscribe, request)?;
        let Some(seat) = self.members.seat_mut(from) else { return Ok(()) };
        let entered = self.broker.subscribe(&self.config, seat, message, now);
        let subscribed = entered.map(|e| Subscribed { request, subscription: e.id });
        answer(from, MessageCode::Subscribe, request, subscribed, out);
        if let Ok(entered) = entered {
            if get_retained {
                self.broker.replay(entered.id, from, now, out);
            }
            self.announce_subscribe(from.session(), entered, out);
        }
        Ok(())
    }

    /// Handles UNSUBSCRIBE.
    ///
    /// # Errors
    /// See [`Handled`].
    pub fn unsubscribe(
        &mut self,
        from: &Member<H>,
        message: Unsubscribe,
        _now: Time,
        out: &mut impl Sink<H>,
    ) -> Handled {
        let Unsubscribe { request, subscription } = message;
        self.accept(from, MessageCode::Unsubscribe, request)?;
        let Some(seat) = self.members.seat_mut(from) else { return Ok(()) };
        let departed = self.broker.unsubscribe(seat, subscription);
        let unsubscribed = departed.map(|_| Unsubscribed { request: Some(request), details: None });
        answer(from, MessageCode::Unsubscribe, request, unsubscribed, out);
        if let Ok(Some(departed)) = departed {
            self.announce_unsubscribe(from.session(), departed, out);
        }
        Ok(())
    }

    /// Handles REGISTER.
    ///
    /// # Errors
    /// See [`Handled`].
    pub fn register(
        &mut self,
        from: &Member<H>,
        message: Register,
        now: Time,
        out: &mut impl Sink<H>,
    ) -> Handled {
        let Register { request, .. } = message;
        self.accept(from, MessageCode::Register, request)?;
        let schema = match self.schema_for(from, &message) {
            Ok(schema) => schema,
            Err(objection) => {
                let error = objection.to_error(MessageCode::Register, request);
                out.deliver(from.handle(), Outbound::from(error));
                return Ok(());
            }
        };
        self.take_over(from, &message, out);
        let Some(seat) = self.members.seat_mut(from) else { return Ok(()) };
        let entered = self.dealer.register(&self.config, seat, message, now);
        let registered = entered.map(|e| Registered { request, registration: e.id });
        answer(from, MessageCode::Register, request, registered, out);
        if let Ok(entered) = entered {
            self.describe(entered.id, schema);
            self.announce_register(from.session(), entered, out);
        }
        self.dealer.settle(Moment { config: &self.config, now }, out);
        Ok(())
    }

    /// Handles UNREGISTER.
    ///
    /// # Errors
    /// See [`Handled`].
    pub fn unregister(
        &mut self,
        from: &Member<H>,
        message: Unregister,
        now: Time,
        out: &mut impl Sink<H>,
    ) -> Handled {
        let Unregister { request, registration } = message;
        self.accept(from, MessageCode::Unregister, request)?;
        let Some(seat) = self.members.seat_mut(from) else { return Ok(()) };
        let departed = self.dealer.unregister(seat, registration);
        let unregistered = departed.map(|_| Unregistered { request: Some(request), details: None });
        answer(from, MessageCode::Unregister, request, unregistered, out);
        if let Ok(Some(departed)) = departed {
            self.announce_unregister(from.session(), departed, out);
        }
        self.dealer.settle(Moment { config: &self.config, now }, out);
        Ok(())
    }
}
