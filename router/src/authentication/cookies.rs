//! Browsers that have authenticated before, recognised by a cookie.

use super::Identity;
use crate::config::Method;
use lru::LruCache;
use parking_lot::Mutex;
use std::{
    fmt,
    num::NonZeroUsize,
    sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    time::Duration,
};
use tokio::time::Instant;

/// The most browsers that are remembered. Those that have not come for longest make room for others.
const BROWSERS: NonZeroUsize = match NonZeroUsize::new(1 << 16) {
    Some(browsers) => browsers,
    None => NonZeroUsize::MIN,
};

/// The most realms that one browser is remembered in.
const REALMS: usize = 8;

/// How long a cookie is still taken after another one has replaced it: a browser may open several connections at once,
/// and an answer with a new cookie may be lost.
const GRACE: Duration = Duration::from_secs(60);

/// What a cookie is worth: random, and known to one browser only.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Token([u8; 16]);

/// The cookies of all browsers of a router.
///
/// Each upgrade gives the browser a new cookie, drawn for this one connection. Whoever authenticates on it is remembered
/// by that cookie, and not by one that was there before, which somebody else might have planted. What the browser is
/// known for already goes over to the new cookie.
pub(crate) struct Cookies {
    held: Mutex<LruCache<Token, Held>>,
    /// Whether any realm takes cookies; they are not set otherwise.
    is_used: AtomicBool,
    /// How long browsers keep them: as long as the realm that remembers longest. In seconds.
    max_age: AtomicU64,
}

/// What is known of the browser with one cookie.
#[derive(Default)]
struct Held {
    remembered: Vec<Remembered>,
    /// When it stops to count, if another cookie has replaced it.
    until: Option<Instant>,
}

/// Who a browser is in one realm.
#[derive(Clone, Debug)]
pub(crate) struct Remembered {
    realm: String,
    pub(crate) identity: Identity,
    /// How it proved that.
    pub(crate) by: Proof,
    expires: Instant,
}

/// How somebody has proved who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Proof {
    pub(crate) method: Method,
    /// A digest of what the proof was held against, if that is kept here: with another password or key, nobody is
    /// recognised any more who has come in by the one before.
    pub(crate) credential: Option<[u8; 32]>,
}

impl From<Method> for Proof {
    fn from(method: Method) -> Self {
        Self { method, credential: None }
    }
}

impl Token {
    /// Draws a token.
    ///
    /// # Errors
    /// The operating system has no random numbers.
    pub(crate) fn draw() -> Result<Self, getrandom::Error> {
        let mut token = [0; 16];
        getrandom::fill(&mut token)?;
        Ok(Self(token))
    }

    /// The token in the `Cookie` header of a request. Of several cookies with this name none counts: only somebody who
    /// has planted one of them knows in which order they come.
    pub(crate) fn find(header: &str, name: &str) -> Option<Self> {
        let mut found = header
            .split(';')
            .filter_map(|pair| pair.trim().split_once('='))
            .filter_map(|(key, value)| (key == name).then_some(value));
        let (value, None) = (found.next()?, found.next()) else { return None };
        let mut token = [0; 16];
        let decoded = data_encoding::HEXLOWER.decode_len(value.len()).ok()?;
        if decoded != token.len() {
            return None;
        }
        data_encoding::HEXLOWER.decode_mut(value.as_bytes(), &mut token).ok()?;
        Some(Self(token))
    }

    /// The token as the value of a cookie.
    pub(crate) fn text(self) -> String {
        data_encoding::HEXLOWER.encode(&self.0)
    }
}

impl Cookies {
    pub(crate) fn new() -> Self {
        let mut held = LruCache::unbounded();
        held.resize(BROWSERS);
        Self { held: Mutex::new(held), is_used: AtomicBool::new(false), max_age: AtomicU64::new(0) }
    }

    /// Says that a realm takes cookies for so long.
    pub(crate) fn use_for(&self, max_age: Duration) {
        self.is_used.store(true, Relaxed);
        self.max_age.fetch_max(max_age.as_secs(), Relaxed);
    }

    /// How long browsers should keep a cookie; `None` if no realm takes any.
    pub(crate) fn max_age(&self) -> Option<Duration> {
        self.is_used.load(Relaxed).then(|| Duration::from_secs(self.max_age.load(Relaxed)))
    }

    /// Replaces the cookie of a browser by a fresh one, which takes over what the browser is known for.
    pub(crate) fn replace(&self, old: Token, fresh: Token, now: Instant) {
        let mut held = self.held.lock();
        let Some(before) = held.get_mut(&old) else { return };
        if before.until.is_some_and(|until| until <= now) {
            held.pop(&old);
            return;
        }
        before.until.get_or_insert(now + GRACE);
        let mut remembered = before.remembered.clone();
        remembered.retain(|one| one.expires > now);
        if !remembered.is_empty() {
            held.put(fresh, Held { remembered, until: None });
        }
    }

    /// Who the browser with this cookie is in `realm`.
    pub(crate) fn recall(&self, token: Token, realm: &str, now: Instant) -> Option<Remembered> {
        let mut held = self.held.lock();
        let found = held.get(&token)?;
        if found.until.is_some_and(|until| until <= now) {
            held.pop(&token);
            return None;
        }
        let one = found.remembered.iter().find(|one| one.realm == realm)?;
        (one.expires > now).then(|| one.clone())
    }

