//! Roles and features, as HELLO and WELCOME announce them ("WAMP: Client/Router Role and Feature Announcement").

/// A part that a peer plays in a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Publishes events.
    Publisher,
    /// Receives events.
    Subscriber,
    /// Calls procedures.
    Caller,
    /// Offers procedures.
    Callee,
    /// Routes events.
    Broker,
    /// Routes calls.
    Dealer,
}

impl Role {
    /// How many roles there are.
    pub const COUNT: usize = 6;

    /// All roles: the four of clients, then the two of routers.
    pub const ALL: [Self; Self::COUNT] =
        [Self::Publisher, Self::Subscriber, Self::Caller, Self::Callee, Self::Broker, Self::Dealer];

    /// The key under `roles`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Publisher => "publisher",
            Self::Subscriber => "subscriber",
            Self::Caller => "caller",
            Self::Callee => "callee",
            Self::Broker => "broker",
            Self::Dealer => "dealer",
        }
    }

    /// The role with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|r| r.name() == name)
    }

    const fn index(self) -> usize {
        self as usize
    }
}

macro_rules! features {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// An optional part of the protocol that a role announces.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Feature { $($(#[$doc])* $variant,)* }

        impl Feature {
            /// All features.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The key under `features`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The feature with this key. Knows the second spelling of call canceling that the specification has.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                if name == "call_cancelling" {
                    return Some(Self::CallCanceling);
                }
                Self::ALL.iter().copied().find(|f| f.name() == name)
            }
        }
    };
}

features! {
    /// Results in several pieces.
    ProgressiveCallResults = "progressive_call_results",
    /// Arguments in several pieces.
    ProgressiveCallInvocations = "progressive_call_invocations",
    /// A time limit for a call.
    CallTimeout = "call_timeout",
    /// Taking a call back.
    CallCanceling = "call_canceling",
    /// Telling the callee who calls.
    CallerIdentification = "caller_identification",
    /// Telling the callee how far the router trusts the caller.
    CallTrustlevels = "call_trustlevels",
    /// Procedures registered by prefix or wildcard.
    PatternBasedRegistration = "pattern_based_registration",
    /// Several callees for one procedure.
    SharedRegistration = "shared_registration",
    /// Calls spread over callees by a key.
    ShardedRegistration = "sharded_registration",
    /// Registrations that the router takes away.
    RegistrationRevocation = "registration_revocation",
    /// Calls handed to another callee when one is unavailable.
    CallReroute = "call_reroute",
    /// Procedures about registrations.
    RegistrationMetaApi = "registration_meta_api",
    /// Procedures and events about sessions.
    SessionMetaApi = "session_meta_api",
    /// Events left to be published when a session ends.
    TestamentMetaApi = "testament_meta_api",
    /// Publishers choosing who receives an event.
    SubscriberBlackwhiteListing = "subscriber_blackwhite_listing",
    /// Publishers receiving their own events.
    PublisherExclusion = "publisher_exclusion",
    /// Telling subscribers who published.
    PublisherIdentification = "publisher_identification",
    /// Telling subscribers how far the router trusts the publisher.
    PublicationTrustlevels = "publication_trustlevels",
    /// Procedures about subscriptions.
    SubscriptionMetaApi = "subscription_meta_api",
    /// Topics subscribed to by prefix or wildcard.
    PatternBasedSubscription = "pattern_based_subscription",
    /// Events spread over subscribers by a key (spelled like this in the specification).
    ShardedSubscription = "shareded_subscriptions",
    /// Events kept and read again.
    EventHistory = "event_history",
    /// The last event of a topic, kept for new subscribers.
    EventRetention = "event_retention",
    /// Subscriptions that the router takes away.
    SubscriptionRevocation = "subscription_revocation",
    /// Payloads that the router does not look into.
    PayloadPassthruMode = "payload_passthru_mode",
    /// Procedures that list and describe what there is. Routers announce this one beside `features`, not in it.
    Reflection = "reflection",
}

/// The features of one role.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Features(u32);

impl Features {
    /// No feature: the Basic Profile.
    pub const NONE: Self = Self(0);

    /// These features.
    #[must_use]
    pub const fn of(features: &[Feature]) -> Self {
        let (mut set, mut i) = (0, 0);
        while i < features.len() {
            set |= 1 << features[i] as u32;
            i += 1;
        }
        Self(set)
    }

    /// Adds one.
    pub const fn insert(&mut self, feature: Feature) {
        self.0 |= 1 << feature as u32;
    }

    /// Whether this one is announced.
    #[must_use]
    pub const fn has(self, feature: Feature) -> bool {
        self.0 & (1 << feature as u32) != 0
    }

    /// The features in the order of [`Feature::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Feature> {
        Feature::ALL.iter().copied().filter(move |f| self.has(*f))
    }
}

/// The roles of a peer, each with its features.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Roles([Option<Features>; Role::COUNT]);

impl Roles {
    /// No role.
    pub const NONE: Self = Self([None; Role::COUNT]);

    /// Announces `role` with these features, instead of what was announced for it before.
    #[must_use]
    pub const fn with(mut self, role: Role, features: Features) -> Self {
        self.0[role.index()] = Some(features);
        self
    }

    /// Announces `role` with these features.
    pub const fn insert(&mut self, role: Role, features: Features) {
        self.0[role.index()] = Some(features);
    }

    /// The features of a role; `None` if the role is not announced.
    #[must_use]
    pub const fn get(&self, role: Role) -> Option<Features> {
        self.0[role.index()]
    }

    /// Whether the role is announced.
    #[must_use]
    pub const fn has(&self, role: Role) -> bool {
        self.get(role).is_some()
    }

    /// Whether the role is announced with this feature.
    #[must_use]
    pub const fn supports(&self, role: Role, feature: Feature) -> bool {
        match self.get(role) {
            Some(features) => features.has(feature),
            None => false,
        }
    }

    /// The announced roles.
    pub fn iter(&self) -> impl Iterator<Item = (Role, Features)> {
        Role::ALL.into_iter().filter_map(|r| self.get(r).map(|f| (r, f)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_leads_back_to_its_role_or_feature() {
        for role in Role::ALL {
            assert_eq!(Role::from_name(role.name()), Some(role));
        }
        for feature in Feature::ALL {
            assert_eq!(Feature::from_name(feature.name()), Some(*feature));
        }
        assert_eq!(Feature::from_name("call_cancelling"), Some(Feature::CallCanceling));
        assert_eq!(Feature::from_name("x_unknown"), None);
    }

    #[test]
    fn a_role_without_features_is_announced_and_supports_nothing() {
        let roles = Roles::NONE
            .with(
                Role::Callee,
                Features::of(&[Feature::CallCanceling, Feature::PayloadPassthruMode]),
            )
            .with(Role::Caller, Features::NONE);
        assert!(roles.has(Role::Caller) && !roles.has(Role::Publisher));
        assert!(roles.supports(Role::Callee, Feature::PayloadPassthruMode));
        assert!(!roles.supports(Role::Caller, Feature::CallCanceling));
        assert_eq!(roles.iter().map(|(r, _)| r.name()).collect::<Vec<_>>(), ["caller", "callee"]);
    }
}
