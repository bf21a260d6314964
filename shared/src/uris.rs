//! The URIs that the protocol itself defines, in the order of the specification ("WAMP: Predefined URIs").
//!
//! Nothing else in the project spells a URI of the `wamp` namespace.

/// Reasons of GOODBYE and ABORT.
pub mod close {
    /// The router is shutting down.
    pub const SYSTEM_SHUTDOWN: &str = "wamp.close.system_shutdown";
    /// The client leaves the realm: what a client sends in GOODBYE.
    pub const CLOSE_REALM: &str = "wamp.close.close_realm";
    /// The answer to a GOODBYE.
    pub const GOODBYE_AND_OUT: &str = "wamp.close.goodbye_and_out";
    /// The session was ended through the session meta API.
    pub const KILLED: &str = "wamp.close.killed";
    /// Not in the specification, but sent by deployed clients.
    pub const NORMAL: &str = "wamp.close.normal";
}

/// Error URIs of ERROR and ABORT.
pub mod error {
    /// A URI breaks the rule of the realm.
    pub const INVALID_URI: &str = "wamp.error.invalid_uri";
    /// No registration matches the procedure of a CALL.
    pub const NO_SUCH_PROCEDURE: &str = "wamp.error.no_such_procedure";
    /// The procedure is taken, or its invocation policy differs.
    pub const PROCEDURE_ALREADY_EXISTS: &str = "wamp.error.procedure_already_exists";
    /// The registration to remove or look at does not exist, or belongs to somebody else.
    pub const NO_SUCH_REGISTRATION: &str = "wamp.error.no_such_registration";
    /// The subscription to remove or look at does not exist, or belongs to somebody else.
    pub const NO_SUCH_SUBSCRIPTION: &str = "wamp.error.no_such_subscription";
    /// The session to look at or end does not exist.
    pub const NO_SUCH_SESSION: &str = "wamp.error.no_such_session";
    /// A callee or the router does not take these arguments.
    pub const INVALID_ARGUMENT: &str = "wamp.error.invalid_argument";
    /// The call was canceled, or its callee left.
    pub const CANCELED: &str = "wamp.error.canceled";
    /// The message is larger than a transport on its way takes.
    pub const PAYLOAD_SIZE_EXCEEDED: &str = "wamp.error.payload_size_exceeded";
    /// The other side broke the protocol: reason of an ABORT.
    pub const PROTOCOL_VIOLATION: &str = "wamp.error.protocol_violation";
    /// The session may not do this.
    pub const NOT_AUTHORIZED: &str = "wamp.error.not_authorized";
    /// Whether the session may do this could not be found out.
    pub const AUTHORIZATION_FAILED: &str = "wamp.error.authorization_failed";
    /// The session may not do this (Advanced Profile).
    pub const AUTHORIZATION_DENIED: &str = "wamp.error.authorization_denied";
    /// The session would have to authenticate first (Advanced Profile).
    pub const AUTHORIZATION_REQUIRED: &str = "wamp.error.authorization_required";
    /// The router has no realm of this name.
    pub const NO_SUCH_REALM: &str = "wamp.error.no_such_realm";
    /// The router has no role of this name.
    pub const NO_SUCH_ROLE: &str = "wamp.error.no_such_role";
    /// None of the offered authentication methods is acceptable.
    pub const NO_MATCHING_AUTH_METHOD: &str = "wamp.error.no_matching_auth_method";
    /// The authid is not known.
    pub const NO_SUCH_PRINCIPAL: &str = "wamp.error.no_such_principal";
    /// The credentials are wrong.
    pub const AUTHENTICATION_DENIED: &str = "wamp.error.authentication_denied";
    /// The authentication could not be carried out.
    pub const AUTHENTICATION_FAILED: &str = "wamp.error.authentication_failed";
    /// Anonymous sessions are not allowed.
    pub const AUTHENTICATION_REQUIRED: &str = "wamp.error.authentication_required";
    /// The call took longer than its timeout.
    pub const TIMEOUT: &str = "wamp.error.timeout";
    /// The router does not allow an option of this request.
    pub const OPTION_NOT_ALLOWED: &str = "wamp.error.option_not_allowed";
    /// The connection was lost.
    pub const NETWORK_FAILURE: &str = "wamp.error.network_failure";
    /// The callee asks the dealer to try another one.
    pub const UNAVAILABLE: &str = "wamp.error.unavailable";
    /// Every callee has answered `wamp.error.unavailable`.
    pub const NO_AVAILABLE_CALLEE: &str = "wamp.error.no_available_callee";
    /// The other side lacks a feature that this request needs.
    pub const FEATURE_NOT_SUPPORTED: &str = "wamp.error.feature_not_supported";
    /// Not in the specification: what Autobahn sends for an exception of a procedure.
    pub const RUNTIME_ERROR: &str = "wamp.error.runtime_error";
    /// The router does not disclose the identity of callers or publishers here.
    pub const OPTION_DISALLOWED_DISCLOSE_ME: &str = "wamp.error.option_disallowed.disclose_me";
    /// The spelling of [`CANCELED`] that the Basic Profile has once; treated the same on receipt.
    pub const CANCELLED: &str = "wamp.error.cancelled";
}

