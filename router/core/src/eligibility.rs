//! Which subscribers an event is for ("WAMP: Publisher Exclusion", "WAMP: Subscriber Black- and Whitelisting").

use crate::member::Member;
use bytestring::ByteString;
use wamplex_shared::{
    id::SessionId,
    message::{Filters, PublishOptions},
};

/// The conditions of one PUBLISH: a receiver has to meet all of them.
pub(crate) struct Eligibility<'a> {
    /// The publisher, unless it wants its own events.
    excluded: Option<SessionId>,
    lists: Option<Lists<'a>>,
}

/// The six lists, sorted, so that a long list does not cost its length for every subscriber.
struct Lists<'a> {
    exclude: Vec<SessionId>,
    exclude_authid: Vec<&'a str>,
    exclude_authrole: Vec<&'a str>,
    eligible: Option<Vec<SessionId>>,
    eligible_authid: Option<Vec<&'a str>>,
    eligible_authrole: Option<Vec<&'a str>>,
}

impl<'a> Eligibility<'a> {
    /// The conditions that `options` of a PUBLISH by `publisher` set.
    pub(crate) fn new(options: &'a PublishOptions, publisher: SessionId) -> Self {
        Self {
            excluded: (options.exclude_me != Some(false)).then_some(publisher),
            lists: options.filters.as_deref().map(Lists::new),
        }
    }

    /// The publisher, unless it wants its own events.
    pub(crate) const fn excluded(&self) -> Option<SessionId> {
        self.excluded
    }

    /// Whether this member may receive the event.
    pub(crate) fn admits<H>(&self, member: &Member<H>) -> bool {
        self.excluded != Some(member.session())
            && self.lists.as_ref().is_none_or(|lists| lists.admit(member))
    }

    /// Whether more is asked of a receiver than not to be the publisher.
    pub(crate) const fn has_lists(&self) -> bool {
        self.lists.is_some()
    }

    /// The only sessions that can be admitted, if the publisher named them.
    pub(crate) fn candidates(&self) -> Option<&[SessionId]> {
        self.lists.as_ref()?.eligible.as_deref()
    }
}

impl<'a> Lists<'a> {
    fn new(filters: &'a Filters) -> Self {
        Self {
            exclude: sorted(filters.exclude.iter().flatten().copied()),
            exclude_authid: sorted(filters.exclude_authid.iter().flatten().map(|s| &**s)),
            exclude_authrole: sorted(filters.exclude_authrole.iter().flatten().map(|s| &**s)),
            eligible: filters.eligible.as_ref().map(|l| sorted(l.iter().copied())),
            eligible_authid: filters
                .eligible_authid
                .as_ref()
                .map(|l| sorted(l.iter().map(|s| &**s))),
            eligible_authrole: filters
                .eligible_authrole
                .as_ref()
                .map(|l| sorted(l.iter().map(|s| &**s))),
        }
    }

    fn admit<H>(&self, member: &Member<H>) -> bool {
        let (session, who) = (&member.session(), member.who());
        let named = |list: &[&str], name: Option<&str>| {
            name.is_some_and(|name| list.binary_search(&name).is_ok())
        };
        let (authid, authrole) = (who.authid.as_deref(), who.authrole.as_deref());
        self.exclude.binary_search(session).is_err()
            && !named(&self.exclude_authid, authid)
            && !named(&self.exclude_authrole, authrole)
            && self.eligible.as_ref().is_none_or(|l| l.binary_search(session).is_ok())
            && self.eligible_authid.as_ref().is_none_or(|l| named(l, authid))
            && self.eligible_authrole.as_ref().is_none_or(|l| named(l, authrole))
    }
}

/// Whether these lists admit one member, for events whose receivers come one at a time.
pub(crate) fn admits<H>(filters: &Filters, member: &Member<H>) -> bool {
    let (session, who) = (&member.session(), member.who());
    let named = |list: &[ByteString], name: &Option<ByteString>| {
        name.as_ref().is_some_and(|name| list.contains(name))
    };
    let on_none = |list: &Option<Vec<_>>, name| list.as_ref().is_none_or(|l| !named(l, name));
    let on_all = |list: &Option<Vec<_>>, name| list.as_ref().is_none_or(|l| named(l, name));
    filters.exclude.as_ref().is_none_or(|l| !l.contains(session))
        && on_none(&filters.exclude_authid, &who.authid)
        && on_none(&filters.exclude_authrole, &who.authrole)
        && filters.eligible.as_ref().is_none_or(|l| l.contains(session))
        && on_all(&filters.eligible_authid, &who.authid)
        && on_all(&filters.eligible_authrole, &who.authrole)
}

