//! Telling the service manager how the router is, where there is one that wants to know (systemd).

use sd_notify::{NotifyState, notify};

/// Says that clients can connect at this URL, and from then on at the pace that the service manager asks for that the
/// router is alive. Has to be called within a runtime.
pub(crate) fn started(url: &str) {
    tell(&[NotifyState::Ready, NotifyState::Status(&format!("listening on {url}"))]);
    if let Some(limit) = sd_notify::watchdog_enabled() {
        // Twice as often as it has to be, as the manual of systemd advises. The task runs among all others: if they do
        // not get their turn, it does not either, and the router is started anew.
        let mut turns = tokio::time::interval(limit / 2);
        tokio::spawn(async move {
            loop {
                turns.tick().await;
                tell(&[NotifyState::Watchdog]);
            }
        });
    }
}

/// Says that the router is about to end.
pub(crate) fn stopping() {
    tell(&[NotifyState::Stopping, NotifyState::Status("waiting for calls and sessions to end")]);
}

fn tell(states: &[NotifyState<'_>]) {
    // Without a service manager nothing is sent, and that is no error.
    if let Err(error) = notify(states) {
        tracing::debug!(%error, "the service manager does not listen");
    }
}
