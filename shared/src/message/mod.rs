//! The messages of WAMP with typed options and details ("WAMP: Messages").
//!
//! Messages do not know bytes: [`crate::codec`] reads and writes them. Keys that the protocol does not define are kept
//! under `custom`, so that an application can use its own.

mod passthru;
mod pubsub;
mod rpc;
mod session;

pub use passthru::Passthru;
pub use pubsub::{
    Event, EventDetails, EventReceived, Filters, Publish, PublishOptions, Published, Subscribe,
    SubscribeOptions, Subscribed, Unsubscribe, Unsubscribed, UnsubscribedDetails,
};
pub use rpc::{
    Call, CallOptions, Cancel, CancelMode, CancelOptions, Error, ErrorDetails, Interrupt,
    InterruptOptions, Invocation, InvocationDetails, InvocationPolicy, Register, RegisterOptions,
    Registered, ResultDetails, ResultMessage, Unregister, Unregistered, UnregisteredDetails, Yield,
    YieldOptions,
};
pub use session::{
    Abort, Authenticate, Challenge, CloseDetails, Goodbye, Hello, HelloDetails, Welcome,
    WelcomeDetails,
};

use core::fmt;

macro_rules! messages {
    ($($(#[$doc:meta])* $name:ident($type:ty) = $code:literal, $wire:literal, $direction:ident;)*) => {
        /// The number that a message begins with.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u16)]
        pub enum MessageCode { $($(#[$doc])* $name = $code,)* }

        impl MessageCode {
            /// All codes in ascending order, but for the extension EVENT_RECEIVED.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The code with this number; `None` if there is none.
            #[must_use]
            pub const fn from_u64(code: u64) -> Option<Self> {
                match code {
                    $($code => Some(Self::$name),)*
                    // What EVENT_RECEIVED would be numbered once it is part of the specification.
                    37 => Some(Self::EventReceived),
                    _ => None,
                }
            }

            /// The name in the specification: `HELLO` and so on.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $wire,)* }
            }

            /// Who sends it.
            #[must_use]
            pub const fn direction(self) -> Direction {
                match self { $(Self::$name => Direction::$direction,)* }
            }
        }

        /// Any message.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Message { $($(#[$doc])* $name($type),)* }

        impl Message {
            /// The number it begins with.
            #[must_use]
            pub const fn code(&self) -> MessageCode {
                match self { $(Self::$name(_) => MessageCode::$name,)* }
            }
        }

        $(impl From<$type> for Message {
            fn from(message: $type) -> Self {
                Self::$name(message)
            }
        })*
    };
}

messages! {
    /// A client asks to join a realm.
    Hello(Hello) = 1, "HELLO", ToRouter;
    /// The router opens the session.
    Welcome(Welcome) = 2, "WELCOME", ToClient;
    /// Either side ends the session without ceremony; never answered.
    Abort(Abort) = 3, "ABORT", Both;
    /// The router asks for a proof of identity.
    Challenge(Challenge) = 4, "CHALLENGE", ToClient;
    /// The client answers a CHALLENGE.
    Authenticate(Authenticate) = 5, "AUTHENTICATE", ToRouter;
    /// Either side ends the session, and the other echoes it.
    Goodbye(Goodbye) = 6, "GOODBYE", Both;
    /// A request failed.
    Error(Error) = 8, "ERROR", Both;
    /// A publisher publishes an event.
    Publish(Publish) = 16, "PUBLISH", ToRouter;
    /// The broker acknowledges a PUBLISH.
    Published(Published) = 17, "PUBLISHED", ToClient;
    /// A subscriber asks for the events of a topic.
    Subscribe(Subscribe) = 32, "SUBSCRIBE", ToRouter;
    /// The broker acknowledges a SUBSCRIBE.
    Subscribed(Subscribed) = 33, "SUBSCRIBED", ToClient;
    /// A subscriber gives a subscription up.
    Unsubscribe(Unsubscribe) = 34, "UNSUBSCRIBE", ToRouter;
    /// The broker acknowledges an UNSUBSCRIBE, or takes a subscription away.
    Unsubscribed(Unsubscribed) = 35, "UNSUBSCRIBED", ToClient;
    /// The broker delivers an event.
    Event(Event) = 36, "EVENT", ToClient;
    /// A caller calls a procedure.
    Call(Call) = 48, "CALL", ToRouter;
    /// A caller takes a call back.
    Cancel(Cancel) = 49, "CANCEL", ToRouter;
    /// The dealer returns the result of a call.
    Result(ResultMessage) = 50, "RESULT", ToClient;
    /// A callee offers a procedure.
    Register(Register) = 64, "REGISTER", ToRouter;
    /// The dealer acknowledges a REGISTER.
    Registered(Registered) = 65, "REGISTERED", ToClient;
    /// A callee gives a registration up.
    Unregister(Unregister) = 66, "UNREGISTER", ToRouter;
    /// The dealer acknowledges an UNREGISTER, or takes a registration away.
    Unregistered(Unregistered) = 67, "UNREGISTERED", ToClient;
    /// The dealer hands a call to a callee.
    Invocation(Invocation) = 68, "INVOCATION", ToClient;
    /// The dealer asks a callee to stop.
    Interrupt(Interrupt) = 69, "INTERRUPT", ToClient;
    /// A callee answers an invocation.
    Yield(Yield) = 70, "YIELD", ToRouter;
    /// A subscriber acknowledges an EVENT. An extension of Autobahn that we read and ignore.
    EventReceived(EventReceived) = 337, "EVENT_RECEIVED", ToRouter;
}

/// Who sends a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Clients do.
    ToRouter,
    /// Routers do.
    ToClient,
    /// Both do.
    Both,
}

impl MessageCode {
    /// The number.
    #[must_use]
    pub const fn number(self) -> u16 {
        self as u16
    }

    /// Whether a router may receive it.
    #[must_use]
    pub const fn is_for_router(self) -> bool {
        !matches!(self.direction(), Direction::ToClient)
    }

    /// Whether a client may receive it.
    #[must_use]
    pub const fn is_for_client(self) -> bool {
        !matches!(self.direction(), Direction::ToRouter)
    }

    /// Whether an ERROR may name it as the kind of request that failed.
    #[must_use]
    pub const fn may_fail(self) -> bool {
        matches!(
            self,
            Self::Publish
                | Self::Subscribe
                | Self::Unsubscribe
                | Self::Call
                | Self::Register
                | Self::Unregister
                | Self::Invocation
        )
    }
}

impl fmt::Display for MessageCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_24_messages_and_one_extension_each_with_its_number() {
        assert_eq!(MessageCode::ALL.len(), 25);
        for code in MessageCode::ALL {
            assert_eq!(MessageCode::from_u64(code.number().into()), Some(*code));
        }
        assert_eq!(MessageCode::from_u64(37), Some(MessageCode::EventReceived));
        for unknown in [0, 7, 9, 38, 71, 255, 256, u64::MAX] {
            assert_eq!(MessageCode::from_u64(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn messages_are_small_enough_to_move() {
        assert!(size_of::<Message>() <= 400, "{} bytes", size_of::<Message>());
    }
}
