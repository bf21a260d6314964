//! The files of the site.

use super::{
    Body,
    reply::{guard, put, sentence},
};
use crate::{config::Site, error::StartError};
use bytes::Bytes;
use hyper::{
    Method, Request, Response, StatusCode,
    header::{self, HeaderValue},
};
use std::{
    collections::HashMap,
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    io,
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

/// The files embedded by the build script: path in URLs and content.
const EMBEDDED: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/site.rs"));

/// Where the build of the site puts files whose name changes with their content.
const HASHED_FOLDER: &str = "/assets/";

/// How many characters of a hash those names have at least.
const HASH_LENGTH: usize = 8;

/// The files that are served.
#[derive(Debug)]
pub(crate) enum Files {
    /// Held in memory, by path in URLs.
    Embedded(HashMap<&'static str, File>),
    /// Below this folder, whose path has no symbolic links and no dots.
    Folder(PathBuf),
    /// None.
    Nothing,
}

/// The content of a file and the tag that changes with it.
#[derive(Clone, Debug)]
pub(crate) struct File {
    content: Bytes,
    tag: HeaderValue,
}

impl Files {
    /// Opens what the configuration names.
    ///
    /// # Errors
    /// [`StartError::Site`] if the folder cannot be read.
    pub(crate) fn open(site: &Site) -> Result<Self, StartError> {
        match site {
            Site::Embedded => Ok(Self::Embedded(
                EMBEDDED.iter().map(|(path, content)| (*path, File::embedded(content))).collect(),
            )),
            Site::Directory(path) => {
                let failed = |source| StartError::Site { path: path.clone(), source };
                let folder = fs::canonicalize(path).map_err(failed)?;
                fs::read_dir(&folder).map_err(failed)?;
                Ok(Self::Folder(folder))
            }
            Site::Nothing => Ok(Self::Nothing),
        }
    }

    /// Answers a request for a file.
    pub(crate) async fn respond<B>(&self, request: &Request<B>) -> Response<Body> {
        if request.method() != Method::GET && request.method() != Method::HEAD {
            let mut refusal =
                sentence(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD are served here");
            put(refusal.headers_mut(), header::ALLOW, "GET, HEAD");
            return refusal;
        }
        let Some(path) = clean(request.uri().path()) else {
            return sentence(StatusCode::BAD_REQUEST, "this is not the path of a file");
        };
        match self.find(&path).await {
            Some(file) => file.into_response(&path, request.headers().get(header::IF_NONE_MATCH)),
            None => sentence(StatusCode::NOT_FOUND, "there is no such file here"),
        }
    }

    async fn find(&self, path: &str) -> Option<File> {
        match self {
            Self::Embedded(files) => files.get(path).cloned(),
            Self::Folder(folder) => {
                let (folder, relative) = (folder.clone(), path.trim_start_matches('/').to_owned());
                let read = tokio::task::spawn_blocking(move || File::read(&folder, &relative));
                read.await.ok()?.ok()
            }
            Self::Nothing => None,
        }
    }
}

impl File {
    fn embedded(content: &'static [u8]) -> Self {
        let mut hasher = DefaultHasher::new();
        content.hash(&mut hasher);
        Self { content: Bytes::from_static(content), tag: tag(&[hasher.finish()]) }
    }

    /// Reads a file below `folder`; a symbolic link that leads out of it does not count.
    fn read(folder: &Path, relative: &str) -> io::Result<Self> {
        let path = fs::canonicalize(folder.join(relative))?;
        let metadata = fs::metadata(&path)?;
        if !path.starts_with(folder) || !metadata.is_file() {
            return Err(io::ErrorKind::NotFound.into());
        }
        let modified =
            metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let modified =
            modified.map_or(0, |since| since.as_secs() << 30 | u64::from(since.subsec_nanos()));
        let content = Bytes::from(fs::read(&path)?);
        Ok(Self { tag: tag(&[content.len() as u64, modified]), content })
    }

    fn into_response(self, path: &str, known: Option<&HeaderValue>) -> Response<Body> {
        let unchanged = known.is_some_and(|known| names_tag(known, &self.tag));
        let mut response = if unchanged {
            let mut response = Response::new(Body::default());
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            response
        } else {
            Response::new(Body::from(self.content))
        };
        let headers = response.headers_mut();
        headers.insert(header::ETAG, self.tag);
        put(headers, header::CONTENT_TYPE, media_type(path));
        put(headers, header::CACHE_CONTROL, cache_control(path));
        guard(headers);
        response
    }
}

/// The path of a file: percent-decoded, without dots that lead elsewhere, `index.html` added to that of a folder.
///
/// `None` for whatever could mean anything else than a file below the folder of the site.
fn clean(path: &str) -> Option<String> {
    let decoded = percent_decode(path)?;
    let mut clean = String::with_capacity(decoded.len());
    for segment in decoded.strip_prefix('/')?.split('/') {
        clean.push('/');
        clean.push_str(segment);
        if segment.starts_with('.')
            || segment.contains(['\\', ':'])
            || segment.contains(char::is_control)
        {
            return None;
        }
    }
    if clean.ends_with('/') {
        clean.push_str("index.html");
    }
    if clean.contains("//") { None } else { Some(clean) }
}

fn percent_decode(path: &str) -> Option<String> {
    let mut decoded = Vec::with_capacity(path.len());
    let mut bytes = path.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(if byte == b'%' {
            hex(bytes.next()?)? << 4 | hex(bytes.next()?)?
        } else {
            byte
        });
    }
    String::from_utf8(decoded).ok()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// A tag of a few numbers in the form HTTP wants.
fn tag(numbers: &[u64]) -> HeaderValue {
    let words: Vec<String> = numbers.iter().map(|number| format!("{number:x}")).collect();
    // Hexadecimal digits and hyphens are always a valid value; an empty one would only mean no caching.
    HeaderValue::from_str(&format!("\"{}\"", words.join("-")))
        .unwrap_or(HeaderValue::from_static(""))
}

/// Whether an `If-None-Match` names this tag.
fn names_tag(known: &HeaderValue, tag: &HeaderValue) -> bool {
    let (Ok(known), Ok(tag)) = (known.to_str(), tag.to_str()) else { return false };
    known.split(',').map(str::trim).any(|one| one == "*" || one.trim_start_matches("W/") == tag)
}

/// A file whose name has a hash never changes; every other one is asked for again, and its tag saves the transfer.
fn cache_control(path: &str) -> &'static str {
    let is_hashed = path.strip_prefix(HASHED_FOLDER).is_some_and(|name| {
        let stem = name.split('.').next().unwrap_or(name);
        stem.rsplit_once('-').is_some_and(|(_, hash)| hash.len() >= HASH_LENGTH)
            || stem.len().checked_sub(HASH_LENGTH + 1).is_some_and(|at| stem.as_bytes()[at] == b'-')
    });
    if is_hashed { "public, max-age=31536000, immutable" } else { "no-cache" }
}

fn media_type(path: &str) -> &'static str {
    let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
    match extension.to_ascii_lowercase().as_str() {
        "html" | "htm" => "text/html; charset=utf-8",
        "js" | "mjs" | "cjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "avif" => "image/avif",
        "ico" => "image/x-icon",
        "woff" => "font/woff",
        "woff2" => "font/woff2",
        "txt" | "md" | "ts" => "text/plain; charset=utf-8",
        "xml" => "application/xml",
        "pdf" => "application/pdf",
        "zip" => "application/zip",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_never_leads_out_of_the_site() {
        for (path, file) in [
            ("/", Some("/index.html")),
            ("/docs/", Some("/docs/index.html")),
            ("/a%20b/c.js", Some("/a b/c.js")),
            ("/caf%C3%A9", Some("/café")),
            ("/..", None),
            ("/../etc/passwd", None),
            ("/a/../../etc/passwd", None),
            ("/%2e%2e/etc/passwd", None),
            ("/..%2fetc/passwd", None),
            ("/a%2f..%2f..%2fetc/passwd", None),
            ("/.git/config", None),
            ("/a\\..\\b", None),
            ("/a%5c..", None),
            ("/c:/windows", None),
            ("//etc/passwd", None),
            ("/a//b", None),
            ("/%00", None),
            ("/%zz", None),
            ("/%f", None),
            ("/%ff", None),
            ("relative", None),
            ("*", None),
        ] {
            assert_eq!(clean(path).as_deref(), file, "{path}");
        }
    }

    #[test]
    fn only_names_with_a_hash_are_kept_for_ever() {
        for (path, kept) in [
            ("/assets/index-BxK1_9aZ.js", true),
            ("/assets/wamplex_bg-a1b2c3d4.wasm", true),
            ("/assets/index-ab_-cdef.js", true),
            ("/assets/logo.svg", false),
            ("/assets/my-logo.svg", false),
            ("/index.html", false),
            ("/other/index-BxK1_9aZ.js", false),
        ] {
            assert_eq!(cache_control(path).contains("immutable"), kept, "{path}");
        }
    }

    #[test]
    fn something_is_embedded_and_has_a_first_page() {
        let Ok(Files::Embedded(files)) = Files::open(&Site::Embedded) else {
            panic!("not embedded")
        };
        assert!(files.contains_key("/index.html"));
    }
}