/// Topics and procedures of the session meta API.
pub mod session {
    /// Topic: a session joined.
    pub const ON_JOIN: &str = "wamp.session.on_join";
    /// Topic: a session left.
    pub const ON_LEAVE: &str = "wamp.session.on_leave";
    /// How many sessions there are.
    pub const COUNT: &str = "wamp.session.count";
    /// The ids of all sessions.
    pub const LIST: &str = "wamp.session.list";
    /// The details of one session.
    pub const GET: &str = "wamp.session.get";
    /// Ends one session.
    pub const KILL: &str = "wamp.session.kill";
    /// Ends the sessions of one authid.
    pub const KILL_BY_AUTHID: &str = "wamp.session.kill_by_authid";
    /// Ends the sessions of one authrole.
    pub const KILL_BY_AUTHROLE: &str = "wamp.session.kill_by_authrole";
    /// Ends all sessions but the caller's.
    pub const KILL_ALL: &str = "wamp.session.kill_all";
    /// Leaves an event to be published when this session ends.
    pub const ADD_TESTAMENT: &str = "wamp.session.add_testament";
    /// Takes back the testaments of this session.
    pub const FLUSH_TESTAMENTS: &str = "wamp.session.flush_testaments";
}

/// Topics and procedures of the registration meta API.
pub mod registration {
    /// Topic: a registration came into being.
    pub const ON_CREATE: &str = "wamp.registration.on_create";
    /// Topic: a session joined a registration.
    pub const ON_REGISTER: &str = "wamp.registration.on_register";
    /// Topic: a session left a registration.
    pub const ON_UNREGISTER: &str = "wamp.registration.on_unregister";
    /// Topic: a registration is gone.
    pub const ON_DELETE: &str = "wamp.registration.on_delete";
    /// The ids of all registrations, by match policy.
    pub const LIST: &str = "wamp.registration.list";
    /// The id of the registration made with this URI.
    pub const LOOKUP: &str = "wamp.registration.lookup";
    /// The id or ids of the registrations that match this URI.
    pub const MATCH: &str = "wamp.registration.match";
    /// The details of one registration.
    pub const GET: &str = "wamp.registration.get";
    /// The sessions of one registration.
    pub const LIST_CALLEES: &str = "wamp.registration.list_callees";
    /// How many sessions one registration has.
    pub const COUNT_CALLEES: &str = "wamp.registration.count_callees";
    /// Takes a session out of a registration (not in the specification).
    pub const REMOVE_CALLEE: &str = "wamp.registration.remove_callee";
}

