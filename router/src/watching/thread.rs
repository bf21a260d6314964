//! The thread that finds out what has changed.

use super::Reload;
use notify::{Config, EventHandler, PollWatcher, RecommendedWatcher, RecursiveMode, Watcher};
use parking_lot::Mutex;
use std::{
    collections::HashSet,
    fmt, io,
    path::{Path, PathBuf},
    sync::{Arc, Weak, mpsc},
    thread,
    time::Duration,
};

/// How long after a change more are waited for: who writes a file does it in several steps.
const SETTLING: Duration = Duration::from_millis(50);

/// How often files are looked at where the operating system does not tell of changes.
const POLLING: Duration = Duration::from_secs(2);

/// Reads files again when they change, for as long as it lives.
///
/// The thread starts with the first file. It watches folders rather than files: a file is often replaced by another one of its name, or is a link to a file in a
/// folder that is replaced.
#[derive(Debug, Default)]
pub(crate) struct Watching {
    started: Mutex<Option<Started>>,
}

/// The thread, and what wakes it.
struct Started {
    files: Arc<Mutex<Vec<Weak<dyn Reload>>>>,
    watcher: Box<dyn Watcher + Send>,
    folders: HashSet<PathBuf>,
    wake: mpsc::Sender<()>,
}

impl Watching {
    /// Reads `file` again when it changes, for as long as somebody else holds it.
    ///
    /// # Errors
    /// There is no thread to be had, or the folder of the file cannot be watched.
    pub(crate) fn add(&self, file: &Arc<impl Reload + 'static>) -> io::Result<()> {
        let mut started = self.started.lock();
        let started = match &mut *started {
            Some(started) => started,
            none => none.insert(Started::new()?),
        };
        started.add(file)
    }
}

impl Started {
    fn new() -> io::Result<Self> {
        let (wake, woken) = mpsc::channel();
        let files = Arc::new(Mutex::new(Vec::new()));
        let watcher = watcher(&wake)?;
        let watched = Arc::clone(&files);
        thread::Builder::new().name("wamplex-files".to_owned()).spawn(move || {
            while woken.recv().is_ok() {
                while woken.recv_timeout(SETTLING).is_ok() {}
                reload_all(&watched);
            }
        })?;
        Ok(Self { files, watcher, folders: HashSet::new(), wake })
    }

    fn add(&mut self, file: &Arc<impl Reload + 'static>) -> io::Result<()> {
        let folder = match file.path().parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        };
        if !self.folders.contains(folder) {
            self.watcher
                .watch(folder, RecursiveMode::NonRecursive)
                .map_err(|error| io::Error::other(error.to_string()))?;
            self.folders.insert(folder.to_owned());
        }
        let weak: Weak<dyn Reload> = Arc::downgrade(file) as Weak<dyn Reload>;
        self.files.lock().push(weak);
        // It may have changed between being read and being watched.
        let _ = self.wake.send(());
        Ok(())
    }
}

impl fmt::Debug for Started {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Started").field("folders", &self.folders).finish_non_exhaustive()
    }
}

/// The watcher of this operating system or, where it has no more of them, one that looks now and then.
fn watcher(wake: &mpsc::Sender<()>) -> io::Result<Box<dyn Watcher + Send>> {
    let config = Config::default().with_poll_interval(POLLING);
    let error = match RecommendedWatcher::new(waker(wake), config) {
        Ok(watcher) => return Ok(Box::new(watcher)),
        Err(error) => error,
    };
    tracing::warn!(%error, "the system does not tell of changed files, they are looked at now and then");
    match PollWatcher::new(waker(wake), config) {
        Ok(watcher) => Ok(Box::new(watcher)),
        Err(error) => Err(io::Error::other(error.to_string())),
    }
}

fn waker(wake: &mpsc::Sender<()>) -> impl EventHandler {
    let wake = wake.clone();
    move |event: notify::Result<notify::Event>| {
        // Reading a file is an event, too.
        if !event.is_ok_and(|event| event.kind.is_access()) {
            let _ = wake.send(());
        }
    }
}

fn reload_all(files: &Mutex<Vec<Weak<dyn Reload>>>) {
    let mut living = Vec::new();
    files.lock().retain(|file| file.upgrade().map(|file| living.push(file)).is_some());
    for file in living {
        match file.reload() {
            Ok(true) => tracing::info!(path = %file.path().display(), "file reloaded"),
            Ok(false) => {}
            Err(error) => {
                tracing::warn!(%error, "changed file not used, what it said before holds")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            UnusableFile, WatchedFile,
            file::tests::{Folder, number},
        },
        *,
    };
    use std::{fs, time::Instant};

    /// Tells of each reload.
    struct Told {
        file: WatchedFile<u64>,
        changed: Mutex<mpsc::Sender<u64>>,
    }

    impl Reload for Told {
        fn path(&self) -> &Path {
            self.file.path()
        }

        fn reload(&self) -> Result<bool, UnusableFile> {
            let changed = self.file.reload()?;
            if changed {
                let _ = self.changed.lock().send(*self.file.get());
            }
            Ok(changed)
        }
    }

    #[test]
    fn files_are_read_again_when_they_are_written_replaced_or_reached_by_another_link() {
        let patience = Duration::from_secs(30);
        let folder = Folder::new();
        let path = folder.0.join("number");
        fs::write(&path, "\n1").unwrap();
        let (changed, hear) = mpsc::channel();
        let file = WatchedFile::open(&path, number).unwrap();
        let told = Arc::new(Told { file, changed: Mutex::new(changed) });
        let watching = Watching::default();
        watching.add(&told).unwrap();

        fs::write(&path, "\n2").unwrap();
        assert_eq!(hear.recv_timeout(patience), Ok(2));
        fs::write(folder.0.join("next"), "\n3").unwrap();
        fs::rename(folder.0.join("next"), &path).unwrap();
        assert_eq!(hear.recv_timeout(patience), Ok(3));
        fs::write(folder.0.join("elsewhere"), "\n4").unwrap();
        std::os::unix::fs::symlink("elsewhere", folder.0.join("link")).unwrap();
        fs::rename(folder.0.join("link"), &path).unwrap();
        assert_eq!(hear.recv_timeout(patience), Ok(4));

        let weak = Arc::downgrade(&told);
        drop(told);
        let start = Instant::now();
        while weak.upgrade().is_some() {
            assert!(start.elapsed() < patience, "the thread keeps what nobody else has");
            thread::yield_now();
        }
    }
}
