//! Realms that are made when somebody asks for them.

use super::{Problems, RealmSettings, units, words};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use wamplex_shared::uri::{MatchPolicy, Uri, UriRule};

/// Realms that are made when the first client asks for them, all with the same settings. A realm that is listed by its name
/// comes before any template, and the first template that matches makes the realm.
///
/// ```
/// use wamplex_router::config::ConfigSource;
/// let config = ConfigSource::text(
///     r#"
///     [[templates]]
///     pattern = "com.example.team."
///     most = 50
///     meta_api = "off"
///     "#,
/// )
/// .load()
/// .unwrap();
/// assert!(config.templates[0].matches("com.example.team.blue"));
/// assert!(!config.templates[0].matches("com.example.other"));
/// ```
// Unknown keys are refused by the settings of the realm, which see them all.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default)]
#[schemars(transform = without_name)]
pub struct RealmTemplate {
    /// The names of the realms that it makes, as a URI pattern.
    #[schemars(example = "com.example.team.")]
    pub pattern: String,
    /// How the pattern is compared with names.
    #[serde(rename = "match", with = "words::match_policy")]
    pub policy: MatchPolicy,
    /// The most realms of this template that there may be at once. Clients that ask for one more are refused.
    pub most: usize,
    /// How long a realm of this template stays when nobody is in it. What it retains goes with it. `off` for ever.
    #[serde(with = "units::optional_duration")]
    pub idle: Option<Duration>,
    /// The settings of those realms, but for their names.
    #[serde(flatten)]
    pub realm: RealmSettings,
}

/// The realms have their names from whoever asks for them, and there are no other keys.
fn without_name(schema: &mut schemars::Schema) {
    schema.insert("additionalProperties".to_owned(), false.into());
    if let Some(properties) = schema.get_mut("properties").and_then(|part| part.as_object_mut()) {
        properties.shift_remove("name");
    }
}

impl Default for RealmTemplate {
    fn default() -> Self {
        Self {
            pattern: String::new(),
            policy: MatchPolicy::Prefix,
            most: 1000,
            idle: Some(Duration::from_secs(300)),
            realm: RealmSettings::default(),
        }
    }
}

impl RealmTemplate {
    /// Whether it makes the realm of this name.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        self.policy.matches(&self.pattern, name)
    }

    /// The settings of the realm of this name.
    pub(crate) fn settings(&self, name: &str) -> RealmSettings {
        RealmSettings { name: name.to_owned(), ..self.realm.clone() }
    }

    /// Notes what is wrong.
    pub(super) fn check(&self, problems: &mut Problems) {
        let is_said = !self.pattern.is_empty();
        problems.expect(is_said, "pattern", "a URI pattern such as \"com.example.\"", "nothing");
        if let Err(error) = Uri::from(self.pattern.as_str()).check(UriRule::Loose, self.policy) {
            problems.add("pattern", "a URI pattern", format!("{:?}: {error}", self.pattern));
        }
        problems.expect(self.most > 0, "most", "at least 1", self.most);
        if let Some(idle) = self.idle.filter(|idle| idle.is_zero()) {
            problems.add("idle", "more than no time", units::write_duration(idle));
        }
        let name = &self.realm.name;
        let expected = "nothing, since the pattern says what the realms are called";
        problems.expect(name.is_empty(), "name", expected, format!("{name:?}"));
        self.realm.check_all_but_name(problems);
    }
}
