//! What has to hold among the values of a configuration, beyond the type of each.

use super::{
    BridgeEndpoint, Endpoint, ListenerConfig, Origins, PrincipalSettings, PrincipalSource,
    Problems, RealmSettings, RealmTemplate, RoleSettings, RouterConfig, Site, WORKERS,
};
use std::{collections::HashMap, time::Duration};
use wamplex_realm::PassedOptions;
use wamplex_shared::uri::{MatchPolicy, Uri, UriRule};

impl RouterConfig {
    /// Finds what is wrong. A router checks its configuration before it starts and before it takes a new one.
    ///
    /// ```
    /// use wamplex_router::RouterConfig;
    /// let config = RouterConfig { realms: vec!["com..example".into()], ..RouterConfig::default() };
    /// let problems: Vec<_> = config.check().iter().map(ToString::to_string).collect();
    /// let expected = "realms[0].name: expected a URI, found \"com..example\": the URI has an empty component";
    /// assert_eq!(problems, [expected]);
    /// ```
    #[must_use]
    pub fn check(&self) -> Problems {
        let mut problems = Problems::default();
        problems.expect(!self.listeners.is_empty(), "listeners", "at least one listener", "none");
        self.check_parts(&mut problems);
        problems
    }

    /// Finds what is wrong for a router that may go without listeners, since the program around it brings its clients.
    pub(crate) fn check_parts(&self, problems: &mut Problems) {
        let has_realms = !self.realms.is_empty() || !self.templates.is_empty();
        problems.expect(has_realms, "realms", "at least one realm", "none");
        problems.each("listeners", &self.listeners, ListenerConfig::check);
        problems.each("realms", &self.realms, RealmSettings::check);
        problems.each("templates", &self.templates, RealmTemplate::check);
        if let Some(workers) = self.workers {
            let expected = format!("from {} to {}", WORKERS.start(), WORKERS.end());
            problems.expect(WORKERS.contains(&workers), "workers", expected, workers.to_string());
        }
        let is_short = self.busy_poll.is_none_or(|time| time <= MOST_BUSY_POLL);
        let found = format!("{:?}", self.busy_poll.unwrap_or_default());
        problems.expect(is_short, "busy_poll", format!("at most {MOST_BUSY_POLL:?}"), found);
        problems.within("limits", |problems| self.limits.check(problems));
        problems.within("telemetry", |problems| self.telemetry.check(problems));
        problems.within("admin", |problems| self.admin.check(&self.realms, problems));
        let addresses = self.listeners.iter().map(|listener| listener.endpoint.to_string());
        // Port 0 is a port of its own each time.
        let is_shared = |address: &String| !address.ends_with(":0");
        unique(problems, "listeners", "address", "an address", addresses, is_shared);
        let names = self.listeners.iter().map(|listener| listener.name.clone());
        unique(problems, "listeners", "name", "a name", names, |name| !name.is_empty());
        let names = self.realms.iter().map(|realm| realm.name.clone());
        unique(problems, "realms", "name", "a name", names, |_| true);
        let patterns = self.templates.iter().map(|template| template.pattern.clone());
        unique(problems, "templates", "pattern", "a pattern", patterns, |_| true);
    }
}

/// Who looks for messages for longer than this is not waiting for an answer.
const MOST_BUSY_POLL: Duration = Duration::from_millis(10);

/// Demands that the elements of a list differ in a key.
fn unique(
    problems: &mut Problems,
    list: &str,
    key: &str,
    what: &str,
    values: impl Iterator<Item = String>,
    matters: impl Fn(&String) -> bool,
) {
    let mut seen = HashMap::new();
    for (index, value) in values.enumerate().filter(|(_, value)| matters(value)) {
        if let Some(first) = seen.get(&value) {
            let found = format!("{value:?} as in {list}[{first}]");
            problems.add(&format!("{list}[{index}].{key}"), format!("{what} of its own"), found);
        } else {
            seen.insert(value, index);
        }
    }
}