/// Topics and procedures of the subscription meta API.
pub mod subscription {
    /// Topic: a subscription came into being.
    pub const ON_CREATE: &str = "wamp.subscription.on_create";
    /// Topic: a session joined a subscription.
    pub const ON_SUBSCRIBE: &str = "wamp.subscription.on_subscribe";
    /// Topic: a session left a subscription.
    pub const ON_UNSUBSCRIBE: &str = "wamp.subscription.on_unsubscribe";
    /// Topic: a subscription is gone.
    pub const ON_DELETE: &str = "wamp.subscription.on_delete";
    /// The ids of all subscriptions, by match policy.
    pub const LIST: &str = "wamp.subscription.list";
    /// The id of the subscription made with this URI.
    pub const LOOKUP: &str = "wamp.subscription.lookup";
    /// The id or ids of the subscriptions that match this URI.
    pub const MATCH: &str = "wamp.subscription.match";
    /// The details of one subscription.
    pub const GET: &str = "wamp.subscription.get";
    /// The sessions of one subscription.
    pub const LIST_SUBSCRIBERS: &str = "wamp.subscription.list_subscribers";
    /// How many sessions one subscription has.
    pub const COUNT_SUBSCRIBERS: &str = "wamp.subscription.count_subscribers";
    /// Takes a session out of a subscription (not in the specification).
    pub const REMOVE_SUBSCRIBER: &str = "wamp.subscription.remove_subscriber";
    /// The event history of a subscription.
    pub const GET_EVENTS: &str = "wamp.subscription.get_events";
}

/// Procedures of reflection.
pub mod reflection {
    /// The topics that are known.
    pub const TOPIC_LIST: &str = "wamp.reflection.topic.list";
    /// What is known of a topic.
    pub const TOPIC_DESCRIBE: &str = "wamp.reflection.topic.describe";
    /// The procedures that are registered.
    pub const PROCEDURE_LIST: &str = "wamp.reflection.procedure.list";
    /// What is known of a procedure.
    pub const PROCEDURE_DESCRIBE: &str = "wamp.reflection.procedure.describe";
    /// The errors that are known.
    pub const ERROR_LIST: &str = "wamp.reflection.error.list";
    /// What is known of an error.
    pub const ERROR_DESCRIBE: &str = "wamp.reflection.error.describe";
}

/// URIs of our own, for what the specification has no word. The namespace `wamplex.` is reserved like `wamp.`.
pub mod wamplex {
    /// The session has reached a limit of the router: of subscriptions, registrations, or calls in flight.
    pub const LIMIT_EXCEEDED: &str = "wamplex.error.limit_exceeded";
    /// The session was ended because it takes its messages too slowly.
    pub const SLOW_CONSUMER: &str = "wamplex.error.slow_consumer";
    /// The session was ended because the credentials that let it in have expired: it may come back with others.
    pub const EXPIRED: &str = "wamplex.close.expired";
    /// The session sends more messages at a time than it may.
    pub const RATE_EXCEEDED: &str = "wamplex.error.rate_exceeded";
    /// Too many attempts to authenticate have failed: none is looked at for a while.
    pub const TOO_MANY_FAILURES: &str = "wamplex.error.too_many_failures";
    /// What procedures begin with that are about the router itself, in a realm for that purpose.
    pub const ADMIN: &str = "wamplex.admin.";
    /// The configuration was not loaded again. The argument says why.
    pub const RELOAD_FAILED: &str = "wamplex.error.reload_failed";
    /// Procedure: takes retained events away. Arguments: a topic, and options that may say that it is a pattern
    /// (`match`). Returns for how many topics there was something.
    pub const PURGE_RETAINED: &str = "wamplex.retained.purge";
    /// Procedure: forgets what dynamic authorizers have said. Arguments: the keywords `role` and `authid`, to forget only
    /// what was said of sessions with these. Returns how many answers that were.
    pub const INVALIDATE_AUTHORIZATION: &str = "wamplex.authorization.invalidate";
    /// Topic: a session takes its messages too slowly, and has lost events or was ended for that. The argument is a
    /// dictionary: whose it is (`session`, `authid`, `authrole`), the `policy`, how many events were `dropped` since the
    /// last event here about the session, of which `topics` how many as far as it is known, whether it was `disconnected`,
    /// and if so the `reason` in words.
    pub const ON_SLOW: &str = "wamplex.session.on_slow";
    /// Why a registration was revoked: another session has registered the procedure with `force_reregister`.
    pub const REREGISTERED: &str = "wamplex.revocation.reregistered";
}
