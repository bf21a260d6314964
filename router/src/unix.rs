//! Unix sockets to listen on: their files are made, given away and cleaned up.

use std::{
    fs, io,
    os::unix::{
        fs::{FileTypeExt, MetadataExt, PermissionsExt},
        net::UnixStream,
    },
    path::{Path, PathBuf},
};
use tokio::net::UnixListener;

/// A Unix socket that listens. Its file goes with it.
#[derive(Debug)]
pub(crate) struct UnixDoor {
    pub(crate) listener: UnixListener,
    path: PathBuf,
    /// Device and inode: the file could be somebody else's by the time it is removed.
    file: (u64, u64),
}

impl UnixDoor {
    /// Listens at `path`, and lets those connect that `mode` lets write, in the numbers of `chmod`.
    ///
    /// A socket there that nobody listens on was left behind by a process that is gone, and is replaced.
    ///
    /// # Errors
    /// Somebody listens there, or there is something else than a socket, or the file system refuses.
    pub(crate) fn bind(path: &Path, mode: Option<u32>) -> io::Result<Self> {
        remove_stale(path)?;
        let listener = UnixListener::bind(path)?;
        if let Some(mode) = mode {
            fs::set_permissions(path, fs::Permissions::from_mode(mode))?;
        }
        let file = identity(path)?;
        Ok(Self { listener, path: path.to_owned(), file })
    }
}

impl Drop for UnixDoor {
    fn drop(&mut self) {
        if identity(&self.path).is_ok_and(|file| file == self.file) {
            // Left behind, it would be found stale the next time.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn remove_stale(path: &Path) -> io::Result<()> {
    let metadata = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        metadata => metadata?,
    };
    if !metadata.file_type().is_socket() {
        return Err(io::Error::new(
            io::ErrorKind::AlreadyExists,
            "there is something at this path that is no socket",
        ));
    }
    match UnixStream::connect(path) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => fs::remove_file(path),
        Ok(_) => Err(io::ErrorKind::AddrInUse.into()),
        Err(error) => Err(error),
    }
}

fn identity(path: &Path) -> io::Result<(u64, u64)> {
    fs::symlink_metadata(path).map(|metadata| (metadata.dev(), metadata.ino()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net;

    /// A folder of its own, which goes with it.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("wamplex-{}-{name}", std::process::id()));
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.0).unwrap();
        }
    }

    #[tokio::test]
    async fn the_file_has_the_mode_that_was_asked_for_and_goes_with_the_listener() {
        let folder = Folder::new("mode");
        let path = folder.0.join("socket");
        for mode in [0o600, 0o660, 0o666] {
            let door = UnixDoor::bind(&path, Some(mode)).unwrap();
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, mode);
            drop(door);
            assert!(!path.exists());
        }
    }

    #[tokio::test]
    async fn a_stale_socket_is_replaced_and_nothing_else() {
        let folder = Folder::new("stale");
        let path = folder.0.join("socket");
        drop(net::UnixListener::bind(&path).unwrap());
        assert!(path.exists(), "the standard library leaves it behind");
        let door = UnixDoor::bind(&path, None).unwrap();
        let second = UnixDoor::bind(&path, None).unwrap_err();
        assert_eq!(second.kind(), io::ErrorKind::AddrInUse);
        drop(door);

        fs::write(&path, "a file").unwrap();
        let refused = UnixDoor::bind(&path, None).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).unwrap(), b"a file");
    }

    #[tokio::test]
    async fn a_file_that_is_somebody_elses_by_now_stays() {
        let folder = Folder::new("other");
        let path = folder.0.join("socket");
        let door = UnixDoor::bind(&path, None).unwrap();
        fs::remove_file(&path).unwrap();
        let other = UnixDoor::bind(&path, None).unwrap();
        drop(door);
        assert!(path.exists());
        drop(other);
    }
}
