//! A file and what was made of it.

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use std::{
    fmt,
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::Arc,
};
use zeroize::Zeroizing;

/// The longest file that is read, in bytes: a million principals fit.
const LONGEST: u64 = 256 << 20;

/// A file that cannot be used, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{}: {reason}", .path.display(), .line.map(|line| format!(":{line}")).unwrap_or_default())]
pub(crate) struct UnusableFile {
    /// The file.
    pub(crate) path: PathBuf,
    /// The line that is wrong, from 1, if it is one line.
    pub(crate) line: Option<usize>,
    /// What is wrong; never a secret.
    pub(crate) reason: String,
}

/// Something made of a file that can be made again.
pub(crate) trait Reload: Send + Sync {
    /// The file.
    fn path(&self) -> &Path;

    /// Reads the file again if it has changed, and says whether it had.
    ///
    /// Blocks while it reads.
    ///
    /// # Errors
    /// The file cannot be used; what was made of it before stays. The same broken content is complained of once.
    fn reload(&self) -> Result<bool, UnusableFile>;
}

/// Makes something of the content of a file; an error says what is wrong, and in which line.
type Parse<T> = Box<dyn Fn(&str) -> Result<T, (Option<usize>, String)> + Send + Sync>;

/// A file with what was last made of it.
pub(crate) struct WatchedFile<T> {
    path: PathBuf,
    parse: Parse<T>,
    value: ArcSwap<T>,
    /// What was last read, whether it could be used or not; held while reading, so that an older content never comes
    /// after a newer one.
    seen: Mutex<Seen>,
}

/// What was last found in place of a file.
#[derive(PartialEq, Eq)]
enum Seen {
    Content([u8; 32]),
    Failure(String),
}

impl<T> WatchedFile<T> {
    /// Reads a file.
    ///
    /// # Errors
    /// It cannot be read, or nothing can be made of it.
    pub(crate) fn open(
        path: impl Into<PathBuf>,
        parse: impl Fn(&str) -> Result<T, (Option<usize>, String)> + Send + Sync + 'static,
    ) -> Result<Self, UnusableFile> {
        let path = path.into();
        let content = read(&path).map_err(|error| unreadable(&path, &error))?;
        let value = parse(&content).map_err(|wrong| unusable(&path, wrong))?;
        let seen = Mutex::new(Seen::of(&content));
        Ok(Self { path, parse: Box::new(parse), value: ArcSwap::from_pointee(value), seen })
    }

    /// What was last made of the file.
    pub(crate) fn get(&self) -> Arc<T> {
        self.value.load_full()
    }
}

impl<T: Send + Sync> Reload for WatchedFile<T> {
    fn path(&self) -> &Path {
        &self.path
    }

    fn reload(&self) -> Result<bool, UnusableFile> {
        let mut seen = self.seen.lock();
        let content = match read(&self.path) {
            Ok(content) => content,
            Err(error) => {
                let now = Seen::Failure(error.to_string());
                if *seen == now {
                    return Ok(false);
                }
                *seen = now;
                return Err(unreadable(&self.path, &error));
            }
        };
        let now = Seen::of(&content);
        if *seen == now {
            return Ok(false);
        }
        *seen = now;
        let value = (self.parse)(&content).map_err(|wrong| unusable(&self.path, wrong))?;
        self.value.store(Arc::new(value));
        Ok(true)
    }
}

impl<T> fmt::Debug for WatchedFile<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WatchedFile").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Seen {
    fn of(content: &str) -> Self {
        Self::Content(Sha256::digest(content).into())
    }
}

fn read(path: &Path) -> io::Result<Zeroizing<String>> {
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    let too_long = || io::Error::other(format!("longer than {LONGEST} bytes"));
    if length > LONGEST {
        return Err(too_long());
    }
    // In one piece from the start: growing would leave parts of secrets behind.
    let mut content =
        Zeroizing::new(String::with_capacity(usize::try_from(length).unwrap_or_default() + 1));
    if file.take(LONGEST + 1).read_to_string(&mut content)? as u64 > LONGEST {
        return Err(too_long());
    }
    Ok(content)
}

fn unreadable(path: &Path, error: &io::Error) -> UnusableFile {
    UnusableFile { path: path.to_owned(), line: None, reason: format!("cannot read it: {error}") }
}

fn unusable(path: &Path, (line, reason): (Option<usize>, String)) -> UnusableFile {
    UnusableFile { path: path.to_owned(), line, reason }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use std::{
        fs,
        sync::atomic::{AtomicU64, Ordering},
    };

    /// A folder that goes with the test.
    pub(in crate::watching) struct Folder(pub(in crate::watching) PathBuf);

    impl Folder {
        pub(in crate::watching) fn new() -> Self {
            static NEXT: AtomicU64 = AtomicU64::new(0);
            let name = format!(
                "wamplex-watching-{}-{}",
                std::process::id(),
                NEXT.fetch_add(1, Ordering::Relaxed)
            );
            let path = std::env::temp_dir().join(name);
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    /// Takes a number, in the second line.
    pub(in crate::watching) fn number(text: &str) -> Result<u64, (Option<usize>, String)> {
        let line = text.lines().nth(1).ok_or_else(|| (None, "too short".to_owned()))?;
        line.parse().map_err(|_| (Some(2), "expected a number".to_owned()))
    }

    #[test]
    fn a_changed_file_is_taken_and_a_broken_one_leaves_what_was() {
        let folder = Folder::new();
        let path = folder.0.join("number");
        fs::write(&path, "the number\n1\n").unwrap();
        let file = WatchedFile::open(&path, number).unwrap();
        assert_eq!(*file.get(), 1);
        assert_eq!(file.reload(), Ok(false), "nothing has changed");

        fs::write(&path, "the number\n2\n").unwrap();
        assert_eq!(file.reload(), Ok(true));
        assert_eq!(*file.get(), 2);

        fs::write(&path, "the number\ntwo\n").unwrap();
        let wrong = file.reload().unwrap_err();
        assert_eq!(wrong.to_string(), format!("{}:2: expected a number", path.display()));
        assert_eq!(*file.get(), 2);
        assert_eq!(file.reload(), Ok(false), "said once");

        fs::remove_file(&path).unwrap();
        assert!(file.reload().unwrap_err().reason.starts_with("cannot read it: "));
        assert_eq!(file.reload(), Ok(false), "said once");
        assert_eq!(*file.get(), 2);

        fs::write(&path, "the number\n3\n").unwrap();
        assert_eq!(file.reload(), Ok(true));
        assert_eq!(*file.get(), 3);
    }

    #[test]
    fn a_file_that_is_broken_from_the_start_is_refused() {
        let folder = Folder::new();
        let path = folder.0.join("number");
        assert!(WatchedFile::open(&path, number).is_err());
        assert!(WatchedFile::open(&folder.0, number).is_err(), "a folder");
        fs::write(&path, [0xff]).unwrap();
        assert!(WatchedFile::open(&path, number).is_err(), "no text");
        fs::write(&path, "").unwrap();
        assert_eq!(WatchedFile::open(&path, number).unwrap_err().line, None);
    }
}
