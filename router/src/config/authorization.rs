//! What the sessions of a realm may do, by role.

use super::{Problems, units, words};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{collections::HashSet, time::Duration};
use wamplex_realm::{Access, Action, Disclose, Permission, Role};
use wamplex_shared::uri::{MatchPolicy, Uri, UriRule};

/// A role, and what its sessions may do.
///
/// One permission decides about a URI: the one that is the URI itself, else the longest prefix, else the wildcard pattern
/// with the most before its first empty component. What it does not allow is denied, whatever others say.
///
/// ```
/// use wamplex_router::config::{RouterConfig, RoleSettings};
/// let config: RouterConfig = toml::from_str(r#"
///     [[realms]]
///     name = "realm1"
///     [[realms.roles]]
///     name = "guest"
///     [[realms.roles.permissions]]
///     uri = "com.example."
///     match = "prefix"
///     allow = ["call", "subscribe"]
/// "#)?;
/// assert_eq!(config.realms[0].roles[0].permissions[0].uri, "com.example.");
/// # Ok::<(), toml::de::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RoleSettings {
    /// The name of the role: what authentication gives to sessions as their `authrole`.
    #[schemars(example = &"guest")]
    pub name: String,
    /// Whether everything is allowed of which no permission speaks, rather than nothing. Acting on others through the
    /// procedures of the router is not part of that: it needs a permission that begins with `wamp.` or `wamplex.`, or a
    /// realm with `meta_api = "full"`.
    pub allow_all: bool,
    /// A procedure of the realm that is asked about everything of which no permission speaks, and what permissions leave
    /// to it with `ask`. It is called with the details of the session, the URI, the action and its options, and returns
    /// true or false, or a dictionary of `allow`, `disclose` and `cache`. While nobody has registered it, and when it
    /// fails, the answer is no.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = "com.example.authorize")]
    pub authorizer: Option<String>,
    /// What the role may do. Nothing by default.
    pub permissions: Vec<PermissionSettings>,
}

/// What a role may do with a URI, or with all URIs that a pattern stands for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PermissionSettings {
    /// The topic or procedure, or the pattern. The empty prefix stands for all but what begins with `wamp.` and
    /// `wamplex.`: only permissions that begin there speak of these.
    #[schemars(example = "com.example.")]
    pub uri: String,
    /// How the pattern is compared with topics and procedures.
    #[serde(rename = "match", with = "words::match_policy")]
    pub policy: MatchPolicy,
    /// What is allowed. To subscribe or register with a pattern, all URIs that it stands for have to be allowed.
    pub allow: Vec<Right>,
    /// What the authorizer of the role decides.
    pub ask: Vec<Right>,
    /// Whether the other side learns who calls or publishes, whatever the realm and the session say.
    pub disclose: DiscloseSettings,
    /// Whether the word of the authorizer about these URIs may be remembered, if it says so itself.
    pub cache: bool,
    /// Whether a REGISTER may take a procedure from others with `force_reregister`.
    pub force_reregister: bool,
}

/// Whether the other side learns who calls or publishes. What is not said is left to the realm and to the session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DiscloseSettings {
    /// Whether callees learn who calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caller: Option<bool>,
    /// Whether subscribers learn who publishes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub publisher: Option<bool>,
}

/// What a permission can be about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Right {
    /// To call procedures.
    Call,
    /// To register procedures.
    Register,
    /// To publish to topics.
    Publish,
    /// To subscribe to topics, and to read their history.
    Subscribe,
}

/// How authorizers are asked: procedures and hooks that decide about rights while messages wait.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AuthorizationSettings {
    /// How long an answer may take; then it is no.
    #[serde(with = "units::duration")]
    pub timeout: Duration,
    /// How many questions the authorizers of a realm are asked at once. Others wait, within the time limit.
    pub concurrency: usize,
    /// How many answers a realm remembers of those that authorizers let it remember; 0 for none.
    pub cache_entries: usize,
    /// How long an answer is remembered.
    #[serde(with = "units::duration")]
    pub cache_time: Duration,
}

impl Default for PermissionSettings {
    fn default() -> Self {
        Self {
            uri: String::new(),
            policy: MatchPolicy::Exact,
            allow: Vec::new(),
            ask: Vec::new(),
            disclose: DiscloseSettings::default(),
            cache: true,
            force_reregister: false,
        }
    }
}

impl Default for AuthorizationSettings {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(5),
            concurrency: 64,
            cache_entries: 10_000,
            cache_time: Duration::from_secs(60),
        }
    }
}

