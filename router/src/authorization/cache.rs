//! What authorizers have said, for as long as it may be remembered.

use bytestring::ByteString;
use lru::LruCache;
use parking_lot::Mutex;
use std::{hash::RandomState, num::NonZeroUsize};
use tokio::time::Instant;
use wamplex_realm::{Action, Joining, Need};
use wamplex_shared::uri::{MatchPolicy, Uri};

/// Answers about rights, at most so many: those not asked for the longest go first.
pub(super) struct Cache {
    inner: Mutex<Inner>,
}

struct Inner {
    // std's keyed hash: clients choose the URIs. None where nothing is remembered.
    entries: Option<LruCache<Key, Entry, RandomState>>,
    /// How often something was forgotten: an answer to a question from before that comes too late.
    generation: u64,
}

/// What an answer is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    role: Option<ByteString>,
    authid: Option<ByteString>,
    action: Action,
    policy: MatchPolicy,
    uri: Uri,
    force_reregister: bool,
}

#[derive(Clone, Copy)]
struct Entry {
    word: Word,
    expires: Instant,
}

/// What an authorizer has said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) allow: bool,
    pub(super) disclose: Option<bool>,
}

impl Key {
    pub(super) fn new(who: &Joining, need: &Need<'_>) -> Self {
        Self {
            role: who.authrole.clone(),
            authid: who.authid.clone(),
            action: need.action,
            policy: need.policy,
            uri: need.uri.clone(),
            force_reregister: need.force_reregister,
        }
    }
}

impl Cache {
    pub(super) fn new(entries: usize) -> Self {
        Self { inner: Mutex::new(Inner { entries: empty(entries), generation: 0 }) }
    }

    /// What was said, and a number to [remember](Self::remember) what will be said.
    pub(super) fn get(&self, key: &Key, now: Instant) -> (Option<Word>, u64) {
        let mut inner = self.inner.lock();
        let generation = inner.generation;
        let entry = inner.entries.as_mut().and_then(|entries| entries.get(key).copied());
        (entry.filter(|entry| now < entry.expires).map(|entry| entry.word), generation)
    }

    /// Remembers an answer, unless something was forgotten since the question.
    pub(super) fn remember(&self, generation: u64, key: Key, word: Word, expires: Instant) {
        let mut inner = self.inner.lock();
        if inner.generation != generation {
            return;
        }
        if let Some(entries) = &mut inner.entries {
            // The name in the message is a slice of its frame.
            let uri = key.uri.detach();
            entries.put(Key { uri, ..key }, Entry { word, expires });
        }
    }

    /// Forgets what was said of sessions with this role and authid, and returns how much that was.
    pub(super) fn forget(&self, role: Option<&str>, authid: Option<&str>) -> usize {
        let mut inner = self.inner.lock();
        inner.generation += 1;
        let Some(entries) = &mut inner.entries else { return 0 };
        let is_meant = |wanted: Option<&str>, found: &Option<ByteString>| {
            wanted.is_none_or(|wanted| found.as_deref() == Some(wanted))
        };
        let meant = entries.iter().map(|(key, _)| key);
        let meant = meant.filter(|key| is_meant(role, &key.role) && is_meant(authid, &key.authid));
        let meant: Vec<Key> = meant.cloned().collect();
        for key in &meant {
            entries.pop(key);
        }
        meant.len()
    }

    /// Forgets everything, and has room for so many answers.
    pub(super) fn reset(&self, entries: usize) {
        let mut inner = self.inner.lock();
        inner.generation += 1;
        inner.entries = empty(entries);
    }
}

fn empty(entries: usize) -> Option<LruCache<Key, Entry, RandomState>> {
    let entries = NonZeroUsize::new(entries)?;
    // Grown as it fills: most realms ask little.
    let mut cache = LruCache::unbounded_with_hasher(RandomState::new());
    cache.resize(entries);
    Some(cache)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use wamplex_shared::{id::SessionId, roles::Roles};

    fn key(role: &'static str, authid: &'static str, uri: &'static str) -> Key {
        let mut who = Joining::new(SessionId::new(1).unwrap(), Roles::NONE);
        (who.authrole, who.authid) = (Some(role.into()), Some(authid.into()));
        let uri = Uri::from_static(uri);
        Key::new(&who, &Need::new(Action::Call, &uri, MatchPolicy::Exact))
    }

    const YES: Word = Word { allow: true, disclose: None };

    fn remember(cache: &Cache, key: &Key, expires: Instant) {
        let (_, generation) = cache.get(key, expires);
        cache.remember(generation, key.clone(), YES, expires);
    }

    #[test]
    fn an_answer_is_remembered_until_its_time_is_over() {
        let (cache, now) = (Cache::new(2), Instant::now());
        let (asked, later) = (key("r", "a", "com.a"), now + Duration::from_secs(1));
        assert_eq!(cache.get(&asked, now).0, None);
        remember(&cache, &asked, later);
        assert_eq!(cache.get(&asked, now).0, Some(YES));
        assert_eq!(cache.get(&asked, later).0, None);
        for other in [key("r", "a", "com.b"), key("r", "b", "com.a"), key("s", "a", "com.a")] {
            assert_eq!(cache.get(&other, now).0, None);
        }
    }

    #[test]
    fn the_answer_not_asked_for_the_longest_makes_room() {
        let (cache, later) = (Cache::new(2), Instant::now() + Duration::from_secs(1));
        let [a, b, c] = ["com.a", "com.b", "com.c"].map(|uri| key("r", "a", uri));
        remember(&cache, &a, later);
        remember(&cache, &b, later);
        let now = Instant::now();
        assert_eq!(cache.get(&a, now).0, Some(YES));
        remember(&cache, &c, later);
        let known = [&a, &b, &c].map(|key| cache.get(key, now).0.is_some());
        assert_eq!(known, [true, false, true]);
    }

    #[test]
    fn what_is_forgotten_is_that_of_a_role_or_an_authid_or_everything() {
        let later = Instant::now() + Duration::from_secs(60);
        let keys = [key("r", "a", "com.x"), key("r", "b", "com.x"), key("s", "a", "com.x")];
        let table = [
            (None, None, 3),
            (Some("r"), None, 2),
            (None, Some("a"), 2),
            (Some("r"), Some("a"), 1),
            (Some("t"), None, 0),
        ];
        for (role, authid, forgotten) in table {
            let cache = Cache::new(10);
            keys.iter().for_each(|key| remember(&cache, key, later));
            assert_eq!(cache.forget(role, authid), forgotten, "{role:?} {authid:?}");
            let left = keys.iter().filter(|key| cache.get(key, Instant::now()).0.is_some()).count();
            assert_eq!(left, 3 - forgotten);
        }
    }

    #[test]
    fn an_answer_to_a_question_from_before_is_not_remembered() {
        let (cache, later) = (Cache::new(10), Instant::now() + Duration::from_secs(60));
        let asked = key("r", "a", "com.x");
        let (_, generation) = cache.get(&asked, Instant::now());
        cache.forget(None, None);
        cache.remember(generation, asked.clone(), YES, later);
        assert_eq!(cache.get(&asked, Instant::now()).0, None);
    }

    #[test]
    fn a_cache_without_room_remembers_nothing() {
        let cache = Cache::new(0);
        let asked = key("r", "a", "com.x");
        remember(&cache, &asked, Instant::now() + Duration::from_secs(60));
        assert_eq!(cache.get(&asked, Instant::now()).0, None);
        cache.reset(1);
        remember(&cache, &asked, Instant::now() + Duration::from_secs(60));
        assert_eq!(cache.get(&asked, Instant::now()).0, Some(YES));
    }
}
