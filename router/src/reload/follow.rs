//! Going over to what a configuration file says whenever it changes.

use super::{ReloadError, Report};
use crate::{
    config::{ConfigError, ConfigSource, RouterConfig},
    router::RouterHandle,
    watching::{Reload, UnusableFile, Watching},
};
use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};
use tokio::{
    sync::{Notify, mpsc, oneshot},
    task::AbortHandle,
};

/// Follows a configuration file for as long as it lives; made by [`RouterHandle::follow`].
#[derive(Debug)]
#[must_use = "the file is followed no longer when this is dropped"]
pub struct Following {
    again: Arc<Notify>,
    task: AbortHandle,
}

/// A file of which somebody wants to know that its content changes.
struct Followed {
    path: PathBuf,
    seen: Mutex<Content>,
    changed: Arc<Notify>,
}

/// Where the answer goes for which an administrator waits.
type Answer = oneshot::Sender<Result<Vec<String>, String>>;

/// The digest of the content of a file, or nothing if it cannot be read.
type Content = Option<[u8; 32]>;

impl RouterHandle {
    /// Reads a configuration and goes over to it, as [`reload`](Self::reload) does.
    ///
    /// # Errors
    /// It cannot be read or used. Then nothing has changed.
    pub async fn reload_from(&self, source: &ConfigSource) -> Result<Report, ReloadError> {
        self.reload(source.load()?).await
    }

    /// Goes over to what the configuration file says whenever it changes or one of the certificates that it names, unless
    /// it says `watch = false`, and whenever [told so](Following::reload). Logs what was changed; a file that cannot be
    /// used changes nothing, and the log says why.
    ///
    /// Has to be called within a tokio runtime.
    pub fn follow(&self, source: ConfigSource) -> Following {
        let again = Arc::new(Notify::new());
        let (handle, told) = (self.clone(), Arc::clone(&again));
        let mut asked = self.asked_to_reload();
        let following = tokio::spawn(async move {
            let watching = Watching::default();
            // Held for as long as they are to be watched.
            let mut files = Vec::new();
            loop {
                let paths = paths(&source, &handle.current().await);
                files = follow_files(&watching, &files, paths, &told);
                let answer = tokio::select! {
                    () = told.notified() => None,
                    Some(answer) = asked.recv() => Some(answer),
                };
                let result = handle.reload_from(&source).await;
                note(&source, &result);
                if let Some(answer) = answer {
                    // Whoever has asked may have lost interest.
                    drop(answer.send(
                        result.map(|report| lines(&report)).map_err(|error| error.to_string()),
                    ));
                }
            }
        });
        Following { again, task: following.abort_handle() }
    }

    /// Gets the questions of administrators, who wait for the answer.
    fn asked_to_reload(&self) -> mpsc::Receiver<Answer> {
        let (ask, asked) = mpsc::channel::<Answer>(1);
        // No handle in there: the router would hold itself.
        self.on_reload(move || {
            let ask = ask.clone();
            async move {
                let gone = || "the configuration is followed no longer".to_owned();
                let (answer, answered) = oneshot::channel();
                ask.send(answer).await.map_err(|_| gone())?;
                answered.await.unwrap_or_else(|_| Err(gone()))
            }
        });
        asked
    }

    /// What the router was told last.
    async fn current(&self) -> RouterConfig {
        self.current.lock().await.clone()
    }
}

impl Following {
    /// Has the file read again now, whether it has changed or not.
    pub fn reload(&self) {
        self.again.notify_one();
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What has changed, one thing per line.
fn lines(report: &Report) -> Vec<String> {
    report.changes.iter().map(ToString::to_string).collect()
}

/// The files whose changes are to be found out.
fn paths(source: &ConfigSource, config: &RouterConfig) -> BTreeSet<PathBuf> {
    if !config.watch {
        return BTreeSet::new();
    }
    let certificates = config.listeners.iter().filter_map(|listener| listener.tls.as_ref());
    let certificates = certificates.flat_map(|tls| tls.files());
    source.path().into_iter().chain(certificates).map(Path::to_owned).collect()
}

/// Watches these files, and no longer those of before that are not among them.
fn follow_files(
    watching: &Watching,
    before: &[Arc<Followed>],
    paths: BTreeSet<PathBuf>,
    changed: &Arc<Notify>,
) -> Vec<Arc<Followed>> {
    let follow = |path: PathBuf| {
        if let Some(file) = before.iter().find(|file| file.path == path) {
            return Arc::clone(file);
        }
        // Its content counts as a change: it may be another one than the one that was used.
        let file =
            Arc::new(Followed { path, seen: Mutex::default(), changed: Arc::clone(changed) });
        if let Err(error) = watching.add(&file) {
            let path = file.path.display();
            tracing::warn!(%path, %error, "cannot find out when this file changes");
        }
        file
    };
    paths.into_iter().map(follow).collect()
}

fn content(path: &Path) -> Content {
    fs::read(path).ok().map(|bytes| Sha256::digest(bytes).into())
}

impl Reload for Followed {
    fn path(&self) -> &Path {
        &self.path
    }

    /// Tells of a change. What is to be done about it is for somebody else.
    fn reload(&self) -> Result<bool, UnusableFile> {
        let (mut seen, now) = (self.seen.lock(), content(&self.path));
        // A file that is not there is about to be: it is being replaced, or its folder is.
        if now.is_some() && *seen != now {
            *seen = now;
            self.changed.notify_one();
        }
        Ok(false)
    }
}

fn note(source: &ConfigSource, result: &Result<Report, ReloadError>) {
    let file = source.path().unwrap_or_else(|| Path::new("none"));
    match result {
        Ok(report) if report.changes.is_empty() => {
            tracing::debug!(file = %file.display(), "configuration read again, nothing changed");
        }
        Ok(report) => tracing::info!(file = %file.display(), %report, "configuration reloaded"),
        Err(ReloadError::Config(ConfigError::Faults(faults))) => {
            for fault in faults {
                tracing::error!(%fault, "the configuration cannot be used");
            }
            tracing::error!(file = %file.display(), "the router goes on with the configuration it has");
        }
        Err(error) => {
            let file = file.display();
            tracing::error!(%file, %error, "the router goes on with the configuration it has");
        }
    }
}
