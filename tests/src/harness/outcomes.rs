//! What became of each script, kept below the target folder until the conformance table is made of it.

use std::{fs, io, path::PathBuf};

/// A folder with a file for each script in each column of the table.
#[derive(Clone, Debug)]
pub struct Outcomes {
    folder: PathBuf,
}

impl Outcomes {
    /// Outcomes below the folder that Cargo gives to integration tests, its `CARGO_TARGET_TMPDIR`.
    #[must_use]
    pub fn below(target: &str) -> Self {
        Self { folder: PathBuf::from(target).join("outcomes") }
    }

    /// Plays a script and keeps whether it has passed: it has not if `play` panics.
    ///
    /// # Panics
    /// When that cannot be written down, and when `play` does.
    pub fn record(&self, column: &str, script: &str, play: impl FnOnce()) {
        let file = self.file(column, script);
        fs::create_dir_all(file.parent().expect("the file of a script is in a folder"))
            .expect("the target folder can be written");
        fs::write(&file, "fail").expect("the target folder can be written");
        play();
        fs::write(&file, "pass").expect("the target folder can be written");
    }

    /// `pass` or `fail`, if the script was played in this column.
    #[must_use]
    pub fn of(&self, column: &str, script: &str) -> Option<String> {
        fs::read_to_string(self.file(column, script)).ok()
    }

    /// Forgets all outcomes, so that no later table is made of them.
    ///
    /// # Errors
    /// When the folder cannot be removed.
    pub fn forget(&self) -> io::Result<()> {
        match fs::remove_dir_all(&self.folder) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
            _ => Ok(()),
        }
    }

    fn file(&self, column: &str, script: &str) -> PathBuf {
        self.folder.join(column).join(script)
    }
}
