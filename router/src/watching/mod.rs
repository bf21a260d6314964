//! Files that are read again when they change.
//!
//! A [`WatchedFile`] is a file with what was made of it. When it changes and is broken, what was made before stays. That
//! it has changed is found out by [`Watching`], one thread for all files of a router; who needs no thread, such as a test
//! or a procedure that reloads, calls [`Reload::reload`].

mod file;
mod thread;

pub(crate) use file::{Reload, UnusableFile, WatchedFile};

pub(crate) use thread::Watching;
