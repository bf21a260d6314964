//! How the router is.

use super::refuse;
use crate::{local::IntoPayload, realm::RealmCell, shared::Shared};
use std::sync::Arc;
use wamplex_realm::Census;
use wamplex_shared::{
    error::WampError,
    payload::Payload,
    uris::wamplex::RELOAD_FAILED,
    value::{Dict, List, Value},
};

/// Version, uptime and counts.
pub(super) fn of(shared: &Shared) -> Payload {
    let realms = shared.realms.all();
    let sessions = realms.iter().map(|realm| realm.read().session_count()).sum::<usize>();
    let uptime = shared.clock.now().since_start().as_millis();
    let mut status = Dict::new();
    status.insert("version", env!("CARGO_PKG_VERSION"));
    status.insert("uptime_ms", number(uptime));
    status.insert("draining", shared.is_draining());
    status.insert("realms", number(realms.len()));
    status.insert("sessions", number(sessions));
    status.insert("connections", number(shared.open_connections()));
    status.insert("outbox_bytes", number(shared.waiting_bytes()));
    let counters = shared.tally.read();
    let counters = counters.named().map(|(name, _, count)| (name, number(count)));
    let mut counted = Dict::new();
    for (name, count) in counters {
        counted.insert(name, count);
    }
    status.insert("counters", counted);
    Value::from(status).into_payload()
}

/// Name and counts of each realm, by name.
pub(super) fn realms(shared: &Shared) -> Payload {
    let mut realms = shared.realms.all();
    realms.sort_by(|a, b| a.name().as_str().cmp(b.name().as_str()));
    let realms: List = realms.iter().map(|realm| Value::from(describe(realm))).collect();
    Value::from(realms).into_payload()
}

fn describe(realm: &RealmCell) -> Dict {
    let Census { sessions, subscriptions, registrations, calls, .. } = realm.read().census();
    let mut described = Dict::new();
    described.insert("name", realm.name().as_str());
    for (name, count) in [
        ("sessions", sessions),
        ("subscriptions", subscriptions),
        ("registrations", registrations),
        ("calls", calls),
    ] {
        described.insert(name, number(count));
    }
    described.insert("events_dropped", realm.traffic().all_dropped());
    described
}

/// Reads the configuration again. What has changed, line by line.
pub(super) async fn reload(shared: &Arc<Shared>) -> Result<Payload, WampError> {
    let changes = shared.reload().await.map_err(|why| refuse(RELOAD_FAILED, why))?;
    let changes: List = changes.into_iter().map(Value::from).collect();
    Ok(Value::from(changes).into_payload())
}

/// Counts beyond what a value can say do not occur.
fn number(count: impl TryInto<u64>) -> Value {
    Value::from(count.try_into().unwrap_or(u64::MAX))
}
