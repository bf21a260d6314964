//! Who is here, and who has to go ("WAMP: Session Meta API").

use super::{
    Arguments, Deed, Outcome, Reply,
    arguments::{list, text},
    count, sorted,
};
use crate::{
    member::{Joining, Member, Seat},
    realm::Realm,
    reject::Reject,
    sink::{Outbound, Sink},
};
use bytestring::ByteString;
use std::sync::Arc;
use wamplex_shared::{
    id::SessionId,
    message::{CloseDetails, Goodbye},
    time::Time,
    uri::{MatchPolicy, Uri},
    uris::{self, session},
    value::{Dict, Value},
};

/// Sessions that are to be ended.
pub(super) struct Kill<H> {
    victims: Vec<Arc<Member<H>>>,
    goodbye: Goodbye,
    /// Whether others are told, and testaments published.
    announced: bool,
}

impl<H> Realm<H> {
    pub(crate) fn announce_join(&self, who: &Joining, out: &mut impl Sink<H>) {
        if !who.privileged {
            self.announce(session::ON_JOIN, || vec![details(who).into()], out);
        }
    }

    /// Unlike those of joining, the arguments of leaving are three, not one dictionary.
    pub(super) fn announce_departure(&self, who: &Joining, out: &mut impl Sink<H>) {
        let args = || vec![who.session.into(), or_null(&who.authid), or_null(&who.authrole)];
        if !who.privileged {
            self.announce(session::ON_LEAVE, args, out);
        }
    }

    pub(super) fn count_sessions(&self, mut args: Arguments) -> Outcome<H> {
        let sessions = self.sessions_in(&mut args)?;
        args.finish()?;
        Reply::of(count(sessions.len()))
    }

    pub(super) fn list_sessions(&self, mut args: Arguments) -> Outcome<H> {
        let sessions = self.sessions_in(&mut args)?;
        args.finish()?;
        Reply::of(sorted(sessions))
    }

    /// The sessions in one of these roles, or all if none are named.
    fn sessions_in(&self, args: &mut Arguments) -> Result<Vec<SessionId>, Reject> {
        const WRONG: &str = "the roles have to be a list of strings";
        let roles = list(args.next(), WRONG)?;
        let roles = roles.map(|roles| roles.into_iter().map(|role| text(Some(role), WRONG)));
        let roles = roles.map(|r| r.collect::<Result<Vec<Option<ByteString>>, _>>()).transpose()?;
        let admits = |who: &Joining| {
            roles.as_ref().is_none_or(|r| who.authrole.is_some() && r.contains(&who.authrole))
        };
        let members = self.members.visible();
        Ok(members.filter(|m| admits(m.who())).map(|m| m.session()).collect())
    }

    pub(super) fn get_session(&self, mut args: Arguments) -> Outcome<H> {
        let session = args.session()?;
        args.finish()?;
        let seat = self.members.get(session).filter(|seat| !seat.member.who().privileged);
        Reply::of(details(seat.ok_or(Reject::UnknownSession)?.member.who()))
    }

    pub(super) fn kill_one(&self, from: &Member<H>, mut args: Arguments) -> Outcome<H> {
        let session = args.session()?;
        let goodbye = self.goodbye(args)?;
        let is_meant = |seat: &&Seat<H>| session != from.session() && !seat.member.who().privileged;
        let seat = self.members.get(session).filter(is_meant);
        let victims = vec![Arc::clone(&seat.ok_or(Reject::UnknownSession)?.member)];
        Reply::done(Deed::Kill(Kill { victims, goodbye, announced: true }))
    }

    /// Answers with the ids of those that are ended.
    pub(super) fn kill_by_authid(&self, from: &Member<H>, mut args: Arguments) -> Outcome<H> {
        let authid = args.text("the authid has to be a string")?;
        let goodbye = self.goodbye(args)?;
        let victims = self.others(from, |who| who.authid.as_ref() == Some(&authid));
        let value = Some(sorted(victims.iter().map(|m| m.session())).into());
        Ok(Reply { value, deed: Some(Deed::Kill(Kill { victims, goodbye, announced: true })) })
    }

    /// Answers with the number of those that are ended, unlike [`kill_by_authid`](Self::kill_by_authid).
    pub(super) fn kill_by_authrole(&self, from: &Member<H>, mut args: Arguments) -> Outcome<H> {
        let authrole = args.text("the authrole has to be a string")?;
        let goodbye = self.goodbye(args)?;
        let victims = self.others(from, |who| who.authrole.as_ref() == Some(&authrole));
        let value = Some(count(victims.len()));
        Ok(Reply { value, deed: Some(Deed::Kill(Kill { victims, goodbye, announced: true })) })
    }

    /// Answers with the number of those that are ended. Nobody else is told, and no testament is published.
    pub(super) fn kill_all(&self, from: &Member<H>, args: Arguments) -> Outcome<H> {
        let goodbye = self.goodbye(args)?;
        let victims = self.others(from, |_| true);
        let value = Some(count(victims.len()));
        Ok(Reply { value, deed: Some(Deed::Kill(Kill { victims, goodbye, announced: false })) })
    }

    /// What is said to those that are ended; the rest of the arguments.
    fn goodbye(&self, mut args: Arguments) -> Result<Goodbye, Reject> {
        let reason = args.keyword_text("reason", "the reason has to be a URI")?;
        let message = args.keyword_text("message", "the message has to be a string")?;
        args.finish()?;
        let reason = reason.map_or(Uri::from_static(uris::close::KILLED), Uri::from);
        reason.check(self.config.uri_rule, MatchPolicy::Exact)?;
        Ok(Goodbye { details: CloseDetails { message, ..CloseDetails::default() }, reason })
    }

    /// All sessions but this one that are meant, ordered by their ids.
    fn others(&self, from: &Member<H>, is_meant: impl Fn(&Joining) -> bool) -> Vec<Arc<Member<H>>> {
        let members = self.members.visible();
        let is_meant = |m: &&Arc<Member<H>>| m.session() != from.session() && is_meant(m.who());
        let mut others: Vec<_> = members.filter(is_meant).cloned().collect();
        others.sort_unstable_by_key(|member| member.session());
        others
    }

    pub(super) fn kill(&mut self, kill: Kill<H>, now: Time, out: &mut impl Sink<H>) {
        for member in kill.victims {
            out.deliver(member.handle(), Outbound::from(kill.goodbye.clone()));
            if kill.announced {
                self.leave(&member, now, out);
            } else {
                self.remove(&member, now, out);
            }
        }
    }
}

/// What others may know of a session.
fn details(who: &Joining) -> Dict {
    let mut details = Dict::new();
    details.insert("session", who.session);
    details.insert("authid", or_null(&who.authid));
    details.insert("authrole", or_null(&who.authrole));
    details.insert("authmethod", or_null(&who.authmethod));
    details.insert("authprovider", or_null(&who.authprovider));
    details
}

/// Every key is there in every answer, so that readers need not ask.
pub(super) fn or_null(text: &Option<ByteString>) -> Value {
    text.clone().map_or(Value::Null, Value::from)
}