impl ListenerConfig {
    fn check(&self, problems: &mut Problems) {
        if let Origins::Also(origins) = &self.origins {
            problems.each("origins", origins, |origin, problems| {
                let expected = "an origin such as \"https://example.com\", or \"*\"";
                problems.expect(super::is_origin(origin), "", expected, format!("{origin:?}"));
            });
        }
        problems.each("hosts", &self.hosts, |host, problems| {
            let expected = "the name of a host such as \"router.example\", without scheme and port";
            problems.expect(is_host(host), "", expected, format!("{host:?}"));
        });
        if let Site::Directory(folder) = &self.site {
            let found = format!("{:?}", folder.display().to_string());
            problems.expect(folder.is_dir(), "site", "a folder that can be read", found);
        }
        problems.within("cookie", |problems| self.cookie.check(problems));
        if let Some(tls) = &self.tls {
            problems.within("tls", |problems| tls.check(problems));
        }
        let is_unix = matches!(self.endpoint, Endpoint::Unix(_));
        problems.within("proxy", |problems| self.proxy.check(is_unix, problems));
        problems.within("longpoll", |problems| self.longpoll.check(problems));
        BridgeEndpoint::check_all(&self.bridge, problems);
        problems.within("keep_alive", |problems| self.keep_alive.check(problems));
        problems.within("limits", |problems| self.limits.check(problems));
        problems.within("slow_consumers", |problems| self.slow_consumers.check(problems));
        if let (Some(mode), Endpoint::Tcp(_)) = (self.unix_mode, &self.endpoint) {
            let found = format!("0o{mode:o}");
            problems.add("unix_mode", "nothing, since the address is no Unix socket", found);
        }
    }
}

/// Whether it is the name of a host, as a browser writes it that was told to go there.
fn is_host(text: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    text.split('.').all(is_label)
}

impl RealmSettings {
    fn check(&self, problems: &mut Problems) {
        if let Err(error) = Uri::from(self.name.as_str()).check(UriRule::Loose, MatchPolicy::Exact)
        {
            problems.add("name", "a URI", format!("{:?}: {error}", self.name));
        }
        self.check_all_but_name(problems);
    }

    /// Notes what is wrong with it, whatever it is called.
    pub(super) fn check_all_but_name(&self, problems: &mut Problems) {
        problems.each("principals", &self.principals, PrincipalSettings::check);
        problems.each("principals_from", &self.principals_from, PrincipalSource::check);
        let names = self.principals.iter().map(|principal| principal.authid.clone());
        unique(problems, "principals", "authid", "a name", names, |_| true);
        self.check_roles(problems);
        problems.within("limits", |problems| self.limits.check(problems));
        problems.within("slow_consumers", |problems| self.slow_consumers.check(problems));
        RoleSettings::check_all(&self.roles, self.rules.uris, problems);
        problems.within("authorization", |problems| self.authorization.check(problems));
        problems.within("authentication", |problems| self.authentication.check(problems));
        let most = self.rules.max_call_timeout;
        if let (Some(time), Some(most)) = (self.rules.call_timeout, most) {
            let found = super::units::write_duration(time);
            let expected =
                format!("at most max_call_timeout, {}", super::units::write_duration(most));
            problems.expect(time <= most, "call_timeout", expected, found);
        }
        if let Err(error) = PassedOptions::new(self.rules.passed_options.iter().map(String::as_str))
        {
            problems.add("passed_options", "names of attributes such as \"_traceparent\"", error);
        }
        problems.each("history.rules", &self.rules.history.rules, |rule, problems| {
            if let Err(error) = rule.pattern.check(self.rules.uris, rule.policy) {
                problems.add(
                    "pattern",
                    "a URI or pattern",
                    format!("{:?}: {error}", rule.pattern.as_str()),
                );
            }
        });
    }

    /// Demands that principals have roles that there are, if there are any at all.
    fn check_roles(&self, problems: &mut Problems) {
        if self.roles.is_empty() {
            return;
        }
        let names: Vec<_> = self.roles.iter().map(|role| format!("{:?}", role.name)).collect();
        problems.each("principals", &self.principals, |principal, problems| {
            let exists = self.roles.iter().any(|role| role.name == principal.role);
            let expected = format!("one of the roles of this realm, {}", names.join(", "));
            problems.expect(exists, "role", expected, format!("{:?}", principal.role));
        });
    }
}
