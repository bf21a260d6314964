//! Signals of the operating system.

/// Listens for signals from now on. What is returned is ready at the first Ctrl-C or termination signal; at the second
/// one the process ends at once.
pub(crate) fn terminated() -> impl Future<Output = ()> {
    let signals = Signals::install();
    async move {
        match signals {
            Ok(mut signals) => {
                signals.next().await;
                tokio::spawn(async move {
                    signals.next().await;
                    tracing::warn!("stopped by a second signal");
                    std::process::exit(EXIT_BY_SECOND_SIGNAL);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "signals will end the router without a goodbye");
                std::future::pending().await
            }
        }
    }
}

/// Calls `reload` at each SIGHUP from now on, until the end of the runtime.
pub(crate) fn on_hangup(reload: impl Fn() + Send + 'static) {
    #[cfg(unix)]
    match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup()) {
        Ok(mut hangup) => {
            tokio::spawn(async move {
                while hangup.recv().await.is_some() {
                    reload();
                }
            });
        }
        Err(error) => tracing::warn!(%error, "SIGHUP will not reload the configuration"),
    }
    #[cfg(not(unix))]
    tokio::spawn(async move {
        // Nothing calls it, but what it holds lives on.
        let _reload = reload;
        std::future::pending::<()>().await;
    });
}

/// What shells report for a program that Ctrl-C ended.
const EXIT_BY_SECOND_SIGNAL: i32 = 130;

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn install() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn install() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
