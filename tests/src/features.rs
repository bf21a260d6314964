//! The features of WAMP by the names that scripts give them, in the order of the specification's own table. The build
//! script includes this file too, so that it can refuse a script that shows none of them.

/// Something that the specification describes and that an implementation may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Feature {
    /// What scripts call it. For what peers announce, this is the name they announce it by.
    pub name: &'static str,
    /// The heading of the specification.
    pub title: &'static str,
    /// Tests from the root of the repository that show it where no script can: below the messages, or before HELLO.
    pub elsewhere: &'static [&'static str],
}

/// How the line of a script begins that says what it shows.
const HEADER: &str = "shows:";

const fn feature(name: &'static str, title: &'static str) -> Feature {
    Feature { name, title, elsewhere: &[] }
}

const fn elsewhere(
    name: &'static str,
    title: &'static str,
    elsewhere: &'static [&'static str],
) -> Feature {
    Feature { name, title, elsewhere }
}

/// Every feature of the specification, and what is in use beside it.
pub const FEATURES: &[Feature] = &[
    feature("basic_session", "Basic Profile: Sessions"),
    feature("basic_pubsub", "Basic Profile: Publish and Subscribe"),
    feature("basic_rpc", "Basic Profile: Remote Procedure Calls"),
    feature("uris", "Basic Profile: URIs"),
    feature("ids", "Basic Profile: IDs"),
    elsewhere("ordering", "Basic Profile: Ordering Guarantees", &["tests/tests/ordering/main.rs"]),
    feature("protocol_errors", "Basic Profile: Protocol Errors"),
    feature("progressive_call_results", "Progressive Call Results"),
    feature("progressive_call_invocations", "Progressive Call Invocations"),
    feature("call_timeout", "Call Timeout"),
    feature("call_canceling", "Call Canceling"),
    feature("caller_identification", "Caller Identification"),
    feature("call_trustlevels", "Call Trust Levels"),
    feature("registration_meta_api", "Registration Meta API"),
    feature("pattern_based_registration", "Pattern-based Registration"),
    feature("shared_registration", "Shared Registration"),
    feature("sharded_registration", "Sharded Registration"),
    feature("registration_revocation", "Registration Revocation"),
    feature("call_reroute", "Call Re-Routing"),
    feature("procedure_reflection", "Procedure Reflection"),
    feature("subscriber_blackwhite_listing", "Subscriber Black- and Whitelisting"),
    feature("publisher_exclusion", "Publisher Exclusion"),
    feature("publisher_identification", "Publisher Identification"),
    feature("publication_trustlevels", "Publication Trust Levels"),
    feature("subscription_meta_api", "Subscription Meta API"),
    feature("pattern_based_subscription", "Pattern-based Subscription"),
    // The specification spells its key `shareded_subscriptions`.
    feature("sharded_subscription", "Sharded Subscription"),
    feature("event_history", "Event History"),
    feature("event_retention", "Event Retention"),
    feature("subscription_revocation", "Subscription Revocation"),
    feature("topic_reflection", "Topic Reflection"),
    feature("session_meta_api", "Session Meta API"),
    feature("testament_meta_api", "Session Testament"),
    feature("payload_passthru_mode", "Payload Passthru Mode"),
    feature("payload_e2ee", "Payload End-to-End Encryption"),
    elsewhere(
        "auth_anonymous",
        "Authentication: anonymous",
        &["router/tests/authentication/refusals.rs"],
    ),
    elsewhere(
        "auth_ticket",
        "Authentication: ticket",
        &[
            "router/tests/authentication/methods.rs",
            "router/tests/authentication/refusals.rs",
            "router/tests/authentication/tokens.rs",
        ],
    ),
    elsewhere(
        "auth_wampcra",
        "Authentication: WAMP-CRA",
        &["router/tests/authentication/methods.rs", "router/tests/authentication/refusals.rs"],
    ),
    elsewhere(
        "auth_scram",
        "Authentication: WAMP-SCRAM",
        &["router/tests/authentication/methods.rs", "router/tests/authentication/refusals.rs"],
    ),
    elsewhere(
        "auth_cryptosign",
        "Authentication: Cryptosign",
        &[
            "router/tests/authentication/methods.rs",
            "router/tests/authentication/refusals.rs",
            "router/tests/authentication/tls.rs",
        ],
    ),
    elsewhere("auth_cookie", "Authentication: cookie", &["router/tests/authentication/cookies.rs"]),
    elsewhere(
        "auth_tls",
        "Authentication: TLS client certificate",
        &["router/tests/authentication/tls.rs"],
    ),
    elsewhere(
        "dynamic_authentication",
        "Dynamic Authentication API",
        &["router/tests/authentication/dynamic.rs"],
    ),
    elsewhere(
        "authorization",
        "Authorization",
        &["router/core/tests/authorization/main.rs", "router/tests/authorization/main.rs"],
    ),
    elsewhere("transport_websocket", "WebSocket Transport", &["router/tests/websocket.rs"]),
    elsewhere("transport_rawsocket", "RawSocket Transport", &["router/tests/rawsocket/main.rs"]),
    elsewhere(
        "transport_batched_websocket",
        "Batched WebSocket Transport",
        &["tests/tests/native_transports.rs"],
    ),
    elsewhere(
        "transport_longpoll",
        "HTTP Longpoll Transport",
        &["router/tests/longpoll/main.rs", "router/tests/longpoll/requests.rs"],
    ),
    feature("transport_multiplexed", "Multiplexed Transport"),
    elsewhere(
        "binary_in_json",
        "Binary Data in JSON",
        &["shared/tests/conversion.rs", "shared/tests/vectors.rs"],
    ),
    elsewhere(
        "serializers",
        "Serializers JSON, MessagePack and CBOR",
        &["shared/tests/messages.rs", "shared/tests/vectors.rs", "shared/tests/hostile.rs"],
    ),
    feature("serializers_other", "Serializers UBJSON and FlatBuffers"),
    feature("interface_catalogs", "WAMP IDL, Interface Catalogs and Reflection"),
    feature("router_to_router", "Router-to-Router Links"),
    feature("session_resumption", "Session Pause and Resume"),
    feature("extensions", "Beside the specification: what clients in use send, and what we add"),
];

/// The features that a script shows, by the line `# shows: feature, feature` below its title.
///
/// # Errors
/// The number of the line, and what is wrong with it.
pub fn shown(script: &str) -> Result<Vec<&'static Feature>, (usize, String)> {
    let mut found = None;
    for (at, line) in script.lines().take_while(|line| line.starts_with('#')).enumerate() {
        let Some(names) = header(line) else { continue };
        if found.is_some() {
            return Err((at + 1, "`# shows:` may stand there once only".to_owned()));
        }
        let features = names.split(',').map(|name| named(name.trim()));
        found = Some(features.collect::<Result<_, _>>().map_err(|reason| (at + 1, reason))?);
    }
    let missing = "a script says below its title which feature it shows, as `# shows: call_canceling` \
                   (the names are in tests/src/features.rs)";
    found.ok_or_else(|| (1, missing.to_owned()))
}

/// What follows `# shows:`, if the line is that one.
pub fn header(line: &str) -> Option<&str> {
    line.strip_prefix('#')?.trim().strip_prefix(HEADER)
}

fn named(name: &str) -> Result<&'static Feature, String> {
    FEATURES.iter().find(|feature| feature.name == name).ok_or_else(|| {
        format!("`{name}` is no feature of WAMP: the names are in tests/src/features.rs")
    })
}
