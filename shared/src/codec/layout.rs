//! The layout of every message, for reading and for writing ("WAMP: Messages").

use super::{
    EncodeError,
    head::{Elements, Reader, Result, Writer},
    options, values,
};
use crate::{
    id::{PublicationId, RegistrationId, RequestId, SessionId, SubscriptionId},
    message::{
        Abort, Authenticate, Call, Cancel, Challenge, Error, Event, EventDetails, EventReceived,
        Goodbye, Hello, Interrupt, Invocation, Message, MessageCode, Publish, Published, Register,
        Registered, ResultMessage, Subscribe, Subscribed, Unregister, Unregistered, Unsubscribe,
        Unsubscribed, Welcome, Yield,
    },
    payload::{Payload, PayloadShape},
};

macro_rules! layouts {
    ($($code:ident($type:ident): $($kind:ident($field:ident $($arg:tt)*)),*;)*) => {
        /// Reads a message up to its last element.
        pub(super) fn read_message<'b>(reader: &mut (impl Reader<'b> + ?Sized)) -> Result<Message> {
            let mut e = Elements::begin(reader)?;
            let message = match e.code() {
                $(MessageCode::$code => {
                    Message::$code($type { $($field: layouts!(@read $kind e $($arg)*),)* })
                })*
            };
            e.last()?;
            Ok(message)
        }

        /// Writes a message.
        pub(super) fn write_message(
            w: &mut (impl Writer + ?Sized),
            message: &Message,
        ) -> core::result::Result<(), EncodeError> {
            match message {
                $(Message::$code(m) => {
                    w.begin_list(1 $(+ layouts!(@count $kind m.$field))*);
                    w.uint(MessageCode::$code.number().into());
                    $(layouts!(@write $kind w m.$field);)*
                })*
            }
            w.end_list();
            Ok(())
        }

        /// The arguments of a message that may have some.
        pub(super) fn payload_of(message: &Message) -> Option<&Payload> {
            match message {
                $(Message::$code(m) => None $(.or(layouts!(@payload $kind m.$field)))*,)*
            }
        }
    };

    (@read id $e:ident, $what:literal, $id:ident) => { $e.id($what, $id::new)? };
    (@read reply $e:ident, $what:literal) => { $e.id_or_zero($what, RequestId::new)? };
    (@read request_type $e:ident) => { $e.request_type()? };
    (@read uri $e:ident, $what:literal) => { $e.uri($what)? };
    (@read text $e:ident, $what:literal) => { $e.text($what)? };
    (@read dict $e:ident, $what:literal) => { $e.dict($what)? };
    (@read options $e:ident) => { $e.options()? };
    (@read revoked $e:ident) => { $e.trailing_options()? };
    (@read payload $e:ident) => { $e.payload()? };

    (@count payload $m:ident.$field:ident) => { $m.$field.shape().elements() };
    (@count revoked $m:ident.$field:ident) => {
        usize::from($m.$field.is_some() || $m.request.is_none())
    };
    (@count $kind:ident $m:ident.$field:ident) => { 1 };

    (@write id $w:ident $m:ident.$field:ident) => { $w.uint($m.$field.get()) };
    (@write reply $w:ident $m:ident.$field:ident) => {
        $w.uint($m.$field.map_or(0, RequestId::get))
    };
    (@write request_type $w:ident $m:ident.$field:ident) => {
        $w.uint($m.$field.number().into())
    };
    (@write uri $w:ident $m:ident.$field:ident) => { $w.str($m.$field.as_str()) };
    (@write text $w:ident $m:ident.$field:ident) => { $w.str(&$m.$field) };
    (@write dict $w:ident $m:ident.$field:ident) => {
        values::write_dict($w.as_dyn(), &$m.$field, 1)
    };
    (@write options $w:ident $m:ident.$field:ident) => {
        options::write_options($w, &$m.$field)
    };
    (@write revoked $w:ident $m:ident.$field:ident) => {
        match &$m.$field {
            Some(details) => options::write_options($w, details),
            None if $m.request.is_none() => {
                $w.begin_dict(0);
                $w.end_dict();
            }
            None => {}
        }
    };
    (@write payload $w:ident $m:ident.$field:ident) => { write_payload($w, &$m.$field)? };

    (@payload payload $m:ident.$field:ident) => { Some(&$m.$field) };
    (@payload $kind:ident $m:ident.$field:ident) => { { let _ = &$m.$field; None } };
}