impl RoleSettings {
    /// A role that may do nothing.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// The role as the realm takes it.
    #[must_use]
    pub fn to_role(&self) -> Role {
        let mut role = Role::new(self.name.as_str());
        role.otherwise = match (self.allow_all, &self.authorizer) {
            (true, _) => Access::Allow,
            (false, Some(_)) => Access::Ask,
            (false, None) => Access::Deny,
        };
        role.permissions = self.permissions.iter().map(PermissionSettings::to_permission).collect();
        role
    }

    /// Gathers what is wrong with the roles of a realm with this rule for URIs.
    pub fn check_all(roles: &[Self], uris: UriRule, problems: &mut Problems) {
        let mut names = HashSet::new();
        problems.each("roles", roles, |role, problems| {
            role.check(uris, problems);
            let is_new = names.insert(&role.name);
            problems.expect(is_new, "name", "a name that no other role has", quoted(&role.name));
        });
    }

    fn check(&self, uris: UriRule, problems: &mut Problems) {
        problems.expect(!self.name.is_empty(), "name", "the name of a role", "nothing");
        if let Some(procedure) = &self.authorizer {
            let uri = Uri::from(procedure.as_str());
            let is_good = uri.check(uris, MatchPolicy::Exact).is_ok() && !uri.is_reserved();
            let expected = "the URI of a procedure that clients can register";
            problems.expect(is_good, "authorizer", expected, quoted(procedure));
            let expected = "no authorizer beside allow_all, which leaves nothing to ask about";
            problems.expect(!self.allow_all, "authorizer", expected, quoted(procedure));
        }
        let mut patterns = HashSet::new();
        problems.each("permissions", &self.permissions, |permission, problems| {
            permission.check(uris, self.authorizer.is_some(), problems);
            let is_new = patterns.insert((permission.policy, &permission.uri));
            let expected = "one permission for each pattern: two would contradict each other";
            problems.expect(
                is_new,
                "uri",
                expected,
                format!("a second one for {:?}", permission.uri),
            );
        });
    }
}

impl PermissionSettings {
    /// A permission that allows nothing.
    pub fn new(policy: MatchPolicy, uri: impl Into<String>) -> Self {
        Self { uri: uri.into(), policy, ..Self::default() }
    }

    /// The same with these rights.
    #[must_use]
    pub fn allow(mut self, rights: &[Right]) -> Self {
        self.allow = rights.to_vec();
        self
    }

    fn to_permission(&self) -> Permission {
        let actions =
            |rights: &[Right]| rights.iter().map(|right| right.action()).collect::<Vec<_>>();
        let permission = Permission::new(self.policy, self.uri.as_str());
        let mut permission = permission.ask(&actions(&self.ask)).allow(&actions(&self.allow));
        let DiscloseSettings { caller, publisher } = self.disclose;
        permission.disclose = Disclose { caller, publisher };
        permission.cache = self.cache;
        permission.force_reregister = self.force_reregister;
        permission
    }

    fn check(&self, uris: UriRule, has_authorizer: bool, problems: &mut Problems) {
        if let Err(invalid) = Uri::from(self.uri.as_str()).check(uris, self.policy) {
            let expected = match self.policy {
                MatchPolicy::Exact => "a URI",
                MatchPolicy::Prefix => "the beginning of URIs",
                MatchPolicy::Wildcard => "a wildcard pattern",
            };
            problems.add("uri", expected, format!("{:?}: {invalid}", self.uri));
        }
        for right in &self.ask {
            let word = quoted(right.action().name());
            let expected = "rights that `allow` does not have";
            problems.expect(!self.allow.contains(right), "ask", expected, &word);
            problems.expect(has_authorizer, "ask", "nothing in a role without `authorizer`", &word);
        }
        let registers = [&self.allow, &self.ask].iter().any(|of| of.contains(&Right::Register));
        let expected = "false where nothing may be registered";
        problems.expect(!self.force_reregister || registers, "force_reregister", expected, "true");
    }
}

impl AuthorizationSettings {
    /// Gathers what is wrong with these settings.
    pub fn check(&self, problems: &mut Problems) {
        problems.expect(!self.timeout.is_zero(), "timeout", "more than no time", "0s");
        problems.expect(self.concurrency > 0, "concurrency", "at least 1", self.concurrency);
    }
}

impl Right {
    /// What the realm calls it.
    #[must_use]
    pub const fn action(self) -> Action {
        match self {
            Self::Call => Action::Call,
            Self::Register => Action::Register,
            Self::Publish => Action::Publish,
            Self::Subscribe => Action::Subscribe,
        }
    }
}