    /// Remembers who the browser with this cookie is in `realm`, in the place of who it was there before.
    pub(crate) fn remember(
        &self,
        token: Token,
        realm: &str,
        identity: Identity,
        by: impl Into<Proof>,
        expires: Instant,
    ) {
        let by = by.into();
        let mut held = self.held.lock();
        let of_browser = held.get_or_insert_mut(token, Held::default);
        of_browser.remembered.retain(|one| one.realm != realm);
        if of_browser.remembered.len() >= REALMS {
            of_browser.remembered.remove(0);
        }
        of_browser.remembered.push(Remembered { realm: realm.to_owned(), identity, by, expires });
    }
}

impl fmt::Debug for Token {
    /// Does not show the token: who has it is let in.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

impl fmt::Debug for Cookies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cookies").field("browsers", &self.held.lock().len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AGE: Duration = Duration::from_secs(1000);
    const REALM: &str = "realm1";

    fn alice() -> Identity {
        Identity::new("alice", "user", "ticket", "static")
    }

    struct Bench {
        cookies: Cookies,
        now: Instant,
        token: Token,
    }

    /// A browser that has logged in as Alice.
    fn bench() -> Bench {
        let (cookies, now, token) = (Cookies::new(), Instant::now(), Token::draw().unwrap());
        cookies.remember(token, REALM, alice(), Method::Ticket, now + AGE);
        Bench { cookies, now, token }
    }

    impl Bench {
        fn who(&self, token: Token, realm: &str) -> Option<String> {
            let found = self.cookies.recall(token, realm, self.now);
            found.map(|found| found.identity.authid.to_string())
        }
    }

    #[test]
    fn a_browser_is_recognised_in_the_realm_it_logged_in_to_until_the_time_is_over() {
        let mut bench = bench();
        assert_eq!(bench.who(bench.token, REALM).as_deref(), Some("alice"));
        assert_eq!(bench.who(bench.token, "realm2"), None);
        assert_eq!(bench.who(Token::draw().unwrap(), REALM), None);
        bench.now += AGE;
        assert_eq!(bench.who(bench.token, REALM), None);
    }

    #[test]
    fn a_fresh_cookie_takes_over_and_the_old_one_ends_soon() {
        let mut bench = bench();
        let fresh = Token::draw().unwrap();
        bench.cookies.replace(bench.token, fresh, bench.now);
        assert_eq!(bench.who(fresh, REALM).as_deref(), Some("alice"));
        assert_eq!(bench.who(bench.token, REALM).as_deref(), Some("alice"));
        bench.now += GRACE / 2;
        // Using the old one again does not prolong it.
        bench.cookies.replace(bench.token, Token::draw().unwrap(), bench.now);
        bench.now += GRACE / 2;
        assert_eq!(bench.who(bench.token, REALM), None);
        let late = Token::draw().unwrap();
        bench.cookies.replace(bench.token, late, bench.now);
        assert_eq!(bench.who(late, REALM), None);
        assert_eq!(bench.who(fresh, REALM).as_deref(), Some("alice"));
    }

    #[test]
    fn a_new_login_replaces_the_old_one_on_its_own_cookie_only() {
        let bench = bench();
        let fresh = Token::draw().unwrap();
        bench.cookies.replace(bench.token, fresh, bench.now);
        let bob = Identity::new("bob", "user", "ticket", "static");
        bench.cookies.remember(fresh, REALM, bob, Method::Ticket, bench.now + AGE);
        assert_eq!(bench.who(fresh, REALM).as_deref(), Some("bob"));
        assert_eq!(bench.who(bench.token, REALM).as_deref(), Some("alice"));
    }

    #[test]
    fn coming_back_does_not_prolong() {
        let mut bench = bench();
        let mut token = bench.token;
        for _ in 0..10 {
            bench.now += AGE / 10 - Duration::from_millis(1);
            let fresh = Token::draw().unwrap();
            bench.cookies.replace(token, fresh, bench.now);
            token = fresh;
            assert!(bench.who(token, REALM).is_some());
        }
        bench.now += AGE / 10;
        assert_eq!(bench.who(token, REALM), None);
    }

    #[test]
    fn neither_browsers_nor_realms_are_remembered_without_end() {
        let bench = bench();
        for at in 0..2 * REALMS {
            let realm = at.to_string();
            bench.cookies.remember(bench.token, &realm, alice(), Method::Ticket, bench.now + AGE);
        }
        assert_eq!(bench.cookies.held.lock().get(&bench.token).unwrap().remembered.len(), REALMS);
        for _ in 0..BROWSERS.get() + 10 {
            let token = Token::draw().unwrap();
            bench.cookies.remember(token, REALM, alice(), Method::Ticket, bench.now + AGE);
        }
        assert_eq!(bench.cookies.held.lock().len(), BROWSERS.get());
    }

    #[test]
    fn a_cookie_is_found_by_its_name_if_there_is_one_of_it() {
        let token = Token::draw().unwrap();
        let text = token.text();
        for (header, expected) in [
            (format!("a={text}"), true),
            (format!("b=1; a={text}; c=2"), true),
            (format!("b=1;a={text}"), true),
            (format!("aa={text}"), false),
            (format!("A={text}"), false),
            (format!("a={text}; a={text}"), false),
            (format!("a={}", text.to_uppercase()), text == text.to_uppercase()),
            (format!("a={}", &text[1..]), false),
            (format!("a={text}00"), false),
            (format!("a=\"{text}\""), false),
            ("a=".to_owned(), false),
            ("a".to_owned(), false),
            (String::new(), false),
        ] {
            assert_eq!(Token::find(&header, "a"), expected.then_some(token), "{header}");
        }
    }
}