layouts! {
    Hello(Hello): uri(realm, "HELLO.Realm"), options(details);
    Welcome(Welcome): id(session, "WELCOME.Session", SessionId), options(details);
    Abort(Abort): options(details), uri(reason, "ABORT.Reason"), payload(payload);
    Challenge(Challenge): text(method, "CHALLENGE.AuthMethod"), dict(extra, "CHALLENGE.Extra");
    Authenticate(Authenticate):
        text(signature, "AUTHENTICATE.Signature"), dict(extra, "AUTHENTICATE.Extra");
    Goodbye(Goodbye): options(details), uri(reason, "GOODBYE.Reason");
    Error(Error):
        request_type(request_type), id(request, "ERROR.REQUEST.Request", RequestId),
        options(details), uri(error, "ERROR.Error"), payload(payload);
    Publish(Publish):
        id(request, "PUBLISH.Request", RequestId), options(options),
        uri(topic, "PUBLISH.Topic"), payload(payload);
    Published(Published):
        id(request, "PUBLISHED.PUBLISH.Request", RequestId),
        id(publication, "PUBLISHED.Publication", PublicationId);
    Subscribe(Subscribe):
        id(request, "SUBSCRIBE.Request", RequestId), options(options),
        uri(topic, "SUBSCRIBE.Topic");
    Subscribed(Subscribed):
        id(request, "SUBSCRIBED.SUBSCRIBE.Request", RequestId),
        id(subscription, "SUBSCRIBED.Subscription", SubscriptionId);
    Unsubscribe(Unsubscribe):
        id(request, "UNSUBSCRIBE.Request", RequestId),
        id(subscription, "UNSUBSCRIBE.SUBSCRIBED.Subscription", SubscriptionId);
    Unsubscribed(Unsubscribed):
        reply(request, "UNSUBSCRIBED.UNSUBSCRIBE.Request"), revoked(details);
    Event(Event):
        id(subscription, "EVENT.SUBSCRIBED.Subscription", SubscriptionId),
        id(publication, "EVENT.PUBLISHED.Publication", PublicationId),
        options(details), payload(payload);
    Call(Call):
        id(request, "CALL.Request", RequestId), options(options),
        uri(procedure, "CALL.Procedure"), payload(payload);
    Cancel(Cancel): id(request, "CANCEL.CALL.Request", RequestId), options(options);
    Result(ResultMessage):
        id(request, "RESULT.CALL.Request", RequestId), options(details), payload(payload);
    Register(Register):
        id(request, "REGISTER.Request", RequestId), options(options),
        uri(procedure, "REGISTER.Procedure");
    Registered(Registered):
        id(request, "REGISTERED.REGISTER.Request", RequestId),
        id(registration, "REGISTERED.Registration", RegistrationId);
    Unregister(Unregister):
        id(request, "UNREGISTER.Request", RequestId),
        id(registration, "UNREGISTER.REGISTERED.Registration", RegistrationId);
    Unregistered(Unregistered):
        reply(request, "UNREGISTERED.UNREGISTER.Request"), revoked(details);
    Invocation(Invocation):
        id(request, "INVOCATION.Request", RequestId),
        id(registration, "INVOCATION.REGISTERED.Registration", RegistrationId),
        options(details), payload(payload);
    Interrupt(Interrupt):
        id(request, "INTERRUPT.INVOCATION.Request", RequestId), options(options);
    Yield(Yield):
        id(request, "YIELD.INVOCATION.Request", RequestId), options(options), payload(payload);
    EventReceived(EventReceived):
        id(publication, "EVENT_RECEIVED.EVENT.Publication", PublicationId);
}

/// Writes an EVENT up to its arguments, which begin where it ends; all of it if it has none.
pub(super) fn write_event_head(
    w: &mut (impl Writer + ?Sized),
    subscription: SubscriptionId,
    publication: PublicationId,
    details: &EventDetails,
    shape: PayloadShape,
) {
    w.begin_list(4 + shape.elements());
    w.uint(MessageCode::Event.number().into());
    w.uint(subscription.get());
    w.uint(publication.get());
    options::write_options(w, details);
    if shape == PayloadShape::None {
        w.end_list();
    } else {
        w.elements(&[]);
    }
}

/// Appends arguments: as they are if they are written in this format already, else converted.
fn write_payload(
    w: &mut (impl Writer + ?Sized),
    payload: &Payload,
) -> core::result::Result<(), EncodeError> {
    if payload.is_none() {
        return Ok(());
    }
    let to = w.serializer();
    if payload.serializer() == to {
        w.elements(payload.bytes());
        return Ok(());
    }
    #[cfg(feature = "transcode")]
    {
        super::transcode::write_converted(w, payload);
        Ok(())
    }
    #[cfg(not(feature = "transcode"))]
    Err(EncodeError::ForeignPayload { from: payload.serializer(), to })
}