fn quoted(text: &str) -> String {
    format!("{text:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> Vec<String> {
        #[derive(Deserialize)]
        struct Realm {
            roles: Vec<RoleSettings>,
        }
        let realm: Realm = toml::from_str(text).unwrap();
        let mut problems = Problems::default();
        RoleSettings::check_all(&realm.roles, UriRule::Loose, &mut problems);
        problems.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_role_says_everything_there_is_to_say() {
        let role: RoleSettings = toml::from_str(
            r#"
            name = "guest"
            authorizer = "com.example.authorize"
            [[permissions]]
            uri = "com.example."
            match = "prefix"
            allow = ["call", "register"]
            ask = ["publish"]
            disclose = { caller = true }
            cache = false
            force_reregister = true
            [[permissions]]
            uri = "com.example.secret"
            "#,
        )
        .unwrap();
        let made = role.to_role();
        assert_eq!((&*made.name, made.otherwise), ("guest", Access::Ask));
        let [first, second] = &made.permissions[..] else { panic!("{made:?}") };
        assert_eq!((first.policy, first.uri.as_str()), (MatchPolicy::Prefix, "com.example."));
        let access = Action::ALL.map(|action| first.access(action));
        assert_eq!(access, [Access::Allow, Access::Allow, Access::Ask, Access::Deny]);
        assert_eq!(first.disclose, Disclose { caller: Some(true), publisher: None });
        assert!(!first.cache && first.force_reregister);
        assert_eq!(Action::ALL.map(|action| second.access(action)), [Access::Deny; 4]);
        assert!(second.cache && !second.force_reregister);
        let text = toml::to_string(&role).unwrap();
        assert_eq!(toml::from_str(&text), Ok(role), "{text}");
    }

    #[test]
    fn unknown_actions_and_keys_are_named() {
        let table = [
            (
                "allow = ['cal']",
                "unknown variant `cal`, expected one of `call`, `register`, `publish`, `subscribe`",
            ),
            ("match = 'regex'", r#"expected one of "exact", "prefix", "wildcard", found "regex""#),
            (
                "deny = ['call']",
                "unknown field `deny`, expected one of `uri`, `match`, `allow`, `ask`, `disclose`, `cache`, `force_reregister`",
            ),
            (
                "disclose = { callee = true }",
                "unknown field `callee`, expected `caller` or `publisher`",
            ),
        ];
        for (text, expected) in table {
            let error = toml::from_str::<PermissionSettings>(text).unwrap_err();
            assert_eq!(error.message(), expected);
        }
    }

    #[test]
    fn everything_wrong_with_roles_is_named() {
        let found = problems(
            r#"
            [[roles]]
            name = ""
            [[roles]]
            name = "guest"
            allow_all = true
            authorizer = "wamp.authorize"
            [[roles]]
            name = "guest"
            permissions = [
                { uri = "com..a" },
                { uri = "com.a", force_reregister = true },
                { uri = "com.a", allow = ["call"], ask = ["call"] },
                { uri = "com.a", match = "prefix" },
            ]
            "#,
        );
        let expected = [
            "roles[0].name: expected the name of a role, found nothing",
            "roles[1].authorizer: expected the URI of a procedure that clients can register, found \"wamp.authorize\"",
            "roles[1].authorizer: expected no authorizer beside allow_all, which leaves nothing to ask about, found \"wamp.authorize\"",
            "roles[2].permissions[0].uri: expected a URI, found \"com..a\": the URI has an empty component",
            "roles[2].permissions[1].force_reregister: expected false where nothing may be registered, found true",
            "roles[2].permissions[2].ask: expected rights that `allow` does not have, found \"call\"",
            "roles[2].permissions[2].ask: expected nothing in a role without `authorizer`, found \"call\"",
            "roles[2].permissions[2].uri: expected one permission for each pattern: two would contradict each other, found a second one for \"com.a\"",
            "roles[2].name: expected a name that no other role has, found \"guest\"",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn settings_that_let_nobody_answer_are_refused() {
        let settings: AuthorizationSettings =
            toml::from_str("timeout = '0s'\nconcurrency = 0").unwrap();
        let mut problems = Problems::default();
        settings.check(&mut problems);
        let found: Vec<_> = problems.iter().map(ToString::to_string).collect();
        let expected = [
            "timeout: expected more than no time, found 0s",
            "concurrency: expected at least 1, found 0",
        ];
        assert_eq!(found, expected);
    }
}
