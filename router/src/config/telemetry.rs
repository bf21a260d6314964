//! Where traces go.

use super::Problems;
use hyper::Uri;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The export of traces to an OpenTelemetry collector, over HTTP. Only in routers that were built with the feature
/// `opentelemetry`.
///
/// A call whose caller sends a sampled `_traceparent` becomes a span, and the callee receives that span as its parent. What
/// these settings leave open is decided by the usual variables of the environment (`OTEL_EXPORTER_OTLP_ENDPOINT`,
/// `OTEL_SERVICE_NAME`, `OTEL_TRACES_SAMPLER`, `OTEL_BSP_MAX_QUEUE_SIZE` and so on). They hold from the start of the router
/// to its end: to change them, start it again.
///
/// ```
/// use wamplex_router::RouterConfig;
/// let config: RouterConfig = toml::from_str(r#"
///     [telemetry]
///     endpoint = "http://127.0.0.1:4318"
///     sample_ratio = 0.01
/// "#)?;
/// assert_eq!(config.telemetry.sample_ratio, Some(0.01));
/// # Ok::<(), toml::de::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TelemetrySettings {
    /// The address of the collector, without the path `/v1/traces`: `http` and a host, since this router encrypts nothing on
    /// this way. Without it and without OTEL_EXPORTER_OTLP_ENDPOINT nothing is exported.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = "http://127.0.0.1:4318")]
    pub endpoint: Option<String>,
    /// What the router is called in traces; OTEL_SERVICE_NAME or else `wamplex`, if not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"wamplex")]
    pub service_name: Option<String>,
    /// How many of the calls without a trace begin one, from 0 for none to 1 for all. If it is not set, OTEL_TRACES_SAMPLER
    /// decides, or else none. With a trace, its caller has decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = 0.01)]
    pub sample_ratio: Option<f64>,
}

impl TelemetrySettings {
    pub(super) fn check(&self, problems: &mut Problems) {
        if let Some(endpoint) = &self.endpoint {
            let found = format!("{endpoint:?}");
            if cfg!(feature = "opentelemetry") {
                let expected = "a URL such as \"http://127.0.0.1:4318\"";
                problems.expect(is_plain(endpoint), "endpoint", expected, found);
            } else {
                let expected = "nothing, since this router was built without opentelemetry";
                problems.add("endpoint", expected, found);
            }
        }
        if let Some(ratio) = self.sample_ratio {
            let fits = (0.0..=1.0).contains(&ratio);
            problems.expect(fits, "sample_ratio", "a number from 0 to 1", ratio);
        }
    }
}

/// Whether this is the URL of a host that is spoken to without encryption.
pub(crate) fn is_plain(url: &str) -> bool {
    let url = url.parse::<Uri>();
    url.is_ok_and(|url| {
        url.scheme_str() == Some("http") && url.host().is_some_and(|host| !host.is_empty())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ConfigSource;

    fn problems(settings: &TelemetrySettings) -> Vec<String> {
        let mut problems = Problems::default();
        settings.check(&mut problems);
        problems.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn only_a_ratio_is_a_ratio() {
        for (ratio, fits) in
            [(0.0, true), (0.5, true), (1.0, true), (-0.1, false), (1.1, false), (f64::NAN, false)]
        {
            let settings =
                TelemetrySettings { sample_ratio: Some(ratio), ..TelemetrySettings::default() };
            assert_eq!(problems(&settings).is_empty(), fits, "{ratio}");
        }
    }

    #[test]
    fn a_ratio_in_a_file_may_be_whole() {
        let load =
            |text: &str| ConfigSource::text(format!("telemetry.sample_ratio = {text}")).load();
        assert_eq!(load("1").unwrap().telemetry.sample_ratio, Some(1.0));
        assert_eq!(load("0.5").unwrap().telemetry.sample_ratio, Some(0.5));
        let problem = load("true").unwrap_err().to_string();
        assert!(problem.contains("telemetry.sample_ratio: expected a number, found"), "{problem}");
    }

    #[test]
    fn a_collector_is_reached_without_encryption_and_by_routers_that_can() {
        for (url, fits) in [
            ("http://127.0.0.1:4318", true),
            ("http://collector", true),
            ("http://[::1]:4318/base", true),
            ("https://collector", false),
            ("collector:4318", false),
            ("/v1/traces", false),
            ("", false),
        ] {
            let endpoint = Some(url.to_owned());
            let settings = TelemetrySettings { endpoint, ..TelemetrySettings::default() };
            let expected = fits && cfg!(feature = "opentelemetry");
            assert_eq!(problems(&settings).is_empty(), expected, "{url}");
        }
    }
}
