//! From spans to a collector.

use super::{post::Post, tracer::Tracer};
use crate::{
    config::{TelemetrySettings, is_plain},
    error::StartError,
};
use opentelemetry::{Key, trace::TracerProvider as _};
use opentelemetry_otlp::{
    OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, Protocol, SpanExporter,
    WithExportConfig as _, WithHttpConfig as _,
};
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkError,
    trace::{Sampler, SdkTracerProvider},
};
use std::{env, sync::Arc, time::Duration};
use wamplex_realm::CallTracer;

/// The export of the traces of one router.
#[derive(Debug)]
pub(crate) struct Telemetry {
    provider: SdkTracerProvider,
    tracer: Arc<Tracer>,
}

/// The path of a collector that takes traces.
const PATH: &str = "/v1/traces";

impl Telemetry {
    /// Begins to export, if the settings or the environment say where to.
    ///
    /// # Errors
    /// They say something that cannot be.
    pub(crate) fn open(settings: &TelemetrySettings) -> Result<Option<Self>, StartError> {
        if variable("OTEL_SDK_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
            return Ok(None);
        }
        let Some(endpoint) = endpoint(settings) else { return Ok(None) };
        if !is_plain(&endpoint) {
            let reason = format!("{endpoint:?} is no URL such as \"http://127.0.0.1:4318\"");
            return Err(StartError::Telemetry { reason });
        }
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Post::default())
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(&endpoint)
            .build()
            .map_err(|error| StartError::Telemetry { reason: error.to_string() })?;
        let mut provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_resource(resource(settings));
        let chosen = variable("OTEL_TRACES_SAMPLER").filter(|_| settings.sample_ratio.is_none());
        let ratio = settings.sample_ratio.unwrap_or(0.0);
        if chosen.is_none() {
            let sampler = Sampler::TraceIdRatioBased(ratio);
            provider = provider.with_sampler(Sampler::ParentBased(Box::new(sampler)));
        }
        let provider = provider.build();
        let tracer = provider.tracer("wamplex-router");
        let tracer = Arc::new(Tracer::new(tracer, chosen.is_some() || ratio > 0.0));
        tracing::info!(%endpoint, "exporting traces");
        Ok(Some(Self { provider, tracer }))
    }

    /// Whoever has to follow calls.
    pub(crate) fn tracer(&self) -> Arc<dyn CallTracer> {
        Arc::clone(&self.tracer) as Arc<dyn CallTracer>
    }

    /// Sends what waits to be sent, and nothing any more after that or after `limit`.
    pub(crate) async fn close(&self, limit: Duration) {
        let provider = self.provider.clone();
        let closed =
            tokio::task::spawn_blocking(move || provider.shutdown_with_timeout(limit)).await;
        if let Ok(Err(error)) = closed
            && !matches!(error, OTelSdkError::AlreadyShutdown)
        {
            tracing::warn!(%error, "traces are lost that the collector has not taken in time");
        }
    }
}

/// The URL that traces are sent to, in the order of OpenTelemetry: what is said here goes before the environment.
fn endpoint(settings: &TelemetrySettings) -> Option<String> {
    let with_path = |base: String| format!("{}{PATH}", base.trim_end_matches('/'));
    settings
        .endpoint
        .clone()
        .map(with_path)
        .or_else(|| variable(OTEL_EXPORTER_OTLP_TRACES_ENDPOINT))
        .or_else(|| variable(OTEL_EXPORTER_OTLP_ENDPOINT).map(with_path))
}

/// What this router is called.
fn resource(settings: &TelemetrySettings) -> Resource {
    const UNKNOWN: &str = "unknown_service";
    let named = Resource::builder().build();
    let is_named = named
        .get(&Key::from_static_str("service.name"))
        .is_some_and(|name| !name.as_str().starts_with(UNKNOWN));
    let name = settings.service_name.clone().or_else(|| (!is_named).then(|| "wamplex".to_owned()));
    match name {
        Some(name) => Resource::builder().with_service_name(name).build(),
        None => named,
    }
}

/// A variable of the environment. OpenTelemetry takes an empty one for none.
fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}
