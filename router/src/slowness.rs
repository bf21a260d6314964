//! What others learn of a session that is too slow for what it is sent: those who watch its realm, and the log.

use crate::{
    config::SlowConsumerPolicy,
    deliver::{Deliver, Handle},
    outbox::Losses,
    realm::Membership,
};
use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::time::{Instant, Sleep, sleep};
use wamplex_realm::Slowness;

/// How long nothing more is said of a session after something was said of it.
const QUIET: Duration = Duration::from_secs(1);

/// A session that has lost nothing for so long begins anew to be slow if it loses something.
const SPELL: Duration = Duration::from_secs(60);

/// Looks out for events that are dropped, and sees to it that they are not spoken of too often.
#[derive(Debug, Default)]
pub(crate) struct Vigil {
    is_due: bool,
    quiet: Option<Pin<Box<Sleep>>>,
    /// When something was said last.
    last: Option<Instant>,
}

/// Events that were dropped since the last time.
pub(crate) struct News {
    pub(crate) losses: Losses,
    /// Whether there were none for a long time before.
    pub(crate) begins: bool,
}

impl Vigil {
    /// One for sessions with this policy, if they can lose anything.
    pub(crate) fn of(policy: SlowConsumerPolicy) -> Option<Self> {
        (policy != SlowConsumerPolicy::Disconnect).then(Self::default)
    }

    /// Ready when there is something to be said.
    pub(crate) fn poll_news(&mut self, cx: &mut Context<'_>, outbox: &Handle) -> Poll<()> {
        if let Some(quiet) = &mut self.quiet {
            ready!(quiet.as_mut().poll(cx));
            self.quiet = None;
        }
        self.is_due = outbox.has_losses();
        if self.is_due { Poll::Ready(()) } else { Poll::Pending }
    }

    /// What there is to be said, if it is time for that.
    pub(crate) fn take_news(&mut self, outbox: &Handle) -> Option<News> {
        if !std::mem::take(&mut self.is_due) {
            return None;
        }
        let begins = self.last.is_none_or(|last| last.elapsed() > SPELL);
        self.last = Some(Instant::now());
        self.quiet = Some(Box::pin(sleep(QUIET)));
        Some(News { losses: outbox.take_losses(), begins })
    }
}

/// Tells those who watch a realm what has become of a session in it, if there is anything to tell. `reason` says why the
/// session is ended, if it is for being too slow.
pub(crate) fn tell(
    membership: &Membership,
    policy: SlowConsumerPolicy,
    losses: Losses,
    reason: Option<&'static str>,
) {
    if losses.events == 0 && reason.is_none() {
        return;
    }
    let topics = losses.topics.into_iter();
    let slowness = Slowness {
        policy: policy.word(),
        dropped: losses.events,
        topics: topics.map(|(topic, count)| (topic.subscription, topic.uri, count)).collect(),
        reason,
    };
    membership.realm.read().announce_slow(&membership.member, &slowness, &mut Deliver);
}