fn sorted<T: Ord>(items: impl Iterator<Item = T>) -> Vec<T> {
    let mut items: Vec<T> = items.collect();
    items.sort_unstable();
    items.dedup();
    items
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::member::Joining;
    use wamplex_shared::{id::PublicationIds, roles::Roles};

    fn id(n: u64) -> SessionId {
        SessionId::new(n).unwrap()
    }

    /// Session 1 is alice the admin, 2 is bob the user, 3 is bob the admin, 4 is nobody.
    fn members() -> Vec<Member<()>> {
        [
            (1, Some("alice"), Some("admin")),
            (2, Some("bob"), Some("user")),
            (3, Some("bob"), Some("admin")),
            (4, None, None),
        ]
        .into_iter()
        .map(|(n, authid, authrole)| {
            let mut who = Joining::new(id(n), Roles::NONE);
            (who.authid, who.authrole) = (authid.map(Into::into), authrole.map(Into::into));
            Member::new(who, (), PublicationIds::new(1))
        })
        .collect()
    }

    #[test]
    fn a_receiver_is_on_every_eligible_list_and_on_no_exclude_list() {
        let ids = |l: &[u64]| Some(l.iter().map(|n| id(*n)).collect::<Vec<_>>());
        let names = |l: &[&'static str]| Some(l.iter().map(|s| (*s).into()).collect::<Vec<_>>());
        let none = Filters::default;
        let table: Vec<(Filters, &[u64])> = vec![
            (none(), &[1, 2, 3, 4]),
            (Filters { exclude: ids(&[3, 1, 99]), ..none() }, &[2, 4]),
            (Filters { exclude: ids(&[]), ..none() }, &[1, 2, 3, 4]),
            (Filters { exclude_authid: names(&["bob"]), ..none() }, &[1, 4]),
            (Filters { exclude_authrole: names(&["user", "admin"]), ..none() }, &[4]),
            (Filters { eligible: ids(&[2, 1, 2]), ..none() }, &[1, 2]),
            (Filters { eligible: ids(&[]), ..none() }, &[]),
            (Filters { eligible_authid: names(&["bob"]), ..none() }, &[2, 3]),
            (Filters { eligible_authid: names(&[]), ..none() }, &[]),
            (Filters { eligible_authrole: names(&["admin"]), ..none() }, &[1, 3]),
            (
                Filters {
                    eligible_authid: names(&["bob"]),
                    eligible_authrole: names(&["admin"]),
                    ..none()
                },
                &[3],
            ),
            (Filters { eligible: ids(&[1, 2]), exclude: ids(&[2]), ..none() }, &[1]),
        ];
        for (filters, expected) in table {
            let options =
                PublishOptions { filters: Some(Box::new(filters)), ..PublishOptions::default() };
            let eligibility = Eligibility::new(&options, id(77));
            let admitted = |admits: &dyn Fn(&Member<()>) -> bool| -> Vec<u64> {
                members().iter().filter(|m| admits(m)).map(|m| m.session().get()).collect()
            };
            assert_eq!(admitted(&|m| eligibility.admits(m)), expected, "{:?}", options.filters);
            let filters = options.filters.as_deref().unwrap();
            assert_eq!(admitted(&|m| admits(filters, m)), expected, "{filters:?}");
        }
    }

    #[test]
    fn the_publisher_is_excluded_unless_it_asks_even_when_it_is_eligible() {
        let [alice, ..] = &members()[..] else { unreachable!() };
        let admits = |exclude_me, eligible: Option<Vec<SessionId>>| {
            let filters =
                eligible.map(|e| Box::new(Filters { eligible: Some(e), ..Filters::default() }));
            let options = PublishOptions { exclude_me, filters, ..PublishOptions::default() };
            Eligibility::new(&options, alice.session()).admits(alice)
        };
        assert!(!admits(None, None));
        assert!(!admits(Some(true), None));
        assert!(admits(Some(false), None));
        assert!(!admits(None, Some(vec![alice.session()])));
        assert!(!admits(Some(false), Some(vec![])));
    }
}
