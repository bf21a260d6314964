//! Publications as the broker keeps them, after they were delivered.

use crate::{eligibility, member::Member};
use bytes::Bytes;
use bytestring::ByteString;
use wamplex_shared::{
    id::{PublicationId, SessionId},
    message::{EventDetails, Filters, Passthru, PublishOptions},
    payload::Payload,
    uri::Uri,
};

/// An event that was published and is kept.
///
/// It owns all it holds: nothing in it keeps the frame alive that it came in.
#[derive(Clone, Debug, PartialEq)]
pub struct KeptEvent {
    /// The id it was published under.
    pub publication: PublicationId,
    /// What it is about.
    pub topic: Uri,
    /// When it was published, in milliseconds since 1970.
    pub timestamp: u64,
    /// What subscribers were told, without the topic: who published was disclosed then or is not at all.
    pub details: EventDetails,
    /// The event itself.
    pub payload: Payload,
    /// For whom it was.
    pub audience: Audience,
}

/// For whom an event is, as its publisher said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audience {
    /// The publisher, unless it wanted its own event.
    pub excluded: Option<SessionId>,
    /// The lists.
    pub filters: Option<Box<Filters>>,
    /// The key by which it goes to one of several shards.
    pub rkey: Option<ByteString>,
}

impl KeptEvent {
    /// About how many bytes it takes up in memory.
    #[must_use]
    pub fn weight(&self) -> usize {
        /// The structure itself and its places in the tables.
        const HEAD: usize = 512;
        HEAD + 2 * self.topic.as_str().len()
            + self.payload.bytes().len()
            + self.audience.filters.as_deref().map_or(0, weight)
    }

    /// A copy of the parts that may be slices of a frame, for [`new`](Self) values made while routing.
    pub(crate) fn detach(mut self) -> Self {
        self.topic = self.topic.detach();
        let payload = &self.payload;
        let bytes = Bytes::copy_from_slice(payload.bytes());
        self.payload = Payload::from_encoded(payload.serializer(), payload.shape(), bytes);
        let EventDetails {
            publisher_authid, publisher_authrole, transaction_hash, passthru, ..
        } = &mut self.details;
        for text in [publisher_authid, publisher_authrole, transaction_hash] {
            detach(text);
        }
        if let Some(Passthru {
            scheme,
            serializer,
            cipher,
            keyid,
            enc_algo,
            enc_serializer,
            enc_key,
        }) = passthru.as_deref_mut()
        {
            for text in [scheme, serializer, cipher, keyid, enc_algo, enc_serializer, enc_key] {
                detach(text);
            }
        }
        self
    }
}

impl Audience {
    /// What the options of a PUBLISH by `publisher` say.
    pub(crate) fn new(options: &PublishOptions, publisher: SessionId) -> Self {
        let mut filters = options.filters.clone();
        if let Some(filters) = filters.as_deref_mut() {
            let Filters {
                exclude_authid,
                exclude_authrole,
                eligible_authid,
                eligible_authrole,
                ..
            } = filters;
            for list in [exclude_authid, exclude_authrole, eligible_authid, eligible_authrole] {
                for name in list.iter_mut().flatten() {
                    *name = ByteString::from(&**name);
                }
            }
        }
        let mut rkey = options.rkey.clone();
        detach(&mut rkey);
        let excluded = (options.exclude_me != Some(false)).then_some(publisher);
        Self { excluded, filters, rkey }
    }

    /// Whether there are lists that keep it from some.
    pub(crate) fn is_restricted(&self) -> bool {
        self.filters.as_deref().is_some_and(|filters| *filters != Filters::default())
    }

    /// Whether this member would have received it.
    pub(crate) fn admits<H>(&self, member: &Member<H>) -> bool {
        self.excluded != Some(member.session()) && self.lists_admit(member)
    }

    /// Whether the lists admit this member, be it the publisher or not.
    pub(crate) fn lists_admit<H>(&self, member: &Member<H>) -> bool {
        self.filters.as_deref().is_none_or(|filters| eligibility::admits(filters, member))
    }
}

fn weight(filters: &Filters) -> usize {
    let Filters {
        exclude,
        exclude_authid,
        exclude_authrole,
        eligible,
        eligible_authid,
        eligible_authrole,
    } = filters;
    let sessions =
        [exclude, eligible].into_iter().flatten().map(|l| l.len() * size_of::<SessionId>());
    let names = [exclude_authid, exclude_authrole, eligible_authid, eligible_authrole]
        .into_iter()
        .flatten()
        .flatten()
        .map(|name| size_of::<ByteString>() + name.len());
    size_of::<Filters>() + sessions.chain(names).sum::<usize>()
}

fn detach(text: &mut Option<ByteString>) {
    if let Some(text) = text {
        *text = ByteString::from(&**text);
    }
}
