//! The files served besides the WebSocket.

// Clippy does not see that helpers of tests are tests.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::{
    http::{get, request},
    start,
};
use std::{
    fs,
    path::PathBuf,
    sync::atomic::{AtomicU32, Ordering},
};
use wamplex_router::config::Site;

/// A folder that goes away with the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name =
            format!("wamplex-site-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(path.join("site/assets")).unwrap();
        fs::write(path.join("secret.txt"), "secret").unwrap();
        for (name, content) in [
            ("index.html", "<h1>first</h1>"),
            ("assets/core-0a1b2c3d.wasm", "\0asm"),
            ("assets/index-0a1b2c3d.js", "export {}"),
            (".hidden", "secret"),
        ] {
            fs::write(path.join("site").join(name), content).unwrap();
        }
        Self(path)
    }

    fn site(&self) -> PathBuf {
        self.0.join("site")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[tokio::test]
async fn the_embedded_site_has_a_first_page() {
    let router = start(|config| config.listeners[0].site = Site::Embedded).await;
    let page = get(router.address, "/").await;
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    assert!(String::from_utf8_lossy(&page.body).contains("<title>"));
    assert_eq!(page.header("content-length"), page.body.len().to_string());
    assert_eq!(get(router.address, "/index.html").await.body, page.body);
}

#[tokio::test]
async fn files_have_types_that_browsers_need_and_headers_that_guard_them() {
    let folder = Folder::new();
    let router = start(|config| config.listeners[0].site = Site::Directory(folder.site())).await;
    for (path, kind, cache) in [
        ("/", "text/html; charset=utf-8", "no-cache"),
        ("/assets/core-0a1b2c3d.wasm", "application/wasm", "public, max-age=31536000, immutable"),
        (
            "/assets/index-0a1b2c3d.js",
            "text/javascript; charset=utf-8",
            "public, max-age=31536000, immutable",
        ),
    ] {
        let file = get(router.address, path).await;
        assert_eq!(
            (file.status, file.header("content-type"), file.header("cache-control")),
            (200, kind, cache),
            "{path}"
        );
        let policy = file.header("content-security-policy");
        assert!(
            policy.contains("'wasm-unsafe-eval'") && policy.contains("connect-src 'self' ws: wss:"),
            "{policy}"
        );
        assert_eq!(file.header("x-content-type-options"), "nosniff");
    }
}

#[tokio::test]
async fn a_file_that_has_not_changed_is_not_sent_again() {
    let folder = Folder::new();
    for site in [Site::Embedded, Site::Directory(folder.site())] {
        let router = start(|config| config.listeners[0].site = site).await;
        let page = get(router.address, "/").await;
        let tag = page.header("etag");
        assert!(tag.starts_with('"') && tag.ends_with('"') && tag.len() > 4, "{tag}");
        for known in [tag.to_owned(), format!("\"other\", W/{tag}"), "*".to_owned()] {
            let again =
                request(router.address, "GET", "/", &format!("If-None-Match: {known}\r\n")).await;
            assert_eq!((again.status, again.body.len(), again.header("etag")), (304, 0, tag));
        }
        let other = request(router.address, "GET", "/", "If-None-Match: \"other\"\r\n").await;
        assert_eq!((other.status, &other.body), (200, &page.body));
    }
}

#[tokio::test]
async fn a_changed_file_is_served_at_once_with_another_tag() {
    let folder = Folder::new();
    let router = start(|config| config.listeners[0].site = Site::Directory(folder.site())).await;
    let first = get(router.address, "/").await;
    fs::write(folder.site().join("index.html"), "<h1>another</h1>").unwrap();
    let second = get(router.address, "/").await;
    assert_eq!(second.body, b"<h1>another</h1>");
    assert_ne!(first.header("etag"), second.header("etag"));
}

#[tokio::test]
async fn head_tells_the_length_and_sends_no_body() {
    let folder = Folder::new();
    let router = start(|config| config.listeners[0].site = Site::Directory(folder.site())).await;
    let head = request(router.address, "HEAD", "/", "").await;
    assert_eq!((head.status, head.header("content-length"), head.body.len()), (200, "14", 0));
}

#[tokio::test]
async fn nothing_outside_the_folder_is_ever_served() {
    let folder = Folder::new();
    #[cfg(unix)]
    std::os::unix::fs::symlink(folder.0.join("secret.txt"), folder.site().join("link.txt"))
        .unwrap();
    let router = start(|config| config.listeners[0].site = Site::Directory(folder.site())).await;
    for path in [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/assets/../../secret.txt",
        "/assets/%2e%2e/%2e%2e/secret.txt",
        "/.hidden",
        "/link.txt",
        "//secret.txt",
        "/%00",
        "/assets",
        "/nowhere",
        "/etc/passwd",
        "/index.html/",
        "/%ff",
    ] {
        let response = get(router.address, path).await;
        assert!(response.status == 404 || response.status == 400, "{path}: {response:?}");
        let sentence = String::from_utf8(response.body).unwrap();
        assert!(
            sentence.ends_with('\n') && sentence.contains(' ') && !sentence.contains("secret"),
            "{path}: {sentence}"
        );
    }
}

#[tokio::test]
async fn only_get_and_head_are_served() {
    let router = start(|config| config.listeners[0].site = Site::Embedded).await;
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "NONSENSE"] {
        let response = request(router.address, method, "/", "Content-Length: 0\r\n").await;
        assert_eq!((response.status, response.header("allow")), (405, "GET, HEAD"), "{method}");
    }
}

#[tokio::test]
async fn a_router_without_a_site_says_so() {
    let router = start(|config| config.listeners[0].site = Site::Nothing).await;
    assert_eq!(get(router.address, "/").await.status, 404);
}
