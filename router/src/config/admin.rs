//! Where a router can be looked into and told what to do.

use super::{Problems, RealmSettings};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The realm in which a router offers procedures about itself: `wamplex.admin.status`, `wamplex.admin.realm.list`,
/// `wamplex.admin.session.list`, `wamplex.admin.session.kill`, `wamplex.admin.session.tap`, `wamplex.admin.reload` and
/// others.
///
/// Its roles say who may call them, with permissions whose URIs begin with `wamplex.admin.`.
///
/// ```
/// use wamplex_router::RouterConfig;
/// let config: RouterConfig = toml::from_str(r#"
///     admin.realm = "com.example.admin"
///     [[realms]]
///     name = "com.example.admin"
///     [[realms.roles]]
///     name = "operator"
///     [[realms.roles.permissions]]
///     uri = "wamplex.admin."
///     match = "prefix"
///     allow = ["call"]
/// "#)?;
/// assert_eq!(config.admin.realm.as_deref(), Some("com.example.admin"));
/// # Ok::<(), toml::de::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AdminSettings {
    /// The name of the realm, one of `realms` that has roles. Without it the router offers nothing of this.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = "com.example.admin")]
    pub realm: Option<String>,
}

impl AdminSettings {
    /// Notes what is wrong with them beside these realms.
    pub fn check(&self, realms: &[RealmSettings], problems: &mut Problems) {
        let Some(name) = &self.realm else { return };
        match realms.iter().find(|realm| realm.name == *name) {
            None => problems.add("realm", "the name of one of `realms`", format!("\"{name}\"")),
            // Without roles everybody may call everything.
            Some(realm) => problems.expect(
                !realm.roles.is_empty(),
                "realm",
                "a realm with `roles`, which say who may call these procedures",
                format!("\"{name}\", which has none"),
            ),
        }
    }
}
